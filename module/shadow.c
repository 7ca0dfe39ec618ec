// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadows: pages of ours that the receiver is shown instead of the sender's. All
 * the pages of a buffer that can't be pinned, the one that a message keeps for
 * small inputs, and the edges of what is lent.
 */
#include "buffer.h"
#include "compat.h"
#include "stats.h"
#include "user.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

static struct page *alloc_shadow(void)
{
	/* A call can fail; that is better than to have something killed. */
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_ZERO |
				       __GFP_RETRY_MAYFAIL | __GFP_NOWARN);

	if (page)
		phx_stat_inc(PHX_STAT_PAGES_SHADOW_LIVE);
	return page;
}

/**
 * phx_shadows_free() - free the first pages of a buffer, all of them shadows
 * @buf: the buffer
 * @nr: how many
 */
void phx_shadows_free(struct phx_buffer *buf, unsigned int nr)
{
	unsigned int i;

	/* To the end, also of a thread that is killed. */
	for (i = 0; i < nr; i++) {
		__free_page(buf->pages[i]);
		phx_page_pause(i);
	}
	phx_stat_add(PHX_STAT_PAGES_SHADOW_LIVE, -(s64)nr);
}

/**
 * phx_shadows_alloc() - make all pages of a buffer shadows
 * @buf: the buffer
 *
 * Return: 0, -ENOMEM, or -EINTR for a thread that is killed.
 */
int phx_shadows_alloc(struct phx_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < buf->nr; i++) {
		if (fatal_signal_pending(current))
			break;
		buf->pages[i] = alloc_shadow();
		if (!buf->pages[i])
			break;
		cond_resched();
	}
	if (i == buf->nr)
		return 0;
	phx_shadows_free(buf, i);
	return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
}

static struct page *get_kept(struct phx_buffer *buf, struct phx_user *user)
{
	if (phx_user_charge(user, PHX_LIMIT_PAGES, 1))
		return NULL;
	/* There is another way: no need to try hard. */
	buf->kept = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);
	if (buf->kept)
		phx_stat_inc(PHX_STAT_PAGES_KEPT_LIVE);
	else
		phx_user_uncharge(user, PHX_LIMIT_PAGES, 1);
	return buf->kept;
}

/**
 * phx_buffer_keep() - copy an input to the page that is kept for that
 * @buf: the buffer, of the current process, with room for its pages
 * @user: who is charged for the page if there is none yet; NULL to do without
 *
 * Return: 0, -EFAULT, or -ENOENT if another way has to be found.
 */
__phx_hot
int phx_buffer_keep(struct phx_buffer *buf, struct phx_user *user)
{
	if (buf->nr > 1 || buf->dir == PHX_OUT)
		return -ENOENT;
	if (!buf->kept && !(user && get_kept(buf, user)))
		return -ENOENT;
	buf->pages[0] = buf->kept;
	buf->source = PHX_SRC_KEPT;
	return phx_buffer_from_user(buf, buf->addr);
}

/**
 * phx_buffer_free_kept() - free the page that a buffer keeps
 * @buf: the buffer, released
 * @user: who was charged for it
 */
void phx_buffer_free_kept(struct phx_buffer *buf, struct phx_user *user)
{
	if (!buf->kept)
		return;
	__free_page(buf->kept);
	buf->kept = NULL;
	phx_stat_dec(PHX_STAT_PAGES_KEPT_LIVE);
	phx_user_uncharge(user, PHX_LIMIT_PAGES, 1);
}

static void copy_part(struct page *to, struct page *from, size_t offset, size_t n)
{
	void *dst = kmap_local_page(to);
	void *src = kmap_local_page(from);

	memcpy(dst + offset, src + offset, n);
	flush_dcache_page(to);
	kunmap_local(src);
	kunmap_local(dst);
}

/* There may be bytes of an earlier message. */
static void zero_around(const struct phx_buffer *buf)
{
	size_t begin = offset_in_page(buf->addr);

	zero_user_segments(buf->kept, 0, begin, begin + buf->len, PAGE_SIZE);
}

/**
 * phx_buffer_make_edges() - make the pages that are shown instead of partial ones
 * @buf: the buffer
 *
 * Return: 0 or -ENOMEM.
 */
int phx_buffer_make_edges(struct phx_buffer *buf)
{
	unsigned int which, nr = buf->nr > 1 ? 2 : 1;

	/* Copies are nothing but the buffer's bytes already, or easily made so. */
	if (buf->source == PHX_SRC_KEPT)
		zero_around(buf);
	if (buf->source == PHX_SRC_KEPT || buf->source == PHX_SRC_BOUNCED)
		return 0;
	for (which = 0; which < nr; which++) {
		unsigned int i = which ? buf->nr - 1 : 0;
		size_t offset, n = phx_buffer_part(buf, i, &offset);

		if (n == PAGE_SIZE)
			continue;
		buf->edge[which] = alloc_shadow();
		if (!buf->edge[which])
			return -ENOMEM;
		copy_part(buf->edge[which], buf->pages[i], offset, n);
	}
	return 0;
}

/**
 * phx_buffer_settle() - be done with the edges of a buffer
 * @buf: the buffer, which no receiver sees any more
 * @write_back: what was written to those of an output goes back where it
 *		belongs, the very bytes and no other
 */
void phx_buffer_settle(struct phx_buffer *buf, bool write_back)
{
	unsigned int which;

	/* model: settle */
	for (which = 0; which < 2; which++) {
		unsigned int i = which ? buf->nr - 1 : 0;
		size_t offset, n;

		if (!buf->edge[which])
			continue;
		if (write_back && buf->dir == PHX_OUT) {
			n = phx_buffer_part(buf, i, &offset);
			copy_part(buf->pages[i], buf->edge[which], offset, n);
		}
		__free_page(buf->edge[which]);
		phx_stat_dec(PHX_STAT_PAGES_SHADOW_LIVE);
		buf->edge[which] = NULL;
	}
}
