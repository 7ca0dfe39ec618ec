/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs client and server run on.
 */
#ifndef PHXBENCH_CPUS_H
#define PHXBENCH_CPUS_H

#include <sched.h>

#include "bench.h"

struct cpus {
	cpu_set_t all;		/* that we may use */
	int client, server;	/* for cross: the same if there is only one */
	bool siblings;		/* they share a core */
};

void cpus_choose(struct cpus *cpus, const char *wanted);
void cpus_of(const struct cpus *cpus, enum placement placement, cpu_set_t *client,
	     cpu_set_t *server);

#endif
