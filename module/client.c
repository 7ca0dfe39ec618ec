// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"
#include "compat.h"
#include "event.h"
#include "gap.h"
#include "message.h"
#include "name.h"
#include "netns.h"
#include "place.h"
#include "port.h"
#include "region.h"
#include "stats.h"
#include "table.h"
#include "user.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#define REAP_INTERVAL HZ
/* Clients that are looked at under one hold of the lock. */
#define REAP_BATCH 32

/* Those that were looked at longest ago are first. */
static LIST_HEAD(clients);
static unsigned long nr_clients;
static DEFINE_SPINLOCK(clients_lock);

static void reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reaper, reap);

static void reap_later(void)
{
	queue_delayed_work(system_unbound_wq, &reaper,
			   round_jiffies_relative(REAP_INTERVAL));
}

static void list_locked(struct phx_client *client)
{
	lockdep_assert_held(&clients_lock);
	list_add_tail(&client->node, &clients);
	nr_clients++;
}

static void unlist_locked(struct phx_client *client)
{
	lockdep_assert_held(&clients_lock);
	if (list_empty(&client->node))
		return;
	list_del_init(&client->node);
	nr_clients--;
}

/* Its number may be another's by now, if this is done again. */
static void forget(struct phx_client *client)
{
	if (client->id)
		xa_cmpxchg(&client->ns->clients, client->id, client, NULL, 0);
	spin_lock(&clients_lock);
	unlist_locked(client);
	spin_unlock(&clients_lock);
}

static int publish(struct phx_client *client)
{
	struct phx_ns *ns = client->ns;

	/* What is under the lock of the table is written before it is in there. */
	return phx_table_add(&ns->clients, &client->id, client, XA_LIMIT(1, INT_MAX),
			     &ns->next_client);
}

static void client_free(struct phx_client *client)
{
	forget(client);
	phx_table_fini(&client->regions);
	mmdrop(client->mm);
	put_pid(client->tgid);
	put_pid_ns(client->pid_ns);
	put_net(client->net);
	phx_user_put(client->user);
	phx_stat_dec(PHX_STAT_CLIENTS_LIVE);
	kfree(client);
}

/**
 * phx_client_put() - let go of a client
 * @client: the client
 */
void phx_client_put(struct phx_client *client)
{
	if (refcount_dec_and_test(&client->refs))
		client_free(client);
}

/**
 * phx_client_done() - nothing is sent or received any more, not even by calls on their way
 * @client: the client; its device file is closed and its windows are unmapped
 *
 * Senders that are stuck in faults of their own, and those who look, may have the
 * client for as long as they like, but not what its user pays for.
 */
void phx_client_done(struct phx_client *client)
{
	if (client->spare)
		phx_message_free(client->spare, NULL);
	phx_held_fini(client);
	phx_windows_fini(client);
	phx_client_put(client);
}

/**
 * phx_client_find() - look up a client
 * @ns: where
 * @id: its number
 *
 * Return: the client with a reference, or NULL.
 */
struct phx_client *phx_client_find(struct phx_ns *ns, u32 id)
{
	unsigned long at = id;
	struct phx_client *client = phx_client_next(ns, &at);

	if (!client || at == id)
		return client;
	phx_client_put(client);
	return NULL;
}

/**
 * phx_client_next() - look up clients one after the other
 * @ns: where
 * @from: number to begin at; out: that of the client
 *
 * Return: the client with the next number, with a reference, or NULL.
 */
struct phx_client *phx_client_next(struct phx_ns *ns, unsigned long *from)
{
	struct phx_client *client;

	/* With the lock, as it is freed as soon as it is out of there. */
	xa_lock(&ns->clients);
	client = xa_find(&ns->clients, from, ULONG_MAX, XA_PRESENT);
	while (client && !refcount_inc_not_zero(&client->refs))
		client = xa_find_after(&ns->clients, from, ULONG_MAX, XA_PRESENT);
	xa_unlock(&ns->clients);
	return client;
}

/**
 * phx_client_create() - make a client of the current process
 *
 * Return: a client with one reference, or an ERR_PTR.
 */
struct phx_client *phx_client_create(void)
{
	struct phx_client *client;
	int err;

	if (!current->mm)
		return ERR_PTR(-EBADFD);
	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return ERR_PTR(-ENOMEM);
	client->user = phx_user_get(current_uid());
	if (!client->user) {
		kfree(client);
		return ERR_PTR(-ENOMEM);
	}

	refcount_set(&client->refs, 1);
	INIT_LIST_HEAD(&client->names);
	xa_init_flags(&client->regions, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	spin_lock_init(&client->srv.lock);
	INIT_LIST_HEAD(&client->srv.ports);
	INIT_LIST_HEAD(&client->srv.gaps);
	init_waitqueue_head(&client->srv.poll);
	phx_held_init(&client->srv.held);
	phx_windows_init(client);

	client->net = get_net(current->nsproxy->net_ns);
	client->ns = phx_ns(client->net);
	client->mm = current->mm;
	mmgrab(client->mm);
	client->tgid = get_pid(task_tgid(current));
	client->pid_ns = get_pid_ns(task_active_pid_ns(current));
	client->opened = jiffies;
	client->pid = task_tgid_nr_ns(current, client->pid_ns);
	phx_stat_inc(PHX_STAT_CLIENTS_LIVE);
	spin_lock(&clients_lock);
	list_locked(client);
	spin_unlock(&clients_lock);
	reap_later();

	err = phx_windows_open(client);
	if (err)
		goto err_put;
	err = publish(client);
	if (err)
		goto err_windows;
	phx_event(client, PHX_CMD_CLIENT_OPEN_NTF, phx_put_client, client);
	return client;

err_windows:
	/* The reaper must not come for the file that is let go of here. */
	forget(client);
	phx_windows_close(client);
err_put:
	phx_client_put(client);
	return ERR_PTR(err);
}

/**
 * phx_client_abandoned() - is its address space gone?
 * @client: the client
 *
 * It can be while the file lives on: across an exec that keeps it open, or in
 * a child. Nobody can receive then.
 *
 * Return: whether it is; that never changes back.
 */
__phx_hot
bool phx_client_abandoned(const struct phx_client *client)
{
	return atomic_read(&client->mm->mm_users) == 0;
}

static void drop_ports(struct phx_client *client)
{
	struct phx_port *port;

	for (;;) {
		spin_lock(&client->srv.lock);
		port = list_first_entry_or_null(&client->srv.ports,
						struct phx_port, node);
		if (port)
			phx_port_ref(port);
		spin_unlock(&client->srv.lock);
		if (!port)
			return;
		phx_port_kill(port);
		phx_port_put(port);
		cond_resched();
	}
}

/*
 * The pages leave the windows before their senders are released; what the
 * server had written into copies is lost with it.
 */
static void drop_held(struct phx_client *client)
{
	struct phx_message *msg;
	u32 slot = 0;

	while ((msg = phx_held_take_next(client, &slot))) {
		phx_place_revoke(msg, client);
		phx_message_answer(msg, -EPIPE);
	}
}

/**
 * phx_client_shutdown() - undo all that a client has and is
 * @client: the client
 *
 * May be called in any process, and while calls of the client are on their way:
 * they find srv.closed set where they would add something.
 */
void phx_client_shutdown(struct phx_client *client)
{
	bool closed;

	/*
	 * The file's release does not wait if somebody else was first. The pages
	 * that are still to be taken out of the windows need the file of those.
	 */
	/* model: shutdown */
	spin_lock(&client->srv.lock);
	closed = client->srv.closed;
	client->srv.closed = true;
	if (!closed)
		get_file(client->win_file);
	spin_unlock(&client->srv.lock);
	if (closed)
		return;
	forget(client);
	__wake_up(&client->srv.poll, TASK_NORMAL, 0, poll_to_key(EPOLLHUP));

	drop_ports(client);
	phx_names_drop(client);
	drop_held(client);
	phx_gaps_end(client);
	phx_regions_disown(client);
	phx_event(client, PHX_CMD_CLIENT_CLOSE_NTF, phx_put_client, client);
	fput(client->win_file);
}

/*
 * Look at the next few, which are the last then. Those found are off the list, and each
 * has a reference for the caller.
 */
static unsigned int find_abandoned(struct phx_client *found[REAP_BATCH])
{
	struct phx_client *client;
	unsigned int i, n = 0;

	spin_lock(&clients_lock);
	for (i = 0; i < REAP_BATCH && !list_empty(&clients); i++) {
		client = list_first_entry(&clients, struct phx_client, node);
		list_move_tail(&client->node, &clients);
		if (!phx_client_abandoned(client) ||
		    !refcount_inc_not_zero(&client->refs))
			continue;
		unlist_locked(client);
		found[n++] = client;
	}
	spin_unlock(&clients_lock);
	return n;
}

/*
 * Shut down clients whose address space ended and nothing told of it. A
 * notifier of the address space would know at once, but costs every change of
 * its mappings, and so every message that is lent. Users decide how many clients
 * there are: those who open and close wait for a batch at most.
 */
static void reap(struct work_struct *work)
{
	unsigned long seen, all = READ_ONCE(nr_clients);
	struct phx_client *found[REAP_BATCH];
	unsigned int i, n;

	for (seen = 0; seen < all; seen += REAP_BATCH) {
		n = find_abandoned(found);
		for (i = 0; i < n; i++) {
			phx_client_shutdown(found[i]);
			phx_client_put(found[i]);
		}
		cond_resched();
	}
	if (READ_ONCE(nr_clients))
		reap_later();
}

/**
 * phx_clients_exit() - stop looking after clients, of which there are none
 */
void phx_clients_exit(void)
{
	cancel_delayed_work_sync(&reaper);
}
