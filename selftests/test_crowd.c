// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crowds: more of a kind than the module goes through at one go. Each of them is
 * still served, and nobody twice.
 */
#include "phx_map.h"
#include "phx_netlink.h"

#include <sys/epoll.h>

/* More than any batch in the module. */
#define CROWD 300
#define WINDOW (CROWD * PAGE)

/**
 * struct crowd - senders, each a thread of one process; in shared memory
 * @port: where to
 * @nr: how many there are
 * @pages: of the input of each
 * @over: calls that are over
 * @err: how each of them ended
 * @next: number of the next thread
 * @in: the inputs, one after the other
 */
struct crowd {
	__u32 port;
	int nr;
	int pages;
	atomic_int over;
	int err[CROWD];
	atomic_int next;
	char *in;
	int fd;
};

static void *crowd_send(void *arg)
{
	struct crowd *crowd = arg;
	int i = atomic_fetch_add(&crowd->next, 1);
	struct phx_msg msg = { .type = i };

	if (crowd->pages)
		set_input(&msg, crowd->in, crowd->pages * PAGE);
	crowd->err[i] = msg_send(crowd->fd, crowd->port, &msg);
	atomic_fetch_add(&crowd->over, 1);
	return NULL;
}

static void threads_run(pthread_t *threads, int nr, void *(*fn)(void *arg), void *arg)
{
	pthread_attr_t attr;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (i = 0; i < nr; i++)
		CHECK(!pthread_create(&threads[i], &attr, fn, arg));
}

static int crowd_main(void *arg)
{
	struct crowd *crowd = arg;
	pthread_t threads[CROWD];
	int i;

	crowd->fd = dev_open(0);
	crowd->in = memory((crowd->pages + 1) * PAGE);
	CHECK(crowd->fd >= 0 && crowd->in);
	fill(crowd->in, crowd->pages * PAGE, SEED_IN);
	threads_run(threads, crowd->nr, crowd_send, crowd);
	for (i = 0; i < crowd->nr; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

FIXTURE(crowd)
{
	struct server srv;
	struct nl nl;
	struct crowd *crowd;
	struct phx_ioc_recv got[CROWD];
	pid_t pid;
};

FIXTURE_SETUP(crowd)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
	ASSERT_EQ(0, nl_open(&self->nl));
	self->crowd = shared_memory(sizeof(*self->crowd));
	ASSERT_NE(NULL, self->crowd);
	self->crowd->port = self->srv.port;
	self->crowd->nr = CROWD;
}

FIXTURE_TEARDOWN(crowd)
{
	close(self->nl.fd);
	close(self->srv.fd);
}

static void crowd_come(FIXTURE_DATA(crowd) *self, int nr, int pages)
{
	self->crowd->nr = nr;
	self->crowd->pages = pages;
	self->pid = child_run(self->srv.fd, crowd_main, self->crowd);
}

/* Receives the messages of all, got[] by their numbers. */
static bool crowd_receive(FIXTURE_DATA(crowd) *self)
{
	struct phx_ioc_recv got;
	int i;

	for (i = 0; i < self->crowd->nr; i++) {
		if (server_recv(&self->srv, &got))
			return false;
		self->got[got.msg.type] = got;
	}
	return true;
}

static int errors(const struct crowd *crowd, int err)
{
	int i, n = 0;

	for (i = 0; i < crowd->nr; i++)
		n += crowd->err[i] == err;
	return n;
}

struct port_counts {
	__u32 port;
	int queued;
	int waiting;
};

static int on_port(struct nlmsghdr *nlh, void *arg)
{
	struct port_counts *counts = arg;

	if (nl_get_u32(nlh, PHX_A_PORT_ID) != counts->port)
		return 0;
	counts->queued = nl_get_u32(nlh, PHX_A_PORT_QUEUED);
	counts->waiting = nl_get_u32(nlh, PHX_A_PORT_WAITING);
	return 0;
}

static void *crowd_receive_one(void *arg)
{
	struct crowd *crowd = arg;
	int i = atomic_fetch_add(&crowd->next, 1), rid;
	struct phx_msg msg;

	crowd->err[i] = msg_recv(crowd->fd, crowd->port, &msg, &rid);
	atomic_fetch_add(&crowd->over, 1);
	return NULL;
}

/* How many messages are in the queue of the port, or receivers wait at it. */
static int waiting(struct nl *nl, __u32 port, bool receivers)
{
	struct port_counts counts = { .port = port };

	if (nl_dump(nl, PHX_CMD_PORT_GET, on_port, &counts))
		return -1;
	return receivers ? counts.waiting : counts.queued;
}

static bool waiting_becomes(struct nl *nl, __u32 port, bool receivers, int nr)
{
	int i;

	for (i = 0; i < PATIENCE_MS && waiting(nl, port, receivers) != nr; i++)
		usleep(1000);
	return i < PATIENCE_MS;
}

TEST_F(crowd, of_receivers_is_told_of_the_end_of_the_port)
{
	pthread_t threads[CROWD];
	int i;

	self->crowd->fd = self->srv.fd;
	threads_run(threads, CROWD, crowd_receive_one, self->crowd);
	ASSERT_TRUE(waiting_becomes(&self->nl, self->srv.port, true, CROWD));
	EXPECT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	ASSERT_TRUE(wait_for(&self->crowd->over, CROWD));
	EXPECT_EQ(CROWD, errors(self->crowd, -EINVAL));
	for (i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
}

TEST_F(crowd, of_queued_messages_is_told_of_the_end_of_the_port)
{
	crowd_come(self, CROWD, 0);
	ASSERT_TRUE(waiting_becomes(&self->nl, self->srv.port, false, CROWD));
	EXPECT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(CROWD, errors(self->crowd, -EINVAL));
}

/* Where it is in the module's table, which has as many slots as a power of 2. */
static int slot_of(const FIXTURE_DATA(crowd) *self, int i)
{
	return self->got[i].rid & 511;
}

TEST_F(crowd, of_held_messages_is_answered_by_a_close)
{
	int i, first = 0, last = 0;

	crowd_come(self, CROWD, 1);
	ASSERT_TRUE(crowd_receive(self));
	for (i = 0; i < CROWD; i++) {
		first = slot_of(self, i) < slot_of(self, first) ? i : first;
		last = slot_of(self, i) > slot_of(self, last) ? i : last;
	}
	/* Only two are left, with many slots between them where none is. */
	ASSERT_LT(slot_of(self, first) + 256, slot_of(self, last));
	for (i = 0; i < CROWD; i++)
		if (i != first && i != last)
			ASSERT_EQ(0, server_respond(&self->srv, &self->got[i]));
	close(self->srv.fd);
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(2, errors(self->crowd, -EPIPE));
	EXPECT_EQ(CROWD - 2, errors(self->crowd, 0));
}

/* Every second page of the window is lent: two that are beside each other are nowhere. */
TEST_F(crowd, of_places_that_are_too_small_is_passed_over)
{
	struct sending pair = { .port = self->srv.port, .in_size = 2 * PAGE };
	struct phx_ioc_recv got;
	pid_t pid;
	int i;

	crowd_come(self, CROWD, 1);
	ASSERT_TRUE(crowd_receive(self));
	for (i = 0; i < CROWD; i++)
		if ((self->got[i].msg.i.data / PAGE) & 1)
			EXPECT_EQ(0, server_respond(&self->srv, &self->got[i]));
	pair.result = -ENOBUFS;
	pid = child_run(self->srv.fd, sending_main, &pair);
	got = (struct phx_ioc_recv){ .timeout_ns = 300000000 };
	EXPECT_ERR(ETIMEDOUT, msg_recv_arg(self->srv.fd, self->srv.port, &got));
	EXPECT_EQ(0, child_end(pid));
	/* The last of all. */
	for (i = 0; i < CROWD; i++) {
		__u64 page = (self->got[i].msg.i.data - addr(self->srv.win.in)) / PAGE;

		if (self->got[i].msg.i.data / PAGE & 1 || page < CROWD - 2)
			continue;
		EXPECT_EQ(0, server_respond(&self->srv, &self->got[i]));
	}
	pair.result = 0;
	pid = child_run(self->srv.fd, sending_main, &pair);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_LE(addr(self->srv.win.in) + (CROWD - 3) * PAGE, got.msg.i.data);
	EXPECT_TRUE(sending_is_seen(&pair, &got.msg));
	EXPECT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
	close(self->srv.fd);
	EXPECT_EQ(0, child_end(self->pid));
}

/*
 * To a receiver without windows, and without room for a copy. Returns who waits for
 * edges of it, or -1.
 */
static int come_without_room(FIXTURE_DATA(crowd) *self)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(ep, EPOLL_CTL_ADD, self->srv.fd, &event))
		return -1;
	windows_unmap(&self->srv.win);
	crowd_come(self, CROWD, 1);
	return waiting_becomes(&self->nl, self->srv.port, false, CROWD) ? ep : -1;
}

TEST_F(crowd, that_there_is_no_room_for_does_not_keep_a_receiver)
{
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE, .timeout_ns = 1 };
	int left, ep = come_without_room(self);
	struct epoll_event event;

	ASSERT_LE(0, ep);
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	EXPECT_ERR(ETIMEDOUT, msg_recv_arg(self->srv.fd, self->srv.port, &got));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
	/* Its time was over after the first; a clock may tick only a few messages later. */
	left = waiting(&self->nl, self->srv.port, false);
	EXPECT_LT(0, left);
	EXPECT_GT(CROWD, left);
	if (!kernel_is_slow())
		EXPECT_EQ(CROWD - 1, left);
	EXPECT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(CROWD - left, errors(self->crowd, -EMSGSIZE));
	EXPECT_EQ(left, errors(self->crowd, -EINVAL));
	close(ep);
}

/* As many as that are passed over by a receive that does not wait. */
#define PASSED_OVER 64

/* Who waits for edges learns of those that it left. */
TEST_F(crowd, that_there_is_no_room_for_does_not_keep_one_that_does_not_wait)
{
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE, .flags = PHX_RECV_NONBLOCK };
	int left, ep = come_without_room(self);
	struct epoll_event event;

	ASSERT_LE(0, ep);
	for (left = CROWD; left; left = left < PASSED_OVER ? 0 : left - PASSED_OVER) {
		EXPECT_EQ(left, waiting(&self->nl, self->srv.port, false));
		EXPECT_EQ(1, epoll_wait(ep, &event, 1, 0));
		EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
		EXPECT_ERR(EAGAIN, msg_recv_arg(self->srv.fd, self->srv.port, &got));
	}
	EXPECT_EQ(0, waiting(&self->nl, self->srv.port, false));
	EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(CROWD, errors(self->crowd, -EMSGSIZE));
	close(ep);
}

TEST_F(crowd, of_aborted_messages_is_each_told_of_once)
{
	struct nl_message m;
	int i, nr = 100;

	crowd_come(self, nr, 1);
	ASSERT_TRUE(crowd_receive(self));
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(1, nl_message(&self->nl, i, &m));
		EXPECT_EQ(0, nl_abort(&self->nl, &m, true));
	}
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(nr, errors(self->crowd, -ECANCELED));
	/* Another order than theirs; 7 and their number have no divisor in common. */
	for (i = 0; i < nr; i++)
		EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got[i * 7 % nr]));
	for (i = 0; i < nr; i++)
		EXPECT_ERR(ENOENT, server_respond(&self->srv, &self->got[i]));
	/* All places are free again. */
	atomic_store(&self->crowd->next, 0);
	crowd_come(self, CROWD, 1);
	ASSERT_TRUE(crowd_receive(self));
	close(self->srv.fd);
	EXPECT_EQ(0, child_end(self->pid));
	EXPECT_EQ(CROWD, errors(self->crowd, -EPIPE));
}

TEST_HARNESS_MAIN
