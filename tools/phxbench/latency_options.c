// SPDX-License-Identifier: GPL-2.0-only
#include "latency.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_SIZES	"0,64,1K,4K,16K,64K,256K,1M,4M,16M"
#define DEFAULT_TIME_MS	30
#define QUICK_SIZES	"64,4K,64K,1M"
#define QUICK_TIME_MS	50

static const char usage[] =
	"usage: phxbench [latency] [OPTION...]\n"
	"\n"
	"Measures round trips of messages between two processes, of all peers in turns.\n"
	"\n"
	"  --peers LIST      of phxport, phxport-registered, pipe, unix-stream,\n"
	"                    unix-seqpacket, mqueue, cma, binder, shm-futex, shm-spin;\n"
	"                    all unless given\n"
	"  --sizes LIST      up to 16M; " DEFAULT_SIZES "\n"
	"  --directions LIST in (the request has that size), out (the reply), both\n"
	"  --touch LIST      1: all bytes are read and written; 0: one word; 1,0\n"
	"  --fill 0|1        1: the client makes all of the request anew each time,\n"
	"                    where the peer wants it; 0\n"
	"  --pages KIND      of the buffers: small (4 KiB), huge (2 MiB); small\n"
	"  --placements LIST same (both on one CPU), cross (on two), free; same,cross\n"
	"  --spin LIST       the module's parameter: 1, 0; 1,0\n"
	"  --cpus A,B        the client's and the server's\n"
	"  --time MS         for each peer and case; 30\n"
	"  --messages N      instead of time: so many for each peer and case\n"
	"  --rounds N        in which the peers take turns; 5\n"
	"  --seed N          of the order of turns\n"
	"  --stat NAME       that the tables show: mean, p50, p90, p99, p999, max; p50\n"
	"  --unit insn       for a machine whose clock counts instructions\n"
	"  --csv FILE        writes a line for each case\n"
	RUN_USAGE;

enum {
	SIZES = RUN_OWN, DIRECTIONS, TOUCH, FILL, PAGES, PLACEMENTS, SPIN, CPUS, MESSAGES, ROUNDS,
	SEED, STAT, UNIT, CSV,
};

static const struct option long_options[] = {
	RUN_OPTIONS,
	RUN_PEER_OPTIONS,
	{ "sizes", required_argument, NULL, SIZES },
	{ "directions", required_argument, NULL, DIRECTIONS },
	{ "touch", required_argument, NULL, TOUCH },
	{ "fill", required_argument, NULL, FILL },
	{ "pages", required_argument, NULL, PAGES },
	{ "placements", required_argument, NULL, PLACEMENTS },
	{ "spin", required_argument, NULL, SPIN },
	{ "cpus", required_argument, NULL, CPUS },
	{ "messages", required_argument, NULL, MESSAGES },
	{ "rounds", required_argument, NULL, ROUNDS },
	{ "seed", required_argument, NULL, SEED },
	{ "stat", required_argument, NULL, STAT },
	{ "unit", required_argument, NULL, UNIT },
	{ "csv", required_argument, NULL, CSV },
	{ 0 }
};

static const char *const page_kinds[] = { "small", "huge" };
static const char *const flags[] = { "0", "1" };
static const char *const stat_names[] = { "mean", "p50", "p90", "p99", "p999", "max" };
static const char *const units[] = { "ns", "insn" };

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

/* What is being parsed. */
static struct latency_options *to;

/* The number of a name; ends the program if it is none of them. */
static size_t find(const char *option, const char *text, const char *const *names, size_t n)
{
	char all[200] = "";

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(text, names[i]))
			return i;
		strcat(strcat(all, i ? ", " : ""), names[i]);
	}
	errx(2, "--%s: '%s' is none of %s", option, text, all);
}

/* Names with commas: sets those of @chosen that are named, and no other. */
static void choose(const char *option, const char *text, const char *const *names, size_t n,
		   bool *chosen)
{
	char *copy = strdup(text), *next = copy, *name;

	memset(chosen, 0, n * sizeof(*chosen));
	while ((name = strsep(&next, ",")))
		chosen[find(option, name, names, n)] = true;
	free(copy);
}

static void choose_peers(const char *text)
{
	const char *names[PEERS_MAX] = { 0 };
	bool chosen[PEERS_MAX];

	for (size_t i = 0; i < n_peers; i++) {
		names[i] = peers[i]->name;
		chosen[i] = true;
	}
	if (text && strcmp(text, "all"))
		choose("peers", text, names, n_peers, chosen);
	for (size_t i = 0; i < n_peers; i++)
		if (chosen[i])
			to->peers[to->n_peers++] = peers[i];
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* By size, and none twice. */
static void choose_sizes(const char *text)
{
	size_t sizes[SIZES_MAX], n = parse_sizes("sizes", text, sizes, SIZES_MAX);

	to->n_sizes = 0;
	qsort(sizes, n, sizeof(*sizes), compare_sizes);
	if (sizes[n - 1] > MESSAGE_MAX)
		errx(2, "--sizes: no message is above %lu MiB", MESSAGE_MAX >> 20);
	for (size_t i = 0; i < n; i++)
		if (!i || sizes[i] != sizes[i - 1])
			to->sizes[to->n_sizes++] = sizes[i];
}

static void take(int option, const char *value)
{
	switch (option) {
	case SIZES:
		choose_sizes(value);
		break;
	case DIRECTIONS:
		choose("directions", value, direction_names, N_DIRECTIONS, to->directions);
		break;
	case TOUCH:
		choose("touch", value, flags, 2, to->touch);
		break;
	case FILL:
		to->fill = find("fill", value, flags, 2);
		break;
	case PAGES:
		huge_pages = find("pages", value, page_kinds, 2);
		break;
	case PLACEMENTS:
		choose("placements", value, placement_names, N_PLACEMENTS, to->placements);
		break;
	case SPIN:
		choose("spin", value, flags, 2, to->spin);
		break;
	case CPUS:
		to->cpus = value;
		break;
	case MESSAGES:
		to->messages = parse_number("messages", value, 1, 10000000);
		break;
	case ROUNDS:
		to->rounds = parse_number("rounds", value, 1, 1000);
		break;
	case SEED:
		to->seed = parse_number("seed", value, 0, 4294967295);
		break;
	case STAT:
		to->stat = stat_names[find("stat", value, stat_names, COUNT(stat_names))];
		break;
	case UNIT:
		to->unit = units[find("unit", value, units, 2)];
		break;
	case CSV:
		to->csv = value;
		break;
	}
}

/* What was not given. */
static void complete(void)
{
	static const bool none[N_PLACEMENTS];
	size_t page = 4096, largest;

	if (!to->n_sizes)
		choose_sizes(to->run.quick ? QUICK_SIZES : DEFAULT_SIZES);
	if (!memcmp(to->directions, none, sizeof(to->directions)))
		choose("directions", to->run.quick ? "in,out" : "in,out,both",
		       direction_names, N_DIRECTIONS, to->directions);
	if (!to->touch[0] && !to->touch[1])
		choose("touch", to->run.quick ? "1" : "0,1", flags, 2, to->touch);
	if (!to->spin[0] && !to->spin[1])
		choose("spin", "0,1", flags, 2, to->spin);
	if (!to->run.time_ns)
		to->run.time_ns = (to->run.quick ? QUICK_TIME_MS : DEFAULT_TIME_MS) * 1000000UL;
	choose_peers(to->run.peers);
	largest = to->sizes[to->n_sizes - 1];
	buffer_size = largest ? (largest + page - 1) / page * page : page;
	if (to->csv && to->run.json && !strcmp(to->csv, "-") && !strcmp(to->run.json, "-"))
		errx(2, "--csv and --json can't both go to the standard output; name a file for one");
}

void latency_parse(struct latency_options *options, int argc, char **argv)
{
	static const struct run_command command = {
		.name = "latency",
		.usage = usage,
		.options = long_options,
		.own_option = take,
	};

	*options = (struct latency_options){
		.rounds = 5, .seed = time(NULL), .unit = "ns", .stat = "p50",
	};
	to = options;
	run_parse(&command, &options->run, argc, argv);
	complete();
}

static json_t *chosen(const char *const *names, const bool *is_chosen, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (is_chosen[i])
			json_array_append_new(array, json_string(names[i]));
	return array;
}

json_t *latency_options_json(const struct latency_options *options)
{
	json_t *names = json_array(), *sizes = json_array();

	for (size_t i = 0; i < options->n_peers; i++)
		json_array_append_new(names, json_string(options->peers[i]->name));
	for (size_t i = 0; i < options->n_sizes; i++)
		json_array_append_new(sizes, json_integer(options->sizes[i]));
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:s,s:I,s:I,s:i,s:s}",
			 "peers", names, "sizes", sizes,
			 "directions", chosen(direction_names, options->directions, N_DIRECTIONS),
			 "placements", chosen(placement_names, options->placements, N_PLACEMENTS),
			 "touch", chosen(flags, options->touch, 2),
			 "spin", chosen(flags, options->spin, 2), "fill", options->fill,
			 "pages", page_kinds[huge_pages],
			 "time_ms", (json_int_t)(options->run.time_ns / 1000000),
			 "messages", (json_int_t)options->messages,
			 "rounds", options->rounds, "unit", options->unit);
}

double latency_stat(const struct stats *stats, const char *name)
{
	const double values[] = {
		stats->mean, stats->p50, stats->p90, stats->p99, stats->p999, stats->max,
	};

	_Static_assert(COUNT(values) == COUNT(stat_names), "a value for each name");
	return values[find("stat", name, stat_names, COUNT(stat_names))];
}
