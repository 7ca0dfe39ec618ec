// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small inputs are not pinned but copied to a page that the sender's file keeps for
 * that. Nothing of one message gets to the receiver of another by it, and the page
 * goes with the file.
 */
#include "phx_call.h"
#include "phx_peer.h"

#define WINDOW (64 * PAGE)
#define ROOM (16 * PAGE)

FIXTURE(keep) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
	long long pinned, live;
};

static struct part part(size_t off, size_t len)
{
	return (struct part) { .id = PLAIN, .off = off, .len = len };
}

FIXTURE_SETUP(keep)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, ROOM);
	self->live = stat_read("pages_kept_live");
	if (self->live < 0)
		SKIP(return, "the counters can't be read");
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	/* From the second message on the memory is used again. */
	lane_send(self->lane, NO_PART, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	ASSERT_EQ(0, lane_answer(self->lane));
	self->pinned = stat_read("pages_pinned");
}

FIXTURE_TEARDOWN(keep)
{
	if (self->live < 0)
		return;
	peer_kill(self->peer);
	server_close(&self->srv);
	EXPECT_TRUE(stat_becomes("pages_kept_live", self->live));
}

/* One message to its end, with @room for copies; the input is as it should be. */
static void pass(struct __test_metadata *_metadata, FIXTURE_DATA(keep) *self,
		 struct part in, struct part out, size_t room, int seed)
{
	lane_send(self->lane, in, out);
	ASSERT_EQ(0, server_recv_room(&self->srv, room, &self->got));
	EXPECT_EQ(room ? PHX_CLASS_COPY : PHX_CLASS_LEND, self->got.i_class);
	EXPECT_TRUE(holds_from(in_of(&self->got.msg), in.len, seed, in.off));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->lane));
}

static long long pinned(FIXTURE_DATA(keep) *self)
{
	return stat_read("pages_pinned") - self->pinned;
}

TEST_F(keep, input_in_one_page_is_not_pinned)
{
	static const size_t lens[] = { 1, 7, 64, 65, 1000, 4095, PAGE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		pass(_metadata, self, part(PAGE, lens[i]), NO_PART, ROOM, SEED_IN);
	pass(_metadata, self, part(PAGE + 4095, 1), NO_PART, ROOM, SEED_IN);
	EXPECT_EQ(0, pinned(self));
	EXPECT_EQ(self->live + 1, stat_read("pages_kept_live"));
}

TEST_F(keep, others_are_pinned)
{
	pass(_metadata, self, part(PAGE - 1, 2), NO_PART, ROOM, SEED_IN);
	EXPECT_EQ(2, pinned(self));
	pass(_metadata, self, part(0, PAGE + 1), NO_PART, ROOM, SEED_IN);
	EXPECT_EQ(4, pinned(self));
	pass(_metadata, self, part(0, 100), part(PAGE, 100), ROOM, SEED_IN);
	EXPECT_EQ(5, pinned(self));
}

/* A page that is lent shows the bytes of its own message alone. */
TEST_F(keep, nothing_of_earlier_messages_is_shown)
{
	static const struct part later[] = {
		{ PLAIN, PAGE + 1000, 100 }, { PLAIN, 2 * PAGE, 1 }, { PLAIN, 2 * PAGE + 4000, 96 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(later); i++) {
		size_t off = later[i].off % PAGE, len = later[i].len;
		char *page;

		pass(_metadata, self, part(0, PAGE), NO_PART, ROOM, SEED_IN);
		lane_send(self->lane, later[i], NO_PART);
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
		ASSERT_EQ(PHX_CLASS_LEND, self->got.i_class);
		page = in_of(&self->got.msg) - off;
		EXPECT_TRUE(all_are(page, off, 0));
		EXPECT_TRUE(holds_from(page + off, len, SEED_IN, later[i].off));
		EXPECT_TRUE(all_are(page + off + len, PAGE - off - len, 0));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
		EXPECT_EQ(SIGBUS, probe_read(page));
	}
	EXPECT_EQ(0, pinned(self));
}

/* What the sender writes while the server has the message is not part of it. */
TEST_F(keep, message_is_as_it_was_sent)
{
	lane_send(self->lane, part(0, PAGE), NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	self->peer->lanes[1].param = SEED_LATER;
	EXPECT_EQ(0, lane_do(&self->peer->lanes[1], do_fill));
	EXPECT_TRUE(holds(in_of(&self->got.msg), PAGE, SEED_IN));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->lane));
	pass(_metadata, self, part(0, PAGE), NO_PART, ROOM, SEED_LATER);
}

TEST_F(keep, page_outlives_its_sender_until_the_response)
{
	pass(_metadata, self, part(0, PAGE), NO_PART, ROOM, SEED_IN);
	lane_send(self->lane, part(PAGE, PAGE), NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(-SIGKILL, peer_kill(self->peer));
	EXPECT_TRUE(holds_from(in_of(&self->got.msg), PAGE, SEED_IN, PAGE));
	EXPECT_EQ(self->live + 1, stat_read("pages_kept_live"));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
	EXPECT_TRUE(stat_becomes("pages_kept_live", self->live));
}

TEST_F(keep, page_goes_with_the_file)
{
	pass(_metadata, self, part(0, PAGE), NO_PART, ROOM, SEED_IN);
	EXPECT_EQ(0, lane_do(self->lane, do_close));
	EXPECT_TRUE(stat_becomes("pages_kept_live", self->live));
}

static int do_protect(struct lane *lane)
{
	return mprotect(lane->peer->mem, PAGE, lane->param) ? -errno : 0;
}

TEST_F(keep, input_that_can_not_be_read_is_refused)
{
	self->lane->param = PROT_NONE;
	ASSERT_EQ(0, lane_do(self->lane, do_protect));
	EXPECT_EQ(-EFAULT, lane_send_error(self->lane, part(0, PAGE), NO_PART));
	EXPECT_EQ(-EFAULT, lane_send_error(self->lane, part(100, 1), part(PAGE, 100)));
	pass(_metadata, self, part(PAGE, PAGE), NO_PART, ROOM, SEED_IN);
	EXPECT_EQ(0, pinned(self));
}

/* Each of the threads has a message on its way; there is one page for them all. */
TEST_F(keep, several_at_once_do_not_mix)
{
	struct phx_ioc_recv got[PEER_LANES];
	int i;

	pass(_metadata, self, part(0, PAGE), NO_PART, ROOM, SEED_IN);
	for (i = 0; i < PEER_LANES; i++) {
		lane_send(&self->peer->lanes[i], part(i * PAGE, PAGE), NO_PART);
		ASSERT_EQ(0, server_recv(&self->srv, &got[i]));
	}
	for (i = 0; i < PEER_LANES; i++) {
		EXPECT_TRUE(holds_from(in_of(&got[i].msg), PAGE, SEED_IN, i * PAGE));
		EXPECT_EQ(0, server_respond(&self->srv, &got[i]));
		EXPECT_EQ(0, lane_answer(&self->peer->lanes[i]));
	}
	EXPECT_EQ(PEER_LANES - 1, pinned(self));
	EXPECT_EQ(self->live + 1, stat_read("pages_kept_live"));
}

static int do_send_poor(struct lane *lane)
{
	CHECK(cap_drop(CAP_SYS_RESOURCE) == 0);
	return do_send(lane);
}

/* It is charged as any other that is there for messages. */
TEST_F(keep, beyond_the_limit_there_is_none)
{
	long long before = param_read("max_pages");

	if (param_write("max_pages", 0))
		SKIP(return, "only root may change the limits");
	lane_set_send(self->lane, part(0, PAGE), NO_PART);
	EXPECT_EQ(-EDQUOT, lane_do(self->lane, do_send_poor));
	EXPECT_EQ(self->live, stat_read("pages_kept_live"));
	EXPECT_EQ(0, param_write("max_pages", before));
}

TEST_HARNESS_MAIN
