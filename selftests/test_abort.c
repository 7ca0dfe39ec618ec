// SPDX-License-Identifier: GPL-2.0-only
/*
 * An operator ends messages, in each state that they can be in.
 */
#include "phx_netlink.h"
#include "phx_peer.h"

#define WINDOW (64 * PAGE)

FIXTURE(abort) {
	struct server srv;
	struct nl nl;
};

FIXTURE_SETUP(abort)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, server_open(&self->srv, WINDOW, PAGE));
	ASSERT_EQ(0, nl_open(&self->nl));
}

FIXTURE_TEARDOWN(abort)
{
	close(self->nl.fd);
	close(self->srv.fd);
}

TEST_F(abort, queued_message_is_never_seen)
{
	struct call *call = send_type(-1, self->srv.port, 5);
	struct nl_message m;
	struct phx_msg msg;
	int rid;

	ASSERT_TRUE(call_waits(call));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(call));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv.fd, self->srv.port, &msg, &rid));
	EXPECT_EQ(-ENOENT, nl_abort(&self->nl, &m, false));
	EXPECT_NE(0, self->nl.text[0]);
}

TEST_F(abort, of_those_queued_only_the_one_that_is_meant)
{
	struct call *calls[3];
	struct nl_message m;
	struct phx_msg msg;
	int i, rid;

	for (i = 0; i < 3; i++) {
		calls[i] = send_type(-1, self->srv.port, 10 + i);
		ASSERT_TRUE(call_waits(calls[i]));
	}
	ASSERT_EQ(1, nl_message(&self->nl, 11, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(calls[1]));
	for (i = 0; i < 3; i += 2) {
		ASSERT_EQ(0, msg_recv_now(self->srv.fd, self->srv.port, &msg, &rid));
		EXPECT_EQ(10 + i, msg.type);
		EXPECT_EQ(0, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
		EXPECT_EQ(0, call_end_free(calls[i]));
	}
}

TEST_F(abort, server_that_holds_it_is_told_once)
{
	struct call *call = send_type(-1, self->srv.port, 5);
	struct nl_message m;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, msg_recv(self->srv.fd, self->srv.port, &msg, &rid));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(call));
	EXPECT_EQ(0, nl_message(&self->nl, 5, &m));
	/* Another port's number does not use up what is told. */
	EXPECT_NE(-ESRCH, msg_respond(self->srv.fd, self->srv.port + 1, &msg, rid));
	EXPECT_ERR(ESRCH, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
	EXPECT_ERR(ENOENT, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
}

TEST_F(abort, message_must_be_named_rightly)
{
	struct call *call = send_type(-1, self->srv.port, 5);
	struct nl_message m, wrong;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, msg_recv(self->srv.fd, self->srv.port, &msg, &rid));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	wrong = m;
	wrong.id++;
	EXPECT_EQ(-ENOENT, nl_abort(&self->nl, &wrong, true));
	wrong = m;
	wrong.client += 1000;
	EXPECT_EQ(-ENOENT, nl_abort(&self->nl, &wrong, true));
	nl_begin(&self->nl, self->nl.family, 0, PHX_CMD_MESSAGE_ABORT);
	nl_u64(&self->nl, PHX_A_MESSAGE_ID, m.id);
	EXPECT_EQ(-EINVAL, nl_talk(&self->nl, NULL, NULL));
	EXPECT_EQ(0, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
	EXPECT_EQ(0, call_end_free(call));
}

TEST_F(abort, message_of_a_port_that_is_gone)
{
	struct call *call = send_type(-1, self->srv.port, 5);
	struct nl_message m;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, msg_recv(self->srv.fd, self->srv.port, &msg, &rid));
	ASSERT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(call));
	EXPECT_ERR(ESRCH, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
}

TEST_F(abort, orphan_gives_back_what_is_pinned)
{
	struct call *call = call_send(self->srv.port);
	long long pinned = stat_read("pages_pinned_live");
	struct phx_ioc_recv got;
	struct nl_message m;

	call->send.msg.type = 5;
	set_input(&call->send.msg, call->in, 8 * PAGE);
	call_process(call);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(call));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(PHX_MESSAGE_ORPHAN, m.state);
	EXPECT_EQ(0, nl_abort(&self->nl, &m, true));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", pinned));
	EXPECT_ERR(ESRCH, msg_respond(self->srv.fd, self->srv.port, &got.msg, got.rid));
	call_free(call);
}

TEST_F(abort, what_is_lent_takes_force_and_is_out_of_reach_before_the_sender_goes_on)
{
	struct call *call = call_send(self->srv.port);
	struct phx_ioc_recv got;
	struct nl_message m;
	char *seen;

	call->send.msg.type = 5;
	set_output(&call->send.msg, call->out, 8 * PAGE);
	call_process(call);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(PHX_CLASS_LEND, got.o_class);
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(-EBUSY, nl_abort(&self->nl, &m, false));
	EXPECT_EQ(0, atomic_load(&call->done));
	seen = (char *)(uintptr_t)got.msg.o.data;
	seen[0] = 'x';
	EXPECT_EQ(0, nl_abort(&self->nl, &m, true));
	EXPECT_ERR(ECANCELED, call_end(call));
	EXPECT_NE(0, probe_read(seen));
	EXPECT_ERR(ESRCH, msg_respond(self->srv.fd, self->srv.port, &got.msg, got.rid));
	call_free(call);
}

static struct call *send_lent(__u32 port, int type)
{
	struct call *call = call_send(port);

	call->send.msg.type = type;
	set_input(&call->send.msg, call->in, 8 * PAGE);
	set_output(&call->send.msg, call->out, 8 * PAGE);
	call_process(call);
	return call;
}

/* A server that does not know yet must not get at the next message instead. */
TEST_F(abort, place_of_what_was_lent_is_not_anothers_before_the_server_knows)
{
	struct call *first = send_lent(self->srv.port, 5), *next;
	struct phx_ioc_recv got, second;
	struct nl_message m;

	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(PHX_CLASS_LEND, got.o_class);
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, true));
	EXPECT_ERR(ECANCELED, call_end_free(first));
	next = send_lent(self->srv.port, 6);
	ASSERT_EQ(0, server_recv(&self->srv, &second));
	EXPECT_NE(0, probe_read((void *)(uintptr_t)got.msg.i.data));
	EXPECT_NE(0, probe_read((void *)(uintptr_t)got.msg.o.data));
	EXPECT_ERR(ESRCH, msg_respond(self->srv.fd, self->srv.port, &got.msg, got.rid));
	EXPECT_EQ(0, server_answer(&self->srv, &second));
	EXPECT_EQ(0, call_end_free(next));
	next = send_lent(self->srv.port, 7);
	ASSERT_EQ(0, server_recv(&self->srv, &second));
	EXPECT_EQ(got.msg.i.data, second.msg.i.data);
	EXPECT_EQ(got.msg.o.data, second.msg.o.data);
	EXPECT_EQ(0, server_answer(&self->srv, &second));
	EXPECT_EQ(0, call_end_free(next));
}

TEST_F(abort, server_may_end_with_what_was_aborted)
{
	struct call *call = send_type(-1, self->srv.port, 5);
	struct nl_message m;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, msg_recv(self->srv.fd, self->srv.port, &msg, &rid));
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(call));
}

FIXTURE(registered) {
	struct server srv;
	struct nl nl;
	struct peer *peer;
	struct lane *lane;
	struct part all;
	struct phx_ioc_recv got;
};

/* The server holds a message, and has not heard yet that it was aborted. */
FIXTURE_SETUP(registered)
{
	struct nl_message m;
	int fd, id;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	ASSERT_EQ(0, nl_open(&self->nl));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	id = lane_register(self->lane, PHX_BUFFER_IN | PHX_BUFFER_OUT, 0, 4 * PAGE);
	ASSERT_LE(0, id);
	self->all = (struct part) { id, 0, 4 * PAGE };
	lane_set_send(self->lane, self->all, self->all);
	self->lane->send.msg.type = 5;
	lane_ask(self->lane, do_send);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(PHX_CLASS_REGISTERED, self->got.i_class);
	ASSERT_EQ(1, nl_message(&self->nl, 5, &m));
	EXPECT_EQ(-EBUSY, nl_abort(&self->nl, &m, false));
	EXPECT_EQ(0, nl_abort(&self->nl, &m, true));
	EXPECT_ERR(ECANCELED, lane_answer(self->lane));
	EXPECT_EQ(0, lane_unregister(self->lane, id));
}

FIXTURE_TEARDOWN(registered)
{
	peer_kill(self->peer);
	server_close(&self->srv);
	close(self->nl.fd);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

TEST_F(registered, stays_in_its_place_until_the_server_knows)
{
	struct part other = { PLAIN, 8 * PAGE, 4 * PAGE };
	struct phx_ioc_recv second;
	char *seen = in_of(&self->got.msg);

	lane_send(self->lane, other, other);
	ASSERT_EQ(0, server_recv(&self->srv, &second));
	EXPECT_TRUE(holds(seen, 4 * PAGE, SEED_IN));
	EXPECT_EQ(0, probe_write(out_of(&self->got.msg)));
	EXPECT_NE(seen, in_of(&second.msg));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
	EXPECT_NE(0, probe_read(seen));
	EXPECT_EQ(0, stat_read("regions_live"));
	EXPECT_EQ(0, server_respond(&self->srv, &second));
	EXPECT_EQ(0, lane_answer(self->lane));
}

TEST_F(registered, is_the_servers_when_the_sender_is_gone)
{
	EXPECT_EQ(-SIGKILL, peer_kill(self->peer));
	EXPECT_TRUE(holds(in_of(&self->got.msg), 4 * PAGE, SEED_IN));
	EXPECT_EQ(1, stat_read("regions_live"));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, stat_read("regions_live"));
}

TEST_F(registered, goes_with_a_server_that_never_learns)
{
	close(self->srv.fd);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_NE(0, probe_read(in_of(&self->got.msg)));
}

/* No byte of an input, nor of an answer. */
#define SECRET 0xe1
#define SENDERS 2

/* Those who send until all is done, those who answer, and the operator. */
struct races {
	struct nl *nl;
	struct server *srv;
	size_t size, room;
	__u32 port;
	int rounds;
	atomic_int stop, sent;
	atomic_int answered, cancelled, aborted;	/* as senders and operator see it */
	atomic_int responded, refused, wrong;		/* as the server does */
};

/* On a loaded machine the operator may be late: on until it met the server and the queue. */
static bool is_enough(struct races *r, int rounds)
{
	int held = atomic_load(&r->refused), all = atomic_load(&r->cancelled);

	if (rounds < r->rounds)
		return false;
	/* One that is told to its sender the server may not know of yet. */
	return (held && (kernel_is_slow() || all > held + 1)) || rounds >= 100 * r->rounds;
}

/* However it ended, the memory is the sender's again. */
static void *sends_on(void *arg)
{
	struct races *r = arg;
	char *in = memory(r->size + PAGE), *out = memory(r->size + PAGE);
	int fd = dev_open(0), i, err;

	for (i = 0; !is_enough(r, i); i++) {
		struct phx_msg msg = { .type = 5 };

		memset(in, 1, r->size);
		memset(out, 2, r->size);
		set_input(&msg, in, r->size);
		set_output(&msg, out, r->size);
		err = msg_send(fd, r->port, &msg);
		CHECK(!err || err == -ECANCELED);
		CHECK(err || !r->size || (out[0] == (char)CANARY && out[r->size - 1] == 2));
		CHECK(all_are(in, r->size, 1));
		atomic_fetch_add(err ? &r->cancelled : &r->answered, 1);
		memset(in, SECRET, r->size);
		memset(out, SECRET, r->size);
		usleep(i % 64);
		CHECK(all_are(in, r->size, SECRET) && all_are(out, r->size, SECRET));
	}
	atomic_fetch_add(&r->sent, i);
	return NULL;
}

static int racing_senders(void *arg)
{
	pthread_t threads[SENDERS];
	int i;

	for (i = 0; i < SENDERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, sends_on, arg));
	for (i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void *aborts_all(void *arg)
{
	struct races *r = arg;
	unsigned int seed = 1;
	struct nl_message m;

	while (!atomic_load(&r->stop)) {
		if (nl_message(r->nl, 5, &m) > 0 && !nl_abort(r->nl, &m, true))
			atomic_fetch_add(&r->aborted, 1);
		usleep(rand_r(&seed) % 500);
	}
	return NULL;
}

/* Sees what was sent or, if that was aborted, nothing. */
static void look_and_write(struct races *r, const struct phx_msg *msg)
{
	unsigned char byte;
	size_t at;

	for (at = 0; at < msg->i.size; at += PAGE)
		if (!probe(in_of(msg) + at, false, &byte) && byte != 1)
			atomic_fetch_add(&r->wrong, 1);
	for (at = 0; at < msg->o.size; at += PAGE)
		probe_write(out_of(msg) + at);
}

static void *serves_slowly(void *arg)
{
	struct races *r = arg;
	struct phx_ioc_recv got;
	unsigned int seed = 2;
	int err;

	while (!server_recv_room(r->srv, r->room, &got)) {
		if (rand_r(&seed) % 2)
			usleep(rand_r(&seed) % 2000);
		look_and_write(r, &got.msg);
		jitter(&seed);
		err = server_respond(r->srv, &got);
		atomic_fetch_add(err ? &r->refused : &r->responded, 1);
		if (err && err != -ESRCH)
			atomic_fetch_add(&r->wrong, 1);
	}
	return NULL;
}

FIXTURE(races) {
	struct server srv;
	struct nl nl;
	struct races *r;
};

FIXTURE_VARIANT(races) {
	size_t size, room;
};

FIXTURE_VARIANT_ADD(races, no_buffers) { .size = 0 };
FIXTURE_VARIANT_ADD(races, copied) { .size = 2 * PAGE, .room = 16 * PAGE };
FIXTURE_VARIANT_ADD(races, lent) { .size = 8 * PAGE };

FIXTURE_SETUP(races)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, 16 * PAGE);
	ASSERT_EQ(0, nl_open(&self->nl));
	self->r = shared_memory(sizeof(*self->r));
	*self->r = (struct races) {
		.nl = &self->nl, .srv = &self->srv, .port = self->srv.port,
		.size = variant->size, .room = variant->room, .rounds = rounds(1500),
	};
}

FIXTURE_TEARDOWN(races)
{
	close(self->nl.fd);
	server_close(&self->srv);
	EXPECT_TRUE(stat_becomes("messages_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

TEST_F_TIMEOUT(races, with_all_else_and_each_call_ends_once, 120)
{
	pthread_t operator, server;
	struct races *r = self->r;

	pthread_create(&operator, NULL, aborts_all, r);
	pthread_create(&server, NULL, serves_slowly, r);
	EXPECT_EQ(0, wait_child(child_run(self->srv.fd, racing_senders, r)));
	atomic_store(&r->stop, 1);
	pthread_join(operator, NULL);
	port_destroy(self->srv.fd, self->srv.port);
	pthread_join(server, NULL);
	EXPECT_EQ(0, r->wrong);
	EXPECT_EQ(r->sent, r->answered + r->cancelled);
	EXPECT_EQ(r->aborted, r->cancelled);
	EXPECT_EQ(r->responded, r->answered);
	EXPECT_LT(0, r->answered);
	/* Some of them in the server's hands, and, if there are enough, in the queue. */
	EXPECT_LT(0, r->refused);
	EXPECT_LT(r->refused, r->cancelled + kernel_is_slow());
	TH_LOG("%d answered, %d aborted, %d of these held", r->answered, r->cancelled,
	       r->refused);
}

TEST_HARNESS_MAIN
