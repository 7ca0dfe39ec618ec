// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench: compares ports with the other ways to call another process.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "check.h"
#include "load.h"
#include "plot.h"

/* Each is given its own arguments, the name first, and gives the exit code. */
static const struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *what;
} subcommands[] = {
	{ "latency", latency_main, "round trips of all peers, side by side (the default)" },
	{ "scale", scale_main, "many clients, threads, ports, messages that are held" },
	{ "idle", idle_main, "a message now and then, and the CPU time it burns" },
	{ "memory", memory_main, "kernel memory of ports and messages" },
	{ "calibrate", calibrate_main, "the module's parameters for this machine" },
	{ "plot", plot_main, "pictures of what was measured" },
	{ "check", check_main, "results held against bars" },
	{ NULL, NULL, NULL }
};

static void usage(void)
{
	puts("usage: phxbench [SUBCOMMAND] [OPTION...]\n"
	     "\n"
	     "Compares ports with the other ways to call another process. Subcommands:\n");
	for (const struct subcommand *sub = subcommands; sub->name; sub++)
		printf("  %-10s %s\n", sub->name, sub->what);
	puts("\n"
	     "Each has --help. See phxbench(1).");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (const struct subcommand *sub = subcommands; sub->name; sub++)
		if (!strcmp(name, sub->name))
			return sub->main(argc - 1, argv + 1);
	if (!strcmp(name, "--version")) {
		puts("phxbench " PHX_VERSION);
		return 0;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		usage();
		return 0;
	}
	if (*name && *name != '-')
		errx(2, "there is no subcommand '%s'; see phxbench --help", name);
	return latency_main(argc, argv);
}
