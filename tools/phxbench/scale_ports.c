// SPDX-License-Identifier: GPL-2.0-only
/*
 * 64 B while there are many ports, and while a server holds many messages. Client
 * and server share a CPU, where there is least noise. The counts take turns, so
 * that whatever else happens on the machine happens to all of them.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <phxport.h>

#include "cpus.h"
#include "holder.h"
#include "run.h"
#include "scale.h"
#include "stats.h"

#define ROUNDS		4
#define CALLS_MAX	20000	/* of a count in a round */
#define CALLS_MIN	100
#define WARM_UP		50

struct samples {
	double *ns;
	size_t n;
};

static void add_calls(struct samples *samples, struct holder *holder, uint64_t time_ns)
{
	uint64_t before, after, start;

	samples->ns = reallocarray(samples->ns, samples->n + CALLS_MAX, sizeof(double));
	if (!samples->ns)
		err(1, "samples");
	for (int i = 0; i < WARM_UP; i++)
		holder_call(holder);
	before = now_ns();
	start = before;
	for (int i = 0; i < CALLS_MAX && (i < CALLS_MIN || before - start < time_ns); i++) {
		holder_call(holder);
		after = now_ns();
		samples->ns[samples->n++] = after - before;
		before = after;
	}
}

static void report(json_t *results, const char *what, const struct scale_list *list,
		   struct samples *samples)
{
	struct stats stats;
	json_t *record;

	printf("%10s %10s %10s %10s %10s\n", what, "p50", "p99", "p99.9", "max");
	for (size_t i = 0; i < list->n; i++) {
		if (!samples[i].n)
			continue;
		stats_of(samples[i].ns, samples[i].n, &stats);
		printf("%10lu %10.1f %10.1f %10.1f %10.1f\n", list->at[i], stats.p50 / 1e3,
		       stats.p99 / 1e3, stats.p999 / 1e3, stats.max / 1e3);
		record = json_pack("{s:s,s:s,s:i,s:s,s:i,s:s,s:I}", "test", what, "peer", "phxport",
				   "size", 64, "placement", "same", "spin", spin_now("phxport"),
				   "unit", "ns", what, (json_int_t)list->at[i]);
		stats_put(record, &stats);
		json_array_append_new(results, record);
		free(samples[i].ns);
	}
}

/* The server has another CPU's share of luck in each round: it is started anew. */
static void start(struct holder *holder)
{
	struct cpus cpus;

	cpus_choose(&cpus, NULL);
	holder_start(holder, cpus.client);
	use_cpu(cpus.client);
}

static void ports_round(struct samples *samples, struct scale_list *list, uint64_t time_ns)
{
	unsigned long ports = 1;
	struct holder holder;
	int error;

	start(&holder);
	for (size_t i = 0; i < list->n; i++) {
		progress("%lu ports", list->at[i]);
		error = holder_add_ports(&holder, list->at[i] - ports);
		if (error) {
			progress_end();
			printf("Not measured from %lu ports on: %s%s\n", list->at[i],
			       strerror(-error), error == -EDQUOT ?
			       ": raise /sys/module/phxport/parameters/max_ports, or be root" : "");
			list->n = i;
		} else {
			ports = list->at[i];
			add_calls(&samples[i], &holder, time_ns / ROUNDS);
		}
	}
	holder_stop(&holder);
}

static void held_round(struct samples *samples, struct scale_list *list, uint64_t time_ns)
{
	struct holder holder;

	start(&holder);
	for (size_t i = 0; i < list->n; i++) {
		progress("%lu messages held", list->at[i]);
		if (list->at[i]) {
			holder_prepare(&holder, list->at[i], 0);
			holder_hold(&holder);
		}
		add_calls(&samples[i], &holder, time_ns / ROUNDS);
		if (list->at[i])
			holder_release(&holder);
	}
	holder_stop(&holder);
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

typedef void (*round_t)(struct samples *samples, struct scale_list *list, uint64_t time_ns);

static void rounds(json_t *results, const char *what, struct scale_list list, round_t round,
		   uint64_t time_ns)
{
	struct samples samples[SCALE_LIST_MAX] = { 0 };
	cpu_set_t before;

	sched_getaffinity(0, sizeof(before), &before);
	qsort(list.at, list.n, sizeof(*list.at), compare);
	for (int i = 0; i < ROUNDS; i++)
		round(samples, &list, time_ns);
	progress_end();
	report(results, what, &list, samples);
	sched_setaffinity(0, sizeof(before), &before);
}

void scale_ports(json_t *results, const struct scale_options *options)
{
	if (!options->ports.n)
		return;
	printf("\n64 B round trip on one CPU while there are so many ports; latency in us\n\n");
	if (scale_phxport.obstacle())
		printf("Not measured: %s\n", scale_phxport.obstacle());
	else
		rounds(results, "ports", options->ports, ports_round, options->time_ns);
}

void scale_held(json_t *results, const struct scale_options *options)
{
	if (!options->held.n)
		return;
	printf("\n64 B round trip on one CPU while the server holds so many messages; in us\n\n");
	if (scale_phxport.obstacle())
		printf("Not measured: %s\n", scale_phxport.obstacle());
	else
		rounds(results, "held", options->held, held_round, options->time_ns);
}
