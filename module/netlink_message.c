// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: what waits for whom, since when, and how to end that.
 *
 * A message may be gone as soon as the receiver's lock is let go, so that it is
 * looked at under the lock and told of after.
 */
#include "netlink.h"
#include "client.h"
#include "compat.h"
#include "gap.h"
#include "message.h"
#include "netns.h"
#include "port.h"
#include "user.h"

#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

/* Messages or slots that are passed under one hold of the lock. */
#define PASS_MAX 128

/**
 * struct look - a message as it was
 * @client: who receives it, referred to
 * @id: see struct phx_message for these
 * @order: .
 * @sent: .
 * @taken: .
 * @sender: .
 * @holder: .
 * @loans: .
 * @port: number of the port
 * @state: enum phx_message_state
 * @rid: if it is held
 * @pid: of the sender, 0 if that is gone or not to be seen
 * @tid: the same
 * @comm: of the sender's thread
 * @type: see struct phx_msg
 * @priority: .
 * @size: of the buffers
 * @class: of the buffers
 */
struct look {
	struct phx_client *client;
	u64 id;
	u64 order;
	unsigned long sent;
	unsigned long taken;
	u32 sender;
	pid_t holder;
	unsigned int loans;
	u32 port;
	u32 state;
	s32 rid;
	pid_t pid;
	pid_t tid;
	char comm[TASK_COMM_LEN];
	s32 type;
	u32 priority;
	u64 size[PHX_DIR_NR];
	u32 class[PHX_DIR_NR];
};

/* While it is not an orphan its sender is in the call, and can't leave without us. */
static void look_at_sender_locked(struct look *look, const struct phx_message *msg,
				  const struct phx_viewer *viewer)
{
	struct task_struct *task = msg->wait.task;

	lockdep_assert_held(&msg->port->client->srv.lock);
	if (msg->state == PHX_ORPHAN)
		return;
	look->sender = msg->sender;
	look->pid = task_tgid_nr_ns(task, viewer->pid_ns);
	look->tid = task_pid_nr_ns(task, viewer->pid_ns);
	memcpy(look->comm, task->comm, sizeof(look->comm) - 1);
}

/* Of one that is not held they are as its last receiver had them. */
static u32 class_of(const struct phx_message *msg, enum phx_dir dir)
{
	u16 class = phx_message_class(msg, dir);

	return msg->held || class == PHX_CLASS_INLINE ? class : PHX_CLASS_NONE;
}

static void look_locked(struct look *look, const struct phx_message *msg,
			const struct phx_viewer *viewer)
{
	memset(look, 0, sizeof(*look));
	look->client = msg->port->client;
	lockdep_assert_held(&look->client->srv.lock);
	look->id = msg->id;
	look->order = msg->order;
	look->sent = msg->sent;
	look->port = msg->port->id;
	look->type = msg->call.msg.type;
	look->priority = msg->call.msg.priority;
	look->size[PHX_IN] = msg->call.msg.i.size;
	look->size[PHX_OUT] = msg->call.msg.o.size;
	look->class[PHX_IN] = class_of(msg, PHX_IN);
	look->class[PHX_OUT] = class_of(msg, PHX_OUT);
	look->state = PHX_MESSAGE_QUEUED;
	if (msg->held) {
		look->state = msg->state == PHX_ORPHAN ? PHX_MESSAGE_ORPHAN : PHX_MESSAGE_HELD;
		look->taken = msg->taken;
		look->holder = msg->holder;
		look->loans = msg->loans;
	}
	look_at_sender_locked(look, msg, viewer);
}

static bool is_seen_locked(const struct phx_message *msg, const struct phx_viewer *viewer)
{
	lockdep_assert_held(&msg->port->client->srv.lock);
	return phx_viewer_sees(viewer, msg->port->client->user) ||
	       phx_viewer_sees(viewer, msg->user);
}

static int put_ms(struct sk_buff *skb, int attr, unsigned long since)
{
	return nla_put_u64_64bit(skb, attr, jiffies64_to_msecs(jiffies - since),
				 PHX_A_MESSAGE_PAD);
}

static int put_sender(struct sk_buff *skb, const struct look *look)
{
	if (!look->sender)
		return 0;
	if (nla_put_u32(skb, PHX_A_MESSAGE_SENDER, look->sender))
		return -EMSGSIZE;
	if (!look->tid)
		return 0;
	if (nla_put_u32(skb, PHX_A_MESSAGE_SENDER_PID, look->pid) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_SENDER_TID, look->tid) ||
	    nla_put_string(skb, PHX_A_MESSAGE_SENDER_COMM, look->comm))
		return -EMSGSIZE;
	return 0;
}

/* A thread of that number, if there is one now and it is of that process. */
static pid_t holder_nr(const struct look *look, const struct phx_viewer *viewer)
{
	struct task_struct *task;
	pid_t nr = 0;

	rcu_read_lock();
	task = pid_task(find_pid_ns(look->holder, &init_pid_ns), PIDTYPE_PID);
	if (task && task_tgid(task) == look->client->tgid)
		nr = task_pid_nr_ns(task, viewer->pid_ns);
	rcu_read_unlock();
	return nr;
}

static int put_receiver(struct sk_buff *skb, const struct phx_viewer *viewer,
			const struct look *look)
{
	static const struct phx_identity identity = {
		.client	= PHX_A_MESSAGE_CLIENT,
		.pid	= PHX_A_MESSAGE_PID,
		.comm	= PHX_A_MESSAGE_COMM,
	};
	pid_t tid;

	if (phx_put_identity(skb, viewer, look->client, &identity))
		return -EMSGSIZE;
	if (look->state == PHX_MESSAGE_QUEUED)
		return 0;
	if (nla_put_s32(skb, PHX_A_MESSAGE_RID, look->rid))
		return -EMSGSIZE;
	if (look->state == PHX_MESSAGE_ABORTED)
		return 0;
	tid = holder_nr(look, viewer);
	if ((tid && nla_put_u32(skb, PHX_A_MESSAGE_TID, tid)) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_LOANS, look->loans))
		return -EMSGSIZE;
	return put_ms(skb, PHX_A_MESSAGE_HELD, look->taken);
}

static int put_contents(struct sk_buff *skb, const struct look *look)
{
	if (nla_put_s32(skb, PHX_A_MESSAGE_TYPE, look->type) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_PRIORITY, look->priority) ||
	    nla_put_u64_64bit(skb, PHX_A_MESSAGE_IN_SIZE, look->size[PHX_IN],
			      PHX_A_MESSAGE_PAD) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_IN_CLASS, look->class[PHX_IN]) ||
	    nla_put_u64_64bit(skb, PHX_A_MESSAGE_OUT_SIZE, look->size[PHX_OUT],
			      PHX_A_MESSAGE_PAD) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_OUT_CLASS, look->class[PHX_OUT]))
		return -EMSGSIZE;
	return 0;
}

static int put_message(struct sk_buff *skb, const struct phx_viewer *viewer,
		       const void *what)
{
	const struct look *look = what;

	if (nla_put_u32(skb, PHX_A_MESSAGE_PORT, look->port) ||
	    nla_put_u32(skb, PHX_A_MESSAGE_STATE, look->state) ||
	    put_receiver(skb, viewer, look))
		return -EMSGSIZE;
	if (look->state == PHX_MESSAGE_ABORTED)
		return 0;
	if (nla_put_u64_64bit(skb, PHX_A_MESSAGE_ID, look->id, PHX_A_MESSAGE_PAD) ||
	    put_contents(skb, look) || put_ms(skb, PHX_A_MESSAGE_AGE, look->sent))
		return -EMSGSIZE;
	return put_sender(skb, look);
}

/* Where a dump is. First come the queues of all ports, then what each client holds. */
struct position {
	unsigned long client;
	unsigned long port;
	u64 order;
	u32 slot;
	bool held;
};

static_assert(sizeof(struct position) <= sizeof_field(struct netlink_callback, ctx));

static int add(struct sk_buff *skb, struct netlink_callback *cb,
	       const struct phx_viewer *viewer, const struct look *look)
{
	return phx_netlink_add(skb, cb, PHX_CMD_MESSAGE_GET, viewer, put_message, look);
}

/* Looks at the next one that is to be shown; false at the end or after a while. */
static bool next_queued_locked(struct phx_port *port, struct phx_walk *walk,
			       const struct phx_viewer *viewer, u64 order,
			       struct look *look, bool *end)
{
	struct phx_message *msg;
	int n;

	lockdep_assert_held(&port->client->srv.lock);
	for (n = 0; n < PASS_MAX; n++) {
		msg = phx_walk_next_locked(port, walk);
		*end = !msg;
		if (!msg)
			return false;
		if (msg->order <= order || !is_seen_locked(msg, viewer))
			continue;
		look_locked(look, msg, viewer);
		return true;
	}
	return false;
}

static int add_queued(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct phx_viewer *viewer, struct phx_port *port, u64 *order)
{
	struct phx_walk walk;
	struct look look;
	bool end = false;
	int err = 0;

	spin_lock(&port->client->srv.lock);
	phx_walk_begin_locked(port, &walk);
	while (!end && !err) {
		bool found = next_queued_locked(port, &walk, viewer, *order, &look, &end);

		spin_unlock(&port->client->srv.lock);
		if (found)
			err = add(skb, cb, viewer, &look);
		if (found && !err)
			*order = look.order;
		err = err ?: phx_netlink_pause();
		spin_lock(&port->client->srv.lock);
	}
	phx_walk_end_locked(port, &walk);
	spin_unlock(&port->client->srv.lock);
	return err;
}

static int add_queues(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct phx_viewer *viewer, u32 only, struct position *at)
{
	struct phx_port *port;
	unsigned long id = max_t(unsigned long, at->port, only);
	int err = 0;

	while (!err && (port = phx_port_next(viewer->ns, &id))) {
		if (id != at->port)
			at->order = 0;
		at->port = id;
		/* Most have none, and need not be kept from their work. */
		if ((!only || only == id) && READ_ONCE(port->nr_queued))
			err = add_queued(skb, cb, viewer, port, &at->order);
		phx_port_put(port);
		if (only)
			break;
		id += !err;
		err = err ?: phx_netlink_pause();
	}
	return err;
}

static bool next_held_locked(struct phx_client *client, u32 *slot, u32 stop,
			     const struct phx_viewer *viewer, u32 only, struct look *look)
{
	struct phx_message *msg;
	s32 rid;

	lockdep_assert_held(&client->srv.lock);
	while ((msg = phx_held_next_locked(client, slot, stop, &rid))) {
		if (phx_is_gap(msg)) {
			memset(look, 0, sizeof(*look));
			look->client = client;
			look->port = phx_gap_of(msg)->port;
			look->state = PHX_MESSAGE_ABORTED;
			if (!phx_viewer_sees(viewer, client->user))
				continue;
		} else {
			if (!is_seen_locked(msg, viewer))
				continue;
			look_locked(look, msg, viewer);
		}
		look->rid = rid;
		if (!only || look->port == only)
			return true;
	}
	return false;
}

static int add_held(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct phx_viewer *viewer, struct phx_client *client, u32 only,
		    u32 *slot)
{
	struct look look;
	bool found;
	u32 at, stop;
	int err = 0;

	do {
		at = *slot;
		stop = at + PASS_MAX;
		spin_lock(&client->srv.lock);
		found = next_held_locked(client, &at, stop, viewer, only, &look);
		spin_unlock(&client->srv.lock);
		if (found)
			err = add(skb, cb, viewer, &look);
		if (!err)
			*slot = at;
		err = err ?: phx_netlink_pause();
	} while (!err && (found || at == stop));
	return err;
}

static int add_all_held(struct sk_buff *skb, struct netlink_callback *cb,
			const struct phx_viewer *viewer, u32 only, struct position *at)
{
	unsigned long id = at->client;
	struct phx_client *client;
	int err = 0;

	while (!err && (client = phx_client_next(viewer->ns, &id))) {
		if (id != at->client)
			at->slot = 0;
		at->client = id;
		err = add_held(skb, cb, viewer, client, only, &at->slot);
		phx_client_put(client);
		id += !err;
	}
	at->client = id;
	return err;
}

static int add_all(struct sk_buff *skb, struct netlink_callback *cb,
		   const struct phx_viewer *viewer)
{
	const struct nlattr *port = phx_dump_attrs(cb)[PHX_A_MESSAGE_PORT];
	struct position *at = (void *)cb->ctx;
	u32 only = port ? nla_get_u32(port) : 0;
	int err = 0;

	if (!at->held) {
		err = add_queues(skb, cb, viewer, only, at);
		at->held = !err;
	}
	return err ?: add_all_held(skb, cb, viewer, only, at);
}

/**
 * phx_netlink_messages() - PHX_CMD_MESSAGE_GET
 * @skb: the part of the dump
 * @cb: the dump; ctx is where it is
 *
 * Who takes a message out of a queue has to tell all who are looking at that, and
 * anybody may look. So of those who are to see but their own messages one looks at a
 * time.
 *
 * Return: bytes in @skb, 0 at the end, or a negative errno.
 */
int phx_netlink_messages(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct phx_viewer viewer;
	int err;

	phx_viewer_init(&viewer, cb->skb);
	if (!viewer.admin && mutex_lock_killable(&viewer.ns->look_lock))
		return -EINTR;
	err = add_all(skb, cb, &viewer);
	if (!viewer.admin)
		mutex_unlock(&viewer.ns->look_lock);
	return skb->len ?: err;
}

static int abort_message(struct phx_client *client, struct genl_info *info,
			 struct phx_ns *ns)
{
	struct phx_port *port = phx_port_find(ns, nla_get_u32(info->attrs[PHX_A_MESSAGE_PORT]));
	bool force = info->attrs[PHX_A_MESSAGE_FORCE];
	int err;

	/* Of a port that is gone there may be messages that are held. */
	if (port && port->client != client) {
		phx_port_put(port);
		port = NULL;
	}
	err = phx_message_abort(client, port, nla_get_u64(info->attrs[PHX_A_MESSAGE_ID]), force);
	if (port)
		phx_port_put(port);
	return err;
}

/**
 * phx_netlink_abort() - PHX_CMD_MESSAGE_ABORT
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct phx_viewer viewer;
	struct phx_client *client;
	int err = -ENOENT;

	phx_viewer_init(&viewer, skb);
	if (!viewer.admin) {
		NL_SET_ERR_MSG(info->extack,
			       "to abort a message takes CAP_NET_ADMIN in this network namespace: be root");
		return -EPERM;
	}
	if (GENL_REQ_ATTR_CHECK(info, PHX_A_MESSAGE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, PHX_A_MESSAGE_PORT) ||
	    GENL_REQ_ATTR_CHECK(info, PHX_A_MESSAGE_CLIENT)) {
		NL_SET_ERR_MSG(info->extack,
			       "which message? its number, its port's or its receiver's is missing");
		return -EINVAL;
	}
	client = phx_client_find(viewer.ns, nla_get_u32(info->attrs[PHX_A_MESSAGE_CLIENT]));
	if (client) {
		err = abort_message(client, info, viewer.ns);
		phx_client_put(client);
	}
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack,
			       "there is no such message, or it is over, or being received or answered right now");
	else if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack,
			       "the server has its buffers in a window, or shares memory with the sender: with force they are taken away, and an access raises SIGBUS");
	return err;
}
