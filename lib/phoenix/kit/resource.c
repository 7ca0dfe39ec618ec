// SPDX-License-Identifier: MIT
#include "resource.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK_BITS	8
#define CHUNK		(1 << CHUNK_BITS)
#define CHUNKS		4096

static struct resource *_Atomic chunks[CHUNKS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static int first_free;	/* no number below is free; numbers are handles less 1 */

static struct resource *at(int number)
{
	struct resource *chunk;

	if (number < 0 || number >= CHUNKS * CHUNK)
		return NULL;
	chunk = atomic_load_explicit(&chunks[number >> CHUNK_BITS],
				     memory_order_acquire);
	return chunk ? &chunk[number & (CHUNK - 1)] : NULL;
}

static int init(struct resource *res)
{
	return res->kind == KIND_MUTEX ? phx_kit_mutex_init(res)
				       : phx_kit_cond_init(res);
}

/*
 * A child begins with the same handles, all of them unlocked and without
 * anybody waiting: the threads that had them or waited are not there.
 */
static void before_fork(void)
{
	pthread_mutex_lock(&table_lock);
}

static void after_fork_parent(void)
{
	pthread_mutex_unlock(&table_lock);
}

static void after_fork_child(void)
{
	struct resource *res;
	int number;

	pthread_mutex_init(&table_lock, NULL);
	for (number = 0; (res = at(number)); number++) {
		if (!res->listed) {
			atomic_store(&res->refs, 0);
			continue;
		}
		atomic_store(&res->refs, 1);
		init(res);
	}
	first_free = 0;
}

__attribute__((constructor))
static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static struct resource *find_free(int *number)
{
	struct resource *res, *chunk;
	int i;

	for (i = first_free; (res = at(i)); i++)
		if (!res->listed && !atomic_load(&res->refs))
			goto found;
	if (i >= CHUNKS * CHUNK)
		return NULL;
	chunk = calloc(CHUNK, sizeof(*chunk));
	if (!chunk)
		return NULL;
	atomic_store_explicit(&chunks[i >> CHUNK_BITS], chunk,
			      memory_order_release);
	res = chunk;
found:
	*number = i;
	return res;
}

int phx_kit_resource_new(enum kind kind, int type, int clock, handle_t *h)
{
	struct resource *res;
	int number, err;

	pthread_mutex_lock(&table_lock);
	res = find_free(&number);
	if (!res) {
		pthread_mutex_unlock(&table_lock);
		return -ENOMEM;
	}
	res->kind = kind;
	res->type = type;
	res->clock = clock;
	err = init(res);
	if (!err) {
		first_free = number + 1;
		res->listed = true;
		atomic_store(&res->refs, 1);
		*h = number + 1;
	}
	pthread_mutex_unlock(&table_lock);
	return err;
}

/* Returns NULL unless h is one of that kind. */
struct resource *phx_kit_resource_get(handle_t h, enum kind kind)
{
	struct resource *res = at(h - 1);
	unsigned int refs;

	if (!res)
		return NULL;
	refs = atomic_load(&res->refs);
	do {
		if (!refs)
			return NULL;
	} while (!atomic_compare_exchange_weak(&res->refs, &refs, refs + 1));
	if (res->kind == kind && res->listed)
		return res;
	phx_kit_resource_put(res);
	return NULL;
}

static void release(struct resource *res)
{
	pthread_mutex_destroy(&res->lock);
}

void phx_kit_resource_put(struct resource *res)
{
	/*
	 * The last one to go makes the slot free; nobody can get it between,
	 * since a reference is only had from one that isn't 0.
	 */
	if (atomic_fetch_sub(&res->refs, 1) == 1)
		release(res);
}

static struct resource *unlist(handle_t h)
{
	struct resource *res;

	pthread_mutex_lock(&table_lock);
	res = at(h - 1);
	if (!res || !res->listed) {
		pthread_mutex_unlock(&table_lock);
		return NULL;
	}
	res->listed = false;
	if (h - 1 < first_free)
		first_free = h - 1;
	pthread_mutex_unlock(&table_lock);
	return res;
}

int resourceDestroy(handle_t h)
{
	struct resource *res = unlist(h);

	if (!res)
		return -EINVAL;
	if (res->kind == KIND_COND)
		phx_kit_cond_kill(res);
	phx_kit_resource_put(res);
	return 0;
}
