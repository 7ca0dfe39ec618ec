// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"
#include "client.h"
#include "user.h"

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <net/net_namespace.h>

/* All but a name takes little. */
#define EVENT_SIZE (PHX_NAME_MAX + 512)

/**
 * phx_event() - tell of something
 * @client: whose doing it is
 * @cmd: what happened, PHX_CMD_*_NTF
 * @put: puts the attributes
 * @what: of this
 */
void phx_event(struct phx_client *client, u8 cmd, phx_put_fn put, const void *what)
{
	const struct phx_viewer viewer = {
		.net = client->net,
		.ns = client->ns,
		.pid_ns = client->pid_ns,
		.user_ns = client->net->user_ns,
		.admin = true,
	};
	struct sk_buff *skb;

	/* No might_sleep() before: others wait for a lock that we are called with. */
	if (!genl_has_listeners(&phx_genl_family, client->net, 0))
		return;
	skb = nlmsg_new(EVENT_SIZE, GFP_KERNEL);
	if (skb && phx_netlink_put(skb, 0, 0, 0, cmd, &viewer, put, what)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	if (skb)
		genlmsg_multicast_netns(&phx_genl_family, client->net, skb, 0, 0,
					GFP_KERNEL);
	else
		genl_set_err(&phx_genl_family, client->net, 0, 0, -ENOBUFS);
}

/**
 * phx_event_limits() - a call failed for a limit
 * @client: whose
 *
 * A user that runs into one all the time is told of once in a second.
 */
void phx_event_limits(struct phx_client *client)
{
	struct phx_user *user = client->user;
	struct phx_limit_hit hit = { .client = client };
	unsigned long now = jiffies ?: 1;

	for (hit.what = 0; hit.what < PHX_LIMIT_NR; hit.what++) {
		unsigned long told = READ_ONCE(user->told[hit.what]);

		if (!test_and_clear_bit(hit.what, &user->hit))
			continue;
		if (told && time_before(now, told + HZ))
			continue;
		WRITE_ONCE(user->told[hit.what], now);
		phx_event(client, PHX_CMD_LIMIT_HIT_NTF, phx_put_limit_hit, &hit);
	}
}
