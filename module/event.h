/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what is told to those who joined the multicast group of the netlink
 * family, in the network namespace where it happened. If nobody did, it costs a
 * look at that. None is on the way of a message.
 *
 * Events are put together and sent where one may sleep, with no spinlock held. Who
 * does not read them loses them, and is told so by its socket.
 */
#ifndef PHX_EVENT_H
#define PHX_EVENT_H

#include "netlink.h"

void phx_event(struct phx_client *client, u8 cmd, phx_put_fn put, const void *what);
void phx_event_limits(struct phx_client *client);

#endif /* PHX_EVENT_H */
