// SPDX-License-Identifier: MIT
/*
 * Send, receive and respond.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

/* Does a buffer lie in the raw area of its own message? */
static bool in_raw(const unsigned char *raw, uint64_t data, uint64_t size,
		   uint16_t *off)
{
	uint64_t at = data - (uintptr_t)raw;

	if (!data || at > PHX_RAW_SIZE || size > PHX_RAW_SIZE - at)
		return false;
	*off = (uint16_t)at;
	return true;
}

/* Data addresses of inline buffers lie in @src, and shall lie in @dst. */
static uint64_t rebase(uint64_t data, const void *src, const void *dst)
{
	return (uintptr_t)data - (uintptr_t)src + (uintptr_t)dst;
}

void phx_msg_copy(struct phx_msg *dst, const struct phx_msg *src)
{
	uint16_t off;

	memmove(dst, src, sizeof(*dst));
	if (in_raw(src->i.raw, dst->i.data, dst->i.size, &off))
		dst->i.data = rebase(dst->i.data, src, dst);
	if (in_raw(src->o.raw, dst->o.data, dst->o.size, &off))
		dst->o.data = rebase(dst->o.data, src, dst);
}

/*
 * A buffer that lies in the raw area is sent as part of that. As for an output: a
 * response brings o.raw as a whole and would go over what was written there as if
 * it were any other memory.
 */
PHX_HOT
static int send(struct phx *h, uint32_t port, struct phx_msg *msg,
		struct phx_send_opts *o)
{
	struct phx_ioc_send arg;
	int err;

	arg.size = sizeof(arg);
	arg.port = port;
	arg.timeout_ns = o->timeout_ns;
	arg.msg = *msg;
	if (!(o->flags & (PHX_SEND_I_INLINE | PHX_SEND_I_REGISTERED)) &&
	    in_raw(msg->i.raw, msg->i.data, msg->i.size, &o->i_off))
		o->flags |= PHX_SEND_I_INLINE;
	if (!(o->flags & (PHX_SEND_O_INLINE | PHX_SEND_O_REGISTERED)) &&
	    in_raw(msg->o.raw, msg->o.data, msg->o.size, &o->o_off))
		o->flags |= PHX_SEND_O_INLINE;
	arg.flags = o->flags;
	arg.i_off = o->i_off;
	arg.o_off = o->o_off;
	err = phx_call(h, PHX_IOC_SEND, &arg);
	if (!err) {
		memcpy(msg->o.raw, arg.msg.o.raw, sizeof(msg->o.raw));
		msg->o.err = arg.msg.o.err;
	}
	o->timeout_ns = arg.timeout_ns;
	return err;
}

int phx_send_with(struct phx *h, uint32_t port, struct phx_msg *msg,
		  struct phx_send_opts *opts)
{
	struct phx_send_opts o;
	int err;

	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return err;
	err = send(h, port, msg, &o);
	if (opts && err == -EINTR)
		opts->timeout_ns = o.timeout_ns;
	return err;
}

PHX_HOT
int phx_send(struct phx *h, uint32_t port, struct phx_msg *msg)
{
	struct phx_send_opts o = { 0 };

	return send(h, port, msg, &o);
}

/* Options of the caller, and memory for what is copied to us. */
static int recv_init(struct phx *h, struct phx_ioc_recv *arg, uint32_t port,
		     const struct phx_recv_opts *opts, struct phx_buf **buf)
{
	struct phx_recv_opts o;
	int err;

	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return err;
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->flags = o.flags;
	arg->port = port;
	arg->timeout_ns = o.timeout_ns;
	arg->rid = PHX_RID_NONE;
	arg->buf = (uintptr_t)o.buf;
	arg->buf_size = o.buf_size;
	if (o.buf)
		return 0;
	if (!*buf)
		*buf = phx_buf_get(h);
	if (*buf) {
		arg->buf = (uintptr_t)(*buf)->data;
		arg->buf_size = h->buf_size;
	}
	return 0;
}

/* What a receive brings back. Our buffer is the message's if it is used. */
static void recv_done(struct phx *h, const struct phx_ioc_recv *arg, int err,
		      struct phx_buf *buf, struct phx_msg *msg,
		      struct phx_recv_opts *opts)
{
	bool copied = arg->i_class == PHX_CLASS_COPY ||
		      arg->o_class == PHX_CLASS_COPY;

	if (!err && copied)
		phx_buf_hold(h, buf, arg->rid);
	else
		phx_buf_put(h, buf);
	if (opts && err == -EINTR)
		opts->timeout_ns = arg->timeout_ns;
	if (err)
		return;
	*msg = arg->msg;
	if (arg->i_class == PHX_CLASS_INLINE)
		msg->i.data = rebase(msg->i.data, &arg->msg, msg);
	if (arg->o_class == PHX_CLASS_INLINE)
		msg->o.data = rebase(msg->o.data, &arg->msg, msg);
	if (opts) {
		opts->i_class = arg->i_class;
		opts->o_class = arg->o_class;
	}
}

int phx_recv_with(struct phx *h, uint32_t port, struct phx_msg *msg, int *rid,
		  struct phx_recv_opts *opts)
{
	struct phx_buf *buf = NULL;
	struct phx_ioc_recv arg;
	int err;

	err = recv_init(h, &arg, port, opts, &buf);
	if (err)
		return err;
	err = phx_call(h, PHX_IOC_RECV, &arg);
	recv_done(h, &arg, err, buf, msg, opts);
	*rid = err ? PHX_RID_NONE : arg.rid;
	return err;
}

int phx_recv(struct phx *h, uint32_t port, struct phx_msg *msg, int *rid)
{
	return phx_recv_with(h, port, msg, rid, NULL);
}

int phx_respond_with(struct phx *h, uint32_t port, const struct phx_msg *msg,
		     int rid, const struct phx_respond_opts *opts)
{
	struct phx_ioc_respond arg = {
		.size = sizeof(arg),
		.port = port,
		.rid = rid,
		.o = msg->o,
	};
	struct phx_respond_opts o;
	struct phx_buf *buf;
	int err;

	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (!err && o.__reserved)
		err = -EINVAL;
	if (err)
		return err;
	arg.flags = o.flags;
	buf = phx_buf_take(h, rid);
	err = phx_call(h, PHX_IOC_RESPOND, &arg);
	if (!err || err == -ESRCH)
		phx_buf_put(h, buf);
	else
		phx_buf_hold(h, buf, rid);
	return err;
}

int phx_respond(struct phx *h, uint32_t port, const struct phx_msg *msg,
		int rid)
{
	return phx_respond_with(h, port, msg, rid, NULL);
}

/*
 * The buffer of the message responded to serves for the next one: the kernel is
 * done with it before it begins to receive.
 */
int phx_respond_recv_with(struct phx *h, uint32_t port, struct phx_msg *msg,
			  int *rid, struct phx_recv_opts *opts)
{
	bool own = !opts || !opts->buf;
	struct phx_buf *prev = NULL, *buf = NULL;
	struct phx_ioc_recv arg;
	int err;

	if (*rid != PHX_RID_NONE)
		prev = phx_buf_take(h, *rid);
	if (own)
		buf = prev;
	err = recv_init(h, &arg, port, opts, &buf);
	if (err) {
		phx_buf_hold(h, prev, *rid);
		return err;
	}
	arg.rid = *rid;
	arg.msg.o = msg->o;
	err = phx_call(h, PHX_IOC_RESPOND_RECV, &arg);
	if (err && arg.rid != PHX_RID_NONE) {
		phx_buf_hold(h, prev, *rid);
		if (own && prev)
			buf = NULL;
	} else if (!own) {
		phx_buf_put(h, prev);
	}
	recv_done(h, &arg, err, buf, msg, opts);
	*rid = arg.rid;
	return err;
}

int phx_respond_recv(struct phx *h, uint32_t port, struct phx_msg *msg,
		     int *rid)
{
	return phx_respond_recv_with(h, port, msg, rid, NULL);
}
