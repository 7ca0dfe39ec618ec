// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of messages: a file keeps that of one, and gives it back when it is
 * closed. Counted by the kernel's own allocator.
 */
#include "phx_call.h"

#define SLAB "/sys/kernel/slab/phx_message"

/* So many of others, or still on their way through RCU, do no harm. */
#define FEW 16

FIXTURE(slab)
{
	int srv;
	__u32 port;
	pthread_t server;
	long long before;
};

/* Messages that are allocated; -1 if that is not to be known. */
static long long allocated(void)
{
	int fd = open(SLAB "/shrink", O_WRONLY);
	char name[64];
	long long n = -1, active;
	FILE *f;

	/* What a CPU has at hand counts as allocated, so it must not have any. */
	if (fd < 0 || write(fd, "1", 1) != 1)
		return -1;
	close(fd);
	f = fopen("/proc/slabinfo", "r");
	while (f && n < 0 && fscanf(f, "%63s", name) == 1) {
		if (!strcmp(name, "phx_message") && fscanf(f, "%lld", &active) == 1)
			n = active;
		while (fgetc(f) != '\n' && !feof(f))
			;
	}
	if (f)
		fclose(f);
	return n;
}

/*
 * Waits until there are @want more than before. Where the kernel looks for wrong
 * accesses by KFENCE, some of them are not in the cache.
 */
static bool more_are(long long before, int want)
{
	long long n = 0, min = want / 2, max = want + FEW;
	int i;

	for (i = 0; i < 1000; i++) {
		n = allocated() - before;
		if (n >= min && n <= max)
			return true;
		usleep(10000);
	}
	printf("# %lld messages more than before, not %lld to %lld\n", n, min, max);
	return false;
}

static void *serve(void *arg)
{
	FIXTURE_DATA(slab) *self = arg;
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE };

	while (!msg_respond_recv(self->srv, self->port, &got))
		;
	return NULL;
}

FIXTURE_SETUP(slab)
{
	OPEN_OR_SKIP(self->srv);
	self->before = allocated();
	if (self->before < 0)
		SKIP(return, "the allocator does not tell of messages: not root, no /proc/slabinfo, or merged caches");
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(slab)
{
	close(self->srv);
}

#define MANY 300

TEST_F_TIMEOUT(slab, a_file_keeps_one_until_it_is_closed, 60)
{
	struct phx_msg msg = { };
	int fd[MANY], i, round;

	ASSERT_EQ(0, pthread_create(&self->server, NULL, serve, self));
	for (i = 0; i < MANY; i++) {
		fd[i] = dev_open(0);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_TRUE(more_are(self->before, 0));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MANY; i++)
			ASSERT_EQ(0, msg_send(fd[i], self->port, &msg));
		EXPECT_TRUE(more_are(self->before, MANY));
	}
	/* Those that are bad too. */
	for (i = 0; i < MANY; i++)
		ASSERT_ERR(EINVAL, msg_send(fd[i], 0, &msg));
	EXPECT_TRUE(more_are(self->before, MANY));
	for (i = 0; i < MANY / 2; i++)
		close(fd[i]);
	EXPECT_TRUE(more_are(self->before, MANY - MANY / 2));
	for (; i < MANY; i++)
		close(fd[i]);
	EXPECT_TRUE(more_are(self->before, 0));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	pthread_join(self->server, NULL);
}

#define CROWD 100

/* Many at once by one file: only one is kept. */
TEST_F_TIMEOUT(slab, a_file_keeps_no_more_than_one, 60)
{
	struct call *c[CROWD];
	struct phx_msg msg[CROWD];
	int fd = dev_open(0), rid[CROWD], i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < CROWD; i++) {
			c[i] = call_thread(call_send(self->port), fd);
			ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg[i], &rid[i]));
		}
		EXPECT_TRUE(more_are(self->before, CROWD));
		for (i = 0; i < CROWD; i++)
			EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg[i], rid[i]));
		for (i = 0; i < CROWD; i++)
			EXPECT_EQ(0, call_end_free(c[i]));
		EXPECT_TRUE(more_are(self->before, 0));
	}
	close(fd);
}

/* Messages whose senders are gone go with the response, or with the server. */
TEST_F_TIMEOUT(slab, orphans_are_given_back, 120)
{
	struct phx_msg msg[CROWD];
	int rid[CROWD], i;

	for (i = 0; i < CROWD; i++) {
		struct call *c = call_process(call_send(self->port));

		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg[i], &rid[i]));
		EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
		call_free(c);
	}
	EXPECT_TRUE(more_are(self->before, CROWD));
	for (i = 0; i < CROWD / 2; i++)
		EXPECT_ERR(ESRCH, msg_respond(self->srv, self->port, &msg[i], rid[i]));
	EXPECT_TRUE(more_are(self->before, CROWD - CROWD / 2));
	close(self->srv);
	EXPECT_TRUE(more_are(self->before, 0));
	self->srv = dev_open(0);
}

/* A child has nothing of its parent's. */
TEST_F(slab, not_inherited)
{
	struct phx_msg msg = { };
	pid_t pid;

	ASSERT_EQ(0, pthread_create(&self->server, NULL, serve, self));
	ASSERT_EQ(0, msg_send(self->srv, self->port, &msg));
	pid = fork();
	if (!pid)
		_exit(msg_send(self->srv, self->port, &msg) != -EBADFD);
	EXPECT_EQ(0, wait_child(pid));
	ASSERT_EQ(0, msg_send(self->srv, self->port, &msg));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	pthread_join(self->server, NULL);
}

TEST_HARNESS_MAIN
