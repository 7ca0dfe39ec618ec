// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk through a port's queue that lets go of the lock now and then.
 */
#include "message.h"
#include "port.h"

/**
 * phx_walk_begin_locked() - begin to look at a queue
 * @port: whose
 * @walk: on the caller's stack
 */
void phx_walk_begin_locked(struct phx_port *port, struct phx_walk *walk)
{
	lockdep_assert_held(&port->client->srv.lock);
	walk->next = port->queue.next;
	walk->others = port->walk;
	port->walk = walk;
}

/**
 * phx_walk_next_locked() - look at the next message
 * @port: whose queue
 * @walk: begun
 *
 * Return: the message, to be looked at under the lock that is held now; or NULL.
 */
struct phx_message *phx_walk_next_locked(struct phx_port *port, struct phx_walk *walk)
{
	struct list_head *at = walk->next;

	lockdep_assert_held(&port->client->srv.lock);
	if (at == &port->queue)
		return NULL;
	walk->next = at->next;
	return list_entry(at, struct phx_message, node);
}

/**
 * phx_walk_end_locked() - look no longer
 * @port: whose queue
 * @walk: begun
 */
void phx_walk_end_locked(struct phx_port *port, struct phx_walk *walk)
{
	struct phx_walk **at = &port->walk;

	lockdep_assert_held(&port->client->srv.lock);
	while (*at != walk)
		at = &(*at)->others;
	*at = walk->others;
}

/**
 * phx_walk_skip_locked() - a message is about to leave a queue
 * @walk: the first who looks at that
 * @msg: the message
 */
void phx_walk_skip_locked(struct phx_walk *walk, const struct phx_message *msg)
{
	lockdep_assert_held(&msg->port->client->srv.lock);
	for (; walk; walk = walk->others)
		if (walk->next == &msg->node)
			walk->next = msg->node.next;
}
