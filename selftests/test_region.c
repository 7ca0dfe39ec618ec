// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered buffers: what can be registered and what is refused, which messages
 * may use it and how, and that both sides see one memory, in the direction that
 * was asked for and no other.
 */
#include "phx_peer.h"

#define WINDOW (256 * PAGE)
#define BOTH (PHX_BUFFER_IN | PHX_BUFFER_OUT)

FIXTURE(region) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
};

FIXTURE_SETUP(region)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
}

FIXTURE_TEARDOWN(region)
{
	EXPECT_EQ(-SIGKILL, peer_kill(self->peer));
	server_close(&self->srv);
}

/* Receive what the peer sends, then have it answered. */
#define RECEIVE(_in, _out) do {							\
	lane_send(self->lane, _in, _out);					\
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));			\
} while (0)

#define ANSWER() do {								\
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));			\
	ASSERT_EQ(0, lane_answer(self->lane));					\
} while (0)

/* Both see one memory, while a message is there and when none is. */
TEST_F(region, one_memory_for_both)
{
	struct part in, out;
	unsigned int round;
	char *i, *o;
	int id;

	id = lane_register(self->lane, BOTH, 0, PEER_SIZE);
	ASSERT_LE(0, id);
	in = (struct part) { id, 0, PEER_SIZE };
	out = (struct part) { id, 0, PEER_SIZE };
	RECEIVE(in, out);
	ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.i_class);
	ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.o_class);
	i = in_of(&self->got.msg);
	o = out_of(&self->got.msg);
	ASSERT_TRUE(holds(i, PEER_SIZE, SEED_IN));
	ASSERT_TRUE(holds(o, PEER_SIZE, SEED_IN));
	ANSWER();
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, lane_fill(self->lane, 100 + round));
		EXPECT_TRUE(holds(i, PEER_SIZE, 100 + round));
		fill(o, PAGE, 200 + round);
		EXPECT_TRUE(holds(i, PAGE, 200 + round));
		RECEIVE(in, out);
		EXPECT_EQ(i, in_of(&self->got.msg));
		EXPECT_EQ(o, out_of(&self->got.msg));
		fill(o, PAGE, 300 + round);
		ANSWER();
		self->lane->send.o_off = 0;
		self->lane->param = 300 + round;
		EXPECT_EQ(1, lane_do(self->lane, do_compare));
	}
}

/* Nothing is pinned, copied or lent for a message. */
TEST_F(region, message_costs_nothing_by_size)
{
	static const char *const keys[] = {
		"pages_pinned", "pages_shadow_live", "buffers_lent", "buffers_copied",
		"buffers_bounced",
	};
	int id = lane_register(self->lane, BOTH, 0, PEER_SIZE);
	struct part all = { id, 0, PEER_SIZE };
	long long before[ARRAY_SIZE(keys)];
	int i, n;

	RECEIVE(all, all);
	ANSWER();
	for (i = 0; i < (int)ARRAY_SIZE(keys); i++)
		before[i] = stat_read(keys[i]);
	for (n = 0; n < 50; n++) {
		RECEIVE(all, all);
		ANSWER();
	}
	for (i = 0; i < (int)ARRAY_SIZE(keys); i++)
		EXPECT_EQ(before[i], stat_read(keys[i]));
}

/* A time limit has what is lent copied; what is registered is seen anyway. */
TEST_F(region, time_limit_copies_nothing)
{
	int id = lane_register(self->lane, BOTH, 0, 8 * PAGE);
	struct part all = { id, 0, 8 * PAGE };

	lane_set_send(self->lane, all, all);
	self->lane->send.timeout_ns = 600000000000ULL;
	lane_ask(self->lane, do_send);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(PHX_CLASS_REGISTERED, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_REGISTERED, self->got.o_class);
	ANSWER();
}

/* Each direction is in its own window, and only once it was used. */
TEST_F(region, direction_is_exact)
{
	struct windows *win = &self->srv.win;
	int in = lane_register(self->lane, PHX_BUFFER_IN, 0, 4 * PAGE);
	int out = lane_register(self->lane, PHX_BUFFER_OUT, 8 * PAGE, 4 * PAGE);
	struct part i = { in, 0, 4 * PAGE }, o = { out, 8 * PAGE, 4 * PAGE };
	struct part i_as_o = i, o_as_i = o;

	ASSERT_LE(0, in);
	ASSERT_LE(0, out);
	EXPECT_EQ(0, window_pages(win->in, WINDOW));
	EXPECT_EQ(0, window_pages(win->out, WINDOW));
	EXPECT_ERR(EACCES, lane_send_error(self->lane, NO_PART, i_as_o));
	EXPECT_ERR(EACCES, lane_send_error(self->lane, o_as_i, NO_PART));
	EXPECT_ERR(EACCES, lane_send_error(self->lane, i, i_as_o));
	RECEIVE(i, NO_PART);
	EXPECT_EQ(4, window_pages(win->in, WINDOW));
	EXPECT_EQ(0, window_pages(win->out, WINDOW));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));
	ANSWER();
	EXPECT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));
	EXPECT_EQ(-1, mprotect(win->in, WINDOW, PROT_READ | PROT_WRITE));
	RECEIVE(NO_PART, o);
	EXPECT_EQ(4, window_pages(win->in, WINDOW));
	EXPECT_EQ(4, window_pages(win->out, WINDOW));
	ANSWER();
	EXPECT_EQ(0, lane_unregister(self->lane, in));
	EXPECT_EQ(0, window_pages(win->in, WINDOW));
	EXPECT_EQ(4, window_pages(win->out, WINDOW));
}

/* Any part of it may be a buffer; not a byte beside it. */
TEST_F(region, buffers_lie_within)
{
	size_t begin = 4 * PAGE, size = 8 * PAGE, end = begin + size;
	const struct part good[] = {
		{ 0, begin, 1 }, { 0, begin, size }, { 0, end - 1, 1 }, { 0, begin + 77, 4096 },
		{ 0, begin + PAGE - 1, 2 }, { 0, begin + 1, size - 1 }, { 0, begin, size - 1 },
	};
	const struct part bad[] = {
		{ 0, begin - 1, 1 }, { 0, begin - 1, size }, { 0, begin, size + 1 },
		{ 0, end, 1 }, { 0, end - 1, 2 }, { 0, 0, PAGE }, { 0, 0, 16 * PAGE },
		{ 0, begin + 1, size }, { 0, end + PAGE, PAGE }, { 0, begin, PHX_MESSAGE_MAX },
		{ 0, begin - PAGE, PAGE + 1 },
	};
	int id = lane_register(self->lane, BOTH, begin, size);
	char *base = NULL;
	size_t n;

	for (n = 0; n < ARRAY_SIZE(good); n++) {
		struct part p = { id, good[n].off, good[n].len };

		RECEIVE(p, p);
		base = base ?: in_of(&self->got.msg) - (p.off - begin);
		EXPECT_EQ(base + (p.off - begin), in_of(&self->got.msg));
		EXPECT_EQ(p.len, self->got.msg.i.size);
		EXPECT_TRUE(holds_from(in_of(&self->got.msg), p.len, SEED_IN, p.off));
		EXPECT_TRUE(holds_from(out_of(&self->got.msg), p.len, SEED_IN, p.off));
		ANSWER();
	}
	for (n = 0; n < ARRAY_SIZE(bad); n++) {
		struct part p = { id, bad[n].off, bad[n].len };

		EXPECT_ERR(EFAULT, lane_send_error(self->lane, p, NO_PART));
		EXPECT_ERR(EFAULT, lane_send_error(self->lane, NO_PART, p));
	}
	EXPECT_EQ(8, window_pages(self->srv.win.in, WINDOW));
}

TEST_F(region, size_that_wraps_around)
{
	int id = lane_register(self->lane, BOTH, PAGE, PAGE);
	struct part p = { id, PAGE, PAGE };

	lane_set_send(self->lane, p, p);
	self->lane->send.msg.i.size = -PAGE;
	EXPECT_ERR(EFAULT, lane_do(self->lane, do_send));
	lane_set_send(self->lane, p, p);
	self->lane->send.msg.o.data = -PAGE;
	EXPECT_ERR(EFAULT, lane_do(self->lane, do_send));
}

TEST_F(region, flags_of_send)
{
	int id = lane_register(self->lane, BOTH, 0, PAGE);
	struct part p = { id, 0, 10 };
	__u32 port;

	lane_set_send(self->lane, p, NO_PART);
	self->lane->send.flags |= PHX_SEND_I_INLINE;
	EXPECT_ERR(EINVAL, lane_do(self->lane, do_send));
	lane_set_send(self->lane, NO_PART, p);
	self->lane->send.flags |= PHX_SEND_O_INLINE;
	EXPECT_ERR(EINVAL, lane_do(self->lane, do_send));
	/* Without a buffer there is nothing to look at. */
	lane_set_send(self->lane, NO_PART, NO_PART);
	self->lane->send.flags = PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED;
	self->lane->send.i_off = 4711;
	self->lane->send.o_off = 0xffff;
	lane_ask(self->lane, do_send);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(PHX_CLASS_NONE, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_NONE, self->got.o_class);
	ANSWER();
	/* What is not said to be registered is not looked for. */
	p.id = PLAIN;
	RECEIVE(p, p);
	EXPECT_EQ(PHX_CLASS_LEND, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_LEND, self->got.o_class);
	ANSWER();

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &port));
	self->peer->port = port;
	p.id = id;
	EXPECT_ERR(EACCES, lane_send_error(self->lane, p, NO_PART));
	EXPECT_ERR(EACCES, lane_send_error(self->lane, NO_PART, p));
}

static int do_reopen(struct lane *lane)
{
	int fd = dev_open(0);

	lane->peer->fd = fd;
	return fd < 0 ? fd : 0;
}

TEST_F(region, numbers_that_are_not_registered)
{
	int id = lane_register(self->lane, BOTH, 0, PAGE), again, i;
	struct part p = { id, 0, PAGE };

	for (i = 0; i < 3; i++) {
		struct part none = { i * 32000 + id + 1, 0, PAGE };

		EXPECT_ERR(ENOENT, lane_send_error(self->lane, none, NO_PART));
		EXPECT_ERR(ENOENT, lane_send_error(self->lane, p, none));
	}
	EXPECT_ERR(ENOENT, lane_unregister(self->lane, id + 1));
	EXPECT_ERR(ENOENT, lane_unregister(self->lane, 65536 + id));
	EXPECT_ERR(ENOENT, lane_unregister(self->lane, -1));
	EXPECT_ERR(ENOENT, buffer_unregister(self->srv.fd, id));
	ASSERT_EQ(0, lane_unregister(self->lane, id));
	EXPECT_ERR(ENOENT, lane_unregister(self->lane, id));
	EXPECT_ERR(ENOENT, lane_send_error(self->lane, p, NO_PART));
	EXPECT_ERR(ENOENT, lane_send_error(self->lane, NO_PART, p));
	/* A number that is stale does not soon lead to another. */
	again = lane_register(self->lane, BOTH, 0, PAGE);
	EXPECT_LE(0, again);
	EXPECT_NE(id, again);
	/* Another file of the same process has numbers of its own. */
	ASSERT_EQ(0, lane_do(self->lane, do_reopen));
	p.id = again;
	EXPECT_ERR(ENOENT, lane_send_error(self->lane, p, NO_PART));
	EXPECT_ERR(ENOENT, lane_unregister(self->lane, again));
}

/* In shared memory. */
struct next {
	atomic_int port;
};

static int next_main(void *arg)
{
	struct phx_ioc_recv got;
	struct next *next = arg;
	struct server srv;

	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	atomic_store(&next->port, srv.port);
	CHECK(server_recv(&srv, &got) == 0);
	CHECK(got.i_class == PHX_CLASS_LEND && got.o_class == PHX_CLASS_LEND);
	CHECK(holds_from(in_of(&got.msg), 3 * PAGE, SEED_IN, 100));
	CHECK(holds_from(out_of(&got.msg), 2 * PAGE, SEED_IN, 4 * PAGE + 50));
	fill(out_of(&got.msg), 2 * PAGE, SEED_ANSWER);
	CHECK(server_respond(&srv, &got) == 0);
	return 0;
}

/* What is sent on out of the window goes as a copy, and comes back. */
TEST_F(region, sent_on_out_of_the_window)
{
	long long relent = stat_read("buffers_relent"), bounced = stat_read("buffers_bounced");
	int id = lane_register(self->lane, BOTH, 0, 8 * PAGE), i;
	struct part in = { id, 100, 3 * PAGE }, out = { id, 4 * PAGE + 50, 2 * PAGE };
	struct next *next = shared_memory(sizeof(*next));
	struct phx_msg msg;
	pid_t pid;

	RECEIVE(in, out);
	pid = child_run(self->srv.fd, next_main, next);
	for (i = 0; i < PATIENCE_MS && !atomic_load(&next->port); i++)
		usleep(1000);
	/* An input of the peer is no output of anybody. */
	msg = self->got.msg;
	set_output(&msg, in_of(&self->got.msg), PAGE);
	EXPECT_ERR(EFAULT, msg_send(self->srv.fd, next->port, &msg));
	bounced = stat_read("buffers_bounced");
	msg = self->got.msg;
	EXPECT_EQ(0, msg_send(self->srv.fd, next->port, &msg));
	EXPECT_EQ(0, child_end(pid));
	EXPECT_EQ(relent, stat_read("buffers_relent"));
	EXPECT_EQ(bounced + 2, stat_read("buffers_bounced"));
	EXPECT_TRUE(holds(out_of(&self->got.msg), 2 * PAGE, SEED_ANSWER));
	EXPECT_TRUE(holds_from(in_of(&self->got.msg), 3 * PAGE, SEED_IN, 100));
	ANSWER();
}

/* Each file has 65536 numbers, for as long as it has them. Slow where all is checked. */
TEST_F_TIMEOUT(region, sixty_five_thousand, 700)
{
	char *page = memory(PAGE);
	__u32 port;
	int fd, i;

	OPEN_OR_SKIP(fd);
	ASSERT_EQ(0, port_create_flags(fd, PHX_PORT_BUFFERS, &port));
	for (i = 0; i < 65536; i++)
		ASSERT_EQ(i, buffer_register(fd, port, BOTH, page, PAGE));
	EXPECT_ERR(ENOSPC, buffer_register(fd, port, BOTH, page, PAGE));
	ASSERT_EQ(0, buffer_unregister(fd, 40000));
	EXPECT_EQ(40000, buffer_register(fd, port, BOTH, page, PAGE));
	EXPECT_ERR(ENOSPC, buffer_register(fd, port, BOTH, page, PAGE));
	close(fd);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
}

struct send_thread {
	int fd, err;
	__u32 port;
	struct phx_ioc_send send;
};

static void *send_thread(void *arg)
{
	struct send_thread *t = arg;

	t->err = msg_send_arg(t->fd, t->port, &t->send);
	return NULL;
}

/* Within one process nothing is mapped, but all else is the same. */
TEST(same_process)
{
	struct send_thread t = { 0 };
	struct phx_ioc_recv got;
	struct server srv;
	pthread_t thread;
	char *mem = memory(4 * PAGE);
	int id, i;

	OPEN_OR_SKIP(t.fd);
	ASSERT_EQ(0, region_server_open(&srv, WINDOW));
	t.port = srv.port;
	id = buffer_register(t.fd, srv.port, PHX_BUFFER_IN, mem, 4 * PAGE);
	ASSERT_LE(0, id);
	t.send.flags = PHX_SEND_I_REGISTERED;
	t.send.i_off = id;
	for (i = 0; i < 2; i++) {
		set_input(&t.send.msg, mem + 10, 4 * PAGE - 10);
		ASSERT_EQ(0, pthread_create(&thread, NULL, send_thread, &t));
		ASSERT_EQ(0, server_recv(&srv, &got));
		EXPECT_EQ(PHX_CLASS_SAME, got.i_class);
		EXPECT_EQ(mem + 10, in_of(&got.msg));
		EXPECT_EQ(0, i ? server_respond_unregister(&srv, &got) :
			     server_respond(&srv, &got));
		pthread_join(thread, NULL);
		EXPECT_EQ(0, t.err);
	}
	EXPECT_ERR(ENOENT, msg_send_arg(t.fd, srv.port, &t.send));
	id = buffer_register(t.fd, srv.port, PHX_BUFFER_IN, mem, 4 * PAGE);
	t.send.i_off = id;
	set_input(&t.send.msg, mem + 10, 4 * PAGE);
	EXPECT_ERR(EFAULT, msg_send_arg(t.fd, srv.port, &t.send));
	set_output(&t.send.msg, mem, PAGE);
	t.send.flags = PHX_SEND_O_REGISTERED;
	t.send.i_off = 0;
	t.send.o_off = id;
	set_input(&t.send.msg, NULL, 0);
	EXPECT_ERR(EACCES, msg_send_arg(t.fd, srv.port, &t.send));
	server_close(&srv);
	EXPECT_ERR(ENOENT, buffer_unregister(t.fd, id));
	close(t.fd);
}

TEST_HARNESS_MAIN
