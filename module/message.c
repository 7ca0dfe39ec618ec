// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"
#include "client.h"
#include "port.h"
#include "stats.h"
#include "user.h"

#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/slab.h>

static struct kmem_cache *message_cache;

/*
 * Phoenix-RTOS' priorities are 0 (highest) to 7, and 4 is where a process
 * begins. Thirds of the real-time range are 0 to 2, see phxport(7). The effective
 * priority is taken, so that what a sender inherited counts.
 */
static u32 phoenix_priority(const struct task_struct *task)
{
	int prio = READ_ONCE(task->prio);
	int nice = PRIO_TO_NICE(prio);

	if (prio <= MAX_RT_PRIO - 1 - 67)
		return 0;
	if (prio <= MAX_RT_PRIO - 1 - 34)
		return 1;
	if (prio < MAX_RT_PRIO)
		return 2;
	if (task->policy == SCHED_IDLE || nice > 18)
		return 7;
	if (nice > 9)
		return 6;
	if (nice > 0)
		return 5;
	return nice < 0 ? 3 : 4;
}

/**
 * phx_message_create() - make a message of a call to send
 * @client: the sender's
 * @port: where it goes
 * @arg: the call
 *
 * Its buffers are still to be prepared.
 *
 * Return: the message with the sender's reference, or an ERR_PTR.
 */
struct phx_message *phx_message_create(struct phx_client *client,
				       struct phx_port *port,
				       const struct phx_ioc_send *arg)
{
	struct phx_message *msg;
	int err;

	err = phx_user_charge(client->user, PHX_LIMIT_MESSAGES, 1);
	if (err)
		return ERR_PTR(err);
	msg = kmem_cache_zalloc(message_cache, GFP_KERNEL_ACCOUNT);
	if (!msg) {
		phx_user_uncharge(client->user, PHX_LIMIT_MESSAGES, 1);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&msg->refs, 1);
	msg->user = phx_user_ref(client->user);
	msg->port = phx_port_ref(port);
	INIT_LIST_HEAD(&msg->node);
	msg->sender = current;
	msg->flags = arg->flags;
	msg->i_off = arg->i_off;
	msg->o_off = arg->o_off;
	msg->wire = arg->msg;
	msg->wire.pid = task_tgid_nr_ns(current, port->client->pid_ns);
	msg->wire.priority = phoenix_priority(current);
	phx_stat_inc(PHX_STAT_MESSAGES_LIVE);
	return msg;
}

/**
 * phx_message_put() - let go of a message
 * @msg: the message
 */
void phx_message_put(struct phx_message *msg)
{
	if (!refcount_dec_and_test(&msg->refs))
		return;
	phx_user_uncharge(msg->user, PHX_LIMIT_MESSAGES, 1);
	phx_user_put(msg->user);
	phx_port_put(msg->port);
	phx_stat_dec(PHX_STAT_MESSAGES_LIVE);
	kmem_cache_free(message_cache, msg);
}

static struct phx_client *server(const struct phx_message *msg)
{
	return msg->port->client;
}

/* Hand to a receiver that waits, or leave in the queue, first or last. */
static void hand_over_locked(struct phx_message *msg, bool first)
{
	struct phx_port *port = msg->port;
	struct phx_client *client = port->client;
	struct phx_waiter *waiter;

	lockdep_assert_held(&client->srv.lock);
	waiter = list_first_entry_or_null(&port->waiters, struct phx_waiter, node);
	if (waiter) {
		WRITE_ONCE(msg->state, PHX_TAKEN);
		phx_waiter_wake_locked(port, waiter, msg, 0);
		return;
	}
	WRITE_ONCE(msg->state, PHX_QUEUED);
	if (first)
		list_add(&msg->node, &port->queue);
	else
		list_add_tail(&msg->node, &port->queue);
	client->srv.queued++;
	wake_up_interruptible_poll(&client->srv.poll, EPOLLIN | EPOLLRDNORM);
}

static void dequeue_locked(struct phx_message *msg)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	list_del_init(&msg->node);
	server(msg)->srv.queued--;
}

/*
 * The sender may see PHX_DONE without the lock and be gone at once. Its task
 * stays in memory until we let go of the lock, because that is an RCU
 * read-side critical section and tasks are freed under RCU.
 */
static void done_locked(struct phx_message *msg, int result)
{
	struct task_struct *sender = msg->sender;

	lockdep_assert_held(&server(msg)->srv.lock);
	msg->result = result;
	/* Pairs with the acquire in wait_for_response(). */
	smp_store_release(&msg->state, PHX_DONE);
	wake_up_process(sender);
}

/**
 * phx_message_offer() - put a message on its way
 * @msg: the message, its buffers prepared
 * @nonblock: only if somebody waits for one
 *
 * Return: 0; -EINVAL if the port is dead, -EAGAIN if nobody waits.
 */
int phx_message_offer(struct phx_message *msg, bool nonblock)
{
	struct phx_port *port = msg->port;
	int err = 0;

	spin_lock(&port->client->srv.lock);
	if (port->dead) {
		err = -EINVAL;
	} else if (nonblock && list_empty(&port->waiters)) {
		err = -EAGAIN;
	} else {
		phx_message_ref(msg);
		hand_over_locked(msg, false);
	}
	spin_unlock(&port->client->srv.lock);
	if (!err)
		phx_stat_inc(PHX_STAT_MESSAGES_SENT);
	return err;
}

/*
 * An orphan lasts as long as the server likes. If that were at the expense of
 * the sender, a server could use up the limits of users who are done with it.
 * But neither may senders use up the server's: beyond its limits it is theirs.
 */
static void charge_server_locked(struct phx_message *msg)
{
	struct phx_user *user = server(msg)->user;
	long pages = phx_buffer_charged(&msg->buf[PHX_IN]) +
		     phx_buffer_charged(&msg->buf[PHX_OUT]);

	lockdep_assert_held(&server(msg)->srv.lock);
	if (user == msg->user ||
	    !phx_user_move(msg->user, user, PHX_LIMIT_MESSAGES, 1))
		return;
	if (!phx_user_move(msg->user, user, PHX_LIMIT_PAGES, pages)) {
		phx_user_move(user, msg->user, PHX_LIMIT_MESSAGES, 1);
		return;
	}
	msg->user = phx_user_ref(user);
	mm_unaccount_pinned_pages(&msg->pin);
	memset(&msg->pin, 0, sizeof(msg->pin));
}

/**
 * phx_message_leave() - the sender wants to go
 * @msg: its message
 * @taken_too: even if a receiver has it
 *
 * A message that is queued is withdrawn. One that was taken becomes an orphan:
 * its buffers stay as they are until the receiver is done with them.
 *
 * Return: what became of the message. If it stays the sender has to wait on.
 */
enum phx_left phx_message_leave(struct phx_message *msg, bool taken_too)
{
	struct phx_client *client = server(msg);
	struct phx_user *user = msg->user;
	enum phx_left left = PHX_STAYS;
	bool moved = false;

	spin_lock(&client->srv.lock);
	if (msg->state == PHX_QUEUED) {
		dequeue_locked(msg);
		left = PHX_WITHDRAWN;
	} else if (msg->state == PHX_TAKEN && taken_too) {
		WRITE_ONCE(msg->state, PHX_ORPHAN);
		msg->sender = NULL;
		charge_server_locked(msg);
		moved = msg->user != user;
		left = PHX_ORPHANED;
	}
	spin_unlock(&client->srv.lock);

	if (left == PHX_WITHDRAWN) {
		phx_stat_inc(PHX_STAT_MESSAGES_WITHDRAWN);
		phx_message_put(msg);
	} else if (left == PHX_ORPHANED) {
		phx_stat_inc(PHX_STAT_MESSAGES_ORPHANED);
		if (moved)
			phx_user_put(user);
	}
	return left;
}

/**
 * phx_message_take_locked() - a receiver takes a message from the queue
 * @msg: the message; its reference goes over to the receiver
 */
void phx_message_take_locked(struct phx_message *msg)
{
	dequeue_locked(msg);
	WRITE_ONCE(msg->state, PHX_TAKEN);
}

/**
 * phx_message_reject_locked() - end a message that is in the queue
 * @msg: the message; its reference goes over to the caller
 * @err: what the sender gets
 */
void phx_message_reject_locked(struct phx_message *msg, int err)
{
	dequeue_locked(msg);
	done_locked(msg, err);
}

/**
 * phx_message_requeue() - a receiver can't have the message it took
 * @msg: the message, placed nowhere; the receiver's reference goes with it
 *
 * It is the first in the queue again, or the next receiver's. The sender is
 * woken to sleep in the way that fits.
 */
void phx_message_requeue(struct phx_message *msg)
{
	struct phx_port *port = msg->port;
	bool over = true;

	spin_lock(&port->client->srv.lock);
	if (!port->dead && msg->state == PHX_TAKEN) {
		hand_over_locked(msg, true);
		wake_up_process(msg->sender);
		over = false;
	}
	spin_unlock(&port->client->srv.lock);
	phx_stat_inc(PHX_STAT_MESSAGES_REQUEUED);
	if (over)
		phx_message_answer(msg, -EINVAL);
}

/**
 * phx_message_borrow() - lend on the buffers of a message that is held
 * @lender: the message, which the caller sees in a window
 *
 * Return: whether it is held; if so it has one more loan and reference.
 */
bool phx_message_borrow(struct phx_message *lender)
{
	struct phx_client *client = server(lender);
	bool held;

	spin_lock(&client->srv.lock);
	held = lender->held;
	if (held) {
		lender->loans++;
		phx_message_ref(lender);
	}
	spin_unlock(&client->srv.lock);
	return held;
}

/* Returns whether that was what kept the lender from its end. */
static bool give_back(struct phx_message *lender)
{
	struct phx_client *client = server(lender);
	bool last;

	spin_lock(&client->srv.lock);
	last = --lender->loans == 0 && lender->answered;
	spin_unlock(&client->srv.lock);
	return last;
}

/* Lenders that come to their end by this are added to @ready. */
static void release_buffers(struct phx_message *msg, struct list_head *ready)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_message *lender = msg->buf[dir].lender;

		phx_buffer_release(&msg->buf[dir], msg->user);
		if (!lender)
			continue;
		if (give_back(lender))
			list_add_tail(&lender->node, ready);
		phx_message_put(lender);
	}
	mm_unaccount_pinned_pages(&msg->pin);
}

/* Pages are out of everybody's reach: write back, and let the sender go. */
static void finish_one(struct phx_message *msg, struct list_head *ready)
{
	struct phx_client *client = server(msg);
	bool orphan;

	phx_buffer_settle(&msg->buf[PHX_IN], true);
	phx_buffer_settle(&msg->buf[PHX_OUT], true);

	spin_lock(&client->srv.lock);
	orphan = msg->state == PHX_ORPHAN;
	if (!orphan)
		done_locked(msg, msg->result);
	spin_unlock(&client->srv.lock);

	if (orphan)
		release_buffers(msg, ready);
	phx_message_put(msg);
}

/*
 * A message may end others that lent to it, and so on. A list instead of
 * recursion, because users decide how deep that goes. A message on it has the
 * receiver's reference, that finish_one() drops.
 */
static void finish_all(struct list_head *ready)
{
	struct phx_message *msg;

	while ((msg = list_first_entry_or_null(ready, struct phx_message, node))) {
		list_del_init(&msg->node);
		finish_one(msg, ready);
		cond_resched();
	}
}

/**
 * phx_message_answer() - a receiver is done with a message
 * @msg: the message, out of the receiver's table and its windows; the
 *	 receiver's reference goes with it
 * @result: what send() returns
 */
void phx_message_answer(struct phx_message *msg, int result)
{
	struct phx_client *client = server(msg);
	LIST_HEAD(ready);

	spin_lock(&client->srv.lock);
	msg->result = result;
	msg->answered = true;
	if (!msg->loans)
		list_add(&msg->node, &ready);
	spin_unlock(&client->srv.lock);
	finish_all(&ready);
}

/**
 * phx_message_release() - the sender is done with its message's buffers
 * @msg: the message, which nobody else has any more
 */
void phx_message_release(struct phx_message *msg)
{
	LIST_HEAD(ready);

	release_buffers(msg, &ready);
	finish_all(&ready);
}

/**
 * phx_message_cache_init() - make the cache that messages come from
 *
 * Return: 0 or -ENOMEM.
 */
int phx_message_cache_init(void)
{
	message_cache = KMEM_CACHE(phx_message, SLAB_HWCACHE_ALIGN);
	return message_cache ? 0 : -ENOMEM;
}

/**
 * phx_message_cache_exit() - unmake it
 */
void phx_message_cache_exit(void)
{
	kmem_cache_destroy(message_cache);
}
