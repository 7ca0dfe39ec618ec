// SPDX-License-Identifier: GPL-2.0-only
/*
 * Respond-and-receive, calls that do not wait, calls with a time limit, and
 * receivers that have no room.
 */
#include "phx_call.h"

#define MS 1000000ULL

FIXTURE(recv)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(recv)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(recv)
{
	close(self->cli);
	close(self->srv);
}

TEST_F(recv, respond_recv_responds_and_receives)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(-1, self->port, 1), *b;
	int first;

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(1, arg.msg.type);
	first = arg.rid;
	b = send_type(-1, self->port, 2);
	arg.msg.o.err = 11;
	memset(arg.msg.o.raw, 0x77, PHX_RAW_SIZE);
	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(0, call_end(a));
	EXPECT_EQ(11, a->send.msg.o.err);
	EXPECT_EQ(0x77, a->send.msg.o.raw[0]);
	EXPECT_EQ(0x77, a->send.msg.o.raw[PHX_RAW_SIZE - 1]);
	EXPECT_EQ(2, arg.msg.type);
	EXPECT_NE(first, arg.rid);
	EXPECT_EQ(0, arg.msg.o.err);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end_free(b));
	call_free(a);
}

TEST_F(recv, respond_recv_whose_receive_fails_has_responded_and_says_so)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(self->cli, self->port, 1);

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	arg.flags = PHX_RECV_NONBLOCK;
	arg.msg.o.err = 5;
	EXPECT_ERR(EAGAIN, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(PHX_RID_NONE, arg.rid);
	EXPECT_EQ(0, call_end(a));
	EXPECT_EQ(5, a->send.msg.o.err);
	call_free(a);
	/* So the same call can be made again. */
	EXPECT_ERR(EAGAIN, msg_respond_recv(self->srv, self->port, &arg));
}

TEST_F(recv, respond_recv_with_a_wrong_rid_receives_nothing_and_keeps_it)
{
	struct phx_ioc_recv arg = { .rid = 12345 };
	struct call *a = send_type(self->cli, self->port, 1);
	struct phx_msg msg;
	int rid;

	ASSERT_TRUE(call_waits(a));
	EXPECT_ERR(ENOENT, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(12345, arg.rid);
	arg.rid = -2;
	EXPECT_ERR(ENOENT, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(-2, arg.rid);
	EXPECT_TRUE(message_waits(self->srv));
	ASSERT_EQ(0, msg_recv_now(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(a));
}

TEST_F(recv, respond_recv_with_a_bad_answer_keeps_the_rid)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(self->cli, self->port, 1);
	int rid;

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	rid = arg.rid;
	arg.msg.o.data = 64;
	arg.msg.o.size = 1;
	EXPECT_ERR(EFAULT, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(rid, arg.rid);
	EXPECT_TRUE(call_waits(a));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, rid));
	EXPECT_EQ(0, call_end_free(a));
}

TEST_F(recv, respond_recv_that_is_malformed_has_not_responded)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(self->cli, self->port, 1);
	int rid;

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	rid = arg.rid;
	arg.flags = 1U << 31;
	EXPECT_ERR(EINVAL, msg_respond_recv(self->srv, self->port, &arg));
	arg.flags = 0;
	arg.__reserved = 1;
	EXPECT_ERR(EINVAL, msg_respond_recv(self->srv, self->port, &arg));
	arg.__reserved = 0;
	arg.buf = ~0ULL;
	arg.buf_size = 1;
	EXPECT_ERR(EFAULT, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(rid, arg.rid);
	EXPECT_TRUE(call_waits(a));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, rid));
	EXPECT_EQ(0, call_end_free(a));
}

TEST_F(recv, respond_recv_to_a_sender_who_is_gone_goes_on)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(-1, self->port, 1), *b;

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(a));
	b = send_type(-1, self->port, 2);
	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(2, arg.msg.type);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end_free(b));
	call_free(a);
}

TEST_F(recv, respond_recv_on_a_destroyed_port_responds_then_is_einval)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct call *a = send_type(self->cli, self->port, 1);

	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &arg));
	ASSERT_EQ(0, port_destroy(self->srv, self->port));
	arg.msg.o.err = 9;
	EXPECT_ERR(EINVAL, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(PHX_RID_NONE, arg.rid);
	EXPECT_EQ(0, call_end(a));
	EXPECT_EQ(9, a->send.msg.o.err);
	call_free(a);
}

TEST_F(recv, nonblocking_receive_without_a_message_is_eagain)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct phx_msg msg;
	int rid;

	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->port, &msg, &rid));
	ASSERT_EQ(0, fcntl(self->srv, F_SETFL, O_NONBLOCK));
	EXPECT_ERR(EAGAIN, msg_recv_arg(self->srv, self->port, &arg));
	EXPECT_ERR(EAGAIN, msg_respond_recv(self->srv, self->port, &arg));
}

TEST_F(recv, nonblocking_send_needs_a_receiver_that_waits)
{
	struct phx_ioc_send arg = { .flags = PHX_SEND_NONBLOCK };
	struct phx_msg msg = { };
	struct call *r, *s;

	EXPECT_ERR(EAGAIN, msg_send_arg(self->cli, self->port, &arg));
	EXPECT_FALSE(message_waits(self->srv));
	ASSERT_EQ(0, fcntl(self->cli, F_SETFL, O_NONBLOCK));
	EXPECT_ERR(EAGAIN, msg_send(self->cli, self->port, &msg));

	/* Then it waits for the response as ever. */
	r = call_thread(call_recv(self->port), self->srv);
	ASSERT_TRUE(call_waits(r));
	s = call_thread(call_send(self->port), self->cli);
	ASSERT_EQ(0, call_end(r));
	EXPECT_TRUE(call_waits(s));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &r->recv.msg, r->recv.rid));
	EXPECT_EQ(0, call_end_free(s));
	call_free(r);
}

TEST_F(recv, nonblocking_file_opened_so_does_not_wait)
{
	struct phx_msg msg = { };
	int fd = dev_open(O_NONBLOCK), rid;
	__u32 port;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, port_create(fd, &port));
	EXPECT_ERR(EAGAIN, msg_recv(fd, port, &msg, &rid));
	EXPECT_ERR(EAGAIN, msg_send(fd, port, &msg));
	close(fd);
}

TEST_F(recv, receive_times_out_and_the_port_lives_on)
{
	struct phx_ioc_recv arg = { .timeout_ns = 1, .rid = PHX_RID_NONE };
	struct call *s;

	EXPECT_ERR(ETIMEDOUT, msg_recv_arg(self->srv, self->port, &arg));
	arg.timeout_ns = 20 * MS;
	EXPECT_ERR(ETIMEDOUT, msg_respond_recv(self->srv, self->port, &arg));
	EXPECT_EQ(PHX_RID_NONE, arg.rid);
	s = send_type(self->cli, self->port, 1);
	arg.timeout_ns = ~0ULL;
	ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end_free(s));
}

TEST_F(recv, send_that_times_out_in_the_queue_is_never_seen)
{
	struct phx_ioc_send arg = { .timeout_ns = 1 };
	struct phx_msg msg;
	int rid;

	EXPECT_ERR(ETIMEDOUT, msg_send_arg(self->cli, self->port, &arg));
	arg.timeout_ns = 20 * MS;
	EXPECT_ERR(ETIMEDOUT, msg_send_arg(self->cli, self->port, &arg));
	EXPECT_FALSE(message_waits(self->srv));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->port, &msg, &rid));
}

TEST_F(recv, time_limit_that_is_far_off_does_no_harm)
{
	static const __u64 times[] = { ~0ULL, 1ULL << 63, (1ULL << 63) - 1, 1ULL << 62 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		struct call *c = call_send(self->port);
		struct phx_msg msg;
		int rid;

		c->send.timeout_ns = times[i];
		call_thread(c, self->cli);
		ASSERT_TRUE(call_waits(c));
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
		EXPECT_EQ(0, call_end_free(c));
	}
}

TEST_F(recv, send_that_times_out_taken_is_esrch_for_the_server)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	c->send.timeout_ns = 300 * MS;
	call_process(c);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_ERR(ETIMEDOUT, call_end(c));
	EXPECT_ERR(ESRCH, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rid));
	call_free(c);
}

FIXTURE(late)
{
	int srv;
	__u32 port;
	struct windows win;
	char *buf;
};

FIXTURE_VARIANT(late)
{
	size_t size;
	size_t room;
	int class;
};

FIXTURE_VARIANT_ADD(late, copy)
{
	.size = 1000, .room = 8192, .class = PHX_CLASS_COPY,
};

FIXTURE_VARIANT_ADD(late, lend)
{
	.size = 65536, .class = PHX_CLASS_LEND,
};

FIXTURE_SETUP(late)
{
	OPEN_OR_SKIP(self->srv);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
	ASSERT_EQ(0, windows_map(self->srv, &self->win, 1 << 20));
	self->buf = malloc(8192);
}

FIXTURE_TEARDOWN(late)
{
	windows_unmap(&self->win);
	close(self->srv);
	free(self->buf);
}

/* Nothing of a message that took too long may reach the sender any more. */
TEST_F(late, output_written_after_the_time_limit_is_not_the_senders)
{
	struct phx_ioc_recv arg = { .buf = addr(self->buf), .buf_size = variant->room };
	struct call *c = call_send(self->port);
	__u8 *zero = calloc(1, CALL_BUF);

	set_output(&c->send.msg, c->out, variant->size);
	c->send.timeout_ns = 300 * MS;
	call_process(c);
	ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
	EXPECT_EQ(variant->class, arg.o_class);
	memset((void *)(uintptr_t)arg.msg.o.data, 0x11, variant->size / 2);
	EXPECT_ERR(ETIMEDOUT, call_end(c));
	memset((void *)(uintptr_t)arg.msg.o.data, 0x22, variant->size);
	arg.msg.o.err = 1;
	arg.msg.o.raw[0] = 1;
	EXPECT_ERR(ESRCH, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, memcmp(zero, c->out, CALL_BUF));
	EXPECT_EQ(0, c->send.msg.o.err);
	EXPECT_EQ(0, c->send.msg.o.raw[0]);
	call_free(c);
	free(zero);
}

TEST_F(late, output_within_the_time_limit_arrives)
{
	struct phx_ioc_recv arg = { .buf = addr(self->buf), .buf_size = variant->room };
	struct call *c = call_send(self->port);
	size_t i, wrong = 0;

	memset(c->out, 0x33, CALL_BUF);
	set_output(&c->send.msg, c->out + 5, variant->size);
	c->send.timeout_ns = ~0ULL;
	call_process(c);
	ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
	memset((char *)(uintptr_t)arg.msg.o.data + 1, 0x44, variant->size - 2);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end(c));
	for (i = 0; i < CALL_BUF; i++)
		wrong += c->out[i] != (i < 6 || i >= 4 + variant->size ? 0x33 : 0x44);
	EXPECT_EQ(0, wrong);
	call_free(c);
}

TEST_HARNESS_MAIN
