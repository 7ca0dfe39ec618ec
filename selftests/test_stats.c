// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's counters: each message counts once for what becomes of it, each buffer
 * once for how it went over, and nothing counts that did not happen.
 */
#include "phx_peer.h"

#define WINDOW (64 * PAGE)

/* What is compared; the gauges, *_live, are what run-tests looks at. */
static const char *const names[] = {
	"messages_sent", "messages_received", "messages_answered", "messages_withdrawn",
	"messages_orphaned", "messages_requeued", "messages_aborted", "buffers_inline",
	"buffers_same", "buffers_copied", "buffers_lent", "buffers_relent", "buffers_bounced",
	"buffers_registered", "pages_huge",
};

enum { NAMES = ARRAY_SIZE(names) };

FIXTURE(stats) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	long long was[NAMES], pinned;
};

static void look(FIXTURE_DATA(stats) *self)
{
	int i;

	for (i = 0; i < NAMES; i++)
		self->was[i] = stat_read(names[i]);
	self->pinned = stat_read("pages_pinned");
}

FIXTURE_SETUP(stats)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	if (stat_read("messages_sent") < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	look(self);
}

FIXTURE_TEARDOWN(stats)
{
	if (self->peer)
		peer_kill(self->peer);
	server_close(&self->srv);
}

/* How much a counter is to have grown: 0 but for those in @grown, "NAME:N" by spaces. */
static long long wanted(const char *grown, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = grown; (at = strstr(at, name)); at += len)
		if ((at == grown || at[-1] == ' ') && at[len] == ':')
			return atoll(at + len + 1);
	return 0;
}

/* Prints what is wrong. */
static bool have_grown(FIXTURE_DATA(stats) *self, const char *grown)
{
	bool right = true;
	int i;

	for (i = 0; i < NAMES; i++) {
		long long by = stat_read(names[i]) - self->was[i];

		if (by == wanted(grown, names[i]))
			continue;
		fprintf(stderr, "# %s has grown by %lld, not %lld\n", names[i], by,
			wanted(grown, names[i]));
		right = false;
	}
	return right;
}

/* Pages that were pinned since then; all of them must be unpinned. */
static long long pinned(FIXTURE_DATA(stats) *self)
{
	long long n = stat_read("pages_pinned");

	return n == stat_read("pages_unpinned") ? n - self->pinned : -1;
}

static int serve_one(FIXTURE_DATA(stats) *self)
{
	struct phx_ioc_recv got;
	int err = server_recv(&self->srv, &got);

	err = err ?: server_respond(&self->srv, &got);
	return err ?: lane_answer(self->lane);
}

#define TAKEN "messages_sent:1 messages_received:1 "
#define SERVED TAKEN "messages_answered:1 "

TEST_F(stats, message_without_buffers)
{
	lane_send(self->lane, NO_PART, NO_PART);
	ASSERT_EQ(0, serve_one(self));
	EXPECT_TRUE(have_grown(self, SERVED));
	EXPECT_EQ(0, pinned(self));
}

TEST_F(stats, buffers_in_the_message)
{
	lane_set_send(self->lane, NO_PART, NO_PART);
	self->lane->send.flags = PHX_SEND_I_INLINE | PHX_SEND_O_INLINE;
	self->lane->send.msg.i.size = 16;
	self->lane->send.msg.o.size = 8;
	lane_ask(self->lane, do_send);
	ASSERT_EQ(0, serve_one(self));
	EXPECT_TRUE(have_grown(self, SERVED "buffers_inline:2"));
	EXPECT_EQ(0, pinned(self));
}

TEST_F(stats, buffers_that_are_lent)
{
	struct part in = { PLAIN, 0, 4 * PAGE }, out = { PLAIN, 8 * PAGE, 3 * PAGE };

	lane_send(self->lane, in, out);
	ASSERT_EQ(0, serve_one(self));
	EXPECT_TRUE(have_grown(self, SERVED "buffers_lent:2"));
	EXPECT_EQ(7, pinned(self));
}

TEST_F(stats, buffers_that_are_copied)
{
	struct part in = { PLAIN, 0, 100 }, out = { PLAIN, 8 * PAGE, 3 * PAGE };
	struct phx_ioc_recv got;

	windows_unmap(&self->srv.win);
	lane_send(self->lane, in, out);
	ASSERT_EQ(0, server_recv_room(&self->srv, 8 * PAGE, &got));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	ASSERT_EQ(0, lane_answer(self->lane));
	EXPECT_TRUE(have_grown(self, SERVED "buffers_copied:2"));
	EXPECT_EQ(0, stat_read("pages_pinned") - stat_read("pages_unpinned"));
}

TEST_F(stats, buffers_that_are_registered)
{
	int id = lane_register(self->lane, PHX_BUFFER_IN | PHX_BUFFER_OUT, 0, 4 * PAGE);
	struct part in = { id, 0, 2 * PAGE }, out = { id, 2 * PAGE, PAGE };

	ASSERT_LE(0, id);
	lane_send(self->lane, in, out);
	ASSERT_EQ(0, serve_one(self));
	EXPECT_TRUE(have_grown(self, SERVED "buffers_registered:2"));
	ASSERT_EQ(0, lane_unregister(self->lane, id));
	EXPECT_EQ(4, pinned(self));
}

static void *sends_within(void *arg)
{
	const struct server *srv = arg;
	struct phx_msg msg = { .type = 1 };

	set_input(&msg, memory(PAGE), PAGE);
	return (void *)(long)msg_send(srv->fd, srv->port, &msg);
}

TEST_F(stats, buffers_within_a_process)
{
	struct phx_ioc_recv got;
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, sends_within, &self->srv));
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(0, server_respond(&self->srv, &got));
	pthread_join(thread, &err);
	EXPECT_EQ(NULL, err);
	EXPECT_TRUE(have_grown(self, SERVED "buffers_same:1"));
	EXPECT_EQ(0, pinned(self));
}

TEST_F(stats, sender_that_gives_up_in_the_queue)
{
	lane_set_send(self->lane, NO_PART, NO_PART);
	self->lane->send.timeout_ns = 1000;
	EXPECT_ERR(ETIMEDOUT, lane_do(self->lane, do_send));
	EXPECT_TRUE(have_grown(self, "messages_sent:1 messages_withdrawn:1"));
}

TEST_F(stats, sender_that_is_killed_while_a_server_has_its_message)
{
	struct part in = { PLAIN, 0, 4 * PAGE };
	struct phx_ioc_recv got;

	lane_send(self->lane, in, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(-SIGKILL, peer_kill(self->peer));
	self->peer = NULL;
	EXPECT_TRUE(have_grown(self, TAKEN "messages_orphaned:1 buffers_lent:1"));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &got));
	EXPECT_EQ(4, pinned(self));
}

/* It could not be told of it, and gets it again. */
TEST_F(stats, message_that_is_put_back)
{
	struct phx_ioc_recv *bad = (void *)memory(PAGE);

	ASSERT_NE(NULL, bad);
	bad->size = sizeof(*bad);
	bad->port = self->srv.port;
	ASSERT_EQ(0, mprotect(bad, PAGE, PROT_READ));
	lane_send(self->lane, NO_PART, NO_PART);
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv.fd, PHX_IOC_RECV, bad));
	EXPECT_TRUE(have_grown(self, "messages_sent:1 messages_requeued:1"));
	ASSERT_EQ(0, serve_one(self));
	EXPECT_TRUE(have_grown(self, SERVED "messages_requeued:1"));
}

/* Either it slept or it spun, and who did not wait did neither. */
TEST_F(stats, waits)
{
	long long slept = stat_read("waits_slept"), spun = stat_read("waits_spun");
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE, .flags = PHX_RECV_NONBLOCK };

	EXPECT_ERR(EAGAIN, msg_recv_arg(self->srv.fd, self->srv.port, &got));
	EXPECT_EQ(slept, stat_read("waits_slept"));
	EXPECT_EQ(spun, stat_read("waits_spun"));
	lane_send(self->lane, NO_PART, NO_PART);
	ASSERT_TRUE(stat_becomes("waits_slept", slept + 1));
	ASSERT_EQ(0, serve_one(self));
	EXPECT_EQ(slept + 1, stat_read("waits_slept"));
	EXPECT_EQ(spun, stat_read("waits_spun"));
}

TEST_HARNESS_MAIN
