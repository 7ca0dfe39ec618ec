/* SPDX-License-Identifier: MIT */
/*
 * The server loop. A thread of it has a copy buffer to itself, which passes
 * from one message to the next without a lock. Only a message that its handler
 * keeps takes the buffer along, and the thread gets another.
 *
 * Stopping: a thread that sleeps in the kernel is woken by a message from this
 * very process, known by its class and address, which nobody else can make.
 * It is sent only to those who wait; threads that are in a handler look at
 * srv->stop when they leave it. A thread between the two is missed by both, so
 * whoever stops a server tries again until all are gone.
 *
 * worker.c is what one thread does, server.c how threads begin and end.
 */
#ifndef PHX_SERVER_H
#define PHX_SERVER_H

#include "internal.h"

#define PHX_PAUSE_MAX_MS	16

/**
 * struct phx_worker - one thread of a server
 * @srv: its server
 * @next: in phx.workers
 * @outer: whose handler runs this server, if any
 * @thread: unless it is the first, which is the caller of phx_server_run()
 * @buf: its copy buffer; under phx.lock while @rid is set, else the thread's
 * @rid: the message that @buf belongs to while a handler has it
 * @pause_ms: how long to wait if the next receive fails, too
 * @arg: the call, with the message in it
 */
struct phx_worker {
	struct phx_server *srv;
	struct phx_worker *next;
	struct phx_worker *outer;
	pthread_t thread;
	struct phx_buf *buf;
	atomic_int rid;
	unsigned int pause_ms;
	struct phx_ioc_recv arg;
} __attribute__((aligned(64)));

/**
 * struct phx_server - one phx_server_run()
 * @h: the handle
 * @port: the port
 * @nr: how many threads it shall have
 * @handler: of messages
 * @ctx: its argument
 * @stop: threads shall end
 * @orphan: this process was forked, and the threads are the parent's
 * @gone: signalled when @alive or @stoppers goes down; all below is under
 *	  phx.lock
 * @alive: threads in the loop
 * @stoppers: calls that see to it that all threads end
 * @err: why the loop ended
 * @next: in phx.servers
 * @workers: the threads
 */
struct phx_server {
	struct phx *h;
	uint32_t port;
	uint32_t nr;
	phx_handler_t handler;
	void *ctx;
	atomic_bool stop;
	bool orphan;
	pthread_cond_t gone;
	unsigned int alive;
	unsigned int stoppers;
	int err;
	struct phx_server *next;
	struct phx_worker workers[];
};

int phx_worker_receive(struct phx_worker *w, uint32_t flags);
bool phx_worker_recover(struct phx_worker *w, int err);
int phx_worker_loop(struct phx_worker *w, bool have);
bool phx_worker_serves(const struct phx_server *srv);

#endif /* PHX_SERVER_H */
