// SPDX-License-Identifier: GPL-2.0-only
#include "port.h"
#include "event.h"
#include "message.h"
#include "netns.h"
#include "region.h"
#include "stats.h"
#include "table.h"
#include "user.h"
#include "compat.h"

#include <linux/slab.h>
#include <linux/xarray.h>

/* Those who wait that are released under one hold of the lock when a port dies. */
#define PHX_KILL_BATCH 32

static atomic64_t last_serial = ATOMIC64_INIT(0);

static struct phx_port *port_alloc(struct phx_client *client, u32 flags)
{
	struct phx_port *port;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return NULL;
	refcount_set(&port->refs, 1);
	port->client = phx_client_ref(client);
	port->serial = atomic64_inc_return(&last_serial);
	INIT_LIST_HEAD(&port->node);
	INIT_LIST_HEAD(&port->queue);
	INIT_LIST_HEAD(&port->waiters);
	port->first_order = U64_MAX / 2;
	port->next_order = port->first_order;
	port->cpu = -1;
	INIT_LIST_HEAD(&port->regions);
	port->flags = flags;
	phx_stat_inc(PHX_STAT_PORTS_LIVE);
	return port;
}

/**
 * phx_port_put() - let go of a port
 * @port: the port
 */
__phx_hot
void phx_port_put(struct phx_port *port)
{
	if (!refcount_dec_and_test(&port->refs))
		return;
	phx_client_put(port->client);
	phx_stat_dec(PHX_STAT_PORTS_LIVE);
	kfree_rcu(port, rcu);
}

static void add_locked(struct phx_port *port)
{
	lockdep_assert_held(&port->client->srv.lock);
	list_add_tail(&port->node, &port->client->srv.ports);
	port->client->srv.nr_ports++;
}

/* It may die before it was added. */
static void remove_locked(struct phx_port *port)
{
	lockdep_assert_held(&port->client->srv.lock);
	if (list_empty(&port->node))
		return;
	list_del_init(&port->node);
	port->client->srv.nr_ports--;
}

/**
 * phx_port_create() - make a port
 * @client: who will receive at it
 * @flags: PHX_PORT_*
 *
 * Return: the port with a reference for the caller, or an ERR_PTR.
 */
struct phx_port *phx_port_create(struct phx_client *client, u32 flags)
{
	struct phx_ns *ns = client->ns;
	struct phx_port *port;
	bool closed;
	int err;

	err = phx_user_charge(client->user, PHX_LIMIT_PORTS, 1);
	if (err)
		return ERR_PTR(err);
	port = port_alloc(client, flags);
	if (!port) {
		err = -ENOMEM;
		goto err_uncharge;
	}

	/*
	 * From here on it can be found, and so be sent to and destroyed, before
	 * it is on the client's list.
	 */
	phx_port_ref(port);
	err = phx_table_add(&ns->ports, &port->id, port, XA_LIMIT(1, INT_MAX),
			    &ns->next_port);
	if (err)
		goto err_put;

	spin_lock(&client->srv.lock);
	closed = client->srv.closed;
	if (!closed && !port->dead)
		add_locked(port);
	spin_unlock(&client->srv.lock);
	if (closed) {
		phx_port_kill(port);
		phx_port_put(port);
		return ERR_PTR(-EBADFD);
	}
	phx_event(client, PHX_CMD_PORT_CREATE_NTF, phx_put_port, port);
	return port;

err_put:
	phx_port_put(port);
	phx_port_put(port);
err_uncharge:
	phx_user_uncharge(client->user, PHX_LIMIT_PORTS, 1);
	return ERR_PTR(err);
}

/**
 * phx_port_find() - look up a port
 * @ns: where
 * @id: its number
 *
 * Return: the port with a reference, or NULL.
 */
__phx_hot
struct phx_port *phx_port_find(struct phx_ns *ns, u32 id)
{
	struct phx_port *port;

	rcu_read_lock();
	port = xa_load(&ns->ports, id);
	if (port && !refcount_inc_not_zero(&port->refs))
		port = NULL;
	rcu_read_unlock();
	return port;
}

/**
 * phx_port_next() - look up ports one after the other
 * @ns: where
 * @from: number to begin at; out: that of the port
 *
 * Return: the port with the next number, with a reference, or NULL.
 */
struct phx_port *phx_port_next(struct phx_ns *ns, unsigned long *from)
{
	struct phx_port *port;

	rcu_read_lock();
	port = xa_find(&ns->ports, from, ULONG_MAX, XA_PRESENT);
	while (port && !refcount_inc_not_zero(&port->refs))
		port = xa_find_after(&ns->ports, from, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return port;
}

/**
 * phx_port_serial() - which port has a number?
 * @ns: where
 * @id: the number
 *
 * Return: the port's serial, 0 if there is none.
 */
u64 phx_port_serial(struct phx_ns *ns, u32 id)
{
	struct phx_port *port;
	u64 serial;

	rcu_read_lock();
	port = xa_load(&ns->ports, id);
	serial = port ? port->serial : 0;
	rcu_read_unlock();
	return serial;
}

/**
 * phx_port_destroy() - destroy a port by its number
 * @client: who asks
 * @id: the number
 *
 * Return: 0, -EINVAL if there is none, -EPERM if it is another's.
 */
int phx_port_destroy(struct phx_client *client, u32 id)
{
	struct phx_port *port = phx_port_find(client->ns, id);
	int err = 0;

	if (!port)
		return -EINVAL;
	if (port->client == client)
		phx_port_kill(port);
	else
		err = -EPERM;
	phx_port_put(port);
	return err;
}

/**
 * phx_waiter_add_locked() - a receiver begins to wait
 * @port: where
 * @waiter: the receiver, in the current thread
 *
 * Return: whether it may spin. One does, and stays first.
 */
__phx_hot
bool phx_waiter_add_locked(struct phx_port *port, struct phx_waiter *waiter)
{
	struct phx_waiter *first;
	bool alone;

	lockdep_assert_held(&port->client->srv.lock);
	first = list_first_entry_or_null(&port->waiters, struct phx_waiter, node);
	alone = !first || atomic_read(&first->wait.state) != PHX_WAIT_AWAKE;
	list_add(&waiter->node, alone ? &port->waiters : &first->node);
	waiter->port = port;
	port->nr_waiting++;
	return alone;
}

/**
 * phx_waiter_next_locked() - who is to get the next message?
 * @port: where
 *
 * Return: a receiver that waits, or NULL.
 */
__phx_hot
struct phx_waiter *phx_waiter_next_locked(struct phx_port *port)
{
	lockdep_assert_held(&port->client->srv.lock);
	if (list_empty(&port->waiters))
		return NULL;
	if (list_is_singular(&port->waiters) || port->passed++ >= PHX_PASSED_MAX) {
		port->passed = 0;
		return list_last_entry(&port->waiters, struct phx_waiter, node);
	}
	return list_first_entry(&port->waiters, struct phx_waiter, node);
}

/**
 * phx_waiter_wake_locked() - end a receiver's wait
 * @port: where it waits
 * @waiter: the receiver; it is on its thread's stack and gone with the wait
 * @msg: what it gets, or NULL
 * @err: why it gets nothing
 */
__phx_hot
void phx_waiter_wake_locked(struct phx_port *port, struct phx_waiter *waiter,
			    struct phx_message *msg, int err)
{
	lockdep_assert_held(&port->client->srv.lock);
	phx_waiter_del_locked(waiter);
	waiter->msg = msg;
	waiter->err = err;
	phx_wait_end(&waiter->wait);
}

/* Who waits on either side; as the port is dead there will be no more. */
static bool release_one_locked(struct phx_port *port)
{
	struct phx_waiter *waiter;
	struct phx_message *msg;

	lockdep_assert_held(&port->client->srv.lock);
	waiter = list_first_entry_or_null(&port->waiters, struct phx_waiter, node);
	msg = list_first_entry_or_null(&port->queue, struct phx_message, node);
	if (waiter)
		phx_waiter_wake_locked(port, waiter, NULL, -EINVAL);
	else if (msg)
		phx_message_reject_locked(msg, -EINVAL);
	return waiter || msg;
}

/* Returns whether there are more. */
static bool release_some(struct phx_port *port)
{
	bool more = true;
	int n;

	spin_lock(&port->client->srv.lock);
	for (n = 0; n < PHX_KILL_BATCH && more; n++)
		more = release_one_locked(port);
	spin_unlock(&port->client->srv.lock);
	return more;
}

/**
 * phx_port_kill() - end a port
 * @port: the port, to which the caller has a reference
 *
 * Whoever waits at it, on either side, gets -EINVAL at once, and what is
 * registered with it is so no longer. Does nothing to a port that is dead already.
 */
void phx_port_kill(struct phx_port *port)
{
	struct phx_client *client = port->client;
	bool dead;

	/* model: kill_port */
	spin_lock(&client->srv.lock);
	dead = port->dead;
	port->dead = true;
	if (!dead) {
		remove_locked(port);
		if (client->srv.recent == port)
			client->srv.recent = NULL;
	}
	spin_unlock(&client->srv.lock);
	if (dead)
		return;

	/* Not with the last reference: senders stuck in faults of their own may have one. */
	phx_user_uncharge(client->user, PHX_LIMIT_PORTS, 1);
	xa_erase(&client->ns->ports, port->id);
	while (release_some(port))
		cond_resched();
	phx_regions_end_at(port);
	phx_event(client, PHX_CMD_PORT_DESTROY_NTF, phx_put_port, port);
	phx_port_put(port);
}
