// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports: their numbers, who may destroy them, what that does to those who wait,
 * and how they end with their owner.
 */
#include "phx_call.h"
#include "phx_limits.h"

#include <glob.h>

#define MANY 5

FIXTURE(port)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(port)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(port)
{
	close(self->cli);
	close(self->srv);
}

TEST_F(port, numbers_are_positive_and_not_used_again_soon)
{
	__u32 first = self->port, last = first, port;
	int i;

	EXPECT_LE(1, first);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, port_create(self->srv, &port));
		EXPECT_LT(last, port);
		EXPECT_GE(0x7fffffff, port);
		EXPECT_EQ(0, port_destroy(self->srv, port));
		last = port;
	}
}

TEST_F(port, file_may_have_thousands_and_they_go_with_it)
{
	__u32 port[3000];
	struct phx_msg msg = { };
	int i, fd = dev_open(0);

	for (i = 0; i < 3000; i++)
		ASSERT_EQ(0, port_create(fd, &port[i]));
	EXPECT_EQ(0, close(fd));
	for (i = 0; i < 3000; i += 100)
		EXPECT_ERR(EINVAL, msg_send(self->cli, port[i], &msg));
}

TEST_F(port, unknown_numbers_are_einval_everywhere)
{
	const __u32 bad[] = { 0, 0x7fffffff, 0x80000000, 0xffffffff, self->port + 1 };
	struct phx_msg msg = { };
	size_t i;
	int rid;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_ERR(EINVAL, port_destroy(self->srv, bad[i]));
		EXPECT_ERR(EINVAL, msg_send(self->srv, bad[i], &msg));
		EXPECT_ERR(EINVAL, msg_recv(self->srv, bad[i], &msg, &rid));
		EXPECT_ERR(EINVAL, msg_respond(self->srv, bad[i], &msg, 0));
	}
}

TEST_F(port, destroyed_port_is_unknown_at_once)
{
	struct phx_msg msg = { };
	int rid;

	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, msg_send(self->cli, self->port, &msg));
	EXPECT_ERR(EINVAL, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_ERR(EINVAL, msg_respond(self->srv, self->port, &msg, 0));
}

TEST_F(port, foreigner_who_destroys_gets_eperm_and_harms_nobody)
{
	struct call *r = call_thread(call_recv(self->port), self->srv);
	struct phx_msg msg = { };
	pid_t pid;
	int fd;

	ASSERT_TRUE(call_waits(r));
	EXPECT_ERR(EPERM, port_destroy(self->cli, self->port));
	pid = fork_child();
	if (!pid) {
		fd = dev_open(0);
		_exit(port_destroy(fd, self->port) != -EPERM);
	}
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_TRUE(call_waits(r));
	call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(0, call_end(r));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, r->recv.rid));
	call_free(r);
}

TEST_F(port, destroy_wakes_all_receivers_with_einval)
{
	struct call *r[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		r[i] = call_thread(call_recv(self->port), self->srv);
		ASSERT_TRUE(call_waits(r[i]));
	}
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	for (i = 0; i < MANY; i++)
		EXPECT_ERR(EINVAL, call_end_free(r[i]));
}

/* More than the module releases at one go. */
#define CROWD 70

TEST_F(port, destroy_wakes_all_queued_senders_with_einval)
{
	struct call *s[CROWD];
	int i;

	for (i = 0; i < CROWD; i++) {
		s[i] = call_send(self->port);
		if (i % 10)
			call_thread(s[i], self->cli);
		else
			call_process(s[i]);
		ASSERT_TRUE(call_waits(s[i]));
	}
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	for (i = 0; i < CROWD; i++)
		EXPECT_ERR(EINVAL, call_end_free(s[i]));
	EXPECT_FALSE(message_waits(self->srv));
}

TEST_F(port, messages_taken_before_destroy_can_still_be_answered)
{
	struct call *s[3];
	struct phx_msg msg[3];
	int i, rid[3];
	__u32 other;

	for (i = 0; i < 3; i++) {
		s[i] = call_send(self->port);
		if (i & 1)
			call_thread(s[i], self->cli);
		else
			call_process(s[i]);
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg[i], &rid[i]));
	}
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	ASSERT_EQ(0, port_create(self->srv, &other));
	for (i = 2; i >= 0; i--) {
		EXPECT_TRUE(call_waits(s[i]));
		EXPECT_ERR(ENOENT, msg_respond(self->srv, other, &msg[i], rid[i]));
		msg[i].o.err = i;
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg[i], rid[i]));
		EXPECT_EQ(0, call_end(s[i]));
		EXPECT_EQ(i, s[i]->send.msg.o.err);
		call_free(s[i]);
	}
	/* Now nobody knows the number any more. */
	EXPECT_ERR(EINVAL, msg_respond(self->srv, self->port, &msg[0], rid[0]));
}

TEST_F(port, destroy_by_one_thread_while_others_come_and_go)
{
	struct call *s[4];
	__u32 port;
	int i, j, err;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, port_create(self->srv, &port));
		for (j = 0; j < 4; j++)
			s[j] = call_thread(j & 1 ? call_send(port) : call_recv(port),
					   j & 1 ? self->cli : self->srv);
		if (i & 1)
			call_waits(s[i & 2]);
		EXPECT_EQ(0, port_destroy(self->srv, port));
		/* A message that was taken in time waits for its response. */
		for (j = 0; j < 4; j += 2) {
			err = call_end(s[j]);
			EXPECT_TRUE(err == 0 || err == -EINVAL);
			if (!err)
				EXPECT_EQ(0, msg_respond(self->srv, port, &s[j]->recv.msg,
							 s[j]->recv.rid));
			call_free(s[j]);
		}
		for (j = 1; j < 4; j += 2) {
			err = call_end_free(s[j]);
			EXPECT_TRUE(err == 0 || err == -EINVAL);
		}
	}
}

TEST_F(port, close_is_einval_for_queued_and_epipe_for_taken)
{
	struct call *taken = call_process(call_send(self->port)), *queued;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	queued = call_process(call_send(self->port));
	ASSERT_TRUE(call_waits(queued));
	close(self->srv);
	EXPECT_ERR(EPIPE, call_end_free(taken));
	EXPECT_ERR(EINVAL, call_end_free(queued));
	EXPECT_ERR(EINVAL, msg_send(self->cli, self->port, &msg));
}

TEST_F(port, port_of_another_network_namespace_is_not_there)
{
	struct phx_msg msg = { };
	pid_t pid;
	int fd;

	pid = fork_child();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(errno == EPERM ? 4 : 1);
		fd = dev_open(0);
		if (fd < 0 || msg_send(fd, self->port, &msg) != -EINVAL ||
		    port_destroy(fd, self->port) != -EINVAL)
			_exit(2);
		_exit(0);
	}
	fd = wait_child(pid);
	if (fd == 4)
		SKIP(return, "a network namespace needs root");
	EXPECT_EQ(0, fd);
}

TEST_F(port, file_keeps_the_network_namespace_it_was_opened_in)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	if (unshare(CLONE_NEWNET))
		SKIP(return, "a network namespace needs root");
	/* Another client in the new one has the same numbers for other ports. */
	EXPECT_EQ(0, port_create(self->srv, &self->port));
	c->send.port = self->port;
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

FIXTURE(limit)
{
	int fd;
	struct limits_kept kept;
};

FIXTURE_SETUP(limit)
{
	OPEN_OR_SKIP(self->fd);
	if (!limits_keep(&self->kept))
		SKIP(return, "the limits can be changed only by root");
}

FIXTURE_TEARDOWN_PARENT(limit)
{
	if (self->kept.mode)
		EXPECT_EQ(0, limits_put_back(&self->kept));
	close(self->fd);
}

TEST_F(limit, ports_of_a_user_are_limited_over_all_files)
{
	int other = dev_open(0), i;
	__u32 port[4];

	ASSERT_EQ(0, param_write("max_ports", 3));
	ASSERT_EQ(0, cap_drop(CAP_SYS_RESOURCE));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, port_create(i & 1 ? other : self->fd, &port[i]));
	EXPECT_ERR(EDQUOT, port_create(self->fd, &port[3]));
	EXPECT_ERR(EDQUOT, port_create(other, &port[3]));
	EXPECT_EQ(0, port_destroy(self->fd, port[0]));
	EXPECT_EQ(0, port_create(other, &port[3]));
	EXPECT_ERR(EDQUOT, port_create(other, &port[0]));
	close(other);
	EXPECT_EQ(0, port_create(self->fd, &port[0]));
}

#define HUNDRED_THOUSAND 100000

/* What a CPU has at hand, and what KASAN keeps to look at, counts as allocated. */
static void shrink_caches(void)
{
	glob_t caches;
	size_t i;
	int fd;

	if (glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &caches))
		return;
	for (i = 0; i < caches.gl_pathc; i++) {
		fd = open(caches.gl_pathv[i], O_WRONLY);
		if (write(fd, "1", 1) != 1)
			perror(caches.gl_pathv[i]);
		close(fd);
	}
	globfree(&caches);
}

/* Objects of the allocator's that are of any size; -1 if that is not to be known. */
static long long allocated(void)
{
	long long sum = -1, active;
	char line[512];
	FILE *f;

	shrink_caches();
	f = fopen("/proc/slabinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "kmalloc-%*s %lld", &active) == 1)
			sum = (sum < 0 ? 0 : sum) + active;
	if (f)
		fclose(f);
	return sum;
}

static bool allocated_comes_to(long long most)
{
	int i;

	/* What waits for the end of RCU's grace period is given back a little later. */
	for (i = 0; i < 100; i++) {
		if (allocated() <= most)
			return true;
		usleep(100000);
	}
	return false;
}

struct many {
	int fd;
	__u32 port[HUNDRED_THOUSAND];
};

/* Answers a message at each hundredth port, in their order. */
static void *answer_some(void *arg)
{
	struct many *many = arg;
	struct phx_msg msg;
	int i, rid;

	for (i = 0; i < HUNDRED_THOUSAND; i += 100) {
		if (msg_recv(many->fd, many->port[i], &msg, &rid))
			break;
		msg.o.err = msg.type;
		msg_respond(many->fd, many->port[i], &msg, rid);
	}
	return NULL;
}

static void use_many(struct __test_metadata *_metadata, struct many *many)
{
	struct phx_msg msg;
	pthread_t thread;
	int i, rid;

	for (i = 0; i < HUNDRED_THOUSAND; i++)
		ASSERT_ERR(EAGAIN, msg_recv_now(many->fd, many->port[i], &msg, &rid));
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_some, many));
	for (i = 0; i < HUNDRED_THOUSAND; i += 100) {
		msg = (struct phx_msg) { .type = i };
		ASSERT_EQ(0, msg_send(many->fd, many->port[i], &msg));
		ASSERT_EQ(i, msg.o.err);
	}
	pthread_join(thread, NULL);
}

/* The limit is met by exactly so many, half of which go one by one, half with the file. */
TEST_F_TIMEOUT(limit, hundred_thousand_ports_work_and_leave_nothing, 120)
{
	long long before = allocated(), live = stat_read("ports_live");
	static struct many many;
	struct phx_msg msg = { };
	__u32 more;
	int i;

	many.fd = dev_open(0);
	ASSERT_EQ(0, param_write("max_ports", HUNDRED_THOUSAND));
	ASSERT_EQ(0, cap_drop(CAP_SYS_RESOURCE));
	for (i = 0; i < HUNDRED_THOUSAND; i++)
		ASSERT_EQ(0, port_create(many.fd, &many.port[i]));
	EXPECT_ERR(EDQUOT, port_create(many.fd, &more));
	EXPECT_LE(before + HUNDRED_THOUSAND * 9 / 10, allocated());
	EXPECT_EQ(live + HUNDRED_THOUSAND, stat_read("ports_live"));
	use_many(_metadata, &many);
	for (i = 0; i < HUNDRED_THOUSAND; i += 2)
		ASSERT_EQ(0, port_destroy(many.fd, many.port[i]));
	EXPECT_EQ(0, close(many.fd));
	for (i = 0; i < HUNDRED_THOUSAND; i += 999)
		EXPECT_ERR(EINVAL, msg_send(self->fd, many.port[i], &msg));
	EXPECT_TRUE(stat_becomes("ports_live", live));
	EXPECT_TRUE(allocated_comes_to(before + HUNDRED_THOUSAND / 20));
}

TEST_F(limit, sys_resource_goes_beyond_it)
{
	__u32 port;

	ASSERT_EQ(0, param_write("max_ports", 0));
	EXPECT_EQ(0, port_create(self->fd, &port));
	ASSERT_EQ(0, cap_drop(CAP_SYS_RESOURCE));
	EXPECT_ERR(EDQUOT, port_create(self->fd, &port));
}

TEST_F(limit, one_user_does_not_use_up_anothers)
{
	struct call *s;
	__u32 port;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, port_create(self->fd, &port));
	ASSERT_EQ(0, param_write("max_ports", 1));
	s = call_thread(call_recv(port), self->fd);
	ASSERT_TRUE(call_waits(s));
	ASSERT_EQ(0, limits_let_all_in());
	pid = fork_child();
	if (!pid) {
		if (setuid(1000))
			_exit(3);
		fd = dev_open(0);
		_exit(port_create(fd, &port) || port_create(fd, &port) != -EDQUOT);
	}
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(limit, messages_of_a_user_are_limited_until_they_are_answered)
{
	struct phx_msg msg = { }, held;
	struct call *s[2];
	__u32 port;
	int rid;

	ASSERT_EQ(0, port_create(self->fd, &port));
	ASSERT_EQ(0, param_write("max_messages", 2));
	ASSERT_EQ(0, cap_drop(CAP_SYS_RESOURCE));
	s[0] = call_thread(call_send(port), self->fd);
	ASSERT_TRUE(call_waits(s[0]));
	s[1] = call_thread(call_send(port), self->fd);
	ASSERT_TRUE(call_waits(s[1]));
	EXPECT_ERR(EDQUOT, msg_send(self->fd, port, &msg));
	ASSERT_EQ(0, msg_recv(self->fd, port, &held, &rid));
	EXPECT_ERR(EDQUOT, msg_send(self->fd, port, &msg));
	EXPECT_EQ(0, msg_respond(self->fd, port, &held, rid));
	EXPECT_EQ(0, call_end_free(s[0]));
	s[0] = call_thread(call_send(port), self->fd);
	EXPECT_TRUE(call_waits(s[0]));
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_ERR(EINVAL, call_end_free(s[0]));
	EXPECT_ERR(EINVAL, call_end_free(s[1]));
}

TEST_HARNESS_MAIN
