// SPDX-License-Identifier: GPL-2.0-only
#include "place.h"
#include "client.h"
#include "gap.h"
#include "message.h"
#include "region.h"
#include "stats.h"
#include "trace.h"
#include "window.h"

#include <linux/phxport.h>
#include <linux/module.h>

static unsigned int lend_min = 32768;
module_param(lend_min, uint, 0644);
MODULE_PARM_DESC(lend_min,
		 "Buffers of at least so many bytes are lent, smaller ones copied if the receiver gives room; 0 to 2^32-1 (default 32768)");

/**
 * phx_lend_min() - from which size on are buffers lent?
 *
 * Return: bytes.
 */
unsigned int phx_lend_min(void)
{
	return READ_ONCE(lend_min);
}

/*
 * Copies are aligned as the originals are, up to a cache line, because programs
 * lay out structures in buffers. Returns where the copy goes, 0 without room.
 */
static unsigned long space_take(struct phx_copy_space *space,
				const struct phx_buffer *buf)
{
	size_t pad = (buf->addr - space->at) & 63;
	unsigned long at = space->at + pad;

	if (space->left < pad || space->left - pad < buf->len)
		return 0;
	space->at = at + buf->len;
	space->left -= pad + buf->len;
	return at;
}

/* An output is copied, too: what the server leaves alone is to stay. */
static int place_copy(struct phx_buffer *buf, unsigned long at)
{
	int err;

	err = phx_buffer_to_user(buf, at);
	if (err)
		return err;
	buf->at = at;
	buf->class = PHX_CLASS_COPY;
	phx_stat_inc(PHX_STAT_BUFFERS_COPIED);
	return 0;
}

static int place_lend(struct phx_client *client, struct phx_buffer *buf)
{
	int err;

	err = phx_buffer_make_edges(buf);
	if (!err)
		err = phx_window_lend(client, buf);
	if (err) {
		phx_buffer_settle(buf, false);
		return err;
	}
	buf->class = PHX_CLASS_LEND;
	trace_phx_lend(phx_buffer_message(buf), buf);
	phx_stat_inc(PHX_STAT_BUFFERS_LENT);
	return 0;
}

static int place_one(struct phx_client *client, struct phx_buffer *buf,
		     struct phx_copy_space *space)
{
	struct phx_copy_space rest = *space;
	unsigned long at;
	int err = -EMSGSIZE;

	buf->class = PHX_CLASS_NONE;
	if (buf->source == PHX_SRC_NONE)
		return 0;
	if (buf->source == PHX_SRC_DIRECT) {
		buf->at = buf->addr;
		buf->class = PHX_CLASS_SAME;
		phx_stat_inc(PHX_STAT_BUFFERS_SAME);
		return 0;
	}

	if (buf->source == PHX_SRC_REGION)
		return phx_region_show(buf, client);

	/* Without room in the window, or without a try, it can only be copied. */
	at = space_take(&rest, buf);
	if (!at || buf->len >= phx_lend_min())
		err = place_lend(client, buf);
	if (at && (err == -EMSGSIZE || err == -ENOBUFS)) {
		*space = rest;
		err = place_copy(buf, at);
	}
	return err;
}

/**
 * phx_place() - show a message's buffers to the receiver
 * @msg: the message
 * @client: the receiver, of the current process
 * @space: what it gives for copies
 *
 * Return: 0; -EMSGSIZE if this receiver could never have the message; -ENOBUFS
 * if it could, had it not so many others; -ENOMEM, -EFAULT, -EINTR for its own
 * reasons.
 */
int phx_place(struct phx_message *msg, struct phx_client *client,
	      struct phx_copy_space space)
{
	int err;

	/* model: place */
	err = place_one(client, &msg->buf[PHX_IN], &space);
	if (err)
		return err;
	err = place_one(client, &msg->buf[PHX_OUT], &space);
	if (err)
		phx_place_undo(msg, client);
	return err;
}

static void revoke(struct phx_message *msg, struct phx_client *client)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_buffer *buf = &msg->buf[dir];

		if (buf->class == PHX_CLASS_LEND) {
			phx_window_revoke(client, buf);
			trace_phx_unlend(msg, buf);
		}
		buf->class = PHX_CLASS_NONE;
	}
}

/**
 * phx_place_undo() - undo phx_place() as if it had not been
 * @msg: the message, not yet in the table of held messages
 * @client: the receiver
 */
void phx_place_undo(struct phx_message *msg, struct phx_client *client)
{
	/* model: undo */
	revoke(msg, client);
	phx_buffer_settle(&msg->buf[PHX_IN], false);
	phx_buffer_settle(&msg->buf[PHX_OUT], false);
}

/**
 * phx_take_output() - take what the server wrote, where it was given a copy
 * @msg: the message, of the current process
 *
 * Return: 0; -EFAULT if the server's memory is not there any more; -EINTR for a thread
 * that is killed.
 */
int phx_take_output(struct phx_message *msg)
{
	struct phx_buffer *buf = &msg->buf[PHX_OUT];

	if (buf->class != PHX_CLASS_COPY)
		return 0;
	return phx_buffer_from_user(buf, buf->at);
}

/**
 * phx_place_revoke() - take a message's buffers out of the receiver's reach
 * @msg: the message, which is about to be answered
 * @client: the receiver, in any process
 *
 * Edges are kept: they may be lent on, and have yet to be copied back. Of what is
 * registered this was the last that the message needed.
 */
void phx_place_revoke(struct phx_message *msg, struct phx_client *client)
{
	/* model: revoke */
	revoke(msg, client);
	phx_region_unuse(&msg->buf[PHX_IN]);
	phx_region_unuse(&msg->buf[PHX_OUT]);
}

/**
 * phx_place_retire() - the same, but the receiver does not know
 * @msg: the message, which is aborted
 * @client: the receiver, in any process
 * @gap: what is left in the windows; it may be gone when this returns
 */
void phx_place_retire(struct phx_message *msg, struct phx_client *client,
		      struct phx_gap *gap)
{
	enum phx_dir dir;

	/* model: retire */
	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_buffer *buf = &msg->buf[dir];

		gap->region[dir] = buf->region;
		buf->region = NULL;
		if (buf->class != PHX_CLASS_LEND)
			continue;
		phx_window_retire(client, buf);
		trace_phx_unlend(msg, buf);
		gap->place[dir].slot = buf->slot;
		gap->place[dir].nr = buf->nr;
		buf->class = PHX_CLASS_NONE;
	}
	phx_gap_out(client, gap);
	phx_place_revoke(msg, client);
}
