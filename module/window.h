/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A window: a mapping in a receiver's address space where pages that are lent
 * to it appear. There are two, because what may be written is a matter of the
 * mapping, not of the page: a shared writable mapping of bare page frames would
 * make a read-only PTE writable on the first write.
 *
 * The mapping is made once and never split, moved, grown or inherited, so that
 * lending neither makes nor ends a mapping. It is mapped from a file of its
 * own (winfs.c) with an inode for each client: taking pages away goes by file
 * offset, through unmap_mapping_pages(), which finds the mapping in whatever
 * state it is, from whatever process, without that mapping's mmap_lock. That
 * file holds the client; the mapping does not hold the device's file.
 *
 * PTEs are special: the kernel takes no reference and keeps no count for them,
 * and nobody can pin what is behind them. It is the message that keeps the
 * pages, and it lets go of them only after they are out of the window and out
 * of all TLBs.
 *
 * A region (region.h) has views in the windows, for longer than a message. They
 * go with the mapping, and are put into the next one when they are needed: a
 * view knows the serial of the window that it is in, and in any other it has no
 * place. What a message was lent keeps the next window away instead.
 *
 * @lock covers all members. Slots are page indices, the same in the window and,
 * from the window's begin, in its file.
 */
#ifndef PHX_WINDOW_H
#define PHX_WINDOW_H

#include "buffer.h"

#include <linux/rbtree.h>
#include <linux/spinlock.h>

struct file;
struct phx_client;
struct phx_message;
struct phx_user;
struct vm_area_struct;

/**
 * struct phx_window - one window of a client
 * @lock: a spinlock
 * @addr: where it is mapped, 0 if it is not
 * @nr: pages it has, or had before it was unmapped
 * @busy: bit per slot
 * @used: how many of them are set
 * @gaps: how many places of those are kept empty, see gap.h
 * @lent: tree of the struct phx_buffer that are in it, by their first slot
 * @serial: odd while it is mapped, and another each time
 * @moving: views that are being put in or taken out: no new window until then
 */
struct phx_window {
	spinlock_t lock; /* all of the window */
	unsigned long addr;
	unsigned long nr;
	unsigned long *busy;
	unsigned long used;
	unsigned int gaps;
	struct rb_root lent;
	unsigned long serial;
	unsigned int moving;
};

/**
 * struct phx_view - what a window shows for longer than a message lasts
 * @buf: the pages and where they are; not in the tree, where messages' are
 * @serial: of the window that it was put in, 0 none. Its place in any other is
 *	    not its own
 */
struct phx_view {
	struct phx_buffer buf;
	unsigned long serial;
};

void phx_windows_init(struct phx_client *client);
void phx_windows_fini(struct phx_client *client);
int phx_window_mmap(struct phx_client *client, struct vm_area_struct *vma);

int phx_window_lend(struct phx_client *client, struct phx_buffer *buf);
void phx_window_revoke(struct phx_client *client, struct phx_buffer *buf);
void phx_window_retire(struct phx_client *client, struct phx_buffer *buf);
void phx_window_give_back(struct phx_client *client, enum phx_dir dir,
			  unsigned long slot, unsigned int nr);
int phx_window_keep(struct phx_client *client, struct phx_view *view);
void phx_window_drop(struct phx_client *client, struct phx_view *view);
bool phx_window_has(const struct phx_client *client, const struct phx_view *view);
struct phx_buffer *phx_window_borrow(struct phx_client *client, unsigned long addr,
				     size_t len, struct phx_message **lender);

/* slot.c */
int phx_slots_alloc(struct phx_user *user, unsigned long nr, unsigned long **busy);
void phx_slots_free(struct phx_user *user, unsigned long *busy, unsigned long nr);
int phx_slot_get_locked(struct phx_window *win, struct phx_buffer *buf);

/* install.c */
int phx_install(struct vm_area_struct *vma, const struct phx_buffer *buf);

/* winfs.c */
int phx_windows_open(struct phx_client *client);
void phx_windows_close(struct phx_client *client);

#endif /* PHX_WINDOW_H */
