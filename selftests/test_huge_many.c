// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several messages with huge pages at a time.
 */
#include "phx_huge.h"

#define MANY 8

FIXTURE(many) {
	struct server srv;
	struct huge *what;
	struct phx_ioc_recv got[MANY];
	pid_t sender[MANY];
	atomic_int next;
};

FIXTURE_SETUP(many)
{
	SERVER_OR_SKIP(&self->srv, 0, PAGE);
	self->what = shared_memory(MANY * sizeof(*self->what));
}

FIXTURE_TEARDOWN(many)
{
	server_close(&self->srv);
}

static void *receive_some(void *arg)
{
	FIXTURE_DATA(many) *self = arg;
	int i;

	while ((i = atomic_fetch_add(&self->next, 1)) < MANY)
		CHECK(server_recv(&self->srv, &self->got[i]) == 0);
	return NULL;
}

/* Which of them this is: they differ in where they begin. */
static struct huge *whose(FIXTURE_DATA(many) *self, const struct phx_msg *msg)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (msg->i.size == self->what[i].in_size)
			return &self->what[i];
	return NULL;
}

/* Two threads put them into the windows, two take them out. */
static void *answer_some(void *arg)
{
	FIXTURE_DATA(many) *self = arg;
	int i;

	while ((i = atomic_fetch_sub(&self->next, 1)) > 0) {
		CHECK(huge_is_seen(whose(self, &self->got[i - 1].msg), &self->got[i - 1].msg));
		CHECK(server_answer(&self->srv, &self->got[i - 1]) == 0);
	}
	return NULL;
}

static void both_do(struct __test_metadata *_metadata, FIXTURE_DATA(many) *self,
		    void *(*fn)(void *))
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, fn, self));
	fn(self);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F_TIMEOUT(many, at_once, 240)
{
	int i;

	ASSERT_EQ(0, windows_map_at(&self->srv, -(long)WINDOW / 2 + (long)HUGE, WINDOW));
	for (i = 0; i < MANY; i++) {
		self->what[i] = (struct huge) {
			.port = self->srv.port, .kind = i % 3 ? THP : PARTLY,
			.off = i % 2 ? i * 1000 : 0, .in_size = 5 * MIB + i, .out_size = 5 * MIB,
		};
		self->sender[i] = child_run(self->srv.fd, huge_main, &self->what[i]);
	}
	both_do(_metadata, self, receive_some);
	atomic_store(&self->next, MANY);
	both_do(_metadata, self, answer_some);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, child_end(self->sender[i]));
}

/*
 * The upper half is too small for it, and what is free in the lower is where its
 * huge pages fit, though nobody looked for that.
 */
TEST_F_TIMEOUT(many, in_the_lower_half_by_chance, 60)
{
	static const size_t sizes[] = { HUGE - PAGE, PAGE, 6 * MIB };
	int i;

	ASSERT_EQ(0, windows_map_at(&self->srv, 0, 9 * MIB));
	for (i = 0; i < 3; i++) {
		self->what[i] = (struct huge) {
			.port = self->srv.port, .kind = i == 2 ? THP : SMALL,
			.off = i == 2 ? 100 : 0, .in_size = sizes[i], .out_size = sizes[i],
		};
		RECEIVE(&self->srv, &self->what[i], &self->sender[i], &self->got[i]);
	}
	EXPECT_EQ(0, (self->got[2].msg.i.data - 100) % HUGE);
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(huge_is_seen(&self->what[i], &self->got[i].msg));
		ASSERT_EQ(0, server_answer(&self->srv, &self->got[i]));
		EXPECT_EQ(0, child_end(self->sender[i]));
	}
}

TEST_HARNESS_MAIN
