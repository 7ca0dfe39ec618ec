// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing all of a message's bytes, which should cost as little as
 * memory allows, as it is what all peers have in common. Vectors, which the
 * Makefile switches off here, would be a little faster where the data is in a near
 * cache, but emulators are slow with them, and the ratios would be of that.
 */
#include "work.h"

#define UNROLLED	8	/* as below */
#define SUMS		4	/* so that one addition need not wait for the other */

uint64_t work_sum(const void *data, size_t size)
{
	uint64_t sum[SUMS] = { work_tail(data, size), 0, 0, 0 };
	const char *at = data, *end = at + size / WORD * WORD;

	for (; end - at >= (ptrdiff_t)(UNROLLED * WORD); at += UNROLLED * WORD) {
#pragma GCC unroll 8
		for (int i = 0; i < UNROLLED; i++)
			sum[i % SUMS] += work_word(at + i * WORD);
	}
	for (; at < end; at += WORD)
		sum[0] += work_word(at);
	return sum[0] + sum[1] + sum[2] + sum[3];
}

static inline void put_word(char *at, uint64_t word)
{
	memcpy(at, &word, WORD);
}

void work_fill(void *data, size_t size, uint64_t word)
{
	char *at = data, *end = at + size / WORD * WORD;

	for (; end - at >= (ptrdiff_t)(UNROLLED * WORD); at += UNROLLED * WORD) {
#pragma GCC unroll 8
		for (int i = 0; i < UNROLLED; i++)
			put_word(at + i * WORD, word + i);
		word += UNROLLED;
	}
	for (; at < end; at += WORD)
		put_word(at, word++);
	memcpy(at, &word, size % WORD);
}
