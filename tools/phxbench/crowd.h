/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crowd: client processes that all call one server process for some time. Each
 * of them waits @gap_ns before each call. What happens before the warm-up is over
 * is not counted.
 */
#ifndef PHXBENCH_CROWD_H
#define PHXBENCH_CROWD_H

#include <stdint.h>

#include "scale_peers.h"
#include "stats.h"

#define CROWD_SAMPLES	(1 << 15)	/* of each client: the last ones */
#define CROWD_CALLS_MIN	50		/* of a client that is alone */
#define CPU_ANY		(-1)

struct crowd {
	const struct scale_peer *peer;
	unsigned int clients, threads;
	int client_cpu, server_cpu;	/* CPU_ANY: not pinned */
	uint64_t gap_ns;
	uint64_t time_ns;
};

struct crowd_result {
	struct stats stats;		/* of all clients' calls, ns */
	unsigned long calls;		/* counted */
	double per_second;
	double slowest_share;		/* of its fair one */
	double cpu_client, cpu_server;	/* ns per call, without waiting for the gap */
};

void crowd_run(const struct crowd *crowd, struct crowd_result *result);

#endif
