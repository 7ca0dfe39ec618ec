/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A holder: a server that keeps messages until it is told to respond to them, and
 * the threads that sent them and wait. It answers other messages meanwhile.
 */
#ifndef PHXBENCH_HOLDER_H
#define PHXBENCH_HOLDER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct phx;

struct holder {
	pid_t pid;
	struct phx *phx;	/* to send with */
	uint32_t port;
	void *buffer;		/* input of all the messages that are held */
	size_t size;
	pthread_t *threads;
	unsigned int n_threads;
	pthread_barrier_t start;
};

void holder_start(struct holder *holder, int cpu);
void holder_call(struct holder *holder);
int holder_add_ports(struct holder *holder, uint32_t n);
void holder_prepare(struct holder *holder, unsigned int n, size_t size);
void holder_hold(struct holder *holder);
void holder_release(struct holder *holder);
void holder_stop(struct holder *holder);

#endif
