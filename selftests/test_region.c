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

TEST_HARNESS_MAIN
