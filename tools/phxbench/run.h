/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run of a subcommand: what the outputs are made from, as one JSON object:
 *
 *	phxbench (version), test, command (array), date, machine, results (array of
 *	records, see records.h)
 *
 * and options that several subcommands have.
 */
#ifndef PHXBENCH_RUN_H
#define PHXBENCH_RUN_H

#include <jansson.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Options that all of them have, for getopt_long(). */
enum run_option { RUN_PEERS = 256, RUN_TIME, RUN_QUICK, RUN_JSON, RUN_CHECK, RUN_OWN };

#define RUN_PEER_OPTIONS						\
	{ "peers", required_argument, NULL, RUN_PEERS },		\
	{ "time", required_argument, NULL, RUN_TIME }

#define RUN_OPTIONS							\
	{ "quick", no_argument, NULL, RUN_QUICK },			\
	{ "json", required_argument, NULL, RUN_JSON },			\
	{ "check", required_argument, NULL, RUN_CHECK },		\
	{ "help", no_argument, NULL, 'h' }

#define RUN_USAGE							\
	"  --quick           less of all, for a first look\n"		\
	"  --json FILE       writes all results; - for the standard output\n" \
	"  --check FILE      holds the results against the bars in FILE\n"	\
	"  -h, --help\n"

struct run_options {
	const char *peers, *json, *check;
	uint64_t time_ns;
	bool quick;
};

/**
 * struct run_command - a subcommand that measures
 * @name: of it
 * @usage: for --help
 * @options: with RUN_OPTIONS among them
 * @own_option: takes those from RUN_OWN on
 */
struct run_command {
	const char *name;
	const char *usage;
	const struct option *options;
	void (*own_option)(int option, const char *value);
};

void run_parse(const struct run_command *command, struct run_options *options,
	       int argc, char **argv);
json_t *run_new(const char *test, const struct run_options *options, int argc, char **argv);
json_t *run_results(json_t *run);
int run_finish(json_t *run, const struct run_options *options);

size_t parse_size(const char *text);
size_t parse_sizes(const char *option, const char *text, size_t *sizes, size_t room);
unsigned long parse_number(const char *option, const char *text, unsigned long min,
			   unsigned long max);
size_t parse_numbers(const char *option, const char *text, unsigned long min,
		     unsigned long max, unsigned long *numbers, size_t room);

uint64_t now_ns(void);
uint64_t cpu_ns(pid_t pid);
void use_cpu(int cpu);
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_end(void);

#endif
