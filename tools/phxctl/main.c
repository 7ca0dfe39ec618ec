// SPDX-License-Identifier: GPL-2.0-only
#include "phxctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options;

const struct object *const objects[] = {
	&object_port,
	&object_client,
	&object_message,
	&object_name,
	&object_buffer,
	&object_limit,
	&object_stats,
	&object_monitor,
	&object_top,
	&object_doctor,
	&object_report,
	NULL
};

int fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("phxctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

int usage_error(const char *fmt, ...)
{
	va_list args;

	fputs("phxctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("; see phxctl help\n", stderr);
	return EXIT_USAGE;
}

int no_more(int argc, char **argv)
{
	return argc ? usage_error("'%s' is one word too many", argv[0]) : EXIT_OK;
}

bool parse_number(const char *word, const char *what, unsigned long long min,
		  unsigned long long max, unsigned long long *number)
{
	char *end;

	errno = 0;
	*number = strtoull(word, &end, 10);
	if (!errno && *word >= '0' && *word <= '9' && !*end && *number >= min && *number <= max)
		return true;
	usage_error("%s is a number from %llu to %llu, not '%s'", what, min, max, word);
	return false;
}

static void print_commands(const struct object *object)
{
	const struct command *c;

	for (c = object->commands; c->name; c++) {
		const char *usage = c->usage ? c->usage : "";
		int n = printf("  %s %s%s%s", object->name, c->name, *usage ? " " : "", usage);

		printf("%*s%s\n", n < 36 ? 36 - n : 1, "", c->help);
	}
}

static int help(void)
{
	const struct object *const *o;

	puts("usage: phxctl [OPTION...] OBJECT [COMMAND [ARGUMENT...]]\n\n"
	     "Shows what the kernel module phxport has, and steers it.\n");
	for (o = objects; *o; o++)
		print_commands(*o);
	puts("\n  -j, --json         JSON instead of tables\n"
	     "  -p, --pretty       JSON with indentation\n"
	     "  -n, --numeric      users by their numbers\n"
	     "  -V, --version      the version of phxctl\n"
	     "  -h, --help         this\n\n"
	     "Without a command the first of an object is meant. Exit codes: 0 good, 1 it\n"
	     "failed, or doctor found something to mend, 2 wrong usage. See phxctl(8).");
	return EXIT_OK;
}

static int help_on(const struct object *object)
{
	printf("phxctl %s: %s\n\n", object->name, object->help);
	print_commands(object);
	return EXIT_OK;
}

static int run_object(const struct object *object, int argc, char **argv)
{
	const struct command *c = object->commands;

	/* Options and numbers are the first command's. */
	if (!argc || argv[0][0] == '-' || (argv[0][0] >= '0' && argv[0][0] <= '9'))
		return c->run(argc, argv);
	if (!strcmp(argv[0], "help"))
		return help_on(object);
	for (; c->name; c++) {
		if (!strcmp(argv[0], c->name))
			return c->run(argc - 1, argv + 1);
	}
	return usage_error("%s has no command '%s'", object->name, argv[0]);
}

/* Returns false when there is nothing else to do, with the exit code. */
static bool get_options(int argc, char **argv, int *status)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "numeric", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	*status = EXIT_OK;
	/* Those that follow the object are the object's. */
	while ((c = getopt_long(argc, argv, "+jpnVh", names, NULL)) != -1) {
		switch (c) {
		case 'j':
			options.json = true;
			break;
		case 'p':
			options.json = true;
			options.pretty = true;
			break;
		case 'n':
			options.numeric = true;
			break;
		case 'V':
			puts("phxctl " PHX_VERSION);
			return false;
		case 'h':
			help();
			return false;
		default:
			fputs("Try 'phxctl --help'.\n", stderr);
			*status = EXIT_USAGE;
			return false;
		}
	}
	return true;
}

/* What was printed must have gone somewhere. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return fail("could not write what it found: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	const struct object *const *o;
	int status;

	if (!get_options(argc, argv, &status))
		return finish(status);
	argc -= optind;
	argv += optind;
	if (!argc)
		return usage_error("which object?");
	if (!strcmp(argv[0], "help"))
		return finish(help());
	if (!strcmp(argv[0], "complete"))
		return finish(complete(argc - 1, argv + 1));
	for (o = objects; *o; o++) {
		if (!strcmp(argv[0], (*o)->name))
			return finish(run_object(*o, argc - 1, argv + 1));
	}
	return usage_error("there is no object '%s'", argv[0]);
}
