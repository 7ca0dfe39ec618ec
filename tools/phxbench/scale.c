// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench scale: many clients, threads of the server, ports, and messages held.
 */
#include "scale.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "param.h"
#include "run.h"

static const struct scale_peer *const scale_peers[] = {
	&scale_phxport, &scale_pipe, &scale_unix, &scale_binder,
};
static const size_t scale_n_peers = sizeof(scale_peers) / sizeof(*scale_peers);

static const struct scale_peer *find(const char *name)
{
	for (size_t i = 0; i < scale_n_peers; i++)
		if (!strcmp(scale_peers[i]->name, name))
			return scale_peers[i];
	errx(2, "there is no peer '%s' here; name some of " SCALE_PEERS, name);
}

/* Ends the program if one of these names is not known. */
void scale_check_peers(const char *names)
{
	char *copy = strdup(names), *next = copy, *name;

	while ((name = strsep(&next, ",")))
		find(name);
	free(copy);
}

/* Those that can be used of the names; says why another can't. Gives how many. */
size_t scale_use_peers(const char *names, const struct scale_peer *peers[SCALE_PEERS_MAX])
{
	char *copy = strdup(names), *next = copy, *name;
	const struct scale_peer *peer;
	const char *why;
	size_t n = 0;

	while ((name = strsep(&next, ",")) && n < SCALE_PEERS_MAX) {
		peer = find(name);
		why = peer->obstacle ? peer->obstacle() : NULL;
		if (why)
			printf("Without %s: %s\n", name, why);
		else
			peers[n++] = peer;
	}
	free(copy);
	if (!n)
		errx(1, "no peer is left to measure");
	return n;
}

/* Whether calls of that peer spin as the module is set now. */
int spin_now(const char *peer)
{
	char value[PARAM_VALUE_MAX];

	return !strcmp(peer, "phxport") && param_get("spin", value) &&
	       (*value == 'Y' || *value == '1');
}

static void parse_list(const char *option, const char *text, unsigned long min,
		       unsigned long max, struct scale_list *list)
{
	list->n = 0;
	if (strcmp(text, "none"))
		list->n = parse_numbers(option, text, min, max, list->at, SCALE_LIST_MAX);
}

static const char usage[] =
	"usage: phxbench scale [OPTION...]\n"
	"\n"
	"Measures many clients on a server of some threads, and 64 B round trips while\n"
	"there are many ports, and while the server holds many messages.\n"
	"\n"
	"  --peers LIST      of phxport,pipe,unix-seqpacket,binder; all unless given\n"
	"  --clients LIST    counts from 1 to 64, or none; 1,2,4,8,16,32,64\n"
	"  --threads LIST    of the server, from 1 to 8; 1,2,4,8\n"
	"  --ports LIST      counts, or none; 1,10,100,1000,10000,100000\n"
	"  --held LIST       counts of messages held, or none; 1,10,100,1000\n"
	"  --time MS         for each case; 900\n"
	RUN_USAGE
	"\n"
	"More than 65536 ports take root, or the module's parameter max_ports.\n";

enum { CLIENTS = RUN_OWN, THREADS, PORTS, HELD };

static const struct option options[] = {
	RUN_OPTIONS,
	RUN_PEER_OPTIONS,
	{ "clients", required_argument, NULL, CLIENTS },
	{ "threads", required_argument, NULL, THREADS },
	{ "ports", required_argument, NULL, PORTS },
	{ "held", required_argument, NULL, HELD },
	{ 0 }
};

/* NULL: not given. */
static const char *clients, *threads, *ports, *held;

static void own_option(int option, const char *value)
{
	*(option == CLIENTS ? &clients : option == THREADS ? &threads :
	  option == PORTS ? &ports : &held) = value;
}

static const struct run_command command = {
	.name = "scale", .usage = usage, .options = options, .own_option = own_option,
};

static void parse_lists(struct scale_options *scale, bool quick)
{
	parse_list("clients", clients ?: quick ? "1,8,64" : "1,2,4,8,16,32,64",
		   1, SCALE_CLIENTS_MAX, &scale->clients);
	parse_list("threads", threads ?: quick ? "1,2" : "1,2,4,8",
		   1, SCALE_THREADS_MAX, &scale->threads);
	parse_list("ports", ports ?: quick ? "1,1000" : "1,10,100,1000,10000,100000",
		   1, 1000000, &scale->ports);
	parse_list("held", held ?: quick ? "1,100" : "1,10,100,1000",
		   0, 10000, &scale->held);
}

int scale_main(int argc, char **argv)
{
	struct run_options opts = { .peers = SCALE_PEERS };
	struct scale_options scale;
	json_t *run;

	run_parse(&command, &opts, argc, argv);
	parse_lists(&scale, opts.quick);
	scale.time_ns = opts.time_ns ?: opts.quick ? 100000000 : 900000000;
	scale_check_peers(opts.peers);
	run = run_new("scale", &opts, argc, argv);
	scale.n_peers = scale_use_peers(opts.peers, scale.peers);
	scale_clients(run_results(run), &scale);
	scale_ports(run_results(run), &scale);
	scale_held(run_results(run), &scale);
	return run_finish(run, &opts);
}
