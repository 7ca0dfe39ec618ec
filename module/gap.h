/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gap: what an aborted message leaves in the windows. Its receiver does not know yet
 * and may still go to where it saw the buffers. Nothing else is shown there until it
 * has responded, and so has learned of it: until then an access raises SIGBUS, and
 * never gets at another message. What is registered it sees until then, as it would
 * between messages.
 *
 * Two have to be done with a gap: who aborts takes the pages out, and the receiver
 * responds or is shut down; in any order, and the second gives the places back. All is
 * under the client's srv.lock but for @place and @region, which are of who aborts until
 * @out is set.
 */
#ifndef PHX_GAP_H
#define PHX_GAP_H

#include "buffer.h"

#include <linux/list.h>
#include <linux/xarray.h>

struct phx_client;
struct phx_message;
struct phx_region;

/**
 * struct phx_gap - what one message leaves
 * @node: in client->srv.gaps until the receiver has responded, or is shut down
 * @port: number of the port that the message came from
 * @out: the pages are out of the windows
 * @over: the receiver has responded, or is shut down
 * @place: the slots, by enum phx_dir; none if @nr is 0
 * @region: what the message used of what is registered, by enum phx_dir, referred to
 */
struct phx_gap {
	struct list_head node;
	u32 port;
	bool out;
	bool over;
	struct {
		unsigned long slot;
		unsigned int nr;
	} place[PHX_DIR_NR];
	struct phx_region *region[PHX_DIR_NR];
};

struct phx_gap *phx_gap_alloc(void);
void phx_gap_begin_locked(struct phx_client *client, struct phx_gap *gap, u32 port);
void phx_gap_out(struct phx_client *client, struct phx_gap *gap);
void phx_gap_take_locked(struct phx_client *client, struct phx_gap *gap);
void phx_gap_over(struct phx_client *client, struct phx_gap *gap);
void phx_gaps_end(struct phx_client *client);

/* In the table of held messages it stands where the message was, told by a bit. */
static inline struct phx_message *phx_gap_entry(struct phx_gap *gap)
{
	return xa_tag_pointer(gap, 1);
}

static inline bool phx_is_gap(const struct phx_message *entry)
{
	return xa_pointer_tag((void *)entry) == 1;
}

static inline struct phx_gap *phx_gap_of(const struct phx_message *entry)
{
	return xa_untag_pointer((void *)entry);
}

#endif /* PHX_GAP_H */
