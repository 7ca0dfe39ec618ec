// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receivers that have no room for a message: never, or not now. Either is told to
 * the sender, and the receiver waits on for what it has room for.
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

/* A window that one message fills, which is received. */
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

TEST_F(room, message_that_does_not_fit_now_is_the_senders_enobufs)
{
	struct call *r = call_recv(self->port), *s;
	struct full f;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	call_thread(r, self->srv);
	ASSERT_TRUE(call_waits(r));
	s = send_input(self->port, 2, CALL_BUF);
	EXPECT_ERR(ENOBUFS, call_end_free(s));
	/* The receiver has noticed nothing, and gets what needs no room. */
	EXPECT_TRUE(call_waits(r));
	s = send_input(self->port, 3, 0);
	EXPECT_EQ(0, call_end(r));
	EXPECT_EQ(3, r->recv.msg.type);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &r->recv.msg, r->recv.rid));
	EXPECT_EQ(0, call_end_free(s));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
	call_free(r);
}

TEST_F(room, there_is_room_again_after_a_response)
{
	struct full f;
	int i;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	for (i = 0; i < 3; i++) {
		struct call *s;

		s = send_input(self->port, 2, CALL_BUF);
		ASSERT_TRUE(call_waits(s));
		EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
		f.first = s;
		EXPECT_EQ(0, msg_recv(self->srv, self->port, &f.held, &f.rid));
		EXPECT_EQ(2, f.held.type);
	}
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
}

TEST_F(room, other_port_shares_the_window)
{
	struct phx_msg msg;
	struct call *s;
	struct full f;
	int rid;

	ASSERT_EQ(0, fill_window(&f, self->srv, self->port));
	s = send_input(self->other, 2, CALL_BUF);
	ASSERT_TRUE(call_waits(s));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->other, &msg, &rid));
	EXPECT_ERR(ENOBUFS, call_end_free(s));
	EXPECT_EQ(0, empty_window(&f, self->srv, self->port));
}

TEST_HARNESS_MAIN
