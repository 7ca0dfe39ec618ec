// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: a place in a window for a buffer. Senders decide how many places there are
 * that are too small for it, so that the lock is let go of now and then.
 */
#include "window.h"
#include "compat.h"
#include "user.h"

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

/* Places that are looked at under one hold of the lock. */
#define SEARCH_BATCH 64

#define GO_ON (-1L)

/**
 * struct search - for a place
 * @from: nothing before that is one
 * @huge: it is to be one where huge pages can be mapped as such
 * @serial: of the window
 */
struct search {
	unsigned long from;
	bool huge;
	unsigned long serial;
};

/* For a window of 128 MiB a page, which is nothing beside what it can have in it. */
static long charge_of(unsigned long nr)
{
	return BITS_TO_LONGS(nr) * sizeof(long) / PAGE_SIZE;
}

/**
 * phx_slots_alloc() - get the slots of a window that is about to be mapped
 * @user: who is charged for them, pages
 * @nr: how many
 * @busy: out: a bit for each
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int phx_slots_alloc(struct phx_user *user, unsigned long nr, unsigned long **busy)
{
	int err;

	err = phx_user_charge(user, PHX_LIMIT_PAGES, charge_of(nr));
	if (err)
		return err;
	*busy = kvcalloc(BITS_TO_LONGS(nr), sizeof(**busy), GFP_KERNEL_ACCOUNT);
	if (*busy)
		return 0;
	phx_user_uncharge(user, PHX_LIMIT_PAGES, charge_of(nr));
	return -ENOMEM;
}

/**
 * phx_slots_free() - give them back
 * @user: who was charged
 * @busy: the bits; if it is NULL nothing happens
 * @nr: how many
 */
void phx_slots_free(struct phx_user *user, unsigned long *busy, unsigned long nr)
{
	if (!busy)
		return;
	kvfree(busy);
	phx_user_uncharge(user, PHX_LIMIT_PAGES, charge_of(nr));
}

/*
 * The lowest place is taken: page tables are there already, and a search from
 * the begin passes only over what is lent. But what may have huge pages goes to
 * the upper half, where others have left no page tables in their place, and so
 * that they can be mapped as such.
 */
static void begin_locked(struct search *search, const struct phx_window *win,
			 const struct phx_buffer *buf)
{
	lockdep_assert_held(&win->lock);
	search->huge = buf->nr >= PTRS_PER_PTE;
	search->from = search->huge ? win->nr / 2 : 0;
	search->serial = win->serial;
}

/* Returns a place, the window's end if there is none, or GO_ON. */
static long look_locked(struct search *search, const struct phx_window *win,
			const struct phx_buffer *buf)
{
	unsigned long mask = search->huge ? PTRS_PER_PTE - 1 : 0;
	unsigned long offset = ((win->addr - (buf->addr & PAGE_MASK)) >> PAGE_SHIFT) & mask;
	unsigned long slot, end, taken;
	int n;

	lockdep_assert_held(&win->lock);
	for (n = 0; n < SEARCH_BATCH; n++) {
		slot = find_next_zero_bit(win->busy, win->nr, search->from);
		slot = __ALIGN_MASK(slot + offset, mask) - offset;
		end = slot + buf->nr;
		if (end > win->nr)
			break;
		taken = find_next_bit(win->busy, end, slot);
		if (taken >= end)
			return slot;
		search->from = taken + 1;
	}
	if (n == SEARCH_BATCH)
		return GO_ON;
	if (!search->huge)
		return win->nr;
	search->huge = false;
	search->from = 0;
	return GO_ON;
}

static int pause_locked(struct phx_window *win)
{
	lockdep_assert_held(&win->lock);
	spin_unlock(&win->lock);
	cond_resched();
	spin_lock(&win->lock);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static long find_locked(struct phx_window *win, const struct phx_buffer *buf)
{
	struct search search;
	long slot;
	int err;

	lockdep_assert_held(&win->lock);
	begin_locked(&search, win, buf);
	for (;;) {
		if (!win->addr || buf->nr > win->nr)
			return -EMSGSIZE;
		if (search.serial != win->serial)
			begin_locked(&search, win, buf);
		slot = look_locked(&search, win, buf);
		if (slot != GO_ON)
			return slot + buf->nr > win->nr ? -ENOBUFS : slot;
		err = pause_locked(win);
		if (err)
			return err;
	}
}

/**
 * phx_slot_get_locked() - get a place for a buffer
 * @win: the window, whose lock may be let go of meanwhile
 * @buf: the buffer
 *
 * Return: 0; -EMSGSIZE if it could never fit, -ENOBUFS if it does not now, -EINTR for a
 * thread that is killed.
 */
int phx_slot_get_locked(struct phx_window *win, struct phx_buffer *buf)
{
	long slot = find_locked(win, buf);

	lockdep_assert_held(&win->lock);
	if (slot < 0)
		return slot;
	bitmap_set(win->busy, slot, buf->nr);
	win->used += buf->nr;
	buf->slot = slot;
	buf->at = win->addr + (slot << PAGE_SHIFT) + offset_in_page(buf->addr);
	return 0;
}
