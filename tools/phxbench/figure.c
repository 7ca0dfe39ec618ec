// SPDX-License-Identifier: GPL-2.0-only
#include "figure.h"

#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "axis.h"

/* In pixels; the height and what is around the curves of a panel. */
#define PANEL_WIDTH	570
#define WIDTH_MIN	840	/* for the title */
#define HEIGHT		484
#define LEFT		106
#define RIGHT		138
#define TOP		92
#define BOTTOM		64
#define LABEL_HEIGHT	16

struct panel *figure_panel(struct figure *figure, enum scale x, enum scale y)
{
	struct panel *panel = &figure->panels[figure->n_panels];

	if (figure->n_panels == PANELS_MAX)
		errx(1, "a figure can't have so many panels");
	figure->n_panels++;
	panel->x = x;
	panel->y = y;
	return panel;
}

struct curve *panel_curve(struct panel *panel, const char *label,
			  const struct style *style)
{
	struct curve *curve = &panel->curves[panel->n_curves];

	if (panel->n_curves == CURVES_MAX)
		errx(1, "a panel can't have so many curves; draw fewer peers");
	panel->n_curves++;
	snprintf(curve->label, sizeof(curve->label), "%s", label);
	curve->style = *style;
	return curve;
}

static int compare_points(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Points that can't be drawn are left out. */
void curve_point(struct curve *curve, double x, double y)
{
	if (!isfinite(x) || !isfinite(y) || x <= 0 || y <= 0)
		return;
	curve->points = reallocarray(curve->points, curve->n + 1,
				     sizeof(*curve->points));
	if (!curve->points)
		err(1, "points");
	curve->points[curve->n][0] = x;
	curve->points[curve->n++][1] = y;
}

/* gnuplot's string, in which nothing is special. */
static void quote(FILE *gp, const char *text)
{
	fputc('\'', gp);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', gp);
		if ((unsigned char)*text >= ' ')
			fputc(*text, gp);
	}
	fputc('\'', gp);
}

/* The same, to be set: the n-th label of the figure. */
static void put_label(FILE *gp, const char *text, const char *at, const char *how)
{
	fputs("set label ", gp);
	quote(gp, text);
	fprintf(gp, " at %s %s\n", at, how);
}

static void panel_range(const struct panel *panel, int axis, struct range *range)
{
	*range = (struct range){ INFINITY, -INFINITY };
	for (size_t i = 0; i < panel->n_curves; i++)
		for (size_t k = 0; k < panel->curves[i].n; k++) {
			double value = panel->curves[i].points[k][axis];

			range->from = fmin(range->from, value);
			range->to = fmax(range->to, value);
		}
	axis_round(axis, range);
}

struct label {
	const struct curve *curve;
	double at;		/* share of the panel's height */
};

static int compare_labels(const void *a, const void *b)
{
	const struct label *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Pushes them apart, upwards, and then back into the panel, downwards. */
static void spread(struct label *labels, size_t n)
{
	double gap = (double)LABEL_HEIGHT / (HEIGHT - TOP - BOTTOM), limit = 1;

	for (size_t i = 1; i < n; i++)
		labels[i].at = fmax(labels[i].at, labels[i - 1].at + gap);
	for (size_t i = n; i-- > 0; limit = labels[i].at - gap)
		labels[i].at = fmin(labels[i].at, limit);
}

static void print_labels(FILE *gp, const struct panel *panel,
			 const struct range *x, const struct range *y)
{
	struct label labels[CURVES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < panel->n_curves; i++) {
		const struct curve *curve = &panel->curves[i];
		const double *last;

		if (!curve->n)
			continue;
		last = curve->points[curve->n - 1];
		labels[n].curve = curve;
		labels[n++].at = axis_share(y, last[1] *
			(panel->label_slope ? x->to / last[0] : 1));
	}
	qsort(labels, n, sizeof(*labels), compare_labels);
	spread(labels, n);
	for (size_t i = 0; i < n; i++) {
		char at[60], how[60];

		snprintf(at, sizeof(at), "graph 1.015, graph %.4f", labels[i].at);
		snprintf(how, sizeof(how), "left textcolor rgb '%s' font ',12'",
			 labels[i].curve->style.colour);
		put_label(gp, labels[i].curve->label, at, how);
	}
}

static void print_curves(FILE *gp, const struct panel *panel, bool marks)
{
	for (size_t i = 0; i < panel->n_curves; i++) {
		const struct curve *curve = &panel->curves[i];

		fprintf(gp, "$curve%zu << EOD\n", i);
		for (size_t k = 0; k < curve->n; k++)
			fprintf(gp, "%.9g %.9g\n", curve->points[k][0], curve->points[k][1]);
		fputs("EOD\n", gp);
	}
	fputs("plot NaN notitle", gp);
	/* The first is ours, to be drawn last and above the others. */
	for (size_t i = panel->n_curves; i-- > 0;) {
		const struct curve *curve = &panel->curves[i];

		if (curve->n)
			fprintf(gp, ", $curve%zu with %s lw %g dt %s lc rgb '%s' %s notitle",
				i, marks ? "linespoints" : "lines", curve->style.width,
				curve->style.dash, curve->style.colour,
				marks ? "pt 7 ps 0.35" : "");
	}
	fputs("\nunset label\n", gp);
}

static size_t figure_width(const struct figure *figure)
{
	size_t width = PANEL_WIDTH * figure->n_panels;

	return width < WIDTH_MIN ? WIDTH_MIN : width;
}

static void print_panel(FILE *gp, const struct figure *figure, size_t i)
{
	const struct panel *panel = &figure->panels[i];
	double width = figure_width(figure), panel_width = width / figure->n_panels;
	struct range x, y;

	panel_range(panel, 0, &x);
	panel_range(panel, 1, &y);
	fprintf(gp, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n",
		(i * panel_width + LEFT) / width, ((i + 1) * panel_width - RIGHT) / width);
	axis_print(gp, "x", panel->x, &x);
	axis_print(gp, "y", panel->y, &y);
	fputs("set xlabel ", gp);
	quote(gp, panel->x_label);
	fputs("\nset ylabel ", gp);
	quote(gp, panel->y_label);
	fputc('\n', gp);
	put_label(gp, panel->title, "graph 0, graph 1.045", "left font ',14'");
	print_labels(gp, panel, &x, &y);
	print_curves(gp, panel, panel->x != SCALE_PERCENTILE);
}

static void print_figure(FILE *gp, const struct figure *figure)
{
	fprintf(gp, "set terminal svg size %zu,%d dynamic noenhanced font 'Helvetica,Arial,sans-serif,13' background rgb 'white'\n",
		figure_width(figure), HEIGHT);
	fprintf(gp, "set encoding utf8\nset multiplot\nunset key\n");
	fprintf(gp, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
		1 - (double)TOP / HEIGHT, (double)BOTTOM / HEIGHT);
	fputs("set border 3 lc rgb '#888888'\nset tics nomirror textcolor rgb '#333333'\n"
	      "set grid xtics ytics lw 0.7 lc rgb '#e4e4e4' dt 1\nset grid back\n", gp);
	put_label(gp, figure->title, "screen 0.012, screen 0.955", "left font ',17'");
	put_label(gp, figure->subtitle, "screen 0.012, screen 0.895",
		  "left font ',12' textcolor rgb '#666666'");
	for (size_t i = 0; i < figure->n_panels; i++)
		print_panel(gp, figure, i);
	fputs("unset multiplot\n", gp);
}

/* Starts gnuplot with its output to @path and gives what it reads from. */
static FILE *start_gnuplot(const char *path, pid_t *pid)
{
	char name[] = "gnuplot", *argv[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	int input[2], error;

	if (pipe2(input, O_CLOEXEC))
		err(1, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path,
					 O_WRONLY | O_CREAT | O_TRUNC, 0666);
	error = posix_spawnp(pid, name, &actions, NULL, argv, environ);
	if (error)
		errx(1, "%s: gnuplot does not start: %s (Debian's package is gnuplot-nox; is the directory there?)",
		     path, strerror(error));
	posix_spawn_file_actions_destroy(&actions);
	close(input[0]);
	return fdopen(input[1], "w");
}

void figure_draw(struct figure *figure, const char *path)
{
	int status;
	pid_t pid;
	FILE *gp;

	for (size_t i = 0; i < figure->n_panels; i++)
		for (size_t k = 0; k < figure->panels[i].n_curves; k++) {
			struct curve *curve = &figure->panels[i].curves[k];

			if (curve->n)
				qsort(curve->points, curve->n,
				      sizeof(*curve->points), compare_points);
		}
	gp = start_gnuplot(path, &pid);
	print_figure(gp, figure);
	fclose(gp);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s: gnuplot failed; what it said is above", path);
}

void figure_free(struct figure *figure)
{
	for (size_t i = 0; i < figure->n_panels; i++)
		for (size_t k = 0; k < figure->panels[i].n_curves; k++)
			free(figure->panels[i].curves[k].points);
	free(figure);
}
