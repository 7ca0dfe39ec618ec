// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text: a line for each call, "LANE OP NAME=VALUE ...", without what
 * is zero; lines that begin with # are for people.
 */
#include "fuzz.h"

static const char blanks[] = { ' ', '\n', 0 };

static void print_one(FILE *f, const char *name, __u64 value)
{
	if (value)
		fprintf(f, " %s=%#llx", name, (unsigned long long)value);
}

/**
 * fz_print() - write a program
 * @f: where to
 * @p: the program
 */
void fz_print(FILE *f, const struct fz_program *p)
{
	unsigned int i, j;

	for (i = 0; i < p->nr; i++) {
		const struct fz_call *call = &p->call[i];
		const struct fz_op *op = &fz_ops[call->op];

		fprintf(f, "%u %s", call->lane, op->name);
		for (j = 0; j < FZ_ARGS && op->arg[j].kind; j++)
			print_one(f, op->arg[j].name, call->arg[j]);
		print_one(f, "PLACE", call->place);
		print_one(f, "MUTATE", call->mutate);
		print_one(f, "FAIL", call->fail);
		print_one(f, "SIZE", call->size);
		fputc('\n', f);
	}
}

static bool find_op(const char *name, unsigned int *op)
{
	for (*op = 0; *op < fz_nr_ops; ++*op)
		if (!strcmp(name, fz_ops[*op].name))
			return true;
	return false;
}

static bool set_one(struct fz_call *call, const char *name, __u64 value)
{
	const struct fz_arg *arg = fz_ops[call->op].arg;
	int i;

	for (i = 0; i < FZ_ARGS && arg[i].kind; i++) {
		if (strcmp(arg[i].name, name))
			continue;
		call->arg[i] = value;
		return arg[i].kind != FZ_CHOICE || value < arg[i].max;
	}
	if (!strcmp(name, "PLACE"))
		call->place = value % FZ_PLACES;
	else if (!strcmp(name, "MUTATE"))
		call->mutate = value;
	else if (!strcmp(name, "FAIL"))
		call->fail = value;
	else if (!strcmp(name, "SIZE"))
		call->size = value;
	else
		return false;
	return true;
}

static bool parse_line(char *line, struct fz_call *call)
{
	char *word, *rest, *end;

	memset(call, 0, sizeof(*call));
	word = strtok_r(line, blanks, &rest);
	call->lane = strtoul(word, &end, 0);
	if (*end || call->lane >= FZ_LANES)
		return false;
	word = strtok_r(NULL, blanks, &rest);
	if (!word || !find_op(word, &call->op))
		return false;
	while ((word = strtok_r(NULL, blanks, &rest))) {
		char *equals = strchr(word, '=');

		if (!equals)
			return false;
		*equals = 0;
		if (!set_one(call, word, strtoull(equals + 1, &end, 0)) || *end)
			return false;
	}
	return true;
}

/**
 * fz_parse() - read a program
 * @f: where from
 * @p: out: the program
 *
 * Return: 0, or the number of the line that is none.
 */
int fz_parse(FILE *f, struct fz_program *p)
{
	char line[1024];
	int nr;

	p->nr = 0;
	for (nr = 1; fgets(line, sizeof(line), f); nr++) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (p->nr == FZ_CALLS || !parse_line(line, &p->call[p->nr]))
			return nr;
		p->nr++;
	}
	return p->nr ? 0 : nr;
}
