/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A figure: panels side by side, each with curves, drawn by gnuplot as SVG. Each
 * curve has its name at its right end, in its colour, so that there is no legend
 * to look things up in.
 */
#ifndef PHXBENCH_FIGURE_H
#define PHXBENCH_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#define PANELS_MAX	3
#define CURVES_MAX	16

#define PAUSE_NONE	1000.0

/* How the numbers of an axis are written. */
enum scale {
	SCALE_BYTES,		/* from bytes */
	SCALE_TIME,		/* from ns */
	SCALE_PAUSE,		/* the same; PAUSE_NONE stands for none at all */
	SCALE_INSN,		/* instructions */
	SCALE_RATE,		/* from bytes per second */
	SCALE_COUNT,		/* things */
	SCALE_PERCENTILE,	/* 1 / (1 - p) */
};

struct style {
	const char *colour;
	double width;
	const char *dash;
};

struct curve {
	char label[40];
	struct style style;
	double (*points)[2];
	size_t n;
};

struct panel {
	char title[80];
	const char *x_label, *y_label;
	enum scale x, y;
	bool label_slope;	/* a curve that ends early would rise as x does */
	struct curve curves[CURVES_MAX];
	size_t n_curves;
};

struct figure {
	char title[160];
	char subtitle[400];
	struct panel panels[PANELS_MAX];
	size_t n_panels;
};

struct panel *figure_panel(struct figure *figure, enum scale x, enum scale y);
struct curve *panel_curve(struct panel *panel, const char *label,
			  const struct style *style);
void curve_point(struct curve *curve, double x, double y);
void figure_draw(struct figure *figure, const char *path);
void figure_free(struct figure *figure);

#endif
