// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many clients on one server: what all get together, and what each gets.
 */
#include <stdio.h>

#include "crowd.h"
#include "run.h"
#include "scale.h"

#define ROUNDS	3

static void add(json_t *results, const struct crowd *crowd, const struct crowd_result *result)
{
	const char *peer = crowd->peer->name;
	json_t *record = json_pack("{s:s,s:s,s:i,s:i,s:i,s:s,s:i,s:s}", "test", "clients",
				   "peer", peer, "size", 64, "clients", (int)crowd->clients,
				   "threads", (int)crowd->threads, "placement", "free",
				   "spin", spin_now(peer), "unit", "ns");
	json_t *found = json_pack("{s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}",
				  "messages", (json_int_t)result->calls,
				  "throughput", result->per_second,
				  "slowest_share", result->slowest_share,
				  "tail", result->stats.p999 / result->stats.p50,
				  "worst_p50", result->worst_p50,
				  "worst_p99", result->worst_p99,
				  "worst_p999", result->worst_p999,
				  "cpu_client", result->cpu_client,
				  "cpu_server", result->cpu_server);

	stats_put(record, &result->stats);
	json_object_update_new(record, found);
	json_array_append_new(results, record);
}

static void row(const struct crowd *crowd, const struct crowd_result *result)
{
	printf("%-15s %7u %7u %9.0f %9.1f %9.1f %9.1f %10.1f %6.2f %8.1f\n",
	       crowd->peer->name, crowd->threads, crowd->clients, result->per_second,
	       result->stats.p50 / 1e3, result->stats.p99 / 1e3, result->stats.p999 / 1e3,
	       result->stats.max / 1e3, result->slowest_share,
	       (result->cpu_client + result->cpu_server) / 1e3);
	fflush(stdout);
}

static void measure(json_t *results, const struct scale_options *options,
		    unsigned int threads, unsigned int clients)
{
	struct crowd_result found[SCALE_PEERS_MAX];
	struct crowd crowds[SCALE_PEERS_MAX];

	for (size_t i = 0; i < options->n_peers; i++)
		crowds[i] = (struct crowd){
			.peer = options->peers[i], .clients = clients, .threads = threads,
			.client_cpu = CPU_ANY, .server_cpu = CPU_ANY,
			.time_ns = options->time_ns / ROUNDS,
		};
	crowd_rounds(crowds, options->n_peers, ROUNDS, found);
	for (size_t i = 0; i < options->n_peers; i++) {
		row(&crowds[i], &found[i]);
		add(results, &crowds[i], &found[i]);
	}
}

void scale_clients(json_t *results, const struct scale_options *options)
{
	if (!options->clients.n)
		return;
	printf("\nClients of one server, 64 B requests, not pinned. Latency of each call in us; fair:\n"
	       "calls of the slowest client, 1 is as many as the average; CPU: us burnt for a call.\n\n"
	       "%-15s %7s %7s %9s %9s %9s %9s %10s %6s %8s\n", "peer", "threads", "clients",
	       "calls/s", "p50", "p99", "p99.9", "max", "fair", "CPU");
	for (size_t t = 0; t < options->threads.n; t++)
		for (size_t c = 0; c < options->clients.n; c++)
			/* More threads than clients would only sleep. */
			if (options->clients.at[c] >= options->threads.at[t])
				measure(results, options, options->threads.at[t],
					options->clients.at[c]);
}
