// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send: get hold of the buffers, put the message on its way, wait until it is
 * over, take the response.
 */
#include "verbs.h"
#include "client.h"
#include "message.h"
#include "port.h"

#include <linux/phxport.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#define SLEEP_QUEUED (TASK_INTERRUPTIBLE | TASK_FREEZABLE)
/* A server may take its time, so this is not to count as load. */
#define SLEEP_TAKEN (TASK_KILLABLE | TASK_NOLOAD | TASK_FREEZABLE)

#define SEND_FLAGS (PHX_SEND_NONBLOCK | PHX_SEND_I_INLINE | PHX_SEND_O_INLINE | \
		    PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED)

/* The offset of an inline buffer, the number of what is registered, or 0. */
static int check_off(bool inlined, bool registered, u16 off, u64 size)
{
	if (inlined && (registered || off > PHX_RAW_SIZE || size > PHX_RAW_SIZE - off))
		return -EINVAL;
	return off && !inlined && !registered ? -EINVAL : 0;
}

static int check(const struct phx_ioc_send *arg)
{
	u32 flags = arg->flags;

	if (flags & ~SEND_FLAGS)
		return -EINVAL;
	return check_off(flags & PHX_SEND_I_INLINE, flags & PHX_SEND_I_REGISTERED,
			 arg->i_off, arg->msg.i.size) ?:
	       check_off(flags & PHX_SEND_O_INLINE, flags & PHX_SEND_O_REGISTERED,
			 arg->o_off, arg->msg.o.size);
}

static int prepare_buffers(struct phx_message *msg, struct phx_client *client,
			   bool bounce)
{
	int err;

	err = phx_buffer_prepare(msg, PHX_IN, client, bounce);
	if (!err)
		err = phx_buffer_prepare(msg, PHX_OUT, client, bounce);
	return err;
}

/*
 * Queued, any signal ends the wait; taken, only a fatal one. The state may
 * change from one to the other at any time. From queued to taken, a signal just
 * takes the thread round the loop once more. From taken to queued, it is woken;
 * if that comes before it has set how it sleeps, it sees the new state after.
 *
 * Returns 0 when the message is done, else why the sender would leave.
 */
static int wait_for_response(struct phx_message *msg,
			     const struct phx_deadline *deadline)
{
	bool in_time = true;
	int err = 0;

	while (!err) {
		bool queued = READ_ONCE(msg->state) == PHX_QUEUED;
		unsigned int how = queued ? SLEEP_QUEUED : SLEEP_TAKEN;
		enum phx_state state;

		set_current_state(how);
		/* Pairs with the release in done_locked(). */
		state = smp_load_acquire(&msg->state);
		if (state == PHX_DONE)
			break;
		if (state == PHX_QUEUED && !queued)
			continue;
		if (signal_pending_state(how, current))
			err = -ERESTARTNOHAND;
		else if (!in_time)
			err = -ETIMEDOUT;
		else
			in_time = phx_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/* Returns how the wait ended, and what became of the message. */
static int wait_or_leave(struct phx_message *msg,
			 const struct phx_deadline *deadline, enum phx_left *left)
{
	int err;

	do {
		err = wait_for_response(msg, deadline);
		if (!err) {
			*left = PHX_STAYS;
			return 0;
		}
		*left = phx_message_leave(msg, err == -ETIMEDOUT ||
					  fatal_signal_pending(current));
	} while (*left == PHX_STAYS);
	return err;
}

/* The message is done: what the server wrote, and its response. */
static int take_response(struct phx_message *msg, struct phx_ioc_send *arg,
			 struct phx_ioc_send __user *user)
{
	struct phx_msg_out *o = &arg->msg.o;
	int err;

	if (msg->result)
		return msg->result;
	err = phx_buffer_write_back(&msg->buf[PHX_OUT]);
	if (err)
		return err;
	memcpy(o->raw, msg->wire.o.raw, sizeof(o->raw));
	o->err = msg->wire.o.err;
	if (copy_to_user(&user->msg.o, o, offsetofend(struct phx_msg_out, err)))
		return -EFAULT;
	return 0;
}

static int send(struct phx_message *msg, struct phx_client *client,
		struct phx_ioc_send *arg, struct phx_ioc_send __user *user,
		bool nonblock)
{
	struct phx_deadline deadline = phx_deadline(arg->timeout_ns);
	enum phx_left left;
	int err;

	err = prepare_buffers(msg, client, deadline.limited);
	/* From here on nothing fails for want of memory or a bad buffer. */
	if (!err)
		err = phx_message_offer(msg, nonblock);
	if (err)
		goto out_release;

	err = wait_or_leave(msg, &deadline, &left);
	if (left == PHX_ORPHANED)
		return err;
	if (!err)
		err = take_response(msg, arg, user);
	err = phx_tell_rest(&deadline, err, &user->timeout_ns);
out_release:
	phx_message_release(msg);
	return err;
}

/**
 * phx_send() - send a message and wait for the response
 * @client: the sender, of the current process
 * @arg: the call
 * @user: where it came from, for the response
 * @nonblock: the file is O_NONBLOCK
 *
 * Return: 0 or a negative errno, see struct phx_ioc_send.
 */
int phx_send(struct phx_client *client, struct phx_ioc_send *arg,
	     struct phx_ioc_send __user *user, bool nonblock)
{
	struct phx_message *msg;
	struct phx_port *port;
	int err;

	err = check(arg);
	if (err)
		return err;
	port = phx_port_find(client->ns, arg->port);
	if (!port)
		return -EINVAL;
	err = -EINVAL;
	if (phx_client_abandoned(port->client))
		goto out_port;
	msg = phx_message_create(client, port, arg);
	err = PTR_ERR_OR_ZERO(msg);
	if (err)
		goto out_port;
	nonblock |= arg->flags & PHX_SEND_NONBLOCK;
	err = send(msg, client, arg, user, nonblock);
	phx_message_put(msg);
out_port:
	phx_port_put(port);
	return err;
}
