/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A registered buffer: messages use it and have it shown in the server's window,
 * whose mapping ends and is made anew meanwhile; it is ended by its owner, by a
 * response and by the death of its port, whoever is first. With the last reference
 * its pages leave the window, are let go of, and its number is free.
 *
 * There are WINDOWS mappings of the window, one after the other. What a window shows
 * is kept for each place in it; there are two, and somebody else uses the window,
 * too, so that a place given back wrongly is another's.
 *
 * Run: -DUSERS=2
 * Run: -DUSERS=1
 *
 *	use: phx_region_use()
 *	show: put_into_window()
 *	keep: phx_window_keep()
 *	install: install()
 *	moved: moved()
 *	drop: phx_window_drop()
 *	end_region: phx_region_end()
 *	free_region: let_go()
 *	unmap: window_close()
 *	map: window_set_locked()
 */
#define WINDOWS		2
#ifndef USERS
#define USERS		2
#endif
#define NONE		15

byte refs = 1;			/* users: the registration */
bool ended, dead, listed = true;
bool numbered = true;		/* the number leads to it */
bool pinned = true;

/* The window */
byte serial = 1;		/* odd while it is mapped */
bool in_tree = true;		/* find_vma() finds the mapping */
byte moving;
bool busy[2];			/* by place */
bool shows[2];			/* our pages are in that place */
bool theirs[2];			/* somebody else's message is */

/* The view */
byte view_serial, view_place;
bool showing;			/* phx_region.lock */

#define mapped		(serial % 2 == 1)

/* phx_region_put() and let_go() */
inline put()
{
	atomic {
		assert(refs > 0);
		refs--;
		last = refs == 0
	};
	if
	:: last ->
#ifdef BROKEN_UNPIN_FIRST	/* lets go of pages that are seen still */
		pinned = false;
#endif
		/* phx_window_drop() */
		atomic {
			drops = false;
			if
#ifdef BROKEN_DROP_ANY_WINDOW	/* takes the place out of whatever window there is */
			:: view_serial && mapped ->
#else
			:: view_serial && view_serial == serial ->
#endif
				drops = true;
				s = serial;
				moving++
			:: else
			fi
		};
		if
		:: drops ->
			shows[view_place] = false;
			moved(false)
		:: else
		fi;
		/* Out of all TLBs: now the pages may be anybody's. */
		atomic { assert(!shows[0] && !shows[1]); pinned = false };
		atomic { assert(numbered); numbered = false }
	:: else
	fi
}

/* moved() */
inline moved(_in)
{
	atomic {
		assert(moving > 0);
		moving--;
		if
		:: !(_in) && serial == s ->
			assert(busy[view_place] && !theirs[view_place]);
			busy[view_place] = false
		:: else
		fi;
		view_serial = (_in -> s : 0)
	}
}

/* phx_region_end() */
inline end_region()
{
	atomic {
		was = ended;
		ended = true;
		listed = false
	};
	if
	:: !was -> put()
	:: else
	fi
}

/* A message that uses it: phx_region_use(), _show(), and phx_respond(). */
proctype message()
{
	bool last, was, drops, in, usable;
	byte s;

	/* find() */
	atomic {
		if
#ifdef BROKEN_FIND_ANY		/* gets a reference to what has none any more */
		:: numbered -> refs++
#else
		:: numbered && refs > 0 -> refs++
#endif
		:: else -> goto out
		fi
	};
	if
	:: ended -> put(); goto out
	:: else
	fi;

	/* phx_region_show() */
	if
	:: view_serial && view_serial == serial -> in = true
	:: else -> in = false
	fi;
	if
	:: !in ->
#ifndef BROKEN_SHOW_UNLOCKED	/* two receivers put it there at once */
		atomic { !showing -> showing = true };
#endif
		if
		:: view_serial && view_serial == serial -> in = true
		:: else -> in = false
		fi;
		if
		:: !in ->		/* phx_window_keep() */
			atomic {
				usable = false;
				if
				:: mapped && !busy[0] -> view_place = 0; usable = true
				:: mapped && busy[0] && !busy[1] -> view_place = 1; usable = true
				:: else
				fi;
				if
				:: usable -> busy[view_place] = true; moving++; s = serial
				:: else
				fi
			};
			if
			:: usable ->
				/*
				 * install(): under mmap_lock. In the mapping that
				 * the place was taken in, which can only be that:
				 * with something moving there is no other.
				 */
				atomic {
					if
#ifdef BROKEN_INSTALL_UNCHECKED	/* does not look the mapping up anew */
					:: true
#else
					:: in_tree
#endif
						-> assert(!shows[view_place]); shows[view_place] = true; in = true
					:: else
					fi
				};
				moved(in)
			:: else
			fi
		:: else
		fi;
#ifndef BROKEN_SHOW_UNLOCKED
		showing = false
#endif
	:: else
	fi;

	/* The server holds the message: what it sees is there. */
	assert(pinned && refs > 0);
	assert(!in || view_serial != serial || !in_tree || shows[view_place]);

	/* phx_respond(), maybe with PHX_RESPOND_UNREGISTER */
	if
	:: end_region()
	:: true
	fi;
	assert(pinned && refs > 0);
	put();
out:	skip
}

/* phx_region_unregister(), or phx_regions_disown() */
proctype unregister()
{
	bool last, was, drops;
	byte s;

	atomic {
		if
		:: numbered && refs > 0 -> refs++
		:: else -> goto out
		fi
	};
	end_region();
	put();
out:	skip
}

/* phx_port_kill() and phx_regions_end_at() */
proctype kill_port()
{
	bool last, was, drops;
	byte s;

	dead = true;
	atomic {
		if
		:: listed -> refs++
		:: else -> goto out
		fi
	};
	end_region();
	put();
out:	skip
}

/* munmap() and mmap() of the window, and somebody else's message in it. */
proctype window()
{
	byte n;

	do
	:: n < WINDOWS - 1 ->
		/* The mapping is out of the tree, then the pages go, then window_close() tells. */
		in_tree = false;
		atomic { shows[0] = false; shows[1] = false };
		theirs[0] = false;
		theirs[1] = false;
		serial++;
		atomic {
#ifndef BROKEN_NOT_MOVING	/* a new window while pages are on their way to the old */
			moving == 0;
#endif
			busy[0] = false;
			busy[1] = false;
			serial++
		};
		in_tree = true;
		if
		:: atomic { !busy[0] -> busy[0] = true; theirs[0] = true }
		:: true
		fi;
		n++
	:: else -> break
	od
}

/* What is seen is there; when all is over nothing is left. */
proctype check_always()
{
end:	do
	:: atomic { (shows[0] || shows[1]) && !pinned -> assert(false) }
	:: atomic { (shows[0] && theirs[0]) || (shows[1] && theirs[1]) -> assert(false) }
	:: atomic {
		timeout ->
			assert(!moving && !showing);
			assert(!ended || (refs == 0 && !pinned && !numbered));
			assert(!dead || ended);
			assert(!busy[0] || theirs[0] || shows[0] || !mapped)
		} -> break
	od
}

init
{
	atomic {
		run check_always();
		run message();
#if USERS > 1
		run message();
#endif
		run window();
		if
		:: run unregister()
#if USERS == 1
		:: run unregister(); run kill_port()
#else
		:: run kill_port()
		:: true
#endif
		fi
	}
}
