// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "param.h"
#include "run.h"
#include "work.h"

#define MESSAGES_MAX	200000	/* of a variant, in all rounds */
#define SETTLE_US	100000
#define WARM_UP_SHARE	8	/* of its time */
#define WARM_UP_MAX	1000
#define BATCH_MIN	20	/* fewer messages tell little ... */
#define PATIENCE	4	/* ... but no case may take longer than planned by more */

/* What starting left to do is done, and the CPU as fast as it gets. */
static void settle(void)
{
	uint64_t start;

	usleep(SETTLE_US);
	for (start = now_ns(); now_ns() - start < SETTLE_US * 1000;)
		;
}

void measure_init(unsigned int seed)
{
	srandom(seed);
	client_init();
	settle();
}

/* A message has at least a word, that each time is another, in both directions. */
static void set_job(const struct setting *setting, struct job *job)
{
	size_t size = setting->size > WORD ? setting->size : WORD;

	job->in_size = setting->direction == DIRECTION_OUT ? WORD : size;
	job->out_size = setting->direction == DIRECTION_IN ? WORD : size;
	job->touch = setting->touch;
}

static void set_spin(const struct variant *variant)
{
	static int now = -1;

	if (!variant->set_spin || now == variant->spin)
		return;
	param_set("spin", variant->spin ? "1" : "0");
	now = variant->spin;
}

static _Noreturn void fail(const struct variant *variant, int result)
{
	const struct peer *peer = variant->server->peer;

	/* If its server is ending that says more, and does it now. */
	usleep(100000);
	if (result == CLIENT_WRONG)
		errx(1, "%s: other bytes came back than were sent: it must not be used; please report this",
		     peer->name);
	errx(1, "%s: a call failed in the middle of the run: %s; start again, if need be without it (--peers)",
	     peer->name, peer_explain(peer, -result));
}

/* If something disturbed the warm-up there seems to be time for but a few. */
static size_t enough(size_t batch)
{
	size_t least;

	batch += !batch;
	least = batch * PATIENCE < BATCH_MIN ? batch * PATIENCE : BATCH_MIN;
	return batch < least ? least : batch;
}

/*
 * Finds out whether it works, and how long a message takes about: calls twice as
 * often each time until it has taken long enough.
 */
static void warm_up(struct variant *variant, const struct setting *setting,
		    const struct plan *plan, uint64_t time_ns)
{
	const struct server *server = variant->server;
	uint64_t start, took = 0;
	size_t n = 1;
	int result = client_begin(server) ?: client_prove(server);

	if (result < 0) {
		snprintf(variant->why, sizeof(variant->why), "%s",
			 peer_explain(server->peer, -result));
		return;
	}
	for (; !result && took < time_ns / 2 && n < WARM_UP_MAX; n *= 2) {
		start = now_ns();
		result = client_calls(server, setting->fill, n, NULL);
		took = now_ns() - start;
		variant->batch = time_ns * n / (took + 1);
	}
	if (result)
		fail(variant, result);
	variant->batch = enough(variant->batch * (WARM_UP_SHARE - 1) / plan->rounds);
	if (variant->batch > MESSAGES_MAX / plan->rounds)
		variant->batch = MESSAGES_MAX / plan->rounds;
	if (plan->messages)
		variant->batch = (plan->messages + plan->rounds - 1) / plan->rounds;
}

/* Whoever comes after another peer finds cold caches, which is not its fault. */
static void measure_batch(struct variant *variant, const struct setting *setting)
{
	const struct server *server = variant->server;
	size_t warm = variant->batch / 20 < 50 ? variant->batch / 20 : 50;
	uint64_t client, served;
	int result;

	/* But a message so large that there is time for one alone is long itself. */
	warm += variant->batch > 1;
	set_spin(variant);
	server_wake(server);
	result = client_calls(server, setting->fill, warm, NULL);
	if (result)
		fail(variant, result);
	client = cpu_ns(0);
	served = cpu_ns(server->pid);
	result = client_calls(server, setting->fill, variant->batch,
			      variant->samples + variant->messages);
	if (result)
		fail(variant, result);
	variant->cpu_server += cpu_ns(server->pid) - served;
	variant->cpu_client += cpu_ns(0) - client;
	variant->messages += variant->batch;
	server_rest(server);
}

static void prepare(struct variant *variant, const struct setting *setting,
		    const struct plan *plan, const cpu_set_t *cpus)
{
	const struct server *server = variant->server;
	const char *why = NULL;

	set_job(setting, server->job);
	*variant->why = '\0';
	variant->messages = 0;
	variant->cpu_client = 0;
	variant->cpu_server = 0;
	if (server->peer->left_out)
		why = server->peer->left_out(server->job, setting->placement);
	if (why) {
		snprintf(variant->why, sizeof(variant->why), "%s", why);
		return;
	}
	server_place(server, cpus);
	set_spin(variant);
	server_wake(server);
	warm_up(variant, setting, plan, plan->time_ns / WARM_UP_SHARE);
	server_rest(server);
	if (*variant->why)
		return;
	variant->samples = reallocarray(variant->samples, variant->batch * plan->rounds,
					sizeof(*variant->samples));
	if (!variant->samples)
		err(1, "%zu samples; take less --time", variant->batch * plan->rounds);
}

static void finish(struct variant *variant, const struct plan *plan)
{
	for (size_t i = 0; i < variant->messages; i++) {
		variant->samples[i] -= plan->clock_cost;
		if (variant->samples[i] < 0)
			variant->samples[i] = 0;
	}
	stats_of(variant->samples, variant->messages, &variant->stats);
	variant->cpu_client /= variant->messages;
	variant->cpu_server /= variant->messages;
}

static void shuffle(size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = random() % i, last = order[i - 1];

		order[i - 1] = order[k];
		order[k] = last;
	}
}

/* Measures all of @variants, as far as they can do it. */
void measure(const struct setting *setting, const struct plan *plan,
	     struct variant *variants, size_t n)
{
	cpu_set_t client, server;
	size_t order[2 * PEERS_MAX];

	cpus_of(&plan->cpus, setting->placement, &client, &server);
	if (sched_setaffinity(0, sizeof(client), &client))
		err(1, "the client can't be put on its CPU");
	for (size_t i = 0; i < n; i++) {
		order[i] = i;
		prepare(&variants[i], setting, plan, &server);
	}
	for (unsigned int round = 0; round < plan->rounds; round++) {
		shuffle(order, n);
		for (size_t i = 0; i < n; i++)
			if (!*variants[order[i]].why)
				measure_batch(&variants[order[i]], setting);
	}
	for (size_t i = 0; i < n; i++)
		if (!*variants[i].why)
			finish(&variants[i], plan);
}
