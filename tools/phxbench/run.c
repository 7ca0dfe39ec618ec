// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "machine.h"

static FILE *json_file;

/* Ends the program, with the usage or a sentence, if that is what is left to do. */
void run_parse(const struct run_command *command, struct run_options *options,
	       int argc, char **argv)
{
	int option;

	argv[0] = program_invocation_short_name;
	while ((option = getopt_long(argc, argv, "h", command->options, NULL)) >= 0) {
		switch (option) {
		case RUN_PEERS:
			options->peers = optarg;
			break;
		case RUN_TIME:
			options->time_ns = parse_number("time", optarg, 1, 3600000) * 1000000;
			break;
		case RUN_QUICK:
			options->quick = true;
			break;
		case RUN_JSON:
			options->json = optarg;
			break;
		case RUN_CHECK:
			options->check = optarg;
			break;
		case 'h':
			fputs(command->usage, stdout);
			exit(0);
		case '?':
			errx(2, "see phxbench %s --help", command->name);
		default:
			command->own_option(option, optarg);
		}
	}
	if (optind < argc)
		errx(2, "'%s' is no option; see phxbench %s --help", argv[optind],
		     command->name);
}

/*
 * Before much time is spent, as it may not be writable. If it is the standard
 * output, what is for people goes to standard error.
 */
static void open_json(const char *path)
{
	if (strcmp(path, "-")) {
		json_file = fopen(path, "we");
	} else {
		json_file = fdopen(dup(STDOUT_FILENO), "w");
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	if (!json_file)
		err(1, "%s", path);
}

/* Also prints what machine this is. */
json_t *run_new(const char *test, const struct run_options *options, int argc, char **argv)
{
	json_t *command = json_array(), *machine = machine_describe();
	time_t now = time(NULL);
	char date[40];

	if (options->json)
		open_json(options->json);
	machine_print(stdout, machine, "");
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_string(argv[i]));
	json_array_insert_new(command, 1, json_string(test));
	return json_pack("{s:s,s:s,s:o,s:s,s:o,s:o}", "phxbench", PHX_VERSION, "test", test,
			 "command", command, "date", date, "machine", machine,
			 "results", json_array());
}

json_t *run_results(json_t *run)
{
	return json_object_get(run, "results");
}

/* Writes the JSON output, holds the bars, frees the run; gives the exit code. */
int run_finish(json_t *run, const struct run_options *options)
{
	const char *test = json_string_value(json_object_get(run, "test"));
	int status = 0;
	json_t *runs;

	fflush(stdout);
	if (json_file) {
		json_dumpf(run, json_file, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
		fputc('\n', json_file);
		if (fclose(json_file))
			err(1, "%s", options->json);
	}
	if (options->check) {
		runs = json_pack("{s:O}", test, run_results(run));
		status = check_records(options->check, runs);
		json_decref(runs);
	}
	json_decref(run);
	return status;
}

/* 64, 4K, 1M: bytes. */
size_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long size = strtoul(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	int shift = unit ? 10 * (unit - units + 1) : 0;

	if (end == text || *text == '-' || end[!!unit] || size > SIZE_MAX >> shift >> 1)
		errx(2, "'%s' is no size; write 64, 4K or 1M", text);
	return size << shift;
}

/* The same, with commas; gives how many there were. */
size_t parse_sizes(const char *option, const char *text, size_t *sizes, size_t room)
{
	char *copy = strdup(text), *next = copy, *one;
	size_t n = 0;

	while ((one = strsep(&next, ","))) {
		if (n == room)
			errx(2, "--%s takes at most %zu sizes", option, room);
		sizes[n++] = parse_size(one);
	}
	free(copy);
	return n;
}

unsigned long parse_number(const char *option, const char *text, unsigned long min,
			   unsigned long max)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || number < min || number > max)
		errx(2, "--%s wants numbers from %lu to %lu, not '%s'", option, min, max, text);
	return number;
}

/* 1,2,4: gives how many there were. */
size_t parse_numbers(const char *option, const char *text, unsigned long min,
		     unsigned long max, unsigned long *numbers, size_t room)
{
	char *copy = strdup(text), *next = copy, *one;
	size_t n = 0;

	while ((one = strsep(&next, ","))) {
		if (n == room)
			errx(2, "--%s takes at most %zu numbers", option, room);
		numbers[n++] = parse_number(option, one, min, max);
	}
	free(copy);
	return n;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* CPU time that all threads of a process have used; of this one if @pid is 0. */
uint64_t cpu_ns(pid_t pid)
{
	struct timespec used;
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;

	if (pid && clock_getcpuclockid(pid, &clock))
		return 0;
	clock_gettime(clock, &used);
	return used.tv_sec * 1000000000ULL + used.tv_nsec;
}

void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "CPU %d can't be used", cpu);
}

/* Can what is on a line be written over? */
static bool terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
}

/* What is being done: on one line of a terminal, or a line every some seconds. */
void progress(const char *format, ...)
{
	static uint64_t last;
	va_list args;

	if (!terminal() && now_ns() - last < 5000000000ULL)
		return;
	last = now_ns();
	fputs(terminal() ? "\r\033[K" : "phxbench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (!terminal())
		fputc('\n', stderr);
}

/* Before something else is printed. */
void progress_end(void)
{
	if (terminal())
		fputs("\r\033[K", stderr);
}
