/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The axes of a figure, all of them logarithmic: their ranges, and how the numbers
 * along them are written.
 */
#ifndef PHXBENCH_AXIS_H
#define PHXBENCH_AXIS_H

#include <stdio.h>

#include "figure.h"

struct range {
	double from, to;
};

void axis_round(int is_y, struct range *range);
double axis_share(const struct range *range, double value);
void axis_print(FILE *gp, const char *name, enum scale scale, const struct range *range);

#endif
