// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"
#include "client.h"
#include "compat.h"
#include "netns.h"

#include <linux/jiffies.h>

static const struct phx_identity identity = {
	.client	= PHX_A_CLIENT_ID,
	.pid	= PHX_A_CLIENT_PID,
	.uid	= PHX_A_CLIENT_UID,
	.comm	= PHX_A_CLIENT_COMM,
};

static int put_window(struct sk_buff *skb, int attr, struct phx_window *win)
{
	u64 size;

	spin_lock(&win->lock);
	size = win->addr ? (u64)win->nr << PAGE_SHIFT : 0;
	spin_unlock(&win->lock);
	return nla_put_u64_64bit(skb, attr, size, PHX_A_CLIENT_PAD);
}

static int put_counts(struct sk_buff *skb, struct phx_client *client)
{
	u32 ports, queued, held;

	spin_lock(&client->srv.lock);
	ports = client->srv.nr_ports;
	queued = client->srv.queued;
	held = client->srv.nr_held;
	spin_unlock(&client->srv.lock);

	if (nla_put_u32(skb, PHX_A_CLIENT_PORTS, ports) ||
	    nla_put_u32(skb, PHX_A_CLIENT_QUEUED, queued) ||
	    nla_put_u32(skb, PHX_A_CLIENT_HELD, held) ||
	    nla_put_u32(skb, PHX_A_CLIENT_NAMES, READ_ONCE(client->nr_names)))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_put_client() - put a client's attributes into a message
 * @skb: the message
 * @viewer: for whom
 * @what: struct phx_client
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_client(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what)
{
	struct phx_client *client = (struct phx_client *)what;
	u64 age = jiffies64_to_msecs(jiffies - client->opened);

	if (phx_put_identity(skb, viewer, client, &identity) ||
	    put_counts(skb, client) ||
	    put_window(skb, PHX_A_CLIENT_WINDOW_IN, &client->win[PHX_IN]) ||
	    put_window(skb, PHX_A_CLIENT_WINDOW_OUT, &client->win[PHX_OUT]) ||
	    nla_put_u64_64bit(skb, PHX_A_CLIENT_AGE, age, PHX_A_CLIENT_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_netlink_client() - PHX_CMD_CLIENT_GET of one client
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_client(struct sk_buff *skb, struct genl_info *info)
{
	struct phx_viewer viewer;
	struct phx_client *client;
	int err = -ENOENT;

	if (GENL_REQ_ATTR_CHECK(info, PHX_A_CLIENT_ID)) {
		NL_SET_ERR_MSG(info->extack, "which client? its number is missing");
		return -EINVAL;
	}
	phx_viewer_init(&viewer, skb);
	client = phx_client_find(viewer.ns, nla_get_u32(info->attrs[PHX_A_CLIENT_ID]));
	if (client && phx_viewer_sees(&viewer, client->user))
		err = phx_netlink_reply(info, PHX_CMD_CLIENT_GET, &viewer, phx_put_client,
					client);
	else
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[PHX_A_CLIENT_ID],
				    "there is no such client in this network namespace, or it is another user's");
	if (client)
		phx_client_put(client);
	return err;
}

/**
 * phx_netlink_clients() - PHX_CMD_CLIENT_GET of all clients
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the number to begin at
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_clients(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long at = cb->args[0];
	struct phx_client *client;
	struct phx_viewer viewer;
	int err;

	err = phx_netlink_dump_all(cb, PHX_A_CLIENT_ID);
	if (err)
		return err;
	phx_viewer_init(&viewer, cb->skb);
	while (!err && (client = phx_client_next(viewer.ns, &at))) {
		if (phx_viewer_sees(&viewer, client->user))
			err = phx_netlink_add(skb, cb, PHX_CMD_CLIENT_GET, &viewer,
					      phx_put_client, client);
		phx_client_put(client);
		at += !err;
		err = err ?: phx_netlink_pause();
	}
	cb->args[0] = at;
	return skb->len ?: err;
}
