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
#include <stdlib.h>

#include "cpus.h"
#include "crowd.h"
#include "param.h"
#include "run.h"

#define ROUNDS		4
#define NOISE		1.02	/* limits this close to the best are as good */
#define REPEATABLE	1.15

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

static void prepare(struct crowd crowds[N_LIMITS][N_WAITS], const struct side *side,
		    uint64_t time_ns)
{
	struct cpus cpus;

	cpus_choose(&cpus, NULL);
	for (size_t l = 0; l < N_LIMITS; l++)
		for (size_t w = 0; w < N_WAITS; w++)
			crowds[l][w] = (struct crowd){
				.peer = &scale_phxport, .clients = 1, .threads = 1,
				.param = { side->param, limits_us[l] },
				.client_cpu = cpus.client, .server_cpu = cpus.server,
				.gap_ns = side == &receiver ? waits_us[w] * 1000 : 0,
				.work_ns = side == &receiver ? 0 : waits_us[w] * 1000,
				.time_ns = time_ns / ROUNDS,
			};
}

static void add(json_t *results, const struct side *side, size_t limit, size_t wait,
		const struct crowd_result *result)
{
	json_t *record = json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:f,s:f}", "test", side->name,
				   "peer", "phxport", "placement", "cross",
				   "limit", (json_int_t)limits_us[limit] * 1000,
				   "gap", (json_int_t)waits_us[wait] * 1000, "unit", "ns",
				   "cpu", result->cpu_client + result->cpu_server,
				   "cost", crowd_burden(result));

	stats_put(record, &result->stats);
	json_array_append_new(results, record);
}

static void head(const struct side *side)
{
	printf("\n%s: latency (median) and CPU time burnt (both sides), us; across: %s\n\n%8s",
	       side->param, side->what, "limit");
	for (size_t w = 0; w < N_WAITS; w++)
		printf(" %9lu us", waits_us[w]);
	printf(" %8s\n", "cost");
}

/* The mean over all waits; 1 is as without a spin, the first limit. */
static double mean_cost(const struct crowd_result of[N_WAITS],
			const struct crowd_result without[N_WAITS])
{
	double sum = 0;

	for (size_t w = 0; w < N_WAITS; w++)
		sum += crowd_burden(&of[w]) / crowd_burden(&without[w]);
	return sum / N_WAITS;
}

static void row(json_t *results, const struct side *side, size_t limit,
		const struct crowd_result of[N_WAITS], double mean)
{
	printf("%8lu", limits_us[limit]);
	for (size_t w = 0; w < N_WAITS; w++) {
		printf(" %6.0f/%-5.0f", of[w].stats.p50 / 1e3,
		       (of[w].cpu_client + of[w].cpu_server) / 1e3);
		add(results, side, limit, w, &of[w]);
	}
	printf(" %8.2f\n", mean);
}

/*
 * Do the rounds agree? If half of the cases were not nearly the same twice, their
 * least is a matter of luck.
 */
static bool repeatable(const struct crowd_result *found)
{
	double factors[N_LIMITS * N_WAITS];

	for (size_t i = 0; i < N_LIMITS * N_WAITS; i++)
		factors[i] = found[i].repeated;
	stats_sort(factors, N_LIMITS * N_WAITS);
	if (stats_quantile(factors, N_LIMITS * N_WAITS, 0.5) <= REPEATABLE)
		return true;
	printf("\nThe rounds differ too much (by %.0f %%), so its limit is left alone: does something\n"
	       "else run here? Try again then, or with more --time.\n",
	       100 * stats_quantile(factors, N_LIMITS * N_WAITS, 0.5) - 100);
	return false;
}

/* The shortest limit that is as good as the best. */
static bool measure_side(json_t *results, const struct side *side, uint64_t time_ns,
			 unsigned long *limit)
{
	struct crowd_result (*found)[N_WAITS] = calloc(N_LIMITS, sizeof(*found));
	struct crowd crowds[N_LIMITS][N_WAITS];
	double mean[N_LIMITS], best = 1;
	bool good;
	size_t l;

	prepare(crowds, side, time_ns);
	crowd_rounds(crowds[0], N_LIMITS * N_WAITS, ROUNDS, found[0]);
	head(side);
	for (l = 0; l < N_LIMITS; l++) {
		mean[l] = mean_cost(found[l], found[0]);
		row(results, side, l, found[l], mean[l]);
		best = mean[l] < best ? mean[l] : best;
	}
	good = repeatable(found[0]);
	free(found);
	for (l = 0; mean[l] > best * NOISE; l++)
		;
	*limit = limits_us[l];
	if (good)
		printf("\n%s: %lu us is the shortest that is as good as the best.\n", side->param,
		       *limit);
	return good;
}

/* What can't be measured here, after a sentence, is not found. */
void calibrate_spin(json_t *results, uint64_t time_ns, struct calibrated *send_us,
		    struct calibrated *recv_us)
{
	static const char *const needed[] = { "spin", "spin_send_us", "spin_recv_us" };
	struct cpus cpus;

	cpus_choose(&cpus, NULL);
	if (cpus.client == cpus.server) {
		printf("\nThere is one CPU only, where nobody spins: its limits are left alone.\n");
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (param_obstacle(needed[i])) {
			printf("\nThe limits of spinning can't be found: %s\n",
			       param_obstacle(needed[i]));
			return;
		}
	param_set("spin", "1");
	recv_us->found = measure_side(results, &receiver, time_ns, &recv_us->value);
	if (recv_us->found)
		param_set_number("spin_recv_us", recv_us->value);
	send_us->found = measure_side(results, &sender, time_ns, &send_us->value);
	param_restore();
}
