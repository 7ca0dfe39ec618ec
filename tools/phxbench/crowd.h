/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crowd: client processes that all call one server process for some time. Each
 * of them waits @gap_ns before each call. What happens before the warm-up is over
 * is not counted.
 *
 * Crowds that are to be compared run in turns, in several rounds. Of each the round
 * is taken in which latency (median) and CPU time were least, as whatever else the
 * machine does can only add to them.
 */
#ifndef PHXBENCH_CROWD_H
#define PHXBENCH_CROWD_H

#include <stdint.h>

#include "scale_peers.h"
#include "stats.h"

#define CROWD_SAMPLES	(1 << 15)	/* of each client: the last ones */
#define CROWD_CALLS_MIN	50		/* of a client that is alone */
#define CPU_ANY		(-1)

/* A parameter of the module that is set before; none if it has no name. */
struct crowd_param {
	const char *name;
	unsigned long value;
};

struct crowd {
	const struct scale_peer *peer;
	struct crowd_param param;
	unsigned int clients, threads;
	int client_cpu, server_cpu;	/* CPU_ANY: not pinned */
	uint64_t gap_ns;
	uint64_t work_ns;	/* so long phxport's server works for each call */
	uint64_t time_ns;
};

struct crowd_result {
	struct stats stats;		/* of all clients' calls, ns */
	unsigned long calls;		/* counted */
	double per_second;
	double slowest_share;		/* of its fair one */
	double worst_p50, worst_p99, worst_p999;	/* of any client, ns */
	double cpu_client, cpu_server;	/* ns per call, without waiting for the gap */
	double repeated;	/* crowd_rounds(): how much worse the second best was */
};

void crowd_run(const struct crowd *crowd, struct crowd_result *result);
double crowd_burden(const struct crowd_result *result);
void crowd_rounds(const struct crowd *crowds, size_t n, unsigned int rounds,
		  struct crowd_result *results);

#endif
