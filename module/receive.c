// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: wait for a message, place its buffers, tell the receiver, and put
 * it in the table of held messages. If anything fails for the receiver the
 * message goes back to the head of the queue as if nothing had been. If there is
 * no room for it, that is the sender's error.
 */
#include "verbs.h"
#include "client.h"
#include "compat.h"
#include "held.h"
#include "message.h"
#include "place.h"
#include "port.h"
#include "stats.h"
#include "trace.h"
#include "wait.h"
#include "words.h"

#include <linux/phxport.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

/**
 * struct reception - what a receive has got so far
 * @port: where from, referred to; NULL if that was the client's last one
 * @rid: reserved for the message, or negative
 * @waiter: for the message
 */
struct reception {
	struct phx_port *port;
	int rid;
	struct phx_waiter waiter;
};

enum next {
	NEXT_DONE,	/* there is a message or an error */
	NEXT_SPIN,	/* it is in the queue of those who wait */
	NEXT_SLEEP,	/* the same, and another spins */
	NEXT_FIND,	/* the port is to be looked up */
	NEXT_GROW,	/* the table of held messages is full */
};

/* Get the next message of a port, or begin to wait for it. */
static enum next take_or_queue_locked(struct phx_client *client, u32 id,
				      struct reception *r, bool nonblock)
{
	struct phx_port *port = r->port ?: client->srv.recent;
	struct phx_waiter *waiter = &r->waiter;
	struct phx_message *msg;

	lockdep_assert_held(&client->srv.lock);
	if (!port || port->id != id)
		return NEXT_FIND;
	waiter->err = -EINVAL;
	if (port->dead)
		return NEXT_DONE;
	if (r->rid < 0)
		r->rid = phx_held_reserve_locked(client);
	if (r->rid == -ENOSPC)
		return NEXT_GROW;
	waiter->err = r->rid;
	if (r->rid < 0)
		return NEXT_DONE;

	client->srv.recent = port;
	port->cpu = raw_smp_processor_id();
	msg = list_first_entry_or_null(&port->queue, struct phx_message, node);
	if (msg) {
		phx_message_take_locked(msg, current);
		waiter->msg = msg;
		return NEXT_DONE;
	}
	waiter->err = -EAGAIN;
	if (nonblock)
		return NEXT_DONE;
	return phx_waiter_add_locked(port, waiter) ? NEXT_SPIN : NEXT_SLEEP;
}

static int find_port(struct phx_client *client, u32 id, struct reception *r)
{
	struct phx_port *port = phx_port_find(client->ns, id);

	if (!port)
		return -EINVAL;
	if (port->client != client) {
		phx_port_put(port);
		return -EPERM;
	}
	r->port = port;
	return 0;
}

/* The same, with what can't be done under the lock, and is rarely to be done. */
static enum next take_or_queue(struct phx_client *client, u32 id,
			       struct reception *r, bool nonblock)
{
	enum next next;
	int err = 0;

	do {
		spin_lock(&client->srv.lock);
		next = take_or_queue_locked(client, id, r, nonblock);
		spin_unlock(&client->srv.lock);
		if (next == NEXT_FIND)
			err = find_port(client, id, r);
		else if (next == NEXT_GROW)
			err = phx_held_grow(client);
	} while (next >= NEXT_FIND && !err);
	if (err)
		r->waiter.err = err;
	return err ? NEXT_DONE : next;
}

/* Who sends next is not known, so that there is no peer to look at. */
static bool always(const void *data)
{
	return true;
}

static void spin(struct phx_client *client, struct phx_waiter *waiter, u64 timeout_ns)
{
	unsigned int max_ns = phx_spin_recv_max();

	if (max_ns && phx_spin_may())
		phx_wait_spin(&waiter->wait,
			      phx_spin_ns(&client->srv.spin, max_ns, timeout_ns),
			      always, NULL);
}

static int sleep_until_over(struct phx_wait *wait, const struct phx_deadline *deadline)
{
	bool in_time = true;
	int err = 0;

	if (!phx_wait_asleep(wait))
		return 0;
	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (phx_wait_over(wait))
			break;
		if (signal_pending(current))
			err = -ERESTARTNOHAND;
		else if (!in_time)
			err = -ETIMEDOUT;
		else
			in_time = phx_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/* Returns whether nothing came until now: a message is not let go. */
static bool give_up(struct phx_client *client, struct phx_waiter *waiter)
{
	bool nothing;

	/* model: give_up */
	spin_lock(&client->srv.lock);
	nothing = !phx_wait_over(&waiter->wait);
	if (nothing)
		phx_waiter_del_locked(waiter);
	spin_unlock(&client->srv.lock);
	return nothing;
}

/* Get the next message of a port, taken. */
static struct phx_message *next_message(struct phx_client *client,
					const struct phx_recv_head *arg,
					struct reception *r,
					const struct phx_deadline *deadline,
					bool nonblock)
{
	struct phx_waiter *waiter = &r->waiter;
	enum next next;
	int err;

	waiter->msg = NULL;
	phx_wait_init(&waiter->wait);
	next = take_or_queue(client, arg->port, r, nonblock);
	if (next != NEXT_DONE) {
		if (next == NEXT_SPIN)
			spin(client, waiter, arg->timeout_ns);
		err = sleep_until_over(&waiter->wait, deadline);
		if (err && give_up(client, waiter))
			return ERR_PTR(err);
		phx_spin_learn(&client->srv.spin, &waiter->wait, phx_spin_recv_max());
	}
	return waiter->msg ?: ERR_PTR(waiter->err);
}

static u64 inline_at(u32 offset)
{
	phx_stat_inc(PHX_STAT_BUFFERS_INLINE);
	return offset;
}

/* What goes to the user in one word, and after all the rest. */
struct rid_and_classes {
	s32 rid;
	u16 i_class;
	u16 o_class;
};

static_assert(offsetof(struct phx_ioc_recv, rid) % sizeof(u64) == 0);
static_assert(offsetof(struct phx_ioc_recv, msg) - offsetof(struct phx_ioc_recv, rid) ==
	      sizeof(struct rid_and_classes));

/*
 * Show the message to the user, with addresses of its own: not for a moment may it
 * see the sender's. An inline buffer lies in the message, wherever the receiver has
 * that. Without the rid, which comes last, it would be of no message.
 */
static int describe(struct phx_message *msg, int rid, struct phx_ioc_recv __user *user)
{
	const struct phx_buffer *in = &msg->buf[PHX_IN], *out = &msg->buf[PHX_OUT];
	struct phx_msg *wire = &msg->call.msg;
	struct rid_and_classes word = {
		.rid = rid,
		.i_class = in->class,
		.o_class = out->class,
	};

	wire->i.data = in->class ? in->at : 0;
	wire->o.data = out->class ? out->at : 0;
	if (msg->call.flags & PHX_SEND_I_INLINE) {
		word.i_class = PHX_CLASS_INLINE;
		wire->i.data = (unsigned long)user->msg.i.raw + inline_at(msg->call.i_off);
	}
	if (msg->call.flags & PHX_SEND_O_INLINE) {
		word.o_class = PHX_CLASS_INLINE;
		wire->o.data = (unsigned long)user->msg.o.raw + inline_at(msg->call.o_off);
	}
	if (!phx_words_put(&user->msg, wire, sizeof(*wire)) ||
	    !phx_words_put(&user->rid, &word, sizeof(word)))
		return -EFAULT;
	return 0;
}

static void trace_received(const struct phx_message *msg, int rid)
{
	if (!trace_phx_receive_enabled())
		return;
	trace_phx_receive(msg, rid, phx_message_class(msg, PHX_IN),
			  phx_message_class(msg, PHX_OUT), phx_message_traced_ns(msg));
}

/*
 * Returns 0 when the receiver has it; 1 when it is to look at the next, because
 * this one is over, because there is no room for it or by the end of the client;
 * an error when it is back in the queue.
 */
static int deliver(struct phx_client *client, struct phx_message *msg, int rid,
		   const struct phx_recv_head *arg, struct phx_ioc_recv __user *user)
{
	struct phx_copy_space space = {
		.at = arg->buf,
		.left = arg->buf ? arg->buf_size : 0,
	};
	int err = 0;

	/* model: deliver. A receiver that is killed leaves it for others, unseen. */
	if (fatal_signal_pending(current))
		err = -EINTR;
	else if (phx_message_has_buffers(msg))
		err = phx_place(msg, client, space);
	/*
	 * To have it wait for room would let one sender, who needs much, keep
	 * the server from all others.
	 */
	if (err == -EMSGSIZE || err == -ENOBUFS) {
		phx_message_answer(msg, err);
		return 1;
	}
	if (err)
		goto out_requeue;

	err = describe(msg, rid, user);
	if (err)
		goto out_undo;
	phx_stat_inc(PHX_STAT_MESSAGES_RECEIVED);
	trace_received(msg, rid);
	if (phx_held_publish(client, rid, msg))
		return 0;

	phx_place_undo(msg, client);
	phx_message_answer(msg, -EPIPE);
	return 1;

out_undo:
	phx_place_undo(msg, client);
out_requeue:
	phx_message_requeue(msg);
	return err;
}

/* So many are passed over by a receive that does not wait. */
#define PASSED_OVER_MAX 64

/*
 * Senders of what there is no room for must not keep a receiver from its signals, nor
 * beyond its time, nor by sending again one that does not wait. Returns 1 if it may look
 * at the next message.
 */
static int go_on(struct phx_client *client, const struct phx_deadline *deadline,
		 bool enough)
{
	int err;

	cond_resched();
	if (signal_pending(current))
		err = -ERESTARTNOHAND;
	else if (deadline->limited && ktime_compare(ktime_get(), deadline->at) >= 0)
		err = -ETIMEDOUT;
	else if (enough)
		err = -EAGAIN;
	else
		return 1;
	/* As if nothing came: what is behind those is news to who waits for edges. */
	wake_up_interruptible_poll(&client->srv.poll, EPOLLIN | EPOLLRDNORM);
	return err;
}

/**
 * phx_receive_read() - read a call, but for the response in it
 * @arg: out: the call
 * @user: where it is
 *
 * Return: 0 or a negative errno.
 */
__phx_hot
int phx_receive_read(struct phx_recv_head *arg, struct phx_ioc_recv __user *user)
{
	int err = phx_struct_get(arg, sizeof(*arg), user, sizeof(*user));

	if (err)
		return err;
	if (arg->flags & ~PHX_RECV_NONBLOCK || arg->__reserved)
		return -EINVAL;
	if (arg->buf != (unsigned long)arg->buf ||
	    arg->buf_size != (size_t)arg->buf_size ||
	    !access_ok((void __user *)(unsigned long)arg->buf, arg->buf_size))
		return -EFAULT;
	return 0;
}

/**
 * phx_receive() - wait for a message
 * @client: the receiver, of the current process
 * @arg: the call
 * @user: where it came from, for the message
 * @nonblock: the file is O_NONBLOCK
 *
 * Return: 0 or a negative errno, see struct phx_ioc_recv.
 */
__phx_hot
int phx_receive(struct phx_client *client, const struct phx_recv_head *arg,
		struct phx_ioc_recv __user *user, bool nonblock)
{
	struct phx_deadline deadline = phx_deadline(arg->timeout_ns);
	struct reception r = { .rid = -1 };
	struct phx_message *msg;
	unsigned int passed = 0;
	int err;

	nonblock |= arg->flags & PHX_RECV_NONBLOCK;
	do {
		msg = next_message(client, arg, &r, &deadline, nonblock);
		err = PTR_ERR_OR_ZERO(msg);
		if (!err)
			err = deliver(client, msg, r.rid, arg, user);
		if (err > 0)
			err = go_on(client, &deadline,
				    nonblock && ++passed == PASSED_OVER_MAX);
	} while (err > 0);
	if (err && r.rid >= 0)
		phx_held_unreserve(client, r.rid);
	if (r.port)
		phx_port_put(r.port);
	return phx_tell_rest(&deadline, err, &user->timeout_ns);
}
