// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a message is used again by the next of the same file: nothing of
 * the one shows up in the other, however the one ended, and all of it is given
 * back in the end.
 */
#include "phx_call.h"
#include "phx_peer.h"

#include <stddef.h>

#define WINDOW (64 * PAGE)
#define BIG (5 * PAGE + 100)

static const struct part big = { .id = PLAIN, .off = 300, .len = BIG };
static const struct part small = { .id = PLAIN, .off = 20 * PAGE, .len = 777 };

FIXTURE(spare) {
	struct server srv;
	struct server other;	/* without windows */
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
	long long live, pinned;
};

/* Ends a message in some way, with contents wherever there can be any. */
typedef void spoil_fn(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self);

FIXTURE_VARIANT(spare) {
	spoil_fn *spoil;
};

/* Begin to send a message that is full, to @port. */
static void send_full(FIXTURE_DATA(spare) *self, __u32 port, struct part in, struct part out)
{
	struct lane *lane = self->lane;

	lane_set_send(lane, in, out);
	lane->send.msg.type = -1;
	memset(&lane->send.msg.oid, 0xa0, sizeof(lane->send.msg.oid));
	memset(lane->send.msg.i.raw, 0xa1, PHX_RAW_SIZE);
	memset(lane->send.msg.o.raw, 0xa2, PHX_RAW_SIZE);
	lane->send.msg.o.err = 0xa3;
	self->peer->port = port;
}

static void go(FIXTURE_DATA(spare) *self)
{
	lane_ask(self->lane, do_send);
}

#define EXPECT_SENT(_err) do {							\
	EXPECT_EQ(_err, lane_answer(self->lane));				\
	self->peer->port = self->srv.port;					\
} while (0)

static int respond_full(struct server *srv, struct phx_ioc_recv *got)
{
	memset(got->msg.o.raw, 0xb2, PHX_RAW_SIZE);
	got->msg.o.err = 0xb3;
	return server_respond(srv, got);
}

static void copied(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, small, small);
	go(self);
	ASSERT_EQ(0, server_recv_room(&self->srv, self->srv.copy_size, &self->got));
	EXPECT_EQ(PHX_CLASS_COPY, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_COPY, self->got.o_class);
	ASSERT_EQ(0, respond_full(&self->srv, &self->got));
	EXPECT_SENT(0);
}

static void lent(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	go(self);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(PHX_CLASS_LEND, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_LEND, self->got.o_class);
	ASSERT_EQ(0, respond_full(&self->srv, &self->got));
	EXPECT_SENT(0);
}

static void inlined(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, NO_PART, NO_PART);
	self->lane->send.flags = PHX_SEND_I_INLINE | PHX_SEND_O_INLINE;
	self->lane->send.i_off = 8;
	self->lane->send.o_off = 16;
	self->lane->send.msg.i.size = 40;
	self->lane->send.msg.o.size = 48;
	go(self);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(PHX_CLASS_INLINE, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_INLINE, self->got.o_class);
	ASSERT_EQ(0, respond_full(&self->srv, &self->got));
	EXPECT_SENT(0);
}

static void put_back_then_answered(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	struct phx_ioc_recv *bad = (void *)memory(PAGE);

	bad->size = sizeof(*bad);
	bad->port = self->srv.port;
	ASSERT_EQ(0, mprotect(bad, PAGE, PROT_READ));
	send_full(self, self->srv.port, big, big);
	go(self);
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv.fd, PHX_IOC_RECV, bad));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(0, respond_full(&self->srv, &self->got));
	EXPECT_SENT(0);
}

static void bad_input(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.msg.i.data = 64;
	go(self);
	EXPECT_SENT(-EFAULT);
}

/* The input is prepared by then. */
static void bad_output(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.msg.o.data = 64;
	go(self);
	EXPECT_SENT(-EFAULT);
}

static void too_long(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.msg.o.size = PHX_MESSAGE_MAX + 1ULL;
	go(self);
	EXPECT_SENT(-EMSGSIZE);
}

static void unknown_flags(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.flags = 1U << 31;
	go(self);
	EXPECT_SENT(-EINVAL);
}

static void unknown_port(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, 0x7fffffff, big, big);
	go(self);
	EXPECT_SENT(-EINVAL);
}

static void unknown_registered(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, (struct part) { .id = 7, .len = 100 }, big);
	go(self);
	EXPECT_SENT(-ENOENT);
}

static void nobody_waits(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.flags = PHX_SEND_NONBLOCK;
	go(self);
	EXPECT_SENT(-EAGAIN);
}

static int do_send_catching(struct lane *lane)
{
	call_catch(SIGUSR1, 0);
	return do_send(lane);
}

static void interrupted(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	lane_ask(self->lane, do_send_catching);
	ASSERT_TRUE(message_comes(&self->srv));
	/* The process has other threads, which might take one that is for all. */
	syscall(SYS_tgkill, self->peer->pid, self->peer->pid, SIGUSR1);
	EXPECT_SENT(-EINTR);
}

static void time_over_queued(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.timeout_ns = 1;
	go(self);
	EXPECT_SENT(-ETIMEDOUT);
}

static void time_over_taken(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->srv.port, big, big);
	self->lane->send.timeout_ns = 300000000;
	go(self);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_SENT(-ETIMEDOUT);
}

static void answered_too_late(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	time_over_taken(_metadata, self);
	EXPECT_ERR(ESRCH, respond_full(&self->srv, &self->got));
}

static void port_destroyed(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->other.port, big, big);
	go(self);
	ASSERT_TRUE(message_comes(&self->other));
	ASSERT_EQ(0, port_destroy(self->other.fd, self->other.port));
	EXPECT_SENT(-EINVAL);
}

static void no_room_ever(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->other.port, big, big);
	go(self);
	ASSERT_TRUE(message_comes(&self->other));
	self->got.flags = PHX_RECV_NONBLOCK;
	EXPECT_ERR(EAGAIN, msg_recv_arg(self->other.fd, self->other.port, &self->got));
	EXPECT_SENT(-EMSGSIZE);
}

/* Of the one buffer there is a copy by then, for the other there is no room. */
static void no_room_for_the_second(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	send_full(self, self->other.port, small, big);
	go(self);
	ASSERT_TRUE(message_comes(&self->other));
	self->got = (struct phx_ioc_recv) {
		.flags = PHX_RECV_NONBLOCK, .buf = addr(self->other.copy), .buf_size = PAGE,
	};
	EXPECT_ERR(EAGAIN, msg_recv_arg(self->other.fd, self->other.port, &self->got));
	EXPECT_SENT(-EMSGSIZE);
}

static void server_closed(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	ASSERT_EQ(0, windows_map(self->other.fd, &self->other.win, WINDOW));
	send_full(self, self->other.port, big, big);
	go(self);
	ASSERT_EQ(0, server_recv(&self->other, &self->got));
	memset(self->got.msg.o.raw, 0xb2, PHX_RAW_SIZE);
	close(self->other.fd);
	EXPECT_SENT(-EPIPE);
	self->other.fd = dev_open(0);
}

/* What it wrote of the answer by then is nobody's. */
static void server_closed_after_half_an_answer(struct __test_metadata *_metadata,
					       FIXTURE_DATA(spare) *self)
{
	char *mem = memory(2 * PAGE);
	struct phx_ioc_respond *arg;

	ASSERT_EQ(0, munmap(mem + PAGE, PAGE));
	arg = (void *)(mem + PAGE - offsetof(struct phx_ioc_respond, o.err));
	ASSERT_EQ(0, windows_map(self->other.fd, &self->other.win, WINDOW));
	send_full(self, self->other.port, big, big);
	go(self);
	ASSERT_EQ(0, server_recv(&self->other, &self->got));
	arg->size = sizeof(*arg);
	arg->port = self->other.port;
	arg->rid = self->got.rid;
	memset(arg->o.raw, 0xb2, PHX_RAW_SIZE);
	EXPECT_ERR(EFAULT, dev_ioctl(self->other.fd, PHX_IOC_RESPOND, arg));
	close(self->other.fd);
	EXPECT_SENT(-EPIPE);
	EXPECT_EQ(0xa2, self->lane->send.msg.o.raw[0]);
	self->other.fd = dev_open(0);
}

static int do_send_poor(struct lane *lane)
{
	CHECK(cap_drop(CAP_SYS_RESOURCE) == 0);
	return do_send(lane);
}

static void over_the_limit(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self)
{
	long long before = param_read("max_messages");

	if (param_write("max_messages", 0))
		SKIP(return, "only root may change the limits");
	send_full(self, self->srv.port, big, big);
	lane_ask(self->lane, do_send_poor);
	EXPECT_SENT(-EDQUOT);
	EXPECT_EQ(0, param_write("max_messages", before));
}

#define SPARE(_name) FIXTURE_VARIANT_ADD(spare, _name) { .spoil = _name }

SPARE(copied);
SPARE(lent);
SPARE(inlined);
SPARE(put_back_then_answered);
SPARE(bad_input);
SPARE(bad_output);
SPARE(too_long);
SPARE(unknown_flags);
SPARE(unknown_port);
SPARE(unknown_registered);
SPARE(nobody_waits);
SPARE(interrupted);
SPARE(time_over_queued);
SPARE(time_over_taken);
SPARE(answered_too_late);
SPARE(port_destroyed);
SPARE(no_room_ever);
SPARE(no_room_for_the_second);
SPARE(server_closed);
SPARE(server_closed_after_half_an_answer);
SPARE(over_the_limit);

FIXTURE_SETUP(spare)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, WINDOW);
	ASSERT_EQ(0, server_open(&self->other, 0, PAGE));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	self->live = stat_read("messages_live");
	self->pinned = stat_read("pages_pinned_live");
}

FIXTURE_TEARDOWN(spare)
{
	peer_kill(self->peer);
	server_close(&self->other);
	server_close(&self->srv);
}

static bool zero(const void *at, size_t n)
{
	return all_are(at, n, 0);
}

/*
 * The next message has what its sender gave and nothing else, and so has what
 * comes back.
 */
static void send_next(struct __test_metadata *_metadata, FIXTURE_DATA(spare) *self,
		      struct part in, struct part out)
{
	struct phx_ioc_send *sent = &self->lane->send;
	struct phx_ioc_recv got;

	lane_send(self->lane, in, out);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(in.len ? PHX_CLASS_LEND : PHX_CLASS_NONE, got.i_class);
	EXPECT_EQ(out.len ? PHX_CLASS_LEND : PHX_CLASS_NONE, got.o_class);
	EXPECT_EQ(self->peer->pid, got.msg.pid);
	EXPECT_EQ(0, got.msg.type);
	EXPECT_TRUE(zero(&got.msg.oid, sizeof(got.msg.oid)));
	EXPECT_TRUE(zero(got.msg.i.raw, PHX_RAW_SIZE));
	EXPECT_TRUE(zero(got.msg.o.raw, PHX_RAW_SIZE));
	EXPECT_EQ(0, got.msg.o.err);
	EXPECT_EQ(in.len, got.msg.i.size);
	EXPECT_EQ(out.len, got.msg.o.size);
	if (in.len) {
		EXPECT_TRUE(holds_from(in_of(&got.msg), in.len, SEED_IN, in.off));
	} else {
		EXPECT_EQ(0, got.msg.i.data);
	}
	if (!out.len)
		EXPECT_EQ(0, got.msg.o.data);
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, lane_answer(self->lane));
	EXPECT_TRUE(zero(sent->msg.i.raw, PHX_RAW_SIZE));
	EXPECT_TRUE(zero(sent->msg.o.raw, PHX_RAW_SIZE));
	EXPECT_EQ(0, sent->msg.o.err);
}

TEST_F(spare, next_message_has_nothing_of_the_last)
{
	static const struct part next[][2] = {
		{ NO_PART, NO_PART }, { small, NO_PART }, { NO_PART, small }, { big, small },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(next); i++) {
		server_close(&self->other);
		ASSERT_EQ(0, server_open(&self->other, 0, PAGE));
		variant->spoil(_metadata, self);
		send_next(_metadata, self, next[i][0], next[i][1]);
		send_next(_metadata, self, NO_PART, NO_PART);
	}
	/* An orphan lasts as long as its server likes. */
	if (variant->spoil == time_over_taken || self->live < 0)
		return;
	EXPECT_TRUE(stat_becomes("messages_live", self->live));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", self->pinned));
}

TEST_HARNESS_MAIN
