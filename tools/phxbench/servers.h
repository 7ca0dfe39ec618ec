/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The servers of the peers, a process each from the begin to the end. They sleep
 * while nobody calls them. If one dies the program ends with a sentence, wherever
 * the client waits.
 */
#ifndef PHXBENCH_SERVERS_H
#define PHXBENCH_SERVERS_H

#include <sched.h>

#include "bench.h"

struct server {
	const struct peer *peer;
	pid_t pid;
	struct job *job;
};

typedef void (*left_out_t)(const struct peer *peer, const char *why);

size_t servers_start(const struct peer *const *wanted, size_t n, left_out_t left_out,
		     struct server servers[PEERS_MAX]);
void servers_stop(void);
void server_place(const struct server *server, const cpu_set_t *cpus);
void server_wake(const struct server *server);
void server_rest(const struct server *server);

#endif
