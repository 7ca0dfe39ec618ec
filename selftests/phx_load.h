/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs of actors that send to each other while others are killed, each on a stage
 * of its own; and what their director needs.
 */
#ifndef PHX_LOAD_H
#define PHX_LOAD_H

#include "phx_acts.h"

#define LOADS 3

static inline bool wait_steps(struct actor *a, int steps)
{
	int i;

	for (i = 0; i < 20 * PATIENCE_MS && atomic_load(&a->steps) < steps; i++)
		usleep(50);
	return atomic_load(&a->steps) >= steps;
}

static inline bool wait_port(struct actor *a)
{
	int i;

	for (i = 0; i < 20 * PATIENCE_MS && !atomic_load(&a->port); i++)
		usleep(50);
	return atomic_load(&a->port);
}

static inline void give_order(struct actor *a, enum order order)
{
	int i;

	for (i = 0; i < PATIENCE_MS && atomic_load(&a->order); i++)
		usleep(1000);
	flag_set(&a->order, order);
}

/* So that there is time left for what it is about. */
#define LOAD_PAUSE_US 1000

/* Others who send messages meanwhile, some lent and some copied. */
static const struct state loads[LOADS] = {
	{ .name = "lent", .client = client_send, .server = server_serve, .moving = true,
	  .pause_us = LOAD_PAUSE_US },
	{ .name = "both", .client = client_send, .server = server_both, .moving = true,
	  .pause_us = LOAD_PAUSE_US },
	{ .name = "copied", .client = client_send, .server = server_serve, .moving = true,
	  .copy = true, .pause_us = LOAD_PAUSE_US },
};

static inline void load_start(struct stage *load[LOADS])
{
	int i;

	for (i = 0; i < LOADS; i++) {
		memset(load[i]->actors, 0, sizeof(load[i]->actors));
		load[i]->state = &loads[i];
		actor_start(load[i], SERVER);
		wait_port(&load[i]->actors[SERVER]);
		actor_start(load[i], CLIENT);
	}
}

#endif /* PHX_LOAD_H */
