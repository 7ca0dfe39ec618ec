/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables for people: sizes down, peers across, in 100 columns.
 */
#ifndef PHXBENCH_TABLE_H
#define PHXBENCH_TABLE_H

#include "measure.h"

#define SIZES_MAX	32
#define VARIANTS_MAX	(2 * PEERS_MAX)

struct cell {
	double value;		/* NAN if it was not measured */
	double cpu;
	char why[160];
};

/**
 * struct table - all sizes of one kind of setting
 * @setting: the kind; its size is nothing
 * @variants: the columns
 * @stat: name of the statistic that is shown
 * @unit: "ns" or "insn"
 * @cell: by size and variant
 */
struct table {
	struct setting setting;
	const struct variant *variants;
	size_t n_variants;
	const char *stat, *unit;
	size_t sizes[SIZES_MAX];
	size_t n_sizes;
	struct cell cell[SIZES_MAX][VARIANTS_MAX];
};

const char *size_text(size_t size, char text[24]);
void table_print(const struct table *table, const struct cpus *cpus);

#endif
