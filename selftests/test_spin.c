// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who spins before it sleeps, and who does not; and that nobody else has to wait
 * for that.
 */
#include "phx_spin.h"

#define ROUNDS 1000

static void *send_thread(void *arg)
{
	struct spin_pair *p = arg;

	if (cpu_pin(p->send_cpu) || send_some(p->cli, p->port, ROUNDS, 0))
		abort();
	return NULL;
}

/* A thread sends, the test serves. Returns how many waits were spent spinning. */
static long long ping_pong(struct spin_pair *p)
{
	long long before = stat_read("waits_spun");
	pthread_t thread;

	if (pthread_create(&thread, NULL, send_thread, p))
		abort();
	if (serve(p->srv, p->port, ROUNDS, 0))
		abort();
	pthread_join(thread, NULL);
	return before < 0 ? -1 : stat_read("waits_spun") - before;
}

FIXTURE(spin) {
	struct spin_pair p;
};

enum spins { NEVER, SOME, ANY };

FIXTURE_VARIANT(spin) {
	struct spin_params params;
	enum spins spins;
};

#define SPIN(_name, _spin, _send_us, _recv_us, _spins)				\
	FIXTURE_VARIANT_ADD(spin, _name) {					\
		.params = { _spin, _send_us, _recv_us }, .spins = _spins,	\
	}

SPIN(off, 0, SPIN_MAX, SPIN_MAX, NEVER);
SPIN(none, 1, 0, 0, NEVER);
SPIN(shortest, 1, 1, 1, ANY);
SPIN(senders, 1, SPIN_MAX, 0, SOME);
SPIN(receivers, 1, 0, SPIN_MAX, SOME);
SPIN(longest, 1, SPIN_MAX, SPIN_MAX, SOME);
SPIN(beyond, 1, 0xffffffff, 0xffffffff, SOME);
SPIN(usual, 1, 200, 50, ANY);

FIXTURE_SETUP(spin)
{
	SPIN_PAIR_OR_SKIP(&self->p);
	ASSERT_EQ(0, spin_write(variant->params));
}

FIXTURE_TEARDOWN(spin)
{
	spin_pair_close(&self->p);
}

TEST_F_TIMEOUT(spin, on_two_cpus, 120)
{
	long long spun = ping_pong(&self->p);

	if (spun < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	TH_LOG("%lld of %d waits were over while spinning", spun, 2 * ROUNDS);
	if (variant->spins == NEVER)
		EXPECT_EQ(0, spun);
	if (variant->spins == SOME && !spun && is_slow_kernel())
		SKIP(return, "nobody was seen to spin on this slow kernel");
	if (variant->spins == SOME)
		EXPECT_LT(0, spun);
}

/* A preemption just then makes a spinner of one who did not mean to. */
TEST_F_TIMEOUT(spin, not_on_one_cpu, 120)
{
	long long spun;

	self->p.send_cpu = self->p.recv_cpu;
	spun = ping_pong(&self->p);
	if (spun < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	EXPECT_LE(variant->spins == NEVER ? 0 : -ROUNDS / 2, -spun);
}

/* What was learned is used no more when parameters say so. */
TEST_F_TIMEOUT(spin, parameters_take_effect_at_once, 120)
{
	long long first, then;

	ASSERT_EQ(0, spin_write((struct spin_params) { 1, SPIN_MAX, SPIN_MAX }));
	first = ping_pong(&self->p);
	if (first < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	EXPECT_LT(ROUNDS / 50, first);
	ASSERT_EQ(0, spin_write(variant->params));
	then = ping_pong(&self->p);
	if (variant->spins == NEVER)
		EXPECT_EQ(0, then);
}

FIXTURE(two) {
	struct spin_pair p;
};

FIXTURE_SETUP(two)
{
	SPIN_PAIR_OR_SKIP(&self->p);
	ASSERT_EQ(0, spin_write((struct spin_params) { 1, SPIN_MAX, SPIN_MAX }));
}

FIXTURE_TEARDOWN(two)
{
	spin_pair_close(&self->p);
}

TEST_F(two, parameters_are_numbers)
{
	static const char *const bad[] = { "-1", "4294967296", "abc", "", "1 2" };
	static const char *const names[] = { "spin_send_us", "spin_recv_us" };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/module/phxport/parameters/%s", names[i]);
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			int fd = open(path, O_WRONLY);

			EXPECT_EQ(-1, write(fd, bad[j], strlen(bad[j]) + 1));
			close(fd);
		}
		EXPECT_EQ(SPIN_MAX, param_read(names[i]));
	}
	EXPECT_NE(0, param_write("spin", 2));
	EXPECT_EQ(1, param_read("spin"));
}

/* The CPU time that a sender took for so many messages, each held so long. */
struct cost {
	struct spin_pair *p;
	int n, policy;
	bool learned;
	atomic_int ready, go;
	__u64 cpu_ns;
};

static void *cost_thread(void *arg)
{
	struct sched_param param = { 0 };
	struct cost *cost = arg;

	param.sched_priority = cost->policy == SCHED_FIFO;
	if (cpu_pin(cost->p->send_cpu) ||
	    pthread_setschedparam(pthread_self(), cost->policy, &param) ||
	    send_some(cost->p->cli, cost->p->port, LESSONS, 0))
		abort();
	atomic_store(&cost->ready, 1);
	while (!atomic_load(&cost->go))
		usleep(1000);
	cost->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	if (send_some(cost->p->cli, cost->p->port, cost->n, 0))
		abort();
	cost->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cost->cpu_ns;
	return NULL;
}

static pthread_t cost_start(struct cost *cost)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, cost_thread, cost) || teach(cost->p))
		abort();
	while (!atomic_load(&cost->ready))
		usleep(1000);
	return thread;
}

static void cost_end(struct cost *cost, pthread_t thread, unsigned int us)
{
	atomic_store(&cost->go, 1);
	if (serve(cost->p->srv, cost->p->port, cost->n, us))
		abort();
	pthread_join(thread, NULL);
}

#define HELD_MS 500

/* However large the parameter: a server may be busy for long. */
TEST_F_TIMEOUT(two, nobody_spins_for_longer_than_there_is_sense_in, 60)
{
	struct cost cost = { .p = &self->p, .n = 1 };
	pthread_t thread;

	ASSERT_EQ(0, spin_write((struct spin_params) { 1, 0xffffffff, 0xffffffff }));
	thread = cost_start(&cost);
	cost_end(&cost, thread, HELD_MS * 1000);
	EXPECT_LT(cost.cpu_ns, HELD_MS / 2 * 1000000ULL);
}

/* Wants the CPU all the time, or as often as not. */
static _Noreturn void hog_main(unsigned int pause_us)
{
	for (;;) {
		busy(pause_us);
		if (pause_us)
			usleep(pause_us);
	}
}

static pid_t hog_start(struct spin_pair *p, unsigned int pause_us)
{
	clockid_t clock;
	pid_t hog;

	cpu_pin(p->send_cpu);
	hog = fork_child();
	if (!hog)
		hog_main(pause_us);
	cpu_pin(p->recv_cpu);
	if (hog < 0 || clock_getcpuclockid(hog, &clock))
		abort();
	while (now_ns(clock) < 1000000)
		usleep(1000);
	return hog;
}

FIXTURE(hog) {
	struct spin_pair p;
};

FIXTURE_VARIANT(hog) {
	int policy;	/* of the sender */
};

FIXTURE_VARIANT_ADD(hog, of_a_usual_sender) { .policy = SCHED_OTHER };
FIXTURE_VARIANT_ADD(hog, of_a_realtime_sender) { .policy = SCHED_FIFO };

FIXTURE_SETUP(hog)
{
	SPIN_PAIR_OR_SKIP(&self->p);
	ASSERT_EQ(0, spin_write((struct spin_params) { 1, SPIN_MAX, 0 }));
	if (stat_read("waits_spun") < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
}

FIXTURE_TEARDOWN(hog)
{
	spin_pair_close(&self->p);
}

#define HELD_US 2000
#define HOG_ROUNDS 60
#define NO_HOG (-1)

/* How many waits of a sender ended while it was spinning, beside a hog. */
static long long spun_beside(struct spin_pair *p, int policy, int pause_us)
{
	struct cost cost = { .p = p, .n = HOG_ROUNDS, .policy = policy };
	pthread_t thread = cost_start(&cost);
	pid_t hog = pause_us == NO_HOG ? 0 : hog_start(p, pause_us);
	long long before = stat_read("waits_spun");

	cost_end(&cost, thread, HELD_US);
	if (hog) {
		kill(hog, SIGKILL);
		wait_child(hog);
	}
	return stat_read("waits_spun") - before;
}

/* Alone on its CPU it spins, or the next tests would show nothing. */
TEST_F_TIMEOUT(hog, is_not_there, 60)
{
	long long spun = 0;
	int i;

	/* A machine that is busy otherwise may need more than one try. */
	for (i = 0; i < 5 && !spun; i++)
		spun = spun_beside(&self->p, variant->policy, NO_HOG);
	TH_LOG("%lld of %d waits were over while spinning", spun, HOG_ROUNDS);
	EXPECT_LT(0, spun);
}

/* While another process wants the CPU of who waits, it has that. */
TEST_F_TIMEOUT(hog, always_wants_the_cpu, 60)
{
	EXPECT_EQ(0, spun_beside(&self->p, variant->policy, 0));
}

/* One that comes while it is spun does not have to wait for the end of that. */
TEST_F_TIMEOUT(hog, wants_the_cpu_again_and_again, 60)
{
	long long spun = spun_beside(&self->p, variant->policy, 400);

	TH_LOG("%lld of %d waits were over while spinning", spun, HOG_ROUNDS);
	EXPECT_GT(HOG_ROUNDS, spun);
}

/* The server on the same CPU, for good or by turns: it is not kept from it. */
TEST_F_TIMEOUT(hog, is_the_server, 60)
{
	struct cost cost = { .p = &self->p, .n = 200, .policy = variant->policy };
	pthread_t thread = cost_start(&cost);
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE };
	int i;

	atomic_store(&cost.go, 1);
	for (i = 0; i < cost.n; i++) {
		bool there = i > cost.n / 2 || i & 1;

		ASSERT_EQ(0, cpu_pin(there ? self->p.send_cpu : self->p.recv_cpu));
		ASSERT_EQ(0, msg_respond_recv(self->p.srv, self->p.port, &got));
	}
	ASSERT_EQ(0, msg_respond(self->p.srv, self->p.port, &got.msg, got.rid));
	pthread_join(thread, NULL);
}

/* A stream of messages from several senders to several receivers. */
struct stream {
	struct spin_pair *p;
	int rounds;
	atomic_int next, stop;
	atomic_int sent, received, failed;
};

static void *stream_sender(void *arg)
{
	struct stream *s = arg;
	int fd = dev_open(0), i;

	if (atomic_fetch_add(&s->next, 1) % 2 && cpu_pin(s->p->send_cpu))
		abort();
	for (i = 0; i < s->rounds; i++) {
		struct phx_msg msg = { .type = i };
		int err = msg_send(fd, s->p->port, &msg);

		atomic_fetch_add(!err && msg.o.err == i ? &s->sent : &s->failed, 1);
	}
	close(fd);
	return NULL;
}

static void *stream_receiver(void *arg)
{
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE };
	struct stream *s = arg;

	while (!msg_respond_recv(s->p->srv, s->p->port, &got)) {
		got.msg.o.err = got.msg.type;
		atomic_fetch_add(&s->received, 1);
	}
	return NULL;
}

static void *stream_change(void *arg)
{
	static const struct spin_params params[] = {
		{ 1, SPIN_MAX, SPIN_MAX }, { 0, SPIN_MAX, SPIN_MAX }, { 1, 0, SPIN_MAX },
		{ 1, SPIN_MAX, 0 }, { 1, 1, 1 }, { 1, 0, 0 }, { 1, 200, 50 }, { 0, 0, 0 },
		{ 1, 0xffffffff, 0xffffffff },
	};
	struct stream *s = arg;
	unsigned int i = 0;

	while (!atomic_load(&s->stop)) {
		if (spin_write(params[i++ % ARRAY_SIZE(params)]))
			abort();
		usleep(300 + i * 7 % 5000);
	}
	return NULL;
}

#define STREAM_MAX 4

/* Every message is answered: a wake-up that is lost would let this hang. */
static void stream_run(struct __test_metadata *_metadata, struct spin_pair *p,
		       int rounds, int senders, int receivers)
{
	pthread_t out[STREAM_MAX], in[STREAM_MAX], change;
	struct stream s = { .p = p, .rounds = rounds / senders };
	int i;

	/* A kernel that checks all it does is several times slower. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		s.rounds /= 10;
	for (i = 0; i < receivers; i++)
		ASSERT_EQ(0, pthread_create(&in[i], NULL, stream_receiver, &s));
	ASSERT_EQ(0, pthread_create(&change, NULL, stream_change, &s));
	for (i = 0; i < senders; i++)
		ASSERT_EQ(0, pthread_create(&out[i], NULL, stream_sender, &s));
	for (i = 0; i < senders; i++)
		pthread_join(out[i], NULL);
	atomic_store(&s.stop, 1);
	pthread_join(change, NULL);
	EXPECT_EQ(0, port_destroy(p->srv, p->port));
	for (i = 0; i < receivers; i++)
		pthread_join(in[i], NULL);
	EXPECT_EQ(0, s.failed);
	EXPECT_EQ(s.rounds * senders, s.sent);
	EXPECT_EQ(s.rounds * senders, s.received);
}

TEST_F_TIMEOUT(two, no_wakeup_is_lost_while_parameters_change, 280)
{
	stream_run(_metadata, &self->p, 100000, 1, 1);
}

TEST_F_TIMEOUT(two, no_wakeup_is_lost_in_a_crowd, 280)
{
	int cpu[2] = { self->p.send_cpu, self->p.recv_cpu };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu[0], &set);
	CPU_SET(cpu[1], &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	stream_run(_metadata, &self->p, 20000, 4, 3);
}

TEST_HARNESS_MAIN
