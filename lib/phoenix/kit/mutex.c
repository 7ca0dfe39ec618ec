// SPDX-License-Identifier: MIT
/*
 * Mutexes: glibc's, which inherit priorities as Phoenix-RTOS' do, and are robust,
 * since there a thread that ends gives back what it has.
 *
 * They always look for errors. Where Phoenix-RTOS' kernel would stop, or a thread
 * wait for itself for ever, there is an error instead.
 */
#include "resource.h"

#include <errno.h>

static int glibc_type(int type)
{
	return type == PH_LOCK_RECURSIVE ? PTHREAD_MUTEX_RECURSIVE
					 : PTHREAD_MUTEX_ERRORCHECK;
}

int phx_kit_mutex_init(struct resource *res)
{
	pthread_mutexattr_t attr;
	int err;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, glibc_type(res->type));
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	err = pthread_mutex_init(&res->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

int phMutexCreate(handle_t *h, const struct lockAttr *attr)
{
	if (!h || !attr)
		return -EFAULT;
	if (attr->type < PH_LOCK_NORMAL || attr->type > PH_LOCK_ERRORCHECK)
		return -EINVAL;
	return phx_kit_resource_new(KIND_MUTEX, attr->type, 0, h);
}

int mutexCreate(handle_t *h)
{
	static const struct lockAttr normal = { .type = PH_LOCK_NORMAL };

	return phMutexCreate(h, &normal);
}

/* Its owner ended: what it guards is as it left it. */
static int taken(struct resource *res, int err)
{
	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(&res->lock);
	return -err;
}

int phMutexLock(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_MUTEX);
	int err;

	if (!res)
		return -EINVAL;
	err = taken(res, pthread_mutex_lock(&res->lock));
	phx_kit_resource_put(res);
	return err;
}

int mutexLock(handle_t h)
{
	return phMutexLock(h);
}

int mutexTry(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_MUTEX);
	int err;

	if (!res)
		return -EINVAL;
	err = taken(res, pthread_mutex_trylock(&res->lock));
	phx_kit_resource_put(res);
	return err;
}

int mutexUnlock(handle_t h)
{
	struct resource *res = phx_kit_resource_get(h, KIND_MUTEX);
	int err;

	if (!res)
		return -EINVAL;
	err = pthread_mutex_unlock(&res->lock);
	phx_kit_resource_put(res);
	return -err;
}

int mutexLock2(handle_t h1, handle_t h2)
{
	handle_t first = h1, second = h2, other;
	int err;

	if (h1 == h2)
		return -EDEADLK;
	err = mutexLock(first);
	while (!err) {
		err = mutexTry(second);
		if (!err)
			break;
		if (err != -EBUSY) {
			mutexUnlock(first);
			break;
		}
		/* Whoever has it may want the first. Wait for it with nothing. */
		mutexUnlock(first);
		err = mutexLock(second);
		other = first;
		first = second;
		second = other;
	}
	return err;
}
