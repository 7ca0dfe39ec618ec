/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers that many clients use at once: requests of 64 bytes that begin with a
 * word, and the server answers with the word plus one. Each client is a process
 * and so is the server, which has several threads.
 */
#ifndef PHXBENCH_SCALE_PEERS_H
#define PHXBENCH_SCALE_PEERS_H

#include <stdint.h>

#define SCALE_CLIENTS_MAX	64
#define SCALE_THREADS_MAX	8

struct scale_request {
	uint64_t word;
	uint32_t client;
	char rest[52];
};

/**
 * struct scale_peer - one way to call
 * @name: as in the outputs
 * @obstacle: why it can't be used here, as a sentence; NULL if it can
 * @prepare: before the processes are forked
 * @serve: in the server: calls ready() when it can be called, then serves
 * @connect: in a client
 * @call: there: sends a request, gives the answer; 0 or a negative errno
 * @finish: in the parent, when all are gone
 */
struct scale_peer {
	const char *name;
	const char *(*obstacle)(void);
	void (*prepare)(unsigned int clients, unsigned int threads);
	void (*serve)(unsigned int clients, unsigned int threads, void (*ready)(void));
	void (*connect)(unsigned int client);
	int (*call)(const struct scale_request *request, uint64_t *answer);
	void (*finish)(unsigned int clients);
};

extern const struct scale_peer scale_phxport, scale_pipe, scale_unix, scale_binder;

/* So long the server of phxport works for a call, before that is answered. */
extern uint64_t scale_work_ns;

void scale_threads(unsigned int n, void *(*run)(void *));

#endif
