/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measuring: peers do the same work in turns, in several rounds and in each in
 * another order, so that whatever else happens on the machine happens to all.
 */
#ifndef PHXBENCH_MEASURE_H
#define PHXBENCH_MEASURE_H

#include <stdint.h>

#include "bench.h"
#include "cpus.h"
#include "servers.h"
#include "stats.h"

/* What is done, by all peers. */
struct setting {
	size_t size;
	enum direction direction;
	enum placement placement;
	bool touch, fill;
};

/**
 * struct variant - a column of the tables: a peer, with or without spinning
 * @server: of the peer
 * @spin: as in the outputs
 * @set_spin: the module's parameter is to be set to that
 * @why: why it was not measured in this setting, "" if it was
 * @messages: that were timed
 * @cpu_client: CPU time per message, ns
 * @cpu_server: the same of the server
 */
struct variant {
	const struct server *server;
	bool spin, set_spin;
	char why[160];
	size_t messages;
	struct stats stats;
	double *samples;		/* sorted */
	double cpu_client, cpu_server;
	size_t batch;			/* messages in each round */
};

/**
 * struct plan - how long
 * @rounds: in which each has a turn
 * @messages: of each variant in all rounds; 0: as many as there is time for
 * @time_ns: for each variant in all rounds
 * @clock_cost: what reading the clock takes, to be subtracted
 */
struct plan {
	unsigned int rounds;
	size_t messages;
	uint64_t time_ns;
	double clock_cost;
	struct cpus cpus;
};

void measure_init(unsigned int seed);
void measure(const struct setting *setting, const struct plan *plan,
	     struct variant *variants, size_t n);

#endif
