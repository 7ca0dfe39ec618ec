/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What phxbench latency is told to measure.
 */
#ifndef PHXBENCH_LATENCY_H
#define PHXBENCH_LATENCY_H

#include "measure.h"
#include "run.h"
#include "table.h"

struct latency_options {
	struct run_options run;
	const struct peer *peers[PEERS_MAX];
	size_t n_peers;
	size_t sizes[SIZES_MAX];
	size_t n_sizes;
	/* What is wanted of each; as often as it has values. */
	bool directions[N_DIRECTIONS];
	bool placements[N_PLACEMENTS];
	bool touch[2];
	bool spin[2];
	bool fill;
	unsigned int rounds;
	size_t messages;
	unsigned long seed;
	const char *cpus, *unit, *stat, *csv;
};

void latency_parse(struct latency_options *options, int argc, char **argv);
json_t *latency_options_json(const struct latency_options *options);
double latency_stat(const struct stats *stats, const char *name);

#endif
