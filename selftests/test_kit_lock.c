// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutexes, condition variables and semaphores of the porting kit: no device is
 * needed. That something does not happen is never told by time alone: who waits
 * is looked at in /proc.
 */
#include "phx_harness.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/threads.h>
#include <sys/time.h>
#include <sys/wait.h>

#define LONG_US		60000000	/* never reached */
#define SHORT_US	20000

/* A thread that does one thing and stores what it gave. */
struct peer {
	int (*call)(struct peer *peer);
	handle_t h, m;
	time_t timeout;
	volatile int tid;
	volatile int result;
	volatile int order;
};

static volatile int order;

static void peer_main(void *arg)
{
	struct peer *peer = arg;

	peer->tid = gettid();
	peer->result = peer->call(peer);
	peer->order = __sync_add_and_fetch(&order, 1);
	endthread();
}

static int peer_start(struct peer *peer)
{
	int tid = 0, err;

	peer->tid = 0;
	err = beginthreadex(peer_main, 4, NULL, 0, peer, &tid);
	return err ? err : tid;
}

/* Wait until a thread sleeps in futex(). */
static void until_asleep(int tid)
{
	char path[64], text[64];
	FILE *file;
	int number;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	for (;;) {
		file = fopen(path, "r");
		number = -1;
		if (file && fgets(text, sizeof(text), file))
			number = atoi(text);
		if (file)
			fclose(file);
		if (number == 202 /* futex */)
			return;
		usleep(1000);
	}
}

static int call_lock(struct peer *peer)
{
	int err = mutexLock(peer->h);

	if (!err)
		mutexUnlock(peer->h);
	return err;
}

static int call_try(struct peer *peer)
{
	return mutexTry(peer->h);
}

static int call_unlock(struct peer *peer)
{
	return mutexUnlock(peer->h);
}

static int call_wait(struct peer *peer)
{
	int err;

	mutexLock(peer->m);
	err = condWait(peer->h, peer->m, peer->timeout);
	mutexUnlock(peer->m);
	return err;
}

static int call_down(struct peer *peer)
{
	return semaphoreDown((semaphore_t *)(uintptr_t)peer->timeout, 0);
}

static int call_lock_and_end(struct peer *peer)
{
	return mutexLock(peer->h);
}

TEST(handles_begin_at_1_and_are_used_again)
{
	handle_t m, c, again;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	EXPECT_LT(0, m);
	EXPECT_LT(0, c);
	EXPECT_NE(m, c);
	EXPECT_EQ(0, resourceDestroy(m));
	EXPECT_EQ(-EINVAL, resourceDestroy(m));
	ASSERT_EQ(0, mutexCreate(&again));
	EXPECT_EQ(m, again);
}

TEST(bad_handles_are_refused)
{
	handle_t m, c;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	EXPECT_EQ(-EINVAL, mutexLock(0));
	EXPECT_EQ(-EINVAL, mutexLock(-1));
	EXPECT_EQ(-EINVAL, mutexLock(0x7fffffff));
	EXPECT_EQ(-EINVAL, mutexLock(c));
	EXPECT_EQ(-EINVAL, mutexUnlock(12345));
	EXPECT_EQ(-EINVAL, condSignal(m));
	EXPECT_EQ(-EINVAL, condBroadcast(0));
	mutexLock(m);
	EXPECT_EQ(-EINVAL, condWait(m, m, 1));
	EXPECT_EQ(-EINVAL, condWait(c, 999, 1));
	EXPECT_EQ(-EINVAL, resourceDestroy(0));
	EXPECT_EQ(-EINVAL, mutexTry(999));
}

TEST(attributes_are_checked)
{
	struct lockAttr lock = { .type = 3 };
	struct condAttr cond = { .clock = 3 };
	handle_t h;

	EXPECT_EQ(-EINVAL, phMutexCreate(&h, &lock));
	EXPECT_EQ(-EINVAL, phCondCreate(&h, &cond));
}

TEST(thousands_of_handles)
{
	static handle_t h[5000];
	int i;

	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, mutexCreate(&h[i]));
	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, mutexLock(h[i]));
	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, mutexUnlock(h[i]));
	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, resourceDestroy(h[i]));
}

TEST(a_mutex_is_had_by_one)
{
	struct peer peer = { .call = call_lock }, other = { .call = call_try };
	handle_t m;
	int tid;

	ASSERT_EQ(0, mutexCreate(&m));
	EXPECT_EQ(-EPERM, mutexUnlock(m));
	ASSERT_EQ(0, mutexLock(m));
	other.h = peer.h = m;
	tid = peer_start(&other);
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(-EBUSY, other.result);
	tid = peer_start(&peer);
	until_asleep(tid);
	EXPECT_EQ(-ETIME, threadJoin(tid, SHORT_US));
	EXPECT_EQ(0, mutexUnlock(m));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(0, peer.result);
}

TEST(types_of_mutexes)
{
	struct lockAttr recursive = { .type = PH_LOCK_RECURSIVE };
	struct lockAttr check = { .type = PH_LOCK_ERRORCHECK };
	struct peer peer = { .call = call_unlock };
	handle_t r, e;
	int tid;

	ASSERT_EQ(0, mutexCreateWithAttr(&r, &recursive));
	ASSERT_EQ(0, mutexCreateWithAttr(&e, &check));
	EXPECT_EQ(0, mutexLock(r));
	EXPECT_EQ(0, mutexLock(r));
	EXPECT_EQ(0, mutexTry(r));
	EXPECT_EQ(0, mutexUnlock(r));
	EXPECT_EQ(0, mutexUnlock(r));
	peer.h = r;
	tid = peer_start(&peer);
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(-EPERM, peer.result);
	EXPECT_EQ(0, mutexUnlock(r));
	EXPECT_EQ(-EPERM, mutexUnlock(r));
	EXPECT_EQ(0, mutexLock(e));
	EXPECT_EQ(-EDEADLK, mutexLock(e));
	EXPECT_EQ(0, mutexUnlock(e));
	EXPECT_EQ(-EPERM, mutexUnlock(e));
}

TEST(two_mutexes_are_taken_in_any_order)
{
	handle_t a, b;
	int i;

	ASSERT_EQ(0, mutexCreate(&a));
	ASSERT_EQ(0, mutexCreate(&b));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? mutexLock2(a, b) : mutexLock2(b, a));
		EXPECT_EQ(0, mutexUnlock(a));
		EXPECT_EQ(0, mutexUnlock(b));
	}
	EXPECT_EQ(-EINVAL, mutexLock2(a, 999));
	EXPECT_EQ(0, mutexTry(a));
	EXPECT_EQ(0, mutexUnlock(a));
	EXPECT_EQ(-EDEADLK, mutexLock2(a, a));
}

TEST(a_thread_that_ends_gives_back_its_mutexes)
{
	struct peer peer = { .call = call_lock_and_end };
	handle_t m;
	int tid;

	ASSERT_EQ(0, mutexCreate(&m));
	peer.h = m;
	tid = peer_start(&peer);
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(0, mutexLock(m));
	EXPECT_EQ(0, mutexUnlock(m));
}

/* The one that servers depend on. */
TEST(a_signal_without_a_waiter_is_remembered_once)
{
	handle_t m, c;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	EXPECT_EQ(0, condSignal(c));
	EXPECT_EQ(0, condSignal(c));
	EXPECT_EQ(0, condBroadcast(c));
	mutexLock(m);
	EXPECT_EQ(0, condWait(c, m, LONG_US));
	EXPECT_EQ(-ETIME, condWait(c, m, SHORT_US));
	EXPECT_EQ(-EDEADLK, mutexLock(m));
	EXPECT_EQ(0, mutexUnlock(m));
}

/* Has a thread wait for a new condition with a new mutex; its number, or an error. */
static int start_waiter(struct peer *peer)
{
	int err = mutexCreate(&peer->m) ?: condCreate(&peer->h);
	int tid = err ? err : peer_start(peer);

	if (tid > 0)
		until_asleep(tid);
	return tid;
}

TEST(a_signal_that_wakes_somebody_is_not_remembered)
{
	struct peer peer = { .call = call_wait };
	int tid = start_waiter(&peer);

	ASSERT_LT(0, tid);
	EXPECT_EQ(0, condSignal(peer.h));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(0, peer.result);
	mutexLock(peer.m);
	EXPECT_EQ(-ETIME, condWait(peer.h, peer.m, SHORT_US));
}

TEST(signals_wake_one_each_and_in_order)
{
	struct peer peers[3] = { { 0 } };
	handle_t m, c;
	int i, tids[3];

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	for (i = 0; i < 3; i++) {
		peers[i].call = call_wait;
		peers[i].h = c;
		peers[i].m = m;
		tids[i] = peer_start(&peers[i]);
		until_asleep(tids[i]);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, condSignal(c));
		EXPECT_EQ(tids[i], threadJoin(-1, 0));
	}
}

TEST(a_broadcast_wakes_all)
{
	struct peer peers[4] = { { 0 } };
	handle_t m, c;
	int i;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	for (i = 0; i < 4; i++) {
		peers[i].call = call_wait;
		peers[i].h = c;
		peers[i].m = m;
		until_asleep(peer_start(&peers[i]));
	}
	EXPECT_EQ(0, condBroadcast(c));
	for (i = 0; i < 4; i++)
		EXPECT_LT(0, threadJoin(-1, 0));
	mutexLock(m);
	EXPECT_EQ(-ETIME, condWait(c, m, SHORT_US));
}

/* Servers wait on one condition with several mutexes. */
TEST(one_condition_with_several_mutexes)
{
	struct peer peers[2] = { { 0 } };
	handle_t c;
	int i;

	ASSERT_EQ(0, condCreate(&c));
	for (i = 0; i < 2; i++) {
		peers[i].call = call_wait;
		peers[i].h = c;
		ASSERT_EQ(0, mutexCreate((handle_t *)&peers[i].m));
		until_asleep(peer_start(&peers[i]));
	}
	EXPECT_EQ(0, condBroadcast(c));
	for (i = 0; i < 2; i++)
		EXPECT_LT(0, threadJoin(-1, 0));
}

TEST(clocks_of_conditions)
{
	struct condAttr mono = { .clock = PH_CLOCK_MONOTONIC };
	struct condAttr real = { .clock = PH_CLOCK_REALTIME };
	time_t raw, offs, after;
	handle_t m, c;

	ASSERT_EQ(0, mutexCreate(&m));
	mutexLock(m);
	ASSERT_EQ(0, condCreateWithAttr(&c, &mono));
	gettime(&raw, &offs);
	EXPECT_EQ(-ETIME, condWait(c, m, raw + SHORT_US));
	gettime(&after, NULL);
	EXPECT_LE(raw + SHORT_US, after);
	EXPECT_EQ(-ETIME, condWait(c, m, 1));
	ASSERT_EQ(0, condCreateWithAttr(&c, &real));
	EXPECT_EQ(-ETIME, condWait(c, m, after + offs + SHORT_US));
	EXPECT_EQ(-ETIME, condWait(c, m, raw));
	EXPECT_EQ(-EDEADLK, mutexLock(m));
}

static atomic_int handled;

static void note_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&handled, 1);
}

TEST(a_handler_that_runs_does_not_end_a_wait)
{
	struct sigaction act = { .sa_handler = note_signal };
	struct peer peer = { .call = call_wait };
	int tid;

	sigaction(SIGUSR1, &act, NULL);
	tid = start_waiter(&peer);
	ASSERT_LT(0, tid);
	tgkill(getpid(), tid, SIGUSR1);
	while (!atomic_load(&handled))
		usleep(100);
	until_asleep(tid);
	EXPECT_EQ(0, condSignal(peer.h));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(0, peer.result);
}

TEST(destroying_a_condition_wakes_who_waits)
{
	struct peer peer = { .call = call_wait };
	int tid = start_waiter(&peer);

	ASSERT_LT(0, tid);
	EXPECT_EQ(0, resourceDestroy(peer.h));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(-EINVAL, peer.result);
}

TEST(waiting_without_the_mutex_is_refused)
{
	handle_t m, c;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	EXPECT_EQ(-EPERM, condWait(c, m, SHORT_US));
}

TEST(a_child_begins_with_all_unlocked)
{
	handle_t m, c;
	int status;
	pid_t pid;

	ASSERT_EQ(0, mutexCreate(&m));
	ASSERT_EQ(0, condCreate(&c));
	ASSERT_EQ(0, mutexLock(m));
	ASSERT_EQ(0, condSignal(c));
	pid = fork();
	if (!pid) {
		if (mutexLock(m) || condWait(c, m, SHORT_US) != -ETIME || mutexUnlock(m))
			_exit(1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mutexUnlock(m));
}

/* A ping-pong that a lost signal would stop. */
static handle_t ping_m, ping_c;
static volatile int ping_turn;

static int call_ping(struct peer *peer)
{
	int i, me = peer->h;

	mutexLock(ping_m);
	for (i = 0; i < 2000; i++) {
		while (ping_turn != me)
			condWait(ping_c, ping_m, 0);
		ping_turn = !me;
		condBroadcast(ping_c);
	}
	mutexUnlock(ping_m);
	return 0;
}

TEST(no_signal_is_lost)
{
	struct peer peers[2] = {
		{ .call = call_ping, .h = 0 }, { .call = call_ping, .h = 1 },
	};

	ASSERT_EQ(0, mutexCreate(&ping_m));
	ASSERT_EQ(0, condCreate(&ping_c));
	peer_start(&peers[0]);
	peer_start(&peers[1]);
	EXPECT_LT(0, threadJoin(-1, 0));
	EXPECT_LT(0, threadJoin(-1, 0));
}

TEST(semaphores_count)
{
	struct peer peer = { .call = call_down };
	semaphore_t s;
	int tid;

	ASSERT_EQ(0, semaphoreCreate(&s, 2));
	EXPECT_EQ(0, semaphoreDown(&s, 0));
	EXPECT_EQ(0, semaphoreDown(&s, SHORT_US));
	EXPECT_EQ(-ETIME, semaphoreDown(&s, SHORT_US));
	peer.timeout = (time_t)(uintptr_t)&s;
	tid = peer_start(&peer);
	until_asleep(tid);
	EXPECT_EQ(0, semaphoreUp(&s));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(0, s.v);
	EXPECT_EQ(0, semaphoreDone(&s));
	EXPECT_EQ(-EINVAL, semaphoreUp(&s));
}

TEST_HARNESS_MAIN
