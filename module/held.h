/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages that a client has received and not responded to, by rid.
 *
 * A rid is a slot of the table in its low bits and a generation above, 31 bits
 * in all. The generation is the client's and goes up with every rid that a message
 * had, so that a rid comes again only after 2^31 / slots messages, if in the same slot. When
 * the table is full it doubles; every rid has its own slot in the larger one,
 * too, because they differ in fewer bits already. Generations have a bit less then: they
 * go on behind those of before, as these are read now.
 *
 * A slot is free, reserved (has a rid, but no message: one is being received or
 * responded to), held, or aborted: an operator took its message away, and the rid
 * is for the receiver to respond to, once. All under the client's srv.lock.
 */
#ifndef PHX_HELD_H
#define PHX_HELD_H

#include <linux/mutex.h>
#include <linux/types.h>

struct phx_client;
struct phx_gap;
struct phx_message;

/**
 * struct phx_held_slot - room for one message
 * @msg: the message, NULL if reserved or free; if aborted, what it left, as
 *	 phx_gap_entry()
 * @rid: what it is known by, -1 if free
 * @next: of a free slot: the next free one, or -1
 * @generation: of one that is not free: what its rid was made of
 */
struct phx_held_slot {
	struct phx_message *msg;
	s32 rid;
	union {
		s32 next;
		u32 generation;
	};
};

/**
 * struct phx_held - the table
 * @slots: 2^@bits of them, or NULL
 * @bits: see there
 * @free: first free slot, or -1; the one freed last, as it is in the cache
 * @generation: of the next rid
 * @growing: of the one thread that makes it larger
 */
struct phx_held {
	struct phx_held_slot *slots;
	unsigned int bits;
	s32 free;
	u32 generation;
	struct mutex growing; /* held to make it larger */
};

void phx_held_init(struct phx_held *held);
void phx_held_fini(struct phx_client *client);
int phx_held_grow(struct phx_client *client);
int phx_held_reserve_locked(struct phx_client *client);
void phx_held_unreserve(struct phx_client *client, int rid);
void phx_held_unreserve_locked(struct phx_client *client, int rid, bool unseen);
bool phx_held_publish(struct phx_client *client, int rid, struct phx_message *msg);
struct phx_message *phx_held_take(struct phx_client *client, int rid, u32 port);
struct phx_message *phx_held_next_locked(struct phx_client *client, u32 *slot, u32 end,
					 s32 *rid);
struct phx_message *phx_held_abort_locked(struct phx_client *client,
					  const struct phx_message *msg, s32 rid,
					  struct phx_gap *gap);
struct phx_message *phx_held_take_next(struct phx_client *client, u32 *from);

#endif /* PHX_HELD_H */
