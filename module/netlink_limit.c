// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits, the users they are for, and the counters of the module.
 */
#include "netlink.h"
#include "client.h"
#include "stats.h"
#include "user.h"

#include <linux/capability.h>
#include <linux/user_namespace.h>

static_assert((int)PHX_LIMIT_PORTS == PHX_LIMIT_ID_PORTS);
static_assert((int)PHX_LIMIT_NAMES == PHX_LIMIT_ID_NAMES);
static_assert((int)PHX_LIMIT_MESSAGES == PHX_LIMIT_ID_MESSAGES);
static_assert((int)PHX_LIMIT_PAGES == PHX_LIMIT_ID_PAGES);
static_assert(PHX_LIMIT_NR == PHX_LIMIT_ID_PAGES + 1);
static_assert(PHX_A_STATS_CLIENTS_LIVE + PHX_STAT_NR == __PHX_A_STATS_MAX);

static int put_limit(struct sk_buff *skb, const struct phx_viewer *viewer,
		     const void *what)
{
	const enum phx_limit *limit = what;

	if (nla_put_u32(skb, PHX_A_LIMIT_ID, *limit) ||
	    nla_put_u32(skb, PHX_A_LIMIT_MAX, phx_limit_get(*limit)))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_put_limit_hit() - put into a message that a limit was reached
 * @skb: the message
 * @viewer: for whom
 * @what: struct phx_limit_hit
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_limit_hit(struct sk_buff *skb, const struct phx_viewer *viewer,
		      const void *what)
{
	static const struct phx_identity identity = {
		.client	= PHX_A_LIMIT_CLIENT,
		.pid	= PHX_A_LIMIT_PID,
		.uid	= PHX_A_LIMIT_UID,
	};
	const struct phx_limit_hit *hit = what;

	return put_limit(skb, viewer, &hit->what) ?:
	       phx_put_identity(skb, viewer, hit->client, &identity);
}

/**
 * phx_netlink_limits() - PHX_CMD_LIMIT_GET
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the limit to begin at
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_limits(struct sk_buff *skb, struct netlink_callback *cb)
{
	enum phx_limit limit = cb->args[0];
	struct phx_viewer viewer;
	int err = 0;

	phx_viewer_init(&viewer, cb->skb);
	for (; limit < PHX_LIMIT_NR; limit++) {
		err = phx_netlink_add(skb, cb, PHX_CMD_LIMIT_GET, &viewer, put_limit, &limit);
		if (err)
			break;
	}
	cb->args[0] = limit;
	return skb->len ?: err;
}

/**
 * phx_netlink_limit_set() - PHX_CMD_LIMIT_SET
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_limit_set(struct sk_buff *skb, struct genl_info *info)
{
	/* The limits are for users of the whole system. */
	if (!netlink_capable(skb, CAP_SYS_RESOURCE)) {
		NL_SET_ERR_MSG(info->extack,
			       "to set a limit takes CAP_SYS_RESOURCE in the first user namespace: be root");
		return -EPERM;
	}
	if (GENL_REQ_ATTR_CHECK(info, PHX_A_LIMIT_ID) ||
	    GENL_REQ_ATTR_CHECK(info, PHX_A_LIMIT_MAX)) {
		NL_SET_ERR_MSG(info->extack, "which limit, and how many? an attribute is missing");
		return -EINVAL;
	}
	phx_limit_set(nla_get_u32(info->attrs[PHX_A_LIMIT_ID]),
		      nla_get_u32(info->attrs[PHX_A_LIMIT_MAX]));
	return 0;
}

static int put_charges(struct sk_buff *skb, const struct phx_viewer *viewer,
		       const void *what)
{
	struct phx_user *user = (struct phx_user *)what;
	enum phx_limit limit;

	if (phx_put_uid(skb, viewer, PHX_A_USER_UID, user->uid))
		return -EMSGSIZE;
	for (limit = 0; limit < PHX_LIMIT_NR; limit++)
		if (nla_put_u64_64bit(skb, PHX_A_USER_PORTS + limit,
				      atomic_long_read(&user->used[limit]), PHX_A_USER_PAD))
			return -EMSGSIZE;
	return nla_put_u64_64bit(skb, PHX_A_USER_HITS, atomic_long_read(&user->hits),
				 PHX_A_USER_PAD);
}

/*
 * Users are those of the whole system. To have rights in a network namespace is not
 * to know of users that its user namespace does not have.
 */
static bool sees_user(const struct phx_viewer *viewer, const struct phx_user *user)
{
	return phx_viewer_sees(viewer, user) && kuid_has_mapping(viewer->user_ns, user->uid);
}

/**
 * phx_netlink_users() - PHX_CMD_USER_GET
 * @skb: the part of the dump
 * @cb: the dump; args[0] is the number to begin at, in the first user namespace
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_users(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long at = cb->args[0];
	struct phx_viewer viewer;
	struct phx_user *user;
	int err = 0;

	phx_viewer_init(&viewer, cb->skb);
	while (!err && (user = phx_user_next(&at))) {
		if (sees_user(&viewer, user))
			err = phx_netlink_add(skb, cb, PHX_CMD_USER_GET, &viewer, put_charges,
					      user);
		phx_user_put(user);
		at += !err;
		err = err ?: phx_netlink_pause();
	}
	cb->args[0] = at;
	return skb->len ?: err;
}

static int put_stats(struct sk_buff *skb, const struct phx_viewer *viewer,
		     const void *what)
{
	enum phx_stat stat;

	for (stat = 0; stat < PHX_STAT_NR; stat++)
		if (nla_put_u64_64bit(skb, PHX_A_STATS_CLIENTS_LIVE + stat,
				      max_t(s64, phx_stat_sum(stat), 0), PHX_A_STATS_PAD))
			return -EMSGSIZE;
	return 0;
}

/**
 * phx_netlink_stats() - PHX_CMD_STATS_GET
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_stats(struct sk_buff *skb, struct genl_info *info)
{
	struct phx_viewer viewer;

	phx_viewer_init(&viewer, skb);
	return phx_netlink_reply(info, PHX_CMD_STATS_GET, &viewer, put_stats, NULL);
}
