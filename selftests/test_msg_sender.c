// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a message tells of its sender: process and priority.
 */
#include "phx_call.h"

#include <sys/resource.h>

FIXTURE(sender)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(sender)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(sender)
{
	close(self->cli);
	close(self->srv);
}

/* Receives a message that @c sends, responds. */
static int exchange(int srv, __u32 port, struct phx_msg *msg)
{
	int rid, err = msg_recv(srv, port, msg, &rid);

	return err ?: msg_respond(srv, port, msg, rid);
}

TEST_F(sender, pid_is_the_senders_process_whatever_it_claims)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;

	c->send.msg.pid = 1;
	c->send.msg.priority = 99;
	call_process(c);
	ASSERT_EQ(0, exchange(self->srv, self->port, &msg));
	EXPECT_EQ(c->pid, msg.pid);
	EXPECT_GE(7, msg.priority);
	EXPECT_EQ(0, call_end(c));
	/* And its own structure is left alone. */
	EXPECT_EQ(1, c->send.msg.pid);
	EXPECT_EQ(99, c->send.msg.priority);
	call_free(c);
}

TEST_F(sender, pid_of_a_thread_is_its_process)
{
	struct call *c = call_thread(call_send(self->port), self->cli);
	struct phx_msg msg;

	ASSERT_EQ(0, exchange(self->srv, self->port, &msg));
	EXPECT_EQ(getpid(), msg.pid);
	EXPECT_EQ(0, call_end_free(c));
}

/* Sends from a new pid namespace; its exit code tells how that went. */
static pid_t fork_in_new_namespace(__u32 port, int report)
{
	struct phx_msg msg = { };
	pid_t pid = fork_child(), inner;
	int fd;

	if (pid)
		return pid;
	if (unshare(CLONE_NEWPID))
		_exit(4);
	inner = fork();
	if (!inner) {
		fd = dev_open(0);
		_exit(getpid() != 1 || msg_send(fd, port, &msg));
	}
	_exit(write(report, &inner, sizeof(inner)) != sizeof(inner) || wait_child(inner));
}

TEST_F(sender, pid_is_seen_from_the_receivers_namespace)
{
	int report[2], status;
	struct phx_msg msg;
	pid_t outer, inner;

	if (geteuid())
		SKIP(return, "a pid namespace needs root");
	ASSERT_EQ(0, pipe(report));
	/* fork_child() closes what is above 2, so the pipe takes stdin's place. */
	ASSERT_EQ(0, dup2(report[1], 0));
	outer = fork_in_new_namespace(self->port, 0);
	ASSERT_EQ(0, exchange(self->srv, self->port, &msg));
	ASSERT_EQ(sizeof(inner), read(report[0], &inner, sizeof(inner)));
	EXPECT_EQ(inner, msg.pid);
	status = wait_child(outer);
	EXPECT_EQ(0, status);
}

static void serve_inside(int report)
{
	struct phx_msg msg;
	__u32 port;
	int fd = dev_open(0);

	if (fd < 0 || port_create(fd, &port) || write(report, &port, 4) != 4)
		_exit(1);
	_exit(exchange(fd, port, &msg) || msg.pid != 0);
}

TEST_F(sender, pid_is_0_for_a_receiver_who_cannot_see_the_sender)
{
	struct phx_msg msg = { };
	int report[2];
	__u32 port;
	pid_t pid;

	if (geteuid())
		SKIP(return, "a pid namespace needs root");
	ASSERT_EQ(0, pipe(report));
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(4);
		pid = fork();
		if (!pid)
			serve_inside(report[1]);
		_exit(wait_child(pid));
	}
	ASSERT_EQ(4, read(report[0], &port, 4));
	EXPECT_EQ(0, msg_send(self->cli, port, &msg));
	EXPECT_EQ(0, wait_child(pid));
}

FIXTURE(priority)
{
	int srv;
	__u32 port;
};

FIXTURE_VARIANT(priority)
{
	int policy;
	int value;	/* nice, or real-time priority */
	__u32 expected;
};

#define PRIORITY(_name, _policy, _value, _expected)				\
	FIXTURE_VARIANT_ADD(priority, _name)					\
	{									\
		.policy = _policy, .value = _value, .expected = _expected,	\
	}

PRIORITY(ordinary, SCHED_OTHER, 0, 4);
PRIORITY(nice_1, SCHED_OTHER, 1, 5);
PRIORITY(nice_9, SCHED_OTHER, 9, 5);
PRIORITY(nice_10, SCHED_OTHER, 10, 6);
PRIORITY(nice_18, SCHED_OTHER, 18, 6);
PRIORITY(nice_19, SCHED_OTHER, 19, 7);
PRIORITY(nice_minus_1, SCHED_OTHER, -1, 3);
PRIORITY(nice_minus_20, SCHED_OTHER, -20, 3);
PRIORITY(batch, SCHED_BATCH, 0, 4);
PRIORITY(idle, SCHED_IDLE, 0, 7);
PRIORITY(fifo_1, SCHED_FIFO, 1, 2);
PRIORITY(fifo_33, SCHED_FIFO, 33, 2);
PRIORITY(fifo_34, SCHED_FIFO, 34, 1);
PRIORITY(round_robin_66, SCHED_RR, 66, 1);
PRIORITY(fifo_67, SCHED_FIFO, 67, 0);
PRIORITY(fifo_99, SCHED_FIFO, 99, 0);

FIXTURE_SETUP(priority)
{
	OPEN_OR_SKIP(self->srv);
	if (geteuid())
		SKIP(return, "other priorities need root");
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(priority)
{
	close(self->srv);
}

static void be_nice(struct call *c)
{
	if (setpriority(PRIO_PROCESS, 0, c->param))
		_exit(103);
}

static void be_scheduled(struct call *c)
{
	struct sched_param sp = { };
	int policy = c->param & 0xff;

	if (policy == SCHED_FIFO || policy == SCHED_RR)
		sp.sched_priority = c->param >> 8;
	if (sched_setscheduler(0, policy, &sp))
		_exit(104);
}

TEST_F(priority, is_mapped_to_phoenix_0_to_7)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;

	c->before = variant->policy == SCHED_OTHER ? be_nice : be_scheduled;
	c->param = variant->policy == SCHED_OTHER ? variant->value :
		   variant->policy | variant->value << 8;
	c->send.msg.priority = 3;
	call_process(c);
	ASSERT_EQ(0, exchange(self->srv, self->port, &msg));
	EXPECT_EQ(variant->expected, msg.priority);
	EXPECT_EQ(0, call_end_free(c));
}

TEST_HARNESS_MAIN
