/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested lending. A client's message L is held by the first server, which sends
 * parts of its buffer on, in messages M and N, to the second one; or, as a chain, in
 * M, and the second server part of that in N to a third. Meanwhile each server may
 * answer what it holds or be shut down, and the senders of all three may be killed,
 * each at any moment.
 *
 * A message here is from when it is held; how it gets there is in message.pml. It has
 * one buffer, so one lender.
 * What is checked: nobody sees pages that were let go of; pages are let go of
 * once; what was written to the edges of M and N gets to their lender's, and in the end
 * to the client, before its call returns; nobody returns while anybody sees its pages.
 *
 * Run:
 * Run: -DCHAIN
 * Broken with BROKEN_BORROW_ANSWERED: -DCHAIN
 * Broken with BROKEN_LOANS_IGNORED: -DCHAIN
 *
 *	place: phx_place()
 *	undo: phx_place_undo()
 *	borrow: phx_message_borrow()
 *	revoke: phx_place_revoke()
 *	settle: phx_buffer_settle()
 *	give_back: give_back()
 *	end: end_locked()
 *	bury: bury()
 */
#define L	0
#define M	1
#define N	2
#define NM	3

mtype = { NEW, TAKEN, ORPHAN, DONE, FREED };

mtype state[NM] = NEW;
bool held[NM], answered[NM], mapped[NM], edges[NM], borrowed[NM];
byte loans[NM], finished[NM];
bool pinned = true;		/* the client's pages; all of L's buffer is these */
bool returned;			/* the client's call */

#ifdef CHAIN
#define lender(m)	((m) == N -> M : L)
#else
#define lender(m)	L
#endif

/* phx_window_borrow() and phx_message_borrow() */
inline borrow(_m, _of)
{
	atomic {
#ifdef BROKEN_BORROW_ANSWERED	/* does not look whether the message is held */
		if
		:: mapped[_of]
#else
		if
		:: mapped[_of] && held[_of]
#endif
			-> loans[_of]++; borrowed[_m] = true
		:: else -> goto out
		fi
	};
	/* From here on the pages are taken from the lender's buffer. */
	assert(pinned && edges[_of] && state[_of] != FREED && state[_of] != DONE)
}

/* phx_buffer_settle() */
inline settle(_m)
{
	if
	:: edges[_m] && _m == L -> assert(pinned && !mapped[L]); edges[L] = false
	:: edges[_m] && _m != L ->
		assert(edges[lender(_m)] && pinned && !mapped[_m]);
		edges[_m] = false
	:: else
	fi
}

/* give_back(): is that what kept the lender from its end? */
inline give_back(_m)
{
	atomic {
		last = false;
		if
		:: borrowed[_m] ->
			assert(loans[lender(_m)] > 0 && !mapped[_m]);
			borrowed[_m] = false;
			loans[lender(_m)]--;
#ifndef BROKEN_LAST_UNLOCKED	/* looks at it when others could have given back, too */
			last = loans[lender(_m)] == 0 && answered[lender(_m)]
#endif
		:: else
		fi
	};
#ifdef BROKEN_LAST_UNLOCKED
	last = loans[lender(_m)] == 0 && answered[lender(_m)]
#endif
}

/* end_locked() and bury(): of it, and up the chain as long as nobody waits there. */
inline finish(_m)
{
	at = _m;
	do
	:: settle(at);
		atomic {
			assert(finished[at] == 0 && loans[at] == 0);
			finished[at]++;
			if
			:: state[at] == ORPHAN ->
				state[at] = FREED;
				if
				:: at == L ->
					assert(pinned && !mapped[L] && !mapped[M] && !mapped[N]);
					pinned = false
				:: else
				fi
			:: else -> assert(state[at] == TAKEN); state[at] = DONE; break
			fi
		};
		give_back(at);
		if
		:: last -> at = lender(at)
		:: else -> break
		fi
	od
}

inline release(_m)
{
	give_back(_m);
	if
	:: last -> finish(lender(_m))
	:: else
	fi
}

/* phx_message_answer_locked(), and what follows */
inline answer(_m)
{
	mapped[_m] = false;		/* revoke */
	atomic {
		assert(!answered[_m] && !held[_m]);
		answered[_m] = true;
#ifndef BROKEN_LOANS_IGNORED	/* comes to its end while its pages are lent on */
		if
		:: loans[_m] -> goto out
		:: else
		fi
#endif
	};
	finish(_m)
}

/* phx_respond() or drop_held(): whoever is first takes it out of the table. */
proctype answer_it(byte m)
{
	bool last;
	byte at;

end:	atomic { held[m] -> held[m] = false };
	answer(m);
out:	skip
}

/* A receiver places L, maybe twice: the first time it can't be told of it. */
proctype deliver()
{
	atomic { edges[L] = true; mapped[L] = true };
	if
	:: mapped[L] = false;
		edges[L] = false;	/* place_undo, requeue */
		atomic { edges[L] = true; mapped[L] = true }
	:: true
	fi;
	held[L] = true
}

/* A response that could not be read: it is held again. */
proctype answer_fails(byte m)
{
end:	if
	:: atomic { held[m] -> held[m] = false };
		held[m] = true
	:: true
	fi
}

/* The client: waits, or is killed and leaves an orphan. */
proctype client()
{
end:	if
	:: atomic { state[L] == DONE ->
			assert(!mapped[L] && !mapped[M] && !mapped[N]);
			assert(!edges[L] && !edges[M] && !edges[N]);
			assert(pinned);
			pinned = false;
			returned = true
		}
	:: atomic { state[L] == TAKEN ->
#ifdef BROKEN_KILLED_RELEASES	/* takes its pages with it */
			pinned = false;
#endif
			state[L] = ORPHAN
		}
	fi
}

/* A thread sends a part of what its server holds on, and is killed or not. */
proctype send_on(byte m)
{
	bool last;
	byte at;

	borrow(m, lender(m));
#ifdef BROKEN_EDGES_EARLY	/* L's edges are copied back when L is answered */
	if
	:: answered[L] && edges[L] -> edges[L] = false
	:: else
	fi;
#endif
	/* The next server has it: it sees L's pages, or edges made of the lender's. */
	atomic {
		assert(pinned && edges[lender(m)]);
		state[m] = TAKEN;
		edges[m] = true;
		mapped[m] = true
	};
	held[m] = true;
end:	if
	:: state[m] == DONE ->
		assert(!mapped[m] && !edges[m] && !loans[m]);
		release(m)
	:: atomic { state[m] == TAKEN -> state[m] = ORPHAN }
	fi;
out:	skip
}

/* What is seen is there, at any moment; and in the end nothing is left. */
proctype check_always()
{
end:	do
	:: atomic {
		(mapped[L] || mapped[M] || mapped[N]) && !pinned ->
			assert(false)
		}
	:: atomic {
		timeout ->
			assert(!answered[L] || loans[L] || !pinned || state[L] == TAKEN);
			assert(!answered[L] || (!answered[M] && held[M]) ||
			       (!answered[N] && held[N]) || !pinned);
			assert(!borrowed[M] || held[M] || (answered[M] && loans[M]));
			assert(!borrowed[N] || held[N])
		} -> break
	od
}

init
{
	atomic {
		state[L] = TAKEN;
		run check_always();
		run deliver();
		run client();
		run send_on(M);
		run send_on(N);
		run answer_it(L);
		run answer_fails(L);
#ifdef CHAIN
		run answer_fails(M);
#endif
		run answer_it(M);
		run answer_it(N)
	}
}
