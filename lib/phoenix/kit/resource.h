/* SPDX-License-Identifier: MIT */
/*
 * What a handle_t stands for: a mutex or a condition variable of the process.
 *
 * A resource is in a table whose chunks are never freed, so a number can be
 * looked up without a lock. It is free while it has no references; the table's
 * own is dropped by resourceDestroy(), then nobody new finds it.
 */
#ifndef PHX_KIT_RESOURCE_H
#define PHX_KIT_RESOURCE_H

#include <sys/threads.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum kind {
	KIND_MUTEX = 1,
	KIND_COND,
};

struct waiter;

struct resource {
	atomic_uint refs;
	enum kind kind;
	bool listed;		/* still has a number; under the table's lock */
	int type;		/* PH_LOCK_* or PH_COND_* */
	int clock;		/* of a cond: PH_CLOCK_* */
	pthread_mutex_t lock;	/* of a cond: guards what follows */
	bool pending;		/* signalled while nobody waited */
	bool dead;		/* destroyed */
	struct waiter *first, **last;
};

int phx_kit_resource_new(enum kind kind, int type, int clock, handle_t *h);
struct resource *phx_kit_resource_get(handle_t h, enum kind kind);
void phx_kit_resource_put(struct resource *res);

/* mutex.c */
int phx_kit_mutex_init(struct resource *res);

/* cond.c */
int phx_kit_cond_init(struct resource *res);
void phx_kit_cond_kill(struct resource *res);

#endif /* PHX_KIT_RESOURCE_H */
