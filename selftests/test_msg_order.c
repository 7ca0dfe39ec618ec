// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many messages at once: in which order they are received, who may respond to
 * them, by which number.
 */
#include "phx_call.h"

#define MANY 6

FIXTURE(order)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(order)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(order)
{
	close(self->cli);
	close(self->srv);
}

static int respond_err(int fd, __u32 port, struct phx_msg *msg, int rid, int err)
{
	msg->o.err = err;
	return msg_respond(fd, port, msg, rid);
}

TEST_F(order, messages_are_received_in_the_order_they_were_sent)
{
	struct call *c[MANY];
	struct phx_msg msg;
	int i, rid;

	/* Threads and processes by turns, and clients too. */
	for (i = 0; i < MANY; i++) {
		int fd[] = { self->cli, -1, self->srv };

		c[i] = send_type(fd[i % 3], self->port, i);
		ASSERT_TRUE(call_waits(c[i]));
	}
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		EXPECT_EQ(i, msg.type);
		EXPECT_EQ(0, respond_err(self->srv, self->port, &msg, rid, i));
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(0, call_end(c[i]));
		EXPECT_EQ(i, c[i]->send.msg.o.err);
		call_free(c[i]);
	}
}

TEST_F(order, message_put_back_is_the_first_again)
{
	struct phx_ioc_recv *bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct call *c[MANY];
	struct phx_msg msg;
	int i, rid;

	ASSERT_TRUE(bad != MAP_FAILED);
	bad->size = sizeof(*bad);
	bad->port = self->port;
	ASSERT_EQ(0, mprotect(bad, 4096, PROT_READ));
	for (i = 0; i < MANY; i++) {
		c[i] = send_type(self->cli, self->port, i);
		ASSERT_TRUE(call_waits(c[i]));
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_ERR(EFAULT, dev_ioctl(self->srv, PHX_IOC_RECV, bad));
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		EXPECT_EQ(i, msg.type);
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
		EXPECT_EQ(0, call_end_free(c[i]));
	}
}

TEST_F(order, last_receiver_to_come_is_served_first)
{
	struct call *r[MANY], *s[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		r[i] = call_thread(call_recv(self->port), self->srv);
		ASSERT_TRUE(call_waits(r[i]));
	}
	for (i = MANY; i-- > 0;) {
		s[i] = send_type(self->cli, self->port, i);
		EXPECT_EQ(0, call_end(r[i]));
		EXPECT_EQ(i, r[i]->recv.msg.type);
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &r[i]->recv.msg,
					 r[i]->recv.rid));
		EXPECT_EQ(0, call_end_free(s[i]));
		call_free(r[i]);
	}
}

#define PASSED_MAX 256	/* PHX_PASSED_MAX of the module */

static struct call *who_has_it(struct call *a, struct call *b)
{
	int i;

	for (i = 0; i < CALL_PATIENCE_MS * 10; i++) {
		if (atomic_load(&a->done))
			return a;
		if (atomic_load(&b->done))
			return b;
		usleep(100);
	}
	return NULL;
}

/* Others come again and again, and are always the last. */
TEST_F_TIMEOUT(order, no_receiver_waits_for_ever, 120)
{
	struct call *old = call_thread(call_recv(self->port), self->srv);
	struct call *r, *s, *got = NULL;
	int i;

	ASSERT_TRUE(call_waits(old));
	for (i = 0; i <= PASSED_MAX && got != old; i++) {
		r = call_thread(call_recv(self->port), self->srv);
		ASSERT_TRUE(call_waits(r));
		s = send_type(self->cli, self->port, i);
		got = who_has_it(r, old);
		ASSERT_NE(NULL, got);
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &got->recv.msg,
					 got->recv.rid));
		EXPECT_EQ(0, call_end_free(s));
		if (got == r)
			EXPECT_EQ(0, call_end_free(r));
	}
	ASSERT_EQ(old, got);
	EXPECT_LT(1, i);
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_EQ(-EINVAL, call_end_free(r));
	EXPECT_EQ(0, call_end_free(old));
}

TEST_F(order, many_messages_may_be_held_and_answered_in_any_order)
{
	static const int order[MANY] = { 3, 5, 0, 4, 1, 2 };
	struct call *c[MANY];
	struct phx_msg msg[MANY];
	int i, j, rid[MANY];

	for (i = 0; i < MANY; i++) {
		c[i] = send_type(i & 1 ? -1 : self->cli, self->port, i);
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg[i], &rid[i]));
		ASSERT_EQ(i, msg[i].type);
		for (j = 0; j < i; j++)
			EXPECT_NE(rid[j], rid[i]);
	}
	for (i = 0; i < MANY; i++) {
		j = order[i];
		EXPECT_EQ(0, respond_err(self->srv, self->port, &msg[j], rid[j], j));
		EXPECT_EQ(0, call_end(c[j]));
		EXPECT_EQ(j, c[j]->send.msg.o.err);
		call_free(c[j]);
	}
}

#define CROWD 200

TEST_F(order, hundreds_of_messages_may_be_held)
{
	struct call *c[CROWD];
	struct phx_msg msg[CROWD];
	int i, rid[CROWD];

	for (i = 0; i < CROWD; i++) {
		c[i] = send_type(self->cli, self->port, i);
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg[i], &rid[i]));
	}
	for (i = CROWD - 1; i >= 0; i--)
		EXPECT_EQ(0, respond_err(self->srv, self->port, &msg[i], rid[i], i));
	for (i = 0; i < CROWD; i++) {
		EXPECT_EQ(0, call_end(c[i]));
		EXPECT_EQ(i, c[i]->send.msg.o.err);
		EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg[i], rid[i]));
		call_free(c[i]);
	}
}

struct answer {
	int fd;
	__u32 port;
	struct phx_msg msg;
	int rid;
	int err;
};

static void *respond_thread(void *arg)
{
	struct answer *a = arg;

	a->err = msg_respond(a->fd, a->port, &a->msg, a->rid);
	return NULL;
}

TEST_F(order, another_thread_of_the_server_may_respond)
{
	struct answer a = { .fd = self->srv, .port = self->port };
	struct call *c = send_type(-1, self->port, 1);
	pthread_t thread;

	ASSERT_EQ(0, msg_recv(self->srv, self->port, &a.msg, &a.rid));
	a.msg.o.err = 77;
	ASSERT_EQ(0, pthread_create(&thread, NULL, respond_thread, &a));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, a.err);
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(77, c->send.msg.o.err);
	call_free(c);
}

TEST_F(order, rid_that_never_was_is_enoent)
{
	static const int rids[] = { 0, 1, 63, 64, 65, 4096, -1, -2, 0x7fffffff,
				    -0x7fffffff - 1, 0x40000000 };
	struct call *c;
	struct phx_msg msg = { };
	size_t i;
	int rid;

	/* Before the first message, and while one is held. */
	for (i = 0; i < ARRAY_SIZE(rids); i++)
		EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rids[i]));
	c = send_type(self->cli, self->port, 1);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	for (i = 0; i < ARRAY_SIZE(rids); i++) {
		if (rids[i] != rid)
			EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rids[i]));
	}
	for (i = 0; i < 31; i++)
		EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rid ^ 1U << i));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(order, rid_of_a_waiting_receiver_is_enoent)
{
	struct call *c = call_thread(call_recv(self->port), self->srv);
	struct phx_msg msg = { };
	int rid;

	ASSERT_TRUE(call_waits(c));
	for (rid = 0; rid < 256; rid++)
		EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, call_end_free(c));
}

TEST_F(order, answered_rid_is_enoent_and_never_hits_a_later_message)
{
	struct phx_msg msg, stale = { .o.err = -99 };
	int old[64], i, j, rid;

	for (i = 0; i < 64; i++) {
		struct call *c = send_type(self->cli, self->port, i);

		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		for (j = 0; j < i; j++) {
			EXPECT_NE(old[j], rid);
			EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &stale, old[j]));
		}
		EXPECT_EQ(0, respond_err(self->srv, self->port, &msg, rid, i));
		EXPECT_EQ(0, call_end(c));
		EXPECT_EQ(i, c->send.msg.o.err);
		call_free(c);
		old[i] = rid;
	}
}

TEST_F(order, rid_works_only_with_the_port_of_its_message)
{
	struct call *c = send_type(self->cli, self->port, 1);
	struct phx_msg msg;
	__u32 other;
	int rid;

	ASSERT_EQ(0, port_create(self->srv, &other));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_ERR(ENOENT, msg_respond(self->srv, other, &msg, rid));
	EXPECT_ERR(EINVAL, msg_respond(self->srv, 0, &msg, rid));
	EXPECT_ERR(EINVAL, msg_respond(self->srv, 0x80000000, &msg, rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(order, rid_works_only_for_the_client_that_received)
{
	struct call *c = send_type(self->cli, self->port, 1);
	struct phx_msg msg;
	int rid, fd = dev_open(0);
	pid_t pid;

	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_ERR(ENOENT, msg_respond(self->cli, self->port, &msg, rid));
	EXPECT_ERR(ENOENT, msg_respond(fd, self->port, &msg, rid));
	pid = fork();
	if (!pid) {
		fd = dev_open(0);
		_exit(msg_respond(fd, self->port, &msg, rid) != -ENOENT ||
		      msg_respond(self->srv, self->port, &msg, rid) != -EBADFD);
	}
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_TRUE(call_waits(c));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(order, only_the_ports_own_file_may_receive)
{
	struct phx_msg msg;
	int rid;
	pid_t pid;

	EXPECT_ERR(EPERM, msg_recv(self->cli, self->port, &msg, &rid));
	pid = fork_child();
	if (!pid)
		_exit(msg_recv(dev_open(0), self->port, &msg, &rid) != -EPERM);
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(order, ports_of_one_client_have_queues_of_their_own)
{
	struct call *a, *b;
	struct phx_msg msg;
	__u32 other;
	int rid;

	ASSERT_EQ(0, port_create(self->srv, &other));
	a = send_type(self->cli, self->port, 1);
	ASSERT_TRUE(call_waits(a));
	b = send_type(self->cli, other, 2);
	ASSERT_EQ(0, msg_recv(self->srv, other, &msg, &rid));
	EXPECT_EQ(2, msg.type);
	EXPECT_EQ(0, msg_respond(self->srv, other, &msg, rid));
	EXPECT_EQ(0, call_end_free(b));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(1, msg.type);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(a));
}

TEST_F(order, server_may_send_while_it_holds_a_message)
{
	struct call *a = send_type(-1, self->port, 1), *b;
	struct phx_msg held, msg;
	int held_rid, rid;
	__u32 other;

	ASSERT_EQ(0, port_create(self->cli, &other));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &held, &held_rid));
	b = send_type(self->srv, other, 2);
	ASSERT_EQ(0, msg_recv(self->cli, other, &msg, &rid));
	EXPECT_EQ(2, msg.type);
	EXPECT_EQ(0, msg_respond(self->cli, other, &msg, rid));
	EXPECT_EQ(0, call_end_free(b));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &held, held_rid));
	EXPECT_EQ(0, call_end_free(a));
}

TEST_HARNESS_MAIN
