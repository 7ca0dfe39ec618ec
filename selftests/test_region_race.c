// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered buffers, with everything at the same time: receivers that put one
 * buffer into the window, ends that come while that is done, windows that go,
 * processes that are killed. And often, so that what is left behind adds up.
 */
#include "phx_peer.h"

#define WINDOW (512 * PAGE)
#define BOTH (PHX_BUFFER_IN | PHX_BUFFER_OUT)
#define THREADS 4

FIXTURE(race) {
	struct server srv;
	struct peer *peer;
};

FIXTURE_SETUP(race)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
}

FIXTURE_TEARDOWN(race)
{
	peer_kill(self->peer);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
	EXPECT_EQ(0, window_pages(self->srv.win.in, WINDOW));
	EXPECT_EQ(0, window_pages(self->srv.win.out, WINDOW));
	server_close(&self->srv);
}

struct receiver {
	struct server *srv;
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct phx_ioc_recv got;
	int err;
};

static void *receive_together(void *arg)
{
	struct receiver *r = arg;

	pthread_barrier_wait(r->barrier);
	r->err = server_recv(r->srv, &r->got);
	return NULL;
}

/* Several receivers get the first messages of a buffer: it has one place. */
TEST_F_TIMEOUT(race, first_messages_at_once, 120)
{
	struct receiver r[THREADS];
	pthread_barrier_t barrier;
	int i, round;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (round = 0; round < 60; round++) {
		struct lane *lanes = self->peer->lanes;
		int id = lane_register(&lanes[0], BOTH, 0, 32 * PAGE);
		struct part all = { id, 0, 32 * PAGE };

		ASSERT_LE(0, id);
		for (i = 0; i < THREADS; i++) {
			r[i] = (struct receiver) { .srv = &self->srv, .barrier = &barrier };
			lane_send(&lanes[i], all, all);
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, receive_together, &r[i]));
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(r[i].thread, NULL);
		for (i = 0; i < THREADS; i++) {
			ASSERT_EQ(0, r[i].err);
			EXPECT_EQ(in_of(&r[0].got.msg), in_of(&r[i].got.msg));
			EXPECT_EQ(out_of(&r[0].got.msg), out_of(&r[i].got.msg));
			EXPECT_TRUE(holds(in_of(&r[i].got.msg), 32 * PAGE, SEED_IN));
		}
		EXPECT_EQ(32, window_pages(self->srv.win.in, 64 * PAGE));
		for (i = 0; i < THREADS; i++)
			EXPECT_EQ(0, server_respond(&self->srv, &r[i].got));
		for (i = 0; i < THREADS; i++)
			EXPECT_EQ(0, lane_answer(&lanes[i]));
		ASSERT_EQ(0, lane_unregister(&lanes[0], id));
		EXPECT_EQ(0, window_pages(self->srv.win.in, 64 * PAGE));
	}
}

/* Registers and unregisters 10^4 times, with a message every now and then. */
static int churn(struct lane *lane)
{
	struct peer *peer = lane->peer;
	int i, id;

	for (i = 0; i < 10000; i++) {
		id = buffer_register(peer->fd, peer->port, BOTH, peer->mem, 4 * PAGE);
		CHECK(id == i);
		lane_set_send(lane, (struct part) { id, 0, PAGE }, (struct part) { id, 0, PAGE });
		CHECK(i % 100 || do_send(lane) == 0);
		CHECK(buffer_unregister(peer->fd, id) == 0);
		CHECK(do_send(lane) == -ENOENT);
	}
	return 0;
}

TEST_F_TIMEOUT(race, ten_thousand_times, 200)
{
	struct lane *lane = &self->peer->lanes[0];
	struct phx_ioc_recv got;
	int i;

	lane_ask(lane, churn);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		EXPECT_TRUE(holds(in_of(&got.msg), PAGE, SEED_IN));
		EXPECT_EQ(self->srv.win.in, in_of(&got.msg));
		ASSERT_EQ(0, server_respond(&self->srv, &got));
	}
	ASSERT_EQ(0, lane_answer(lane));
	EXPECT_EQ(0, stat_read("pages_pinned_live"));
	EXPECT_EQ(0, stat_read("regions_live"));
	EXPECT_EQ(stat_read("pages_pinned"), stat_read("pages_unpinned"));
}

/*
 * The town: senders that register, send and unregister whatever comes to their
 * minds, servers of several threads that hold, answer, unregister and now and
 * then unmap their windows.
 */
#define SENDERS 4
#define SECONDS 8

struct town {
	__u32 port;
	atomic_int stop, ready, wrong;
	atomic_int served, seen, unregistered, remapped;
	bool remap;
};

static struct town *town;

#define RIGHT(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "# %s:%d: %s (errno %d)\n", __FILE__, __LINE__,	\
			#cond, errno);						\
		atomic_store(&town->wrong, 1);					\
	}									\
} while (0)

struct worker {
	struct server *srv;
	pthread_t thread;
	unsigned int seed;
};

/* The begin and the end will do: there is much to be done. */
static bool is_right(const char *at, size_t n, unsigned int seed)
{
	unsigned char first, last;
	int sig = probe(at, false, &first) ?: probe(at + n - 1, false, &last);

	return !sig && first == pattern(seed, 0) && last == pattern(seed, n - 1);
}

/* If the window went meanwhile, other things may be there, or none. */
static void look(const struct phx_msg *msg, int remapped)
{
	unsigned int seed;
	bool right;

	memcpy(&seed, msg->i.raw, sizeof(seed));
	right = is_right(in_of(msg), msg->i.size, seed) &&
		is_right(out_of(msg), msg->o.size, seed);
	if (remapped % 2 || remapped != atomic_load(&town->remapped))
		return;
	RIGHT(right);
	atomic_fetch_add(&town->seen, 1);
}

static void *serve(void *arg)
{
	struct worker *w = arg;
	struct phx_ioc_recv got;
	int err, remapped;

	while (!atomic_load(&town->stop)) {
		remapped = atomic_load(&town->remapped);
		err = server_recv(w->srv, &got);
		if (err) {
			RIGHT(err == -EFAULT || err == -EINVAL);
			continue;
		}
		if (rand_r(&w->seed) % 8 == 0)
			usleep(rand_r(&w->seed) % 2000);
		look(&got.msg, remapped);
		if (rand_r(&w->seed) % 4) {
			err = server_respond(w->srv, &got);
		} else {
			err = server_respond_unregister(w->srv, &got);
			atomic_fetch_add(&town->unregistered, 1);
		}
		RIGHT(err == 0 || err == -ESRCH);
		atomic_fetch_add(&town->served, 1);
	}
	return NULL;
}

static void *remap(void *arg)
{
	struct worker *w = arg;
	struct windows *win = &w->srv->win;

	while (!atomic_load(&town->stop)) {
		usleep(rand_r(&w->seed) % 3000);
		/* It is odd while there is none. */
		atomic_fetch_add(&town->remapped, 1);
		windows_unmap(win);
		/* Refused while something is just being put there or taken away. */
		while (windows_map(w->srv->fd, win, WINDOW)) {
			RIGHT(errno == EBUSY);
			if (win->in != MAP_FAILED)
				munmap(win->in, WINDOW);
		}
		atomic_fetch_add(&town->remapped, 1);
	}
	return NULL;
}

static int town_server(void *arg)
{
	struct worker w[THREADS];
	struct server srv;
	int i;

	CHECK(region_server_open(&srv, WINDOW) == 0);
	town->port = srv.port;
	atomic_store(&town->ready, 1);
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .srv = &srv, .seed = i + 4711 };
		CHECK(!pthread_create(&w[i].thread, NULL,
				      town->remap && !i ? remap : serve, &w[i]));
	}
	while (!atomic_load(&town->stop))
		usleep(10000);
	CHECK(port_destroy(srv.fd, srv.port) == 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	close(srv.fd);
	return 0;
}

/* One of a process' threads; they share the file, and numbers. */
struct sender {
	int fd;
	char *mem;
	unsigned int seed, n;
	pthread_t thread;
};

#define NUMBERS 6

static atomic_int numbers[NUMBERS];

static bool expected(int err)
{
	switch (err) {
	case 0:
	case -ENOENT:		/* another thread or the server ended it */
	case -EFAULT:		/* another thread's number, of other memory */
	case -EMSGSIZE:		/* there is no window */
	case -ENOBUFS:
	case -EINVAL:		/* there is no server */
	case -EPIPE:
		return true;
	default:
		return false;
	}
}

static void *send_at_random(void *arg)
{
	struct sender *s = arg;
	struct phx_ioc_send send;
	unsigned int slot;
	int id, err;

	while (!atomic_load(&town->stop)) {
		slot = rand_r(&s->seed) % NUMBERS;
		id = atomic_load(&numbers[slot]);
		switch (rand_r(&s->seed) % 8) {
		case 0:
			id = buffer_register(s->fd, town->port, BOTH, s->mem, 16 * PAGE);
			RIGHT(id >= 0 || id == -EINVAL);
			if (id >= 0)
				buffer_unregister(s->fd, atomic_exchange(&numbers[slot], id));
			break;
		case 1:
			err = buffer_unregister(s->fd, id);
			RIGHT(err == 0 || err == -ENOENT);
			break;
		default:
			memset(&send, 0, sizeof(send));
			send.flags = PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED;
			send.i_off = id;
			send.o_off = id;
			set_input(&send.msg, s->mem, 16 * PAGE - rand_r(&s->seed) % 5000);
			set_output(&send.msg, s->mem, 16 * PAGE);
			memcpy(send.msg.i.raw, &s->n, sizeof(s->n));
			RIGHT(expected(msg_send_arg(s->fd, town->port, &send)));
		}
	}
	return NULL;
}

static int town_sender(void *arg)
{
	struct sender s[3];
	int fd = dev_open(0), i;

	CHECK(fd >= 0);
	for (i = 0; i < 3; i++) {
		s[i] = (struct sender) {
			.fd = fd, .mem = memory(16 * PAGE), .seed = getpid() * 3 + i,
			.n = 1 + getpid() * 3 + i,
		};
		fill(s[i].mem, 16 * PAGE, s[i].n);
		CHECK(!pthread_create(&s[i].thread, NULL, send_at_random, &s[i]));
	}
	for (i = 0; i < 3; i++)
		pthread_join(s[i].thread, NULL);
	return 0;
}

FIXTURE(town) {
	pid_t server, senders[SENDERS];
};

FIXTURE_VARIANT(town) {
	bool remap, kill_senders, kill_servers;
};

FIXTURE_VARIANT_ADD(town, calm) { };
FIXTURE_VARIANT_ADD(town, windows_go) { .remap = true, };
FIXTURE_VARIANT_ADD(town, senders_die) { .kill_senders = true, };
FIXTURE_VARIANT_ADD(town, servers_die) { .kill_servers = true, };
FIXTURE_VARIANT_ADD(town, all_at_once) {
	.remap = true, .kill_senders = true, .kill_servers = true,
};

FIXTURE_SETUP(town)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	town = shared_memory(sizeof(*town));
	ASSERT_NE(NULL, town);
	town->remap = variant->remap;
}

FIXTURE_TEARDOWN(town)
{
}

#define NEW_SERVER() do {							\
	atomic_store(&town->ready, 0);						\
	atomic_store(&town->remapped, 0);					\
	self->server = child_run(-1, town_server, NULL);			\
	ASSERT_TRUE(wait_for(&town->ready, 1));					\
} while (0)

TEST_F_TIMEOUT(town, no_byte_is_wrong_and_nothing_stays, 200)
{
	unsigned int seed = 815;
	time_t end = time(NULL) + SECONDS;
	int i;

	NEW_SERVER();
	for (i = 0; i < SENDERS; i++)
		self->senders[i] = child_run(-1, town_sender, NULL);
	while (time(NULL) < end) {
		usleep(rand_r(&seed) % 20000);
		i = rand_r(&seed) % SENDERS;
		if (variant->kill_senders && rand_r(&seed) % 2) {
			kill(self->senders[i], SIGKILL);
			EXPECT_EQ(-SIGKILL, child_end(self->senders[i]));
			self->senders[i] = child_run(-1, town_sender, NULL);
		}
		if (variant->kill_servers && rand_r(&seed) % 8 == 0) {
			kill(self->server, SIGKILL);
			EXPECT_EQ(-SIGKILL, child_end(self->server));
			NEW_SERVER();
		}
	}
	atomic_store(&town->stop, 1);
	EXPECT_EQ(0, child_end(self->server));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_end(self->senders[i]));
	EXPECT_EQ(0, atomic_load(&town->wrong));
	EXPECT_LT(0, atomic_load(&town->seen));
	EXPECT_LT(0, atomic_load(&town->unregistered));
	/* A new server begins to count anew. */
	if (!variant->kill_servers)
		EXPECT_EQ(variant->remap, atomic_load(&town->remapped) > 0);
	EXPECT_TRUE(stat_becomes("regions_live", 0));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
	TH_LOG("%d served, %d seen, %d unregistered by the server, %d windows", town->served,
	       town->seen, town->unregistered, town->remapped);
}

TEST_HARNESS_MAIN
