// SPDX-License-Identifier: GPL-2.0-only
#include "gap.h"
#include "client.h"
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

	for (dir = 0; dir < PHX_DIR_NR; dir++)
		if (gap->place[dir].nr)
			phx_window_give_back(client, dir, gap->place[dir].slot,
					     gap->place[dir].nr);
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

/**
 * phx_gap_over() - the receiver has responded to a message that was aborted
 * @client: the receiver
 * @gap: what it left, taken out of the table; it may be gone when this returns
 */
void phx_gap_over(struct phx_client *client, struct phx_gap *gap)
{
	bool out;

	spin_lock(&client->srv.lock);
	list_del(&gap->node);
	gap->over = true;
	out = gap->out;
	spin_unlock(&client->srv.lock);
	if (out)
		end(client, gap);
}

/**
 * phx_gaps_free() - free what the receiver never responded to
 * @client: the receiver, to which nobody refers any more
 */
void phx_gaps_free(struct phx_client *client)
{
	struct phx_gap *gap, *next;

	list_for_each_entry_safe(gap, next, &client->srv.gaps, node) {
		kfree(gap);
		cond_resched();
	}
}
