// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <getopt.h>
#include <linux/phxport_netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* How long the first look lasts on a screen */
#define FIRST_MS	300

/**
 * struct top - what is shown, and how
 * @batch: for a file: no screen, no end of lines at its border
 * @delay_ms: between two looks
 * @count: looks, 0 for no end
 * @key: member that is sorted by, the greatest first
 * @before: ports at the last look
 * @stats: counters at the last look
 * @at: when that was, in milliseconds
 */
struct top {
	bool batch;
	unsigned long long delay_ms;
	unsigned long long count;
	const char *key;
	json_t *before;
	json_t *stats;
	long long at;
};

static const char *const keys[] = { "rate", "queued", "waiting", "received", "id", NULL };

static const struct column columns[] = {
	{ "PORT", "id" },
	{ "PID", "pid" },
	{ "USER", NULL, text_user, true },
	{ "QUEUED", "queued" },
	{ "WAITING", "waiting" },
	{ "MSG/S", "rate" },
	{ "RECEIVED", "received" },
	{ "COMMAND", "comm", NULL, true },
	{ }
};

static volatile sig_atomic_t stopped;
static struct termios saved_mode;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
}

/* So that the key q is seen at once, and not printed. */
static void prepare_terminal(void)
{
	struct termios mode;

	if (tcgetattr(STDIN_FILENO, &saved_mode))
		return;
	mode = saved_mode;
	mode.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	atexit(restore_terminal);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static json_t *by_id(const json_t *ports)
{
	json_t *map = json_object(), *row;
	char key[32];
	size_t i;

	json_array_foreach(ports, i, row) {
		member_text(row, "id", key, sizeof(key));
		json_object_set(map, key, row);
	}
	return map;
}

/* Per second; all that a port ever received if it is new. */
static void add_rates(const json_t *ports, const json_t *before, long long ms)
{
	char key[32];
	json_t *row;
	size_t i;

	json_array_foreach(ports, i, row) {
		long long n = member_int(row, "received", 0);

		member_text(row, "id", key, sizeof(key));
		n -= member_int(json_object_get(before, key), "received", 0);
		json_object_set_new(row, "rate", json_integer(ms && n > 0 ? n * 1000 / ms : 0));
	}
}

static const char *sort_key;

static int compare(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	long long n = member_int(*x, sort_key, 0), m = member_int(*y, sort_key, 0);

	if (n != m)
		return n < m ? 1 : -1;
	return member_int(*x, "id", 0) > member_int(*y, "id", 0) ? 1 : -1;
}

static json_t *sorted(json_t *list, const char *key)
{
	size_t nr = json_array_size(list), i;
	json_t **rows = calloc(nr + 1, sizeof(*rows)), *result = json_array();

	for (i = 0; i < nr; i++)
		rows[i] = json_array_get(list, i);
	sort_key = key;
	qsort(rows, nr, sizeof(*rows), compare);
	for (i = 0; i < nr; i++)
		json_array_append(result, rows[i]);
	free(rows);
	json_decref(list);
	return result;
}

static void print_summary(const struct top *top, const json_t *stats, long long ms)
{
	long long sent = member_int(stats, "messages_sent", 0) -
			 member_int(top->stats, "messages_sent", 0);

	printf("phxctl top: %lld clients, %lld ports, %lld messages on their way, %lld/s\n",
	       member_int(stats, "clients_live", 0), member_int(stats, "ports_live", 0),
	       member_int(stats, "messages_live", 0), ms ? sent * 1000 / ms : 0);
}

static void print_json(const json_t *ports, const json_t *stats)
{
	json_t *both = json_pack("{s:O,s:O}", "stats", stats, "ports", ports);

	output_json(both);
	json_decref(both);
}

/* What goes to a screen is cut at its borders; what was there before is wiped. */
static void show_on_screen(char *text)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char *line, *rest = text;
	int row;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (size.ws_row < 2 || size.ws_col < 10)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	fputs("\033[H", stdout);
	for (row = 0; row < size.ws_row && (line = strsep(&rest, "\n")) && (rest || *line); row++)
		printf("%s%.*s\033[K", row ? "\r\n" : "", size.ws_col, line);
	fputs("\033[J", stdout);
}

static void print_tables(const struct top *top, json_t *ports, const json_t *stats,
			 long long ms)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size;

	if (!top->batch)
		stdout = open_memstream(&text, &size);
	print_summary(top, stats, ms);
	output_table(ports, columns);
	if (top->batch) {
		putchar('\n');
		return;
	}
	fclose(stdout);
	stdout = out;
	show_on_screen(text);
	free(text);
}

static json_t *get_stats(void)
{
	json_t *list = kernel_get(PHX_CMD_STATS_GET, 0, 0, attrs_stats, "counters");
	json_t *stats = json_incref(json_array_get(list, 0));

	json_decref(list);
	return stats;
}

/* The first look has nothing to compare with, and is not shown unless it is all. */
static int look(struct top *top, bool first)
{
	json_t *ports = kernel_dump(PHX_CMD_PORT_GET, attrs_port, "ports");
	json_t *stats = ports ? get_stats() : NULL;
	long long at = now_ms(), ms = first ? 0 : at - top->at;

	if (!ports || !stats)
		return EXIT_FAILED;
	add_rates(ports, top->before, ms);
	ports = sorted(ports, top->key);
	if (first)
		;
	else if (options.json)
		print_json(ports, stats);
	else
		print_tables(top, ports, stats, ms);
	fflush(stdout);
	json_decref(top->before);
	json_decref(top->stats);
	top->before = by_id(ports);
	top->stats = stats;
	top->at = at;
	json_decref(ports);
	return ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

/* Returns false when the user has had enough. */
static bool pause_between(const struct top *top, unsigned long long ms)
{
	struct pollfd in = { .fd = top->batch ? -1 : STDIN_FILENO, .events = POLLIN };
	long long end = now_ms() + ms, left;
	char key;

	while (!stopped && (left = end - now_ms()) > 0) {
		if (poll(&in, 1, left) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1)
			in.fd = -1;
		else if (key == 'q')
			return false;
	}
	return !stopped;
}

static int run(struct top *top)
{
	struct sigaction sa = { .sa_handler = stop };
	unsigned long long n = 0, ms = top->delay_ms;
	int status;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!top->batch) {
		prepare_terminal();
		fputs("\033[H\033[J", stdout);
		/* Nobody likes to look at an empty screen. */
		ms = ms < FIRST_MS ? ms : FIRST_MS;
	}
	status = look(top, true);
	while (!status && pause_between(top, ms)) {
		status = look(top, false);
		ms = top->delay_ms;
		if (top->count && ++n == top->count)
			break;
	}
	if (!top->batch)
		putchar('\n');
	json_decref(top->before);
	json_decref(top->stats);
	return status;
}

static bool known_key(const char *key)
{
	int i;

	for (i = 0; keys[i]; i++) {
		if (!strcmp(keys[i], key))
			return true;
	}
	usage_error("top sorts by rate, queued, waiting, received or id, not '%s'", key);
	return false;
}

static bool parse_delay(const char *word, unsigned long long *ms)
{
	char *end;
	double seconds = strtod(word, &end);

	if (end != word && !*end && seconds >= 0.1 && seconds <= 86400) {
		*ms = seconds * 1000;
		return true;
	}
	usage_error("a delay is 0.1 to 86400 seconds, not '%s'", word);
	return false;
}

static bool get_top_options(int argc, char **argv, struct top *top)
{
	static const struct option names[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "delay", required_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'c' },
		{ "sort", required_argument, NULL, 's' },
		{ }
	};
	bool good = true;
	int c;

	optind = 1;
	while (good && (c = getopt_long(argc, argv, "bd:c:s:", names, NULL)) != -1) {
		if (c == 'b')
			top->batch = true;
		else if (c == 'd')
			good = parse_delay(optarg, &top->delay_ms);
		else if (c == 'c')
			good = parse_number(optarg, "a count", 1, 1000000, &top->count);
		else if (c == 's')
			good = known_key(top->key = optarg);
		else
			good = false;
	}
	if (good && optind < argc)
		good = no_more(argc - optind, argv + optind) == EXIT_OK;
	return good;
}

static int top(int argc, char **argv)
{
	struct top top = { .delay_ms = 2000, .key = "rate" };

	/* getopt() wants the word before. */
	if (argc && !get_top_options(argc + 1, argv - 1, &top))
		return EXIT_USAGE;
	if (options.json || !isatty(STDOUT_FILENO))
		top.batch = true;
	return run(&top);
}

static const struct command commands[] = {
	{ "show", top, "[--batch] [--delay S] [--count N] [--sort KEY]",
	  "ports by what they do, until q" },
	{ }
};

const struct object object_top = { "top", "ports by what they do", commands };
