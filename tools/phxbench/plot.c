// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench plot: draws what runs left in JSON files.
 */
#include "plot.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "machine.h"
#include "records.h"

/* Ours stand out, floors stay in the background. */
const struct plot_peer plot_peers[] = {
	{ "phxport",		{ "#d7301f", 3.2, "1" } },
	{ "phxport-registered",	{ "#f58a1f", 2.6, "1" } },
	{ "pipe",		{ "#1f6fb4", 1.8, "1" } },
	{ "unix-stream",	{ "#4bb3d3", 1.6, "1" } },
	{ "unix-seqpacket",	{ "#2a9d8f", 1.6, "1" } },
	{ "mqueue",		{ "#9b6cc4", 1.6, "1" } },
	{ "cma",		{ "#a0703c", 1.6, "1" } },
	{ "binder",		{ "#3a8c3a", 1.8, "1" } },
	{ "shm-futex",		{ "#777777", 1.3, "(2,3)" } },
	{ "shm-spin",		{ "#aaaaaa", 1.3, "(2,3)" } },
};
const size_t plot_n_peers = sizeof(plot_peers) / sizeof(*plot_peers);

struct picture {
	const char *name;
	struct figure *(*of_direction)(const json_t *records, const char *direction);
	struct figure *(*of_all)(const json_t *records);
	const char *direction;
};

static const struct picture pictures[] = {
	{ "latency", plot_latency, NULL, "in" },
	{ "latency-out", plot_latency, NULL, "out" },
	{ "latency-both", plot_latency, NULL, "both" },
	{ "bandwidth", plot_bandwidth, NULL, "in" },
	{ "bandwidth-out", plot_bandwidth, NULL, "out" },
	{ "bandwidth-both", plot_bandwidth, NULL, "both" },
	{ "distribution", NULL, plot_distribution, NULL },
	{ "clients", NULL, plot_scaling, NULL },
	{ "ports", NULL, plot_ports, NULL },
	{ "idle", NULL, plot_idle, NULL },
	{ "calibrate", NULL, plot_calibrate, NULL },
};

/* Draws a figure of a run, with its machine below the title, and frees it. */
void plot_run(struct figure *figure, const json_t *run, const char *path)
{
	machine_line(json_object_get(run, "machine"), figure->subtitle,
		     sizeof(figure->subtitle));
	figure_draw(figure, path);
	puts(path);
	figure_free(figure);
}

/* DIR/BASE-NAME.svg, but not NAME twice. */
static char *path_of(const char *dir, const char *base, const char *name)
{
	size_t head = strlen(base) - strlen(name);
	bool named = strlen(base) >= strlen(name) && !strcmp(base + head, name);
	char *path;

	if (asprintf(&path, named ? "%s/%s.svg" : "%s/%s-%s.svg", dir, base, name) < 0)
		err(1, "memory");
	return path;
}

static void draw(const struct picture *picture, const json_t *run, const char *dir,
		 const char *base)
{
	const json_t *records = json_object_get(run, "results");
	struct figure *figure;
	char *path;

	figure = picture->of_all ? picture->of_all(records) :
		 picture->of_direction(records, picture->direction);
	if (!figure)
		return;
	path = path_of(dir, base, picture->name);
	plot_run(figure, run, path);
	free(path);
}

/* FILE.json becomes DIR/FILE-latency.svg and so on. */
static void draw_all(const char *path, const char *dir)
{
	char *base = strdup(strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	json_t *run = records_load(path);
	char *dot = strrchr(base, '.');

	if (dot)
		*dot = '\0';
	for (size_t i = 0; i < sizeof(pictures) / sizeof(*pictures); i++)
		draw(&pictures[i], run, dir, base);
	json_decref(run);
	free(base);
}

static const char usage[] =
	"usage: phxbench plot [--output DIR] FILE...\n"
	"\n"
	"Draws what earlier runs left in FILEs (--json outputs of phxbench) with gnuplot,\n"
	"as SVG: DIR/FILE-latency.svg and so on, and prints their names.\n"
	"\n"
	"  -o, --output DIR    where to; the current directory unless given\n"
	"  --json FILE         the same as FILE\n"
	"  -h, --help\n";

int plot_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *dir = ".", **files = calloc(argc, sizeof(*files));
	int option, n = 0;

	argv[0] = program_invocation_short_name;
	while ((option = getopt_long(argc, argv, "o:h", options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			files[n++] = optarg;
			break;
		case 'o':
			dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			errx(2, "see phxbench plot --help");
		}
	}
	while (optind < argc)
		files[n++] = argv[optind++];
	if (!n)
		errx(2, "name a JSON file of phxbench; see phxbench plot --help");
	for (int i = 0; i < n; i++)
		draw_all(files[i], dir);
	free(files);
	return 0;
}
