// SPDX-License-Identifier: GPL-2.0-only
#include "bars.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

#define BLANKS	" \t\r"

/* Where a line stands, for sentences about it. */
struct place {
	const char *path;
	int line;
};

/* Splits A/B; without a slash both are A. */
static bool split(char *text, const char *value[2])
{
	char *slash = strchr(text, '/');

	value[0] = text;
	value[1] = text;
	if (slash) {
		*slash = '\0';
		value[1] = slash + 1;
	}
	return slash;
}

static double number(const struct place *at, const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (!strcmp(name, "margin") && *end == '%') {
		value /= 100;
		end++;
	}
	if (end == text || *end || !(value >= 0))
		errx(2, "%s:%d: %s=%s is no number; write %s=%s", at->path, at->line,
		     name, text, name, strcmp(name, "margin") ? "0.85" : "5%");
	return value;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < record_n_keys; i++)
		if (!strcmp(record_keys[i], name))
			return true;
	return false;
}

static void add_key(struct bar *bar, const struct place *at, char *name, char *value)
{
	struct bar_key *key = &bar->keys[bar->n_keys];

	if (!known(name))
		errx(2, "%s:%d: no case has a '%s'; phxbench(1) names the keys",
		     at->path, at->line, name);
	if (bar->n_keys++ == BAR_KEYS_MAX)
		errx(2, "%s:%d: too many keys", at->path, at->line);
	key->name = name;
	bar->ratio |= split(value, key->value);
}

static void add_word(struct bar *bar, const struct place *at, char *name)
{
	char *value = strchr(name, '=');

	if (!value || !value[1])
		errx(2, "%s:%d: '%s' is not key=value", at->path, at->line, name);
	*value++ = '\0';
	if (!strcmp(name, "stat"))
		bar->stat = value;
	else if (!strcmp(name, "max"))
		bar->max = number(at, name, value);
	else if (!strcmp(name, "min"))
		bar->min = number(at, name, value);
	else if (!strcmp(name, "margin"))
		bar->margin = number(at, name, value);
	else
		add_key(bar, at, name, value);
}

static const struct bar_key *find_key(const struct bar *bar, const char *name)
{
	for (size_t i = 0; i < bar->n_keys; i++)
		if (!strcmp(bar->keys[i].name, name))
			return &bar->keys[i];
	return NULL;
}

static void parse(struct bar *bar, const struct place *at, const char *line)
{
	char *next, *word;

	*bar = (struct bar){ .text = strdup(line), .words = strdup(line),
			     .min = NAN, .max = NAN };
	next = bar->words;
	word = strsep(&next, BLANKS);
	bar->ratio = split(word, bar->peer);
	while ((word = strsep(&next, BLANKS)))
		if (*word)
			add_word(bar, at, word);
	if (!bar->stat)
		errx(2, "%s:%d: stat= is missing, such as stat=p50", at->path, at->line);
	if (isnan(bar->min) && isnan(bar->max))
		errx(2, "%s:%d: max= or min= is missing", at->path, at->line);
	if (!find_key(bar, "test") && bar->n_keys < BAR_KEYS_MAX)
		bar->keys[bar->n_keys++] = (struct bar_key){ "test", { "latency", "latency" } };
}

/* Cuts comments, and blanks at both ends. */
static char *trim(char *line)
{
	line[strcspn(line, "#\n")] = '\0';
	line += strspn(line, BLANKS);
	for (size_t n = strlen(line); n && strchr(BLANKS, line[n - 1]); n--)
		line[n - 1] = '\0';
	return line;
}

/* Ends the program with a sentence if the file is not as it should be. */
struct bar *bars_load(const char *path, size_t *n)
{
	struct place at = { .path = path };
	FILE *file = fopen(path, "r");
	struct bar *bars = NULL;
	char *line = NULL, *text;
	size_t room = 0;

	if (!file)
		err(2, "%s", path);
	for (*n = 0; getline(&line, &room, file) >= 0;) {
		at.line++;
		text = trim(line);
		if (!*text)
			continue;
		bars = reallocarray(bars, *n + 1, sizeof(*bars));
		if (!bars)
			err(1, "%s", path);
		parse(&bars[(*n)++], &at, text);
	}
	free(line);
	fclose(file);
	if (!*n)
		errx(2, "%s: there is no bar in it", path);
	return bars;
}

void bars_free(struct bar *bars, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(bars[i].text);
		free(bars[i].words);
	}
	free(bars);
}
