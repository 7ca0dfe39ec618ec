// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"
#include "client.h"
#include "compat.h"
#include "port.h"
#include "region.h"
#include "stats.h"
#include "trace.h"
#include "user.h"

#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/slab.h>

static struct kmem_cache *message_cache;

/*
 * The number of the last message of each CPU, which takes every nr_cpu_ids-th: so no
 * two are the same, and nothing is shared.
 */
static DEFINE_PER_CPU(u64, last_number);

static u64 next_number(void)
{
	return this_cpu_add_return(last_number, nr_cpu_ids);
}

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
 * phx_message_create() - get a message for a call to send
 * @client: the sender's, in the current process
 *
 * Its buffers are empty, and but for what the sender writes to @call the rest
 * is up to phx_message_address().
 *
 * Return: the message, or NULL without memory.
 */
__phx_hot
struct phx_message *phx_message_create(struct phx_client *client)
{
	struct phx_message *msg = xchg(&client->spare, NULL);
	enum phx_dir dir;

	/* model: create */
	if (msg)
		return msg;
	msg = kmem_cache_zalloc(message_cache, GFP_KERNEL_ACCOUNT);
	if (!msg)
		return NULL;
	INIT_LIST_HEAD(&msg->node);
	for (dir = 0; dir < PHX_DIR_NR; dir++)
		msg->buf[dir].dir = dir;
	msg->user = phx_user_ref(client->user);
	msg->sender = client->id;
	return msg;
}

/* The sender's process as the receiver knows it. */
static pid_t sender_pid(const struct phx_client *client,
			const struct phx_client *receiver)
{
	if (receiver->pid_ns == client->pid_ns && task_tgid(current) == client->tgid)
		return client->pid;
	return task_tgid_nr_ns(current, receiver->pid_ns);
}

/**
 * phx_message_address() - say whose a message is and where it goes
 * @msg: the message, its call read from the user
 * @client: the sender's, in the current process
 * @port: the port; if all goes well the caller's reference is the message's
 *
 * Return: 0 or -EDQUOT.
 */
__phx_hot
int phx_message_address(struct phx_message *msg, struct phx_client *client,
			struct phx_port *port)
{
	struct phx_msg *wire = &msg->call.msg;
	int err;

	err = phx_user_charge(msg->user, PHX_LIMIT_MESSAGES, 1);
	if (err)
		return err;
	phx_stat_inc(PHX_STAT_MESSAGES_LIVE);
	msg->port = port;
	msg->id = next_number();
	msg->sent = jiffies;
	msg->taker = NULL;
	msg->answered = false;
	msg->result = 0;
	phx_wait_init(&msg->wait);
	wire->pid = sender_pid(client, port->client);
	wire->priority = phoenix_priority(current);
	return 0;
}

static bool keep_spare(struct phx_message *msg, struct phx_client *client)
{
	msg->again = true;
	return !cmpxchg(&client->spare, NULL, msg);
}

/**
 * phx_message_free() - be done with a message
 * @msg: the message, its buffers released
 * @client: the sender's, to keep it for the next; NULL to give the memory back
 */
__phx_hot
void phx_message_free(struct phx_message *msg, struct phx_client *client)
{
	enum phx_dir dir;

	/* Also what is left of buffers that were not to be had. */
	if (unlikely(msg->pin.user)) {
		mm_unaccount_pinned_pages(&msg->pin);
		memset(&msg->pin, 0, sizeof(msg->pin));
	}
	if (msg->port) {
		phx_user_uncharge(msg->user, PHX_LIMIT_MESSAGES, 1);
		phx_port_put(msg->port);
		msg->port = NULL;
		phx_stat_dec(PHX_STAT_MESSAGES_LIVE);
	}
	/* model: release */
	if (client && keep_spare(msg, client))
		return;
	for (dir = 0; dir < PHX_DIR_NR; dir++)
		phx_buffer_free_kept(&msg->buf[dir], msg->user);
	phx_user_put(msg->user);
	kmem_cache_free(message_cache, msg);
}

static struct phx_client *server(const struct phx_message *msg)
{
	return msg->port->client;
}

static void taken_locked(struct phx_message *msg, struct task_struct *taker)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	WRITE_ONCE(msg->state, PHX_TAKEN);
	WRITE_ONCE(msg->taker, taker);
	msg->taken = jiffies;
	msg->port->nr_received++;
	if (msg->call.flags & (PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED))
		phx_regions_taken_locked(msg);
}

/* Hand to a receiver that waits, or leave in the queue, first or last. */
__phx_hot
static void hand_over_locked(struct phx_message *msg, bool first)
{
	struct phx_port *port = msg->port;
	struct phx_client *client = port->client;
	struct phx_waiter *waiter;

	lockdep_assert_held(&client->srv.lock);
	/* model: hand_over, queue */
	waiter = phx_waiter_next_locked(port);
	if (waiter) {
		taken_locked(msg, waiter->wait.task);
		phx_waiter_wake_locked(port, waiter, msg, 0);
		return;
	}
	WRITE_ONCE(msg->state, PHX_QUEUED);
	WRITE_ONCE(msg->taker, NULL);
	if (first) {
		msg->order = --port->first_order;
		list_add(&msg->node, &port->queue);
	} else {
		msg->order = port->next_order++;
		list_add_tail(&msg->node, &port->queue);
	}
	client->srv.queued++;
	port->nr_queued++;
	if (wq_has_sleeper(&client->srv.poll))
		wake_up_interruptible_poll(&client->srv.poll, EPOLLIN | EPOLLRDNORM);
}

static void dequeue_locked(struct phx_message *msg)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	if (unlikely(msg->port->walk))
		phx_walk_skip_locked(msg->port->walk, msg);
	list_del_init(&msg->node);
	server(msg)->srv.queued--;
	msg->port->nr_queued--;
}

/* From here on the message is the sender's, who may be gone with it at once. */
static void done_locked(struct phx_message *msg, int result)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	/* model: done */
	msg->result = result;
	WRITE_ONCE(msg->state, PHX_DONE);
	phx_wait_end(&msg->wait);
}

/**
 * phx_message_offer() - put a message on its way
 * @msg: the message, its buffers prepared
 * @nonblock: only if somebody waits for one
 *
 * Return: 0; -EINVAL if the port is dead, -EAGAIN if nobody waits.
 */
__phx_hot
int phx_message_offer(struct phx_message *msg, bool nonblock)
{
	struct phx_port *port = msg->port;
	int err = 0;

	/* model: offer */
	spin_lock(&port->client->srv.lock);
	if (port->dead)
		err = -EINVAL;
	else if (nonblock && list_empty(&port->waiters))
		err = -EAGAIN;
	else
		hand_over_locked(msg, false);
	spin_unlock(&port->client->srv.lock);
	if (!err)
		phx_stat_inc(PHX_STAT_MESSAGES_SENT);
	return err;
}

/*
 * An orphan lasts as long as the server likes. If that were at the expense of
 * the sender, a server could use up the limits of users who are done with it.
 * But neither may senders use up the server's: beyond half of its limits it is theirs.
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
		phx_user_move_back(user, msg->user, PHX_LIMIT_MESSAGES, 1);
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
 * its buffers stay as they are until the receiver is done with them, and it may
 * be gone when this returns.
 *
 * Return: what became of the message. If it stays the sender has to wait on.
 */
enum phx_left phx_message_leave(struct phx_message *msg, bool taken_too)
{
	struct phx_port *port = phx_port_ref(msg->port);
	struct phx_client *client = port->client;
	struct phx_user *user = msg->user;
	enum phx_left left = PHX_STAYS;
	bool moved = false;

	/* model: leave */
	spin_lock(&client->srv.lock);
	if (msg->state == PHX_QUEUED) {
		dequeue_locked(msg);
		left = PHX_WITHDRAWN;
		trace_phx_withdraw(msg->id, port->id);
	} else if (msg->state == PHX_TAKEN && taken_too) {
		WRITE_ONCE(msg->state, PHX_ORPHAN);
		charge_server_locked(msg);
		moved = msg->user != user;
		trace_phx_orphan(msg->id, port->id);
		left = PHX_ORPHANED;
	}
	spin_unlock(&client->srv.lock);

	if (left == PHX_WITHDRAWN)
		phx_stat_inc(PHX_STAT_MESSAGES_WITHDRAWN);
	else if (left == PHX_ORPHANED)
		phx_stat_inc(PHX_STAT_MESSAGES_ORPHANED);
	if (moved)
		phx_user_put(user);
	phx_port_put(port);
	return left;
}

/**
 * phx_message_take_locked() - a receiver takes a message from the queue
 * @msg: the message
 * @taker: the receiver's thread
 */
__phx_hot
void phx_message_take_locked(struct phx_message *msg, struct task_struct *taker)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	/* model: take */
	dequeue_locked(msg);
	taken_locked(msg, taker);
}

/**
 * phx_message_reject_locked() - end a message that is in the queue
 * @msg: the message, which is its sender's when this returns
 * @err: what the sender gets
 */
void phx_message_reject_locked(struct phx_message *msg, int err)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	dequeue_locked(msg);
	done_locked(msg, err);
}

/**
 * phx_message_requeue() - a receiver can't have the message it took
 * @msg: the message, placed nowhere
 *
 * It is the first in the queue again, or the next receiver's. The sender is
 * woken to sleep in the way that fits.
 */
void phx_message_requeue(struct phx_message *msg)
{
	struct phx_port *port = msg->port;
	struct task_struct *sender;
	bool over = true;

	/* model: requeue */
	spin_lock(&port->client->srv.lock);
	if (!port->dead && msg->state == PHX_TAKEN) {
		sender = msg->wait.task;
		port->nr_received--;
		hand_over_locked(msg, true);
		wake_up_process(sender);
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
 * Return: whether it is held; if so it has one more loan.
 */
bool phx_message_borrow(struct phx_message *lender)
{
	struct phx_client *client = server(lender);
	bool held;

	/* model: borrow */
	spin_lock(&client->srv.lock);
	held = lender->held;
	if (held)
		lender->loans++;
	spin_unlock(&client->srv.lock);
	return held;
}

/*
 * Returns whether that was what kept the lender from its end. If not, it may
 * come to its end at once, and its port must not go with it under the lock.
 */
static bool give_back(struct phx_message *lender)
{
	struct phx_port *port = phx_port_ref(lender->port);
	bool last;

	/* model: give_back */
	spin_lock(&port->client->srv.lock);
	last = --lender->loans == 0 && lender->answered;
	spin_unlock(&port->client->srv.lock);
	phx_port_put(port);
	return last;
}

/* Lenders that come to their end by this are added to @ready. */
static void release_buffers(struct phx_message *msg, struct list_head *ready)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_message *lender = msg->buf[dir].lender;

		if (msg->buf[dir].source == PHX_SRC_NONE)
			continue;
		phx_buffer_release(&msg->buf[dir], msg->user);
		if (lender && give_back(lender))
			list_add_tail(&lender->node, ready);
	}
}

/* Returns whether the message is an orphan, that is the caller's now. */
static bool end_locked(struct phx_message *msg)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	/* model: end */
	if (msg->state == PHX_ORPHAN)
		return true;
	done_locked(msg, msg->result);
	return false;
}

static void bury(struct phx_message *msg, struct list_head *ready)
{
	/* model: bury */
	release_buffers(msg, ready);
	phx_message_free(msg, NULL);
}

/*
 * Pages are out of everybody's reach: write back, and let the sender go. The
 * caller sees to it that the receiving client stays.
 */
static void finish_one(struct phx_message *msg, struct list_head *ready)
{
	struct phx_client *client = server(msg);
	bool orphan;

	phx_buffer_settle(&msg->buf[PHX_IN], true);
	phx_buffer_settle(&msg->buf[PHX_OUT], true);
	spin_lock(&client->srv.lock);
	orphan = end_locked(msg);
	spin_unlock(&client->srv.lock);
	if (orphan)
		bury(msg, ready);
}

/*
 * A message may end others that lent to it, and so on. A list instead of
 * recursion, because users decide how deep that goes.
 */
static void finish_all(struct list_head *ready)
{
	struct phx_message *msg;
	struct phx_port *port;

	while ((msg = list_first_entry_or_null(ready, struct phx_message, node))) {
		list_del_init(&msg->node);
		port = phx_port_ref(msg->port);
		finish_one(msg, ready);
		phx_port_put(port);
		cond_resched();
	}
}

/**
 * phx_message_answer_locked() - a receiver is done with a message
 * @msg: the message, out of the receiver's table and its windows
 * @result: what send() returns
 *
 * Return: whether phx_message_finish() must follow, without the lock. If not,
 * the message is no longer the caller's.
 */
__phx_hot
bool phx_message_answer_locked(struct phx_message *msg, int result)
{
	lockdep_assert_held(&server(msg)->srv.lock);
	/* model: answer */
	msg->result = result;
	msg->answered = true;
	if (msg->loans)
		return false;
	if (phx_buffer_has_edges(&msg->buf[PHX_IN]) ||
	    phx_buffer_has_edges(&msg->buf[PHX_OUT]))
		return true;
	return end_locked(msg);
}

/**
 * phx_message_finish() - what phx_message_answer_locked() left to do
 * @msg: the message
 *
 * The caller has the receiving client by a file or a reference of its own.
 */
void phx_message_finish(struct phx_message *msg)
{
	LIST_HEAD(ready);

	finish_one(msg, &ready);
	finish_all(&ready);
}

/**
 * phx_message_answer() - both of these
 * @msg: the message
 * @result: what send() returns
 */
void phx_message_answer(struct phx_message *msg, int result)
{
	struct phx_client *client = server(msg);
	bool more;

	spin_lock(&client->srv.lock);
	more = phx_message_answer_locked(msg, result);
	spin_unlock(&client->srv.lock);
	if (more)
		phx_message_finish(msg);
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
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(last_number, cpu) = cpu;
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
