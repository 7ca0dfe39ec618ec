/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message: what one send() puts on its way. It is never on the sender's
 * stack, because a sender may be killed while a server works for it.
 *
 * States, changed in message.c alone and under the receiving client's srv.lock:
 *
 *	          offer                take                answer, all loans back
 *	(created) -----> PHX_QUEUED --------> PHX_TAKEN ----------------> PHX_DONE
 *	                   |   ^                |   |                        ^
 *	                   |   '---- requeue ---'   | sender gone            |
 *	          withdraw |                        v                        |
 *	          (freed) <'                    PHX_ORPHAN -- answer --> (freed)
 *	                   '------------------ reject -----------------------'
 *
 * Offered or requeued while a receiver waits, a message is PHX_TAKEN at once.
 *
 *  PHX_QUEUED	on its port's queue. The sender sleeps interruptibly and may
 *		withdraw it.
 *  PHX_TAKEN	with a receiver: being placed in its memory, then in its table of
 *		held messages, then being answered. The sender only minds fatal
 *		signals and its timeout.
 *  PHX_ORPHAN	the same, with nobody to answer to.
 *  PHX_DONE	over; the sender wakes up and owns the message alone.
 *
 * A server may send on what was lent to it. Then the second message borrows the
 * pages of the first, which counts it as a loan. However the first message is
 * answered, its sender goes on only when all loans are back: as long as anybody
 * sees its memory its call lasts.
 *
 * There are no references: its state tells whose it is. Before it is offered and
 * once it is withdrawn or PHX_DONE the message and its buffers are the sender's
 * alone, who frees them; nobody else touches it after that. In between whoever
 * has it from the queue may count on it, and frees it if it ends as an orphan. A
 * loan keeps it from its end.
 *
 * An operator may abort it, see abort.c. Queued, it ends as if its port had died,
 * but for the error. Held, it is taken out of the receiver's table and memory and
 * answered with the error, as if the receiver had ended, and the receiver gets
 * ESRCH when it responds, as if the sender had. Until then its windows show nothing else
 * where the message was, see gap.h.
 *
 * The one that a client freed last is kept for its next, in client->spare.
 */
#ifndef PHX_MESSAGE_H
#define PHX_MESSAGE_H

#include "buffer.h"
#include "wait.h"

#include <linux/phxport.h>
#include <linux/list.h>
#include <linux/skbuff.h>	/* struct mmpin */

struct phx_client;
struct phx_port;
struct phx_user;
struct task_struct;

enum phx_state {
	PHX_QUEUED,
	PHX_TAKEN,
	PHX_ORPHAN,
	PHX_DONE,
};

/* What a sender leaves behind. */
enum phx_left {
	PHX_STAYS,	/* it may not leave, or need not: the message is done */
	PHX_WITHDRAWN,	/* nothing: the message is its own again */
	PHX_ORPHANED,	/* the message and its buffers */
};

/**
 * struct phx_message - one message
 * @wait: its sender's wait, that phx_message_answer() ends
 * @state: see above
 * @held: it is in the receiver's table, so that it can be answered and lent on
 * @answered: there is a response; only loans keep it from its end
 * @loans: messages that borrow its buffers
 * @result: what send() returns: 0 or a negative errno
 * @taker: the thread that has it, NULL in the queue. Not referred to: a sender
 *	   may look at it in the RCU read-side critical section that it offered
 *	   the message in, because it was taken within that
 * @node: in the port's queue, or in a list of messages to finish
 * @order: place in the queue, which is sorted by it
 * @taken: when it was taken, in jiffies
 * @holder: thread that received it, by its number in the first pid namespace
 * @id: its number, never another's
 * @sender: number of the client that it belongs to
 * @sent: when it was sent, in jiffies: that costs no more than a load
 * @traced: the same in nanoseconds of local_clock(), if anybody traces; else 0
 * @port: where it was sent to, referred to
 * @user: who is charged for it, referred to; of an orphan that is the server's,
 *	  who decides how long it lasts, up to half of its limits
 * @again: it has been a client's spare, so that what it keeps is of use
 * @call: what the sender gave, then with the response in it
 * @buf: input and output buffer, by enum phx_dir
 * @pin: what is charged to the sender's RLIMIT_MEMLOCK
 */
struct phx_message {
	struct phx_wait wait;
	/* under port->client->srv.lock */
	enum phx_state state;
	bool held;
	bool answered;
	unsigned int loans;
	int result;
	struct task_struct *taker;
	struct list_head node;
	u64 order;
	unsigned long taken;
	pid_t holder;
	/* of whose it is */
	u64 id;
	u32 sender;
	unsigned long sent;
	u64 traced;
	struct phx_port *port;
	struct phx_user *user;
	bool again;
	struct phx_ioc_send call;
	struct phx_buffer buf[PHX_DIR_NR];
	struct mmpin pin;
};

struct phx_message *phx_message_create(struct phx_client *client);
int phx_message_address(struct phx_message *msg, struct phx_client *client,
			struct phx_port *port);
void phx_message_free(struct phx_message *msg, struct phx_client *client);
void phx_message_release(struct phx_message *msg);

int phx_message_offer(struct phx_message *msg, bool nonblock);
enum phx_left phx_message_leave(struct phx_message *msg, bool taken_too);
void phx_message_take_locked(struct phx_message *msg, struct task_struct *taker);
void phx_message_reject_locked(struct phx_message *msg, int err);
void phx_message_requeue(struct phx_message *msg);
bool phx_message_answer_locked(struct phx_message *msg, int result);
void phx_message_finish(struct phx_message *msg);
void phx_message_answer(struct phx_message *msg, int result);
int phx_message_abort(struct phx_client *client, struct phx_port *port, u64 id,
		      bool force);
bool phx_message_borrow(struct phx_message *lender);

/* Are there buffers to be placed, or is all of it in the message itself? */
static inline bool phx_message_has_buffers(const struct phx_message *msg)
{
	return msg->buf[PHX_IN].source || msg->buf[PHX_OUT].source;
}

/* How its receiver has a buffer, which it may be about to. */
static inline u16 phx_message_class(const struct phx_message *msg, enum phx_dir dir)
{
	u32 inlined = dir == PHX_IN ? PHX_SEND_I_INLINE : PHX_SEND_O_INLINE;

	return msg->call.flags & inlined ? PHX_CLASS_INLINE : msg->buf[dir].class;
}

/*
 * Nanoseconds since it was sent, 0 if nobody traced then. Clocks of two CPUs may
 * differ a little.
 */
static inline u64 phx_message_traced_ns(const struct phx_message *msg)
{
	return msg->traced ? max_t(s64, local_clock() - msg->traced, 0) : 0;
}

/* Would the receiver miss memory that is the sender's, if it were taken away? */
static inline bool phx_message_is_seen(const struct phx_message *msg)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++)
		if (msg->buf[dir].class == PHX_CLASS_SAME ||
		    msg->buf[dir].class == PHX_CLASS_LEND ||
		    msg->buf[dir].class == PHX_CLASS_REGISTERED)
			return true;
	return false;
}

/* The message that a buffer is part of. */
static inline struct phx_message *phx_buffer_message(struct phx_buffer *buf)
{
	return container_of(buf - buf->dir, struct phx_message, buf[0]);
}

int phx_message_cache_init(void);
void phx_message_cache_exit(void);

#endif /* PHX_MESSAGE_H */
