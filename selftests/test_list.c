// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of a large buffer's pages is memory of the kernel: a page for each 512, which
 * a user has among those that it may have.
 */
#include "phx_limits.h"

#include <sys/resource.h>

#define NOBODY 65534
#define PAGES 600
#define LIST 2
#define LARGE (PAGES * PAGE)
#define WINDOW (1024 * PAGE)

FIXTURE(list) {
	struct server srv;
	struct limits_kept kept;
};

FIXTURE_SETUP(list)
{
	LIMITED_SERVER_OR_SKIP(&self->srv, &self->kept, WINDOW);
}

FIXTURE_TEARDOWN_PARENT(list)
{
	EXPECT_EQ(0, limits_put_back(&self->kept));
}

/* @memlock: bytes that it may pin; the others are copied. */
struct large {
	__u32 port, next;
	rlim_t memlock;
	int result;
	atomic_int step;
};

static void become_nobody_with(rlim_t memlock)
{
	struct rlimit limit = { memlock, memlock };

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(become(NOBODY) == 0);
}

static void step(struct large *large, int now)
{
	atomic_store(&large->step, now);
}

static int large_main(void *arg)
{
	struct large *large = arg;
	char *in = memory(LARGE);

	become_nobody_with(large->memlock);
	fill(in, LARGE, SEED_IN);
	CHECK(send_buffers(large->port, in, LARGE, NULL, 0) == large->result);
	return 0;
}

/* Refused with one page less than it takes; twice, so that all of it was given back. */
static void send_large(struct __test_metadata *_metadata, struct server *srv, rlim_t memlock)
{
	struct large *large = shared_memory(sizeof(*large));
	struct phx_ioc_recv got;
	pid_t pid;
	int i;

	for (i = 0; i < 2; i++) {
		*large = (struct large) {
			.port = srv->port, .memlock = memlock, .result = -EDQUOT,
		};
		ASSERT_EQ(0, param_write("max_pages", PAGES + LIST - 1));
		EXPECT_EQ(0, child_end(child_run(srv->fd, large_main, large)));
		ASSERT_EQ(0, param_write("max_pages", PAGES + LIST));
		large->result = 0;
		pid = child_run(srv->fd, large_main, large);
		ASSERT_EQ(0, server_recv(srv, &got));
		EXPECT_TRUE(holds(in_of(&got.msg), LARGE, SEED_IN));
		ASSERT_EQ(0, server_respond(srv, &got));
		EXPECT_EQ(0, child_end(pid));
	}
}

TEST_F_TIMEOUT(list, of_what_is_pinned, 120)
{
	send_large(_metadata, &self->srv, RLIM_INFINITY);
}

TEST_F_TIMEOUT(list, of_what_is_copied, 120)
{
	send_large(_metadata, &self->srv, 0);
}

/* Sends on what it received, as the same user: its pages are charged, its list is not yet. */
static int between_main(void *arg)
{
	struct large *large = arg;
	struct phx_msg msg = { 0 };
	struct phx_ioc_recv got;
	struct server srv;

	become_nobody_with(RLIM_INFINITY);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	large->port = srv.port;
	step(large, 1);
	CHECK(server_recv(&srv, &got) == 0);
	set_input(&msg, in_of(&got.msg), LARGE);
	CHECK(msg_send(srv.fd, large->next, &msg) == -EDQUOT);
	step(large, 2);
	CHECK(wait_for(&large->step, 3));
	CHECK(msg_send(srv.fd, large->next, &msg) == 0);
	CHECK(server_respond(&srv, &got) == 0);
	return 0;
}

TEST_F_TIMEOUT(list, of_what_is_sent_on, 120)
{
	struct large *large = shared_memory(sizeof(*large));
	struct phx_ioc_recv got;
	pid_t between, sender;

	*large = (struct large) { .next = self->srv.port, .memlock = RLIM_INFINITY };
	ASSERT_EQ(0, param_write("max_pages", PAGES + 2 * LIST - 1));
	between = child_run(self->srv.fd, between_main, large);
	ASSERT_TRUE(wait_for(&large->step, 1));
	sender = child_run(self->srv.fd, large_main, large);
	ASSERT_TRUE(wait_for(&large->step, 2));
	ASSERT_EQ(0, param_write("max_pages", PAGES + 2 * LIST));
	step(large, 3);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_TRUE(holds(in_of(&got.msg), LARGE, SEED_IN));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, child_end(between));
	EXPECT_EQ(0, child_end(sender));
}

static int registers_main(void *arg)
{
	struct large *large = arg;
	char *at = memory(LARGE);
	int fd, i, id;

	become_nobody_with(RLIM_INFINITY);
	fd = dev_open(0);
	for (i = 0; i < 3; i++) {
		id = buffer_register(fd, large->port, PHX_BUFFER_IN, at, LARGE);
		CHECK(large->result ? id == large->result : id >= 0);
		CHECK(large->result || !buffer_unregister(fd, id));
	}
	return 0;
}

TEST_F_TIMEOUT(list, of_what_is_registered, 120)
{
	struct large large = { .result = -EDQUOT };

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &large.port));
	ASSERT_EQ(0, param_write("max_pages", PAGES + LIST - 1));
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, registers_main, &large)));
	ASSERT_EQ(0, param_write("max_pages", PAGES + LIST));
	large.result = 0;
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, registers_main, &large)));
}

/* What a sender that was killed leaves is the server's to pay for, lists as well. */
static int left_main(void *arg)
{
	struct large *large = arg;
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(become(NOBODY - 1) == 0);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	large->port = srv.port;
	step(large, 1);
	CHECK(server_recv(&srv, &got) == 0);
	step(large, 2);
	CHECK(wait_for(&large->step, 3));
	CHECK(server_respond(&srv, &got) == -ESRCH);
	return 0;
}

/* The user, and what is charged to it, is forgotten with its last file. */
static int again_main(void *arg)
{
	struct large *again = arg;
	int fd;

	become_nobody_with(RLIM_INFINITY);
	fd = dev_open(0);
	step(again, 1);
	CHECK(wait_for(&again->step, 2));
	CHECK(buffer_register(fd, again->port, PHX_BUFFER_IN, memory(LARGE), LARGE) >= 0);
	return 0;
}

TEST_F_TIMEOUT(list, of_what_is_left_to_a_server, 120)
{
	struct large *large = shared_memory(2 * sizeof(*large)), *again = &large[1];
	pid_t server, sender, other;

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &again->port));
	large->memlock = RLIM_INFINITY;
	ASSERT_EQ(0, param_write("max_pages", 2 * (PAGES + LIST)));
	other = child_run(self->srv.fd, again_main, again);
	ASSERT_TRUE(wait_for(&again->step, 1));
	server = child_run(self->srv.fd, left_main, large);
	ASSERT_TRUE(wait_for(&large->step, 1));
	sender = child_run(self->srv.fd, large_main, large);
	ASSERT_TRUE(wait_for(&large->step, 2));
	kill(sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(sender));
	/* All of it is the server's, so that the sender's user can have as much again. */
	ASSERT_EQ(0, param_write("max_pages", PAGES + LIST));
	step(again, 2);
	EXPECT_EQ(0, child_end(other));
	step(large, 3);
	EXPECT_EQ(0, child_end(server));
}

TEST_HARNESS_MAIN
