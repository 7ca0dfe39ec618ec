/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The work that client and server do on the bytes of a message.
 *
 * Data is filled with words that count up from a first one. So each filling differs
 * from another in all words, what arrives tells whether all of it was moved, and
 * the right sum needs no look at the data.
 */
#ifndef PHXBENCH_WORK_H
#define PHXBENCH_WORK_H

#include <string.h>

#include "bench.h"

#define WORD	sizeof(uint64_t)

static inline uint64_t work_word(const void *data)
{
	uint64_t word;

	memcpy(&word, data, WORD);
	return word;
}

/* The bytes after the last whole word count as one that is filled up with zeros. */
static inline uint64_t work_tail(const void *data, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, (const char *)data + size / WORD * WORD, size % WORD);
	return word;
}

uint64_t work_sum(const void *data, size_t size);
void work_fill(void *data, size_t size, uint64_t word);

/* The sum of data that work_fill() filled. */
static inline uint64_t work_filled_sum(size_t size, uint64_t word)
{
	uint64_t n = size / WORD, last = word + n;

	return n * word + n * (n - 1) / 2 + work_tail(&last, size % WORD);
}

/* The server's part. */
static inline void work_serve(const struct job *job, const void *in, void *out)
{
	uint64_t word = work_word(in), answer = ~word;

	if (job->touch) {
		answer = ~work_sum(in, job->in_size);
		work_fill(out, job->out_size, word);
	}
	memcpy(out, &answer, WORD);
}

/*
 * The client's: is the output what it must be, if the input's sum and first word
 * are these?
 */
static inline bool work_is_right(const struct job *job, const void *out, uint64_t in_sum,
				 uint64_t in_word)
{
	if (!job->touch)
		return work_word(out) == ~in_word;
	return work_word(out) == ~in_sum &&
	       work_sum(out, job->out_size) ==
	       work_filled_sum(job->out_size, in_word) - in_word + ~in_sum;
}

#endif
