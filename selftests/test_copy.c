// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of buffers: wherever they begin and however long they are, no byte is
 * missing, wrong or one too many, in either direction; and memory that ends
 * halfway is noticed. rmmod.sh runs this with each way to copy.
 */
#include "phx_peer.h"

#define ROOM (16 * PAGE)

FIXTURE(copy) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
};

FIXTURE_SETUP(copy)
{
	SERVER_OR_SKIP(&self->srv, 0, ROOM);
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
}

FIXTURE_TEARDOWN(copy)
{
	peer_kill(self->peer);
	server_close(&self->srv);
}

/* The output, written by the server, and the bytes around it. */
static int do_compare_output(struct lane *lane)
{
	char *out = (char *)(uintptr_t)lane->send.msg.o.data;
	size_t len = lane->send.msg.o.size, off = out - lane->peer->mem;
	bool right = holds(out, len, SEED_ANSWER) &&
		     holds_from(out - 64, 64, SEED_IN, off - 64) &&
		     holds_from(out + len, 64, SEED_IN, off + len);

	fill_from(out, len, SEED_IN, off);
	return right;
}

static void pass(struct __test_metadata *_metadata, FIXTURE_DATA(copy) *self,
		 size_t off, size_t len)
{
	const size_t out = PEER_SIZE / 2;
	char *end;

	memset(self->srv.copy, CANARY, self->srv.copy_size);
	lane_send(self->lane, (struct part) { PLAIN, off, len },
		  (struct part) { PLAIN, out + off, len });
	ASSERT_EQ(0, server_recv_room(&self->srv, ROOM, &self->got));
	ASSERT_EQ(PHX_CLASS_COPY, self->got.i_class);
	ASSERT_EQ(PHX_CLASS_COPY, self->got.o_class);
	EXPECT_TRUE(holds_from(in_of(&self->got.msg), len, SEED_IN, off));
	EXPECT_TRUE(holds_from(out_of(&self->got.msg), len, SEED_IN, out + off));
	end = out_of(&self->got.msg) + len;
	EXPECT_TRUE(all_are(end, self->srv.copy + ROOM - end, CANARY));
	fill(out_of(&self->got.msg), len, SEED_ANSWER);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->lane));
	EXPECT_EQ(1, lane_do(self->lane, do_compare_output)) {
		TH_LOG("offset %zu, %zu bytes", off, len);
	}
}

TEST_F(copy, of_any_length)
{
	static const size_t around[] = { 64, 128, 512, 1024, PAGE, 2 * PAGE, 3 * PAGE };
	size_t i, len;

	for (len = 1; len <= 72; len++)
		pass(_metadata, self, PAGE, len);
	for (i = 0; i < ARRAY_SIZE(around); i++)
		for (len = around[i] - 9; len <= around[i] + 9; len++)
			pass(_metadata, self, PAGE, len);
}

TEST_F(copy, wherever_it_begins)
{
	static const size_t lens[] = { 1, 63, 65, 200, PAGE, PAGE + 77 };
	size_t i, off;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for (off = 1; off <= 64; off += off < 9 ? 1 : 11)
			pass(_metadata, self, PAGE + off, lens[i]);
		for (off = 1; off <= 72; off += off < 9 ? 1 : 11)
			pass(_metadata, self, 2 * PAGE - off, lens[i]);
	}
}

/* Memory of the receiver that ends within the copy, at any place of it. */
TEST_F(copy, receiver_without_memory_for_all_of_it)
{
	static const size_t missing[] = { 1, 8, 63, 64, 65, 1000, PAGE };
	char *room = memory(2 * PAGE);
	size_t i;

	ASSERT_EQ(0, munmap(room + PAGE, PAGE));
	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		struct phx_ioc_recv recv = {
			.rid = PHX_RID_NONE, .buf_size = PAGE,
			.buf = addr(room + missing[i]) & ~63UL,
		};

		/* Aligned as the original, so that it begins where the room does. */
		lane_send(self->lane, (struct part) { PLAIN, 0, PAGE }, NO_PART);
		recv.buf += missing[i] % 64 ? 64 : 0;
		EXPECT_ERR(EFAULT, msg_recv_arg(self->srv.fd, self->srv.port, &recv));
		ASSERT_EQ(0, server_recv_room(&self->srv, ROOM, &self->got));
		EXPECT_TRUE(holds(in_of(&self->got.msg), PAGE, SEED_IN));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
	}
}

static int do_protect(struct lane *lane)
{
	return mprotect(lane->peer->mem + PAGE, PAGE, lane->param) ? -errno : 0;
}

/* A sender's memory, likewise. */
TEST_F(copy, sender_without_memory_for_all_of_it)
{
	static const size_t before[] = { 1, 8, 63, 64, 65, 1000 };
	size_t i;

	self->lane->param = PROT_NONE;
	ASSERT_EQ(0, lane_do(self->lane, do_protect));
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		struct part over = { PLAIN, PAGE - before[i], before[i] + 1 };
		struct part up_to = { PLAIN, PAGE - before[i], before[i] };

		EXPECT_EQ(-EFAULT, lane_send_error(self->lane, over, NO_PART));
		EXPECT_EQ(-EFAULT, lane_send_error(self->lane, NO_PART, over));
		lane_send(self->lane, up_to, NO_PART);
		ASSERT_EQ(0, server_recv_room(&self->srv, ROOM, &self->got));
		EXPECT_TRUE(holds_from(in_of(&self->got.msg), up_to.len, SEED_IN, up_to.off));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_EQ(0, lane_answer(self->lane));
	}
	self->lane->param = PROT_READ | PROT_WRITE;
	EXPECT_EQ(0, lane_do(self->lane, do_protect));
}

/* The server takes away what it was given before it responds. */
TEST_F(copy, server_without_the_output)
{
	char *room = memory(2 * PAGE);
	struct phx_ioc_recv recv = {
		.rid = PHX_RID_NONE, .buf_size = 2 * PAGE, .buf = addr(room),
	};

	lane_send(self->lane, NO_PART, (struct part) { PLAIN, 0, PAGE + 100 });
	ASSERT_EQ(0, msg_recv_arg(self->srv.fd, self->srv.port, &recv));
	ASSERT_EQ(PHX_CLASS_COPY, recv.o_class);
	ASSERT_EQ(0, mprotect(room + PAGE, PAGE, PROT_NONE));
	EXPECT_ERR(EFAULT, server_respond(&self->srv, &recv));
	ASSERT_EQ(0, mprotect(room + PAGE, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, server_respond(&self->srv, &recv));
	EXPECT_EQ(0, lane_answer(self->lane));
}

TEST_HARNESS_MAIN
