// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures of phxbench latency: latency and bandwidth by size, and the
 * distribution of the latency of small messages.
 */
#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

/* What a picture shows; each panel is for one placement. */
struct choice {
	const char *direction;
	const char *touch;
	const char *placement;
	const char *spin;
};

static const struct {
	const char *name;
	const char *title;
} placements[] = {
	{ "same", "client and server on the same CPU" },
	{ "cross", "client and server on two CPUs" },
	{ "free", "client and server not pinned" },
};

#define N_PLACEMENTS	(sizeof(placements) / sizeof(*placements))

static bool chosen(const json_t *record, const char *peer, const struct choice *choice)
{
	return record_is(record, "test", "latency") &&
	       (!peer || record_is(record, "peer", peer)) &&
	       record_is(record, "direction", choice->direction) &&
	       record_is(record, "touch", choice->touch) &&
	       record_is(record, "placement", choice->placement) &&
	       (!choice->spin || record_is(record, "spin", choice->spin));
}

static bool any(const json_t *records, const char *peer, const struct choice *choice)
{
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record)
		if (chosen(record, peer, choice))
			return true;
	return false;
}

typedef void (*adder_t)(struct curve *curve, const json_t *record);

static void add_curve(struct panel *panel, const json_t *records,
		      const struct plot_peer *peer, const struct choice *choice,
		      adder_t add)
{
	struct style style = peer->style;
	const json_t *record;
	struct curve *curve;
	char label[40];
	size_t i;

	snprintf(label, sizeof(label), "%s", peer->name);
	/* Without spinning is the exception of those that can spin. */
	if (choice->spin && !strcmp(choice->spin, "0")) {
		snprintf(label, sizeof(label), "%s, no spin", peer->name);
		style.dash = "(6,4)";
		style.width *= 0.7;
	}
	curve = panel_curve(panel, label, &style);
	json_array_foreach(records, i, record)
		if (chosen(record, peer->name, choice))
			add(curve, record);
}

/* What can spin is drawn so; the first peer also without, where that matters. */
static void add_peer(struct panel *panel, const json_t *records,
		     const struct plot_peer *peer, struct choice choice, adder_t add)
{
	choice.spin = "1";
	if (any(records, peer->name, &choice)) {
		add_curve(panel, records, peer, &choice, add);
		choice.spin = "0";
		if (!strcmp(choice.placement, "same") || peer != plot_peers ||
		    !any(records, peer->name, &choice))
			return;
	} else {
		choice.spin = NULL;
		if (!any(records, peer->name, &choice))
			return;
	}
	add_curve(panel, records, peer, &choice, add);
}

static bool in_instructions(const json_t *records)
{
	return record_is(json_array_get(records, 0), "unit", "insn");
}

static struct figure *draw(const json_t *records, const char *direction,
			   enum scale x, enum scale y, adder_t add)
{
	struct figure *figure = calloc(1, sizeof(*figure));
	struct choice choice = { .direction = direction };
	struct panel *panel;

	for (size_t i = 0; i < N_PLACEMENTS; i++) {
		choice.placement = placements[i].name;
		choice.touch = "1";
		if (!any(records, NULL, &choice))
			choice.touch = "0";
		if (!any(records, NULL, &choice))
			continue;
		panel = figure_panel(figure, x, y);
		snprintf(panel->title, sizeof(panel->title), "%s%s",
			 placements[i].title,
			 *choice.touch == '1' ? "" : ", no byte looked at");
		for (size_t k = 0; k < plot_n_peers; k++)
			add_peer(panel, records, &plot_peers[k], choice, add);
	}
	if (figure->n_panels)
		return figure;
	free(figure);
	return NULL;
}

/* The words for a direction in a title. */
static const char *what_goes(const char *direction)
{
	if (!strcmp(direction, "in"))
		return "request that the server reads";
	if (!strcmp(direction, "out"))
		return "reply that the server writes";
	return "request and its reply, each";
}

static void set_labels(struct figure *figure, const char *x, const char *y)
{
	for (size_t i = 0; i < figure->n_panels; i++) {
		figure->panels[i].x_label = x;
		figure->panels[i].y_label = y;
	}
}

static void add_latency(struct curve *curve, const json_t *record)
{
	curve_point(curve, record_number(record, "size"), record_number(record, "p50"));
}

struct figure *plot_latency(const json_t *records, const char *direction)
{
	bool insn = in_instructions(records);
	struct figure *figure = draw(records, direction, SCALE_BYTES,
				     insn ? SCALE_INSN : SCALE_TIME, add_latency);

	if (!figure)
		return NULL;
	snprintf(figure->title, sizeof(figure->title), "%s of a round trip by size of the %s",
		 insn ? "Instructions" : "Latency", what_goes(direction));
	set_labels(figure, "bytes", insn ? "instructions, median" : "median; lower is better");
	for (size_t i = 0; i < figure->n_panels; i++)
		figure->panels[i].label_slope = true;
	return figure;
}

static void add_bandwidth(struct curve *curve, const json_t *record)
{
	double bytes = record_number(record, "size");

	if (record_is(record, "direction", "both"))
		bytes *= 2;
	curve_point(curve, record_number(record, "size"),
		    bytes / record_number(record, "p50") * 1e9);
}

struct figure *plot_bandwidth(const json_t *records, const char *direction)
{
	struct figure *figure;

	if (in_instructions(records))
		return NULL;
	figure = draw(records, direction, SCALE_BYTES, SCALE_RATE, add_bandwidth);
	if (!figure)
		return NULL;
	snprintf(figure->title, sizeof(figure->title), "Bandwidth by size of the %s",
		 what_goes(direction));
	set_labels(figure, "bytes", "size by median latency; higher is better");
	return figure;
}

/* Each bin of the histogram is a step: so many calls took no longer than this. */
static void add_distribution(struct curve *curve, const json_t *record)
{
	const json_t *bins = json_object_get(record, "histogram"), *bin;
	double total = 0, sum = 0;
	size_t i;

	json_array_foreach(bins, i, bin)
		total += json_number_value(json_array_get(bin, 1));
	json_array_foreach(bins, i, bin) {
		double took = json_number_value(json_array_get(bin, 0));

		/* The share of those that took at least so long. */
		curve_point(curve, total / (total - sum), took);
		sum += json_number_value(json_array_get(bin, 1));
	}
}

/* The records with the size that is nearest to 64 B, an array of its own. */
static json_t *small(const json_t *records)
{
	json_t *found = json_array(), *record;
	double best = INFINITY;
	size_t i;

	json_array_foreach(records, i, record) {
		double from_64 = fabs(record_number(record, "size") - 64);

		if (!record_is(record, "test", "latency") || from_64 > best)
			continue;
		if (from_64 < best)
			json_array_clear(found);
		best = from_64;
		json_array_append(found, record);
	}
	return found;
}

struct figure *plot_distribution(const json_t *records)
{
	json_t *chosen_ones = small(records);
	struct figure *figure = NULL;

	if (json_array_size(chosen_ones))
		figure = draw(chosen_ones, "in", SCALE_PERCENTILE, in_instructions(records) ?
			      SCALE_INSN : SCALE_TIME, add_distribution);
	if (figure) {
		snprintf(figure->title, sizeof(figure->title),
			 "Latency of all calls with a request of %g B, from the fastest to the slowest",
			 record_number(json_array_get(chosen_ones, 0), "size"));
		set_labels(figure, "so many calls took no longer", "lower is better");
	}
	json_decref(chosen_ones);
	return figure;
}
