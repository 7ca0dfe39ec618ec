// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of the porting kit, and their priorities: no device is needed.
 */
#include "phx_harness.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/threads.h>
#include <sys/time.h>
#include <sys/wait.h>

#define SHORT_US 20000

static volatile int seen, seen_tid;

static void store(void *arg)
{
	seen = (int)(intptr_t)arg;
	seen_tid = gettid();
	endthread();
	seen = -1;
}

static void return_only(void *arg)
{
	seen = (int)(intptr_t)arg;
}

TEST(a_thread_runs_and_is_joined_by_its_number)
{
	handle_t tid = 0;

	ASSERT_EQ(0, beginthreadex(store, 4, NULL, 0, (void *)5, &tid));
	EXPECT_LT(0, tid);
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(5, seen);
	EXPECT_EQ(tid, seen_tid);
}

TEST(a_thread_may_just_return)
{
	handle_t tid;

	ASSERT_EQ(0, beginthreadex(return_only, 4, NULL, 0, (void *)6, &tid));
	EXPECT_EQ(tid, threadJoin(-1, 0));
	EXPECT_EQ(6, seen);
	ASSERT_EQ(0, beginthread(return_only, 4, NULL, 0, (void *)7));
	EXPECT_LT(0, threadJoin(-1, 0));
	EXPECT_EQ(7, seen);
}

TEST(join_gives_up)
{
	handle_t tid;

	EXPECT_EQ(-EDEADLK, threadJoin(gettid(), 0));
	EXPECT_EQ(-ETIME, threadJoin(-1, SHORT_US));
	ASSERT_EQ(0, beginthreadex(return_only, 4, NULL, 0, NULL, &tid));
	EXPECT_EQ(tid, threadJoin(tid, 0));
	EXPECT_EQ(-ETIME, threadJoin(tid, SHORT_US));
}

/* What a stack of the program's, of 512 bytes, would not do. */
static void use_stack(void *arg)
{
	char large[100000];

	memset(large, (int)(intptr_t)arg, sizeof(large));
	seen = snprintf(large, sizeof(large), "%s %f", "text", 1.5);
}

TEST(stacks_are_large_enough_for_glibc)
{
	static char stack[512] __attribute__((aligned(8)));
	char all[512] = { 0 };
	pthread_attr_t attr;
	pthread_t pthread;

	ASSERT_EQ(0, beginthread(use_stack, 4, stack, sizeof(stack), (void *)1));
	EXPECT_LT(0, threadJoin(-1, 0));
	EXPECT_LT(5, seen);
	EXPECT_EQ(0, memcmp(stack, all, sizeof(stack)));

	seen = 0;
	ASSERT_EQ(0, pthread_attr_init(&attr));
	EXPECT_EQ(0, pthread_attr_setstacksize(&attr, 256));
	EXPECT_EQ(0, pthread_attr_setstack(&attr, stack, sizeof(stack)));
	ASSERT_EQ(0, pthread_create(&pthread, &attr, (void *(*)(void *))use_stack, (void *)1));
	EXPECT_EQ(0, pthread_join(pthread, NULL));
	EXPECT_LT(5, seen);
}

TEST(many_threads_one_after_the_other)
{
	handle_t tid;
	int i;

	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(0, beginthreadex(return_only, 4, NULL, 0, NULL, &tid));
		ASSERT_EQ(tid, threadJoin(tid, 0));
	}
}

static int threads_alive(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = -2;	/* "." and ".." */

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Nobody joins them: only the last ones are remembered, the rest costs nothing. */
TEST(threads_that_nobody_joins)
{
	handle_t tid;
	int i, joined = 0;

	for (i = 0; i < 1500; i++)
		ASSERT_EQ(0, beginthreadex(return_only, 4, NULL, 0, NULL, &tid));
	while (threads_alive() > 1)
		usleep(1000);
	while (threadJoin(-1, SHORT_US) > 0)
		joined++;
	EXPECT_EQ(1024, joined);
}

TEST(priorities_are_0_to_7)
{
	handle_t tid;

	EXPECT_EQ(4, priority(-1));
	EXPECT_EQ(-EINVAL, priority(8));
	EXPECT_EQ(-EINVAL, priority(-2));
	EXPECT_EQ(-EINVAL, beginthreadex(store, 8, NULL, 0, NULL, &tid));
	EXPECT_EQ(5, priority(5));
	EXPECT_EQ(5, priority(-1));
	EXPECT_EQ(4, priority(4));
}

static volatile int policy, nice_value, got;

static void look(void *arg)
{
	(void)arg;
	got = priority(-1);
	policy = sched_getscheduler(0);
	nice_value = getpriority(PRIO_PROCESS, (id_t)gettid());
}

TEST(priorities_are_those_of_linux)
{
	static const int nices[] = { 0, 0, 0, -5, 0, 5, 14, 19 };
	int i;

	if (geteuid())
		SKIP(return, "only root may have all of Linux' priorities");
	for (i = 0; i <= 7; i++) {
		ASSERT_EQ(0, beginthread(look, i, NULL, 0, NULL));
		EXPECT_LT(0, threadJoin(-1, 0));
		EXPECT_EQ(i, got);
		EXPECT_EQ(i < 3 ? SCHED_RR : SCHED_OTHER, policy);
		if (i >= 3) {
			EXPECT_EQ(nices[i], nice_value);
		}
	}
	EXPECT_EQ(SCHED_OTHER, sched_getscheduler(0));
	/* Linux hands down what the one who starts it has. */
	priority(1);
	ASSERT_EQ(0, beginthread(look, 4, NULL, 0, NULL));
	EXPECT_LT(0, threadJoin(-1, 0));
	EXPECT_EQ(SCHED_OTHER, policy);
	priority(4);
}

static int as_nobody(void)
{
	int i;

	if (setgid(65534) || setuid(65534))
		return 1;
	for (i = 7; i >= 0; i--)
		if (priority(i) != i || priority(-1) != i)
			return 2;
	priority(4);
	/* It could not undo a nice value, so it has none. */
	return getpriority(PRIO_PROCESS, 0) || sched_getscheduler(0) != SCHED_OTHER ? 3 : 0;
}

TEST(who_may_not_change_priorities_comes_back_to_where_it_was)
{
	int status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can become somebody else");
	pid = fork();
	if (!pid)
		_exit(as_nobody());
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
}

static int pipe_of_child[2];

/* Whether the first thread of this process has ended, as /proc says. */
static bool first_has_ended(void)
{
	FILE *stat = fopen("/proc/self/stat", "r");
	char state = 0;

	if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		_exit(2);
	fclose(stat);
	return state == 'Z';
}

static void outlive(void *arg)
{
	(void)arg;
	while (!first_has_ended())
		usleep(1000);
	if (write(pipe_of_child[1], "x", 1) != 1)
		_exit(1);
	_exit(0);
}

/* endthread() of the first thread leaves the process to the others. */
TEST(the_first_thread_may_end)
{
	char byte;
	int status;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipe_of_child));
	pid = fork();
	if (!pid) {
		beginthread(outlive, 4, NULL, 0, NULL);
		endthread();
	}
	EXPECT_EQ(1, read(pipe_of_child[0], &byte, 1));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
}

TEST(the_clock_runs_and_has_an_offset)
{
	time_t raw, offs, again;

	EXPECT_EQ(0, gettime(&raw, &offs));
	EXPECT_EQ(0, gettime(&again, NULL));
	EXPECT_LE(raw, again);
	EXPECT_LE((raw + offs) / 1000000, time(NULL));
	EXPECT_LE(time(NULL) - 60, (raw + offs) / 1000000);
	EXPECT_EQ(0, gettime(NULL, NULL));
}

TEST(exec_returns_only_an_error)
{
	char *const argv[] = { "nothing", NULL }, *const env[] = { NULL };

	EXPECT_EQ(-ENOENT, exec("/nothing/there", argv, env));
	EXPECT_EQ(-ENOENT, spawnSyspage("", "", "x", argv));
}

TEST_HARNESS_MAIN
