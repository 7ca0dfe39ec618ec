// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: wait for a message, place its buffers, tell the receiver, and put
 * it in the table of held messages. If anything fails for the receiver the
 * message goes back to the head of the queue as if nothing had been. If there is
 * no room for it, that is the sender's error.
 */
#include "verbs.h"
#include "client.h"
#include "held.h"
#include "message.h"
#include "place.h"
#include "port.h"
#include "stats.h"

#include <linux/phxport.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

/* Returns whether there is no need to wait. */
static bool take_or_queue(struct phx_port *port, struct phx_waiter *waiter,
			  bool nonblock)
{
	struct phx_message *msg;
	bool done = true;

	spin_lock(&port->client->srv.lock);
	msg = list_first_entry_or_null(&port->queue, struct phx_message, node);
	if (port->dead) {
		waiter->err = -EINVAL;
	} else if (msg) {
		phx_message_take_locked(msg);
		waiter->msg = msg;
	} else if (nonblock) {
		waiter->err = -EAGAIN;
	} else {
		list_add_tail(&waiter->node, &port->waiters);
		done = false;
	}
	spin_unlock(&port->client->srv.lock);
	return done;
}

static int sleep_until_done(const struct phx_waiter *waiter,
			    const struct phx_deadline *deadline)
{
	bool in_time = true;
	int err = 0;

	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		/* Only a hint; what counts is read under the lock. */
		if (READ_ONCE(waiter->done))
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

/*
 * Get the next message of a port, taken. A message that came together with a
 * signal or the end of the time is not let go.
 */
static struct phx_message *next_message(struct phx_port *port,
					const struct phx_deadline *deadline,
					bool nonblock)
{
	struct phx_waiter waiter = { .task = current };
	int err;

	if (!take_or_queue(port, &waiter, nonblock)) {
		err = sleep_until_done(&waiter, deadline);
		spin_lock(&port->client->srv.lock);
		if (!waiter.done) {
			list_del(&waiter.node);
			waiter.err = err;
		}
		spin_unlock(&port->client->srv.lock);
	}
	return waiter.msg ?: ERR_PTR(waiter.err);
}

/* An inline buffer lies in the message, wherever the receiver has that. */
static void describe(const struct phx_message *msg, struct phx_ioc_recv *arg,
		     struct phx_ioc_recv __user *user)
{
	const struct phx_buffer *in = &msg->buf[PHX_IN], *out = &msg->buf[PHX_OUT];

	arg->msg = msg->wire;
	arg->i_class = in->class;
	arg->o_class = out->class;
	arg->msg.i.data = in->class ? in->at : 0;
	arg->msg.o.data = out->class ? out->at : 0;
	if (msg->flags & PHX_SEND_I_INLINE) {
		arg->i_class = PHX_CLASS_INLINE;
		arg->msg.i.data = (unsigned long)&user->msg.i.raw[msg->i_off];
		phx_stat_inc(PHX_STAT_BUFFERS_INLINE);
	}
	if (msg->flags & PHX_SEND_O_INLINE) {
		arg->o_class = PHX_CLASS_INLINE;
		arg->msg.o.data = (unsigned long)&user->msg.o.raw[msg->o_off];
		phx_stat_inc(PHX_STAT_BUFFERS_INLINE);
	}
}

/*
 * Returns 0 when the receiver has it; 1 when it is to look at the next, because
 * this one is over, because there is no room for it or by the end of the client;
 * an error when it is back in the queue.
 */
static int deliver(struct phx_client *client, struct phx_message *msg, int rid,
		   struct phx_ioc_recv *arg, struct phx_ioc_recv __user *user)
{
	struct phx_copy_space space = {
		.at = arg->buf,
		.left = arg->buf ? arg->buf_size : 0,
	};
	int err;

	/* A receiver that is killed leaves it for others, unseen. */
	if (fatal_signal_pending(current))
		err = -EINTR;
	else
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

	describe(msg, arg, user);
	err = -EFAULT;
	/* The rid comes last: without all the rest it would be of no message. */
	if (copy_to_user(&user->i_class, &arg->i_class,
			 sizeof(*arg) - offsetof(struct phx_ioc_recv, i_class)) ||
	    put_user(rid, &user->rid))
		goto out_undo;
	phx_stat_inc(PHX_STAT_MESSAGES_RECEIVED);
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

static int receive(struct phx_client *client, struct phx_port *port,
		   struct phx_ioc_recv *arg, struct phx_ioc_recv __user *user,
		   bool nonblock)
{
	struct phx_deadline deadline = phx_deadline(arg->timeout_ns);
	struct phx_message *msg;
	int rid, err;

	rid = phx_held_reserve(client);
	if (rid < 0)
		return rid;
	do {
		msg = next_message(port, &deadline, nonblock);
		err = PTR_ERR_OR_ZERO(msg);
		if (!err)
			err = deliver(client, msg, rid, arg, user);
		cond_resched();
	} while (err > 0);
	if (!err)
		return 0;

	phx_held_unreserve(client, rid, true);
	return phx_tell_rest(&deadline, err, &user->timeout_ns);
}

/**
 * phx_receive_check() - is a call what it may be?
 * @arg: the call
 *
 * Return: 0 or a negative errno.
 */
int phx_receive_check(const struct phx_ioc_recv *arg)
{
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
int phx_receive(struct phx_client *client, struct phx_ioc_recv *arg,
		struct phx_ioc_recv __user *user, bool nonblock)
{
	struct phx_port *port;
	int err;

	err = phx_receive_check(arg);
	if (err)
		return err;
	port = phx_port_find(client->ns, arg->port);
	if (!port)
		return -EINVAL;
	nonblock |= arg->flags & PHX_RECV_NONBLOCK;
	err = -EPERM;
	if (port->client == client)
		err = receive(client, port, arg, user, nonblock);
	phx_port_put(port);
	return err;
}
