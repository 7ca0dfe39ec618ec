// SPDX-License-Identifier: GPL-2.0-only
#include "axis.h"

#include <math.h>
#include <string.h>

#define EPSILON	0.000000001	/* no rounding reaches it */

/* Tics are at powers of this; 0: the axis is linear. */
static double base_of(enum scale scale, const struct range *range)
{
	switch (scale) {
	case SCALE_BYTES:
		return range->to / range->from > 1 << 12 ? 16 : 4;
	case SCALE_CALLS:
		return 0;
	case SCALE_COUNT:
		return range->to > 64 ? 10 : 2;
	default:
		return 10;
	}
}

/* Widens a range to look well: y axes end at a tic or near one. */
void axis_round(enum scale scale, int is_y, struct range *range)
{
	if (range->from > range->to)
		*range = (struct range){ 1, 10 };
	if (!base_of(scale, range)) {
		range->from = 0;
		range->to *= 1.08;
	} else if (is_y) {
		range->from *= 0.8;
		range->to *= 1.25;
		/* At least a decade, or noise fills the picture. */
		while (range->to / range->from < 10) {
			range->from /= 1.25;
			range->to *= 1.25;
		}
	} else if (range->from == range->to) {
		range->from /= 2;
		range->to *= 2;
	}
}

/* Where a value is on the axis, from 0 to 1. */
double axis_share(enum scale scale, const struct range *range, double value)
{
	if (!base_of(scale, range))
		return (value - range->from) / (range->to - range->from);
	return log(value / range->from) / log(range->to / range->from);
}

/* 1500 and 1000: 1.5 k; the units begin with the one for 1. */
static void print_with_unit(FILE *gp, double value, double step,
			    const char *const units[], size_t n)
{
	size_t i = 0;

	for (; value >= step && i < n - 1; i++)
		value /= step;
	fprintf(gp, "'%g%s'", value, units[i]);
}

#define PRINT(gp, value, step, ...)					\
	do {								\
		static const char *const units[] = { __VA_ARGS__ };	\
		print_with_unit(gp, value, step, units,			\
				sizeof(units) / sizeof(*units));	\
	} while (0)

static void print_tic(FILE *gp, enum scale scale, double value)
{
	switch (scale) {
	case SCALE_BYTES:
		PRINT(gp, value, 1024, " B", " KiB", " MiB", " GiB");
		break;
	case SCALE_TIME:
		PRINT(gp, value, 1000, " ns", " µs", " ms", " s");
		break;
	case SCALE_PAUSE:
		if (value == PAUSE_NONE) {
			fputs("'none'", gp);
			break;
		}
		PRINT(gp, value, 1000, " ns", " µs", " ms", " s");
		break;
	case SCALE_RATE:
		PRINT(gp, value, 1000, " B/s", " kB/s", " MB/s", " GB/s", " TB/s");
		break;
	case SCALE_PERCENTILE:
		fprintf(gp, "'%.10g %%%%'", 100 - 100 / value);
		break;
	default:
		PRINT(gp, value, 1000, "", " k", " M", " G");
		break;
	}
}

/* A round step of a linear axis with about five of them. */
static double step_of(double to)
{
	double step = pow(10, floor(log10(to / 4)));

	if (to / step > 20)
		return step * 5;
	return to / step > 8 ? step * 2 : step;
}

/* One tic, if it is on the axis. */
static void add_tic(FILE *gp, enum scale scale, const struct range *range, double value,
		    const char **comma)
{
	if (value < range->from * (1 - EPSILON) || value > range->to * (1 + EPSILON))
		return;
	fputs(*comma, gp);
	print_tic(gp, scale, value);
	fprintf(gp, " %.9g", value);
	*comma = ", ";
}

static void print_tics(FILE *gp, enum scale scale, const struct range *range)
{
	double base = base_of(scale, range), step = base ? 0 : step_of(range->to);
	double first = base == 16 ? 4 : 1;	/* 64 B, 1 KiB, 16 KiB ... */
	double value = base ? first * pow(base, floor(log(range->from / first) / log(base))) : 0;
	const char *comma = "";

	for (; value <= range->to * (1 + EPSILON); value = base ? value * base : value + step) {
		add_tic(gp, scale, range, value, &comma);
		/* On short logarithmic axes the powers of ten are too few. */
		if (base == 10 && range->to / range->from < 200) {
			add_tic(gp, scale, range, value * 2, &comma);
			add_tic(gp, scale, range, value * 5, &comma);
		}
	}
}

void axis_print(FILE *gp, const char *name, enum scale scale, const struct range *range)
{
	fprintf(gp, "%sset logscale %s\n", base_of(scale, range) ? "" : "un", name);
	fprintf(gp, "set %srange [%.9g:%.9g]\nset %stics (", name, range->from, range->to, name);
	print_tics(gp, scale, range);
	fputs(")\n", gp);
}
