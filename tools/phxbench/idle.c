// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench idle: one message now and then. Between them both sides sleep, as they
 * do in most programs, and so do their CPUs; a spin that does not end in a message
 * is for nothing.
 */
#include <err.h>
#include <stdio.h>

#include "cpus.h"
#include "crowd.h"
#include "load.h"
#include "param.h"
#include "run.h"
#include "scale.h"

#define ROUNDS	4

static const char usage[] =
	"usage: phxbench idle [OPTION...]\n"
	"\n"
	"Measures the latency of a 64 B message that is sent every now and then, and the\n"
	"CPU time that both sides burn for it; phxport with and without spinning.\n"
	"\n"
	"  --peers LIST      of phxport,pipe,unix-seqpacket,binder; without sockets\n"
	"                    unless given\n"
	"  --gaps LIST       pauses before each message, in us; 0,10,100,1000,10000\n"
	"  --time MS         for each case, but at least 50 messages in each of 4\n"
	"                    rounds; 500\n"
	RUN_USAGE;

enum { GAPS = RUN_OWN };

static const struct option options[] = {
	RUN_OPTIONS,
	RUN_PEER_OPTIONS,
	{ "gaps", required_argument, NULL, GAPS },
	{ 0 }
};

static struct scale_list gaps;

static void own_option(int option, const char *value)
{
	(void)option;
	gaps.n = parse_numbers("gaps", value, 0, 10000000, gaps.at, SCALE_LIST_MAX);
}

static const struct run_command command = {
	.name = "idle", .usage = usage, .options = options, .own_option = own_option,
};

static int spins(const struct crowd *crowd)
{
	return crowd->param.name ? (int)crowd->param.value : spin_now(crowd->peer->name);
}

static void report(json_t *results, const struct crowd *crowd, const char *placement,
		   const struct crowd_result *result)
{
	const char *peer = crowd->peer->name;
	double cpu = result->cpu_client + result->cpu_server;
	json_t *record;

	printf("%7.0f  %-15s %4d %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f\n",
	       crowd->gap_ns / 1e3, peer, spins(crowd), result->stats.p50 / 1e3,
	       result->stats.p99 / 1e3, result->stats.max / 1e3, result->cpu_client / 1e3,
	       result->cpu_server / 1e3, cpu / 1e3);
	fflush(stdout);
	record = json_pack("{s:s,s:s,s:i,s:I,s:s,s:i,s:s,s:f,s:f,s:f}", "test", "idle",
			   "peer", peer, "size", 64, "gap", (json_int_t)crowd->gap_ns,
			   "placement", placement, "spin", spins(crowd), "unit", "ns",
			   "cpu_client", result->cpu_client, "cpu_server", result->cpu_server,
			   "cpu", cpu);
	stats_put(record, &result->stats);
	json_array_append_new(results, record);
}

/* What can spin is there twice: with, and then without. */
static size_t prepare(struct crowd *crowds, const struct scale_peer *const *chosen,
		      size_t n_chosen, const struct crowd *like, bool can_switch)
{
	size_t n = 0;

	for (size_t i = 0; i < n_chosen; i++) {
		bool both = chosen[i] == &scale_phxport && can_switch;

		for (int spin = both; spin >= 0; spin--) {
			crowds[n] = *like;
			crowds[n].peer = chosen[i];
			if (both)
				crowds[n].param = (struct crowd_param){ "spin", spin };
			n++;
		}
	}
	return n;
}

static void measure(json_t *results, const struct scale_peer *const *chosen, size_t n_chosen,
		    struct crowd *like, bool can_switch)
{
	const char *placement = like->client_cpu == like->server_cpu ? "same" : "cross";
	struct crowd_result found[SCALE_PEERS_MAX + 1];
	struct crowd crowds[SCALE_PEERS_MAX + 1] = { 0 };
	size_t n = prepare(crowds, chosen, n_chosen, like, can_switch);

	crowd_rounds(crowds, n, ROUNDS, found);
	for (size_t i = 0; i < n; i++)
		report(results, &crowds[i], placement, &found[i]);
}

static void head(bool can_switch, bool two_cpus)
{
	if (!can_switch)
		printf("Not measured with spinning on and off: %s\n", param_obstacle("spin"));
	if (!two_cpus)
		printf("There is one CPU only: client and server share it\n");
	printf("\nOne 64 B message after each pause; all in us, CPU time burnt per message.\n"
	       "The least disturbed of %d rounds.\n\n"
	       "%7s  %-15s %4s %9s %9s %9s %9s %9s %9s\n", ROUNDS, "pause", "peer", "spin",
	       "p50", "p99", "max", "CPU cli.", "CPU serv.", "CPU both");
}

static void measure_all(json_t *results, const struct scale_peer *const *chosen,
			size_t n_chosen, uint64_t time_ns)
{
	struct crowd like = { .clients = 1, .threads = 1, .time_ns = time_ns / ROUNDS };
	bool can_switch = !param_obstacle("spin");
	struct cpus cpus;

	cpus_choose(&cpus, NULL);
	like.client_cpu = cpus.client;
	like.server_cpu = cpus.server;
	head(can_switch, cpus.client != cpus.server);
	for (size_t g = 0; g < gaps.n; g++) {
		like.gap_ns = gaps.at[g] * 1000;
		measure(results, chosen, n_chosen, &like, can_switch);
	}
	param_restore();
}

int idle_main(int argc, char **argv)
{
	struct run_options opts = { .peers = "phxport,pipe,binder" };
	const struct scale_peer *chosen[SCALE_PEERS_MAX];
	size_t n_chosen;
	json_t *run;

	run_parse(&command, &opts, argc, argv);
	if (!gaps.n)
		own_option(GAPS, opts.quick ? "0,100,10000" : "0,10,100,1000,10000");
	scale_check_peers(opts.peers);
	run = run_new("idle", &opts, argc, argv);
	n_chosen = scale_use_peers(opts.peers, chosen);
	measure_all(run_results(run), chosen, n_chosen,
		    opts.time_ns ?: opts.quick ? 100000000 : 500000000);
	return run_finish(run, &opts);
}
