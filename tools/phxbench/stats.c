// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#define BINS_PER_OCTAVE	16

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void stats_sort(double *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
}

/* The least sample that is not below a share @q of all of them. */
double stats_quantile(const double *sorted, size_t n, double q)
{
	size_t rank = ceil(q * n - 0.000000001);

	if (!n)
		return NAN;
	return sorted[rank ? rank - 1 : 0];
}

/* Sorts the samples. */
void stats_of(double *samples, size_t n, struct stats *stats)
{
	double sum = 0, squares = 0;

	stats_sort(samples, n);
	for (size_t i = 0; i < n; i++)
		sum += samples[i];
	*stats = (struct stats){ .n = n, .mean = sum / n };
	for (size_t i = 0; i < n; i++)
		squares += (samples[i] - stats->mean) * (samples[i] - stats->mean);
	stats->stddev = n > 1 ? sqrt(squares / (n - 1)) : 0;
	stats->p50 = stats_quantile(samples, n, 0.5);
	stats->p90 = stats_quantile(samples, n, 0.9);
	stats->p99 = stats_quantile(samples, n, 0.99);
	stats->p999 = stats_quantile(samples, n, 0.999);
	stats->max = stats_quantile(samples, n, 1);
}

void stats_put(json_t *record, const struct stats *stats)
{
	json_t *members = json_pack("{s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f}",
				    "messages", (json_int_t)stats->n,
				    "mean", stats->mean, "stddev", stats->stddev,
				    "p50", stats->p50, "p90", stats->p90,
				    "p99", stats->p99, "p999", stats->p999,
				    "max", stats->max);

	json_object_update(record, members);
	json_decref(members);
}

/*
 * Pairs [upper, count], by rising upper: so many samples were at most that and
 * above the pair before. The bins are as wide as 1/16 of an octave.
 */
json_t *stats_histogram(const double *sorted, size_t n)
{
	json_t *bins = json_array();
	size_t i = 0, first;

	while (i < n) {
		double bin = sorted[i] > 0 ? ceil(log2(sorted[i]) * BINS_PER_OCTAVE) : 0;
		double upper = exp2(bin / BINS_PER_OCTAVE);

		for (first = i++; i < n && sorted[i] <= upper; i++)
			;
		json_array_append_new(bins, json_pack("[fI]", upper, (json_int_t)(i - first)));
	}
	return bins;
}
