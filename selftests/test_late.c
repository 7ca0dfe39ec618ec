// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who do not stop: threads of a server on all CPUs that read and write in its
 * windows all the time, while messages come and go. What the sender, or whoever gets
 * the pages next, has in memory after the response is none of theirs; nor is what
 * lies beside a buffer, ever.
 */
#include "phx_two.h"

#define WINDOW (32 * PAGE)
#define SIZE (6 * PAGE)
#define OFF 1000
#define THREADS 4
#define ROUNDS 150

/* No byte that is ever sent, or lies beside one that is. */
#define SECRET 0xe1

struct late {
	__u32 port;
	bool registered;
	atomic_int stop, seen, touched;
	struct windows win;
};

FIXTURE(late) {
	struct two two;
	struct server srv;
	struct late *late;
	pthread_t threads[THREADS];
};

FIXTURE_VARIANT(late) {
	bool registered, two_users;
};

FIXTURE_VARIANT_ADD(late, lent) { .registered = false };
FIXTURE_VARIANT_ADD(late, registered) { .registered = true };
FIXTURE_VARIANT_ADD(late, lent_by_another_user) { .two_users = true };
FIXTURE_VARIANT_ADD(late, registered_by_another_user) {
	.registered = true, .two_users = true,
};

FIXTURE_SETUP(late)
{
	self->late = shared_memory(sizeof(*self->late));
	TWO_OR_SKIP(&self->two, variant->two_users);
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &self->srv.port));
	self->late->port = self->srv.port;
	self->late->registered = variant->registered;
	self->late->win = self->srv.win;
}

FIXTURE_TEARDOWN_PARENT(late)
{
	EXPECT_EQ(0, two_put_back(&self->two));
}

/* Reads and writes everywhere; faults are what it lives with. */
static void *never_stops(void *arg)
{
	static atomic_long number;
	struct late *late = arg;
	unsigned int rand = atomic_fetch_add(&number, 1) + 1;
	unsigned char byte = 0;

	to_cpu(rand);
	while (!atomic_load(&late->stop)) {
		size_t at = rand_r(&rand) % WINDOW;

		if (!probe(late->win.in + at, false, &byte) && byte == SECRET)
			atomic_fetch_add(&late->seen, 1);
		if (!probe(late->win.out + at, false, &byte) && byte == SECRET)
			atomic_fetch_add(&late->seen, 1);
		atomic_fetch_add(&late->touched, !probe_write(late->win.out + at));
	}
	return NULL;
}

/* The sender's memory holds secrets but for what it sends, and when it does not. */
static void send_once(struct late *late, int fd, char *in, char *out)
{
	struct phx_ioc_send send = { 0 };
	size_t off = late->registered ? 0 : OFF;
	size_t len = late->registered ? 2 * SIZE : SIZE;
	int i_id = 0, o_id = 0;

	memset(in, SECRET, 2 * SIZE);
	memset(out, SECRET, 2 * SIZE);
	memset(in + off, 1, len);
	memset(out + off, 2, len);
	set_input(&send.msg, in + off, len);
	set_output(&send.msg, out + off, len);
	if (late->registered) {
		i_id = buffer_register(fd, late->port, PHX_BUFFER_IN, in, len);
		o_id = buffer_register(fd, late->port, PHX_BUFFER_OUT, out, len);
		CHECK(i_id >= 0 && o_id >= 0);
		send.flags = PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED;
		send.i_off = i_id;
		send.o_off = o_id;
	}
	CHECK(msg_send_arg(fd, late->port, &send) == 0);
	if (late->registered)
		CHECK(!buffer_unregister(fd, i_id) && !buffer_unregister(fd, o_id));
	CHECK(all_are(in + off, len, 1));
	CHECK(all_are(in, off, SECRET) && all_are(in + off + len, 2 * SIZE - off - len, SECRET));
	CHECK(all_are(out, off, SECRET) && all_are(out + off + len, 2 * SIZE - off - len, SECRET));
}

/* Its own again: nobody reads it, nobody writes to it. */
static int sender(void *arg)
{
	struct late *late = arg;
	char *in = memory(2 * SIZE), *out = memory(2 * SIZE);
	int fd = dev_open(0), i;

	CHECK(fd >= 0);
	for (i = 0; i < ROUNDS; i++) {
		send_once(late, fd, in, out);
		memset(in, SECRET, 2 * SIZE);
		memset(out, SECRET, 2 * SIZE);
		usleep(rand() % 1000);
		CHECK(all_are(in, 2 * SIZE, SECRET));
		CHECK(all_are(out, 2 * SIZE, SECRET));
		if (i % 2) {
			munmap(in, 2 * SIZE);
			munmap(out, 2 * SIZE);
			in = memory(2 * SIZE);
			out = memory(2 * SIZE);
		}
	}
	return 0;
}

/* Gets pages that others gave back. */
static int bystander(void *arg)
{
	struct late *late = arg;
	size_t n = 64 * PAGE;

	while (!atomic_load(&late->stop)) {
		char *mem = memory(n);

		CHECK(mem && all_are(mem, n, 0));
		memset(mem, SECRET, n);
		usleep(500);
		CHECK(all_are(mem, n, SECRET));
		munmap(mem, n);
	}
	return 0;
}

static void start_threads(struct __test_metadata *_metadata, FIXTURE_DATA(late) *self)
{
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&self->threads[i], NULL, never_stops, self->late));
}

static void stop_threads(FIXTURE_DATA(late) *self)
{
	int i;

	atomic_store(&self->late->stop, 1);
	for (i = 0; i < THREADS; i++)
		pthread_join(self->threads[i], NULL);
}

TEST_F_TIMEOUT(late, nothing_is_seen_or_changed_after_the_response, 240)
{
	struct phx_ioc_recv got;
	pid_t other;
	int i;

	ASSERT_LT(0, two_run(&self->two, sender, self->late));
	other = child_run(self->srv.fd, bystander, self->late);
	start_threads(_metadata, self);
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		ASSERT_EQ(0, server_respond(&self->srv, &got));
	}
	EXPECT_EQ(0, two_end(&self->two, 0));
	stop_threads(self);
	EXPECT_EQ(0, child_end(other));
	EXPECT_EQ(0, atomic_load(&self->late->seen));
	EXPECT_LT(0, atomic_load(&self->late->touched));
}

static int killed_sender(void *arg)
{
	struct late *late = arg;
	char *in = memory(2 * SIZE), *out = memory(2 * SIZE);
	int fd = dev_open(0);

	send_once(late, fd, in, out);
	return 1;
}

/* What a dead sender leaves behind stays with the server until it responds. */
TEST_F_TIMEOUT(late, pages_of_the_dead_are_nobodys_before_the_response, 240)
{
	struct phx_ioc_recv got;
	pid_t other;
	int i;

	other = child_run(self->srv.fd, bystander, self->late);
	start_threads(_metadata, self);
	for (i = 0; i < ROUNDS / 5; i++) {
		ASSERT_LT(0, two_run(&self->two, killed_sender, self->late));
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		ASSERT_EQ(-SIGKILL, two_end(&self->two, SIGKILL));
		usleep(2000);
		EXPECT_TRUE(all_are(in_of(&got.msg), got.msg.i.size, 1));
		ASSERT_ERR(ESRCH, server_respond(&self->srv, &got));
	}
	stop_threads(self);
	EXPECT_EQ(0, child_end(other));
	EXPECT_EQ(0, atomic_load(&self->late->seen));
	EXPECT_LT(0, atomic_load(&self->late->touched));
}

TEST_HARNESS_MAIN
