// SPDX-License-Identifier: GPL-2.0-only
#include "gap.h"
#include "client.h"
#include "region.h"
#include "window.h"

#include <linux/slab.h>

/**
 * phx_gap_alloc() - get a gap for a message that is to be aborted
 *
 * Return: the gap, to be freed with kfree() if it does not begin; NULL without memory.
 */
struct phx_gap *phx_gap_alloc(void)
{
	return kzalloc(sizeof(struct phx_gap), GFP_KERNEL_ACCOUNT);
}

/**
 * phx_gap_begin_locked() - a message was taken away from its receiver
 * @client: the receiver
 * @gap: what it leaves
 * @rid: what it was known by
 */
void phx_gap_begin_locked(struct phx_client *client, struct phx_gap *gap, s32 rid)
{
	lockdep_assert_held(&client->srv.lock);
	gap->rid = rid;
	list_add_tail(&gap->node, &client->srv.gaps);
}

static void end(struct phx_client *client, struct phx_gap *gap)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		if (gap->place[dir].nr)
			phx_window_give_back(client, dir, gap->place[dir].slot,
					     gap->place[dir].nr);
		if (gap->region[dir])
			phx_region_put(gap->region[dir]);
	}
	kfree(gap);
}

/**
 * phx_gap_out() - the pages of the message are out of the windows
 * @client: the receiver
 * @gap: what it leaves, which may be gone when this returns
 */
void phx_gap_out(struct phx_client *client, struct phx_gap *gap)
{
	bool over;

	spin_lock(&client->srv.lock);
	gap->out = true;
	over = gap->over;
	spin_unlock(&client->srv.lock);
	if (over)
		end(client, gap);
}

/* Returns whether the pages are out, so that the caller is to end it. */
static bool over_locked(struct phx_client *client, struct phx_gap *gap)
{
	lockdep_assert_held(&client->srv.lock);
	list_del(&gap->node);
	gap->over = true;
	return gap->out;
}

/**
 * phx_gap_over() - the receiver has responded to a message that was aborted
 * @client: the receiver
 * @rid: what the message was known by
 */
void phx_gap_over(struct phx_client *client, s32 rid)
{
	struct phx_gap *gap, *found = NULL;

	spin_lock(&client->srv.lock);
	list_for_each_entry(gap, &client->srv.gaps, node) {
		if (gap->rid != rid)
			continue;
		if (over_locked(client, gap))
			found = gap;
		break;
	}
	spin_unlock(&client->srv.lock);
	if (found)
		end(client, found);
}

/**
 * phx_gaps_end() - the receiver will not respond any more
 * @client: the receiver, which is shut down: there will be no more of them
 */
void phx_gaps_end(struct phx_client *client)
{
	struct phx_gap *gap;
	bool out;

	for (;;) {
		spin_lock(&client->srv.lock);
		gap = list_first_entry_or_null(&client->srv.gaps, struct phx_gap, node);
		out = gap && over_locked(client, gap);
		spin_unlock(&client->srv.lock);
		if (!gap)
			return;
		if (out)
			end(client, gap);
		cond_resched();
	}
}
