/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures of what was measured: each function adds what a run has of one test to
 * a figure and gives the figure, or NULL if the run has nothing to show.
 */
#ifndef PHXBENCH_PLOT_H
#define PHXBENCH_PLOT_H

#include <jansson.h>

#include "figure.h"

/* In the order in which they are drawn: ours first. */
struct plot_peer {
	const char *name;
	struct style style;
};

extern const struct plot_peer plot_peers[];
extern const size_t plot_n_peers;

const struct plot_peer *plot_peer(const char *name);

struct figure *plot_latency(const json_t *records, const char *direction);
struct figure *plot_bandwidth(const json_t *records, const char *direction);
struct figure *plot_distribution(const json_t *records);
struct figure *plot_scaling(const json_t *records);
struct figure *plot_ports(const json_t *records);
struct figure *plot_idle(const json_t *records);
struct figure *plot_calibrate(const json_t *records);

void plot_run(struct figure *figure, const json_t *run, const char *path);
int plot_main(int argc, char **argv);

#endif
