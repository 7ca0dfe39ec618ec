// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages with huge pages fail in every place where they can, as they are received
 * and as they are answered. Where there is no memory for a huge entry they come as
 * small pages, which is no failure.
 */
#include "phx_fault.h"
#include "phx_huge.h"

#define SIZE (2 * HUGE)
#define FEW 2

struct desk {
	struct huge *what;	/* in shared memory */
	struct server srv;
	struct phx_ioc_recv got;
	pid_t sender;
};

/* All is new each time: tables of pages are to be made, too. */
static int prepare_recv(void *world)
{
	struct desk *d = world;
	int err = server_open(&d->srv, 0, PAGE) ?: windows_map_at(&d->srv, 0, WINDOW);

	if (err)
		return err;
	d->what->port = d->srv.port;
	d->sender = child_run(d->srv.fd, huge_main, d->what);
	return huge_comes(&d->srv, d->sender) && wait_asleep(d->sender) ? 0 : STEP_WRONG;
}

static int do_recv(void *world)
{
	struct desk *d = world;
	int err;

	d->got = (struct phx_ioc_recv) { .flags = PHX_RECV_NONBLOCK, .rid = PHX_RID_NONE };
	err = msg_recv_arg(d->srv.fd, d->srv.port, &d->got);
	if (err)
		return poll_readable(d->srv.fd, 0) ? err : STEP_WRONG;
	return huge_is_seen(d->what, &d->got.msg) ? 0 : STEP_WRONG;
}

static int undo_recv(void *world)
{
	struct desk *d = world;

	if (server_answer(&d->srv, &d->got) || child_end(d->sender))
		return STEP_WRONG;
	server_close(&d->srv);
	return 0;
}

static int prepare_respond(void *world)
{
	struct desk *d = world;
	int err = prepare_recv(world) ?: do_recv(world);

	if (!err)
		fill(out_of(&d->got.msg), SIZE, SEED_ANSWER);
	return err;
}

static int do_respond(void *world)
{
	struct desk *d = world;

	return server_respond(&d->srv, &d->got);
}

static int undo_respond(void *world)
{
	struct desk *d = world;

	if (server_respond(&d->srv, &d->got) != -ENOENT || child_end(d->sender))
		return STEP_WRONG;
	server_close(&d->srv);
	return 0;
}

FIXTURE(fault_huge) {
	struct desk desk;
	struct limits_kept kept;
};

FIXTURE_SETUP(fault_huge)
{
	struct huge *what = shared_memory(sizeof(*what));
	long pages = 2 * SIZE / PAGE;

	if (no_huge())
		SKIP(return, "%s", no_huge());
	FAULTS_OR_SKIP(&self->kept);
	*what = (struct huge) { .kind = THP, .in_size = SIZE, .out_size = SIZE };
	self->desk.what = what;
	ASSERT_EQ(0, limits_set(FEW, pages, 2 * list_pages(SIZE / PAGE), 2));
}

FIXTURE_TEARDOWN(fault_huge)
{
	limits_put_back(&self->kept);
}

TEST_F_TIMEOUT(fault_huge, of_recv, 900)
{
	static const struct step step = {
		.prepare = prepare_recv, .call = do_recv, .undo = undo_recv,
	};
	long long huge;

	EXPECT_SWEEP(&step, &self->desk);
	huge = stat_read("pages_huge");
	EXPECT_EQ(0, sweep_none(&step, &self->desk));
	EXPECT_EQ(huge + 2 * SIZE / HUGE, stat_read("pages_huge"));
}

TEST_F_TIMEOUT(fault_huge, of_respond, 900)
{
	static const struct step step = {
		.prepare = prepare_respond, .call = do_respond, .undo = undo_respond,
	};

	EXPECT_SWEEP(&step, &self->desk);
}

TEST_HARNESS_MAIN
