// SPDX-License-Identifier: GPL-2.0-only
/*
 * Abort: an operator ends a message that is stuck. Nothing is left to chance: the
 * sender's call returns, and by then nobody else sees its memory.
 *
 * A message that is being received or answered at that moment is in neither the
 * queue nor the table, and is left alone: its receiver is at work on it.
 */
#include "client.h"
#include "gap.h"
#include "held.h"
#include "message.h"
#include "place.h"
#include "port.h"
#include "stats.h"
#include "trace.h"

#include <linux/file.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* Messages or slots that are looked at under one hold of the lock. */
#define ABORT_BATCH 256

/* Returns whether it was in the queue. */
static bool abort_queued(struct phx_port *port, u64 id)
{
	struct phx_client *client = port->client;
	struct phx_message *msg;
	struct phx_walk walk;
	unsigned int n = 0;

	spin_lock(&client->srv.lock);
	phx_walk_begin_locked(port, &walk);
	while ((msg = phx_walk_next_locked(port, &walk)) && msg->id != id) {
		if (++n % ABORT_BATCH)
			continue;
		spin_unlock(&client->srv.lock);
		cond_resched();
		spin_lock(&client->srv.lock);
	}
	phx_walk_end_locked(port, &walk);
	if (msg) {
		trace_phx_abort(id, port->id);
		phx_message_reject_locked(msg, -ECANCELED);
	}
	spin_unlock(&client->srv.lock);
	return msg;
}

/*
 * Find it among those held, up to @end, and take it. Its pages are to be taken out of
 * the windows, which need the file behind them, see phx_client_shutdown().
 */
static struct phx_message *take_held_locked(struct phx_client *client, u32 *slot,
					    u32 end, u64 id, bool force,
					    struct phx_gap *gap)
{
	struct phx_message *msg;
	s32 rid;

	/* model: abort */
	lockdep_assert_held(&client->srv.lock);
	do {
		msg = phx_held_next_locked(client, slot, end, &rid);
	} while (msg && (phx_is_gap(msg) || msg->id != id));
	if (!msg)
		return NULL;
	if (client->srv.closed)
		return ERR_PTR(-ENOENT);
	if (!force && phx_message_is_seen(msg))
		return ERR_PTR(-EBUSY);
	get_file(client->win_file);
	phx_gap_begin_locked(client, gap, msg->port->id);
	return phx_held_abort_locked(client, msg, rid, gap);
}

static struct phx_message *take_held(struct phx_client *client, u64 id, bool force,
				     struct phx_gap *gap)
{
	struct phx_message *msg;
	u32 slot = 0, end = 0;

	do {
		end += ABORT_BATCH;
		cond_resched();
		spin_lock(&client->srv.lock);
		msg = take_held_locked(client, &slot, end, id, force, gap);
		spin_unlock(&client->srv.lock);
	} while (!msg && slot == end);
	return msg;
}

static int abort_held(struct phx_client *client, u64 id, bool force)
{
	struct phx_gap *gap = phx_gap_alloc();
	struct phx_message *msg;

	if (!gap)
		return -ENOMEM;
	msg = take_held(client, id, force, gap);
	if (IS_ERR_OR_NULL(msg)) {
		kfree(gap);
		return msg ? PTR_ERR(msg) : -ENOENT;
	}
	trace_phx_abort(id, msg->port->id);
	phx_place_retire(msg, client, gap);
	phx_message_answer(msg, -ECANCELED);
	fput(client->win_file);
	return 0;
}

/**
 * phx_message_abort() - end a message
 * @client: who is to receive it, or has: the caller refers to it
 * @port: where it was sent to; NULL if that is gone
 * @id: its number
 * @force: even if that takes away what the receiver sees of the sender's memory
 *
 * What borrows its buffers keeps it from its end: those are to be aborted first.
 *
 * Return: 0; -ENOENT if there is no such message; -EBUSY if it takes force; -ENOMEM.
 */
int phx_message_abort(struct phx_client *client, struct phx_port *port, u64 id,
		      bool force)
{
	int err = 0;

	if (!port || !abort_queued(port, id))
		err = abort_held(client, id, force);
	if (!err)
		phx_stat_inc(PHX_STAT_MESSAGES_ABORTED);
	return err;
}
