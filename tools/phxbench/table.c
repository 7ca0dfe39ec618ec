// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HEADING_LINES	3

static const char *const what_goes[N_DIRECTIONS] = {
	[DIRECTION_IN] = "Requests",
	[DIRECTION_OUT] = "Replies",
	[DIRECTION_BOTH] = "Requests and replies",
};

/* As it is written in options: 64, 4K, 1M. */
const char *size_text(size_t size, char text[24])
{
	const char *unit = "";

	if (size && !(size % (1 << 20))) {
		size >>= 20;
		unit = "M";
	} else if (size && !(size % (1 << 10))) {
		size >>= 10;
		unit = "K";
	}
	snprintf(text, 24, "%zu%s", size, unit);
	return text;
}

static bool in_ns(const struct table *table)
{
	return !strcmp(table->unit, "ns");
}

static void print_title(const struct table *table, const struct cpus *cpus)
{
	const struct setting *setting = &table->setting;

	printf("\n%s by size, %s, %s", what_goes[setting->direction],
	       setting->touch ? "all bytes read and written" : "bytes not looked at",
	       setting->fill ? "the request made anew; " : "");
	switch (setting->placement) {
	case PLACEMENT_SAME:
		printf("both on CPU %d\n", cpus->client);
		break;
	case PLACEMENT_CROSS:
		printf("client on CPU %d, server on CPU %d%s\n", cpus->client, cpus->server,
		       cpus->siblings ? " of the same core" : "");
		break;
	default:
		printf("both on any CPU\n");
	}
}

static const char *heading(const struct variant *variant, int line)
{
	if (line < HEADING_LINES - 1)
		return variant->server->peer->heading[line];
	return variant->set_spin && variant->spin ? "spin" : "";
}

static void print_heading(const struct table *table)
{
	for (int line = 0; line < HEADING_LINES; line++) {
		size_t used = 0;

		for (size_t i = 0; i < table->n_variants; i++)
			used += strlen(heading(&table->variants[i], line));
		if (!used)
			continue;
		printf("%4s", "");
		for (size_t i = 0; i < table->n_variants; i++)
			printf(" %7s", heading(&table->variants[i], line));
		putchar('\n');
	}
}

static void print_number(double value)
{
	if (isnan(value))
		printf(" %7s", "-");
	else
		printf(" %7.*f", value < 10 ? 2 : value < 1000 ? 1 : 0, value);
}

/* Ours that the others are compared with: as the module is when it is loaded. */
static size_t ours(const struct table *table)
{
	size_t found = table->n_variants;

	for (size_t i = 0; i < table->n_variants; i++)
		if (table->variants[i].server->peer == &peer_phxport &&
		    (found == table->n_variants || table->variants[i].spin))
			found = i;
	return found;
}

static double ratio(const struct table *table, size_t size, size_t i)
{
	return table->cell[size][ours(table)].value / table->cell[size][i].value;
}

static double value(const struct table *table, size_t size, size_t i)
{
	return table->cell[size][i].value / 1000;
}

static double cpu(const struct table *table, size_t size, size_t i)
{
	return table->cell[size][i].cpu / 1000;
}

static void print_block(const struct table *table,
			double (*number)(const struct table *table, size_t size, size_t i))
{
	char text[24];

	for (size_t size = 0; size < table->n_sizes; size++) {
		printf("%-4s", size_text(table->sizes[size], text));
		for (size_t i = 0; i < table->n_variants; i++)
			print_number(number(table, size, i));
		putchar('\n');
	}
}

/* A line for each reason of a peer, with the sizes it is for. */
static void print_left_out(const struct table *table, size_t i)
{
	const char *why;
	char text[24];

	for (size_t size = 0; size < table->n_sizes; size++) {
		size_t n = 0, said = 0;

		why = table->cell[size][i].why;
		for (size_t k = 0; k < table->n_sizes; k++)
			if (!strcmp(table->cell[k][i].why, why))
				k < size ? said++ : n++;
		if (!*why || said)
			continue;
		printf("without %s", table->variants[i].server->peer->name);
		for (size_t k = 0; n < table->n_sizes && k < table->n_sizes; k++)
			if (!strcmp(table->cell[k][i].why, why))
				printf("%s %s", k == size ? " for" : ",",
				       size_text(table->sizes[k], text));
		printf(": %s\n", why);
	}
}

void table_print(const struct table *table, const struct cpus *cpus)
{
	const char *unit = in_ns(table) ? "us" : "thousand instructions";
	size_t mine = ours(table);

	print_title(table, cpus);
	printf("%s, %s\n", table->stat, unit);
	print_heading(table);
	print_block(table, value);
	if (mine < table->n_variants && table->n_variants > 1) {
		printf("phxport%s / peer: below 1 phxport takes less\n",
		       table->variants[mine].spin ? ", spinning," : "");
		print_block(table, ratio);
	}
	printf("CPU time of client and server, %s a message\n", unit);
	print_block(table, cpu);
	for (size_t i = 0; i < table->n_variants; i++)
		if (!i || table->variants[i].server != table->variants[i - 1].server)
			print_left_out(table, i);
	fflush(stdout);
}
