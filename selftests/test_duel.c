// SPDX-License-Identifier: GPL-2.0-only
/*
 * A message that a server holds, and two that would end it at the same time, each on
 * its CPU, again and again. One of them does, and the sender is told of that end.
 */
#include "phx_map.h"

#define WINDOW (16 * PAGE)

struct ender {
	int (*end)(struct ender *e);
	int fd, rid, result;
	__u32 port;
	struct windows win;
	pid_t sender;
	unsigned int seed;
};

static int by_response(struct ender *e)
{
	struct phx_msg msg = { 0 };

	return msg_respond(e->fd, e->port, &msg, e->rid);
}

static int by_destroy(struct ender *e)
{
	return port_destroy(e->fd, e->port);
}

static int by_close(struct ender *e)
{
	return close(e->fd);
}

static int by_unmap(struct ender *e)
{
	windows_unmap(&e->win);
	return 0;
}

static int by_kill(struct ender *e)
{
	return kill(e->sender, SIGKILL);
}

static int by_nothing(struct ender *e)
{
	return 0;
}

/* A process that sends to each port that it is told of, and tells what came of it. */
struct post {
	pid_t pid;
	int to[2], from[2];
};

static int post_main(void *arg)
{
	struct post *post = arg;
	char *buf = memory(6 * PAGE);
	int fd = dev_open(0), err;
	__u32 port;

	close(post->to[1]);
	CHECK(fd >= 0);
	while (read(post->to[0], &port, sizeof(port)) == sizeof(port)) {
		struct phx_msg msg = { 0 };

		set_input(&msg, buf, 3 * PAGE);
		set_output(&msg, buf + 3 * PAGE, 3 * PAGE);
		err = msg_send(fd, port, &msg);
		CHECK(write(post->from[1], &err, sizeof(err)) == sizeof(err));
	}
	return 0;
}

struct duel {
	struct server srv;
	struct post post;
	struct ender enders[2];
	pthread_t thread;
	atomic_int round, over, stop;
	int won;		/* how often the first one's call gave 0 */
};

static void end_now(struct ender *e)
{
	jitter(&e->seed);
	e->result = e->end(e);
}

static void *second_main(void *arg)
{
	struct duel *d = arg;
	int round;

	to_cpu(1);
	for (round = 1;; round++) {
		while (atomic_load(&d->round) < round)
			sched_yield();
		if (atomic_load(&d->stop))
			return NULL;
		end_now(&d->enders[1]);
		atomic_store(&d->over, round);
	}
}

static void post_start(struct post *post, int fd)
{
	if (pipe(post->to) || pipe(post->from))
		abort();
	post->pid = child_run(fd, post_main, post);
}

/* Returns how it ended. */
static int post_stop(struct post *post)
{
	int i;

	for (i = 0; i < 2; i++) {
		close(post->to[i]);
		close(post->from[i]);
	}
	return wait_child(post->pid);
}

static bool does(const struct duel *d, int (*end)(struct ender *))
{
	return d->enders[0].end == end || d->enders[1].end == end;
}

/* If the sender was killed, so what: it has the response. */
static bool is_response(const struct ender *e)
{
	return e->end == by_response && (e->result == 0 || e->result == -ESRCH);
}

/* The two of them. Returns how many responses there were. */
static int end_twice(struct __test_metadata *_metadata, struct duel *d)
{
	struct phx_ioc_recv got;
	int i;

	ASSERT_EQ(sizeof(d->srv.port),
		  write(d->post.to[1], &d->srv.port, sizeof(d->srv.port)));
	ASSERT_EQ(0, server_recv(&d->srv, &got));
	for (i = 0; i < 2; i++) {
		struct ender *e = &d->enders[i];

		e->fd = d->srv.fd;
		e->port = d->srv.port;
		e->rid = got.rid;
		e->win = d->srv.win;
		e->sender = d->post.pid;
	}
	atomic_fetch_add(&d->round, 1);
	end_now(&d->enders[0]);
	while (atomic_load(&d->over) < d->round)
		sched_yield();
	d->won += !d->enders[0].result;
	return is_response(&d->enders[0]) + is_response(&d->enders[1]);
}

/* There is an end to it, one, and the sender is told of that. */
static void end_once(struct __test_metadata *_metadata, struct duel *d, int answers)
{
	struct ender last = d->enders[0];
	int err;

	if (does(d, by_close)) {
		EXPECT_GE(1, answers);
	} else {
		last.end = by_response;
		last.result = by_response(&last);
		answers += is_response(&last);
		EXPECT_EQ(1, answers);
	}
	if (does(d, by_kill)) {
		EXPECT_EQ(-SIGKILL, post_stop(&d->post));
	} else {
		ASSERT_EQ(sizeof(err), read(d->post.from[0], &err, sizeof(err)));
		EXPECT_EQ(answers ? 0 : -EPIPE, err);
	}
}

/* Have anew what there is no more. */
static void duel_mend(struct __test_metadata *_metadata, struct duel *d)
{
	struct server *srv = &d->srv;

	if (does(d, by_unmap))
		srv->win.size = 0;
	if (does(d, by_close)) {
		srv->fd = -1;
		server_close(srv);
		ASSERT_EQ(0, server_open(srv, WINDOW, PAGE));
	}
	if (does(d, by_destroy))
		ASSERT_EQ(0, port_create(srv->fd, &srv->port));
	if (!srv->win.size)
		ASSERT_EQ(0, windows_map(srv->fd, &srv->win, WINDOW));
	if (does(d, by_kill))
		post_start(&d->post, srv->fd);
}

/* Can the answer of the first come too late? */
static bool is_race(const struct duel *d)
{
	return d->enders[0].end == by_response &&
	       (does(d, by_close) || does(d, by_kill) || d->enders[1].end == by_response);
}

/* Again and again, and on until an answer that can come too late did so, and did not. */
static void duel(struct __test_metadata *_metadata, struct duel *d, int n)
{
	bool open = is_race(d);
	int round;

	d->won = 0;
	for (round = 0; round < n || (open && round < 50 * n); round++) {
		end_once(_metadata, d, end_twice(_metadata, d));
		duel_mend(_metadata, d);
		open &= !d->won || d->won == round + 1;
	}
	EXPECT_FALSE(open);
	if (d->enders[0].end == by_response && !is_race(d))
		EXPECT_EQ(round, d->won);
}

FIXTURE(duel) {
	struct duel duel;
	long long pinned;
};

FIXTURE_SETUP(duel)
{
	SERVER_OR_SKIP(&self->duel.srv, WINDOW, PAGE);
	self->pinned = stat_read("pages_pinned_live");
	post_start(&self->duel.post, self->duel.srv.fd);
}

FIXTURE_TEARDOWN(duel)
{
	EXPECT_EQ(0, post_stop(&self->duel.post));
	EXPECT_TRUE(self->pinned < 0 || stat_becomes("pages_pinned_live", self->pinned));
	server_close(&self->duel.srv);
}

TEST_F_TIMEOUT(duel, two_ends_of_one_message, 280)
{
	static int (*const ends[])(struct ender *) = {
		by_response, by_destroy, by_close, by_unmap, by_kill, by_nothing,
	};
	struct duel *d = &self->duel;
	unsigned int i, j;

	d->enders[1].seed = 1;
	ASSERT_EQ(0, pthread_create(&d->thread, NULL, second_main, d));
	for (i = 0; i < ARRAY_SIZE(ends) - 1; i++) {
		for (j = i; j < ARRAY_SIZE(ends); j++) {
			d->enders[0].end = ends[i];
			d->enders[1].end = ends[j];
			duel(_metadata, d, rounds(200));
		}
	}
	atomic_store(&d->stop, 1);
	atomic_fetch_add(&d->round, 1);
	pthread_join(d->thread, NULL);
}

TEST_HARNESS_MAIN
