// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing of all bytes, as fast as a good program does it, so that
 * what is measured is the way to the data more than the work on it.
 */
#include "work.h"

#define LANES	4

/* Anything may lie there, at any address. */
typedef uint64_t wide_t __attribute__((vector_size(LANES * WORD), aligned(1), may_alias));

#ifdef __x86_64__
#define FASTEST __attribute__((target_clones("avx2", "default")))
#else
#define FASTEST
#endif

/* Several sums, so that one addition need not wait for the other. */
FASTEST uint64_t work_sum(const void *data, size_t size)
{
	size_t n = size / sizeof(wide_t), i = 0;
	const wide_t *at = data;
	wide_t sum[4] = { 0 };
	uint64_t total;

	for (; i + 4 <= n; i += 4)
		for (int j = 0; j < 4; j++)
			sum[j] += at[i + j];
	for (; i < n; i++)
		sum[0] += at[i];
	sum[0] += sum[1] + sum[2] + sum[3];
	total = sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3];
	for (i = n * LANES; i < size / WORD; i++)
		total += work_word((const char *)data + i * WORD);
	return total + work_tail(data, size);
}

FASTEST void work_fill(void *data, size_t size, uint64_t word)
{
	wide_t words = { word, word + 1, word + 2, word + 3 };
	size_t n = size / sizeof(wide_t), i;
	wide_t *to = data;
	char *at = data;

	for (i = 0; i < n; i++, words += LANES)
		to[i] = words;
	for (i = n * LANES; i < size / WORD; i++)
		memcpy(at + i * WORD, &(uint64_t){ word + i }, WORD);
	memcpy(at + i * WORD, &(uint64_t){ word + i }, size % WORD);
}
