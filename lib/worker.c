// SPDX-License-Identifier: MIT
/*
 * One thread of a server: receive, handle, respond-and-receive.
 */
#include "server.h"

#include <errno.h>
#include <time.h>

/* In whose handler this thread is; handlers may run servers of their own */
static __thread struct phx_worker *serving;

/**
 * phx_worker_take_locked - take the buffer of a message that a handler has
 * @h: the handle
 * @rid: the message
 *
 * Return: the buffer, or NULL if no handler has such a message.
 */
struct phx_buf *phx_worker_take_locked(struct phx *h, int rid)
{
	struct phx_worker *w;
	struct phx_buf *buf;

	for (w = h->workers; w; w = w->next) {
		if (atomic_load_explicit(&w->rid, memory_order_acquire) != rid)
			continue;
		buf = w->buf;
		w->buf = NULL;
		return buf;
	}
	return NULL;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&ts, NULL);
}

/*
 * A handler that tried to respond itself, in vain, and then returned 0 has left
 * the buffer with the message.
 */
static void own_buffer(struct phx_worker *w)
{
	if (!w->buf && w->arg.rid != PHX_RID_NONE)
		w->buf = phx_buf_take(w->srv->h, w->arg.rid);
}

/* Answer without a receive. If the answer is no good, let the sender know. */
static void answer(struct phx_worker *w)
{
	struct phx_ioc_respond arg = {
		.size = sizeof(arg),
		.port = w->srv->port,
		.rid = w->arg.rid,
		.o = w->arg.msg.o,
	};

	own_buffer(w);
	if (phx_call(w->srv->h, PHX_IOC_RESPOND, &arg) == -EFAULT) {
		arg.o.err = -EFAULT;
		arg.o.size = 0;
		arg.o.data = 0;
		phx_call(w->srv->h, PHX_IOC_RESPOND, &arg);
	}
	w->arg.rid = PHX_RID_NONE;
}

/**
 * phx_worker_receive - answer, if there is something to answer, and receive
 * @w: the thread
 * @flags: PHX_RECV_*
 *
 * Return: 0 or -errno; the answer was given if @w->arg.rid is PHX_RID_NONE then.
 */
PHX_HOT
int phx_worker_receive(struct phx_worker *w, uint32_t flags)
{
	struct phx *h = w->srv->h;

	own_buffer(w);
	if (!w->buf)
		w->buf = phx_buf_get(h);
	w->arg.size = sizeof(w->arg);
	w->arg.flags = flags;
	w->arg.port = w->srv->port;
	w->arg.timeout_ns = 0;
	w->arg.buf = w->buf ? (uintptr_t)w->buf->data : 0;
	w->arg.buf_size = w->buf ? h->buf_size : 0;
	return phx_call(h, PHX_IOC_RESPOND_RECV, &w->arg);
}

/* The handler keeps the message, or has responded to it already. */
static void let_go(struct phx_worker *w)
{
	struct phx *h = w->srv->h;

	pthread_mutex_lock(&h->lock);
	if (w->buf && w->arg.rid == atomic_load(&w->rid)) {
		phx_buf_hold_locked(h, w->buf, w->arg.rid);
		w->buf = NULL;
	}
	atomic_store(&w->rid, PHX_RID_NONE);
	pthread_mutex_unlock(&h->lock);
	w->arg.rid = PHX_RID_NONE;
}

PHX_HOT
static void serve(struct phx_worker *w)
{
	struct phx_server *srv = w->srv;
	int ret;

	w->pause_ms = 0;
	/* Pairs with the acquire in phx_worker_take_locked(). */
	if (w->arg.i_class == PHX_CLASS_COPY ||
	    w->arg.o_class == PHX_CLASS_COPY)
		atomic_store_explicit(&w->rid, w->arg.rid,
				      memory_order_release);
	w->outer = serving;
	serving = w;
	ret = srv->handler(srv->h, srv->port, &w->arg.msg, w->arg.rid,
			   srv->ctx);
	serving = w->outer;
	if (ret == PHX_HELD && !srv->orphan) {
		let_go(w);
		return;
	}
	if (ret < 0)
		w->arg.msg.o.err = ret;
	atomic_store_explicit(&w->rid, PHX_RID_NONE, memory_order_relaxed);
}

static bool is_nudge(const struct phx_worker *w)
{
	return w->arg.i_class == PHX_CLASS_SAME &&
	       w->arg.msg.i.data == (uintptr_t)w->srv;
}

/**
 * phx_worker_recover - can the loop go on?
 * @w: the thread
 * @err: of phx_worker_receive()
 *
 * If it was the answer that failed it is done with, one way or the other.
 *
 * Return: whether to try again.
 */
bool phx_worker_recover(struct phx_worker *w, int err)
{
	bool answering = w->arg.rid != PHX_RID_NONE;

	switch (err) {
	case -EINTR:
		return true;
	case -EFAULT:
		if (answering)
			answer(w);
		return answering;
	case -ENOENT:
	case -ESRCH:
		w->arg.rid = PHX_RID_NONE;
		return answering;
	case -ENOMEM:
	case -EDQUOT:
		w->pause_ms = w->pause_ms ? 2 * w->pause_ms : 1;
		if (w->pause_ms > PHX_PAUSE_MAX_MS)
			w->pause_ms = PHX_PAUSE_MAX_MS;
		sleep_ms(w->pause_ms);
		return true;
	default:
		return false;
	}
}

/**
 * phx_worker_loop - serve until the server ends
 * @w: the thread
 * @have: it has received the first message already
 *
 * Return: 0, or the -errno that ended it.
 */
PHX_HOT
int phx_worker_loop(struct phx_worker *w, bool have)
{
	struct phx_server *srv = w->srv;
	int err = 0;

	for (;;) {
		if (have)
			serve(w);
		if (srv->orphan)
			return -EBADFD;
		if (atomic_load(&srv->stop))
			break;
		err = phx_worker_receive(w, 0);
		have = !err && !is_nudge(w);
		if (err && !phx_worker_recover(w, err))
			break;
		err = 0;
	}
	if (w->arg.rid != PHX_RID_NONE)
		answer(w);
	return err;
}

/**
 * phx_worker_serves - is this thread in a handler of the server?
 * @srv: the server
 *
 * Return: whether it is, however deep.
 */
bool phx_worker_serves(const struct phx_server *srv)
{
	const struct phx_worker *w = serving;

	while (w && w->srv != srv)
		w = w->outer;
	return w;
}
