// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once for a while: servers of several threads, some of which send
 * on what they get, senders with buffers of all sizes, timeouts and signals, and
 * somebody who kills them one by one. Each message that is answered is exact.
 */
#include "phx_map.h"

#include <sys/time.h>

#define SERVERS 3
#define SENDERS 6
#define THREADS 2
#define WINDOW (256 * PAGE)
#define SECONDS 15
#define LONGEST (24 * PAGE)

/* In shared memory. */
struct town {
	__u32 ports[SERVERS];
	atomic_int stop;
	atomic_int wrong;
	atomic_int answered;
	atomic_int killed;
};

static struct town *town;

struct worker {
	struct server srv;
	size_t copy_at;
	unsigned int seed;
	bool last;		/* does not send on: messages don't go in circles */
	__u32 next;
};

#define RIGHT(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		atomic_store(&town->wrong, 1);					\
	}									\
} while (0)

/* The first 8 bytes of raw say which contents there are, and are to be. */
static void serve_one(struct worker *w, struct phx_msg *msg)
{
	unsigned int seed;

	memcpy(&seed, msg->i.raw, sizeof(seed));
	RIGHT(holds(in_of(msg), msg->i.size, seed));
	RIGHT(holds(out_of(msg), msg->o.size, seed + 1));
	if (!w->last && rand_r(&w->seed) % 3 == 0) {
		struct phx_msg onward = *msg;

		if (msg_send(w->srv.fd, w->next, &onward) == 0) {
			RIGHT(holds(out_of(msg), msg->o.size, seed + 2));
			return;
		}
	}
	fill(out_of(msg), msg->o.size, seed + 2);
}

static void *serve(void *arg)
{
	struct worker w = *(struct worker *)arg;
	char *room = memory(2 * LONGEST + 2 * PAGE);

	w.seed += syscall(SYS_gettid);
	while (!atomic_load(&town->stop)) {
		struct phx_ioc_recv got = { .rid = PHX_RID_NONE };
		int err;

		if (rand_r(&w.seed) % 2) {
			got.buf = addr(room);
			got.buf_size = 2 * LONGEST + 2 * PAGE;
		}
		got.timeout_ns = 100000000;
		err = msg_recv_arg(w.srv.fd, w.srv.port, &got);
		if (err) {
			RIGHT(err == -ETIMEDOUT);
			continue;
		}
		serve_one(&w, &got.msg);
		if (rand_r(&w.seed) % 4 == 0)
			usleep(rand_r(&w.seed) % 2000);
		err = msg_respond(w.srv.fd, w.srv.port, &got.msg, got.rid);
		RIGHT(err == 0 || err == -ESRCH);
	}
	return NULL;
}

static int server_main(void *arg)
{
	long nr = (long)arg;
	struct worker w = { .seed = getpid(), .last = nr == SERVERS - 1 };
	pthread_t threads[THREADS];
	int i;

	CHECK(server_open(&w.srv, WINDOW, PAGE) == 0);
	w.next = w.last ? 0 : town->ports[nr + 1];
	town->ports[nr] = w.srv.port;
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, serve, &w));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void on_alarm(int sig)
{
}

static void send_one(int fd, unsigned int *rand, char *in, char *out)
{
	unsigned int seed = rand_r(rand) % 1000, kind = rand_r(rand) % 8;
	size_t i_off = rand_r(rand) % PAGE, o_off = rand_r(rand) % PAGE;
	size_t i_len = rand_r(rand) % (kind < 4 ? 300 : LONGEST);
	size_t o_len = rand_r(rand) % (kind % 2 ? 300 : LONGEST);
	struct phx_ioc_send send = { .timeout_ns = kind == 7 ? 1000000 + seed * 9000 : 0 };
	int err;

	fill(in + i_off, i_len, seed);
	memset(out, 0, LONGEST + 2 * PAGE);
	fill(out + o_off, o_len, seed + 1);
	memcpy(send.msg.i.raw, &seed, sizeof(seed));
	set_input(&send.msg, in + i_off, i_len);
	set_output(&send.msg, out + o_off, o_len);
	err = msg_send_arg(fd, town->ports[rand_r(rand) % SERVERS], &send);
	if (!err) {
		RIGHT(holds(out + o_off, o_len, seed + 2));
		atomic_fetch_add(&town->answered, 1);
	} else {
		RIGHT(err == -EINVAL || err == -EPIPE || err == -ETIMEDOUT || err == -EINTR ||
		      err == -ENOBUFS);
	}
	RIGHT(holds(in + i_off, i_len, seed));
	RIGHT(all_are(out, o_off, 0));
	RIGHT(all_are(out + o_off + o_len, LONGEST + PAGE - o_off - o_len, 0));
}

static int sender_main(void *arg)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	unsigned int rand = getpid();
	char *in = memory(LONGEST + 2 * PAGE), *out = memory(LONGEST + 2 * PAGE);
	int fd = dev_open(0);
	int n;

	CHECK(fd >= 0);
	if ((long)arg % 2) {
		signal(SIGALRM, on_alarm);
		setitimer(ITIMER_REAL, &often, NULL);
	}
	for (n = 0; !atomic_load(&town->stop); n++) {
		send_one(fd, &rand, in, out);
		if (n % 16 == 15) {
			munmap(in, LONGEST + 2 * PAGE);
			in = memory(LONGEST + 2 * PAGE);
		}
	}
	return 0;
}

static pid_t start(int nr)
{
	if (nr < SERVERS)
		return child_run(-1, server_main, (void *)(long)nr);
	return child_run(-1, sender_main, (void *)(long)nr);
}

/* Waits until a server has its port. */
static bool is_open(int nr)
{
	int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (__atomic_load_n(&town->ports[nr], __ATOMIC_ACQUIRE))
			return true;
		usleep(1000);
	}
	return false;
}

FIXTURE(stress) {
	int fd;
};

FIXTURE_SETUP(stress)
{
	OPEN_OR_SKIP(self->fd);
	close(self->fd);
	town = shared_memory(sizeof(*town));
}

FIXTURE_TEARDOWN(stress)
{
}

TEST_F_TIMEOUT(stress, a_town, 120)
{
	pid_t pids[SERVERS + SENDERS];
	struct timespec begin, now;
	unsigned int rand = 42;
	int i, nr;

	/* The last server first: others send on to it. */
	for (i = 0; i < SERVERS + SENDERS; i++) {
		nr = i < SERVERS ? SERVERS - 1 - i : i;
		pids[nr] = start(nr);
		if (nr < SERVERS)
			ASSERT_TRUE(is_open(nr));
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		usleep(20000 + rand_r(&rand) % 100000);
		nr = rand_r(&rand) % (SERVERS + SENDERS);
		kill(pids[nr], SIGKILL);
		ASSERT_EQ(-SIGKILL, child_end(pids[nr]));
		atomic_fetch_add(&town->killed, 1);
		pids[nr] = start(nr);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < begin.tv_sec + SECONDS && !atomic_load(&town->wrong));
	EXPECT_EQ(0, atomic_load(&town->wrong));
	atomic_store(&town->stop, 1);
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, child_end(pids[SERVERS + i]));
	for (i = 0; i < SERVERS; i++)
		EXPECT_EQ(0, child_end(pids[i]));
	EXPECT_LT(0, atomic_load(&town->answered));
	TH_LOG("%d answers, %d were killed", atomic_load(&town->answered),
	       atomic_load(&town->killed));
}

TEST_HARNESS_MAIN
