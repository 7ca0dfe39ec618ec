// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench latency: round trips of all peers, side by side.
 */
#include "latency.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "param.h"
#include "records.h"
#include "scale.h"

static struct latency_options options;
static struct plan plan;
static struct server servers[PEERS_MAX];
static struct variant variants[VARIANTS_MAX];
static size_t n_servers, n_variants;
static json_t *run;
static FILE *csv;

/* Of @size_of the setting if it is not NULL. */
static void note_left_out(const char *peer, const struct setting *setting, const char *why)
{
	json_t *left_out = json_object_get(run, "left_out");
	json_t *note = json_pack("{s:s,s:s}", "peer", peer, "why", why);

	if (setting) {
		json_t *where = json_pack("{s:I,s:s,s:s}", "size", (json_int_t)setting->size,
					  "direction", direction_names[setting->direction],
					  "placement", placement_names[setting->placement]);

		json_object_update(note, where);
		json_decref(where);
	}
	json_array_append_new(left_out, note);
}

static void peer_left_out(const struct peer *peer, const char *why)
{
	printf("without %s: %s\n", peer->name, why);
	note_left_out(peer->name, NULL, why);
}

/*
 * Before much time is spent. What is for people goes to standard error if the
 * lines go to the standard output.
 */
static void open_csv(const char *path)
{
	if (strcmp(path, "-")) {
		csv = fopen(path, "we");
	} else {
		csv = fdopen(dup(STDOUT_FILENO), "w");
		fflush(stdout);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	if (!csv)
		err(1, "%s", path);
	fputs(RECORD_CSV_HEADER "\n", csv);
}

static void put_csv(const struct setting *setting, const struct variant *variant)
{
	const struct stats *stats = &variant->stats;

	fprintf(csv, "%s,%zu,%s,%d,%s,%d,%u,%zu,%s,%.1f,%.1f,%.1f,%.1f,%.1f,%.1f\n",
		variant->server->peer->name, setting->size,
		direction_names[setting->direction], setting->touch,
		placement_names[setting->placement], variant->spin, options.rounds,
		variant->messages, options.unit, stats->mean, stats->p50, stats->p90,
		stats->p99, stats->p999, stats->max);
	fflush(csv);
}

static void put_record(const struct setting *setting, const struct variant *variant)
{
	json_t *record = json_pack("{s:s,s:s,s:I,s:s,s:i,s:i,s:s,s:i,s:i,s:s,s:f,s:f,s:o}",
				   "test", "latency", "peer", variant->server->peer->name,
				   "size", (json_int_t)setting->size,
				   "direction", direction_names[setting->direction],
				   "touch", setting->touch, "fill", setting->fill,
				   "placement", placement_names[setting->placement],
				   "spin", variant->spin, "rounds", options.rounds,
				   "unit", options.unit, "cpu_client", variant->cpu_client,
				   "cpu_server", variant->cpu_server, "histogram",
				   stats_histogram(variant->samples, variant->messages));

	stats_put(record, &variant->stats);
	json_array_append_new(run_results(run), record);
}

static void add_variant(const struct server *server, bool spin, bool set_spin)
{
	variants[n_variants++] = (struct variant){
		.server = server, .spin = spin, .set_spin = set_spin,
	};
}

/* Where the module's parameter can't be set, it is measured as it is. */
static void make_variants(void)
{
	const char *obstacle = param_obstacle("spin");
	bool said = false;

	for (size_t i = 0; i < n_servers; i++) {
		const struct peer *peer = servers[i].peer;

		if (peer->spin != SPIN_PARAMETER) {
			add_variant(&servers[i], peer->spin == SPIN_ALWAYS, false);
			continue;
		}
		if (!obstacle) {
			for (int spin = 0; spin < 2; spin++)
				if (options.spin[spin])
					add_variant(&servers[i], spin, true);
			continue;
		}
		add_variant(&servers[i], spin_now(peer_phxport.name), false);
		if (!said)
			printf("phxport spins as the module is set (spin=%d): %s\n",
			       variants[n_variants - 1].spin, obstacle);
		said = true;
	}
}

/* What is beyond the limit is copied, and then slower than on another machine. */
static void describe_limit(void)
{
	struct rlimit limit;

	if (!geteuid() || getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return;
	printf("RLIMIT_MEMLOCK is %lu KiB: ports copy more than that, they don't lend it (ulimit -l)\n",
	       (unsigned long)limit.rlim_cur >> 10);
	json_object_set_new(run, "memlock", json_integer(limit.rlim_cur));
}

/* And warns of one that is slow. */
static void describe_clock(void)
{
	json_t *machine = json_object_get(run, "machine");
	double cost = clock_cost();
	const char *warning = clock_warning(machine, cost);

	printf("clock: %s, %.0f %s a reading, which is subtracted; seed %lu; %u rounds\n",
	       record_word(machine, "clock_source"), cost, options.unit, options.seed,
	       options.rounds);
	if (warning)
		warnx("warning: %s", warning);
	plan.clock_cost = cost;
	json_object_set_new(run, "clock", json_pack("{s:O,s:f}", "source",
						    json_object_get(machine, "clock_source"),
						    "cost", cost));
}

/* A single CPU has no other. */
static void choose_placements(bool alone)
{
	bool *wanted = options.placements;

	if (alone && wanted[PLACEMENT_CROSS])
		errx(2, "there is one CPU: measure with --placements same");
	if (wanted[PLACEMENT_SAME] || wanted[PLACEMENT_CROSS] || wanted[PLACEMENT_FREE])
		return;
	wanted[PLACEMENT_SAME] = true;
	wanted[PLACEMENT_CROSS] = !alone;
}

static void fill_cells(struct table *table, const struct setting *setting)
{
	struct cell *cell = table->cell[table->n_sizes];

	for (size_t i = 0; i < n_variants; i++) {
		const struct variant *variant = &variants[i];

		cell[i] = (struct cell){ .value = NAN, .cpu = NAN };
		if (*variant->why) {
			strcpy(cell[i].why, variant->why);
			note_left_out(variant->server->peer->name, setting, variant->why);
			continue;
		}
		cell[i].value = latency_stat(&variant->stats, options.stat);
		cell[i].cpu = variant->cpu_client + variant->cpu_server;
		put_record(setting, variant);
		if (csv)
			put_csv(setting, variant);
	}
	table->sizes[table->n_sizes++] = setting->size;
}

static void measure_table(const struct setting *kind, unsigned int done, unsigned int all)
{
	static struct table table;
	struct setting setting = *kind;
	char text[24];

	table = (struct table){
		.setting = *kind, .variants = variants, .n_variants = n_variants,
		.stat = options.stat, .unit = options.unit,
	};
	for (size_t i = 0; i < options.n_sizes; i++) {
		setting.size = options.sizes[i];
		progress("%u of %u cases; now %s %s, touch %d, placement %s",
			 done * (unsigned int)options.n_sizes + (unsigned int)i,
			 all * (unsigned int)options.n_sizes, size_text(setting.size, text),
			 direction_names[setting.direction], setting.touch,
			 placement_names[setting.placement]);
		measure(&setting, &plan, variants, n_variants);
		fill_cells(&table, &setting);
	}
	progress_end();
	table_print(&table, &plan.cpus);
}

static unsigned int count(const bool *chosen, size_t n)
{
	unsigned int found = 0;

	for (size_t i = 0; i < n; i++)
		found += chosen[i];
	return found;
}

static void measure_tables(void)
{
	unsigned int all = count(options.touch, 2) * count(options.directions, N_DIRECTIONS) *
			   count(options.placements, N_PLACEMENTS), done = 0;
	struct setting kind = { .fill = options.fill };

	for (int touch = 1; touch >= 0; touch--)
		for (int direction = 0; direction < N_DIRECTIONS; direction++)
			for (int placement = 0; placement < N_PLACEMENTS; placement++) {
				if (!options.touch[touch] || !options.directions[direction] ||
				    !options.placements[placement])
					continue;
				kind.touch = touch;
				kind.direction = direction;
				kind.placement = placement;
				measure_table(&kind, done++, all);
			}
}

int latency_main(int argc, char **argv)
{
	bool alone;

	latency_parse(&options, argc, argv);
	cpus_choose(&plan.cpus, options.cpus);
	alone = plan.cpus.client == plan.cpus.server;
	choose_placements(alone);
	run = run_new("latency", &options.run, argc, argv);
	json_object_set_new(run, "seed", json_integer(options.seed));
	json_object_set_new(run, "options", latency_options_json(&options));
	json_object_set_new(run, "left_out", json_array());
	if (options.csv)
		open_csv(options.csv);
	describe_clock();
	describe_limit();
	if (alone)
		puts("there is one CPU, so nothing is measured across two");
	plan.rounds = options.rounds;
	plan.messages = options.messages;
	plan.time_ns = options.run.time_ns;
	n_servers = servers_start(options.peers, options.n_peers, peer_left_out, servers);
	if (!n_servers)
		errx(1, "no peer is left to measure: see above");
	make_variants();
	measure_init(options.seed);
	measure_tables();
	servers_stop();
	if (csv && (csv == stdout ? fflush(csv) : fclose(csv)))
		err(1, "%s", options.csv);
	return run_finish(run, &options.run);
}
