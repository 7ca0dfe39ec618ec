// SPDX-License-Identifier: GPL-2.0-only
#include "held.h"
#include "client.h"
#include "compat.h"
#include "gap.h"
#include "message.h"
#include "port.h"

#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define RID_BITS	31
#define MIN_SLOT_BITS	6
#define MAX_SLOT_BITS	22
/* Slots that are emptied under one hold of the lock. */
#define TAKE_BATCH	256

static u32 nr_slots(const struct phx_held *held)
{
	return held->slots ? 1U << held->bits : 0;
}

/**
 * phx_held_init() - begin with an empty table
 * @held: the table
 */
void phx_held_init(struct phx_held *held)
{
	held->free = -1;
	mutex_init(&held->growing);
}

/**
 * phx_held_fini() - free the table, which holds nothing and never will
 * @client: the client; some may still look at what it holds
 */
void phx_held_fini(struct phx_client *client)
{
	struct phx_held *held = &client->srv.held;
	struct phx_held_slot *slots;
	u32 i;

	for (i = 0; i < nr_slots(held); i++)
		WARN_ON_ONCE(held->slots[i].msg);
	spin_lock(&client->srv.lock);
	slots = held->slots;
	held->slots = NULL;
	held->free = -1;
	spin_unlock(&client->srv.lock);
	kvfree(slots);
	mutex_destroy(&held->growing);
}

__phx_hot
static struct phx_held_slot *slot_of(const struct phx_held *held, int rid)
{
	u32 nr = nr_slots(held);
	struct phx_held_slot *slot;

	if (rid < 0 || !nr)
		return NULL;
	slot = &held->slots[array_index_nospec(rid & (nr - 1), nr)];
	return slot->rid == rid ? slot : NULL;
}

/* Returns the old slots, for the caller to free without the lock. */
static struct phx_held_slot *use_larger_locked(struct phx_client *client,
					       struct phx_held_slot *slots,
					       unsigned int bits)
{
	struct phx_held *held = &client->srv.held;
	struct phx_held_slot *old = held->slots;
	u32 i, nr = 1U << bits, old_nr = nr_slots(held);

	lockdep_assert_held(&client->srv.lock);
	/*
	 * A generation's lowest bit is one of the slot's now: go on where the last rid
	 * is by what is left of it. One that is reserved is used up, seen or not.
	 */
	held->generation = held->generation / 2 + 1;
	for (i = 0; i < old_nr; i++) {
		struct phx_held_slot *slot = &slots[old[i].rid & (nr - 1)];

		if (old[i].rid < 0)
			continue;
		*slot = old[i];
		slot->generation = held->generation - 2;
	}
	held->slots = slots;
	held->bits = bits;
	held->free = -1;
	for (i = nr; i-- > 0;) {
		if (slots[i].rid >= 0)
			continue;
		slots[i].next = held->free;
		held->free = i;
	}
	return old;
}

/* How large it is to be, as a power of 2; 0 if there is room already. */
static unsigned int wanted_bits(struct phx_client *client)
{
	struct phx_held *held = &client->srv.held;
	unsigned int bits = 0;

	spin_lock(&client->srv.lock);
	if (held->free < 0 && !client->srv.closed)
		bits = held->slots ? held->bits + 1 : MIN_SLOT_BITS;
	spin_unlock(&client->srv.lock);
	return bits;
}

static int grow(struct phx_client *client)
{
	unsigned int bits = wanted_bits(client);
	struct phx_held_slot *slots;
	u32 i;

	if (!bits)
		return 0;
	if (bits > MAX_SLOT_BITS)
		return -ENOMEM;
	slots = kvcalloc(1U << bits, sizeof(*slots), GFP_KERNEL_ACCOUNT);
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < 1U << bits; i++)
		slots[i].rid = -1;

	spin_lock(&client->srv.lock);
	if (client->srv.held.free < 0 && !client->srv.closed)
		slots = use_larger_locked(client, slots, bits);
	spin_unlock(&client->srv.lock);
	kvfree(slots);
	return 0;
}

/**
 * phx_held_grow() - make room for more messages
 * @client: the client
 *
 * All of its threads may come at once: one has the memory for it at a time.
 *
 * Return: 0, also if another thread was first; -ENOMEM; -EINTR for a thread that is
 * killed.
 */
int phx_held_grow(struct phx_client *client)
{
	struct phx_held *held = &client->srv.held;
	int err;

	if (mutex_lock_killable(&held->growing))
		return -EINTR;
	err = grow(client);
	mutex_unlock(&held->growing);
	return err;
}

/**
 * phx_held_reserve_locked() - get a rid for a message that is to be received
 * @client: the client
 *
 * Return: the rid; -ENOSPC if phx_held_grow() is to help; -EBADFD if the client
 * is shut down.
 */
__phx_hot
int phx_held_reserve_locked(struct phx_client *client)
{
	struct phx_held *held = &client->srv.held;
	s32 i = held->free;
	u32 generations = 1U << (RID_BITS - held->bits);
	struct phx_held_slot *slot;

	lockdep_assert_held(&client->srv.lock);
	if (i < 0)
		return client->srv.closed ? -EBADFD : -ENOSPC;
	slot = &held->slots[i];
	held->free = slot->next;
	slot->generation = held->generation++;
	slot->rid = (slot->generation & (generations - 1)) << held->bits | i;
	return slot->rid;
}

/**
 * phx_held_unreserve_locked() - end the life of a rid
 * @client: the client
 * @rid: reserved
 * @unseen: no message had it
 */
__phx_hot
void phx_held_unreserve_locked(struct phx_client *client, int rid, bool unseen)
{
	struct phx_held *held = &client->srv.held;
	struct phx_held_slot *slot;

	lockdep_assert_held(&client->srv.lock);
	slot = slot_of(held, rid);
	if (WARN_ON_ONCE(!slot || slot->msg))
		return;
	/* One that nobody saw need not be used up. */
	if (unseen && slot->generation + 1 == held->generation)
		held->generation--;
	slot->rid = -1;
	slot->next = held->free;
	held->free = slot - held->slots;
}

/**
 * phx_held_unreserve() - end the life of a rid that no message had
 * @client: the client
 * @rid: reserved
 */
void phx_held_unreserve(struct phx_client *client, int rid)
{
	spin_lock(&client->srv.lock);
	phx_held_unreserve_locked(client, rid, true);
	spin_unlock(&client->srv.lock);
}

/**
 * phx_held_publish() - let a message be found by its rid
 * @client: the client
 * @rid: reserved
 * @msg: the message, in place
 *
 * Return: whether the client was still there to hold it.
 */
__phx_hot
bool phx_held_publish(struct phx_client *client, int rid, struct phx_message *msg)
{
	struct phx_held_slot *slot;
	bool closed;

	/* model: publish */
	spin_lock(&client->srv.lock);
	closed = client->srv.closed;
	slot = slot_of(&client->srv.held, rid);
	if (!closed && !WARN_ON_ONCE(!slot)) {
		slot->msg = msg;
		msg->held = true;
		msg->holder = task_pid_nr(current);
		client->srv.nr_held++;
	}
	spin_unlock(&client->srv.lock);
	return !closed;
}

static struct phx_message *take_locked(struct phx_client *client,
				       struct phx_held_slot *slot)
{
	struct phx_message *msg = slot->msg;

	lockdep_assert_held(&client->srv.lock);
	slot->msg = NULL;
	msg->held = false;
	client->srv.nr_held--;
	return msg;
}

static struct phx_message *forget_aborted_locked(struct phx_client *client,
						 struct phx_held_slot *slot, u32 port)
{
	struct phx_message *entry = slot->msg;

	lockdep_assert_held(&client->srv.lock);
	if (phx_gap_of(entry)->port != port)
		return NULL;
	/* In the same moment: who shuts down the client must not end it, too. */
	phx_gap_take_locked(client, phx_gap_of(entry));
	slot->msg = NULL;
	phx_held_unreserve_locked(client, slot->rid, false);
	return entry;
}

/**
 * phx_held_take() - find a message and take it out
 * @client: the client
 * @rid: the message's, that stays reserved
 * @port: number of the port the message came from
 *
 * Return: the message, or NULL; if it was aborted, what it left, as phx_gap_entry():
 * then that was the end of the rid.
 */
__phx_hot
struct phx_message *phx_held_take(struct phx_client *client, int rid, u32 port)
{
	struct phx_message *msg = NULL;
	struct phx_held_slot *slot;

	/* model: respond */
	spin_lock(&client->srv.lock);
	slot = slot_of(&client->srv.held, rid);
	if (slot && unlikely(phx_is_gap(slot->msg)))
		msg = forget_aborted_locked(client, slot, port);
	else if (slot && slot->msg && slot->msg->port->id == port)
		msg = take_locked(client, slot);
	spin_unlock(&client->srv.lock);
	return msg;
}

/**
 * phx_held_next_locked() - look at what is held, one after the other
 * @client: the client
 * @slot: slot to begin at; out: the one after what was found
 * @end: slot to stop at
 * @rid: out: what it is known by
 *
 * When the table grows a message may move to a slot that comes later, never to one
 * that comes earlier.
 *
 * Return: a message; if it was aborted, what it left, as phx_gap_entry();
 * NULL if there is none up to @end, or to the end of the table, which @slot is then.
 */
struct phx_message *phx_held_next_locked(struct phx_client *client, u32 *slot, u32 end,
					 s32 *rid)
{
	struct phx_held *held = &client->srv.held;
	struct phx_held_slot *at;

	lockdep_assert_held(&client->srv.lock);
	end = min(end, nr_slots(held));
	while (*slot < end) {
		at = &held->slots[(*slot)++];
		*rid = at->rid;
		if (at->msg)
			return at->msg;
	}
	return NULL;
}

/**
 * phx_held_abort_locked() - take a message out, and leave a note in its place
 * @client: the client
 * @msg: the message, held
 * @rid: what it is known by
 * @gap: what it leaves
 *
 * Return: the message, which is the caller's to answer.
 */
struct phx_message *phx_held_abort_locked(struct phx_client *client,
					  const struct phx_message *msg, s32 rid,
					  struct phx_gap *gap)
{
	struct phx_held_slot *slot = slot_of(&client->srv.held, rid);

	lockdep_assert_held(&client->srv.lock);
	if (WARN_ON_ONCE(!slot || slot->msg != msg))
		return NULL;
	take_locked(client, slot);
	slot->msg = phx_gap_entry(gap);
	return (struct phx_message *)msg;
}

static struct phx_message *take_next_locked(struct phx_client *client, u32 *from, u32 end)
{
	struct phx_message *msg;
	s32 rid;

	lockdep_assert_held(&client->srv.lock);
	while ((msg = phx_held_next_locked(client, from, end, &rid))) {
		struct phx_held_slot *slot = &client->srv.held.slots[*from - 1];

		if (!phx_is_gap(msg))
			return take_locked(client, slot);
		slot->msg = NULL;
	}
	return NULL;
}

/**
 * phx_held_take_next() - empty the table of a client that is shut down
 * @client: the client
 * @from: slot to begin at; begin with 0. The table does not grow any more
 *
 * Return: a message that was held, or NULL if there is none. Rids that are
 * only reserved are left to those who did that.
 */
struct phx_message *phx_held_take_next(struct phx_client *client, u32 *from)
{
	struct phx_message *msg;
	u32 end;

	do {
		end = *from + TAKE_BATCH;
		spin_lock(&client->srv.lock);
		msg = take_next_locked(client, from, end);
		spin_unlock(&client->srv.lock);
		cond_resched();
	} while (!msg && *from == end);
	return msg;
}
