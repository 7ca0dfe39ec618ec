// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll(2) and epoll(7): a file is readable when a message waits at one of its
 * ports.
 */
#include "phx_call.h"

#include <sys/epoll.h>

#define WAIT_MS 20000

FIXTURE(poll)
{
	int srv;
	int cli;
	int ep;
	__u32 port;
};

FIXTURE_SETUP(poll)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(poll)
{
	close(self->ep);
	close(self->cli);
	close(self->srv);
}

static int ep_add(int ep, int fd, __u32 events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* Events of the one file that is there, 0 if none in time. */
static int ep_events(int ep, int ms)
{
	struct epoll_event ev = { };
	int n = epoll_wait(ep, &ev, 1, ms);

	return n < 0 ? -errno : n ? (int)ev.events : 0;
}

static int poll_events(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = ~0 };
	int n = poll(&pfd, 1, ms);

	return n < 0 ? -errno : n ? pfd.revents : 0;
}

static int serve_one(int fd, __u32 port)
{
	struct phx_msg msg;
	int rid, err = msg_recv_now(fd, port, &msg, &rid);

	return err ?: msg_respond(fd, port, &msg, rid);
}

TEST_F(poll, readable_only_while_a_message_waits)
{
	struct call *c;

	EXPECT_EQ(0, poll_events(self->srv, 0));
	c = call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_events(self->srv, WAIT_MS));
	EXPECT_EQ(0, poll_events(self->cli, 0));
	EXPECT_EQ(0, serve_one(self->srv, self->port));
	EXPECT_EQ(0, call_end_free(c));
	EXPECT_EQ(0, poll_events(self->srv, 0));
}

TEST_F(poll, any_port_of_the_file_makes_it_readable)
{
	struct call *c;
	__u32 other;

	ASSERT_EQ(0, port_create(self->srv, &other));
	c = call_thread(call_send(other), self->cli);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_events(self->srv, WAIT_MS));
	EXPECT_EQ(-EAGAIN, serve_one(self->srv, self->port));
	EXPECT_EQ(0, serve_one(self->srv, other));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(poll, message_taken_by_a_waiting_receiver_is_not_seen)
{
	struct call *r = call_thread(call_recv(self->port), self->srv), *s;

	ASSERT_TRUE(call_waits(r));
	s = call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(0, call_end(r));
	EXPECT_EQ(0, poll_events(self->srv, 0));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &r->recv.msg, r->recv.rid));
	EXPECT_EQ(0, call_end_free(s));
	call_free(r);
}

TEST_F(poll, message_withdrawn_is_seen_no_more)
{
	struct phx_ioc_send arg = { .timeout_ns = 1000000 };
	struct call *c;

	EXPECT_ERR(ETIMEDOUT, msg_send_arg(self->cli, self->port, &arg));
	EXPECT_EQ(0, poll_events(self->srv, 0));
	c = call_process(call_send(self->port));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_events(self->srv, WAIT_MS));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
	EXPECT_EQ(0, poll_events(self->srv, 0));
	call_free(c);
}

TEST_F(poll, messages_of_a_destroyed_port_are_seen_no_more)
{
	struct call *c = call_thread(call_send(self->port), self->cli);

	EXPECT_EQ(POLLIN | POLLRDNORM, poll_events(self->srv, WAIT_MS));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_EQ(0, poll_events(self->srv, 0));
	EXPECT_ERR(EINVAL, call_end_free(c));
}

TEST_F(poll, message_put_back_is_seen_again)
{
	struct phx_ioc_recv *bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct call *c = call_thread(call_send(self->port), self->cli);

	ASSERT_TRUE(bad != MAP_FAILED);
	bad->size = sizeof(*bad);
	bad->port = self->port;
	ASSERT_EQ(0, mprotect(bad, 4096, PROT_READ));
	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
	EXPECT_EQ(0, ep_events(self->ep, 0));
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv, PHX_IOC_RECV, bad));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_events(self->srv, 0));
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, 0));
	EXPECT_EQ(0, serve_one(self->srv, self->port));
	EXPECT_EQ(0, call_end_free(c));
}

static void *poll_thread(void *arg)
{
	struct call *c = arg;

	c->tid = (pid_t)syscall(SYS_gettid);
	c->err = poll_events(c->fd, WAIT_MS);
	c->done = 1;
	return NULL;
}

TEST_F(poll, all_who_poll_wake_when_a_message_comes)
{
	struct call *p[3], *c;
	int i;

	for (i = 0; i < 3; i++) {
		p[i] = call_new();
		p[i]->fd = self->srv;
		ASSERT_EQ(0, pthread_create(&p[i]->thread, NULL, poll_thread, p[i]));
		ASSERT_TRUE(call_waits(p[i]));
	}
	c = call_thread(call_send(self->port), self->cli);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(POLLIN | POLLRDNORM, call_end_free(p[i]));
	EXPECT_EQ(0, serve_one(self->srv, self->port));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(poll, level_triggered_epoll_tells_until_it_is_received)
{
	struct call *c[2];
	int i;

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN));
	EXPECT_EQ(0, ep_events(self->ep, 0));
	for (i = 0; i < 2; i++) {
		c[i] = call_thread(call_send(self->port), self->cli);
		ASSERT_TRUE(call_waits(c[i]));
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
		EXPECT_EQ(EPOLLIN, ep_events(self->ep, 0));
		EXPECT_EQ(0, serve_one(self->srv, self->port));
		EXPECT_EQ(0, call_end_free(c[i]));
	}
	EXPECT_EQ(0, ep_events(self->ep, 0));
}

TEST_F(poll, edge_triggered_epoll_tells_once_for_each_message)
{
	struct call *c[2];
	int i;

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN | EPOLLET));
	for (i = 0; i < 2; i++) {
		c[i] = call_thread(call_send(self->port), self->cli);
		ASSERT_TRUE(call_waits(c[i]));
		EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
		EXPECT_EQ(0, ep_events(self->ep, 0));
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, serve_one(self->srv, self->port));
		EXPECT_EQ(0, call_end_free(c[i]));
	}
	EXPECT_EQ(0, ep_events(self->ep, 0));
}

TEST_F(poll, oneshot_epoll_tells_again_when_rearmed)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	struct call *c;

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN | EPOLLONESHOT));
	c = call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
	EXPECT_EQ(0, ep_events(self->ep, 0));
	ASSERT_EQ(0, epoll_ctl(self->ep, EPOLL_CTL_MOD, self->srv, &ev));
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, 0));
	EXPECT_EQ(0, serve_one(self->srv, self->port));
	EXPECT_EQ(0, call_end_free(c));
}

#define ROUNDS 2000

struct sender {
	int fd;
	__u32 port;
	int err;
};

static void *send_many(void *arg)
{
	struct sender *s = arg;
	struct phx_msg msg = { };
	int i;

	for (i = 0; i < ROUNDS && !s->err; i++)
		s->err = msg_send(s->fd, s->port, &msg);
	return NULL;
}

/* Receives until there is nothing, then waits for an edge, which must come. */
TEST_F(poll, no_edge_is_lost_while_others_send)
{
	struct sender s[2] = { { self->cli, self->port, 0 }, { self->cli, self->port, 0 } };
	pthread_t thread[2];
	int i, n = 0, err;

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN | EPOLLET));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, send_many, &s[i]));
	while (n < 2 * ROUNDS) {
		ASSERT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
		while (!(err = serve_one(self->srv, self->port)))
			n++;
		ASSERT_EQ(-EAGAIN, err);
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, s[i].err);
	}
}

TEST_F(poll, epoll_on_a_duplicate_works_and_ends_with_the_file)
{
	int twin = dup(self->srv);
	struct call *c;

	ASSERT_EQ(0, ep_add(self->ep, twin, EPOLLIN));
	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN));
	c = call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
	/* The file is open still, only one of its descriptors is not. */
	EXPECT_EQ(0, close(self->srv));
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, 0));
	EXPECT_EQ(0, serve_one(twin, self->port));
	EXPECT_EQ(0, call_end_free(c));
	EXPECT_EQ(0, close(twin));
	EXPECT_EQ(0, ep_events(self->ep, 0));
	self->srv = -1;
}

TEST_F(poll, close_while_in_epoll_and_while_somebody_waits_there)
{
	struct call *p = call_new(), *c;
	int fd, i;
	__u32 port;

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN));
	/* An epoll file can be polled itself. */
	p->fd = self->ep;
	ASSERT_EQ(0, pthread_create(&p->thread, NULL, poll_thread, p));
	ASSERT_TRUE(call_waits(p));
	for (i = 0; i < 50; i++) {
		fd = dev_open(0);
		ASSERT_EQ(0, port_create(fd, &port));
		ASSERT_EQ(0, ep_add(self->ep, fd, EPOLLIN | (i & 1 ? EPOLLET : 0)));
		EXPECT_EQ(0, close(fd));
	}
	EXPECT_EQ(0, atomic_load(&p->done));
	c = call_thread(call_send(self->port), self->cli);
	EXPECT_EQ(POLLIN | POLLRDNORM, call_end_free(p) & ~POLLOUT);
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
	EXPECT_EQ(0, serve_one(self->srv, self->port));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(poll, close_with_messages_waiting_while_in_epoll)
{
	struct call *c = call_process(call_send(self->port));

	ASSERT_EQ(0, ep_add(self->ep, self->srv, EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, ep_events(self->ep, WAIT_MS));
	close(self->srv);
	EXPECT_ERR(EINVAL, call_end_free(c));
	EXPECT_EQ(0, ep_events(self->ep, 0));
	self->srv = -1;
}

TEST_F(poll, file_whose_process_has_ended_hangs_up)
{
	int told[2], events = 0;
	pid_t pid;

	ASSERT_EQ(0, pipe(told));
	pid = fork();
	if (!pid) {
		int fd = dev_open(0), i;

		if (fork())
			_exit(0);
		/* An heir; its parent's end takes a moment. */
		for (i = 0; i < WAIT_MS && !events; i++) {
			events = poll_events(fd, 0);
			usleep(1000);
		}
		_exit(write(told[1], &events, sizeof(events)) != sizeof(events));
	}
	EXPECT_EQ(0, wait_child(pid));
	ASSERT_EQ(sizeof(events), read(told[0], &events, sizeof(events)));
	EXPECT_EQ(POLLHUP, events);
}

TEST_HARNESS_MAIN
