// SPDX-License-Identifier: GPL-2.0-only
#include "buffer.h"
#include "client.h"
#include "compat.h"
#include "copy.h"
#include "message.h"
#include "port.h"
#include "region.h"
#include "stats.h"
#include "user.h"
#include "window.h"

#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/*
 * A second writable mapping of an anonymous page, which lending is, is what
 * this debugging aid is there to forbid. Show it pages of ours.
 */
static const bool always_bounce = IS_ENABLED(CONFIG_PAGE_TABLE_CHECK);

/*
 * Pinning goes on with interrupts off, and to undo it takes no pause; this bounds for
 * how long.
 */
#define PIN_BATCH	256U

static int get_page_array(struct phx_buffer *buf, struct phx_user *user)
{
	size_t span = offset_in_page(buf->addr) + buf->len;
	int err;

	buf->nr = DIV_ROUND_UP(span, PAGE_SIZE);
	buf->pages = buf->few;
	if (buf->nr <= PHX_FEW_PAGES)
		return 0;
	buf->pages = NULL;
	err = phx_user_charge(user, PHX_LIMIT_PAGES, phx_page_array_pages(buf->nr));
	if (err)
		return err;
	buf->pages = kvmalloc_array(buf->nr, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (buf->pages)
		return 0;
	phx_user_uncharge(user, PHX_LIMIT_PAGES, phx_page_array_pages(buf->nr));
	return -ENOMEM;
}

static void put_page_array(struct phx_buffer *buf, struct phx_user *user)
{
	if (phx_buffer_has_array(buf)) {
		kvfree(buf->pages);
		phx_user_uncharge(user, PHX_LIMIT_PAGES, phx_page_array_pages(buf->nr));
	}
	buf->pages = NULL;
	buf->source = PHX_SRC_NONE;
}

static void unpin(struct page **pages, unsigned int nr, bool dirty)
{
	unsigned int i, n;

	for (i = 0; i < nr; i += n) {
		n = min(nr - i, PIN_BATCH);
		/* PTEs of a window tell nobody that they were written through. */
		unpin_user_pages_dirty_lock(pages + i, n, dirty);
		cond_resched();
	}
	phx_stat_add(PHX_STAT_PAGES_UNPINNED, nr);
	phx_stat_add(PHX_STAT_PAGES_PINNED_LIVE, -(s64)nr);
}

/*
 * File systems expect to be told before a page of theirs gets dirty, which
 * can't be done for one that is written through a pin. Newer kernels refuse to
 * pin such pages for long. Anonymous memory, shmem and hugetlb have no
 * writeback to upset. Of anonymous memory what is to be freed, by MADV_FREE, is not
 * backed by swap: once pinned it is not freed, and when it is unpinned it is dirty.
 */
static bool may_be_dirtied(struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct folio *folio = page_folio(pages[i]);

		if (!folio_test_anon(folio) && !folio_test_swapbacked(folio) &&
		    !folio_test_hugetlb(folio))
			return false;
	}
	return true;
}

static int pin(struct phx_buffer *buf)
{
	bool write = buf->dir == PHX_OUT;
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
	unsigned long start = buf->addr & PAGE_MASK;
	unsigned int got = 0;
	bool good = true;
	int n;

	do {
		n = pin_user_pages_fast(start + got * PAGE_SIZE,
					min(buf->nr - got, PIN_BATCH),
					flags, buf->pages + got);
		if (n > 0) {
			phx_stat_add(PHX_STAT_PAGES_PINNED, n);
			phx_stat_add(PHX_STAT_PAGES_PINNED_LIVE, n);
			good = !write || may_be_dirtied(buf->pages + got, n);
			got += n;
		}
		cond_resched();
	} while (n > 0 && good && got < buf->nr);

	if (got == buf->nr && good)
		return 0;
	unpin(buf->pages, got, false);
	return n < 0 ? n : -EFAULT;
}

/* How many of its pages have other bytes as well. */
static unsigned int partial_pages(const struct phx_buffer *buf)
{
	unsigned int first = offset_in_page(buf->addr) != 0;
	unsigned int last = offset_in_page(buf->addr + buf->len) != 0;

	return buf->nr > 1 ? first + last : first | last;
}

static int prepare_pinned(struct phx_buffer *buf, struct phx_user *user,
			  struct mmpin *account)
{
	unsigned int edges;
	int err;

	err = mm_account_pinned_pages(account, buf->nr * PAGE_SIZE);
	if (err)
		return err;
	edges = partial_pages(buf);
	err = phx_user_charge(user, PHX_LIMIT_PAGES, buf->nr + edges);
	if (err)
		return err;
	/* What was charged to RLIMIT_MEMLOCK stays charged until all of @account ends. */
	err = pin(buf);
	if (err) {
		phx_user_uncharge(user, PHX_LIMIT_PAGES, buf->nr + edges);
		return err == -ENOMEM ? err : -EFAULT;
	}
	buf->source = PHX_SRC_PINNED;
	buf->edges = edges;
	return 0;
}

static int fault_in(const struct phx_buffer *buf)
{
	const size_t batch = PHX_PAGE_BATCH * PAGE_SIZE;
	char __user *addr = (char __user *)buf->addr, *end = addr + buf->len;
	size_t n, missing;

	for (; addr < end; addr += n) {
		n = min_t(size_t, end - addr, batch);
		if (buf->dir == PHX_OUT)
			missing = fault_in_safe_writeable(addr, n);
		else
			missing = fault_in_readable(addr, n);
		if (missing)
			return -EFAULT;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* The output's contents are taken too: what is not written must come back. */
static int prepare_bounced(struct phx_message *msg, struct phx_buffer *buf)
{
	int err;

	err = phx_user_charge(msg->user, PHX_LIMIT_PAGES, buf->nr);
	if (err)
		return err;
	err = phx_shadows_alloc(buf);
	if (err)
		goto err_uncharge;
	err = phx_buffer_from_user(buf, buf->addr);
	if (err)
		goto err_pages;
	buf->source = PHX_SRC_BOUNCED;
	phx_stat_inc(PHX_STAT_BUFFERS_BOUNCED);
	return 0;

err_pages:
	phx_shadows_free(buf, buf->nr);
err_uncharge:
	phx_user_uncharge(msg->user, PHX_LIMIT_PAGES, buf->nr);
	return err;
}

/*
 * Does the buffer lie in what was lent to the sender? Only the bytes of the
 * held message count, not what else is in its pages, and an input can't be lent
 * on as an output.
 */
static int prepare_borrowed(struct phx_buffer *buf, struct phx_client *sender,
			    struct phx_user *user)
{
	unsigned int edges = partial_pages(buf);
	struct phx_buffer *from;
	unsigned int first, i;
	int err;

	from = phx_window_borrow(sender, buf->addr, buf->len, &buf->lender);
	if (!from)
		return -ENOENT;
	/* The loan keeps the pages in @from until it is given back. */
	buf->source = PHX_SRC_BORROWED;
	if (from->dir == PHX_IN && buf->dir == PHX_OUT)
		return -EFAULT;
	err = phx_user_charge(user, PHX_LIMIT_PAGES, edges);
	if (err)
		return err;
	buf->edges = edges;
	first = (buf->addr >> PAGE_SHIFT) - (from->at >> PAGE_SHIFT);
	for (i = 0; i < buf->nr; i++)
		buf->pages[i] = phx_buffer_shown_page(from, first + i);
	phx_stat_inc(PHX_STAT_BUFFERS_RELENT);
	return 0;
}

/* Nothing to keep; only see that an error is the sender's and comes now. */
static int prepare_direct(struct phx_buffer *buf)
{
	int err = fault_in(buf);

	if (!err)
		buf->source = PHX_SRC_DIRECT;
	return err;
}

static int prepare_from(struct phx_message *msg, struct phx_buffer *buf,
			struct phx_client *sender, bool bounce)
{
	int err;

	if (!bounce) {
		err = prepare_borrowed(buf, sender, msg->user);
		if (err != -ENOENT)
			return err;
		err = phx_buffer_keep(buf, msg->again ? msg->user : NULL);
		if (err != -ENOENT)
			return err;
		/* Also what looks like a want of memory may be migration that failed. */
		err = prepare_pinned(buf, msg->user, &msg->pin);
		if (err == 0 || err == -EDQUOT)
			return err;
	}
	/* Before memory is taken for what can't be read or written anyway. */
	err = fault_in(buf);
	return err ?: prepare_bounced(msg, buf);
}

static int prepare_pages(struct phx_message *msg, struct phx_buffer *buf,
			 struct phx_client *sender, bool bounce)
{
	int err;

	err = get_page_array(buf, msg->user);
	if (err)
		return err;
	err = prepare_from(msg, buf, sender, bounce);
	if (buf->source == PHX_SRC_NONE)
		put_page_array(buf, msg->user);
	return err;
}

/**
 * phx_buffer_pin() - pin memory of the current process for as long as one likes
 * @buf: the memory, its address, length and direction set
 * @user: who is charged for it
 * @pin: what is charged to RLIMIT_MEMLOCK, even if this fails
 *
 * Return: 0; -EFAULT if it can't be read (input) or written (output),
 * -EOPNOTSUPP if it can, but not be pinned for long, -ENOBUFS for want of
 * RLIMIT_MEMLOCK, -EDQUOT, -ENOMEM.
 */
int phx_buffer_pin(struct phx_buffer *buf, struct phx_user *user, struct mmpin *pin)
{
	int err = -EFAULT;

	if (!always_bounce) {
		phx_unshare_pages(buf->addr, buf->len);
		err = get_page_array(buf, user);
		if (!err)
			err = prepare_pinned(buf, user, pin);
		if (err)
			put_page_array(buf, user);
	}
	if (err == -EFAULT && !fault_in(buf))
		err = -EOPNOTSUPP;
	return err;
}

/**
 * phx_buffer_prepare() - get hold of a buffer of the current process
 * @msg: the message it is part of; it is neither empty nor inline
 * @dir: which of its buffers
 * @sender: the sending client
 * @bounce: take a copy, so that nobody sees the sender's own pages
 *
 * Return: 0; -EFAULT if the sender can't read (input) or write (output) all of
 * it, -EMSGSIZE, -EDQUOT, -ENOMEM; also as phx_region_use().
 */
int phx_buffer_prepare(struct phx_message *msg, enum phx_dir dir,
		       struct phx_client *sender, bool bounce)
{
	const struct phx_msg *wire = &msg->call.msg;
	u64 data = dir == PHX_IN ? wire->i.data : wire->o.data;
	u64 size = dir == PHX_IN ? wire->i.size : wire->o.size;
	struct phx_buffer *buf = &msg->buf[dir];
	int err;

	if (!data || data != (unsigned long)data || size != (size_t)size ||
	    !access_ok((void __user *)(unsigned long)data, size))
		return -EFAULT;
	if (size > PHX_MESSAGE_MAX)
		return -EMSGSIZE;
	buf->addr = data;
	buf->len = size;
	err = phx_region_use(msg, dir, sender);
	if (err)
		return err;
	if (msg->port->client->mm == current->mm)
		return prepare_direct(buf);
	if (buf->region)
		return 0;
	return prepare_pages(msg, buf, sender, bounce || always_bounce);
}

/**
 * phx_buffer_release() - let go of all a buffer has but its lender
 * @buf: the buffer
 * @user: who was charged for it
 */
void phx_buffer_release(struct phx_buffer *buf, struct phx_user *user)
{
	switch (buf->source) {
	case PHX_SRC_PINNED:
		unpin(buf->pages, buf->nr, buf->dir == PHX_OUT);
		phx_user_uncharge(user, PHX_LIMIT_PAGES, buf->nr + buf->edges);
		break;
	case PHX_SRC_BORROWED:
		phx_user_uncharge(user, PHX_LIMIT_PAGES, buf->edges);
		break;
	case PHX_SRC_BOUNCED:
		phx_shadows_free(buf, buf->nr);
		phx_user_uncharge(user, PHX_LIMIT_PAGES, buf->nr);
		break;
	default:
		break;
	}
	put_page_array(buf, user);
	buf->edges = 0;
	buf->lender = NULL;
	phx_region_unuse(buf);
}

/**
 * phx_buffer_write_back() - give a bounced output to the sender
 * @buf: a buffer of the current process, after the response
 *
 * Return: as phx_buffer_to_user().
 */
__phx_hot
int phx_buffer_write_back(const struct phx_buffer *buf)
{
	if (buf->source != PHX_SRC_BOUNCED || buf->dir != PHX_OUT)
		return 0;
	return phx_buffer_to_user(buf, buf->addr);
}

/**
 * phx_buffer_to_user() - copy a buffer to the current process
 * @buf: the buffer
 * @to: where to
 *
 * Return: 0, -EFAULT, or -EINTR for a thread that is killed.
 */
int phx_buffer_to_user(const struct phx_buffer *buf, unsigned long to)
{
	unsigned int i;

	for (i = 0; i < buf->nr; i++) {
		size_t offset, n = phx_buffer_part(buf, i, &offset);
		void *page = kmap_local_page(buf->pages[i]);
		int err;

		err = phx_copy_to_user((void __user *)to, page + offset, n);
		kunmap_local(page);
		err = err ?: phx_page_pause(i);
		if (err)
			return err;
		to += n;
	}
	return 0;
}

/**
 * phx_buffer_from_user() - copy to a buffer from the current process
 * @buf: the buffer
 * @from: where from
 *
 * Return: 0, -EFAULT, or -EINTR for a thread that is killed; the buffer is written in
 * part then.
 */
int phx_buffer_from_user(const struct phx_buffer *buf, unsigned long from)
{
	unsigned int i;

	for (i = 0; i < buf->nr; i++) {
		size_t offset, n = phx_buffer_part(buf, i, &offset);
		void *page = kmap_local_page(buf->pages[i]);
		int err;

		err = phx_copy_from_user(page + offset, (void __user *)from, n);
		flush_dcache_page(buf->pages[i]);
		kunmap_local(page);
		err = err ?: phx_page_pause(i);
		if (err)
			return err;
		from += n;
	}
	return 0;
}

/**
 * phx_buffer_shown_page() - a page as the receiver of a lent buffer sees it
 * @buf: the buffer
 * @i: which page
 *
 * Return: the page.
 */
struct page *phx_buffer_shown_page(const struct phx_buffer *buf, unsigned int i)
{
	if (i == 0 && buf->edge[0])
		return buf->edge[0];
	if (i == buf->nr - 1 && buf->edge[1])
		return buf->edge[1];
	return buf->pages[i];
}
