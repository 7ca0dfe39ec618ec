// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures of the other subcommands: scale, idle and calibrate.
 */
#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

/* What a curve is made of. */
struct series {
	const char *test;
	const char *peer;
	const char *key;	/* only records whose @key ... */
	const char *value;	/* ... is this; NULL: all */
	const char *x, *y;	/* members for the axes */
	double x_min;		/* smaller ones are drawn there: an axis has no 0 */
};

static struct curve *add_series(struct panel *panel, const json_t *records,
				const struct series *series, const char *label,
				const struct style *style)
{
	struct curve *curve = NULL;
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		if (!record_is(record, "test", series->test) ||
		    !record_is(record, "peer", series->peer) ||
		    (series->key && !record_is(record, series->key, series->value)))
			continue;
		curve = curve ?: panel_curve(panel, label, style);
		curve_point(curve, fmax(record_number(record, series->x), series->x_min),
			    record_number(record, series->y));
	}
	return curve;
}

static struct panel *panel(struct figure *figure, enum scale x, enum scale y,
			   const char *title, const char *x_label, const char *y_label)
{
	struct panel *panel = figure_panel(figure, x, y);

	snprintf(panel->title, sizeof(panel->title), "%s", title);
	panel->x_label = x_label;
	panel->y_label = y_label;
	return panel;
}

/* NULL, and nothing left, if no panel has a curve. */
static struct figure *if_any(struct figure *figure)
{
	for (size_t i = 0; i < figure->n_panels; i++)
		if (figure->panels[i].n_curves)
			return figure;
	figure_free(figure);
	return NULL;
}

/* Of servers with one thread; the tables have the others. */
struct figure *plot_scaling(const json_t *records)
{
	struct figure *figure = calloc(1, sizeof(*figure));
	static const struct {
		const char *title, *y_label, *member;
		enum scale y;
	} panels[] = {
		{ "calls per second, all clients together", "calls per second; higher is better",
		  "throughput", SCALE_COUNT },
		{ "99.9 % of all calls took no longer", "p99.9; lower is better",
		  "p999", SCALE_TIME },
	};

	snprintf(figure->title, sizeof(figure->title),
		 "Many clients on one server thread: 64 B requests, as fast as each client can");
	for (size_t i = 0; i < sizeof(panels) / sizeof(*panels); i++) {
		struct panel *to = panel(figure, SCALE_COUNT, panels[i].y, panels[i].title,
					 "clients", panels[i].y_label);

		for (size_t k = 0; k < plot_n_peers; k++) {
			const struct plot_peer *peer = &plot_peers[k];
			struct series series = { "clients", peer->name, "threads", "1",
						 "clients", panels[i].member, 0 };

			add_series(to, records, &series, peer->name, &peer->style);
		}
	}
	return if_any(figure);
}

struct figure *plot_ports(const json_t *records)
{
	struct figure *figure = calloc(1, sizeof(*figure));
	const struct plot_peer *peer = &plot_peers[0];
	struct series series = { "ports", peer->name, NULL, NULL, "ports", "p50", 0 };
	struct panel *to;

	snprintf(figure->title, sizeof(figure->title),
		 "64 B round trip while there are many ports, or many messages held");
	to = panel(figure, SCALE_COUNT, SCALE_TIME, "ports on the machine", "ports",
		   "lower is better");
	add_series(to, records, &series, "median", &peer->style);
	to = panel(figure, SCALE_COUNT, SCALE_TIME, "messages that the server holds",
		   "messages", "lower is better");
	series.test = "held";
	series.x = "held";
	add_series(to, records, &series, "median", &peer->style);
	return if_any(figure);
}

/* With spinning and without: the second is dashed, and only of what can spin. */
static void add_both(struct panel *to, const json_t *records, struct series *series,
		     const struct plot_peer *peer)
{
	struct style style = peer->style;
	char label[40];

	series->key = "spin";
	series->value = "1";
	if (!add_series(to, records, series, peer->name, &style)) {
		series->value = "0";
		add_series(to, records, series, peer->name, &style);
		return;
	}
	series->value = "0";
	style.dash = "(6,4)";
	style.width *= 0.7;
	snprintf(label, sizeof(label), "%s, no spin", peer->name);
	add_series(to, records, series, label, &style);
}

struct figure *plot_idle(const json_t *records)
{
	struct figure *figure = calloc(1, sizeof(*figure));
	static const struct {
		const char *title, *y_label, *member;
	} panels[] = {
		{ "latency of a message after a pause", "median; lower is better", "p50" },
		{ "CPU time burnt for it, both sides", "per message; lower is better", "cpu" },
	};

	snprintf(figure->title, sizeof(figure->title),
		 "One 64 B message now and then: two CPUs, which fall asleep in between");
	for (size_t i = 0; i < sizeof(panels) / sizeof(*panels); i++) {
		struct panel *to = panel(figure, SCALE_PAUSE, SCALE_TIME, panels[i].title,
					 "pause before each message", panels[i].y_label);

		for (size_t k = 0; k < plot_n_peers; k++) {
			struct series series = { "idle", plot_peers[k].name, NULL, NULL,
						 "gap", panels[i].member, PAUSE_NONE };

			add_both(to, records, &series, &plot_peers[k]);
		}
	}
	return if_any(figure);
}

/* How much a limit of spinning costs, a curve for each wait that was tried. */
static void add_spin(struct figure *figure, const json_t *records, const char *test,
		     const char *title)
{
	static const struct {
		const char *wait, *label;
		struct style style;
	} curves[] = {
		{ "0", "no wait", { "#08306b", 2, "1" } },
		{ "10000", "10 µs", { "#2171b5", 2, "1" } },
		{ "30000", "30 µs", { "#4bb3d3", 2, "1" } },
		{ "100000", "100 µs", { "#f58a1f", 2, "1" } },
		{ "300000", "300 µs", { "#d7301f", 2, "1" } },
		{ "1000000", "1 ms", { "#7f0000", 2, "1" } },
	};
	struct series series = { test, "phxport", "gap", NULL, "limit", "cost", PAUSE_NONE };
	struct panel *to = panel(figure, SCALE_PAUSE, SCALE_TIME, title, "limit of the spin",
				 "latency + CPU time; lower is better");

	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++) {
		series.value = curves[i].wait;
		add_series(to, records, &series, curves[i].label, &curves[i].style);
	}
	if (!to->n_curves)
		figure->n_panels--;
}

struct figure *plot_calibrate(const json_t *records)
{
	static const struct style lend = { "#d7301f", 2.6, "1" };
	static const struct style copy = { "#1f6fb4", 2, "1" };
	static const struct style untouched = { "#f58a1f", 1.6, "(6,4)" };
	struct figure *figure = calloc(1, sizeof(*figure));
	struct series series = { "lend", "phxport", "object", "lend", "size", "p50", 0 };
	struct panel *to;

	snprintf(figure->title, sizeof(figure->title), "What phxbench calibrate measured");
	to = panel(figure, SCALE_BYTES, SCALE_TIME, "a request that is copied, and lent", "bytes",
		   "median of a round trip; lower is better");
	add_series(to, records, &series, "lent", &lend);
	series.value = "copy";
	add_series(to, records, &series, "copied", &copy);
	series.value = "untouched";
	add_series(to, records, &series, "lent, not read", &untouched);
	add_spin(figure, records, "spin_recv", "a receiver spins; so long until the next message:");
	add_spin(figure, records, "spin_send", "a sender spins; so long works the server:");
	return if_any(figure);
}
