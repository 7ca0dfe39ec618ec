// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two things at once that both end the life of something, on two CPUs, again and
 * again; and numbers that are wrong, again and again. Other modules had their worst
 * bugs here, see LESSONS.md.
 */
#include "phx_map.h"

#include <sys/epoll.h>

#define WINDOW (16 * PAGE)

FIXTURE(race) {
	struct server srv;
	long long pinned;
};

FIXTURE_SETUP(race)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, 2 * PAGE);
	self->pinned = stat_read("pages_pinned_live");
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_TRUE(self->pinned < 0 || stat_becomes("pages_pinned_live", self->pinned));
	server_close(&self->srv);
}

/* More than are released at one go when a port ends. */
#define CROWD 40

struct start {
	atomic_int round;
	__u32 port;
	atomic_int results[2];
};

/* T12: a list of senders is being emptied while each of them is killed. */
static int queued_sender(void *arg)
{
	char *buf = memory(PAGE);
	int err = send_buffers(((struct start *)arg)->port, buf, 100, buf, 100);

	return err == -EINVAL ? 0 : 1;
}

struct killer {
	pthread_t thread;
	pid_t pids[CROWD];
	atomic_int go;
	unsigned int seed;
};

static void *kills_all(void *arg)
{
	struct killer *k = arg;
	int i;

	to_cpu(1);
	while (!atomic_load(&k->go))
		;
	for (i = 0; i < CROWD; i++) {
		jitter(&k->seed);
		kill(k->pids[i], SIGKILL);
	}
	return NULL;
}

/* Returns how many were killed before they could tell of the port's end. */
static int destroy_and_kill(struct __test_metadata *_metadata, struct server *srv,
			    struct start *s, struct killer *k)
{
	int i, end, killed = 0;

	ASSERT_EQ(0, port_create(srv->fd, &s->port));
	for (i = 0; i < CROWD; i++)
		k->pids[i] = child_run(srv->fd, queued_sender, s);
	for (i = 0; i < CROWD; i++)
		ASSERT_TRUE(wait_asleep(k->pids[i]));
	atomic_store(&k->go, 0);
	ASSERT_EQ(0, pthread_create(&k->thread, NULL, kills_all, k));
	atomic_store(&k->go, 1);
	jitter(&k->seed);
	ASSERT_EQ(0, port_destroy(srv->fd, s->port));
	pthread_join(k->thread, NULL);
	for (i = 0; i < CROWD; i++) {
		end = child_end(k->pids[i]);
		EXPECT_TRUE(end == 0 || end == -SIGKILL);
		killed += end == -SIGKILL;
	}
	return killed;
}

TEST_F_TIMEOUT(race, port_dies_while_its_queue_is_killed, 240)
{
	int killed, all_killed = 0, some_killed = 0, round, n = rounds(60);
	struct start *s = shared_memory(sizeof(*s));
	struct killer k = { .seed = 1 };

	for (round = 0; round < n; round++) {
		killed = destroy_and_kill(_metadata, &self->srv, s, &k);
		all_killed += killed == CROWD;
		some_killed += killed && killed < CROWD;
	}
	EXPECT_LT(0, some_killed);
	TH_LOG("of %d times all were killed %d times, some %d times", n, all_killed, some_killed);
}

/* T4: found by number or by name just when it goes, with its process. */
static int short_lived(void *arg)
{
	struct start *s = arg;
	struct phx_msg msg;
	int fd = dev_open(0), rid;
	__u32 port;

	CHECK(fd >= 0 && port_create(fd, &port) == 0);
	name_register(fd, "/short", port, 1);
	__atomic_store_n(&s->port, port, __ATOMIC_RELEASE);
	if (rand() % 2)
		msg_recv(fd, port, &msg, &rid);
	else if (rand() % 2)
		port_destroy(fd, port);
	return 0;
}

static int finds_it(void *arg)
{
	struct start *s = arg;
	struct phx_oid oid;
	struct phx_msg msg;
	int fd = dev_open(0), err;

	while (!atomic_load(&s->round)) {
		err = name_lookup(fd, "/short", 0, &oid, NULL);
		CHECK(!err || err == -ENOENT);
		memset(&msg, 0, sizeof(msg));
		if (err)
			oid.port = __atomic_load_n(&s->port, __ATOMIC_ACQUIRE);
		err = msg_send(fd, oid.port, &msg);
		CHECK(err == -EINVAL || err == -EPIPE);
		atomic_fetch_add(&s->results[err == -EPIPE], 1);
	}
	return 0;
}

TEST_F_TIMEOUT(race, found_by_name_while_it_dies, 240)
{
	struct start *s = shared_memory(sizeof(*s));
	int round, n = rounds(200);
	pid_t finders[2];

	finders[0] = child_run(self->srv.fd, finds_it, s);
	finders[1] = child_run(self->srv.fd, finds_it, s);
	for (round = 0; round < n; round++) {
		srand(round);
		EXPECT_EQ(0, child_end(child_run(self->srv.fd, short_lived, s)));
	}
	atomic_store(&s->round, 1);
	EXPECT_EQ(0, child_end(finders[0]));
	EXPECT_EQ(0, child_end(finders[1]));
	EXPECT_LT(0, atomic_load(&s->results[0]));
	EXPECT_LT(0, atomic_load(&s->results[1]));
}

/* T22: what is refused leaves nothing, however often. */
TEST_F_TIMEOUT(race, wrong_rids_without_end, 240)
{
	struct sending s = { .port = self->srv.port, .in_size = 3 * PAGE, .out_size = PAGE };
	pid_t pid = child_run(self->srv.fd, sending_main, &s);
	struct phx_msg msg = { 0 };
	struct phx_ioc_recv got;
	int i, n = rounds(1000000);

	ASSERT_EQ(0, server_recv(&self->srv, &got));
	for (i = 0; i < n; i++) {
		int rid = i * 7919U;

		if (rid != got.rid)
			ASSERT_ERR(ENOENT, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
	}
	EXPECT_TRUE(sending_is_seen(&s, &got.msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

/* T31: a receiver that gives up at the very moment a message comes to it. */
struct impatient {
	struct server *srv;
	pthread_t thread;
	atomic_int stop, gave_up;
};

static void *gives_up(void *arg)
{
	struct impatient *im = arg;
	unsigned int seed = 1;

	while (!atomic_load(&im->stop)) {
		struct phx_ioc_recv got = { .timeout_ns = 1 + rand_r(&seed) % 100000 };
		int err = msg_recv_arg(im->srv->fd, im->srv->port, &got);

		if (!err)
			err = msg_respond(im->srv->fd, im->srv->port, &got.msg, got.rid);
		else
			atomic_fetch_add(&im->gave_up, 1);
		CHECK(!err || err == -ETIMEDOUT || err == -EINTR);
	}
	return NULL;
}

static void do_nothing(int sig)
{
}

TEST_F_TIMEOUT(race, receiver_gives_up_when_its_message_comes, 240)
{
	struct impatient im = { .srv = &self->srv };
	struct phx_ioc_send send = { 0 };
	unsigned int seed = 2;
	int i, n = rounds(20000);

	signal(SIGUSR1, do_nothing);
	ASSERT_EQ(0, pthread_create(&im.thread, NULL, gives_up, &im));
	for (i = 0; i < n; i++) {
		/* If the message is lost that is how long it takes to see it. */
		send.timeout_ns = PATIENCE_MS * 1000000ULL;
		if (i & 1)
			pthread_kill(im.thread, SIGUSR1);
		usleep(rand_r(&seed) % 50);
		ASSERT_EQ(0, msg_send_arg(self->srv.fd, self->srv.port, &send));
	}
	atomic_store(&im.stop, 1);
	pthread_join(im.thread, NULL);
	EXPECT_LT(0, atomic_load(&im.gave_up));
}

/* T1: an epoll set that outlives the thread, the port and the file, in any order. */
static void *adds_and_ends(void *arg)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int *fds = arg;

	CHECK(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event) == 0);
	epoll_wait(fds[0], &event, 1, 0);
	return NULL;
}

TEST_F_TIMEOUT(race, epoll_outlives_who_made_it, 120)
{
	int order, n = rounds(200);

	for (order = 0; order < n; order++) {
		struct epoll_event event;
		pthread_t thread;
		__u32 port;
		int fds[2], copy;

		fds[0] = epoll_create1(EPOLL_CLOEXEC);
		fds[1] = dev_open(0);
		ASSERT_EQ(0, port_create(fds[1], &port));
		copy = dup(fds[1]);
		ASSERT_EQ(0, pthread_create(&thread, NULL, adds_and_ends, fds));
		if (order & 1)
			port_destroy(fds[1], port);
		pthread_join(thread, NULL);
		if (order & 2)
			close(copy);
		close(fds[1]);
		EXPECT_LE(0, epoll_wait(fds[0], &event, 1, 0));
		if (order & 4)
			close(fds[0]);
		if (!(order & 2))
			close(copy);
		if (!(order & 4)) {
			EXPECT_EQ(0, epoll_wait(fds[0], &event, 1, 0));
			close(fds[0]);
		}
	}
}

TEST_HARNESS_MAIN
