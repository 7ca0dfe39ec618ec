// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving messages, and responding to them, fails in every place where it can.
 * The message waits then, or is held, as it did before; it is never lost.
 */
#include "phx_mail.h"

#define WINDOW (4096 * PAGE)
#define ROOM (64 * PAGE)
#define FEW 4

/* What a receiver has, and who sends to it. In shared memory. */
struct desk {
	struct shape shape;
	struct server srv;
	pid_t sender[2];
	atomic_int begun;
	struct phx_ioc_recv got;
	__u32 flags;		/* of the response */
};

static int sender_main(void *arg)
{
	struct desk *d = arg;
	struct mail mail = { .shape = d->shape, .fd = dev_open(0), .port = d->srv.port };

	CHECK(mail.fd >= 0 && mail_make(&mail) == 0);
	atomic_fetch_add(&d->begun, 1);
	CHECK(mail_send(&mail, 0) == 0);
	CHECK(mail_is_answered(&mail));
	return 0;
}

static struct phx_ioc_recv recv_arg(struct desk *d)
{
	return (struct phx_ioc_recv) {
		.flags = PHX_RECV_NONBLOCK, .rid = PHX_RID_NONE,
		.buf = d->shape.copy ? addr(d->srv.copy) : 0,
		.buf_size = d->shape.copy ? ROOM : 0,
	};
}

/* A sender whose message lies in the queue; it must sleep for nothing to change. */
static int send_one(struct desk *d, int nr)
{
	int begun = atomic_load(&d->begun);

	d->sender[nr] = child_run(d->srv.fd, sender_main, d);
	if (!wait_for(&d->begun, begun + 1) || !poll_readable(d->srv.fd, PATIENCE_MS))
		return STEP_WRONG;
	return wait_asleep(d->sender[nr]) ? 0 : STEP_WRONG;
}

/* All is new each time: tables of pages and of messages are to be made, too. */
static int prepare_recv(void *world)
{
	struct desk *d = world;

	return region_server_open(&d->srv, WINDOW) ?: send_one(d, 0);
}

static int do_recv(void *world)
{
	struct desk *d = world;
	int err;

	d->got = recv_arg(d);
	err = msg_recv_arg(d->srv.fd, d->srv.port, &d->got);
	if (err)
		return poll_readable(d->srv.fd, 0) ? err : STEP_WRONG;
	return mail_is_seen(&d->shape, &d->got.msg) ? 0 : STEP_WRONG;
}

static int undo_recv(void *world)
{
	struct desk *d = world;

	mail_answer(&d->shape, &d->got.msg);
	if (server_respond(&d->srv, &d->got) || child_end(d->sender[0]))
		return STEP_WRONG;
	server_close(&d->srv);
	return 0;
}

static int prepare_respond(void *world)
{
	struct desk *d = world;
	int err = prepare_recv(world) ?: do_recv(world);

	mail_answer(&d->shape, &d->got.msg);
	return err;
}

static int do_respond_with(void *world)
{
	struct desk *d = world;
	struct phx_ioc_respond arg = {
		.size = sizeof(arg), .flags = d->flags, .port = d->srv.port,
		.rid = d->got.rid, .o = d->got.msg.o,
	};

	return dev_ioctl(d->srv.fd, PHX_IOC_RESPOND, &arg);
}

static int undo_respond(void *world)
{
	struct desk *d = world;

	if (server_respond(&d->srv, &d->got) != -ENOENT || child_end(d->sender[0]))
		return STEP_WRONG;
	server_close(&d->srv);
	return 0;
}

/* One message is held, and another waits. */
static int prepare_both(void *world)
{
	return prepare_respond(world) ?: send_one(world, 1);
}

static bool both_partly(void *world)
{
	struct desk *d = world;

	return d->got.rid == PHX_RID_NONE;
}

static int do_both(void *world)
{
	struct desk *d = world;
	struct phx_ioc_recv next = recv_arg(d);
	int err;

	/* Beside what the first one has. */
	next.buf += next.buf ? ROOM / 2 : 0;
	next.buf_size /= 2;
	next.rid = d->got.rid;
	next.msg.o = d->got.msg.o;
	err = msg_respond_recv(d->srv.fd, d->srv.port, &next);
	if (err) {
		d->got.rid = next.rid;
		return err;
	}
	d->got = next;
	return mail_is_seen(&d->shape, &d->got.msg) ? 0 : STEP_WRONG;
}

static int undo_both(void *world)
{
	struct desk *d = world;

	if (child_end(d->sender[0]))
		return STEP_WRONG;
	d->sender[0] = d->sender[1];
	return undo_recv(d);
}

FIXTURE(fault) {
	struct desk *desk;
	struct limits_kept kept;
};

FIXTURE_VARIANT(fault) {
	struct shape shape;
};

FIXTURE_VARIANT_ADD(fault, without_buffers) {
};

FIXTURE_VARIANT_ADD(fault, copied) {
	.shape = { .in = 300, .out = 5000, .off = 20, .copy = true },
};

FIXTURE_VARIANT_ADD(fault, lent) {
	.shape = { .in = 5 * PAGE, .out = 4 * PAGE + 7, .off = 100 },
};

/* Over several tables of pages. */
FIXTURE_VARIANT_ADD(fault, lent_large) {
	.shape = { .in = 600 * PAGE, .out = 600 * PAGE + 1, .off = 0 },
};

FIXTURE_VARIANT_ADD(fault, bounced) {
	.shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 9, .limited = true },
};

FIXTURE_VARIANT_ADD(fault, registered) {
	.shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 8, .registered = true },
};

FIXTURE_SETUP(fault)
{
	FAULTS_OR_SKIP(&self->kept);
	self->desk = shared_memory(sizeof(*self->desk));
	self->desk->shape = variant->shape;
	/* For two messages. */
	ASSERT_EQ(0, limits_set(FEW, 2 * shape_pages(&variant->shape),
				2 * shape_more(&variant->shape), 2 * 2));
}

FIXTURE_TEARDOWN(fault)
{
	limits_put_back(&self->kept);
}

TEST_F_TIMEOUT(fault, of_recv, 900)
{
	const struct step step = {
		.prepare = prepare_recv, .call = do_recv, .undo = undo_recv,
	};

	EXPECT_SWEEP(&step, self->desk);
}

TEST_F_TIMEOUT(fault, of_respond, 900)
{
	const struct step step = {
		.prepare = prepare_respond, .call = do_respond_with, .undo = undo_respond,
	};

	EXPECT_SWEEP(&step, self->desk);
}

TEST_F_TIMEOUT(fault, of_respond_that_unregisters, 900)
{
	const struct step step = {
		.prepare = prepare_respond, .call = do_respond_with, .undo = undo_respond,
	};

	self->desk->flags = PHX_RESPOND_UNREGISTER;
	EXPECT_SWEEP(&step, self->desk);
}

TEST_F_TIMEOUT(fault, of_respond_recv, 900)
{
	const struct step step = {
		.prepare = prepare_both, .call = do_both, .undo = undo_both,
		.partly = both_partly,
	};

	EXPECT_SWEEP(&step, self->desk);
}

TEST_HARNESS_MAIN
