// SPDX-License-Identifier: GPL-2.0-only
#include "wait.h"
#include "compat.h"

#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/time64.h>

static bool spin = true;
module_param(spin, bool, 0644);
MODULE_PARM_DESC(spin, "Let those who wait spin for a while before they sleep (default Y)");

static unsigned int spin_send_us = 200;
module_param(spin_send_us, uint, 0644);
MODULE_PARM_DESC(spin_send_us,
		 "Longest time that a sender spins for its response, in microseconds, 0 to 10000 (default 200)");

static unsigned int spin_recv_us = 50;
module_param(spin_recv_us, uint, 0644);
MODULE_PARM_DESC(spin_recv_us,
		 "Longest time that a receiver spins for a message, in microseconds, 0 to 10000 (default 50)");

/* Longer than that is no spinning but a waste of a CPU. */
#define SPIN_US_MAX	10000U
/* Where learning begins, as a part of the longest time. */
#define SPIN_PARTS	8

static unsigned int to_ns(const unsigned int *us)
{
	return min(READ_ONCE(*us), SPIN_US_MAX) * NSEC_PER_USEC;
}

/**
 * phx_spin_send_max() - longest time that a sender spins
 *
 * Return: nanoseconds.
 */
__phx_hot
unsigned int phx_spin_send_max(void)
{
	return to_ns(&spin_send_us);
}

/**
 * phx_spin_recv_max() - longest time that a receiver spins
 *
 * Return: nanoseconds.
 */
__phx_hot
unsigned int phx_spin_recv_max(void)
{
	return to_ns(&spin_recv_us);
}

/**
 * phx_spin_may() - may the current thread spin at all?
 *
 * Return: not when it is the only CPU, or another thread wants this one.
 */
__phx_hot
bool phx_spin_may(void)
{
	return READ_ONCE(spin) && num_online_cpus() > 1 && single_task_running();
}

/**
 * phx_spin_learn() - learn from a wait that is over
 * @spin: what was learned before
 * @wait: the wait
 * @max_ns: longest time to spin
 *
 * What it learns from is when the event came, not when the thread ran again: to
 * spin would have saved just that difference.
 */
__phx_hot
void phx_spin_learn(struct phx_spin *spin, const struct phx_wait *wait,
		    unsigned int max_ns)
{
	unsigned int ns = READ_ONCE(spin->ns), min_ns = max_ns / SPIN_PARTS;
	s64 took = wait->end - wait->begin;

	/* Over without sleep: it pays. Clocks of two CPUs may differ a little. */
	if (!wait->begin || !wait->end)
		return;
	if (took <= max_ns)
		ns = max(2 * ns, min_ns);
	else
		ns /= 2;
	WRITE_ONCE(spin->ns, ns < min_ns ? 0 : min(ns, max_ns));
}

/**
 * phx_wait_end() - end a wait
 * @wait: the wait, which may be gone when this returns
 *
 * The caller is in an RCU read-side critical section, for instance because it
 * holds a spinlock.
 */
__phx_hot
void phx_wait_end(struct phx_wait *wait)
{
	struct task_struct *task = wait->task;

	if (atomic_read(&wait->state) == PHX_WAIT_ASLEEP && READ_ONCE(wait->begin))
		wait->end = local_clock();
	/* model: end_wait. A full barrier: what was written before is visible to the thread. */
	if (atomic_xchg(&wait->state, PHX_WAIT_OVER) == PHX_WAIT_ASLEEP)
		wake_up_process(task);
}
