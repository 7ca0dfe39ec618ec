/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message that is aborted while a server holds it, and what it leaves in the
 * window. Two operators abort it; two threads of the server respond, and their
 * responses may fail; the sender is killed; the server's file is closed, and its
 * process ends; the window is unmapped and mapped anew; and another message wants
 * the place in it. Each at any moment or never.
 *
 * What is checked: pages are let go of once, and never while somebody sees them; the
 * message is answered once; nobody else's pages are in its place before the server
 * has responded, is shut down or has unmapped the window itself; the place is given
 * back once, and to the window that it is of.
 *
 * Run:
 *
 *	abort: take_held_locked()
 *	retire: phx_place_retire()
 *	gap_out: phx_gap_out()
 *	gap_over: phx_gap_over()
 *	gap_end: end()
 *	respond: phx_held_take()
 *	publish: phx_held_publish()
 *	revoke: phx_place_revoke()
 *	answer: phx_message_answer_locked()
 *	shutdown: phx_client_shutdown()
 *	unmap: window_close()
 *	map: window_set_locked()
 */
#define NOTHING	0
#define OURS	1
#define THEIRS	2

mtype:state = { TAKEN, ORPHAN, DONE, FREED };
mtype:entry = { EMPTY, HELD, NOTE };

mtype:state state = TAKEN;
mtype:entry entry = HELD;	/* in the table of held messages */
bool pinned = true;
bool closed;			/* the server's client */
byte calls;			/* of the server, on their way */
bool released;			/* its file: there are no more calls */
byte files = 1;			/* references to the file behind the window */
bool knows;			/* the server goes no more to the place */

/* The window, of one place */
bool mapped = true, in_tree = true, busy = true;
bool lent = true, lent_to_other;	/* phx_window.lent */
byte gaps;
byte shows = OURS;

/* The gap */
bool there, listed, out, over;

/* phx_message_answer(), and what follows for who is an orphan */
inline answer()
{
	atomic {
		assert(state == TAKEN || state == ORPHAN);
		assert(entry != HELD);
		if
		:: state == ORPHAN -> assert(pinned); pinned = false; state = FREED
		:: else -> state = DONE
		fi
	}
}

inline take_out()
{
	atomic { assert(files > 0 && shows != THEIRS); shows = NOTHING }
}

/* phx_place_revoke() */
inline revoke()
{
	take_out();
	atomic { assert(lent && busy); lent = false; busy = false }
}

/* end(), of a gap */
inline gap_end()
{
	atomic {
		assert(busy && gaps > 0 && !lent && !lent_to_other && shows != OURS);
		busy = false;
		gaps--
	};
	atomic { assert(there && !listed); there = false }
}

/* phx_gap_over() */
inline gap_over()
{
	atomic {
		assert(there && !listed && !over);
		over = true;
#ifdef BROKEN_OVER_ENDS		/* does not wait until the pages are out */
		mine = true
#else
		mine = out
#endif
	};
	if
	:: mine -> gap_end()
	:: else
	fi
}

/* phx_gap_out() */
inline gap_out()
{
#ifdef BROKEN_LOOKS_LATER	/* sets its mark and looks for the other's without the lock between */
	out = true;
	mine = over;
#else
	atomic { assert(there && !out); out = true; mine = over };
#endif
	if
#ifdef BROKEN_OUT_ENDS		/* gives the place to others, and the server does not know */
	:: true -> busy = false; gaps--
#else
	:: mine -> gap_end()
#endif
	:: else
	fi
}

/* abort_held() */
proctype operator()
{
	bool mine;

	atomic {
		if
		:: entry == HELD && !closed ->
			entry = NOTE;
			there = true;
			listed = true
#ifndef BROKEN_NO_FILE		/* takes pages out of the window by a file that may be gone */
			; files++
#endif
		:: else -> goto none
		fi
	};
#ifdef BROKEN_ANSWER_FIRST	/* lets the sender go before its pages are out */
	answer();
#endif
	/* phx_place_retire() */
	take_out();
	atomic { assert(lent); lent = false; gaps++ };
	gap_out();
#ifndef BROKEN_ANSWER_FIRST
	answer();
#endif
#ifndef BROKEN_NO_FILE
	files--;
#endif
none:	skip
}

/* phx_respond() */
proctype respond()
{
	bool mine, found;

	atomic {
		if
		:: !released -> calls++
		:: else -> goto none
		fi
	};
again:
	atomic {
		found = false;
		mine = false;
		if
		:: entry == HELD -> entry = EMPTY; found = true
		:: entry == NOTE ->
			entry = EMPTY;
			knows = true;
			mine = true;
#ifndef BROKEN_LISTED_STILL	/* who shuts down finds the gap, too */
			listed = false
#endif
		:: else -> goto over_
		fi
	};
	if
	:: mine ->
#ifdef BROKEN_LISTED_STILL
		listed = false;
#endif
		gap_over();
		goto over_
	:: else
	fi;
	if
	:: true ->			/* the response can't be read */
		atomic {
			if
			:: !closed -> entry = HELD; found = false
			:: else
			fi
		};
		if
		:: !found -> goto again
		:: else
		fi
	:: knows = true
	fi;
	revoke();
	answer();
over_:	calls--;
none:	skip
}

/* phx_client_shutdown() */
inline shutdown()
{
	atomic {
		was = closed;
		closed = true;
		if
		:: !was -> files++
		:: else
		fi
	};
	if
	:: !was ->
		/* drop_held() */
		atomic {
			found = entry == HELD;
			entry = EMPTY
		};
		if
		:: found -> revoke(); answer()
		:: else
		fi;
		/* phx_gaps_end() */
		atomic { mine = listed; listed = false };
		if
		:: mine -> gap_over()
		:: else
		fi;
		files--
	:: else
	fi
}

/* The file's release, which comes after its calls and does not wait for others. */
proctype release()
{
	bool was, mine, found;

	if
	:: true -> goto none
	:: atomic { calls == 0 -> released = true }
	fi;
	shutdown();
	files--;
none:	skip
}

/* exit(), while others may have the file. */
proctype exits()
{
	bool was, mine, found;

	if
	:: shutdown()
	:: true
	fi
}

proctype sender()
{
end_waits:
	if
	:: atomic { state == DONE -> assert(pinned); pinned = false; state = FREED }
	:: atomic { state == TAKEN -> state = ORPHAN }
	fi
}

/* munmap() and mmap() of the window: as long as it has gaps there is no new one. */
proctype window()
{
	if
	:: true -> goto none
	:: in_tree = false
	fi;
	shows = NOTHING;
	mapped = false;
	atomic {
		if
#ifdef BROKEN_MAP_OVER_GAPS	/* a place that is given back is one of the new window's */
		:: !lent && !lent_to_other ->
#else
		:: !gaps && !lent && !lent_to_other ->
#endif
			mapped = true;
			in_tree = true;
			busy = false;
			knows = true
		:: true
		fi
	};
none:	skip
}

/* Another message, that is received as the first one was. */
proctype other()
{
end_waits:
	atomic {
		if
		:: mapped && !busy -> busy = true; lent_to_other = true
		:: closed -> goto none
		fi
	};
	atomic {
		assert(shows == NOTHING);
		if
		:: in_tree -> assert(knows || closed); shows = THEIRS
		:: else
		fi
	};
	atomic { assert(shows != OURS); shows = NOTHING };
	atomic { assert(busy && lent_to_other); busy = false; lent_to_other = false };
none:	skip
}

/* What is seen is there; when nothing can happen any more nothing is left. */
proctype check_always()
{
end:	do
	:: atomic { shows == OURS && !pinned -> assert(false) }
	:: atomic {
		timeout ->
			assert(!there || (listed && out && !over && entry == NOTE && !closed));
			assert(there || !gaps);
			assert(!(state == TAKEN || state == ORPHAN) || (entry == HELD && !closed));
			assert(state != FREED || (!pinned && !lent));
			assert(!busy || lent || there)
		} -> break
	od
}

init
{
	atomic {
		run check_always();
		run operator();
		run operator();
		run respond();
		run respond();
		run release();
		run exits();
		run sender();
		run window();
		run other()
	}
}
