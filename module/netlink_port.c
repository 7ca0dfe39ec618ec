// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"
#include "client.h"
#include "compat.h"
#include "netns.h"
#include "port.h"

static const struct phx_identity identity = {
	.client	= PHX_A_PORT_CLIENT,
	.pid	= PHX_A_PORT_PID,
	.uid	= PHX_A_PORT_UID,
	.comm	= PHX_A_PORT_COMM,
};

/**
 * phx_put_port() - put a port's attributes into a message
 * @skb: the message
 * @viewer: for whom
 * @what: struct phx_port
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_port(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what)
{
	const struct phx_port *port = what;
	struct phx_client *client = port->client;
	u32 queued, waiting;
	u64 received;

	spin_lock(&client->srv.lock);
	queued = port->nr_queued;
	waiting = port->nr_waiting;
	received = port->nr_received;
	spin_unlock(&client->srv.lock);

	if (nla_put_u32(skb, PHX_A_PORT_ID, port->id) ||
	    phx_put_identity(skb, viewer, client, &identity) ||
	    nla_put_u32(skb, PHX_A_PORT_FLAGS, port->flags) ||
	    nla_put_u32(skb, PHX_A_PORT_QUEUED, queued) ||
	    nla_put_u32(skb, PHX_A_PORT_WAITING, waiting) ||
	    nla_put_u64_64bit(skb, PHX_A_PORT_RECEIVED, received, PHX_A_PORT_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_netlink_port() - PHX_CMD_PORT_GET of one port
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_port(struct sk_buff *skb, struct genl_info *info)
{
	struct phx_viewer viewer;
	struct phx_port *port;
	int err = -ENOENT;

	if (GENL_REQ_ATTR_CHECK(info, PHX_A_PORT_ID)) {
		NL_SET_ERR_MSG(info->extack, "which port? its number is missing");
		return -EINVAL;
	}
	phx_viewer_init(&viewer, skb);
	port = phx_port_find(viewer.ns, nla_get_u32(info->attrs[PHX_A_PORT_ID]));
	if (port && phx_viewer_sees(&viewer, port->client->user))
		err = phx_netlink_reply(info, PHX_CMD_PORT_GET, &viewer, phx_put_port, port);
	else
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[PHX_A_PORT_ID],
				    "there is no such port in this network namespace, or it is another user's");
	if (port)
		phx_port_put(port);
	return err;
}

/**
 * phx_netlink_ports() - PHX_CMD_PORT_GET of all ports
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the number to begin at
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_ports(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long at = cb->args[0];
	struct phx_viewer viewer;
	struct phx_port *port;
	int err;

	err = phx_netlink_dump_all(cb, PHX_A_PORT_ID);
	if (err)
		return err;
	phx_viewer_init(&viewer, cb->skb);
	while (!err && (port = phx_port_next(viewer.ns, &at))) {
		if (phx_viewer_sees(&viewer, port->client->user))
			err = phx_netlink_add(skb, cb, PHX_CMD_PORT_GET, &viewer,
					      phx_put_port, port);
		phx_port_put(port);
		at += !err;
		err = err ?: phx_netlink_pause();
	}
	cb->args[0] = at;
	return skb->len ?: err;
}
