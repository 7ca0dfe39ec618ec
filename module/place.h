/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Placing: how a receiver gets to see the buffers of a message, and how that
 * ends. Each buffer goes by the cheapest class (enum phx_class) that keeps the
 * semantics: what is read is what the sender has, what is written and nothing
 * else reaches the sender, and nothing is seen after the response but what is
 * registered.
 *
 * All this is in the receiver's context, with a message that is PHX_TAKEN and
 * not yet, or no longer, in the table of held messages.
 */
#ifndef PHX_PLACE_H
#define PHX_PLACE_H

#include <linux/types.h>

struct phx_client;
struct phx_gap;
struct phx_message;

/**
 * struct phx_copy_space - memory that a receiver gives for copies
 * @at: where the free part begins
 * @left: its bytes
 */
struct phx_copy_space {
	unsigned long at;
	size_t left;
};

int phx_place(struct phx_message *msg, struct phx_client *client,
	      struct phx_copy_space space);
void phx_place_undo(struct phx_message *msg, struct phx_client *client);
int phx_take_output(struct phx_message *msg);
void phx_place_revoke(struct phx_message *msg, struct phx_client *client);
void phx_place_retire(struct phx_message *msg, struct phx_client *client,
		      struct phx_gap *gap);

unsigned int phx_lend_min(void);

#endif /* PHX_PLACE_H */
