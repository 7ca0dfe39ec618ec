// SPDX-License-Identifier: MIT
/*
 * Semaphores, over a mutex and a condition variable, which programs may look at.
 */
#include <sys/threads.h>
#include <sys/time.h>

#include <errno.h>

int semaphoreCreate(semaphore_t *s, unsigned int v)
{
	static const struct condAttr attr = { .clock = PH_CLOCK_MONOTONIC };
	int err;

	err = mutexCreate(&s->mutex);
	if (err)
		return err;
	err = condCreateWithAttr(&s->cond, &attr);
	if (err)
		resourceDestroy(s->mutex);
	else
		s->v = v;
	return err;
}

int semaphoreDown(semaphore_t *s, time_t timeout)
{
	time_t end = 0;
	int err;

	if (timeout) {
		gettime(&end, NULL);
		end += timeout;
	}
	err = mutexLock(s->mutex);
	if (err)
		return err;
	while (!s->v && !err)
		err = condWait(s->cond, s->mutex, end);
	if (s->v) {
		s->v--;
		err = 0;
	}
	mutexUnlock(s->mutex);
	return err;
}

int semaphoreUp(semaphore_t *s)
{
	int err = mutexLock(s->mutex);

	if (err)
		return err;
	s->v++;
	condSignal(s->cond);
	return mutexUnlock(s->mutex);
}

int semaphoreDone(semaphore_t *s)
{
	resourceDestroy(s->mutex);
	resourceDestroy(s->cond);
	return 0;
}
