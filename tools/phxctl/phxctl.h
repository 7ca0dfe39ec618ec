/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phxctl: shows what the module phxport has, and steers it. A command is a word
 * of an object, which is a file of its own; what it gets from the kernel is a
 * JSON value (kernel.h, attr.h), and from that come JSON and tables alike (output.h).
 */
#ifndef PHXCTL_H
#define PHXCTL_H

#include <stdbool.h>

/* Exit codes. */
enum {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,	/* the kernel said no, or doctor found something */
	EXIT_USAGE	= 2,
};

/**
 * struct options - what stands before the object
 * @json: JSON instead of tables
 * @pretty: JSON with indentation
 * @numeric: users by their numbers
 */
struct options {
	bool json;
	bool pretty;
	bool numeric;
};

extern struct options options;

/**
 * struct command - a word after the object
 * @name: the word
 * @run: gets the words after it, without itself; returns the exit code
 * @usage: what may follow it, for the help
 * @help: what it does, a sentence
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
	const char *help;
};

/**
 * struct object - what can be looked at or steered
 * @name: the word
 * @help: what it is
 * @commands: the first is what happens without a word; ends with an empty one
 */
struct object {
	const char *name;
	const char *help;
	const struct command *commands;
};

extern const struct object object_port, object_client, object_message, object_name,
	object_buffer, object_limit, object_stats, object_monitor, object_top,
	object_doctor, object_report;

/* Ends with NULL. */
extern const struct object *const objects[];

/* For the completion of bash: the words that may come next. */
int complete(int argc, char **argv);

/* A sentence to standard error; both return the exit code. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For a command that takes no more words. */
int no_more(int argc, char **argv);

/* A whole number from @min to @max; a word that is none is a usage error. */
bool parse_number(const char *word, const char *what, unsigned long long min,
		  unsigned long long max, unsigned long long *number);

#endif /* PHXCTL_H */
