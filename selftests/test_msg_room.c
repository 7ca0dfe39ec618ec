// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receivers that have no room for a message: never, or not now. The one is the
 * sender's misfortune, the other is waited for, and others may pass.
 */
#include "phx_call.h"

FIXTURE(room)
{
	int srv;
	__u32 port;
	__u32 other;
};

FIXTURE_SETUP(room)
{
	OPEN_OR_SKIP(self->srv);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
	ASSERT_EQ(0, port_create(self->srv, &self->other));
}

FIXTURE_TEARDOWN(room)
{
	close(self->srv);
}

/* A sender in another process, with an input of so many bytes. */
static struct call *send_input(__u32 port, int type, size_t size)
{
	struct call *c = call_send(port);

	c->send.msg.type = type;
	set_input(&c->send.msg, c->in, size);
	return call_process(c);
}

TEST_F(room, message_that_could_never_fit_is_the_senders_emsgsize)
{
	struct call *r = call_recv(self->port), *s;
	char room[64];

	r->recv.buf = addr(room);
	r->recv.buf_size = sizeof(room);
	call_thread(r, self->srv);
	ASSERT_TRUE(call_waits(r));
	s = send_input(self->port, 1, sizeof(room) + 1);
	EXPECT_ERR(EMSGSIZE, call_end_free(s));
	s = send_input(self->port, 2, CALL_BUF);
	EXPECT_ERR(EMSGSIZE, call_end_free(s));
	/* The receiver has noticed nothing, and waits. */
	EXPECT_TRUE(call_waits(r));
	s = send_input(self->port, 3, 1);
	EXPECT_EQ(0, call_end(r));
	EXPECT_EQ(3, r->recv.msg.type);
	EXPECT_EQ(PHX_CLASS_COPY, r->recv.i_class);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &r->recv.msg, r->recv.rid));
	EXPECT_EQ(0, call_end_free(s));
	call_free(r);
}

/* A window that one message fills, which is received, and others that wait. */
struct full {
	struct windows win;
	struct call *first;
	struct phx_msg held;
	int rid;
};

static int fill_window(struct full *f, int fd, __u32 port)
{
	int err = windows_map(fd, &f->win, CALL_BUF + 4096);

	f->first = send_input(port, 1, CALL_BUF);
	return err ?: msg_recv(fd, port, &f->held, &f->rid);
}

/* Gives the window back. */
static int empty_window(struct full *f, int fd, __u32 port)
{
	return msg_respond(fd, port, &f->held, f->rid) ?: call_end_free(f->first);
}

/* Sends what has no room, and has a receiver find that out. */
static struct call *stall(int fd, __u32 port, int type)
{
	struct call *c = send_input(port, type, CALL_BUF);
	struct phx_msg msg;
	int rid;

	if (!call_waits(c) || msg_recv_now(fd, port, &msg, &rid) != -EAGAIN)
		abort();
	return c;
}

static int serve_one(int fd, __u32 port, int *type)
{
	struct phx_ioc_recv arg = { .timeout_ns = 5000000000ULL };
	int err = msg_recv_arg(fd, port, &arg);

	*type = arg.msg.type;
	return err ?: msg_respond(fd, port, &arg.msg, arg.rid);
}

TEST_F(room, message_that_does_not_fit_now_waits_until_it_does)
{
	struct call *b;
	struct full f;
	int type;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->port, 2);
	EXPECT_FALSE(message_waits(self->srv));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	EXPECT_TRUE(message_waits(self->srv));
	EXPECT_EQ(0, serve_one(self->srv, self->port, &type));
	EXPECT_EQ(2, type);
	EXPECT_EQ(0, call_end_free(b));
}

TEST_F(room, others_pass_a_message_that_does_not_fit_now)
{
	struct call *b, *c;
	struct full f;
	int type;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->port, 2);
	c = send_input(self->port, 3, 0);
	EXPECT_EQ(0, serve_one(self->srv, self->port, &type));
	EXPECT_EQ(3, type);
	EXPECT_EQ(0, call_end_free(c));
	EXPECT_TRUE(call_waits(b));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	EXPECT_EQ(0, serve_one(self->srv, self->port, &type));
	EXPECT_EQ(2, type);
	EXPECT_EQ(0, call_end_free(b));
}

TEST_F(room, receiver_that_waits_gets_it_as_soon_as_there_is_room)
{
	struct call *b, *r = call_recv(self->port);
	struct full f;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->port, 2);
	call_thread(r, self->srv);
	ASSERT_TRUE(call_waits(r));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	EXPECT_EQ(0, call_end(r));
	EXPECT_EQ(2, r->recv.msg.type);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &r->recv.msg, r->recv.rid));
	EXPECT_EQ(0, call_end_free(b));
	call_free(r);
}

TEST_F(room, message_that_waits_for_room_ends_with_its_sender_or_port)
{
	struct call *b, *c;
	struct full f;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->port, 2);
	c = stall(self->srv, self->port, 3);
	EXPECT_EQ(-1000 - SIGKILL, call_kill(b));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, call_end_free(c));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	call_free(b);
}

TEST_F(room, next_is_not_forgotten_when_the_first_is_withdrawn)
{
	struct call *b, *c;
	struct full f;
	int type = 0;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->port, 2);
	c = stall(self->srv, self->port, 3);
	/* The first of them may be received now, but is gone before it is. */
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(b));
	EXPECT_EQ(0, serve_one(self->srv, self->port, &type));
	EXPECT_EQ(3, type);
	EXPECT_EQ(type ? 0 : -1000 - SIGKILL, type ? call_end(c) : call_kill(c));
	call_free(b);
	call_free(c);
}

TEST_F(room, port_that_nobody_receives_from_does_not_hold_up_another)
{
	struct call *b, *c;
	struct full f;
	int type = 0;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	b = stall(self->srv, self->other, 2);
	c = stall(self->srv, self->port, 3);
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	EXPECT_EQ(0, serve_one(self->srv, self->port, &type));
	EXPECT_EQ(3, type);
	EXPECT_EQ(type ? 0 : -1000 - SIGKILL, type ? call_end(c) : call_kill(c));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(b));
	call_free(b);
	call_free(c);
}

TEST_HARNESS_MAIN
