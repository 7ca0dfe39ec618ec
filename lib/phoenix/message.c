// SPDX-License-Identifier: MIT
/*
 * Messages. msg_t and struct phx_msg have one layout where pointers have 64
 * bits; members are copied one by one all the same, so that 32-bit programs
 * leave no rubbish in the upper halves. Compilers see through it.
 */
#include "shim.h"

#include <errno.h>
#include <string.h>

static uint64_t address(const void *data)
{
	return (uintptr_t)data;
}

static void output_to_wire(struct phx_msg_out *wire, const msg_t *msg)
{
	memcpy(wire->raw, msg->o.raw, sizeof(wire->raw));
	wire->err = msg->o.err;
	wire->__pad = 0;
	wire->size = msg->o.size;
	wire->data = address(msg->o.data);
}

static void to_wire(struct phx_msg *wire, const msg_t *msg)
{
	wire->type = msg->type;
	wire->pid = 0;
	wire->priority = 0;
	wire->__pad = 0;
	wire->oid.port = msg->oid.port;
	wire->oid.__pad = 0;
	wire->oid.id = msg->oid.id;
	memcpy(wire->i.raw, msg->i.raw, sizeof(wire->i.raw));
	wire->i.size = msg->i.size;
	wire->i.data = address(msg->i.data);
	output_to_wire(&wire->o, msg);
}

/* Where in msg is what lies in wire at this address? */
static void *inside(msg_t *msg, const struct phx_msg *wire, uint64_t data)
{
	return (char *)msg + ((uintptr_t)data - (uintptr_t)wire);
}

static void from_wire(msg_t *msg, const struct phx_msg *wire,
		      const struct phx_recv_opts *opts)
{
	/* For the padding: programs compare an oid_t as bytes. */
	memset(msg, 0, sizeof(*msg));
	msg->type = wire->type;
	msg->pid = wire->pid;
	msg->priority = wire->priority;
	msg->oid.port = wire->oid.port;
	msg->oid.id = wire->oid.id;
	memcpy(msg->i.raw, wire->i.raw, sizeof(msg->i.raw));
	msg->i.size = (size_t)wire->i.size;
	msg->i.data = (void *)(uintptr_t)wire->i.data;
	if (opts->i_class == PHX_CLASS_INLINE)
		msg->i.data = inside(msg, wire, wire->i.data);
	memcpy(msg->o.raw, wire->o.raw, sizeof(msg->o.raw));
	msg->o.err = wire->o.err;
	msg->o.size = (size_t)wire->o.size;
	msg->o.data = (void *)(uintptr_t)wire->o.data;
	if (opts->o_class == PHX_CLASS_INLINE)
		msg->o.data = inside(msg, wire, wire->o.data);
}

/* What is packed is copied here, so here is where it must be looked at. */
static int pack(const msg_t *msg, struct phx_msg *wire,
		struct phx_send_opts *opts)
{
	if ((!msg->i.data && msg->i.size) || (!msg->o.data && msg->o.size))
		return -EINVAL;
	if (phx_pho_pack_input(msg->type, msg->i.data, msg->i.size,
			       &opts->i_off)) {
		if (!phx_pho_readable(msg->i.data, msg->i.size))
			return -EFAULT;
		opts->flags |= PHX_SEND_I_INLINE;
		memcpy(wire->i.raw + opts->i_off, msg->i.data, msg->i.size);
	}
	if (phx_pho_pack_output(msg->type, msg->o.data, msg->o.size,
				&opts->o_off)) {
		if (!phx_pho_writable(msg->o.data, msg->o.size))
			return -EFAULT;
		opts->flags |= PHX_SEND_O_INLINE;
	}
	return 0;
}

/**
 * phx_pho_send - send a message that is known to be writable
 * @h: the process' handle
 * @port: where to
 * @msg: the message
 *
 * Return: what msgSend() does.
 */
int phx_pho_send(struct phx *h, uint32_t port, msg_t *msg)
{
	struct phx_send_opts opts = { .sz = sizeof(opts) };
	size_t size = msg->o.size;
	void *data = msg->o.data;
	struct phx_msg wire;
	int err;

	to_wire(&wire, msg);
	err = pack(msg, &wire, &opts);
	if (err)
		return err;
	err = phx_send_with(h, port, &wire, &opts);
	if (err)
		return err;
	memcpy(msg->o.raw, wire.o.raw, sizeof(msg->o.raw));
	msg->o.err = wire.o.err;
	/* All of it, whatever the server says it wrote, and after o.raw. */
	if (opts.flags & PHX_SEND_O_INLINE)
		memcpy(data, wire.o.raw + opts.o_off, size);
	return 0;
}

int msgSend(uint32_t port, msg_t *msg)
{
	struct phx *h;
	int err;

	if (!phx_pho_writable(msg, sizeof(*msg)))
		return -EFAULT;
	err = phx_pho_handle(&h);
	return err ? err : phx_pho_send(h, port, msg);
}

int msgRecv(uint32_t port, msg_t *msg, msg_rid_t *rid)
{
	struct phx_recv_opts opts = { .sz = sizeof(opts) };
	struct phx_msg wire;
	struct phx *h;
	int err, got;

	if (!phx_pho_writable(msg, sizeof(*msg)) ||
	    !phx_pho_writable(rid, sizeof(*rid)))
		return -EFAULT;
	err = phx_pho_handle(&h);
	if (err)
		return err;
	err = phx_recv_with(h, port, &wire, &got, &opts);
	if (err)
		return err;
	from_wire(msg, &wire, &opts);
	*rid = got;
	return 0;
}

int msgRespond(uint32_t port, msg_t *msg, msg_rid_t rid)
{
	struct phx_msg wire;
	struct phx *h;
	int err;

	if (!phx_pho_readable(msg, sizeof(*msg)))
		return -EFAULT;
	err = phx_pho_handle(&h);
	if (err)
		return err;
	output_to_wire(&wire.o, msg);
	err = phx_respond(h, port, &wire, rid);
	return err == -ESRCH ? 0 : err;
}
