// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench calibrate: finds the module's parameters for this machine.
 */
#include "calibrate.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "param.h"
#include "plot.h"
#include "run.h"

#define CONF_FILE	"/etc/modprobe.d/phxport.conf"
#define CONF_HEAD	"# Written by phxbench calibrate; it may write it anew.\n"

static const char usage[] =
	"usage: phxbench calibrate [OPTION...]\n"
	"\n"
	"Finds for this machine from which size on a buffer is better lent than copied\n"
	"(lend_min), and how long senders and receivers may spin before they sleep\n"
	"(spin_send_us, spin_recv_us), and prints the line for modprobe.d. Meanwhile it\n"
	"changes the parameters of the module that is loaded, for which it takes root;\n"
	"when it ends they are as before.\n"
	"\n"
	"  --write[=FILE]    writes the line to FILE, " CONF_FILE "\n"
	"                    unless given\n"
	"  --placement WHAT  of client and server when they copy and lend: same or cross\n"
	"                    CPUs; same unless given, where there is least noise\n"
	"  --time MS         for each case; 200\n"
	"  --plot FILE       draws the curves as SVG, with gnuplot\n"
	RUN_USAGE;

enum { WRITE = RUN_OWN, PLACEMENT, PLOT };

static const struct option options[] = {
	RUN_OPTIONS,
	{ "time", required_argument, NULL, RUN_TIME },
	{ "write", optional_argument, NULL, WRITE },
	{ "placement", required_argument, NULL, PLACEMENT },
	{ "plot", required_argument, NULL, PLOT },
	{ 0 }
};

static const char *write_path, *plot_path;
static bool cross;

static void own_option(int option, const char *value)
{
	if (option == WRITE) {
		write_path = value ?: CONF_FILE;
	} else if (option == PLOT) {
		plot_path = value;
	} else {
		cross = !strcmp(value, "cross");
		if (!cross && strcmp(value, "same"))
			errx(2, "--placement is same or cross, not '%s'", value);
	}
}

static const struct run_command command = {
	.name = "calibrate", .usage = usage, .options = options, .own_option = own_option,
};

/* A file that people wrote is theirs. */
static void check_conf(const char *path)
{
	FILE *file = fopen(path, "re");
	char head[sizeof(CONF_HEAD)] = "";

	if (!file && errno == ENOENT)
		return;
	if (!file)
		err(1, "%s", path);
	if (!fgets(head, sizeof(head), file) || strcmp(head, CONF_HEAD))
		errx(1, "%s is not from phxbench: move it away, or name another with --write=FILE",
		     path);
	fclose(file);
}

/* In one step: whoever loads the module meanwhile has the old file or the new. */
static void write_conf(const char *path, const char *line)
{
	char *part;
	FILE *file;

	if (asprintf(&part, "%s.part", path) < 0)
		err(1, "memory");
	file = fopen(part, "we");
	if (!file)
		err(1, "%s", part);
	fprintf(file, CONF_HEAD "%s\n", line);
	if (fflush(file) || fsync(fileno(file)) || fclose(file) || rename(part, path))
		err(1, "%s", path);
	free(part);
	printf("%s is written. It holds when the module is loaded next: modprobe -r phxport,\n"
	       "then modprobe phxport. Until then, as root:\n", path);
}

/* False if there is nothing to tell. */
static bool tell(const struct calibrated *all, size_t n)
{
	char line[200] = "options phxport";
	bool any = false;

	for (size_t i = 0; i < n; i++)
		if (all[i].found) {
			size_t used = strlen(line);

			snprintf(line + used, sizeof(line) - used, " %s=%lu", all[i].name,
				 all[i].value);
			any = true;
		}
	if (!any) {
		warnx("nothing was found that could be set");
		return false;
	}
	printf("\n%s\n\n", line);
	if (write_path)
		write_conf(write_path, line);
	else
		printf("With --write that line goes to " CONF_FILE ". To try it, as root:\n");
	for (size_t i = 0; i < n; i++)
		if (all[i].found)
			printf("  echo %lu >/sys/module/phxport/parameters/%s\n", all[i].value,
			       all[i].name);
	return true;
}

static void draw(const json_t *run)
{
	struct figure *figure = plot_calibrate(json_object_get(run, "results"));

	if (!figure)
		errx(1, "%s: there is nothing to draw", plot_path);
	plot_run(figure, run, plot_path);
}

int calibrate_main(int argc, char **argv)
{
	struct calibrated all[] = {
		{ .name = "lend_min" }, { .name = "spin_send_us" }, { .name = "spin_recv_us" },
	};
	struct run_options opts = { 0 };
	json_t *run;
	bool any;

	run_parse(&command, &opts, argc, argv);
	opts.time_ns = opts.time_ns ?: opts.quick ? 20000000 : 200000000;
	if (param_obstacle("lend_min"))
		errx(1, "%s", param_obstacle("lend_min"));
	if (write_path)
		check_conf(write_path);
	run = run_new("calibrate", &opts, argc, argv);
	calibrate_lend(run_results(run), cross, opts.time_ns, &all[0]);
	calibrate_spin(run_results(run), opts.time_ns, &all[1], &all[2]);
	any = tell(all, sizeof(all) / sizeof(*all));
	if (plot_path)
		draw(run);
	return run_finish(run, &opts) || !any;
}
