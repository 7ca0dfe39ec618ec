/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client: one open file of the device. It belongs to the address space that
 * opened it - calls from any other are refused - and to the process that did:
 * when that ends or executes another program, the client is shut down even if
 * somebody still has the file. A close at that moment or the end of a window
 * tell of it at once. If there is neither, because the file is kept or shared
 * and nothing was mapped, the reaper finds out; it looks every second. But for a
 * child of vfork(2) that keeps the file over its exec: the address space is its
 * parent's, and nobody can tell until that ends.
 *
 * It owns ports and their queues, the messages it has received and not yet
 * responded to (held.h), the names it registered, the memory it registered with
 * others' ports (region.h) and two windows (window.h).
 * phx_client_shutdown() is the one place where all that is undone; it is called
 * by whichever comes first of the file's release, the end of its process and
 * the end of its address space.
 *
 * Locks
 *
 * Everything that senders share with the server is under the server's
 * srv.lock: the queues and waiting receivers of its ports, the table of held
 * messages, and the state of every message sent to it. So a message changes
 * its state under one lock, whichever way it goes. It is taken in process context
 * alone; nothing sleeps, takes mmap_lock or touches user memory under it, and nobody
 * holds two clients' locks. Order of locks:
 *
 *	mmap_lock > phx_ns.names_lock
 *	phx_ns.look_lock > client->srv.lock
 *	mmap_lock > the windows' i_mmap_rwsem
 *	client->win[].lock > client->srv.lock > client->srv.poll, scheduler's
 *	phx_region.lock > mmap_lock
 *	phx_region.lock > client->win[].lock
 *
 *	client->srv.held.growing > client->srv.lock
 *	client->regions, alone
 *	the reaper's list of clients, alone
 *
 * Of the third line, both locks are of the same client.
 *
 * A client is freed with its last reference: the file has one, each port one,
 * each region that it registered one, and the file behind its windows one. The last
 * of these ends when nothing can be sent or received by it any more, and with it goes
 * the memory that only that needs.
 */
#ifndef PHX_CLIENT_H
#define PHX_CLIENT_H

#include "held.h"
#include "wait.h"
#include "window.h"

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

struct mm_struct;
struct phx_message;
struct net;
struct phx_ns;
struct phx_port;
struct phx_user;
struct pid;
struct pid_namespace;

/**
 * struct phx_client - one open file
 * @node: in the list that the reaper looks at, until it is shut down
 * @refs: references
 * @user: who opened it
 * @net: network namespace it was opened in, held
 * @ns: our part of @net
 * @mm: address space it belongs to; not held against exit, only against reuse
 * @tgid: process it belongs to
 * @pid: its number in @pid_ns
 * @id: its number in @ns, until it is shut down
 * @opened: when it was opened, in jiffies
 * @pid_ns: pid namespace that it sees senders in
 * @spare: a message for its next call to send, or NULL; nothing is charged for it
 * @spin: what was learned of how long its senders wait
 * @names: list of struct phx_name, under phx_ns.names_lock
 * @nr_names: how many, the same
 * @has_names: it has registered one, or is about to
 * @regions: table of struct phx_region that it registered
 * @next_region: where to look for a free number in it
 * @srv: what it has as a server, in cache lines of its own
 * @srv.lock: see above
 * @srv.closed: it was shut down: no port can be added, no message held
 * @srv.ports: list of struct phx_port
 * @srv.nr_ports: how many
 * @srv.nr_held: messages in @srv.held
 * @srv.recent: the port that was last received from, if it is alive
 * @srv.queued: messages queued at all its ports
 * @srv.held: messages received and not responded to
 * @srv.gaps: list of struct phx_gap
 * @srv.poll: those who poll for messages
 * @srv.spin: what was learned of how long its receivers wait
 * @win: windows, indexed by enum phx_dir
 * @win_file: the file behind the windows. A window must not hold the device's
 *	      own file, or closing that would not end the client
 */
struct phx_client {
	struct list_head node;
	refcount_t refs;
	struct phx_user *user;
	struct net *net;
	struct phx_ns *ns;
	struct mm_struct *mm;
	struct pid *tgid;
	pid_t pid;
	u32 id;
	unsigned long opened;
	struct pid_namespace *pid_ns;
	struct list_head names;
	unsigned int nr_names;
	bool has_names;
	struct phx_message *spare;
	struct phx_spin spin;
	struct xarray regions;
	u32 next_region;
	struct {
		spinlock_t lock ____cacheline_aligned_in_smp; /* all of srv, see above */
		bool closed;
		struct list_head ports;
		unsigned int nr_ports;
		unsigned int nr_held;
		struct phx_port *recent;
		unsigned long queued;
		struct phx_held held;
		struct list_head gaps;
		wait_queue_head_t poll;
		struct phx_spin spin;
	} srv;
	struct phx_window win[PHX_DIR_NR];
	struct file *win_file;
};

struct phx_client *phx_client_create(void);
void phx_client_put(struct phx_client *client);
void phx_client_done(struct phx_client *client);
void phx_client_shutdown(struct phx_client *client);
void phx_clients_exit(void);
struct phx_client *phx_client_find(struct phx_ns *ns, u32 id);
struct phx_client *phx_client_next(struct phx_ns *ns, unsigned long *from);
bool phx_client_abandoned(const struct phx_client *client);

static inline struct phx_client *phx_client_ref(struct phx_client *client)
{
	refcount_inc(&client->refs);
	return client;
}

#endif /* PHX_CLIENT_H */
