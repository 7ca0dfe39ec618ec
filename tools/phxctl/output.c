// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"
#include "phxctl.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL 4200	/* the longest name, and more */

void output_json(const json_t *json)
{
	json_dumpf(json, stdout, options.pretty ? JSON_INDENT(2) : JSON_COMPACT);
	putchar('\n');
}

long long member_int(const json_t *row, const char *key, long long missing)
{
	const json_t *value = json_object_get(row, key);

	return json_is_integer(value) ? json_integer_value(value) : missing;
}

const char *member_string(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static void list_text(const json_t *list, char *buf, size_t size)
{
	size_t i, n = 0;
	json_t *item;

	snprintf(buf, size, "-");
	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			n += snprintf(buf + n, size - n, "%s%s", i ? "," : "",
				      json_string_value(item));
		else
			n += snprintf(buf + n, size - n, "%s%lld", i ? "," : "",
				      (long long)json_integer_value(item));
		if (n >= size)
			return;
	}
}

void member_text(const json_t *row, const char *key, char *buf, size_t size)
{
	const json_t *value = json_object_get(row, key);

	if (json_is_string(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(buf, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		list_text(value, buf, size);
	else
		snprintf(buf, size, "-");
}

/*
 * fgetpwent() and not getpwuid(): users are those of this machine's file, and static
 * programs can't look further.
 */
static bool user_name(unsigned int uid, char *buf, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry = NULL;

	while (file && (entry = fgetpwent(file))) {
		if (entry->pw_uid == uid)
			break;
	}
	if (entry)
		snprintf(buf, size, "%s", entry->pw_name);
	if (file)
		fclose(file);
	return entry;
}

void text_user(const json_t *row, char *buf, size_t size)
{
	long long uid = member_int(row, "uid", -1);

	if (uid < 0 || options.numeric || !user_name(uid, buf, size))
		member_text(row, "uid", buf, size);
}

void format_ms(long long ms, char *buf, size_t size)
{
	long long s = ms / 1000;

	if (ms < 0)
		snprintf(buf, size, "-");
	else if (s < 100)
		snprintf(buf, size, "%lld.%llds", s, ms % 1000 / 100);
	else if (s < 3600)
		snprintf(buf, size, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

void text_age(const json_t *row, char *buf, size_t size)
{
	format_ms(member_int(row, "age", -1), buf, size);
}

static void cell_text(const struct column *column, const json_t *row, char *buf)
{
	if (column->text)
		column->text(row, buf, CELL);
	else
		member_text(row, column->key, buf, CELL);
}

/* Only the last column may be longer than all others together. */
static int width_of(const struct column *column, const json_t *list)
{
	size_t i, width = strlen(column->head);
	char buf[CELL];
	json_t *row;

	json_array_foreach(list, i, row) {
		cell_text(column, row, buf);
		if (strlen(buf) > width)
			width = strlen(buf);
	}
	return width;
}

static void print_cell(const struct column *column, int width, const char *text)
{
	bool last = !column[1].head;

	if (!column->left)
		printf("%*s", width, text);
	else if (last)
		fputs(text, stdout);
	else
		printf("%-*s", width, text);
	putchar(last ? '\n' : ' ');
}

void output_table(const json_t *list, const struct column *columns)
{
	int widths[16], n;
	char buf[CELL];
	json_t *row;
	size_t i;

	for (n = 0; columns[n].head; n++)
		widths[n] = width_of(&columns[n], list);
	for (n = 0; columns[n].head; n++)
		print_cell(&columns[n], widths[n], columns[n].head);
	json_array_foreach(list, i, row) {
		for (n = 0; columns[n].head; n++) {
			cell_text(&columns[n], row, buf);
			print_cell(&columns[n], widths[n], buf);
		}
	}
}

int output_list(json_t *list, const struct column *columns)
{
	if (!list)
		return EXIT_FAILED;
	if (options.json)
		output_json(list);
	else
		output_table(list, columns);
	json_decref(list);
	return EXIT_OK;
}

int output_one(json_t *object)
{
	const char *key;
	char buf[CELL];
	json_t *value;

	if (!object)
		return EXIT_FAILED;
	if (options.json) {
		output_json(object);
	} else {
		json_object_foreach(object, key, value) {
			member_text(object, key, buf, sizeof(buf));
			printf("%-20s %s\n", key, buf);
		}
	}
	json_decref(object);
	return EXIT_OK;
}
