// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long may each side spin? A receiver spins for the next message, a sender for
 * the response. Either is measured with rising limits, the one with pauses between
 * the messages, the other with a server that works for a while; so some spins end
 * well and some were for nothing. A limit costs the latency plus the CPU time that
 * both sides burn, each compared to that without a spin: so a spin may not burn
 * more than it saves. The shortest limit is taken that is not worse than the best.
 */
#include "calibrate.h"

#include <err.h>
#include <stdio.h>

#include "crowd.h"
#include "param.h"
#include "run.h"

#define NOISE		1.02	/* limits this close to the best are as good */

static const unsigned long limits_us[] = { 0, 2, 5, 10, 20, 50, 100, 200 };
/* How long the other side lets one wait, in us. */
static const unsigned long waits_us[] = { 0, 10, 30, 100, 300, 1000 };

#define N_LIMITS	(sizeof(limits_us) / sizeof(*limits_us))
#define N_WAITS		(sizeof(waits_us) / sizeof(*waits_us))

/* One of the two sides. */
struct side {
	const char *name;
	const char *param;
	const char *what;
};

static const struct side receiver = {
	"spin_recv", "spin_recv_us", "pauses between messages",
};

static const struct side sender = {
	"spin_send", "spin_send_us", "the server works for a message",
};

struct cost {
	double latency, cpu;
};

static struct cost measure_one(json_t *results, const struct side *side, size_t limit,
			       size_t wait, uint64_t time_ns)
{
	int cpus[2];
	struct crowd crowd = {
		.peer = &scale_phxport, .clients = 1, .threads = 1, .time_ns = time_ns,
	};
	struct crowd_result result;
	struct cost cost;
	json_t *record;

	cpus_online(cpus, 2);
	crowd.client_cpu = cpus[0];
	crowd.server_cpu = cpus[1];
	if (side == &receiver)
		crowd.gap_ns = waits_us[wait] * 1000;
	else
		scale_work_ns = waits_us[wait] * 1000;
	progress("%s=%lu, %lu us", side->param, limits_us[limit], waits_us[wait]);
	param_set_number(side->param, limits_us[limit]);
	crowd_run(&crowd, &result);
	scale_work_ns = 0;
	cost = (struct cost){ result.stats.p50, result.cpu_client + result.cpu_server };
	record = json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:f}", "test", side->name, "peer", "phxport",
			   "placement", "cross", "limit", (json_int_t)limits_us[limit] * 1000,
			   "gap", (json_int_t)waits_us[wait] * 1000, "unit", "ns",
			   "cpu", cost.cpu);
	stats_put(record, &result.stats);
	json_array_append_new(results, record);
	return cost;
}

static void head(const struct side *side)
{
	printf("\n%s: latency (median) and CPU time burnt (both sides), us; across: %s\n\n%8s",
	       side->param, side->what, "limit");
	for (size_t w = 0; w < N_WAITS; w++)
		printf(" %9lu us", waits_us[w]);
	printf(" %8s\n", "cost");
}

/* The mean over all waits, 1 is as without a spin. */
static double total_cost(struct cost costs[N_WAITS], const struct cost without[N_WAITS])
{
	double total = 0;

	for (size_t w = 0; w < N_WAITS; w++)
		total += (costs[w].latency + costs[w].cpu) /
			 (without[w].latency + without[w].cpu);
	return total / N_WAITS;
}

static unsigned long measure_side(json_t *results, const struct side *side, uint64_t time_ns)
{
	struct cost costs[N_LIMITS][N_WAITS];
	double total[N_LIMITS], best = 1;
	size_t l;

	head(side);
	for (l = 0; l < N_LIMITS; l++) {
		for (size_t w = 0; w < N_WAITS; w++)
			costs[l][w] = measure_one(results, side, l, w, time_ns);
		progress_end();
		printf("%8lu", limits_us[l]);
		for (size_t w = 0; w < N_WAITS; w++)
			printf(" %6.0f/%-5.0f", costs[l][w].latency / 1e3, costs[l][w].cpu / 1e3);
		total[l] = total_cost(costs[l], costs[0]);
		printf(" %8.2f\n", total[l]);
		fflush(stdout);
		best = total[l] < best ? total[l] : best;
	}
	for (l = 0; total[l] > best * NOISE; l++)
		;
	return limits_us[l];
}

/* False, after a sentence, if it can't be measured here. */
bool calibrate_spin(json_t *results, uint64_t time_ns, unsigned long *send_us,
		    unsigned long *recv_us)
{
	static const char *const needed[] = { "spin", "spin_send_us", "spin_recv_us" };
	int cpus[2];

	if (cpus_online(cpus, 2) < 2) {
		printf("\nThere is one CPU only, where nobody spins: its limits are left alone.\n");
		return false;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (param_obstacle(needed[i])) {
			printf("\nThe limits of spinning can't be found: %s\n",
			       param_obstacle(needed[i]));
			return false;
		}
	param_set("spin", "1");
	*recv_us = measure_side(results, &receiver, time_ns);
	param_set_number("spin_recv_us", *recv_us);
	*send_us = measure_side(results, &sender, time_ns);
	param_restore();
	printf("\nA sender may spin for %lu us, a receiver for %lu us.\n", *send_us, *recv_us);
	return true;
}
