// SPDX-License-Identifier: GPL-2.0-only
#include "records.h"

#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const record_keys[] = {
	"test", "size", "direction", "touch", "placement", "spin", "unit",
	"clients", "threads", "ports", "held", "gap", "object",
};
const size_t record_n_keys = sizeof(record_keys) / sizeof(*record_keys);

/* The word at @key, or "" if there is none. */
const char *record_word(const json_t *record, const char *key)
{
	return json_string_value(json_object_get(record, key)) ?: "";
}

/* The number at @key, or NAN if there is none. */
double record_number(const json_t *record, const char *key)
{
	const json_t *value = json_object_get(record, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Numbers of bytes may be written with K, M and G, as in options. */
static bool number_is(double number, const char *text)
{
	static const char units[] = "KMG";
	char *end;
	double wanted = strtod(text, &end);

	if (end == text)
		return false;
	for (size_t i = 0; units[i] && *end; i++) {
		wanted *= 1024;
		if (*end == units[i])
			return !end[1] && number == wanted;
	}
	return !*end && number == wanted;
}

/* Is the word or the number at @key what @value says? */
bool record_is(const json_t *record, const char *key, const char *value)
{
	const json_t *is = json_object_get(record, key);

	if (json_is_number(is))
		return number_is(json_number_value(is), value);
	return is && !strcmp(record_word(record, key), value);
}

/* Do both have the same at @key, or neither has anything? */
bool record_same(const json_t *a, const json_t *b, const char *key)
{
	const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	if (json_is_number(x) && json_is_number(y))
		return json_number_value(x) == json_number_value(y);
	return x == y || (x && y && json_equal(x, y));
}

static json_t *field(const char *text)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end)
		return json_string(text);
	return number == floor(number) ? json_integer(number) : json_real(number);
}

/* One line of values for the names in the header; NULL if their counts differ. */
static json_t *record_of_line(char *line)
{
	char *names = strdup(RECORD_CSV_HEADER), *next_name = names, *name, *value;
	json_t *record = json_object();

	while ((name = strsep(&next_name, ",")) && (value = strsep(&line, ",")))
		json_object_set_new(record, name, field(value));
	if (name || line) {
		json_decref(record);
		record = NULL;
	} else {
		json_object_set_new(record, "test", json_string("latency"));
	}
	free(names);
	return record;
}

/* The records of a CSV output; ends the program if @text is no such thing. */
json_t *records_of_csv(const char *path, char *text)
{
	json_t *records = json_array(), *record;
	char *line = strsep(&text, "\n");

	if (strcmp(line, RECORD_CSV_HEADER))
		errx(1, "%s: this is no CSV file of phxbench: its first line must be\n%s",
		     path, RECORD_CSV_HEADER);
	for (int n = 2; (line = strsep(&text, "\n")); n++) {
		if (!*line && !text)
			break;
		record = record_of_line(line);
		if (!record)
			errx(1, "%s:%d: this line has not as many fields as the first; write the file anew",
			     path, n);
		json_array_append_new(records, record);
	}
	return records;
}

static char *read_all(const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *text = NULL;
	size_t size = 0;

	if (!file)
		err(1, "%s", path);
	if (getdelim(&text, &size, '\0', file) < 0) {
		if (ferror(file))
			err(1, "%s", path);
		free(text);
		text = strdup("");
	}
	if (file != stdin)
		fclose(file);
	return text;
}

/*
 * What a run left in @path, as an object with an array "results"; a CSV file has
 * nothing else. Ends the program with a sentence if there is no such thing.
 */
json_t *records_load(const char *path)
{
	char *text = read_all(path);
	json_error_t error;
	json_t *run;

	if (*text != '{') {
		run = json_pack("{s:o}", "results", records_of_csv(path, text));
	} else {
		run = json_loads(text, 0, &error);
		if (!run)
			errx(1, "%s:%d: %s", path, error.line, error.text);
		if (!json_is_array(json_object_get(run, "results")))
			errx(1, "%s: this is no JSON file of phxbench: it has no \"results\"",
			     path);
	}
	free(text);
	return run;
}
