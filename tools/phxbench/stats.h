/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of samples, such as the latencies of single calls.
 */
#ifndef PHXBENCH_STATS_H
#define PHXBENCH_STATS_H

#include <jansson.h>
#include <stddef.h>

struct stats {
	size_t n;
	double mean, stddev, p50, p90, p99, p999, max;
};

void stats_sort(double *samples, size_t n);
double stats_quantile(const double *sorted, size_t n, double q);
void stats_of(double *samples, size_t n, struct stats *stats);
void stats_put(json_t *record, const struct stats *stats);
json_t *stats_histogram(const double *sorted, size_t n);

#endif
