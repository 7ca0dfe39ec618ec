/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A wait, instruction by instruction: the thread that waits spins, says that it
 * sleeps, and sleeps; another ends the wait, and in between may wake it for nothing
 * (a message that is put back wakes its sender). The struct phx_wait is used again
 * by the thread's next call at once, so whoever ended it may not touch it after.
 *
 * Also poll(2): a server adds itself to those who poll and then looks for messages,
 * while a sender queues one and then looks for those who poll.
 *
 * Stores of a thread wait in its store buffer (one for what matters here) and get
 * to memory at any time, at the latest at the thread's next full barrier or atomic
 * operation that returns a value, as on x86.
 *
 * Run: -DROUNDS=2
 * Run: -DPOLL
 * Broken with BROKEN_POLL_NO_BARRIER: -DPOLL
 * Broken with BROKEN_QUEUE_NO_BARRIER: -DPOLL
 *
 *	asleep: phx_wait_asleep()
 *	end_wait: phx_wait_end()
 *	poll: phx_poll()
 *	queue: hand_over_locked()
 */
#ifndef ROUNDS
#define ROUNDS	2
#endif

#define AWAKE	0
#define ASLEEP	1
#define OVER	2

byte state = AWAKE, round, begun;
bool result;			/* what is written before the end of the wait */
bool sleeps;			/* the task's state, in memory */
bool sleeps_buf, sleeps_pending;	/* the same, in the store buffer */

bool polls, polls_buf, queued, queued_buf, woken;

/* The store of the task's state gets to memory. */
proctype store_buffer()
{
end:	do
	:: atomic { sleeps_pending -> sleeps = sleeps_buf; sleeps_pending = false }
	:: atomic { polls_buf && !polls -> polls = true }
	:: atomic { queued_buf && !queued -> queued = true }
	od
}

#define barrier_task	!sleeps_pending

proctype waiter()
{
	byte was;

again:	skip;
	d_step { state = AWAKE; result = false; round++ };
	begun = round;
	/* It spins, or does not. */
	do
	:: state == OVER -> goto over
	:: break
	od;
#ifdef BROKEN_ASLEEP_STORE	/* says so without looking whether it is over already */
	was = state;
	state = ASLEEP;
#else
	atomic {
		was = state;
		if
		:: state == AWAKE -> state = ASLEEP
		:: else
		fi
	};
#endif
	do
	:: atomic { !sleeps_pending -> sleeps_buf = true; sleeps_pending = true };
#ifndef BROKEN_NO_BARRIER	/* __set_current_state() */
		barrier_task;
#endif
		if
		:: state == OVER -> break
		:: else
		fi;
		/* schedule(): returns once the task's state is that it runs */
		barrier_task;
		!sleeps
	od;
	atomic { barrier_task -> sleeps = false };
over:
	assert(state == OVER && result);
	if
	:: round < ROUNDS -> goto again
	:: else
	fi
}

proctype ender()
{
	byte n, was;

	do
	:: n < ROUNDS ->
		begun == n + 1;
		/* It may be woken for nothing. */
		if
		:: sleeps = false
		:: true
		fi;
#ifdef BROKEN_RESULT_AFTER	/* writes the result when the wait is over */
		atomic { was = state; state = OVER };
		result = true;
#else
		result = true;
#ifdef BROKEN_TEST_THEN_SET	/* looks at the state, and then sets it */
		was = state;
		state = OVER;
#else
		atomic { was = state; assert(was != OVER); state = OVER };
#endif
#endif
#ifdef BROKEN_TOUCH_AFTER	/* uses the wait when it is over */
		if
		:: state == ASLEEP || was == ASLEEP -> state = OVER
		:: else
		fi;
		assert(begun == n + 1);
#endif
		if
		:: was == ASLEEP -> sleeps = false
		:: else
		fi;
		n++
	:: else -> break
	od
}

/* It sleeps unless it sees a message. */
proctype poller()
{
	polls_buf = true;
#ifndef BROKEN_POLL_NO_BARRIER	/* a message may be queued without it being seen */
	polls;
#endif
	if
	:: queued || woken
	:: else -> woken
	fi
}

/* It says what there is, then wq_has_sleeper(), which begins with a barrier. */
proctype queuer()
{
	queued_buf = true;
#ifndef BROKEN_QUEUE_NO_BARRIER	/* waitqueue_active() instead */
	queued;
#endif
	if
	:: polls -> woken = true
	:: else
	fi
}

init
{
	atomic {
		run store_buffer();
#ifndef POLL
		run waiter();
		run ender()
#else
		run poller();
		run queuer()
#endif
	}
}
