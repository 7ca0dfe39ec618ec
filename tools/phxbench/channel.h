/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel: a flag in shared memory that one process posts and another takes. It
 * knows whether somebody sleeps, so that nobody is woken who is awake, and nobody
 * goes to sleep when there is something to take.
 */
#ifndef PHXBENCH_CHANNEL_H
#define PHXBENCH_CHANNEL_H

#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHANNEL_EMPTY, CHANNEL_FULL, CHANNEL_SLEEPER };

struct channel {
	_Atomic uint32_t state;
} __attribute__((aligned(64)));

static inline void futex_wait(const void *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static inline void futex_wake(const void *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void channel_post(struct channel *channel)
{
	if (atomic_exchange_explicit(&channel->state, CHANNEL_FULL, memory_order_acq_rel) ==
	    CHANNEL_SLEEPER)
		futex_wake(&channel->state);
}

static inline bool channel_try(struct channel *channel)
{
	if (atomic_load_explicit(&channel->state, memory_order_acquire) != CHANNEL_FULL)
		return false;
	/* Nobody posts until this one was answered. */
	atomic_store_explicit(&channel->state, CHANNEL_EMPTY, memory_order_relaxed);
	return true;
}

static inline void channel_take(struct channel *channel)
{
	while (!channel_try(channel)) {
		uint32_t empty = CHANNEL_EMPTY;

		atomic_compare_exchange_strong(&channel->state, &empty, CHANNEL_SLEEPER);
		if (empty != CHANNEL_FULL)
			futex_wait(&channel->state, CHANNEL_SLEEPER);
	}
}

static inline void relax_cpu(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

/* Gives up when @awake is 0. */
static inline bool channel_take_spinning(struct channel *channel, const uint32_t *awake)
{
	for (uint32_t n = 1; !channel_try(channel); n++) {
		relax_cpu();
		if (n % 256)
			continue;
		if (!__atomic_load_n(awake, __ATOMIC_RELAXED))
			return false;
		/* So long: perhaps the other is on this CPU. */
		if (!(n % 1024))
			sched_yield();
	}
	return true;
}

#endif
