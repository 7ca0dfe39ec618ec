// SPDX-License-Identifier: MIT
/*
 * Threads. A thread that ended can be joined once, by its number, which is that of
 * Linux; the last of those that nobody joined are remembered.
 *
 * threads.lock guards the list of those that ended, and the start of a thread.
 */
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/threads.h>
#include <sys/time.h>
#include <unistd.h>

/* What a program gives is for Phoenix-RTOS' library, glibc needs more. */
#define STACK_EXTRA	(512 * 1024)
#define ENDED_MAX	1024

struct thread {
	void (*start)(void *arg);
	void *arg;
	int tid;
	int priority;
	int inherited;		/* of who started it */
	handle_t *id;
	bool *ready;		/* of who started it, which waits for it */
	jmp_buf end;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t ready;	/* a thread has its number */
	pthread_cond_t ended;	/* a thread was added to ... */
	int ghosts[ENDED_MAX];	/* tids, oldest first */
	int count;
} threads = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.ready = PTHREAD_COND_INITIALIZER,
};

static __thread struct thread *self;

static void after_fork_child(void)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&threads.lock, NULL);
	pthread_cond_init(&threads.ready, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&threads.ended, &attr);
	pthread_condattr_destroy(&attr);
	threads.count = 0;
}

__attribute__((constructor))
static void init(void)
{
	after_fork_child();
	pthread_atfork(NULL, NULL, after_fork_child);
}

static void forget(int i)
{
	threads.count--;
	for (; i < threads.count; i++)
		threads.ghosts[i] = threads.ghosts[i + 1];
}

static void became_ghost(int tid)
{
	pthread_mutex_lock(&threads.lock);
	if (threads.count == ENDED_MAX)
		forget(0);
	threads.ghosts[threads.count++] = tid;
	pthread_cond_broadcast(&threads.ended);
	pthread_mutex_unlock(&threads.lock);
}

static void publish(struct thread *thread)
{
	thread->tid = gettid();
	pthread_mutex_lock(&threads.lock);
	if (thread->id)
		*thread->id = thread->tid;
	*thread->ready = true;
	pthread_cond_broadcast(&threads.ready);
	pthread_mutex_unlock(&threads.lock);
}

static void *run(void *arg)
{
	struct thread *thread = arg;

	self = thread;
	phx_kit_priority_inherit(thread->inherited);
	priority(thread->priority);
	publish(thread);
	/* endthread() comes back here: pthread_exit() would need libgcc_s. */
	if (!setjmp(thread->end))
		thread->start(thread->arg);
	became_ghost(thread->tid);
	free(thread);
	return NULL;
}

static int start_thread(struct thread *thread, size_t stack)
{
	pthread_attr_t attr;
	pthread_t pthread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, (stack + STACK_EXTRA) & ~4095UL);
	err = pthread_create(&pthread, &attr, run, thread);
	pthread_attr_destroy(&attr);
	return err == EAGAIN ? -ENOMEM : -err;
}

int beginthreadex(void (*start)(void *arg), unsigned int prio, void *stack,
		  unsigned int stacksz, void *arg, handle_t *id)
{
	struct thread *thread;
	bool ready = false;
	int err;

	(void)stack;
	if (prio > PHX_KIT_PRIORITY_MAX)
		return -EINVAL;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	thread->start = start;
	thread->arg = arg;
	thread->priority = (int)prio;
	thread->inherited = priority(-1);
	thread->id = id;
	thread->ready = &ready;
	pthread_mutex_lock(&threads.lock);
	err = start_thread(thread, stacksz);
	/* Its number is known to both before it runs and before this returns. */
	while (!err && !ready)
		pthread_cond_wait(&threads.ready, &threads.lock);
	pthread_mutex_unlock(&threads.lock);
	if (err)
		free(thread);
	return err;
}

void endthread(void)
{
	if (self)
		longjmp(self->end, 1);
	became_ghost(gettid());
	pthread_exit(NULL);
}

/* Take tid, or any for -1, from those that ended. Returns it or 0. */
static int take_ghost(int tid)
{
	int i, found;

	for (i = 0; i < threads.count; i++) {
		found = threads.ghosts[i];
		if (tid >= 0 && found != tid)
			continue;
		forget(i);
		return found;
	}
	return 0;
}

static void after(time_t timeout, struct timespec *until)
{
	clock_gettime(CLOCK_MONOTONIC, until);
	until->tv_sec += timeout / 1000000;
	until->tv_nsec += timeout % 1000000 * 1000;
	if (until->tv_nsec >= 1000000000) {
		until->tv_nsec -= 1000000000;
		until->tv_sec++;
	}
}

int threadJoin(int tid, time_t timeout)
{
	struct timespec until;
	int found, err = 0;

	if (tid == gettid())
		return -EDEADLK;
	after(timeout, &until);
	pthread_mutex_lock(&threads.lock);
	while (!(found = take_ghost(tid)) && !err) {
		if (timeout)
			err = pthread_cond_timedwait(&threads.ended,
						     &threads.lock, &until);
		else
			pthread_cond_wait(&threads.ended, &threads.lock);
	}
	pthread_mutex_unlock(&threads.lock);
	return found ? found : -ETIME;
}
