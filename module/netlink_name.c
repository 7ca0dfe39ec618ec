// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"
#include "client.h"
#include "name.h"
#include "netns.h"
#include "port.h"

static const struct phx_identity identity = {
	.client	= PHX_A_NAME_CLIENT,
	.pid	= PHX_A_NAME_PID,
	.uid	= PHX_A_NAME_UID,
};

/**
 * phx_put_name() - put a name's attributes into a message
 * @skb: the message
 * @viewer: for whom
 * @what: struct phx_name, under phx_ns.names_lock
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_name(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what)
{
	const struct phx_name *name = what;
	bool stale = !name->serial || phx_port_serial(viewer->ns, name->port) != name->serial;

	lockdep_assert_held(&viewer->ns->names_lock);
	if (nla_put_string(skb, PHX_A_NAME_NAME, name->text) ||
	    nla_put_u32(skb, PHX_A_NAME_PORT, name->port) ||
	    nla_put_u64_64bit(skb, PHX_A_NAME_OBJECT, name->id, PHX_A_NAME_PAD) ||
	    phx_put_identity(skb, viewer, name->client, &identity) ||
	    (stale && nla_put_flag(skb, PHX_A_NAME_STALE)))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_netlink_names_start() - begin with PHX_CMD_NAME_GET
 * @cb: the dump
 *
 * Return: 0.
 */
int phx_netlink_names_start(struct netlink_callback *cb)
{
	/* The longest name must go into one part. */
	cb->min_dump_alloc = PHX_NAME_MAX + 512;
	return 0;
}

static int add_next(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct phx_viewer *viewer, unsigned long *at)
{
	struct phx_name *name;
	int err = 0;

	mutex_lock(&viewer->ns->names_lock);
	name = xa_find(&viewer->ns->name_numbers, at, ULONG_MAX, XA_PRESENT);
	if (!name)
		err = -ENOENT;
	else if (phx_viewer_sees(viewer, name->user))
		err = phx_netlink_add(skb, cb, PHX_CMD_NAME_GET, viewer, phx_put_name, name);
	mutex_unlock(&viewer->ns->names_lock);
	return err;
}

/**
 * phx_netlink_names() - PHX_CMD_NAME_GET
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the number to begin at
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_names(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long at = cb->args[0];
	struct phx_viewer viewer;
	int err;

	phx_viewer_init(&viewer, cb->skb);
	while (!(err = add_next(skb, cb, &viewer, &at))) {
		at++;
		err = phx_netlink_pause();
		if (err)
			break;
	}
	cb->args[0] = at;
	return skb->len || err == -ENOENT ? skb->len : err;
}
