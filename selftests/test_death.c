// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are killed, or end by themselves, in every state that a message
 * can be in; one side, the other, or both at once. Nobody may hang for it, and
 * whoever is left can go on.
 */
#include "phx_map.h"

#define WINDOW (64 * PAGE)
#define ROUNDS 25

/* Where a message is when the end comes. */
enum state {
	NONE,			/* there is none: the server waits */
	QUEUED,
	TAKEN,
	ANY,			/* while it goes on and on */
};

/* In shared memory. */
struct fate {
	__u32 port;
	bool windows;		/* lend, or else copy */
	bool exits;		/* by itself rather than by a signal */
	enum state state;
	atomic_int serving, taken, end;
};

static void end_if_told(struct fate *fate)
{
	if (!fate->exits)
		return;
	while (!atomic_load(&fate->end))
		usleep(100);
	_exit(0);
}

static void *exit_thread(void *arg)
{
	end_if_told(arg);
	return NULL;
}

static int server_main(void *arg)
{
	struct fate *fate = arg;
	struct phx_ioc_recv got;
	struct server srv;
	pthread_t thread;

	CHECK(server_open(&srv, fate->windows ? WINDOW : 0, WINDOW) == 0);
	if (fate->exits)
		pthread_create(&thread, NULL, exit_thread, fate);
	fate->port = srv.port;
	atomic_store(&fate->serving, 1);
	while (fate->state == QUEUED)
		pause();
	while (server_recv_room(&srv, fate->windows ? 0 : WINDOW, &got) == 0) {
		atomic_fetch_add(&fate->taken, 1);
		while (fate->state == TAKEN)
			pause();
		if (server_answer(&srv, &got))
			continue;
	}
	return 0;
}

static int sender_main(void *arg)
{
	struct fate *fate = arg;
	char *in = memory(6 * PAGE), *out = memory(6 * PAGE);
	int fd = dev_open(0);
	pthread_t thread;

	CHECK(fd >= 0);
	if (fate->exits)
		pthread_create(&thread, NULL, exit_thread, fate);
	for (;;) {
		struct phx_msg msg = { 0 };
		int err;

		set_input(&msg, in + 100, 4 * PAGE);
		set_output(&msg, out + 100, 3 * PAGE);
		err = msg_send(fd, fate->port, &msg);
		CHECK(err == 0 || err == -EINVAL || err == -EPIPE);
		if (err)
			return 0;
	}
}

FIXTURE(death) {
	struct fate *fate;
};

FIXTURE_VARIANT(death) {
	enum state state;
	bool windows, exits;
};

#define DEATH(_name, ...) FIXTURE_VARIANT_ADD(death, _name) { __VA_ARGS__ }

DEATH(queued, .state = QUEUED, .windows = true);
DEATH(queued_exit, .state = QUEUED, .exits = true);
DEATH(lent, .state = TAKEN, .windows = true);
DEATH(lent_exit, .state = TAKEN, .windows = true, .exits = true);
DEATH(copied, .state = TAKEN);
DEATH(any_lent, .state = ANY, .windows = true);
DEATH(any_lent_exit, .state = ANY, .windows = true, .exits = true);
DEATH(any_copied, .state = ANY);

FIXTURE_SETUP(death)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	self->fate = shared_memory(sizeof(*self->fate));
}

FIXTURE_TEARDOWN(death)
{
}

struct pair {
	pid_t server, sender;
};

/* A server and a sender in the state of the variant. */
static void pair_start(struct __test_metadata *_metadata, FIXTURE_DATA(death) *self,
		       const FIXTURE_VARIANT(death) *variant, struct pair *pair)
{
	struct fate *fate = self->fate;

	memset(fate, 0, sizeof(*fate));
	fate->state = variant->state;
	fate->windows = variant->windows;
	fate->exits = variant->exits;
	pair->server = child_run(-1, server_main, fate);
	ASSERT_TRUE(wait_for(&fate->serving, 1));
	pair->sender = child_run(-1, sender_main, fate);
	if (variant->state == TAKEN) {
		ASSERT_TRUE(wait_for(&fate->taken, 1));
	} else if (variant->state == QUEUED) {
		ASSERT_TRUE(wait_asleep(pair->sender));
	}
}

static void delay(unsigned int *seed)
{
	usleep(rand_r(seed) % 3000);
}

TEST_F_TIMEOUT(death, of_the_server, 60)
{
	unsigned int seed = 1;
	struct pair pair;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pair_start(_metadata, self, variant, &pair);
		delay(&seed);
		kill(pair.server, SIGKILL);
		EXPECT_EQ(-SIGKILL, child_end(pair.server));
		/* The sender learns of it, and goes its way. */
		ASSERT_EQ(0, child_end(pair.sender));
	}
}

TEST(death_of_a_server_that_waits_for_a_message)
{
	struct fate *fate = shared_memory(sizeof(*fate));
	int fd, i;

	OPEN_OR_SKIP(fd);
	close(fd);
	for (i = 0; i < ROUNDS; i++) {
		pid_t pid;

		*fate = (struct fate) { .windows = true, .state = NONE };
		pid = child_run(-1, server_main, fate);
		ASSERT_TRUE(wait_for(&fate->serving, 1));
		ASSERT_TRUE(wait_asleep(pid));
		kill(pid, SIGKILL);
		ASSERT_EQ(-SIGKILL, child_end(pid));
		EXPECT_ERR(EINVAL, send_buffers(fate->port, NULL, 0, NULL, 0));
	}
}

TEST_F_TIMEOUT(death, of_the_sender, 60)
{
	struct fate *fate = self->fate;
	unsigned int seed = 2;
	struct pair pair;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pair_start(_metadata, self, variant, &pair);
		delay(&seed);
		kill(pair.sender, SIGKILL);
		ASSERT_EQ(-SIGKILL, child_end(pair.sender));
		/* The server is there for the next one. */
		if (variant->state == ANY) {
			int taken = atomic_load(&fate->taken);
			pid_t pid = child_run(-1, sender_main, fate);
			int n = 0;

			while (atomic_load(&fate->taken) < taken + 3 && n++ < PATIENCE_MS)
				usleep(1000);
			EXPECT_LE(taken + 3, atomic_load(&fate->taken));
			kill(pid, SIGKILL);
			child_end(pid);
		}
		kill(pair.server, SIGKILL);
		ASSERT_EQ(-SIGKILL, child_end(pair.server));
	}
}

TEST_F_TIMEOUT(death, of_both, 60)
{
	unsigned int seed = 3;
	struct pair pair;
	int i, status;

	for (i = 0; i < ROUNDS; i++) {
		pair_start(_metadata, self, variant, &pair);
		delay(&seed);
		if (variant->exits) {
			atomic_store(&self->fate->end, 1);
		} else {
			kill(i % 2 ? pair.server : pair.sender, SIGKILL);
			kill(i % 2 ? pair.sender : pair.server, SIGKILL);
		}
		status = child_end(pair.server);
		ASSERT_TRUE(status == -SIGKILL || status == 0);
		status = child_end(pair.sender);
		ASSERT_TRUE(status == -SIGKILL || status == 0);
	}
}

/* The sender's end, as the server that holds its message sees it. */
FIXTURE(orphan) {
	struct server srv;
	struct sending what;
	struct phx_ioc_recv got;
	pid_t sender;
};

FIXTURE_VARIANT(orphan) {
	size_t room;
};

FIXTURE_VARIANT_ADD(orphan, lent) {
};

FIXTURE_VARIANT_ADD(orphan, copied) {
	.room = WINDOW,
};

FIXTURE_SETUP(orphan)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, WINDOW);
	self->what = (struct sending) {
		.port = self->srv.port, .off = 1, .in_size = 3 * PAGE, .out_size = 3 * PAGE,
	};
	self->sender = child_run(self->srv.fd, sending_main, &self->what);
	ASSERT_EQ(0, server_recv_room(&self->srv, variant->room, &self->got));
	ASSERT_EQ(0, kill(self->sender, SIGKILL));
	ASSERT_EQ(-SIGKILL, child_end(self->sender));
}

FIXTURE_TEARDOWN(orphan)
{
	server_close(&self->srv);
}

/* Its pages stay what they are, though it and its memory are gone. */
TEST_F(orphan, is_answered)
{
	char *other = memory(MIB);

	memset(other, CANARY, MIB);
	EXPECT_TRUE(sending_is_seen(&self->what, &self->got.msg));
	EXPECT_ERR(ESRCH, server_answer(&self->srv, &self->got));
	EXPECT_ERR(ENOENT, server_respond(&self->srv, &self->got));
	EXPECT_TRUE(all_are(other, MIB, CANARY));
}

TEST_F(orphan, port_is_destroyed)
{
	EXPECT_EQ(0, port_destroy(self->srv.fd, self->srv.port));
	EXPECT_TRUE(sending_is_seen(&self->what, &self->got.msg));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
}

TEST_F(orphan, file_is_closed)
{
	close(self->srv.fd);
	self->srv.fd = dev_open(0);
	EXPECT_TRUE(variant->room || probe_read(in_of(&self->got.msg)) == SIGBUS);
}

TEST_F(orphan, is_never_answered)
{
	EXPECT_TRUE(sending_is_seen(&self->what, &self->got.msg));
}

TEST_F(orphan, in_respond_and_receive)
{
	pid_t pid = child_run(self->srv.fd, sending_main, &self->what);
	struct phx_ioc_recv got = self->got;

	got.buf = variant->room ? addr(self->srv.copy) : 0;
	got.buf_size = variant->room;
	got.msg.o.data = 0;
	EXPECT_EQ(0, msg_respond_recv(self->srv.fd, self->srv.port, &got));
	EXPECT_TRUE(sending_is_seen(&self->what, &got.msg));
	EXPECT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

TEST_HARNESS_MAIN
