/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of a file of bars; what they mean is in check.h.
 */
#ifndef PHXBENCH_BARS_H
#define PHXBENCH_BARS_H

#include <stdbool.h>
#include <stddef.h>

#define BAR_KEYS_MAX	16

/* A value of each side: [0] is ours, [1] the other's; equal if only one was given. */
struct bar_key {
	const char *name;
	const char *value[2];
};

struct bar {
	char *text;		/* the line, for people */
	char *words;		/* what the other members point into */
	const char *peer[2];
	bool ratio;
	struct bar_key keys[BAR_KEYS_MAX];
	size_t n_keys;
	const char *stat;
	double min, max;	/* NAN: no such bound */
	double margin;		/* 0.05 for 5% */
};

struct bar *bars_load(const char *path, size_t *n);
void bars_free(struct bar *bars, size_t n);

#endif
