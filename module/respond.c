// SPDX-License-Identifier: GPL-2.0-only
/*
 * Respond: find the message, take the output and then the buffers away from
 * the receiver, give the sender the answer.
 */
#include "verbs.h"
#include "client.h"
#include "held.h"
#include "message.h"
#include "place.h"
#include "port.h"
#include "region.h"
#include "stats.h"

#include <linux/phxport.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

/*
 * Phoenix-RTOS refuses an answer whose o.data is no memory of the server, though
 * it makes no use of it. Its first and last byte are looked at.
 */
static int check_data(const struct phx_msg_out *o)
{
	char __user *data = (char __user *)(unsigned long)o->data;

	if (!o->data || !o->size)
		return 0;
	if (o->data != (unsigned long)o->data || o->size != (size_t)o->size ||
	    !access_ok(data, o->size))
		return -EFAULT;
	if (fault_in_readable(data, 1) || fault_in_readable(data + o->size - 1, 1))
		return -EFAULT;
	return 0;
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
 * @arg: the call
 *
 * Return: 0 or a negative errno, see struct phx_ioc_respond.
 */
int phx_respond(struct phx_client *client, const struct phx_ioc_respond *arg)
{
	struct phx_message *msg;
	bool orphan;
	int err;

	if (arg->flags & ~PHX_RESPOND_UNREGISTER)
		return -EINVAL;
	msg = phx_held_take(client, arg->rid, arg->port);
	if (!msg)
		return phx_port_serial(client->ns, arg->port) ? -ENOENT : -EINVAL;

	err = check_data(&arg->o);
	if (!err)
		err = phx_take_output(msg);
	if (err) {
		put_back(client, arg->rid, msg);
		return err;
	}
	/* Nothing below can fail. */
	if (arg->flags & PHX_RESPOND_UNREGISTER)
		phx_regions_end_in(msg);
	phx_place_revoke(msg, client);
	phx_held_unreserve(client, arg->rid, false);
	memcpy(msg->wire.o.raw, arg->o.raw, sizeof(arg->o.raw));
	msg->wire.o.err = arg->o.err;
	/* The sender may also leave just after this: it was there to be answered. */
	orphan = READ_ONCE(msg->state) == PHX_ORPHAN;
	phx_stat_inc(PHX_STAT_MESSAGES_ANSWERED);
	phx_message_answer(msg, 0);
	return orphan ? -ESRCH : 0;
}
