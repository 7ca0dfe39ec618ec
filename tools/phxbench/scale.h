/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of phxbench scale. Each adds its records to @results and prints a table.
 */
#ifndef PHXBENCH_SCALE_H
#define PHXBENCH_SCALE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "scale_peers.h"

#define SCALE_LIST_MAX	16
#define SCALE_PEERS_MAX	8

struct scale_list {
	unsigned long at[SCALE_LIST_MAX];
	size_t n;
};

struct scale_options {
	const struct scale_peer *peers[SCALE_PEERS_MAX];
	size_t n_peers;
	struct scale_list clients, threads, ports, held;
	uint64_t time_ns;	/* for each case */
};

#define SCALE_PEERS	"phxport,pipe,unix-seqpacket,binder"

void scale_check_peers(const char *names);
size_t scale_use_peers(const char *names, const struct scale_peer *peers[SCALE_PEERS_MAX]);
int spin_now(const char *peer);

void scale_clients(json_t *results, const struct scale_options *options);
void scale_ports(json_t *results, const struct scale_options *options);
void scale_held(json_t *results, const struct scale_options *options);

#endif
