// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered buffers, which the module calls regions.
 */
#include "netlink.h"
#include "client.h"
#include "netns.h"
#include "port.h"
#include "region.h"

static const struct phx_identity identity = {
	.client	= PHX_A_BUFFER_CLIENT,
	.pid	= PHX_A_BUFFER_PID,
	.uid	= PHX_A_BUFFER_UID,
};

static int put_buffer(struct sk_buff *skb, const struct phx_viewer *viewer,
		      const void *what)
{
	const struct phx_region *region = what;
	bool ended = READ_ONCE(region->ended);
	/* Without the registration. */
	int uses = refcount_read(&region->users) - !ended;

	if (phx_put_identity(skb, viewer, region->owner, &identity) ||
	    nla_put_u32(skb, PHX_A_BUFFER_ID, region->id) ||
	    nla_put_u32(skb, PHX_A_BUFFER_PORT, region->port->id) ||
	    nla_put_u32(skb, PHX_A_BUFFER_FLAGS, region->flags) ||
	    nla_put_u64_64bit(skb, PHX_A_BUFFER_SIZE, region->view[PHX_IN].buf.len,
			      PHX_A_BUFFER_PAD) ||
	    nla_put_u32(skb, PHX_A_BUFFER_MESSAGES, max(uses, 0)) ||
	    (ended && nla_put_flag(skb, PHX_A_BUFFER_ENDED)))
		return -EMSGSIZE;
	return 0;
}

/* Of one client, from @at on. */
static int add_all(struct sk_buff *skb, struct netlink_callback *cb,
		   const struct phx_viewer *viewer, struct phx_client *owner,
		   unsigned long *at)
{
	struct phx_region *region;
	int err = 0;

	while (!err && (region = phx_region_next(owner, at))) {
		if (phx_viewer_sees(viewer, owner->user) ||
		    phx_viewer_sees(viewer, region->port->client->user))
			err = phx_netlink_add(skb, cb, PHX_CMD_BUFFER_GET, viewer, put_buffer,
					      region);
		phx_region_drop(region);
		*at += !err;
		err = err ?: phx_netlink_pause();
	}
	return err;
}

/**
 * phx_netlink_buffers() - PHX_CMD_BUFFER_GET
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the client to begin at, args[1] the buffer there
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_buffers(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long at = cb->args[0], buffer = cb->args[1];
	struct phx_client *owner;
	struct phx_viewer viewer;
	int err = 0;

	phx_viewer_init(&viewer, cb->skb);
	while (!err && (owner = phx_client_next(viewer.ns, &at))) {
		if (at != cb->args[0])
			buffer = 0;
		err = add_all(skb, cb, &viewer, owner, &buffer);
		phx_client_put(owner);
		cb->args[0] = at;
		at += !err;
		err = err ?: phx_netlink_pause();
	}
	cb->args[0] = at;
	cb->args[1] = err ? buffer : 0;
	return skb->len ?: err;
}
