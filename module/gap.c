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
 * @port: number of the port that it came from
 */
void phx_gap_begin_locked(struct phx_client *client, struct phx_gap *gap, u32 port)
{
	lockdep_assert_held(&client->srv.lock);
	gap->port = port;
	list_add_tail(&gap->node, &client->srv.gaps);
}

static void end(struct phx_client *client, struct phx_gap *gap)
{
	enum phx_dir dir;

	/* model: gap_end */
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

	/* model: gap_out */
	spin_lock(&client->srv.lock);
	gap->out = true;
	over = gap->over;
	spin_unlock(&client->srv.lock);
	if (over)
		end(client, gap);
}

/**
 * phx_gap_take_locked() - make a gap the caller's, until phx_gap_over()
 * @client: the receiver
 * @gap: what an aborted message left, not in the table any more
 */
void phx_gap_take_locked(struct phx_client *client, struct phx_gap *gap)
{
	lockdep_assert_held(&client->srv.lock);
	list_del(&gap->node);
}

/**
 * phx_gap_over() - the receiver goes no more to where the message was
 * @client: the receiver
 * @gap: what it left, the caller's; it may be gone when this returns
 */
void phx_gap_over(struct phx_client *client, struct phx_gap *gap)
{
	bool out;

	/* model: gap_over */
	spin_lock(&client->srv.lock);
	gap->over = true;
	out = gap->out;
	spin_unlock(&client->srv.lock);
	if (out)
		end(client, gap);
}

/**
 * phx_gaps_end() - the receiver will not respond any more
 * @client: the receiver, which is shut down: there will be no more of them, and none
 *	    is in the table
 */
void phx_gaps_end(struct phx_client *client)
{
	struct phx_gap *gap;

	for (;;) {
		spin_lock(&client->srv.lock);
		gap = list_first_entry_or_null(&client->srv.gaps, struct phx_gap, node);
		if (gap)
			phx_gap_take_locked(client, gap);
		spin_unlock(&client->srv.lock);
		if (!gap)
			return;
		phx_gap_over(client, gap);
		cond_resched();
	}
}
