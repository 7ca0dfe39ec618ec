/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port: a number in a network namespace at which one client receives.
 *
 * It is alive from phx_port_create() until phx_port_kill(), which happens when
 * it is destroyed or its client is shut down. Dead, it has no number, no queue
 * and no waiters, but stays in memory for those who refer to it: messages that
 * were received from it, and calls on their way.
 *
 * Looked up under RCU. All else is under its client's srv.lock.
 */
#ifndef PHX_PORT_H
#define PHX_PORT_H

#include "client.h"

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>

struct phx_message;
struct phx_ns;

/**
 * struct phx_port - one port
 * @refs: references: its number, every message sent to it, calls
 * @rcu: to free it
 * @client: who receives at it, referred to
 * @id: its number
 * @serial: its number among all ports ever, never used again
 * @node: in client->srv.ports
 * @flags: PHX_PORT_*
 * @dead: see above
 * @queue: list of struct phx_message in the order they are to be received
 * @waiters: list of struct phx_waiter
 * @first_order: of the first message in @queue, or less
 * @next_order: more than that of the last one
 * @walk: those who look at the queue and let go of the lock meanwhile
 * @nr_queued: messages in @queue
 * @nr_waiting: receivers in @waiters
 * @nr_received: messages that receivers took, but for those they gave back
 * @passed: how often the one who waits longest was passed over
 * @cpu: where a receiver was last, -1 before there was any
 * @regions: list of struct phx_region that are registered with it
 *
 * At most one of @queue and @waiters has entries.
 *
 * Of those who wait the last to come is the first to go, as its caches are warm
 * and it may still spin; at most one does. So that nobody waits for ever, the one
 * who waits longest is given a message after PHX_PASSED_MAX others.
 */
struct phx_port {
	refcount_t refs;
	struct rcu_head rcu;
	struct phx_client *client;
	u32 id;
	u64 serial;
	u32 flags;
	/* under client->srv.lock */
	struct list_head node;
	bool dead;
	struct list_head queue;
	struct list_head waiters;
	u64 first_order;
	u64 next_order;
	struct phx_walk *walk;
	unsigned int nr_queued;
	unsigned int nr_waiting;
	u64 nr_received;
	unsigned int passed;
	int cpu;
	struct list_head regions;
};

#define PHX_PASSED_MAX	256

/**
 * struct phx_waiter - a receiver that waits, on its stack
 * @port: where it waits, alive for as long as it is on the list
 * @node: in phx_port.waiters
 * @wait: ended when one of the following is set; the waiter is then off the list
 * @msg: what it was given
 * @err: or why it gets nothing
 */
struct phx_waiter {
	struct phx_port *port;
	struct list_head node;
	struct phx_wait wait;
	struct phx_message *msg;
	int err;
};

/**
 * struct phx_walk - somebody on the way through a port's queue, on its stack
 * @next: the message to look at next; the queue's head at the end
 * @others: the next in phx_port.walk
 *
 * Queues may be long, and who looks at one must not keep senders and receivers
 * from it. A message that leaves it is not the next of anybody any more.
 */
struct phx_walk {
	struct list_head *next;
	struct phx_walk *others;
};

void phx_walk_begin_locked(struct phx_port *port, struct phx_walk *walk);
struct phx_message *phx_walk_next_locked(struct phx_port *port, struct phx_walk *walk);
void phx_walk_end_locked(struct phx_port *port, struct phx_walk *walk);
void phx_walk_skip_locked(struct phx_walk *walk, const struct phx_message *msg);

struct phx_port *phx_port_create(struct phx_client *client, u32 flags);
struct phx_port *phx_port_find(struct phx_ns *ns, u32 id);
struct phx_port *phx_port_next(struct phx_ns *ns, unsigned long *from);
u64 phx_port_serial(struct phx_ns *ns, u32 id);
int phx_port_destroy(struct phx_client *client, u32 id);
void phx_port_kill(struct phx_port *port);
void phx_port_put(struct phx_port *port);
bool phx_waiter_add_locked(struct phx_port *port, struct phx_waiter *waiter);
struct phx_waiter *phx_waiter_next_locked(struct phx_port *port);
void phx_waiter_wake_locked(struct phx_port *port, struct phx_waiter *waiter,
			    struct phx_message *msg, int err);

/* It waits no longer, or is about to be woken. */
static inline void phx_waiter_del_locked(struct phx_waiter *waiter)
{
	lockdep_assert_held(&waiter->port->client->srv.lock);
	list_del(&waiter->node);
	waiter->port->nr_waiting--;
}

static inline struct phx_port *phx_port_ref(struct phx_port *port)
{
	refcount_inc(&port->refs);
	return port;
}

#endif /* PHX_PORT_H */
