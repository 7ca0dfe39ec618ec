// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conformance of the calls with Phoenix-RTOS' own names: results in every
 * situation, as listed in CONFORMANCE.md.
 */
#include "phx_call.h"

#include <phxport/phoenix.h>
#include <stddef.h>

/* A thread of this process that serves one port. */
struct server {
	uint32_t port;
	pthread_t thread;
	int err;		/* put in o.err; the rest of o is left alone */
	msg_t seen;
};

FIXTURE(phoenix)
{
	uint32_t port;
	char *none;	/* no memory */
	char *ro;	/* can't be written */
};

FIXTURE_SETUP(phoenix)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, portCreate(&self->port));
	self->none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->none != MAP_FAILED && self->ro != MAP_FAILED);
}

FIXTURE_TEARDOWN(phoenix)
{
	portDestroy(self->port);
}

static void *serve_one(void *arg)
{
	struct server *s = arg;
	msg_rid_t rid;
	int err = msgRecv(s->port, &s->seen, &rid);

	if (!err) {
		s->seen.o.err = s->err;
		err = msgRespond(s->port, &s->seen, rid);
	}
	return (void *)(intptr_t)err;
}

static void server_start(struct server *s)
{
	if (pthread_create(&s->thread, NULL, serve_one, s))
		abort();
}

static int server_end(struct server *s)
{
	void *err;

	pthread_join(s->thread, &err);
	return (intptr_t)err;
}

TEST_F(phoenix, layout_is_that_of_64_bit_phoenix)
{
	EXPECT_EQ(200, sizeof(msg_t));
	EXPECT_EQ(16, sizeof(oid_t));
	EXPECT_EQ(16, offsetof(msg_t, oid));
	EXPECT_EQ(32, offsetof(msg_t, i));
	EXPECT_EQ(96, offsetof(msg_t, i.size));
	EXPECT_EQ(104, offsetof(msg_t, i.data));
	EXPECT_EQ(112, offsetof(msg_t, o));
	EXPECT_EQ(176, offsetof(msg_t, o.err));
	EXPECT_EQ(184, offsetof(msg_t, o.size));
	EXPECT_EQ(192, offsetof(msg_t, o.data));
}

TEST_F(phoenix, calls_do_not_touch_errno)
{
	msg_t msg = { };

	errno = 4711;
	EXPECT_EQ(-EINVAL, msgSend(0, &msg));
	EXPECT_EQ(-EFAULT, msgSend(self->port, NULL));
	EXPECT_EQ(-ENOENT, portUnregister("nobody has it"));
	EXPECT_EQ(4711, errno);
}

TEST_F(phoenix, portCreate_results)
{
	uint32_t port = 0;

	EXPECT_EQ(0, portCreate(&port));
	EXPECT_LT(self->port, port);
	portDestroy(port);
	EXPECT_EQ(-EFAULT, portCreate(NULL));
	EXPECT_EQ(-EFAULT, portCreate((uint32_t *)self->none));
	EXPECT_EQ(-EFAULT, portCreate((uint32_t *)self->ro));
}

TEST_F(phoenix, portDestroy_says_nothing_whatever_it_finds)
{
	msg_t msg = { };
	uint32_t foreign;
	int fd = dev_open(0);

	ASSERT_EQ(0, port_create(fd, &foreign));
	portDestroy(0);
	portDestroy(0x80000000);
	portDestroy(0xffffffff);
	portDestroy(self->port);
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, msgSend(self->port, &msg));
	portDestroy(foreign);
	EXPECT_EQ(0, port_destroy(fd, foreign));
	close(fd);
}

TEST_F(phoenix, portRegister_and_portUnregister_results)
{
	oid_t oid = { .port = 77, .id = 5 }, found;

	EXPECT_EQ(0, portRegister(self->port, "/x", &oid));
	EXPECT_EQ(0, lookup("/x", &found, NULL));
	EXPECT_EQ(self->port, found.port);
	EXPECT_EQ(5, found.id);
	EXPECT_EQ(-EEXIST, portRegister(self->port, "/x", &oid));
	EXPECT_EQ(0, portRegister(self->port, "devfs", NULL));
	EXPECT_EQ(0, lookup("devfs", NULL, &found));
	EXPECT_EQ(0, found.id);
	EXPECT_EQ(-EINVAL, portRegister(self->port, NULL, &oid));
	EXPECT_EQ(-EINVAL, portRegister(self->port, "", &oid));
	EXPECT_EQ(-EFAULT, portRegister(self->port, self->none, &oid));
	EXPECT_EQ(-EFAULT, portRegister(self->port, "/y", (oid_t *)self->none));
	EXPECT_EQ(0, portUnregister("/x"));
	EXPECT_EQ(-ENOENT, portUnregister("/x"));
	EXPECT_EQ(-EINVAL, portUnregister(NULL));
	EXPECT_EQ(-EINVAL, portUnregister(""));
	EXPECT_EQ(-EFAULT, portUnregister(self->none));
	EXPECT_EQ(0, portUnregister("devfs"));
}

TEST_F(phoenix, root_can_be_registered_once_and_unregistered_always)
{
	EXPECT_EQ(0, portUnregister("/"));
	EXPECT_EQ(0, portRegister(self->port, "/", NULL));
	EXPECT_EQ(-EEXIST, portRegister(self->port, "/", NULL));
	EXPECT_EQ(0, portUnregister("/"));
	EXPECT_EQ(0, portUnregister("/"));
}

TEST_F(phoenix, destroyed_port_can_be_registered_and_is_found)
{
	oid_t oid = { }, found;

	portDestroy(self->port);
	EXPECT_EQ(0, portRegister(self->port, "/dead", &oid));
	EXPECT_EQ(0, lookup("/dead", &found, NULL));
	EXPECT_EQ(self->port, found.port);
	EXPECT_EQ(0, portUnregister("/dead"));
}

TEST_F(phoenix, msgSend_results)
{
	struct server s = { .port = self->port, .err = -ENOSPC };
	msg_t msg = { .type = 0x1234 };

	server_start(&s);
	EXPECT_EQ(0, msgSend(self->port, &msg));
	EXPECT_EQ(-ENOSPC, msg.o.err);
	EXPECT_EQ(0, server_end(&s));
	EXPECT_EQ(-EFAULT, msgSend(self->port, NULL));
	EXPECT_EQ(-EFAULT, msgSend(self->port, (msg_t *)self->none));
	EXPECT_EQ(-EINVAL, msgSend(0, &msg));
	EXPECT_EQ(-EINVAL, msgSend(0x80000000, &msg));
	EXPECT_EQ(-EINVAL, msgSend(0xffffffff, &msg));
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, msgSend(self->port, &msg));
}

TEST_F(phoenix, msgSend_with_bad_buffers_is_an_error_of_the_sender_alone)
{
	static const int types[] = { mtWrite, mtDevCtl };
	struct phx_msg none;
	size_t i;
	int rid;

	for (i = 0; i < 2; i++) {
		msg_t msg = { .type = types[i] };

		msg.i.data = self->none;
		msg.i.size = 10;
		EXPECT_EQ(-EFAULT, msgSend(self->port, &msg));
		msg.i.data = NULL;
		EXPECT_EQ(-EINVAL, msgSend(self->port, &msg));
		msg.i.size = 0;
		msg.o.data = self->none;
		msg.o.size = 10;
		EXPECT_EQ(-EFAULT, msgSend(self->port, &msg));
		msg.o.data = self->ro;
		EXPECT_EQ(-EFAULT, msgSend(self->port, &msg));
		msg.o.data = NULL;
		EXPECT_EQ(-EINVAL, msgSend(self->port, &msg));
	}
	/* The port has another file's queue, which nobody saw a message in. */
	EXPECT_EQ(-EPERM, msg_recv_now(dev_open(0), self->port, &none, &rid));
}

TEST_F(phoenix, msgRecv_results)
{
	msg_rid_t rid;
	msg_t msg;

	EXPECT_EQ(-EFAULT, msgRecv(self->port, NULL, &rid));
	EXPECT_EQ(-EFAULT, msgRecv(self->port, &msg, NULL));
	EXPECT_EQ(-EFAULT, msgRecv(self->port, (msg_t *)self->ro, &rid));
	EXPECT_EQ(-EFAULT, msgRecv(self->port, &msg, (msg_rid_t *)self->none));
	EXPECT_EQ(-EINVAL, msgRecv(0, &msg, &rid));
	EXPECT_EQ(-EINVAL, msgRecv(0xffffffff, &msg, &rid));
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, msgRecv(self->port, &msg, &rid));
}

static void *recv_thread(void *arg)
{
	struct call *c = arg;
	msg_rid_t rid;
	msg_t msg;

	call_mine = c;
	c->tid = (pid_t)syscall(SYS_gettid);
	c->err = msgRecv(c->param, &msg, &rid);
	c->done = 1;
	return NULL;
}

TEST_F(phoenix, msgRecv_ends_with_a_handler_or_the_port)
{
	struct call *c = call_new();

	call_catch(SIGUSR1, SA_RESTART);
	c->param = self->port;
	ASSERT_EQ(0, pthread_create(&c->thread, NULL, recv_thread, c));
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_EQ(-EINTR, call_end(c));
	c->done = 0;
	c->tid = 0;
	ASSERT_EQ(0, pthread_create(&c->thread, NULL, recv_thread, c));
	ASSERT_TRUE(call_waits(c));
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, call_end_free(c));
}

static void *send_thread(void *arg)
{
	struct call *c = arg;
	msg_t msg = { .type = c->send.msg.type };

	call_mine = c;
	c->tid = (pid_t)syscall(SYS_gettid);
	c->err = msgSend(c->param, &msg);
	c->send.msg.o.err = msg.o.err;
	c->done = 1;
	return NULL;
}

static struct call *start_send(uint32_t port, int type)
{
	struct call *c = call_new();

	c->param = port;
	c->send.msg.type = type;
	if (pthread_create(&c->thread, NULL, send_thread, c))
		abort();
	return c;
}

TEST_F(phoenix, msgRespond_results)
{
	struct call *c = start_send(self->port, mtRead);
	msg_rid_t rid;
	uint32_t other;
	msg_t msg;

	ASSERT_EQ(0, portCreate(&other));
	ASSERT_EQ(0, msgRecv(self->port, &msg, &rid));
	EXPECT_LE(0, rid);
	EXPECT_EQ(-EFAULT, msgRespond(self->port, NULL, rid));
	EXPECT_EQ(-EFAULT, msgRespond(self->port, (msg_t *)self->none, rid));
	msg.o.data = self->none;
	msg.o.size = 1;
	EXPECT_EQ(-EFAULT, msgRespond(self->port, &msg, rid));
	msg.o.data = NULL;
	msg.o.size = 0;
	EXPECT_EQ(-EINVAL, msgRespond(0x7fffffff, &msg, rid));
	EXPECT_EQ(-ENOENT, msgRespond(self->port, &msg, rid + 1));
	EXPECT_EQ(-ENOENT, msgRespond(self->port, &msg, -1));
	EXPECT_EQ(-ENOENT, msgRespond(other, &msg, rid));
	/* Of a port that is closed it can still be answered. */
	portDestroy(self->port);
	msg.o.err = 6;
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(6, c->send.msg.o.err);
	EXPECT_EQ(-ENOENT, msgRespond(other, &msg, rid));
	call_free(c);
	portDestroy(other);
}

TEST_F(phoenix, msgRespond_to_a_sender_who_is_gone_is_0)
{
	struct call *c = call_process(call_send(self->port));
	msg_rid_t rid;
	msg_t msg;

	ASSERT_EQ(0, msgRecv(self->port, &msg, &rid));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	EXPECT_EQ(-ENOENT, msgRespond(self->port, &msg, rid));
	call_free(c);
}

TEST_F(phoenix, queued_sender_is_interrupted_or_rejected)
{
	struct call *c = start_send(self->port, mtRead);

	call_catch(SIGUSR1, 0);
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_EQ(-EINTR, call_end_free(c));
	c = start_send(self->port, mtRead);
	ASSERT_TRUE(call_waits(c));
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, call_end_free(c));
}

TEST_F(phoenix, ports_stay_with_the_parent_after_fork)
{
	msg_rid_t rid;
	uint32_t mine;
	msg_t msg;
	pid_t pid = fork();

	if (!pid) {
		if (portCreate(&mine) || mine == self->port ||
		    msgRecv(self->port, &msg, &rid) != -EPERM)
			_exit(1);
		portDestroy(self->port);
		_exit(0);
	}
	EXPECT_EQ(0, wait_child(pid));
	pid = fork();
	if (!pid) {
		memset(&msg, 0, sizeof(msg));
		_exit(msgSend(self->port, &msg) || msg.o.err != 12);
	}
	ASSERT_EQ(0, msgRecv(self->port, &msg, &rid));
	EXPECT_EQ(pid, msg.pid);
	EXPECT_GE(7, msg.priority);
	msg.o.err = 12;
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_HARNESS_MAIN
