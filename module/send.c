// SPDX-License-Identifier: GPL-2.0-only
/*
 * Send: read the call, get hold of the buffers, put the message on its way, wait
 * until it is over, take the response.
 */
#include "verbs.h"
#include "client.h"
#include "compat.h"
#include "message.h"
#include "port.h"
#include "wait.h"
#include "words.h"

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
	const struct phx_ioc_send *call = &msg->call;
	int err = 0;

	if (call->msg.i.size && !(call->flags & PHX_SEND_I_INLINE))
		err = phx_buffer_prepare(msg, PHX_IN, client, bounce);
	if (!err && call->msg.o.size && !(call->flags & PHX_SEND_O_INLINE))
		err = phx_buffer_prepare(msg, PHX_OUT, client, bounce);
	return err;
}

/*
 * Is it worth to spin? If a thread has the message, as long as that runs on
 * another CPU. If none has, one may be on its way back from the last message, so
 * what counts is where it was.
 */
static bool server_runs_elsewhere(const void *data)
{
	const struct phx_message *msg = data;
	const struct task_struct *taker = READ_ONCE(msg->taker);
	int cpu;

	if (!taker) {
		cpu = READ_ONCE(msg->port->cpu);
		return cpu >= 0 && cpu != raw_smp_processor_id();
	}
	/* One that is being woken up will run; whatever else it does will take long. */
	return task_cpu(taker) != raw_smp_processor_id() &&
	       !(READ_ONCE(taker->__state) & ~TASK_WAKING);
}

static int offer_and_spin(struct phx_message *msg, struct phx_client *client,
			  bool nonblock)
{
	unsigned int max_ns = phx_spin_send_max();
	int err;

	/* Whoever takes the message from here on stays in memory meanwhile. */
	rcu_read_lock();
	err = phx_message_offer(msg, nonblock);
	if (!err && max_ns && server_runs_elsewhere(msg) && phx_spin_may())
		phx_wait_spin(&msg->wait,
			      phx_spin_ns(&client->spin, max_ns, msg->call.timeout_ns),
			      server_runs_elsewhere, msg);
	rcu_read_unlock();
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

	/* model: sleep */
	while (!err) {
		bool queued = READ_ONCE(msg->state) == PHX_QUEUED;
		unsigned int how = queued ? SLEEP_QUEUED : SLEEP_TAKEN;

		set_current_state(how);
		if (phx_wait_over(&msg->wait))
			break;
		if (READ_ONCE(msg->state) == PHX_QUEUED && !queued)
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

	*left = PHX_STAYS;
	if (!phx_wait_asleep(&msg->wait))
		return 0;
	do {
		err = wait_for_response(msg, deadline);
		if (!err)
			return 0;
		*left = phx_message_leave(msg, err == -ETIMEDOUT ||
					  fatal_signal_pending(current));
	} while (*left == PHX_STAYS);
	return err;
}

/* The message is done: what the server wrote, and its response. */
static int take_response(struct phx_message *msg, struct phx_ioc_send __user *user)
{
	struct phx_msg_out *o = &msg->call.msg.o;
	int err;

	if (msg->result)
		return msg->result;
	err = phx_buffer_write_back(&msg->buf[PHX_OUT]);
	if (err)
		return err;
	return phx_words_put(&user->msg.o, o, offsetofend(struct phx_msg_out, err)) ?
	       0 : -EFAULT;
}

/* Sets @msg to NULL if it is no longer the sender's. */
static int send(struct phx_message **msgp, struct phx_client *client,
		struct phx_ioc_send __user *user, bool nonblock)
{
	struct phx_message *msg = *msgp;
	struct phx_deadline deadline = phx_deadline(msg->call.timeout_ns);
	enum phx_left left;
	int err;

	err = prepare_buffers(msg, client, deadline.limited);
	/* From here on nothing fails for want of memory or a bad buffer. */
	if (!err)
		err = offer_and_spin(msg, client, nonblock);
	if (err)
		goto out_release;

	err = wait_or_leave(msg, &deadline, &left);
	if (left == PHX_ORPHANED) {
		*msgp = NULL;
		return err;
	}
	phx_spin_learn(&client->spin, &msg->wait, phx_spin_send_max());
	if (!err)
		err = take_response(msg, user);
	err = phx_tell_rest(&deadline, err, &user->timeout_ns);
out_release:
	if (phx_message_has_buffers(msg))
		phx_message_release(msg);
	return err;
}

static int address(struct phx_message *msg, struct phx_client *client)
{
	struct phx_port *port = phx_port_find(client->ns, msg->call.port);
	int err = -EINVAL;

	if (!port)
		return err;
	if (!phx_client_abandoned(port->client))
		err = phx_message_address(msg, client, port);
	if (err)
		phx_port_put(port);
	return err;
}

/**
 * phx_send() - send a message and wait for the response
 * @client: the sender, of the current process
 * @user: the call, and where the response goes
 * @nonblock: the file is O_NONBLOCK
 *
 * Return: 0 or a negative errno, see struct phx_ioc_send.
 */
__phx_hot
int phx_send(struct phx_client *client, struct phx_ioc_send __user *user,
	     bool nonblock)
{
	struct phx_message *msg = phx_message_create(client);
	int err;

	if (!msg)
		return -ENOMEM;
	/* All that is taken from the user but the buffers' contents, in one go. */
	err = phx_struct_get(&msg->call, sizeof(msg->call), user, sizeof(*user));
	if (!err)
		err = check(&msg->call);
	if (!err)
		err = address(msg, client);
	if (!err)
		err = send(&msg, client, user,
			   nonblock || msg->call.flags & PHX_SEND_NONBLOCK);
	if (msg)
		phx_message_free(msg, client);
	return err;
}
