// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered buffers and the windows they are seen in: windows without room, that
 * are unmapped, made anew or covered by something else, while a buffer is in them.
 */
#include "phx_peer.h"

#define WINDOW (32 * PAGE)
#define BOTH (PHX_BUFFER_IN | PHX_BUFFER_OUT)
#define PAGES 6

FIXTURE(window) {
	struct server srv;
	struct peer *peer;
	struct lane *lane, *other;
	struct phx_ioc_recv got;
	struct part all;
	int id;
};

FIXTURE_SETUP(window)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	self->other = &self->peer->lanes[1];
	self->id = lane_register(self->lane, BOTH, 0, PAGES * PAGE);
	ASSERT_LE(0, self->id);
	self->all = (struct part) { self->id, 0, PAGES * PAGE };
}

FIXTURE_TEARDOWN(window)
{
	peer_kill(self->peer);
	server_close(&self->srv);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

#define RECEIVE(_in, _out) do {							\
	lane_send(self->lane, _in, _out);					\
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));			\
} while (0)

#define ANSWER() do {								\
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));			\
	ASSERT_EQ(0, lane_answer(self->lane));					\
} while (0)

#define EXCHANGE() do {								\
	RECEIVE(self->all, self->all);						\
	ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.i_class);			\
	ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.o_class);			\
	EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));	\
	EXPECT_TRUE(holds(out_of(&self->got.msg), PAGES * PAGE, SEED_IN));	\
	ANSWER();								\
} while (0)

/* Send what the next receive finds before all else. */
#define SEND_FIRST(_in, _out) do {						\
	lane_send(self->lane, _in, _out);					\
	ASSERT_TRUE(message_comes(&self->srv));					\
} while (0)

/* Whether an address is in a window. */
static bool is_in(const char *at, const char *window, size_t size)
{
	return at >= window && at < window + size;
}

/* The old place may be anything's by now; the new one is found, and taken back. */
TEST_F(window, made_anew)
{
	struct windows old;
	char *other;
	int round;

	for (round = 0; round < 10; round++) {
		EXCHANGE();
		old = self->srv.win;
		windows_unmap(&old);
		other = mmap(old.in, old.size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		ASSERT_EQ(old.in, other);
		memset(other, CANARY, old.size);
		ASSERT_EQ(0, windows_map(self->srv.fd, &self->srv.win, WINDOW - round * PAGE));
		EXPECT_EQ(0, window_pages(self->srv.win.in, self->srv.win.size));
		EXCHANGE();
		EXPECT_TRUE(is_in(in_of(&self->got.msg), self->srv.win.in, WINDOW));
		EXPECT_TRUE(is_in(out_of(&self->got.msg), self->srv.win.out, WINDOW));
		EXPECT_TRUE(all_are(other, old.size, CANARY));
		munmap(other, old.size);
	}
	ASSERT_EQ(0, lane_unregister(self->lane, self->id));
	EXPECT_EQ(0, window_pages(self->srv.win.in, self->srv.win.size));
	EXPECT_EQ(0, window_pages(self->srv.win.out, self->srv.win.size));
	EXPECT_EQ(0, stat_read("pages_pinned_live"));
}

/* At the very addresses that the buffer had before. */
TEST_F(window, made_anew_in_the_same_place)
{
	struct windows *win = &self->srv.win;
	char *in = win->in, *out = win->out, *was;

	EXCHANGE();
	was = in_of(&self->got.msg);
	windows_unmap(win);
	win->in = mmap(in, WINDOW, PROT_READ, MAP_SHARED | MAP_FIXED, self->srv.fd,
		       PHX_WINDOW_INPUT);
	win->out = mmap(out, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			self->srv.fd, PHX_WINDOW_OUTPUT);
	ASSERT_EQ(in, win->in);
	ASSERT_EQ(out, win->out);
	EXPECT_EQ(SIGBUS, probe_read(was));
	EXCHANGE();
	EXPECT_EQ(was, in_of(&self->got.msg));
}

/* What took the slots of a window that is gone has those of the next to itself. */
TEST_F(window, old_place_is_not_taken_from_others)
{
	struct part plain = { PLAIN, 8 * PAGE, PAGES * PAGE };

	EXCHANGE();
	windows_unmap(&self->srv.win);
	ASSERT_EQ(0, windows_map(self->srv.fd, &self->srv.win, WINDOW));
	RECEIVE(plain, plain);
	ASSERT_EQ(PHX_CLASS_LEND, self->got.i_class);
	ASSERT_EQ(self->srv.win.in, in_of(&self->got.msg));
	ASSERT_EQ(0, lane_unregister(self->other, self->id));
	EXPECT_TRUE(holds_from(in_of(&self->got.msg), plain.len, SEED_IN, plain.off));
	EXPECT_TRUE(holds_from(out_of(&self->got.msg), plain.len, SEED_IN, plain.off));
	ANSWER();
	EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));
}

/* What is lent beside it comes and goes, and neither is in the other's place. */
TEST_F(window, shared_with_what_is_lent)
{
	struct part plain = { PLAIN, 8 * PAGE + 50, PAGES * PAGE };
	struct phx_ioc_recv lent;
	int round;

	for (round = 0; round < 5; round++) {
		lane_send(self->other, plain, plain);
		ASSERT_EQ(0, server_recv(&self->srv, &lent));
		RECEIVE(self->all, self->all);
		EXPECT_TRUE(holds_from(in_of(&lent.msg), plain.len, SEED_IN, plain.off));
		EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));
		ASSERT_EQ(0, server_respond(&self->srv, &lent));
		ASSERT_EQ(0, lane_answer(self->other));
		EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));
		EXPECT_EQ(PAGES, window_pages(self->srv.win.in, WINDOW));
		ANSWER();
		EXPECT_EQ(PAGES, window_pages(self->srv.win.in, WINDOW));
		ASSERT_EQ(0, lane_unregister(self->lane, self->id));
		EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));
		self->id = lane_register(self->lane, BOTH, 0, PAGES * PAGE);
		self->all.id = self->id;
	}
}

/* A message that is held loses nothing but the sight of it. */
TEST_F(window, unmapped_while_held)
{
	struct windows *win = &self->srv.win;

	RECEIVE(self->all, self->all);
	windows_unmap(win);
	EXPECT_EQ(SIGSEGV, probe_read(in_of(&self->got.msg)));
	/* Unlike one that is lent it does not keep the next window away. */
	ASSERT_EQ(0, windows_map(self->srv.fd, win, WINDOW));
	EXPECT_EQ(0, window_pages(win->in, WINDOW));
	ANSWER();
	EXCHANGE();
	RECEIVE(self->all, self->all);
	windows_unmap(win);
	ASSERT_EQ(0, lane_unregister(self->other, self->id));
	ANSWER();
	EXPECT_EQ(0, stat_read("pages_pinned_live"));
	ASSERT_EQ(0, windows_map(self->srv.fd, win, WINDOW));
}

TEST_F(window, no_window)
{
	struct windows *win = &self->srv.win;
	struct part plain = { PLAIN, 0, 100 };
	int round;

	/* Also after it was there once. */
	for (round = 0; round < 2; round++) {
		windows_unmap(win);
		SEND_FIRST(self->all, NO_PART);
		lane_send(self->other, plain, NO_PART);
		ASSERT_EQ(0, server_recv_room(&self->srv, PAGE, &self->got));
		EXPECT_EQ(PHX_CLASS_COPY, self->got.i_class);
		EXPECT_ERR(EMSGSIZE, lane_answer(self->lane));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->other));
		ASSERT_EQ(0, windows_map(self->srv.fd, win, WINDOW));
		EXCHANGE();
	}
	/* All of the region must fit, whatever the message has of it. */
	windows_unmap(win);
	ASSERT_EQ(0, windows_map(self->srv.fd, win, (PAGES - 1) * PAGE));
	self->all.len = 10;
	SEND_FIRST(NO_PART, self->all);
	lane_send(self->other, plain, NO_PART);
	ASSERT_EQ(0, server_recv_room(&self->srv, PAGE, &self->got));
	EXPECT_ERR(EMSGSIZE, lane_answer(self->lane));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->other));
}

TEST_F(window, full_window)
{
	size_t rest = WINDOW - PAGES * PAGE;
	int large = lane_register(self->lane, PHX_BUFFER_IN, 0, WINDOW - PAGE);
	struct phx_ioc_recv now = { .flags = PHX_RECV_NONBLOCK };
	struct part big = { large, 0, 1 };
	int id;

	EXCHANGE();
	lane_send(self->other, big, NO_PART);
	ASSERT_TRUE(message_comes(&self->srv));
	EXPECT_ERR(EAGAIN, msg_recv_arg(self->srv.fd, self->srv.port, &now));
	EXPECT_ERR(ENOBUFS, lane_answer(self->other));
	EXCHANGE();
	ASSERT_EQ(0, lane_unregister(self->lane, self->id));
	RECEIVE(big, NO_PART);
	ANSWER();
	ASSERT_EQ(0, lane_unregister(self->lane, large));
	/* To the last page. */
	self->id = lane_register(self->lane, BOTH, 0, PAGES * PAGE);
	self->all.id = self->id;
	id = lane_register(self->lane, BOTH, 8 * PAGE, rest);
	EXCHANGE();
	big = (struct part) { id, 8 * PAGE, rest };
	RECEIVE(big, big);
	EXPECT_EQ(WINDOW / PAGE, window_pages(self->srv.win.in, WINDOW));
	EXPECT_EQ(WINDOW / PAGE, window_pages(self->srv.win.out, WINDOW));
	ANSWER();
}

/* One direction has no room: the other is as if nothing had been. */
TEST_F(window, only_one_of_the_windows)
{
	munmap(self->srv.win.out, WINDOW);
	SEND_FIRST(self->all, self->all);
	lane_send(self->other, self->all, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_ERR(EMSGSIZE, lane_answer(self->lane));
	EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->other));
	self->srv.win.out = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, self->srv.fd,
				 PHX_WINDOW_OUTPUT);
	EXCHANGE();
}

/* A receiver that can't be told gets it the next time. */
TEST_F(window, receiver_without_memory)
{
	struct phx_ioc_recv *bad = shared_memory(PAGE);

	bad->size = sizeof(*bad);
	bad->port = self->srv.port;
	lane_send(self->lane, self->all, self->all);
	ASSERT_EQ(0, mprotect(bad, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv.fd, PHX_IOC_RECV, bad));
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv.fd, PHX_IOC_RECV, bad));
	ASSERT_EQ(0, lane_unregister(self->other, self->id));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));
	ANSWER();
	EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));
	EXPECT_EQ(0, stat_read("pages_pinned_live"));
}

TEST_HARNESS_MAIN
