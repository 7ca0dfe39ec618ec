// SPDX-License-Identifier: GPL-2.0-only
/*
 * Respond: find the message, take the output and then the buffers away from
 * the receiver, give the sender the answer.
 */
#include "verbs.h"
#include "client.h"
#include "compat.h"
#include "gap.h"
#include "held.h"
#include "message.h"
#include "place.h"
#include "port.h"
#include "region.h"
#include "stats.h"
#include "trace.h"
#include "words.h"

#include <linux/phxport.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

/* The end of struct phx_msg_out. */
struct size_and_data {
	u64 size;
	u64 data;
};

static_assert(offsetof(struct phx_msg_out, data) - offsetof(struct phx_msg_out, size) ==
	      offsetof(struct size_and_data, data));

/*
 * Phoenix-RTOS refuses an answer whose o.data is no memory of the server, though
 * it makes no use of it. Its first and last byte are looked at.
 */
static int check_data(const struct phx_msg_out __user *user)
{
	struct size_and_data o;
	char __user *data;

	if (!phx_words_get(&o, &user->size, sizeof(o)))
		return -EFAULT;
	if (!o.data || !o.size)
		return 0;
	data = (char __user *)(unsigned long)o.data;
	if (o.data != (unsigned long)o.data || o.size != (size_t)o.size ||
	    !access_ok(data, o.size))
		return -EFAULT;
	if (fault_in_readable(data, 1) || fault_in_readable(data + o.size - 1, 1))
		return -EFAULT;
	return 0;
}

/* The response, o.raw and o.err. */
static int take_response(struct phx_message *msg, const struct phx_msg_out __user *user)
{
	const size_t bytes = offsetof(struct phx_msg_out, size);
	struct phx_msg_out *o = &msg->call.msg.o;

	return phx_words_get(o, user, bytes) ? 0 : -EFAULT;
}

/*
 * The client may have been shut down in the meantime, when its process ended.
 * Then nobody else will answer.
 */
static void put_back(struct phx_client *client, int rid, struct phx_message *msg)
{
	if (phx_held_publish(client, rid, msg))
		return;
	phx_place_revoke(msg, client);
	phx_message_answer(msg, -EPIPE);
}

/**
 * phx_respond() - answer a message
 * @client: the receiver, of the current process
 * @port: number of the port it was received from
 * @rid: what it is known by
 * @flags: PHX_RESPOND_*
 * @answer: the response, of the user
 *
 * Return: 0 or a negative errno, see struct phx_ioc_respond.
 */
__phx_hot
int phx_respond(struct phx_client *client, u32 port, int rid, u32 flags,
		const struct phx_msg_out __user *answer)
{
	struct phx_message *msg;
	bool orphan, more;
	int err;

	if (flags & ~PHX_RESPOND_UNREGISTER)
		return -EINVAL;
	msg = phx_held_take(client, rid, port);
	if (unlikely(phx_is_gap(msg))) {
		phx_gap_over(client, phx_gap_of(msg));
		return -ESRCH;
	}
	if (!msg)
		return phx_port_serial(client->ns, port) ? -ENOENT : -EINVAL;

	err = check_data(answer);
	if (!err)
		err = take_response(msg, answer);
	if (!err && phx_message_has_buffers(msg))
		err = phx_take_output(msg);
	if (err) {
		put_back(client, rid, msg);
		return err;
	}
	/* Nothing below can fail. */
	if (flags & PHX_RESPOND_UNREGISTER)
		phx_regions_end_in(msg);
	if (phx_message_has_buffers(msg))
		phx_place_revoke(msg, client);
	phx_stat_inc(PHX_STAT_MESSAGES_ANSWERED);
	spin_lock(&client->srv.lock);
	phx_held_unreserve_locked(client, rid, false);
	orphan = msg->state == PHX_ORPHAN;
	if (trace_phx_respond_enabled())
		trace_phx_respond(msg, rid, orphan, phx_message_traced_ns(msg));
	more = phx_message_answer_locked(msg, 0);
	spin_unlock(&client->srv.lock);
	if (more)
		phx_message_finish(msg);
	/*
	 * If the sender is to run on this CPU, now is the time: its next message is
	 * there then when we look for one, and one sleep is saved.
	 */
	cond_resched();
	return orphan ? -ESRCH : 0;
}
