/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output: an array of objects, as JSON or as a table.
 */
#ifndef PHXCTL_OUTPUT_H
#define PHXCTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct column - one column of a table
 * @head: its title; NULL ends a list
 * @key: member of the objects that it shows
 * @text: makes the text instead, if that is not the member as it is
 * @left: aligned to the left
 */
struct column {
	const char *head;
	const char *key;
	void (*text)(const json_t *row, char *buf, size_t size);
	bool left;
};

/* Prints and lets go of @list. Returns the exit code. */
int output_list(json_t *list, const struct column *columns);
/* The same for one object; the table has a line for each member. */
int output_one(json_t *object);
void output_json(const json_t *json);
void output_table(const json_t *list, const struct column *columns);

/* A member as text, "-" if it is not there. */
void member_text(const json_t *row, const char *key, char *buf, size_t size);
long long member_int(const json_t *row, const char *key, long long missing);
const char *member_string(const json_t *row, const char *key);

/* Texts of some members. */
void text_user(const json_t *row, char *buf, size_t size);
void text_age(const json_t *row, char *buf, size_t size);
void format_ms(long long ms, char *buf, size_t size);

#endif /* PHXCTL_OUTPUT_H */
