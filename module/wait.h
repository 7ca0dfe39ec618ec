/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A wait: one thread that waits for one event, a sender for its response or a
 * receiver for a message. It may spin for a while before it sleeps, because to
 * put a thread to sleep and to wake it on another CPU costs ten times what a
 * short message takes; in a virtual machine more.
 *
 * States:
 *
 *  PHX_WAIT_AWAKE	it runs, or spins: it need not be woken
 *  PHX_WAIT_ASLEEP	it sleeps or is about to: it must be woken
 *  PHX_WAIT_OVER	what it waited for is there
 *
 * There is no lock. The thread goes from awake to asleep and the one that ends
 * the wait, whom others see to that there is but one, from either to over, each in
 * one atomic step; so no wake-up is lost and none is made without need. A wait
 * that is over belongs to its thread again, which may be gone at once: whoever
 * ended it touches nothing of it, and the task stays in memory because it is
 * done in an RCU read-side critical section.
 *
 * How long to spin is learned: nothing, until a thread slept for an event that
 * came so soon that spinning would have caught it; and less again, down to
 * nothing, whenever one spun in vain for an event that came late. Nobody spins
 * where another thread wants the CPU, or where the peer runs on the same.
 *
 * The scheduler is given no hint where to wake a thread. WF_CURRENT_CPU was tried:
 * it brings peers that are free to run anywhere together on one CPU, where they can't
 * spin, and a message takes 17 times as long. Only without spinning it gains
 * something, a half. WF_SYNC made no difference to speak of.
 */
#ifndef PHX_WAIT_H
#define PHX_WAIT_H

#include "stats.h"

#include <linux/atomic.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

enum phx_wait_state {
	PHX_WAIT_AWAKE,
	PHX_WAIT_ASLEEP,
	PHX_WAIT_OVER,
};

/**
 * struct phx_wait - one wait
 * @state: see above
 * @task: who waits
 * @begin: since when, in nanoseconds of local_clock(); 0 if spinning was out of
 *	   the question, and there is nothing to learn
 * @end: when the event came, if the thread slept by then
 */
struct phx_wait {
	atomic_t state;
	struct task_struct *task;
	u64 begin;
	u64 end;
};

/**
 * struct phx_spin - what was learned
 * @ns: how long to spin
 */
struct phx_spin {
	unsigned int ns;
};

void phx_wait_end(struct phx_wait *wait);
bool phx_spin_may(void);
unsigned int phx_spin_send_max(void);
unsigned int phx_spin_recv_max(void);
void phx_spin_learn(struct phx_spin *spin, const struct phx_wait *wait,
		    unsigned int max_ns);

static inline void phx_wait_init(struct phx_wait *wait)
{
	atomic_set(&wait->state, PHX_WAIT_AWAKE);
	wait->task = current;
	wait->begin = 0;
	wait->end = 0;
}

/* The acquire makes visible what was written before phx_wait_end(). */
static inline bool phx_wait_over(const struct phx_wait *wait)
{
	return atomic_read_acquire(&wait->state) == PHX_WAIT_OVER;
}

/*
 * From here on the thread must be woken. To be called once. Returns false if the
 * wait is over.
 */
static inline bool phx_wait_asleep(struct phx_wait *wait)
{
	bool over = atomic_cmpxchg(&wait->state, PHX_WAIT_AWAKE, PHX_WAIT_ASLEEP) ==
		    PHX_WAIT_OVER;

	/* A cmpxchg that fails orders nothing; see phx_wait_over(). */
	if (over)
		smp_acquire__after_ctrl_dep();
	/* model: asleep. It may be over although nobody spun, when the thread was preempted. */
	if (!over)
		phx_stat_inc(PHX_STAT_WAITS_SLEPT);
	else if (wait->begin)
		phx_stat_inc(PHX_STAT_WAITS_SPUN);
	return !over;
}

/*
 * Spin until the wait is over, for @ns at most and as long as @worth() says so.
 * The clock, and what else takes long, are looked at only now and then.
 */
static __always_inline void phx_wait_spin(struct phx_wait *wait, unsigned int ns,
					  bool (*worth)(const void *data),
					  const void *data)
{
	u64 begin = local_clock();
	unsigned int n = 0;

	WRITE_ONCE(wait->begin, begin);
	/* A spinner that is preempted would be given a message, and nobody woken. */
	preempt_disable();
	while (ns && !phx_wait_over(wait) && !need_resched() && worth(data)) {
		if (n++ % 8 == 7 &&
		    (local_clock() - begin > ns || !single_task_running() ||
		     signal_pending(current)))
			break;
		cpu_relax();
	}
	preempt_enable();
}

/* What was learned, within the longest time and the time limit of the call. */
static inline unsigned int phx_spin_ns(const struct phx_spin *spin,
				       unsigned int max_ns, u64 timeout_ns)
{
	unsigned int ns = min(READ_ONCE(spin->ns), max_ns);

	return timeout_ns ? min_t(u64, ns, timeout_ns) : ns;
}

#endif /* PHX_WAIT_H */
