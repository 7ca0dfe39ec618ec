/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest's harness, with the time that a slow kernel needs.
 */
#ifndef PHX_HARNESS_H
#define PHX_HARNESS_H

#include <stdbool.h>
#include <unistd.h>

/* A kernel that checks all it does is an order of magnitude slower. Root can tell. */
static inline bool kernel_is_slow(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) ||
	       !access("/sys/kernel/debug/kcsan", F_OK);
}

/* How often to do what is done @n times where that takes no time. */
static inline int rounds(int n)
{
	return kernel_is_slow() ? n / 10 : n;
}

/* Programs of several files do without; it can be in one file only. */
#ifndef PHX_NO_HARNESS
#include "kselftest_harness.h"

/* What checks all it does takes so many times as long; that is no hang. */
#define SLOW_KERNEL_TIMES 6

static inline void timeouts_grow(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	if (!kernel_is_slow())
		return;
	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout *= SLOW_KERNEL_TIMES;
}

#undef TEST_HARNESS_MAIN
#define TEST_HARNESS_MAIN							\
	int main(int argc, char **argv)						\
	{									\
		timeouts_grow();						\
		return test_harness_run(argc, argv);				\
	}
#endif

#endif /* PHX_HARNESS_H */
