// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way in which a buffer can cease to be registered, with a message that
 * uses it queued, taken or not there: what the server has of it stays for as long
 * as it has the message and no longer, and all is unpinned then.
 */
#include "phx_peer.h"

#define WINDOW (256 * PAGE)
#define BOTH (PHX_BUFFER_IN | PHX_BUFFER_OUT)
#define PAGES 6

/* Where the message is when the end comes. */
enum state {
	UNUSED,		/* there never was one */
	IDLE,		/* there was one */
	QUEUED,
	TAKEN,
};

FIXTURE(end) {
	struct server srv;
	struct peer *peer;
	struct lane *lane, *other;
	struct phx_ioc_recv got;
	struct part all;
	int id;
};

FIXTURE_VARIANT(end) {
	enum state state;
};

FIXTURE_VARIANT_ADD(end, unused) { .state = UNUSED, };
FIXTURE_VARIANT_ADD(end, idle) { .state = IDLE, };
FIXTURE_VARIANT_ADD(end, queued) { .state = QUEUED, };
FIXTURE_VARIANT_ADD(end, taken) { .state = TAKEN, };

#define GET_READY() do {							\
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));			\
	self->peer = peer_start(self->srv.fd, self->srv.port);			\
	ASSERT_NE(NULL, self->peer);						\
	self->lane = &self->peer->lanes[0];					\
	self->other = &self->peer->lanes[1];					\
	self->id = lane_register(self->other, BOTH, 0, PAGES * PAGE);		\
	ASSERT_LE(0, self->id);							\
	self->all = (struct part) { self->id, 0, PAGES * PAGE };		\
} while (0)

FIXTURE_SETUP(end)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	GET_READY();
	if (variant->state == UNUSED)
		return;
	if (variant->state == IDLE || variant->state == QUEUED) {
		lane_send(self->lane, self->all, self->all);
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		ASSERT_EQ(0, lane_answer(self->lane));
		ASSERT_EQ(PAGES, window_pages(self->srv.win.in, WINDOW));
	}
	if (variant->state != IDLE)
		lane_send(self->lane, self->all, self->all);
	if (variant->state == QUEUED) {
		ASSERT_TRUE(message_comes(&self->srv));
	}
	if (variant->state == TAKEN) {
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	}
}

/* Nothing is left in the windows, nor of what was registered. */
#define ALL_GONE() do {								\
	EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));			\
	EXPECT_EQ(0, window_pages(self->srv.win.out, WINDOW));			\
	EXPECT_EQ(0, stat_read("regions_live"));				\
	EXPECT_EQ(0, stat_read("pages_pinned_live"));				\
} while (0)

FIXTURE_TEARDOWN(end)
{
	peer_kill(self->peer);
	server_close(&self->srv);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

#define STILL_SEEN() do {							\
	EXPECT_TRUE(holds(in_of(&self->got.msg), PAGES * PAGE, SEED_IN));	\
	EXPECT_EQ(0, probe_write(out_of(&self->got.msg)));			\
	fill(out_of(&self->got.msg), PAGES * PAGE, SEED_IN);			\
} while (0)

/* A message that was under way comes to its end as if nothing had been. */
#define FINISH() do {								\
	if (variant->state == QUEUED) {						\
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));		\
		ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.i_class);		\
	}									\
	if (variant->state >= QUEUED) {						\
		STILL_SEEN();							\
		EXPECT_EQ(PAGES, stat_read("pages_pinned_live"));		\
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));		\
	}									\
	EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));			\
	EXPECT_EQ(0, window_pages(self->srv.win.out, WINDOW));			\
	if (variant->state >= QUEUED)						\
		ASSERT_EQ(0, lane_answer(self->lane));				\
	ALL_GONE();								\
} while (0)

TEST_F(end, by_unregister)
{
	ASSERT_EQ(0, lane_unregister(self->other, self->id));
	EXPECT_ERR(ENOENT, lane_send_error(self->other, self->all, NO_PART));
	EXPECT_ERR(ENOENT, lane_send_error(self->other, NO_PART, self->all));
	EXPECT_ERR(ENOENT, lane_unregister(self->other, self->id));
	FINISH();
}

/* It is ended by another message that uses it in one direction alone. */
TEST_F(end, by_response)
{
	struct phx_ioc_recv last, queued;

	if (variant->state == QUEUED) {
		ASSERT_EQ(0, server_recv(&self->srv, &queued));
	}
	lane_send(self->other, NO_PART, self->all);
	ASSERT_EQ(0, server_recv(&self->srv, &last));
	EXPECT_EQ(PHX_CLASS_REGISTERED, last.o_class);
	ASSERT_EQ(0, server_respond_unregister(&self->srv, &last));
	EXPECT_EQ(0, lane_answer(self->other));
	EXPECT_ERR(ENOENT, lane_send_error(self->other, self->all, NO_PART));
	EXPECT_ERR(ENOENT, lane_unregister(self->other, self->id));
	if (variant->state == QUEUED) {
		self->got = queued;
		STILL_SEEN();
		ASSERT_EQ(0, server_respond_unregister(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
		ALL_GONE();
		return;
	}
	FINISH();
}

TEST_F(end, by_port_destroy)
{
	ASSERT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	EXPECT_ERR(EINVAL, lane_send_error(self->other, self->all, NO_PART));
	if (variant->state == QUEUED)
		EXPECT_ERR(EINVAL, lane_answer(self->lane));
	if (variant->state == TAKEN) {
		STILL_SEEN();
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
	}
	ALL_GONE();
	EXPECT_ERR(ENOENT, lane_unregister(self->other, self->id));
}

/* The windows stay mapped, of no use. */
TEST_F(end, by_close_of_the_server)
{
	close(self->srv.fd);
	EXPECT_ERR(EINVAL, lane_send_error(self->other, self->all, NO_PART));
	if (variant->state == QUEUED)
		EXPECT_ERR(EINVAL, lane_answer(self->lane));
	if (variant->state == TAKEN)
		EXPECT_ERR(EPIPE, lane_answer(self->lane));
	ALL_GONE();
	EXPECT_ERR(ENOENT, lane_unregister(self->other, self->id));
	EXPECT_ERR(EINVAL, lane_register(self->other, BOTH, 0, PAGE));
}

/* What a sender that is gone leaves behind. */
#define OUTLIVED() do {								\
	if (variant->state == TAKEN) {						\
		STILL_SEEN();							\
		EXPECT_EQ(PAGES, stat_read("pages_pinned_live"));		\
		EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));	\
		EXPECT_TRUE(stat_becomes("regions_live", 0));			\
		ALL_GONE();							\
	} else {								\
		EXPECT_TRUE(stat_becomes("regions_live", 0));			\
		ALL_GONE();							\
		self->got.flags = PHX_RECV_NONBLOCK;				\
		EXPECT_ERR(EAGAIN, msg_recv_arg(self->srv.fd, self->srv.port, &self->got)); \
	}									\
} while (0)

TEST_F(end, by_kill_of_the_sender)
{
	ASSERT_EQ(-SIGKILL, peer_kill(self->peer));
	OUTLIVED();
}

/* The sender's memory is another program's by then. */
static int do_exec(struct lane *lane)
{
	if (lane->param)
		fcntl(lane->peer->fd, F_SETFD, 0);
	execl("/proc/self/exe", "test_region_end", "--pause", NULL);
	return -errno;
}

TEST_F(end, by_exec_of_the_sender)
{
	long long orphans = stat_read("messages_orphaned") + (variant->state == TAKEN);

	lane_ask(self->other, do_exec);
	EXPECT_TRUE(stat_becomes("messages_orphaned", orphans));
	OUTLIVED();
}

/* If the file is kept over it the module finds out a little later. */
TEST_F(end, by_exec_that_keeps_the_file)
{
	long long orphans = stat_read("messages_orphaned") + (variant->state == TAKEN);

	self->other->param = 1;
	lane_ask(self->other, do_exec);
	EXPECT_TRUE(stat_becomes("messages_orphaned", orphans));
	OUTLIVED();
}

/* A file is closed when no call of it is going on any more. */
TEST_F(end, by_close_of_the_sender)
{
	ASSERT_EQ(0, lane_do(self->other, do_close));
	if (variant->state == QUEUED) {
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	}
	if (variant->state >= QUEUED) {
		STILL_SEEN();
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		ASSERT_EQ(0, lane_answer(self->lane));
	}
	ALL_GONE();
}

/* Two messages have it; what the one gives up the other keeps. */
TEST_F(end, not_before_the_last_message)
{
	struct phx_ioc_recv second;

	lane_send(self->other, self->all, self->all);
	if (variant->state == QUEUED) {
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	}
	ASSERT_EQ(0, server_recv(&self->srv, &second));
	ASSERT_EQ(0, lane_unregister(&self->peer->lanes[2], self->id));
	if (variant->state >= QUEUED) {
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
	}
	self->got = second;
	STILL_SEEN();
	EXPECT_EQ(PAGES, window_pages(self->srv.win.in, WINDOW));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->other));
	ALL_GONE();
}

/* In shared memory: a server that is a process of its own. */
struct victim {
	__u32 port;
	enum state state;
	atomic_int ready, at_state, end;
};

static int victim_main(void *arg)
{
	struct victim *v = arg;
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(region_server_open(&srv, WINDOW) == 0);
	v->port = srv.port;
	atomic_store(&v->ready, 1);
	if (v->state != UNUSED) {
		CHECK(server_recv(&srv, &got) == 0);
		CHECK(server_respond(&srv, &got) == 0);
	}
	if (v->state == TAKEN)
		CHECK(server_recv(&srv, &got) == 0);
	if (v->state == QUEUED)
		CHECK(message_comes(&srv));
	atomic_store(&v->at_state, 1);
	while (!atomic_load(&v->end))
		usleep(100);
	if (v->end == 1)
		_exit(0);
	execl("/proc/self/exe", "test_region_end", "--pause", NULL);
	_exit(1);
}

FIXTURE(victim) {
	struct victim *v;
	pid_t pid;
	struct peer *peer;
};

FIXTURE_VARIANT(victim) {
	enum state state;
	int end;	/* 1 exit, 2 exec, or a kill */
};

#define VICTIM(_name, _state, _end) \
	FIXTURE_VARIANT_ADD(victim, _name) { .state = _state, .end = _end, }

VICTIM(killed_unused, UNUSED, 0);
VICTIM(killed_idle, IDLE, 0);
VICTIM(killed_queued, QUEUED, 0);
VICTIM(killed_taken, TAKEN, 0);
VICTIM(exits_idle, IDLE, 1);
VICTIM(exits_taken, TAKEN, 1);
VICTIM(execs_idle, IDLE, 2);
VICTIM(execs_queued, QUEUED, 2);
VICTIM(execs_taken, TAKEN, 2);

FIXTURE_SETUP(victim)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	self->v = shared_memory(sizeof(*self->v));
	self->v->state = variant->state;
	self->pid = child_run(-1, victim_main, self->v);
	ASSERT_TRUE(wait_for(&self->v->ready, 1));
	self->peer = peer_start(-1, self->v->port);
	ASSERT_NE(NULL, self->peer);
}

FIXTURE_TEARDOWN(victim)
{
	kill(self->pid, SIGKILL);
	EXPECT_EQ(0, lane_do(&self->peer->lanes[0], do_close));
	peer_kill(self->peer);
}

/* The sender goes on, and all that it registered is its own again. */
TEST_F(victim, leaves_nothing)
{
	struct lane *lane = &self->peer->lanes[0];
	int id = lane_register(lane, BOTH, 0, PAGES * PAGE);
	struct part all = { id, 0, PAGES * PAGE };

	ASSERT_LE(0, id);
	if (variant->state != UNUSED) {
		lane_send(lane, all, all);
		ASSERT_EQ(0, lane_answer(lane));
	}
	if (variant->state >= QUEUED)
		lane_send(lane, all, all);
	ASSERT_TRUE(wait_for(&self->v->at_state, 1));
	if (variant->end)
		atomic_store(&self->v->end, variant->end);
	else
		kill(self->pid, SIGKILL);
	if (variant->state >= QUEUED)
		EXPECT_ERR(variant->state == TAKEN ? EPIPE : EINVAL, lane_answer(lane));
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
	EXPECT_ERR(EINVAL, lane_send_error(lane, all, NO_PART));
	EXPECT_ERR(ENOENT, lane_unregister(lane, id));
	EXPECT_ERR(EINVAL, lane_register(lane, BOTH, 0, PAGE));
	if (variant->end < 2)
		EXPECT_EQ(variant->end ? 0 : -SIGKILL, child_end(self->pid));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--pause")) {
		pause();
		return 0;
	}
	return test_harness_run(argc, argv);
}
