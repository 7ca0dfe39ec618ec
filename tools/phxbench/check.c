// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "records.h"

enum verdict { OK, FAILED, NOT_MEASURED, N_VERDICTS };

static const char *const verdict_names[N_VERDICTS] = {
	"ok", "FAILED", "not measured",
};

/* What a bar found. */
struct finding {
	double value;		/* the worst; NAN if there is none */
	double excess;		/* of it: how far beyond the bound, 1 is right at it */
	const json_t *record;	/* ours */
	const char *run;	/* and where it is from */
	unsigned int count;	/* cases that were looked at */
	unsigned int beyond;	/* of these, those that do not reach it */
};

static bool matches(const struct bar *bar, int side, const json_t *record,
		    const json_t *ours)
{
	if (strcmp(record_word(record, "peer"), bar->peer[side]))
		return false;
	for (size_t i = 0; i < bar->n_keys; i++) {
		const char *value = bar->keys[i].value[side];

		if (strcmp(value, "*") && !record_is(record, bar->keys[i].name, value))
			return false;
	}
	for (size_t i = 0; side && i < record_n_keys; i++) {
		const char *value = "*";

		for (size_t k = 0; k < bar->n_keys; k++)
			if (!strcmp(bar->keys[k].name, record_keys[i]))
				value = bar->keys[k].value[side];
		if (!strcmp(value, "*") && !record_same(ours, record, record_keys[i]))
			return false;
	}
	return true;
}

/* Above 1 the bound is broken; the larger, the worse. */
static double excess(const struct bar *bar, double value)
{
	double above = 0, below = 0;

	if (!isnan(bar->max))
		above = value / (bar->max * (1 + bar->margin));
	if (!isnan(bar->min))
		below = bar->min * (1 - bar->margin) / value;
	return fmax(above, below);
}

static void look_at(const struct bar *bar, double value, const json_t *record,
		    const char *run, struct finding *found)
{
	if (isnan(value))
		return;
	found->count++;
	found->beyond += excess(bar, value) > 1;
	if (found->record && excess(bar, value) <= found->excess)
		return;
	found->value = value;
	found->excess = excess(bar, value);
	found->record = record;
	found->run = run;
}

static void look_at_run(const struct bar *bar, const char *name, const json_t *records,
			struct finding *found)
{
	json_t *ours, *other;
	size_t i, k;

	json_array_foreach(records, i, ours) {
		double value = record_number(ours, bar->stat);

		if (!matches(bar, 0, ours, NULL))
			continue;
		if (!bar->ratio)
			look_at(bar, value, ours, name, found);
		else
			json_array_foreach(records, k, other)
				if (matches(bar, 1, other, ours))
					look_at(bar, value / record_number(other, bar->stat),
						ours, name, found);
	}
}

/* Which of several cases it was: the keys that the bar leaves open. */
static void print_case(const struct bar *bar, const json_t *record)
{
	for (size_t i = 0; i < bar->n_keys; i++) {
		const char *name = bar->keys[i].name;

		if (strcmp(bar->keys[i].value[0], "*"))
			continue;
		if (*record_word(record, name))
			printf(" %s=%s", name, record_word(record, name));
		else
			printf(" %s=%g", name, record_number(record, name));
	}
}

static enum verdict hold(const struct bar *bar, const json_t *runs)
{
	struct finding found = { .value = NAN };
	enum verdict verdict = NOT_MEASURED;
	const char *name;
	json_t *records;

	json_object_foreach((json_t *)runs, name, records)
		look_at_run(bar, name, records, &found);
	if (found.record)
		verdict = found.excess <= 1 ? OK : FAILED;
	printf("%-13s %s", verdict_names[verdict], bar->text);
	if (found.record) {
		printf(": %.4g", found.value);
		if (found.count > 1) {
			printf(", the worst of %u", found.count);
			if (found.beyond)
				printf(" (%u fail)", found.beyond);
			putchar(':');
			print_case(bar, found.record);
		}
		if (json_object_size(runs) > 1)
			printf(" (%s)", found.run);
	}
	putchar('\n');
	return verdict;
}

/*
 * Holds the records of @runs, an object with an array of them by name of the run,
 * against the bars in the file and prints a line for each. Cases of different runs
 * are never compared. 0 if all are reached, 1 if one is not or was not measured.
 */
int check_records(const char *bars_path, const json_t *runs)
{
	unsigned int count[N_VERDICTS] = { 0 };
	struct bar *bars;
	size_t n;

	bars = bars_load(bars_path, &n);
	for (size_t i = 0; i < n; i++)
		count[hold(&bars[i], runs)]++;
	bars_free(bars, n);
	printf("%s: %u ok, %u failed, %u not measured\n", bars_path, count[OK],
	       count[FAILED], count[NOT_MEASURED]);
	return count[FAILED] || count[NOT_MEASURED];
}

static void add_run(json_t *runs, const char *path)
{
	json_t *run = records_load(path);

	json_object_set(runs, path, json_object_get(run, "results"));
	json_decref(run);
}

static const char usage[] =
	"usage: phxbench check FILE... BARS\n"
	"\n"
	"Holds what earlier runs left in FILEs (--csv or --json outputs of phxbench)\n"
	"against the bars in BARS; phxbench(1) tells what these look like.\n"
	"Exit code: 0 all are reached, 1 one is not or was not measured, 2 wrong usage.\n"
	"\n"
	"  --csv FILE, --json FILE    the same as FILE\n"
	"  -h, --help\n";

int check_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	json_t *runs = json_object();
	int option, status;

	argv[0] = program_invocation_short_name;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			add_run(runs, optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			errx(2, "see phxbench check --help");
		}
	}
	while (optind < argc - 1)
		add_run(runs, argv[optind++]);
	if (optind != argc - 1 || !json_object_size(runs))
		errx(2, "name a CSV or JSON file of phxbench, then a file of bars");
	status = check_records(argv[optind], runs);
	json_decref(runs);
	return status;
}
