/* SPDX-License-Identifier: MIT */
/*
 * pingpong: one of the ways to ask a server, who answers with the sum of all
 * the words that it was sent. All functions return 0 or a negative errno.
 */
#ifndef PINGPONG_H
#define PINGPONG_H

#include <stddef.h>
#include <stdint.h>

#define PP_MAX	(1 << 20)

struct pp_peer {
	const char *name;
	const char *device;
	int (*prepare)(void);		/* before the fork, may be NULL */
	int (*serve)(int ready);	/* in the server, returns on an error */
	int (*call)(const uint64_t *words, size_t size, uint64_t *sum);
};

extern const struct pp_peer pp_phxport, pp_binder, pp_pipe;

int pp_ready(int ready);
uint64_t pp_sum(const void *data, size_t size);

#endif
