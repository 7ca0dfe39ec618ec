// SPDX-License-Identifier: MIT
/*
 * Condition variables that remember, which glibc's do not: a signal while nobody
 * waits lets the next wait return at once. Servers of Phoenix-RTOS depend on it:
 * they check what they wait for under another lock than the one who signals has.
 * Nor do they always wait with the same mutex.
 *
 * Those who wait are in a queue, each with a futex of its own on its stack: 0 while
 * it is queued, 1 when it was taken out. All under the lock of the resource.
 */
#include "resource.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct waiter {
	struct waiter *next;
	atomic_uint woken;
	bool killed;
};

int phx_kit_cond_init(struct resource *res)
{
	pthread_mutexattr_t attr;
	int err;

	res->pending = false;
	res->dead = false;
	res->first = NULL;
	res->last = &res->first;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	err = pthread_mutex_init(&res->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

int phCondCreate(handle_t *h, const struct condAttr *attr)
{
	if (!h || !attr)
		return -EFAULT;
	if (attr->clock < PH_CLOCK_RELATIVE || attr->clock > PH_CLOCK_MONOTONIC)
		return -EINVAL;
	return phx_kit_resource_new(KIND_COND, attr->type, attr->clock, h);
}

int condCreate(handle_t *h)
{
	static const struct condAttr normal = { .clock = PH_CLOCK_RELATIVE };

	return phCondCreate(h, &normal);
}

/*
 * The futex is gone from its stack as soon as the waiter sees it woken, so the
 * call may be about memory that is something else by now. It then wakes nobody,
 * or somebody who looks again.
 */
static void wake(struct waiter *waiter, bool killed)
{
	waiter->killed = killed;
	atomic_store(&waiter->woken, 1);
	syscall(SYS_futex, &waiter->woken, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool wake_first(struct resource *res, bool killed)
{
	struct waiter *waiter = res->first;

	if (!waiter)
		return false;
	res->first = waiter->next;
	if (!res->first)
		res->last = &res->first;
	wake(waiter, killed);
	return true;
}

/* Returns whether it was still in the queue. */
static bool dequeue(struct resource *res, struct waiter *waiter)
{
	struct waiter **at = &res->first;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = waiter->next;
	if (!*at)
		res->last = at;
	return true;
}

int condSignal(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_COND);

	if (!res)
		return -EINVAL;
	pthread_mutex_lock(&res->lock);
	if (!wake_first(res, false))
		res->pending = true;
	pthread_mutex_unlock(&res->lock);
	phx_kit_resource_put(res);
	return 0;
}

int condBroadcast(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_COND);

	if (!res)
		return -EINVAL;
	pthread_mutex_lock(&res->lock);
	if (!wake_first(res, false))
		res->pending = true;
	while (wake_first(res, false))
		;
	pthread_mutex_unlock(&res->lock);
	phx_kit_resource_put(res);
	return 0;
}

void phx_kit_cond_kill(struct resource *res)
{
	pthread_mutex_lock(&res->lock);
	res->dead = true;
	while (wake_first(res, true))
		;
	pthread_mutex_unlock(&res->lock);
}

/* Until when, by which of Linux' clocks? */
static int deadline(const struct resource *res, time_t timeout,
		    struct timespec *until)
{
	int realtime = res->clock == PH_CLOCK_REALTIME;
	struct timespec now;

	clock_gettime(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
	until->tv_sec = timeout / 1000000;
	until->tv_nsec = timeout % 1000000 * 1000;
	if (res->clock == PH_CLOCK_RELATIVE) {
		until->tv_sec += now.tv_sec;
		until->tv_nsec += now.tv_nsec;
		if (until->tv_nsec >= 1000000000) {
			until->tv_nsec -= 1000000000;
			until->tv_sec++;
		}
	}
	if (timeout < 0 || until->tv_sec < now.tv_sec ||
	    (until->tv_sec == now.tv_sec && until->tv_nsec < now.tv_nsec))
		return -ETIME;
	return realtime ? FUTEX_CLOCK_REALTIME : 0;
}

static int sleep_on(struct waiter *waiter, const struct timespec *until,
		    int flags)
{
	while (!atomic_load(&waiter->woken)) {
		if (!syscall(SYS_futex, &waiter->woken,
			     FUTEX_WAIT_BITSET_PRIVATE | flags, 0, until, NULL,
			     FUTEX_BITSET_MATCH_ANY) || errno == EAGAIN)
			continue;
		return errno == ETIMEDOUT ? -ETIME : -errno;
	}
	return 0;
}

/* Returns 0 when signalled, -ETIME, -EINTR, or -EINVAL if destroyed. */
static int wait_for(struct resource *res, struct waiter *waiter,
		    const struct timespec *until, int flags)
{
	int err = sleep_on(waiter, until, flags);

	/* Who signals counts on having woken somebody: then it counts. */
	pthread_mutex_lock(&res->lock);
	if (!dequeue(res, waiter))
		err = waiter->killed ? -EINVAL : 0;
	pthread_mutex_unlock(&res->lock);
	return err;
}

/* The mutex m is unlocked only once who signals would find the waiter. */
static int cond_wait(struct resource *res, handle_t m,
		     const struct timespec *until, int flags)
{
	bool locked = res->type != PH_COND_UNLOCKED;
	struct waiter waiter = { .next = NULL };
	int saved = errno;
	int err = 0;

	pthread_mutex_lock(&res->lock);
	if (locked)
		err = mutexUnlock(m);
	if (err || res->dead) {
		pthread_mutex_unlock(&res->lock);
		return err ? err : -EINVAL;
	}
	if (res->pending) {
		res->pending = false;
		pthread_mutex_unlock(&res->lock);
	} else {
		*res->last = &waiter;
		res->last = &waiter.next;
		pthread_mutex_unlock(&res->lock);
		err = wait_for(res, &waiter, until, flags);
	}
	errno = saved;
	if (locked && err != -EINTR)
		mutexLock(m);
	return err;
}

int phCondWait(handle_t h, handle_t m, time_t timeout)
{
	struct resource *res = phx_kit_resource_get(h, KIND_COND);
	struct timespec until;
	int flags = 0, err;

	if (!res)
		return -EINVAL;
	if (timeout)
		flags = deadline(res, timeout, &until);
	if (flags < 0)
		err = flags;
	else
		err = cond_wait(res, m, timeout ? &until : NULL, flags);
	phx_kit_resource_put(res);
	return err;
}

static bool is_relative(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_COND);
	bool relative = res && res->clock == PH_CLOCK_RELATIVE;

	if (res)
		phx_kit_resource_put(res);
	return relative;
}

/* A signal handler that runs doesn't end the wait, nor make it any longer. */
int condWait(handle_t h, handle_t m, time_t timeout)
{
	time_t end = 0, now;
	int err, locked;

	if (timeout > 0) {
		gettime(&now, NULL);
		end = now + timeout;
	}
	while ((err = phCondWait(h, m, timeout)) == -EINTR) {
		locked = mutexLock(m);
		if (locked)
			return locked;
		if (!timeout || !is_relative(h))
			continue;
		gettime(&now, NULL);
		timeout = end > now ? end - now : -1;
	}
	return err;
}
