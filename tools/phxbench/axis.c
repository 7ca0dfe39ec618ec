// SPDX-License-Identifier: GPL-2.0-only
#include "axis.h"

#include <math.h>
#include <string.h>

#define EPSILON	0.000000001	/* no rounding reaches it */

/* Tics are at powers of this. */
static double base_of(enum scale scale, const struct range *range)
{
	switch (scale) {
	case SCALE_BYTES:
		return range->to / range->from > 1 << 12 ? 16 : 4;
	case SCALE_COUNT:
		return range->to > 64 ? 10 : 2;
	default:
		return 10;
	}
}

/* Widens a range to look well. */
void axis_round(int is_y, struct range *range)
{
	if (range->from > range->to)
		*range = (struct range){ 1, 10 };
	if (is_y) {
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
double axis_share(const struct range *range, double value)
{
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
	double base = base_of(scale, range);
	double first = base == 16 ? 4 : 1;	/* 64 B, 1 KiB, 16 KiB ... */
	double value = first * pow(base, floor(log(range->from / first) / log(base)));
	const char *comma = "";

	for (; value <= range->to * (1 + EPSILON); value *= base) {
		add_tic(gp, scale, range, value, &comma);
		/* On short axes the powers of ten are too few. */
		if (base == 10 && range->to / range->from < 200) {
			add_tic(gp, scale, range, value * 2, &comma);
			add_tic(gp, scale, range, value * 5, &comma);
		}
	}
}

void axis_print(FILE *gp, const char *name, enum scale scale, const struct range *range)
{
	fprintf(gp, "set logscale %s\n", name);
	fprintf(gp, "set %srange [%.9g:%.9g]\nset %stics (", name, range->from, range->to, name);
	print_tics(gp, scale, range);
	fputs(")\n", gp);
}
