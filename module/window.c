// SPDX-License-Identifier: GPL-2.0-only
#include "window.h"
#include "client.h"
#include "compat.h"
#include "message.h"

#include <linux/phxport.h>
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/pagemap.h>

static const struct vm_operations_struct window_ops;

/* Where a window begins in its file. */
static loff_t file_offset(enum phx_dir dir)
{
	return dir == PHX_IN ? PHX_WINDOW_INPUT : PHX_WINDOW_OUTPUT;
}

/**
 * phx_windows_init() - begin without windows
 * @client: the client
 */
void phx_windows_init(struct phx_client *client)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		spin_lock_init(&client->win[dir].lock);
		client->win[dir].lent = RB_ROOT;
	}
}

/**
 * phx_windows_fini() - free what windows leave
 * @client: the client, which will have no more of them; some may still look
 */
void phx_windows_fini(struct phx_client *client)
{
	unsigned long *busy, nr;
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_window *win = &client->win[dir];

		WARN_ON_ONCE(win->addr || !RB_EMPTY_ROOT(&win->lent));
		spin_lock(&win->lock);
		busy = win->busy;
		nr = win->nr;
		win->busy = NULL;
		win->nr = 0;
		spin_unlock(&win->lock);
		phx_slots_free(client->user, busy, nr);
	}
}

/*
 * Nothing is mapped by faults: an access that gets here is to a place where
 * nothing is lent, or no longer.
 */
static vm_fault_t window_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static int window_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int window_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

/*
 * The end of the mapping. If it ends with its address space, by exit or exec,
 * those who wait for the client must learn of it even if somebody has the file open.
 * A mapping that mremap() tried to make is not at the window's address.
 */
static void window_close(struct vm_area_struct *vma)
{
	struct phx_client *client = vma->vm_private_data;
	enum phx_dir dir;

	/* model: unmap */
	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_window *win = &client->win[dir];

		spin_lock(&win->lock);
		if (win->addr == vma->vm_start) {
			WRITE_ONCE(win->addr, 0);
			WRITE_ONCE(win->serial, win->serial + 1);
		}
		spin_unlock(&win->lock);
	}
	if (phx_client_abandoned(client))
		phx_client_shutdown(client);
}

static const struct vm_operations_struct window_ops = {
	.fault = window_fault,
	.may_split = window_may_split,
	.mremap = window_mremap,
	.close = window_close,
};

static int window_check(const struct vm_area_struct *vma, enum phx_dir *dir)
{
	if (vma->vm_pgoff == PHX_WINDOW_INPUT >> PAGE_SHIFT)
		*dir = PHX_IN;
	else if (vma->vm_pgoff == PHX_WINDOW_OUTPUT >> PAGE_SHIFT)
		*dir = PHX_OUT;
	else
		return -EINVAL;
	if (!(vma->vm_flags & VM_SHARED) ||
	    vma->vm_end - vma->vm_start > PHX_WINDOW_MAX)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC ||
	    (*dir == PHX_IN && vma->vm_flags & VM_WRITE))
		return -EACCES;
	return 0;
}

/* Returns what is to be freed without the lock. */
static unsigned long *window_set_locked(struct phx_window *win,
					struct vm_area_struct *vma,
					unsigned long *busy)
{
	unsigned long *old = win->busy;

	lockdep_assert_held(&win->lock);
	/* model: map */
	if (win->addr || win->moving || win->gaps || !RB_EMPTY_ROOT(&win->lent))
		return busy;
	WRITE_ONCE(win->addr, vma->vm_start);
	WRITE_ONCE(win->serial, win->serial + 1);
	win->nr = vma_pages(vma);
	win->busy = busy;
	win->used = 0;
	return old;
}

/**
 * phx_window_mmap() - map one of the windows
 * @client: the client, of the current process
 * @vma: the mapping
 *
 * Return: 0; -EINVAL wrong offset, size or kind of mapping; -EACCES wrong
 * protection; -EBUSY there is one, or was and is not empty yet; -EDQUOT; -ENOMEM.
 */
int phx_window_mmap(struct phx_client *client, struct vm_area_struct *vma)
{
	unsigned long nr = vma_pages(vma), old_nr, *busy, *unused;
	struct phx_window *win;
	enum phx_dir dir;
	int err;

	err = window_check(vma, &dir);
	if (err)
		return err;
	win = &client->win[dir];
	err = phx_slots_alloc(client->user, nr, &busy);
	if (err)
		return err;
	spin_lock(&win->lock);
	old_nr = win->nr;
	unused = window_set_locked(win, vma, busy);
	spin_unlock(&win->lock);
	phx_slots_free(client->user, unused, unused == busy ? nr : old_nr);
	if (unused == busy)
		return -EBUSY;

	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTCOPY | VM_DONTDUMP,
		     VM_MAYEXEC | (dir == PHX_IN ? VM_MAYWRITE : 0));
	vma->vm_ops = &window_ops;
	vma->vm_private_data = client;
	vma_set_file(vma, client->win_file);
	return 0;
}

static void tree_insert_locked(struct phx_window *win, struct phx_buffer *buf)
{
	struct rb_node **link = &win->lent.rb_node, *parent = NULL;

	lockdep_assert_held(&win->lock);
	while (*link) {
		parent = *link;
		if (buf->slot < rb_entry(parent, struct phx_buffer, node)->slot)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&buf->node, parent, link);
	rb_insert_color(&buf->node, &win->lent);
}

static int slot_get(struct phx_window *win, struct phx_buffer *buf)
{
	int err;

	spin_lock(&win->lock);
	err = phx_slot_get_locked(win, buf);
	if (!err)
		tree_insert_locked(win, buf);
	spin_unlock(&win->lock);
	return err;
}

static void slots_clear_locked(struct phx_window *win, const struct phx_buffer *buf)
{
	lockdep_assert_held(&win->lock);
	bitmap_clear(win->busy, buf->slot, buf->nr);
	win->used -= buf->nr;
}

static void slot_put(struct phx_window *win, struct phx_buffer *buf)
{
	spin_lock(&win->lock);
	rb_erase(&buf->node, &win->lent);
	slots_clear_locked(win, buf);
	spin_unlock(&win->lock);
}

/*
 * Since the slot was taken the window may have been unmapped and anything put
 * in its place, even the client's other window, or one that is smaller.
 */
static bool is_place_of(struct vm_area_struct *vma,
			const struct phx_client *client, const struct phx_buffer *buf)
{
	unsigned long addr = buf->at & PAGE_MASK;

	return vma->vm_ops == &window_ops && vma->vm_private_data == client &&
	       vma->vm_start <= addr &&
	       (vma->vm_end - addr) >> PAGE_SHIFT >= buf->nr &&
	       linear_page_index(vma, addr) ==
	       (file_offset(buf->dir) >> PAGE_SHIFT) + buf->slot;
}

/*
 * The slot is ours and nothing maps in a window by itself, so the PTEs are
 * empty. The mapping is looked up anew each time: its address is all we trust,
 * and it is taken for the window only if phx_window_revoke() will find the same
 * PTEs by their offset in the file.
 */
static int install(struct phx_client *client, const struct phx_buffer *buf)
{
	struct vm_area_struct *vma;
	int err = -EFAULT;

	/* model: install */
	if (mmap_read_lock_killable(client->mm))
		return -EINTR;
	vma = find_vma(client->mm, buf->at & PAGE_MASK);
	if (vma && is_place_of(vma, client, buf))
		err = phx_install(vma, buf);
	mmap_read_unlock(client->mm);
	return err;
}

/**
 * phx_window_lend() - show a buffer's pages to the current process
 * @client: the receiver
 * @buf: the buffer, its edges made
 *
 * Return: 0; -EMSGSIZE if it could never fit, -ENOBUFS if it does not now,
 * -ENOMEM, -EINTR when killed, -EFAULT when the window went away.
 */
int phx_window_lend(struct phx_client *client, struct phx_buffer *buf)
{
	int err;

	err = slot_get(&client->win[buf->dir], buf);
	if (err)
		return err;
	err = install(client, buf);
	if (err)
		phx_window_revoke(client, buf);
	return err;
}

/*
 * A huge entry is looked at without a lock: it may be none because it is being split,
 * and still be in TLBs. As if that were a batch of unmapping, these are flushed then.
 */
static void take_out(const struct phx_client *client, const struct phx_buffer *buf)
{
	bool may_be_huge = __is_defined(PHX_HUGE_PFNMAP) && buf->nr >= PMD_SIZE / PAGE_SIZE;

	if (may_be_huge)
		inc_tlb_flush_pending(client->mm);
	unmap_mapping_pages(client->win_file->f_mapping,
			    (file_offset(buf->dir) >> PAGE_SHIFT) + buf->slot,
			    buf->nr, true);
	if (may_be_huge)
		dec_tlb_flush_pending(client->mm);
}

/**
 * phx_window_revoke() - take a buffer's pages out of the window
 * @client: the receiver, in any process
 * @buf: the buffer
 *
 * When this returns no CPU can reach them any more through the window.
 */
void phx_window_revoke(struct phx_client *client, struct phx_buffer *buf)
{
	take_out(client, buf);
	slot_put(&client->win[buf->dir], buf);
}

/**
 * phx_window_retire() - the same, but nothing else is to be in its place yet
 * @client: the receiver, in any process
 * @buf: the buffer
 */
void phx_window_retire(struct phx_client *client, struct phx_buffer *buf)
{
	struct phx_window *win = &client->win[buf->dir];

	take_out(client, buf);
	spin_lock(&win->lock);
	rb_erase(&buf->node, &win->lent);
	win->gaps++;
	spin_unlock(&win->lock);
}

/**
 * phx_window_give_back() - something else may be in a place again
 * @client: the receiver
 * @dir: which of its windows
 * @slot: of a buffer that was retired
 * @nr: its pages
 */
void phx_window_give_back(struct phx_client *client, enum phx_dir dir,
			  unsigned long slot, unsigned int nr)
{
	struct phx_window *win = &client->win[dir];

	spin_lock(&win->lock);
	bitmap_clear(win->busy, slot, nr);
	win->used -= nr;
	win->gaps--;
	spin_unlock(&win->lock);
}

/*
 * Meanwhile the window may have been unmapped, and all that was in it is gone
 * then, but as long as something is moving there is no other in its place.
 */
static void moved(struct phx_window *win, struct phx_view *view, unsigned long serial,
		  bool is_in)
{
	/* model: moved */
	spin_lock(&win->lock);
	win->moving--;
	if (!is_in && win->serial == serial)
		slots_clear_locked(win, &view->buf);
	/* Pairs with the acquire in phx_window_has(). */
	smp_store_release(&view->serial, is_in ? serial : 0);
	spin_unlock(&win->lock);
}

/**
 * phx_window_keep() - show pages to the current process until phx_window_drop()
 * @client: the receiver
 * @view: the pages; one call at a time, and only if phx_window_has() denies it
 *
 * Unlike a message's, they don't keep the window in being: they are not in the
 * next one.
 *
 * Return: as phx_window_lend().
 */
int phx_window_keep(struct phx_client *client, struct phx_view *view)
{
	struct phx_window *win = &client->win[view->buf.dir];
	unsigned long serial;
	int err;

	/* model: keep */
	spin_lock(&win->lock);
	err = phx_slot_get_locked(win, &view->buf);
	serial = win->serial;
	win->moving += !err;
	spin_unlock(&win->lock);
	if (err)
		return err;
	err = install(client, &view->buf);
	if (err)
		take_out(client, &view->buf);
	moved(win, view, serial, !err);
	return err;
}

/**
 * phx_window_drop() - take a view's pages out of the window
 * @client: the receiver, in any process
 * @view: the view, which nobody else uses any more
 *
 * When this returns no CPU can reach them any more through the window.
 */
void phx_window_drop(struct phx_client *client, struct phx_view *view)
{
	struct phx_window *win = &client->win[view->buf.dir];
	struct file *win_file = NULL;

	/* model: drop */
	spin_lock(&win->lock);
	if (view->serial && view->serial == win->serial) {
		win->moving++;
		/* The mapping, which has not ended yet, has the file. */
		win_file = get_file(client->win_file);
	}
	spin_unlock(&win->lock);
	if (!win_file)
		return;
	take_out(client, &view->buf);
	moved(win, view, view->serial, false);
	fput(win_file);
}

/**
 * phx_window_has() - are a view's pages in the window?
 * @client: the receiver
 * @view: the view
 *
 * Return: whether they are, and @view->buf.at tells where.
 */
bool phx_window_has(const struct phx_client *client, const struct phx_view *view)
{
	/* Pairs with the release in moved(). */
	unsigned long serial = smp_load_acquire(&view->serial);

	return serial && serial == READ_ONCE(client->win[view->buf.dir].serial);
}

static struct phx_buffer *tree_find_locked(const struct phx_window *win,
					   unsigned long slot)
{
	struct rb_node *node = win->lent.rb_node;

	lockdep_assert_held(&win->lock);
	while (node) {
		struct phx_buffer *buf = rb_entry(node, struct phx_buffer, node);

		if (slot < buf->slot)
			node = node->rb_left;
		else if (slot >= buf->slot + buf->nr)
			node = node->rb_right;
		else
			return buf;
	}
	return NULL;
}

/**
 * phx_window_borrow() - which lent buffer has this range? Lend it on
 * @client: the receiver it is lent to
 * @addr: begin of the range
 * @len: bytes, not 0
 * @lender: out: the message of the buffer, with a reference and a loan
 *
 * A buffer is in the tree before the receiver has its message for good, and may
 * be taken out and placed elsewhere. Only one that is in the tree while its
 * message is held stays as it is, and so both are looked at under the lock.
 *
 * Return: the buffer that has all of it, or NULL.
 */
struct phx_buffer *phx_window_borrow(struct phx_client *client, unsigned long addr,
				     size_t len, struct phx_message **lender)
{
	struct phx_buffer *buf = NULL;
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR && !buf; dir++) {
		struct phx_window *win = &client->win[dir];
		unsigned long begin = READ_ONCE(win->addr);

		if (!begin || addr < begin || addr - begin >= PHX_WINDOW_MAX)
			continue;
		spin_lock(&win->lock);
		if (win->addr == begin)
			buf = tree_find_locked(win, (addr - begin) >> PAGE_SHIFT);
		if (buf && addr >= buf->at && addr + len <= buf->at + buf->len &&
		    phx_message_borrow(phx_buffer_message(buf)))
			*lender = phx_buffer_message(buf);
		else
			buf = NULL;
		spin_unlock(&win->lock);
	}
	return buf;
}
