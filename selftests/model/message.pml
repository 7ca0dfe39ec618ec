/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a message: offered to a port's queue or handed to a receiver that
 * waits, taken, put back, answered; while senders get signals, are killed or run
 * out of time, receivers fail or get signals, the port is destroyed and the server
 * is shut down, each at any moment or never.
 *
 * There is a server with one port and NR threads, and one client with NS threads,
 * each of which sends ROUNDS times and shares client->spare with the others.
 *
 * What is done under srv.lock is one step. Each step is checked against whose the
 * message is, so that to touch one that was freed, or is another call's by now, is
 * an error. How a thread sleeps and is woken, step by step, is in wait.pml.
 *
 * CALM leaves out a port that is destroyed alone, and a receiver's signal.
 *
 * Run: -DNR=1
 * Run: -DROUNDS=2
 * Run: -DNR=2
 * Run: -DNS=2 -DCALM
 * Run long: -DNS=2
 *
 *	create: phx_message_create()
 *	offer: phx_message_offer()
 *	hand_over: hand_over_locked()
 *	done: done_locked()
 *	leave: phx_message_leave()
 *	take: phx_message_take_locked()
 *	requeue: phx_message_requeue()
 *	sleep: wait_for_response()
 *	release: phx_message_free()
 *	give_up: give_up()
 *	deliver: deliver()
 *	publish: phx_held_publish()
 *	respond: phx_held_take()
 *	answer: phx_message_answer_locked()
 *	kill_port: phx_port_kill()
 *	shutdown: phx_client_shutdown()
 */
#ifndef NS
#define NS	1
#endif
#ifndef NR
#define NR	1
#endif
#ifndef ROUNDS
#define ROUNDS	1
#endif
#define NM	(NS + 1)	/* messages there is memory for */
#define NONE	15

mtype:state = { FREED, SPARE, NEW, QUEUED, TAKEN, ORPHAN, DONE };
mtype:wait = { AWAKE, ASLEEP, OVER };
mtype:task = { RUNS, INTERRUPTIBLE, KILLABLE };

/* enum phx_left */
#define STAYS		0
#define WITHDRAWN	1
#define ORPHANED	2

/* Threads: senders, then receivers. Waits: messages', then receivers'. */
mtype:task task[NS + NR] = RUNS;
mtype:wait wait[NM + NR] = AWAKE;

mtype:state state[NM] = FREED;
byte sender[NM];
bool held[NM], mapped[NM], pinned[NM], result[NM], in_queue[NM];

byte given[NR] = NONE;		/* phx_waiter.msg */
bool waits[NR];			/* in port->waiters */
byte spare = NONE;
byte call[NS] = NONE;		/* the message that a sender waits for */
bool signal[NS + NR], killed[NS];
bool dead, closed;

#define live(m)	(state[m] == QUEUED || state[m] == TAKEN || state[m] == ORPHAN)

/* phx_wait_end() */
inline end_wait(_w)
{
#ifdef BROKEN_NO_WAKE		/* does not wake the sender that sleeps */
	assert(wait[_w] != OVER);
	if
	:: _w >= NM -> task[NS + _w - NM] = RUNS
	:: else
	fi;
#else
	if
	:: wait[_w] == ASLEEP && _w < NM -> task[sender[_w]] = RUNS
	:: wait[_w] == ASLEEP && _w >= NM -> task[NS + _w - NM] = RUNS
	:: else -> assert(wait[_w] == AWAKE)
	fi;
#endif
	wait[_w] = OVER
}

/* done_locked() */
inline done_(_m)
{
	assert(live(_m) && !in_queue[_m] && !held[_m]);
#ifdef BROKEN_STATE_AFTER_WAKE	/* lets the sender go, and tells the result after that */
	tell = _m;
#else
	result[_m] = true;
	state[_m] = DONE;
#endif
	end_wait(_m)
}

#ifdef BROKEN_STATE_AFTER_WAKE
#define TELL	atomic {							\
			if							\
			:: tell != NONE -> assert(live(tell));			\
				result[tell] = true; state[tell] = DONE; tell = NONE \
			:: else							\
			fi							\
		}
byte tell = NONE;
#else
#define TELL	skip
#endif

/* hand_over_locked() */
inline hand_over_(_m)
{
	if
	:: waits[0] -> waits[0] = false; given[0] = _m; state[_m] = TAKEN; end_wait(NM)
#if NR > 1
	:: waits[1] -> waits[1] = false; given[1] = _m; state[_m] = TAKEN; end_wait(NM + 1)
#endif
	:: else -> state[_m] = QUEUED; in_queue[_m] = true
	fi
}

inline offer(_m)
{
	atomic {
		assert(state[_m] == NEW);
		if
#ifndef BROKEN_OFFER_DEAD	/* does not look whether the port is there */
		:: dead -> goto out
#endif
		:: else -> hand_over_(_m); call[s] = _m
		fi
	}
}

inline take(_m)
{
	assert(state[_m] == QUEUED);
	in_queue[_m] = false;
	state[_m] = TAKEN
}

/* Both are one for those that look: the pages are gone before. */
inline answer(_m)
{
	atomic {
		assert(state[_m] == TAKEN || state[_m] == ORPHAN);
		assert(!held[_m] && !in_queue[_m]);
		if
		:: state[_m] == ORPHAN ->
			assert(pinned[_m] && !mapped[_m]);
			pinned[_m] = false;
			state[_m] = FREED
		:: else -> done_(_m)
		fi
	};
	TELL
}

inline requeue(_m)
{
	atomic {
		if
		:: !dead && state[_m] == TAKEN ->
			hand_over_(_m);
#ifndef BROKEN_REQUEUE_NO_WAKE	/* the sender sleeps on as if a receiver had it */
			task[sender[_m]] = RUNS;
#endif
			_m = NONE
		:: else
		fi
	};
	if
	:: _m != NONE -> answer(_m)
	:: else
	fi
}

/* If the client is gone nobody else will answer. */
inline publish(_m)
{
	atomic {
		if
#ifndef BROKEN_PUBLISH_CLOSED	/* does not look whether the client is there */
		:: closed
#endif
		:: else -> assert(live(_m) && !held[_m]); held[_m] = true; _m = NONE
		fi
	};
	if
	:: _m != NONE -> mapped[_m] = false; answer(_m)
	:: else
	fi
}

inline leave(_m, _taken_too)
{
	atomic {
		if
		:: state[_m] == QUEUED ->
#ifndef BROKEN_WITHDRAW_QUEUED	/* is withdrawn, and in the queue still */
			in_queue[_m] = false;
#endif
			left = WITHDRAWN
		:: state[_m] == TAKEN && (_taken_too) ->
#ifdef BROKEN_LEAVE_TAKEN	/* takes with it what a receiver has */
			left = WITHDRAWN
#else
			state[_m] = ORPHAN;
			left = ORPHANED
#endif
		:: else
		fi
	}
}

/* phx_message_create() and phx_message_address() */
inline create(_m)
{
	atomic {
		_m = spare;
		spare = NONE;
		if
		:: _m == NONE ->
			_m = 0;
			do
			:: state[_m] != FREED -> _m++
			:: else -> break
			od
		:: else -> assert(state[_m] == SPARE)
		fi;
		state[_m] = NEW;
		wait[_m] = AWAKE;
		sender[_m] = s;
		result[_m] = false;
		pinned[_m] = true
	}
}

/* phx_message_release() and phx_message_free() */
inline release(_m)
{
	atomic {
		assert(pinned[_m] && !mapped[_m] && !held[_m] && !in_queue[_m]);
		pinned[_m] = false;
		result[_m] = false;
		call[s] = NONE;
		wait[_m] = AWAKE;
		if
		:: spare == NONE -> spare = _m; state[_m] = SPARE
		:: else -> state[_m] = FREED
		fi;
		_m = NONE
	}
}

/* phx_wait_asleep() */
inline asleep(_w)
{
	atomic {
		if
		:: wait[_w] == AWAKE -> wait[_w] = ASLEEP
		:: else
		fi
	}
}

/* phx_send(), and in it wait_for_response() and wait_or_leave() */
proctype send(byte s; bool limited)
{
	byte m = NONE, rounds;
	bool queued, late;
	byte left = STAYS;

again:
	rounds++;
	create(m);
	offer(m);
	asleep(m);	/* Until now it may have spun. */
	do
	:: queued = state[m] == QUEUED;
		task[s] = (queued -> INTERRUPTIBLE : KILLABLE);
		atomic {
			if
			:: wait[m] == OVER -> task[s] = RUNS; break
#ifndef BROKEN_SLEEP_OLD_STATE	/* does not look at the state again */
			:: wait[m] != OVER && state[m] == QUEUED && !queued ->
				task[s] = RUNS;
				goto next
#endif
			:: else
			fi
		};
end_sleep:	atomic {
			if
			:: killed[s] || (queued && signal[s]) || late
			:: task[s] == RUNS -> goto next
			:: limited && !late -> late = true
			fi;
			task[s] = RUNS
		};
		leave(m, late || killed[s]);
		late = false;
		if
		:: left != STAYS -> break
		:: else
		fi;
next:		skip
	od;
	atomic {
		if
		:: left == ORPHANED -> call[s] = NONE; m = NONE
		:: left == WITHDRAWN
		:: else -> assert(state[m] == DONE && result[m])
		fi;
		left = STAYS;
		queued = false;
		late = false
	};
out:
	if
	:: m != NONE -> release(m)
	:: else
	fi;
	if
	:: rounds < ROUNDS && !killed[s] -> goto again
	:: else
	fi
}

/* phx_receive() and phx_respond(), by a thread that does both as it likes. */
proctype serve(byte r)
{
	byte m = NONE;

again:
	atomic {
		given[r] = NONE;
		if
		:: dead -> goto respond
		:: !dead && in_queue[0] -> m = 0
		:: !dead && in_queue[1] -> m = 1
#if NM > 2
		:: !dead && in_queue[2] -> m = 2
#endif
		:: else -> wait[NM + r] = AWAKE; waits[r] = true
		fi;
		if
		:: m != NONE -> take(m); goto deliver
		:: else
		fi
	};
	asleep(NM + r);
	do
	:: task[NS + r] = INTERRUPTIBLE;
		atomic {
			if
			:: wait[NM + r] == OVER -> task[NS + r] = RUNS; break
			:: else
			fi
		};
end_recv:	atomic {
			if
			:: task[NS + r] == RUNS -> goto next
			:: signal[NS + r]
			fi;
			task[NS + r] = RUNS
		};
		atomic {		/* give up */
				if
#ifdef BROKEN_GIVE_UP		/* leaves, with the message that it was given */
			:: wait[NM + r] == OVER -> goto respond
#else
			:: wait[NM + r] == OVER -> break
#endif
			:: else -> waits[r] = false; goto respond
			fi
		};
next:		skip
	od;
	atomic {
		m = given[r];
		given[r] = NONE;
		wait[NM + r] = AWAKE;
		if
		:: m == NONE -> goto respond
		:: else
		fi
	};
deliver:
	assert(state[m] == TAKEN || state[m] == ORPHAN);
	if
	:: requeue(m)			/* it is killed, or has no memory */
	:: answer(m)			/* there is no room for it */
	:: mapped[m] = true;
		if
		:: publish(m)
		:: mapped[m] = false; requeue(m)
		fi
	fi;
	m = NONE;

respond:
	atomic {
		if
		:: held[0] -> m = 0
		:: held[1] -> m = 1
#if NM > 2
		:: held[2] -> m = 2
#endif
		:: true -> goto go_on
		fi;
#ifndef BROKEN_RESPOND_TWICE	/* another thread finds it by its rid, too */
		held[m] = false
#endif
	};
	if
	:: publish(m)			/* the response can't be read */
	:: true ->
#ifdef BROKEN_ANSWER_FIRST	/* lets the sender go before its pages are taken away */
		answer(m);
		mapped[m] = false
#else
		mapped[m] = false;
		answer(m)
#endif
	fi;
	m = NONE;
go_on:
	if
	:: goto again
	:: goto respond
	:: true
	fi
}

/* phx_port_kill() */
inline kill_port(_i)
{
	atomic {
		if
		:: dead -> _i = NM + NR
		:: else -> dead = true; _i = 0
		fi
	};
	do
	:: _i < NR ->
		atomic {
				if
			:: waits[_i] -> waits[_i] = false; end_wait(NM + _i)
			:: else
			fi;
			_i++
		};
		TELL
	:: _i >= NR && _i < NR + NM ->
		atomic {
				if
			:: in_queue[_i - NR] -> in_queue[_i - NR] = false; done_(_i - NR)
			:: else
			fi;
			_i++
		};
		TELL
	:: else -> break
	od;
	_i = 0
}

proctype destroy()
{
	byte i;

	kill_port(i)
}

/* phx_client_shutdown() */
proctype shutdown()
{
	byte i;

	closed = true;
	kill_port(i);
	do
	:: i < NM ->
		atomic {
				if
			:: held[i] -> held[i] = false
			:: else -> goto next
			fi
		};
		mapped[i] = false;
		answer(i);
next:		i++
	:: else -> break
	od
}

/* When nothing can happen any more, who sleeps does so for a reason. */
proctype check_rest()
{
	byte i;

end_rest:
	atomic {
		timeout;
		for (i : 0 .. NS - 1) {
			if
			:: call[i] != NONE ->
				assert(wait[call[i]] != OVER && !killed[i]);
				assert(!(signal[i] && state[call[i]] == QUEUED));
				assert((in_queue[call[i]] && !dead) ||
				       (held[call[i]] && !closed))
			:: else
			fi
		}
		for (i : 0 .. NR - 1) {
			assert(!waits[i] || (!dead && wait[NM + i] != OVER));
			assert(!waits[i] || !(signal[NS + i]))
		}
		for (i : 0 .. NM - 1) {
			assert(!live(i) || in_queue[i] || (held[i] && !closed));
			assert(live(i) || (!pinned[i] && !mapped[i]))
		}
	}
}

init
{
	bool disturb;

	atomic {
		run check_rest();
		/* At most one of these happens to the first sender. */
		if
		:: run send(0, true)
		:: run send(0, false); disturb = true
		:: run send(0, false)
		fi;
#if NS > 1
		run send(1, false);
#endif
		run serve(0);
#if NR > 1
		run serve(1);
#endif
		if
		:: run shutdown()
#ifndef CALM
		:: run destroy()
		:: true
#endif
		fi
	};
	/* What comes from outside. */
	if
	:: disturb -> signal[0] = true
	:: disturb -> killed[0] = true
	:: else
	fi;
#ifndef CALM
	if
	:: signal[NS] = true
	:: true
	fi
#endif
}
