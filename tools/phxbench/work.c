// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing of all bytes, a word at a time: real CPUs wait for memory
 * then, and emulated ones do this faster than anything wider or unrolled, which the
 * Makefile keeps the compiler from.
 */
#include "work.h"

uint64_t work_sum(const void *data, size_t size)
{
	const char *at = data, *end = at + size / WORD * WORD;
	uint64_t sum = work_tail(data, size);

	for (; at < end; at += WORD)
		sum += work_word(at);
	return sum;
}

void work_fill(void *data, size_t size, uint64_t word)
{
	char *at = data, *end = at + size / WORD * WORD;

	for (; at < end; at += WORD, word++)
		memcpy(at, &word, WORD);
	memcpy(at, &word, size % WORD);
}
