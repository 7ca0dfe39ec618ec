// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers that send on what was lent to them. The test is the last in a chain of
 * processes: sender -> hop -> hop ... -> test.
 */
#include "phx_map.h"

#define MAX_HOPS 30
#define WINDOW (64 * PAGE)

/* What a hop sends on: a part of what it gets. In shared memory. */
struct hop {
	__u32 port, next;
	size_t room;			/* for copies */
	long i_skip, i_cut, o_skip, o_cut;
	long o_base;			/* where in the sender's its output begins */
	bool swap;			/* the input as output */
	bool out_as_in;			/* the output as input */
	bool by_other_file;		/* which has no windows */
	bool answer_at_once;		/* while it is still sent on */
	int result;			/* of sending it on */
	int response;			/* of responding */
	atomic_int ready, sending, responded;
	pid_t pid;
};

/* One more thread of a hop, that sends. */
struct onward {
	struct hop *hop;
	struct server srv;
	struct phx_msg msg;
	int fd;
};

static void *onward_send(void *arg)
{
	struct onward *on = arg;

	atomic_store(&on->hop->sending, 1);
	CHECK(msg_send(on->fd, on->hop->next, &on->msg) == on->hop->result);
	return NULL;
}

/* What is not sent on of the output is this hop's to fill. */
static void hop_fill(const struct hop *hop, const struct phx_msg *msg)
{
	size_t n = msg->o.size;

	if (hop->o_skip < 0 || hop->o_cut < 0)
		return;
	fill_from(out_of(msg), hop->o_skip, SEED_ANSWER, hop->o_base);
	fill_from(out_of(msg) + n - hop->o_cut, hop->o_cut, SEED_ANSWER,
		  hop->o_base + n - hop->o_cut);
}

static void hop_part(const struct hop *hop, const struct phx_msg *got, struct phx_msg *msg)
{
	set_input(msg, in_of(got) + hop->i_skip, got->i.size - hop->i_skip - hop->i_cut);
	set_output(msg, out_of(got) + hop->o_skip, got->o.size - hop->o_skip - hop->o_cut);
	if (hop->swap)
		set_output(msg, in_of(got), got->i.size);
	if (hop->out_as_in) {
		set_input(msg, out_of(got), got->o.size);
		set_output(msg, NULL, 0);
	}
}

static int hop_main(void *arg)
{
	struct onward on = { .hop = arg };
	struct hop *hop = arg;
	struct phx_ioc_recv got;
	pthread_t thread;

	CHECK(server_open(&on.srv, WINDOW, WINDOW) == 0);
	on.fd = hop->by_other_file ? dev_open(0) : on.srv.fd;
	hop->port = on.srv.port;
	atomic_store(&hop->ready, 1);
	CHECK(server_recv_room(&on.srv, hop->room, &got) == 0);
	hop_part(hop, &got.msg, &on.msg);
	hop_fill(hop, &got.msg);
	CHECK(!pthread_create(&thread, NULL, onward_send, &on));
	if (!hop->answer_at_once)
		pthread_join(thread, NULL);
	else
		CHECK(wait_for(&hop->sending, 2));
	CHECK(server_respond(&on.srv, &got) == hop->response);
	if (!hop->answer_at_once)
		CHECK(got.i_class != PHX_CLASS_LEND || probe_read(in_of(&got.msg)) == SIGBUS);
	atomic_store(&hop->responded, 1);
	if (hop->answer_at_once)
		pthread_join(thread, NULL);
	return 0;
}

FIXTURE(relend) {
	struct server srv;
	struct hop *hops;
	struct sending *what;
	pid_t sender;
	struct phx_ioc_recv got;
};

FIXTURE_SETUP(relend)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, WINDOW);
	self->hops = shared_memory(MAX_HOPS * sizeof(*self->hops));
	self->what = shared_memory(sizeof(*self->what));
	self->what->off = 300;
	self->what->in_size = 5 * PAGE;
	self->what->out_size = 4 * PAGE;
}

FIXTURE_TEARDOWN(relend)
{
	server_close(&self->srv);
}

/* Start a chain of @nr, and have the message arrive here. */
static void chain_start(struct __test_metadata *_metadata, FIXTURE_DATA(relend) *self, int nr)
{
	__u32 next = self->srv.port;
	int i;

	for (i = nr - 1; i >= 0; i--) {
		struct hop *hop = &self->hops[i];

		hop->next = next;
		hop->pid = child_run(self->srv.fd, hop_main, hop);
		ASSERT_TRUE(wait_for(&hop->ready, 1));
		next = hop->port;
	}
	self->what->port = next;
	self->sender = child_run(self->srv.fd, sending_main, self->what);
}

#define CHAIN(nr) do {								\
	chain_start(_metadata, self, nr);					\
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));			\
	ASSERT_EQ(PHX_CLASS_LEND, self->got.o_class);				\
} while (0)

/* All in order, and all that is to be written is. */
static void chain_end(struct __test_metadata *_metadata, FIXTURE_DATA(relend) *self, int nr)
{
	int i;

	EXPECT_EQ(0, child_end(self->sender));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, child_end(self->hops[i].pid));
}

/* The parts that are sent on are all one case, for each depth. */
FIXTURE(depth) {
	struct server srv;
	struct hop *hops;
	struct sending *what;
	pid_t sender;
	struct phx_ioc_recv got;
};

FIXTURE_VARIANT(depth) {
	int nr;
	size_t room;
	long skip, cut;
	bool by_other_file;
};

#define DEPTH(_name, ...) FIXTURE_VARIANT_ADD(depth, _name) { __VA_ARGS__ }

DEPTH(one, .nr = 1);
DEPTH(two, .nr = 2);
DEPTH(three, .nr = 3);
DEPTH(one_part, .nr = 1, .skip = PAGE, .cut = PAGE);
DEPTH(three_parts, .nr = 3, .skip = PAGE / 2, .cut = 100);
DEPTH(one_odd_part, .nr = 1, .skip = 1, .cut = 3);
DEPTH(three_odd_parts, .nr = 3, .skip = 1001, .cut = 777);
DEPTH(one_within_a_page, .nr = 1, .skip = 5000, .cut = 11000);
DEPTH(one_whole_page, .nr = 1, .skip = PAGE - 300, .cut = 2 * PAGE + 300);
DEPTH(one_copied, .nr = 1, .room = WINDOW);
DEPTH(three_copied_odd_parts, .nr = 3, .room = WINDOW, .skip = 1001, .cut = 777);
DEPTH(one_by_other_file, .nr = 1, .by_other_file = true);
DEPTH(three_by_other_files, .nr = 3, .skip = 1001, .cut = 777, .by_other_file = true);

FIXTURE_SETUP(depth)
{
	relend_setup(_metadata, (void *)self, NULL);
}

FIXTURE_TEARDOWN(depth)
{
	server_close(&self->srv);
}

/* The chain's parts are right at its end, and so is what comes back. */
TEST_F(depth, contents)
{
	long skip = variant->nr * variant->skip, cut = variant->nr * variant->cut;
	/* Not a hop's own memory, nor what another file sees in no window. */
	int lent_on = variant->room || variant->by_other_file ? 0 : 2 * variant->nr;
	long long relent = stat_read("buffers_relent");
	struct phx_msg *msg = &self->got.msg;
	int i;

	for (i = 0; i < variant->nr; i++) {
		struct hop *hop = &self->hops[i];

		hop->room = variant->room;
		hop->by_other_file = variant->by_other_file;
		hop->i_skip = variant->skip;
		hop->o_skip = variant->skip;
		hop->i_cut = variant->cut;
		hop->o_cut = variant->cut;
		hop->o_base = i * variant->skip;
	}
	chain_start(_metadata, (void *)self, variant->nr);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(PHX_CLASS_LEND, self->got.i_class);
	EXPECT_EQ(PHX_CLASS_LEND, self->got.o_class);
	/* Only root can read it. */
	if (relent >= 0) {
		EXPECT_EQ(relent + lent_on, stat_read("buffers_relent"));
	}
	ASSERT_EQ(self->what->in_size - skip - cut, msg->i.size);
	ASSERT_EQ(self->what->out_size - skip - cut, msg->o.size);
	EXPECT_TRUE(holds_from(in_of(msg), msg->i.size, SEED_IN, 300 + skip));
	EXPECT_TRUE(holds_from(out_of(msg), msg->o.size, SEED_OUT, 300 + skip));
	EXPECT_TRUE(all_are((void *)page_begin(msg->i.data), msg->i.data % PAGE, 0));
	EXPECT_TRUE(all_are(in_of(msg) + msg->i.size,
			    page_end(msg->i.data + msg->i.size) - msg->i.data - msg->i.size, 0));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(msg)));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(msg) + msg->i.size - 1));
	fill_from(out_of(msg), msg->o.size, SEED_ANSWER, skip);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(SIGBUS, probe_read(in_of(msg)));
	EXPECT_EQ(SIGBUS, probe_read(out_of(msg)));
	chain_end(_metadata, (void *)self, variant->nr);
}

TEST_F(relend, input_as_output)
{
	self->hops[0].swap = true;
	self->hops[0].result = -EFAULT;
	self->what->answer = SEED_OUT;
	chain_start(_metadata, self, 1);
	chain_end(_metadata, self, 1);
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
}

TEST_F(relend, input_as_output_by_other_file)
{
	self->hops[0].by_other_file = true;
	self->hops[0].swap = true;
	self->hops[0].result = -EFAULT;
	self->what->answer = SEED_OUT;
	chain_start(_metadata, self, 1);
	chain_end(_metadata, self, 1);
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
}

TEST_F(relend, output_as_input)
{
	struct phx_msg *msg = &self->got.msg;

	self->hops[0].out_as_in = true;
	self->what->answer = SEED_OUT;
	chain_start(_metadata, self, 1);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_TRUE(holds_from(in_of(msg), self->what->out_size, SEED_OUT, 300));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(msg)));
	EXPECT_EQ(SIGSEGV, probe_write(in_of(msg) + PAGE));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	chain_end(_metadata, self, 1);
}

/* More than was lent, but still in its pages: nothing of the sender's is there. */
TEST_F(relend, bytes_beside)
{
	struct phx_msg *msg = &self->got.msg;
	size_t n = self->what->in_size, o = self->what->out_size;

	self->hops[0].i_skip = -200;
	self->hops[0].i_cut = -100;
	self->hops[0].o_skip = -200;
	self->hops[0].o_cut = -100;
	self->hops[0].result = 0;
	self->what->answer = SEED_OUT;
	chain_start(_metadata, self, 1);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(n + 300, msg->i.size);
	EXPECT_TRUE(all_are(in_of(msg), 200, 0));
	EXPECT_TRUE(holds_from(in_of(msg) + 200, n, SEED_IN, 300));
	EXPECT_TRUE(all_are(in_of(msg) + 200 + n, 100, 0));
	EXPECT_TRUE(all_are(out_of(msg), 200, 0));
	EXPECT_TRUE(all_are(out_of(msg) + 200 + o, 100, 0));
	memset(out_of(msg), CANARY, 200);
	memset(out_of(msg) + 200 + o, CANARY, 100);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	chain_end(_metadata, self, 1);
}

/* Beyond the last page there is nothing to send. */
TEST_F(relend, pages_beside)
{
	struct hop *hop = &self->hops[0];
	long *part[] = { &hop->i_cut, &hop->o_cut };
	size_t i;

	self->what->answer = SEED_OUT;
	for (i = 0; i < ARRAY_SIZE(part); i++) {
		memset(hop, 0, sizeof(*hop));
		atomic_store(&self->what->sent, 0);
		*part[i] = -(long)PAGE;
		hop->result = -EFAULT;
		chain_start(_metadata, self, 1);
		chain_end(_metadata, self, 1);
		EXPECT_FALSE(poll_readable(self->srv.fd, 0));
	}
}

/* As long as anybody has the sender's memory, its call lasts. */
TEST_F(relend, answered_while_sent_on)
{
	struct hop *hop = &self->hops[0];

	hop->answer_at_once = true;
	CHAIN(1);
	atomic_store(&hop->sending, 2);
	ASSERT_TRUE(wait_for(&hop->responded, 1));
	EXPECT_TRUE(still_sleeps(self->sender));
	EXPECT_EQ(0, atomic_load(&self->what->sent));
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));
	chain_end(_metadata, self, 1);
}

/* The same at each place of a chain, in both orders. */
TEST_F(relend, answered_while_sent_on_in_a_chain)
{
	int i, order, nr = 6;

	for (order = 0; order < 2; order++) {
		memset(self->hops, 0, nr * sizeof(*self->hops));
		atomic_store(&self->what->sent, 0);
		for (i = 0; i < nr; i++)
			self->hops[i].answer_at_once = true;
		CHAIN(nr);
		for (i = 0; i < nr; i++) {
			struct hop *hop = &self->hops[order ? nr - 1 - i : i];

			atomic_store(&hop->sending, 2);
			ASSERT_TRUE(wait_for(&hop->responded, 1));
		}
		EXPECT_TRUE(still_sleeps(self->sender));
		EXPECT_EQ(0, atomic_load(&self->what->sent));
		EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
		ASSERT_EQ(0, server_answer(&self->srv, &self->got));
		chain_end(_metadata, self, nr);
	}
}

static void kill_one(struct __test_metadata *_metadata, pid_t pid)
{
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, child_end(pid));
}

TEST_F(relend, server_between_is_killed)
{
	self->what->result = -EPIPE;
	CHAIN(1);
	kill_one(_metadata, self->hops[0].pid);
	EXPECT_TRUE(still_sleeps(self->sender));
	EXPECT_EQ(0, atomic_load(&self->what->sent));
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	EXPECT_ERR(ESRCH, server_answer(&self->srv, &self->got));
	EXPECT_EQ(SIGBUS, probe_read(in_of(&self->got.msg)));
	EXPECT_EQ(0, child_end(self->sender));
}

TEST_F(relend, sender_is_killed)
{
	self->hops[0].response = -ESRCH;
	CHAIN(1);
	kill_one(_metadata, self->sender);
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	EXPECT_EQ(0, server_answer(&self->srv, &self->got));
	EXPECT_EQ(0, child_end(self->hops[0].pid));
}

TEST_F(relend, all_but_the_last_are_killed)
{
	int i, nr = 4;

	CHAIN(nr);
	kill_one(_metadata, self->sender);
	for (i = 0; i < nr; i++)
		kill_one(_metadata, self->hops[(i * 3 + 1) % nr].pid);
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	EXPECT_ERR(ESRCH, server_answer(&self->srv, &self->got));
}

TEST_F_TIMEOUT(relend, long_chain, 60)
{
	CHAIN(MAX_HOPS);
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));
	chain_end(_metadata, self, MAX_HOPS);
}

/* One answer here ends all of them, one after the other. */
TEST_F_TIMEOUT(relend, long_chain_of_the_dead, 60)
{
	int i;

	self->what->result = -EPIPE;
	CHAIN(MAX_HOPS);
	for (i = 0; i < MAX_HOPS; i++)
		kill_one(_metadata, self->hops[i].pid);
	EXPECT_TRUE(still_sleeps(self->sender));
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	EXPECT_ERR(ESRCH, server_answer(&self->srv, &self->got));
	EXPECT_EQ(0, child_end(self->sender));
}

TEST_HARNESS_MAIN
