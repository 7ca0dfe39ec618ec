/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer: one direction of a message, as pages. Where they come from is
 * settled in send(), in the sender's context, so that nobody ever touches a
 * foreign address space:
 *
 *  PHX_SRC_NONE	there is no buffer, or it is inline in the message
 *  PHX_SRC_DIRECT	the receiver is in the sender's address space: no pages
 *  PHX_SRC_PINNED	the sender's own pages, pinned
 *  PHX_SRC_BORROWED	pages of a message that the sender itself holds, where
 *			they are lent to it in a window. Special PTEs can't be
 *			pinned again, so they are taken from our records
 *  PHX_SRC_KEPT	a page that the message keeps, with a copy: of an input that lies
 *			in one page that costs less than to pin it
 *  PHX_SRC_BOUNCED	pages of ours with a copy, when the sender's can't be
 *			pinned for as long as a server likes, or must not be seen
 *			for longer than the sender waits. The sender copies the
 *			output back itself
 *  PHX_SRC_REGION	pages that are registered, see region.h; none here
 *
 * How the receiver sees it is settled in receive(), by place.c. If pages are
 * lent of which the buffer has only a part, the receiver is shown a page of
 * ours instead, an edge: zero but for the bytes of the buffer. Those are copied
 * back from an output's edges when the message ends.
 *
 * There is no lock: a buffer is the sender's or the receiver's, see message.h.
 */
#ifndef PHX_BUFFER_H
#define PHX_BUFFER_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/types.h>

struct mmpin;
struct page;
struct phx_client;
struct phx_message;
struct phx_region;
struct phx_user;

enum phx_dir {
	PHX_IN,		/* the sender's input: the receiver reads */
	PHX_OUT,	/* the sender's output: the receiver writes */
	PHX_DIR_NR
};

enum phx_source {
	PHX_SRC_NONE,
	PHX_SRC_DIRECT,
	PHX_SRC_PINNED,
	PHX_SRC_BORROWED,
	PHX_SRC_KEPT,
	PHX_SRC_BOUNCED,
	PHX_SRC_REGION,
};

/* Pages of a buffer that need no array of its own: 64 KiB, unaligned. */
#define PHX_FEW_PAGES	17

/**
 * struct phx_buffer - one direction of a message
 * @addr: in the sender's address space
 * @len: bytes
 * @dir: direction
 * @source: see above
 * @nr: pages
 * @edges: how many edges it may get, which are charged from the beginning, as the
 *	   receiver who makes them must not fail for what a sender has too much of
 * @pages: the pages; @few, or an array of its own
 * @few: room for a few
 * @kept: page for PHX_SRC_KEPT, that stays when the buffer is released; NULL until
 *	  there is need of it
 * @edge: pages shown instead of the first and the last, NULL if those are whole
 * @lender: PHX_SRC_BORROWED: whose pages these are, referred to
 * @region: what it lies in if it is registered, referred to
 * @class: enum phx_class: how the receiver sees it
 * @at: where the receiver sees it
 * @slot: PHX_CLASS_LEND: first page in the receiver's window
 * @node: PHX_CLASS_LEND: in the window's tree, by @slot
 */
struct phx_buffer {
	unsigned long addr;
	size_t len;
	enum phx_dir dir;
	enum phx_source source;
	unsigned int nr;
	unsigned int edges;
	struct page **pages;
	struct page *few[PHX_FEW_PAGES];
	struct page *kept;
	struct page *edge[2];
	struct phx_message *lender;
	struct phx_region *region;
	u16 class;
	unsigned long at;
	unsigned long slot;
	struct rb_node node;
};

/* The part of page @i that belongs to the buffer. */
static inline size_t phx_buffer_part(const struct phx_buffer *buf, unsigned int i,
				     size_t *offset)
{
	size_t begin = i ? 0 : offset_in_page(buf->addr);
	size_t before = i ? i * PAGE_SIZE - offset_in_page(buf->addr) : 0;

	*offset = begin;
	return min_t(size_t, PAGE_SIZE - begin, buf->len - before);
}

/* Pages, of half a million, that are gone through without a pause. */
#define PHX_PAGE_BATCH	64U

/* After page @i of many: make room for others, and end it for a thread that is killed. */
static inline int phx_page_pause(unsigned int i)
{
	if (i % PHX_PAGE_BATCH != PHX_PAGE_BATCH - 1)
		return 0;
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

int phx_buffer_prepare(struct phx_message *msg, enum phx_dir dir,
		       struct phx_client *sender, bool bounce);
int phx_buffer_pin(struct phx_buffer *buf, struct phx_user *user, struct mmpin *pin);
void phx_buffer_release(struct phx_buffer *buf, struct phx_user *user);

static inline bool phx_buffer_has_array(const struct phx_buffer *buf)
{
	return buf->pages && buf->pages != buf->few;
}

/* What an array of @nr pages takes itself, in pages. */
static inline long phx_page_array_pages(unsigned int nr)
{
	return DIV_ROUND_UP(nr * sizeof(struct page *), PAGE_SIZE);
}

/* Pages that are charged to a user for it. */
static inline long phx_buffer_charged(const struct phx_buffer *buf)
{
	bool ours = buf->source == PHX_SRC_PINNED || buf->source == PHX_SRC_BOUNCED;

	return (ours ? buf->nr : 0) + buf->edges + (buf->kept ? 1 : 0) +
	       (phx_buffer_has_array(buf) ? phx_page_array_pages(buf->nr) : 0);
}

int phx_buffer_write_back(const struct phx_buffer *buf);

int phx_buffer_to_user(const struct phx_buffer *buf, unsigned long to);
int phx_buffer_from_user(const struct phx_buffer *buf, unsigned long from);
static inline bool phx_buffer_has_edges(const struct phx_buffer *buf)
{
	return buf->edge[0] || buf->edge[1];
}

struct page *phx_buffer_shown_page(const struct phx_buffer *buf, unsigned int i);

/* shadow.c */

int phx_shadows_alloc(struct phx_buffer *buf);
void phx_shadows_free(struct phx_buffer *buf, unsigned int nr);
int phx_buffer_keep(struct phx_buffer *buf, struct phx_user *user);
void phx_buffer_free_kept(struct phx_buffer *buf, struct phx_user *user);
int phx_buffer_make_edges(struct phx_buffer *buf);
void phx_buffer_settle(struct phx_buffer *buf, bool write_back);

#endif /* PHX_BUFFER_H */
