/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the actors of phx_stage.h do in each state, and which errors they accept:
 * only those that the end of another one explains.
 */
#ifndef PHX_ACTS_H
#define PHX_ACTS_H

#include "phx_stage.h"

/* A client's buffers; from the begin of a page, so that they can be registered. */
struct bufs {
	char *in, *out;
	int id[2];
	__u64 seed;
};

static inline bool may_fail(const struct actor *a, enum role role)
{
	return a->stage->may_fail[role];
}

/* The thread of this one is to end when a signal comes. */
static inline bool is_signalled(const struct actor *a, int err)
{
	return err == -EINTR && (may_fail(a, a->role) || atomic_load(&a->stop));
}

/* It is to be killed for want of memory; till then its own calls may lack it, too. */
static inline bool is_starved(const struct actor *a, int err)
{
	return err == -ENOMEM && atomic_load(&a->stage->starved[a->role]);
}

static inline bool is_told(const struct actor *a)
{
	return atomic_load(&a->stop) || atomic_load(&a->closed);
}

/* A call of a server that got no message: whether it is to go on with the next. */
static inline bool server_goes_on(struct actor *a, int err)
{
	bool over = err == -EBADF || err == -EINVAL;
	int i;

	/* Its port is gone: it is told why, or just about to be. */
	for (i = 0; over && i < PATIENCE_MS && !is_told(a); i++)
		usleep(1000);
	if (is_told(a) || is_signalled(a, err))
		return false;
	if (is_starved(a, err))
		return true;
	RIGHT(a->stage, err == 0, err);
	return !err;
}

/* How a buffer comes over in a state, an enum phx_class. */
static inline int class_in(const struct state *state, __u64 size)
{
	if (!size)
		return PHX_CLASS_NONE;
	if (state->copy)
		return PHX_CLASS_COPY;
	return state->registered ? PHX_CLASS_REGISTERED : PHX_CLASS_LEND;
}

/* What was received: all of it must be what was sent, and come as it should. */
static inline void act_look(struct actor *a)
{
	const struct state *state = a->stage->state;
	const struct phx_ioc_recv *got = &a->held;

	RIGHT(a->stage, got->i_class == class_in(state, got->msg.i.size), got->i_class);
	RIGHT(a->stage, got->o_class == class_in(state, got->msg.o.size), got->o_class);
	RIGHT(a->stage, message_is_right(&got->msg), seed_of(&got->msg));
}

static inline int act_recv(struct actor *a)
{
	bool copy = a->stage->state->copy;
	int err;

	a->held = (struct phx_ioc_recv) {
		.rid = PHX_RID_NONE, .buf = copy ? addr(a->copy) : 0,
		.buf_size = copy ? 2 * BUF_SPAN : 0,
	};
	err = msg_recv_arg(a->fd, atomic_load(&a->port), &a->held);
	if (!err)
		act_look(a);
	else
		a->held.rid = PHX_RID_NONE;
	return err;
}

/* Answer what is held; it must be as it was when it came. */
static inline void act_respond(struct actor *a, bool answered)
{
	int err;

	if (!answered) {
		RIGHT(a->stage, message_is_right(&a->held.msg), seed_of(&a->held.msg));
		message_answer(&a->held.msg);
	}
	err = msg_respond(a->fd, atomic_load(&a->port), &a->held.msg, a->held.rid);
	a->held.rid = PHX_RID_NONE;
	if (err == -EBADF && atomic_load(&a->closed))
		return;
	RIGHT(a->stage, err == 0 || err == -ESRCH, err);
	RIGHT(a->stage, !err || may_fail(a, CLIENT) || may_fail(a, FORWARDER), err);
}

/* Serve to the end. */
static inline void server_serve(struct actor *a)
{
	int err;

	for (;;) {
		err = act_recv(a);
		if (err && !server_goes_on(a, err))
			return;
		if (err)
			continue;
		atomic_fetch_add(&a->steps, 1);
		act_respond(a, false);
	}
}

/* Hold a message while the end comes. Whose thread ended begins here again. */
static inline void server_hold(struct actor *a)
{
	int err;

	while (a->held.rid == PHX_RID_NONE) {
		err = act_recv(a);
		if (err && !server_goes_on(a, err))
			return;
		if (!err)
			atomic_fetch_add(&a->steps, 1);
	}
	if (!flag_wait(&a->stage->go_on) && may_fail(a, SERVER))
		return;
	/* The file is about to be closed: to receive would keep it, and what it holds. */
	if (atomic_load(&a->closed))
		return;
	if (a->held.rid != PHX_RID_NONE)
		act_respond(a, false);
	server_serve(a);
}

/* Leave what comes in the queue until the end has come. */
static inline void server_idle(struct actor *a)
{
	atomic_fetch_add(&a->steps, 1);
	if (flag_wait(&a->stage->go_on) || !may_fail(a, SERVER))
		server_serve(a);
}

/* Serve by responding and receiving at once. */
static inline void server_both(struct actor *a)
{
	int err;

	for (;;) {
		a->held.buf = 0;
		err = msg_respond_recv(a->fd, atomic_load(&a->port), &a->held);
		if (err && !server_goes_on(a, err))
			return;
		if (err)
			continue;
		act_look(a);
		message_answer(&a->held.msg);
		atomic_fetch_add(&a->steps, 1);
	}
}

/* Make ports that are sent to, and destroy them. */
static inline void server_destroy(struct actor *a)
{
	__u32 port = atomic_load(&a->port);
	int err;

	while (!atomic_load(&a->stop) && !atomic_load(&a->closed)) {
		act_recv(a);
		err = port_destroy(a->fd, port);
		RIGHT(a->stage, !err || err == -EBADF || atomic_load(&a->stop), err);
		if (a->held.rid != PHX_RID_NONE)
			act_respond(a, false);
		err = port_create_flags(a->fd, PHX_PORT_BUFFERS, &port);
		if (err)
			break;
		atomic_store(&a->port, port);
		atomic_fetch_add(&a->steps, 1);
	}
}

/* Register names and take them away. */
static inline void server_name(struct actor *a)
{
	char name[64];
	int err;

	while (!atomic_load(&a->stop) && !atomic_load(&a->closed)) {
		snprintf(name, sizeof(name), "/kill/%d/%d", getpid(), a->steps % 8);
		err = name_register(a->fd, name, atomic_load(&a->port), 1);
		RIGHT(a->stage, !err || err == -EEXIST || err == -EBADF, err);
		if (a->steps % 3)
			err = name_unregister(a->fd, name);
		RIGHT(a->stage, !err || err == -EEXIST || err == -EBADF, err);
		atomic_fetch_add(&a->steps, 1);
	}
}

/* Send on what was lent, and answer with what comes back. */
static inline void forwarder_serve(struct actor *a)
{
	struct stage *stage = a->stage;
	__u32 port = atomic_load(&stage->actors[SERVER].port);
	struct phx_msg onward;
	int err;

	for (;;) {
		err = act_recv(a);
		if (err && !server_goes_on(a, err))
			return;
		if (err)
			continue;
		onward = a->held.msg;
		atomic_fetch_add(&a->steps, 1);
		err = msg_send(a->fd, port, &onward);
		RIGHT(stage, !err || may_fail(a, SERVER) || is_signalled(a, err) ||
		      is_starved(a, err) || atomic_load(&a->closed), err);
		RIGHT(stage, words_hold(in_of(&a->held.msg), a->held.msg.i.size,
					seed_of(&a->held.msg)) || atomic_load(&a->closed), err);
		if (err)
			message_answer(&a->held.msg);
		act_respond(a, true);
	}
}

static inline void bufs_make(struct actor *a, struct bufs *b)
{
	b->in = memory(BUF_SPAN);
	b->out = memory(BUF_SPAN);
	CHECK(b->in && b->out);
	memset(b->in, CANARY, BUF_SPAN);
	memset(b->out, CANARY, BUF_SPAN);
	b->seed = (__u64)getpid() << 24;
}

static inline bool bufs_register(struct actor *a, struct bufs *b)
{
	__u32 port = atomic_load(&a->stage->actors[SERVER].port);

	b->id[0] = buffer_register(a->fd, port, PHX_BUFFER_IN, b->in, BUF_SPAN);
	b->id[1] = buffer_register(a->fd, port, PHX_BUFFER_OUT, b->out, BUF_SPAN);
	return b->id[0] >= 0 && b->id[1] >= 0;
}

static inline int bufs_send(struct actor *a, struct bufs *b)
{
	const struct stage *stage = a->stage;
	const struct state *state = stage->state;
	enum role to = state->forwarder ? FORWARDER : SERVER;
	size_t len = state->copy ? COPY_LEN : BUF_LEN;
	struct phx_ioc_send send = { 0 };

	b->seed += 4;
	words_fill(b->in + BUF_OFF, len, b->seed + TO_SEND);
	words_fill(b->out + BUF_OFF, len, b->seed + TO_BE_ANSWERED);
	memcpy(send.msg.i.raw, &b->seed, sizeof(b->seed));
	set_input(&send.msg, b->in + BUF_OFF, len);
	set_output(&send.msg, b->out + BUF_OFF, len);
	if (state->registered) {
		send.flags = PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED;
		send.i_off = b->id[0];
		send.o_off = b->id[1];
	}
	return msg_send_arg(a->fd, atomic_load(&stage->actors[to].port), &send);
}

/* The buffers afterwards, and the bytes around them. */
static inline void bufs_check(struct actor *a, struct bufs *b, int err)
{
	size_t len = a->stage->state->copy ? COPY_LEN : BUF_LEN, end = BUF_OFF + len;
	__u64 was = b->seed + TO_BE_ANSWERED, answer = b->seed + ANSWER;
	char *out = b->out + BUF_OFF;

	RIGHT(a->stage, words_hold(b->in + BUF_OFF, len, b->seed + TO_SEND), err);
	if (err)
		RIGHT(a->stage, words_hold_either(out, len, was, answer), err);
	else
		RIGHT(a->stage, words_hold(out, len, answer), err);
	RIGHT(a->stage, all_are(b->out, BUF_OFF, CANARY), err);
	RIGHT(a->stage, all_are(b->out + end, PAGE, CANARY), err);
	if (!err)
		atomic_fetch_add(&a->stage->messages, 1);
}

/* Is this error explained by the end of somebody? */
static inline bool send_may_give(const struct actor *a, int err)
{
	bool server = may_fail(a, SERVER) || may_fail(a, FORWARDER);

	if (!err)
		return true;
	if (err == -EPIPE || err == -EINVAL)
		return server || a->stage->state->server == server_destroy;
	return is_signalled(a, err) || is_starved(a, err) ||
	       (err == -EBADF && atomic_load(&a->closed));
}

/* One message, or in a state that moves one after the other. */
static inline void client_send(struct actor *a)
{
	const struct state *state = a->stage->state;
	struct bufs b;
	int err;

	bufs_make(a, &b);
	if (state->registered)
		RIGHT(a->stage, bufs_register(a, &b), b.id[0]);
	do {
		if (!state->moving)
			atomic_fetch_add(&a->steps, 1);
		err = bufs_send(a, &b);
		RIGHT(a->stage, send_may_give(a, err), err);
		bufs_check(a, &b, err);
		if (state->moving)
			atomic_fetch_add(&a->steps, 1);
		if (err && state->server != server_destroy)
			return;
		if (err == -EBADF || err == -EINTR || (err && may_fail(a, SERVER)))
			return;
		if (state->pause_us)
			usleep(state->pause_us);
	} while (state->moving && !atomic_load(&a->stop));
}

/* Messages without buffers, to spin for. */
static inline void client_ping(struct actor *a)
{
	__u32 port = atomic_load(&a->stage->actors[SERVER].port);
	int err = 0;

	while (!err && !atomic_load(&a->stop)) {
		struct phx_msg msg = { .type = 1 };

		err = msg_send(a->fd, port, &msg);
		RIGHT(a->stage, send_may_give(a, err), err);
		if (!err)
			atomic_fetch_add(&a->stage->messages, 1);
		atomic_fetch_add(&a->steps, 1);
	}
}

/* Register buffers, send with them, and take them away. */
static inline void client_register(struct actor *a)
{
	struct bufs b;
	bool there;
	int err = 0;

	bufs_make(a, &b);
	while (!atomic_load(&a->stop) && !atomic_load(&a->closed)) {
		there = bufs_register(a, &b);
		RIGHT(a->stage, there || may_fail(a, SERVER) || atomic_load(&a->closed) ||
		      is_starved(a, b.id[0] < 0 ? b.id[0] : b.id[1]), b.id[0]);
		if (!there)
			return;
		if (a->steps % 4 == 3) {
			err = bufs_send(a, &b);
			RIGHT(a->stage, send_may_give(a, err) || err == -ENOENT, err);
			bufs_check(a, &b, err);
			if (err)
				return;
		}
		err = buffer_unregister(a->fd, b.id[0]) ?: buffer_unregister(a->fd, b.id[1]);
		RIGHT(a->stage, !err || may_fail(a, SERVER) || atomic_load(&a->closed), err);
		atomic_fetch_add(&a->steps, 1);
	}
}

#endif /* PHX_ACTS_H */
