// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are refused for every single page that they need: it can't be read or
 * written, or is one more than the limit. Nothing is left of a call that failed, and
 * the same call then succeeds. What fails within the kernel is in test_fault*.
 */
#include "phx_mail.h"

#define WINDOW (64 * PAGE)
#define FEW 4

/* In shared memory. */
struct desk {
	struct mail mail;
	struct server srv;
	struct phx_ioc_recv got;
	atomic_int begun;
	pid_t sender;
	int result;
};

FIXTURE(refused) {
	struct desk *desk;
	struct limits_kept kept;
	struct live rest;
};

FIXTURE_VARIANT(refused) {
	struct shape shape;
};

FIXTURE_VARIANT_ADD(refused, copied) {
	.shape = { .in = 3 * PAGE, .out = 2 * PAGE, .off = 20, .copy = true },
};

FIXTURE_VARIANT_ADD(refused, lent) {
	.shape = { .in = 20 * PAGE, .out = 3 * PAGE, .off = 100 },
};

FIXTURE_VARIANT_ADD(refused, bounced) {
	.shape = { .in = 3 * PAGE, .out = 19 * PAGE, .off = 9, .limited = true },
};

FIXTURE_SETUP(refused)
{
	struct desk *d = shared_memory(sizeof(*d));
	const struct shape *s = &variant->shape;

	self->desk = d;
	d->mail.shape = variant->shape;
	SERVER_OR_SKIP(&d->srv, WINDOW, WINDOW);
	if (!limits_keep(&self->kept))
		SKIP(return, "only root may set limits");
	ASSERT_EQ(0, limits_set(FEW, shape_pages(s), shape_more(s), 2));
	/* For a process of its own: within one nothing is pinned. */
	live_read(&self->rest);
}

FIXTURE_TEARDOWN(refused)
{
	limits_put_back(&self->kept);
	server_close(&self->desk->srv);
}

/* Make one page of what is sent unfit for that, and back. */
static int spoil(const struct mail *m, long page, bool bad)
{
	long in_pages = in_span(&m->shape) / PAGE;
	bool in = page < in_pages;
	char *at = in ? m->in + page * PAGE : m->out + (page - in_pages) * PAGE;

	return mprotect(at, PAGE, !bad ? PROT_READ | PROT_WRITE : in ? PROT_NONE : PROT_READ);
}

static int send_spoiled(void *arg)
{
	struct desk *d = arg;
	struct mail *m = &d->mail;
	struct live before;
	long page;

	m->fd = dev_open(0);
	m->port = d->srv.port;
	CHECK(m->fd >= 0 && mail_make(m) == 0);
	live_read(&before);
	for (page = 0; page < shape_pages(&m->shape); page++) {
		CHECK(spoil(m, page, true) == 0);
		CHECK(mail_send(m, 0) == -EFAULT);
		CHECK(live_becomes(&before));
		CHECK(spoil(m, page, false) == 0);
		CHECK(mail_send(m, PHX_SEND_NONBLOCK) == -EAGAIN);
		CHECK(live_becomes(&before));
	}
	return 0;
}

TEST_F_TIMEOUT(refused, pages_of_the_sender, 300)
{
	EXPECT_EQ(0, child_end(child_run(self->desk->srv.fd, send_spoiled, self->desk)));
	EXPECT_TRUE(live_becomes(&self->rest));
}

static int send_beyond_limit(void *arg)
{
	struct desk *d = arg;
	struct mail *m = &d->mail;
	struct live before;
	long page, pages = shape_pages(&m->shape) + shape_more(&m->shape);

	m->fd = dev_open(0);
	m->port = d->srv.port;
	CHECK(m->fd >= 0 && mail_make(m) == 0);
	live_read(&before);
	for (page = 0; page < pages; page++) {
		CHECK(param_write("max_pages", page) == 0);
		CHECK(mail_send(m, PHX_SEND_NONBLOCK) == -EDQUOT);
		CHECK(live_becomes(&before));
		CHECK(param_write("max_pages", pages) == 0);
		CHECK(mail_send(m, PHX_SEND_NONBLOCK) == -EAGAIN);
		CHECK(live_becomes(&before));
	}
	CHECK(param_write("max_messages", 0) == 0);
	CHECK(mail_send(m, PHX_SEND_NONBLOCK) == -EDQUOT);
	CHECK(live_becomes(&before));
	CHECK(param_write("max_messages", 1) == 0);
	CHECK(mail_send(m, PHX_SEND_NONBLOCK) == -EAGAIN);
	return 0;
}

TEST_F_TIMEOUT(refused, pages_beyond_the_limit, 300)
{
	EXPECT_EQ(0, child_end(child_run(self->desk->srv.fd, send_beyond_limit, self->desk)));
	EXPECT_TRUE(live_becomes(&self->rest));
}

/* A sender who sends once, and gets its answer however often it was refused. */
static int send_once(void *arg)
{
	struct desk *d = arg;
	struct mail *m = &d->mail;

	m->fd = dev_open(0);
	m->port = d->srv.port;
	CHECK(m->fd >= 0 && mail_make(m) == 0);
	atomic_store(&d->begun, 1);
	CHECK(mail_send(m, 0) == 0);
	CHECK(mail_is_answered(m));
	return 0;
}

/* Every page of the receiver's memory for copies. */
TEST_F_TIMEOUT(refused, pages_of_the_receiver, 300)
{
	struct desk *d = self->desk;
	const struct shape *s = &variant->shape;
	size_t room = s->off + s->in + s->out + PAGE, used = s->in + s->out, at;
	struct live before;
	pid_t pid;

	if (!s->copy)
		SKIP(return, "nothing is copied to the receiver");
	pid = child_run(d->srv.fd, send_once, d);
	ASSERT_TRUE(wait_for(&d->begun, 1) && poll_readable(d->srv.fd, PATIENCE_MS));
	ASSERT_TRUE(wait_asleep(pid));
	live_read(&before);
	for (at = 0; at < used; at += PAGE) {
		ASSERT_EQ(0, mprotect(d->srv.copy + at, PAGE, PROT_READ));
		EXPECT_ERR(EFAULT, server_recv_room(&d->srv, room, &d->got));
		EXPECT_TRUE(live_becomes(&before));
		EXPECT_TRUE(poll_readable(d->srv.fd, 0));
		ASSERT_EQ(0, mprotect(d->srv.copy + at, PAGE, PROT_READ | PROT_WRITE));
	}
	ASSERT_EQ(0, server_recv_room(&d->srv, room, &d->got));
	EXPECT_TRUE(mail_is_seen(s, &d->got.msg));
	mail_answer(s, &d->got.msg);
	live_read(&before);
	for (at = page_begin(d->got.msg.o.data); at < d->got.msg.o.data + s->out; at += PAGE) {
		ASSERT_EQ(0, mprotect((void *)at, PAGE, PROT_NONE));
		EXPECT_ERR(EFAULT, server_respond(&d->srv, &d->got));
		EXPECT_TRUE(live_becomes(&before));
		ASSERT_EQ(0, mprotect((void *)at, PAGE, PROT_READ | PROT_WRITE));
	}
	EXPECT_EQ(0, server_respond(&d->srv, &d->got));
	EXPECT_EQ(0, child_end(pid));
	EXPECT_TRUE(live_becomes(&self->rest));
}

TEST_HARNESS_MAIN
