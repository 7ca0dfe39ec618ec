// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending messages, of each class of buffers, fails in every place where it can.
 * Whatever a call says, its buffers are what they should be.
 */
#include "phx_mail.h"

#define WINDOW (4096 * PAGE)
#define ROOM (64 * PAGE)
#define FEW 4

/* What a sender has, and who is at the other end. In shared memory. */
struct desk {
	struct mail mail;
	atomic_int port;	/* of the server */
	atomic_int first;	/* port that the lender sends to */
	pid_t server, lender, relay;
	pthread_t thread;
	struct server srv;	/* our own */
	struct phx_ioc_recv held;
};

static int serve(struct server *srv, struct desk *d)
{
	const struct shape *s = &d->mail.shape;
	struct phx_ioc_recv got;
	int err;

	atomic_store(&d->port, srv->port);
	do {
		err = server_recv_room(srv, s->copy ? ROOM : 0, &got);
		if (err)
			break;
		CHECK(mail_is_seen(s, &got.msg));
		mail_answer(s, &got.msg);
		err = server_respond(srv, &got);
	} while (!err);
	return err;
}

static int server_main(void *arg)
{
	struct server srv;

	CHECK(region_server_open(&srv, WINDOW) == 0);
	CHECK(serve(&srv, arg) == 0);
	return 0;
}

static void *server_thread(void *arg)
{
	struct desk *d = arg;

	serve(&d->srv, d);
	return NULL;
}

static int prepare(void *world)
{
	struct desk *d = world;

	return mail_make(&d->mail);
}

static int do_send_mail(void *world)
{
	struct desk *d = world;
	int err = mail_send(&d->mail, 0);

	/* It may have been answered, and the answer not come back whole. */
	if (err) {
		mail_fill(&d->mail);
		return err;
	}
	return mail_is_answered(&d->mail) ? 0 : STEP_WRONG;
}

static int undo(void *world)
{
	struct desk *d = world;

	mail_free(&d->mail);
	return 0;
}

/* Nobody waits for it: when all is done it is undone. */
static int do_send_in_vain(void *world)
{
	struct desk *d = world;
	int err;

	d->mail.port = d->srv.port;
	err = mail_send(&d->mail, PHX_SEND_NONBLOCK);
	d->mail.port = atomic_load(&d->port);
	return err;
}

/* What is to be sent on. */
static int lender_main(void *arg)
{
	struct desk *d = arg;
	struct mail mail = { .shape = d->mail.shape, .fd = dev_open(0),
			     .port = atomic_load(&d->first) };

	CHECK(mail.fd >= 0 && mail_make(&mail) == 0);
	CHECK(mail_send(&mail, 0) == 0);
	CHECK(mail_is_answered(&mail));
	return 0;
}

/* Who sends it on to us. */
static int relay_main(void *arg)
{
	struct desk *d = arg;
	struct mail on = { .shape = d->mail.shape, .port = d->srv.port };
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(server_open(&srv, WINDOW, 0) == 0);
	atomic_store(&d->first, srv.port);
	CHECK(server_recv(&srv, &got) == 0);
	CHECK(mail_send_from(&on, srv.fd, in_of(&got.msg), out_of(&got.msg), 0) == 0);
	CHECK(server_respond(&srv, &got) == 0);
	return 0;
}

static int prepare_to_relend(void *world)
{
	struct desk *d = world;

	atomic_store(&d->first, d->mail.shape.relent > 1 ? 0 : d->srv.port);
	if (!atomic_load(&d->first))
		d->relay = child_run(d->srv.fd, relay_main, d);
	while (!atomic_load(&d->first) && !waitpid(d->relay, NULL, WNOHANG))
		usleep(1000);
	d->lender = child_run(d->srv.fd, lender_main, d);
	return poll_readable(d->srv.fd, PATIENCE_MS) ? server_recv(&d->srv, &d->held) : STEP_WRONG;
}

static int do_relend(void *world)
{
	struct desk *d = world;
	const struct shape *s = &d->mail.shape;
	char *in = in_of(&d->held.msg), *out = out_of(&d->held.msg);
	int err = mail_send_from(&d->mail, d->srv.fd, in, out, 0);

	if (err) {
		fill_from(out, s->out, SEED_OUT, s->off);
		return err;
	}
	return holds_from(in, s->in, SEED_IN, s->off) &&
	       holds_from(out, s->out, SEED_ANSWER, s->off) ? 0 : STEP_WRONG;
}

static int undo_relend(void *world)
{
	struct desk *d = world;

	return server_respond(&d->srv, &d->held) || child_end(d->lender) ||
	       (d->relay && child_end(d->relay)) ? STEP_WRONG : 0;
}

FIXTURE(fault) {
	struct desk *desk;
	struct limits_kept kept;
};

FIXTURE_VARIANT(fault) {
	struct shape shape;
	struct step step;
	bool bounces;
};

#define SEND .step = { .prepare = prepare, .call = do_send_mail, .undo = undo, }

FIXTURE_VARIANT_ADD(fault, without_buffers) {
	SEND
};

FIXTURE_VARIANT_ADD(fault, copied) {
	SEND, .shape = { .in = 300, .out = 5000, .off = 20, .copy = true },
};

FIXTURE_VARIANT_ADD(fault, lent) {
	SEND, .shape = { .in = 5 * PAGE, .out = 4 * PAGE + 7, .off = 100 },
};

/* With an array of pages of its own. */
FIXTURE_VARIANT_ADD(fault, lent_large) {
	SEND, .shape = { .in = 40 * PAGE, .out = 30 * PAGE },
};

FIXTURE_VARIANT_ADD(fault, bounced) {
	SEND, .shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 9, .limited = true },
	.bounces = true,
};

FIXTURE_VARIANT_ADD(fault, bounced_and_copied) {
	SEND, .shape = { .in = 200, .out = 5000, .off = 9, .copy = true, .limited = true },
	.bounces = true,
};

FIXTURE_VARIANT_ADD(fault, registered) {
	SEND, .shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 8, .registered = true },
};

FIXTURE_VARIANT_ADD(fault, direct) {
	SEND, .shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 8, .direct = true },
};

FIXTURE_VARIANT_ADD(fault, relent) {
	.shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 50, .relent = 1 },
	.step = { .prepare = prepare_to_relend, .call = do_relend, .undo = undo_relend },
};

FIXTURE_VARIANT_ADD(fault, relent_again) {
	.shape = { .in = 5 * PAGE, .out = 4 * PAGE, .off = 50, .relent = 2 },
	.step = { .prepare = prepare_to_relend, .call = do_relend, .undo = undo_relend },
};

FIXTURE_VARIANT_ADD(fault, in_vain) {
	.shape = { .in = 40 * PAGE, .out = 4 * PAGE, .off = 8 },
	.step = { .prepare = prepare, .call = do_send_in_vain, .undo = undo,
		  .good = -EAGAIN },
};

FIXTURE_SETUP(fault)
{
	struct desk *d;

	FAULTS_OR_SKIP(&self->kept);
	d = shared_memory(sizeof(*d));
	self->desk = d;
	d->mail.shape = variant->shape;
	d->mail.fd = dev_open(0);
	ASSERT_EQ(0, server_open(&d->srv, WINDOW, ROOM));
	ASSERT_EQ(0, limits_set(FEW, shape_pages(&variant->shape),
				shape_more(&variant->shape), 2));
	if (variant->shape.direct) {
		ASSERT_EQ(0, pthread_create(&d->thread, NULL, server_thread, d));
	} else {
		d->server = child_run(d->srv.fd, server_main, d);
	}
	while (!atomic_load(&d->port))
		usleep(1000);
	d->mail.port = atomic_load(&d->port);
}

FIXTURE_TEARDOWN(fault)
{
	struct desk *d = self->desk;

	limits_put_back(&self->kept);
	if (d->server) {
		kill(d->server, SIGKILL);
		child_end(d->server);
	}
	port_destroy(d->srv.fd, d->srv.port);
	close(d->srv.fd);
}

TEST_F_TIMEOUT(fault, everywhere, 900)
{
	long long bounced;

	EXPECT_SWEEP(&variant->step, self->desk);
	/* If RLIMIT_MEMLOCK were still charged for what failed, it would be bounced. */
	bounced = stat_read("buffers_bounced");
	EXPECT_EQ(0, sweep_none(&variant->step, self->desk));
	EXPECT_EQ(variant->bounces, stat_read("buffers_bounced") != bounced);
}

TEST_HARNESS_MAIN
