// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages into a window's page tables: a page table full at a time, or huge pages
 * as such where the kernel can tell that they are bare page frames.
 */
#include "window.h"
#include "compat.h"
#include "stats.h"

#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

/* What install_run() needs to know. */
struct install {
	struct vm_area_struct *vma;
	const struct phx_buffer *buf;
	unsigned int next;
};

/*
 * Called for the first page of those that share a page table, with that locked:
 * all of them are set at once.
 */
static int install_run(pte_t *pte, unsigned long addr, void *data)
{
	struct install *in = data;
	struct vm_area_struct *vma = in->vma;
	unsigned int end, last = in->buf->nr - 1;

	end = in->next + (pmd_addr_end(addr, ULONG_MAX) - addr) / PAGE_SIZE;
	for (end = min(end, in->buf->nr); in->next < end; in->next++) {
		struct page *page = in->buf->pages[in->next];

		if (in->next == 0 || in->next == last)
			page = phx_buffer_shown_page(in->buf, in->next);
		set_pte_at(vma->vm_mm, addr, pte++,
			   pte_mkspecial(pfn_pte(page_to_pfn(page), vma->vm_page_prot)));
		addr += PAGE_SIZE;
	}
	return 0;
}

static unsigned long address(const struct install *in)
{
	return (in->buf->at & PAGE_MASK) + (unsigned long)in->next * PAGE_SIZE;
}

#ifdef PHX_HUGE_PFNMAP

/* Do the next pages make up a huge page, to be seen where one can be? */
static bool is_huge(const struct install *in)
{
	const struct phx_buffer *buf = in->buf;
	unsigned long pfn = page_to_pfn(buf->pages[in->next]);
	unsigned int i;

	if (!IS_ALIGNED(address(in), PMD_SIZE) || buf->nr - in->next < HPAGE_PMD_NR)
		return false;
	if (!IS_ALIGNED(pfn, HPAGE_PMD_NR))
		return false;
	/* Of these the receiver is shown something else. */
	if ((buf->edge[0] && in->next == 0) ||
	    (buf->edge[1] && in->next + HPAGE_PMD_NR == buf->nr))
		return false;
	for (i = 1; i < HPAGE_PMD_NR; i++)
		if (page_to_pfn(buf->pages[in->next + i]) != pfn + i)
			return false;
	return true;
}

static int no_change(pte_t *pte, unsigned long addr, void *data)
{
	return 0;
}

/*
 * The entry for a huge page. For there to be one, something must have been mapped
 * in its neighbourhood: so in each table of such entries the first is never for a
 * huge page, but has small ones, and if need be none. Returns NULL if there can't
 * be one.
 */
static pmd_t *huge_entry(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long first = max(addr & PUD_MASK, vma->vm_start);
	struct mm_struct *mm = vma->vm_mm;
	p4d_t *p4d;
	pud_t *pud;

	if (addr - first < PMD_SIZE ||
	    apply_to_page_range(mm, first, PAGE_SIZE, no_change, NULL))
		return NULL;
	p4d = p4d_offset(pgd_offset(mm, addr), addr);
	pud = pud_offset(p4d, addr);
	return pmd_offset(pud, addr);
}

/* Returns whether it was done. */
static bool install_huge(struct install *in)
{
	struct vm_fault vmf = {
		.vma = in->vma,
		.address = address(in),
	};
	unsigned long pfn;

	/* A guest of Xen's first kind must not make huge entries. */
	if (!has_transparent_hugepage())
		return false;
	/*
	 * Where writes are to be told of first, as to find out what is written, small
	 * pages can do that, but a huge page has nobody to ask.
	 */
	pfn = page_to_pfn(in->buf->pages[in->next]);
	if (in->buf->dir == PHX_OUT && !pte_write(pfn_pte(pfn, in->vma->vm_page_prot)))
		return false;
	if (!is_huge(in))
		return false;
	vmf.pmd = huge_entry(in->vma, vmf.address);
	if (!vmf.pmd || !pmd_none(READ_ONCE(*vmf.pmd)))
		return false;
	vmf_insert_pfn_pmd(&vmf, pfn_to_pfn_t(pfn), false);
	if (!pmd_trans_huge(READ_ONCE(*vmf.pmd)))
		return false;
	in->next += HPAGE_PMD_NR;
	phx_stat_inc(PHX_STAT_PAGES_HUGE);
	return true;
}

#else

static bool install_huge(struct install *in)
{
	return false;
}

#endif

/**
 * phx_install() - put a buffer's pages into a window
 * @vma: the window, in the current process, its mmap_lock held for reading
 * @buf: the buffer, in whose place nothing is
 *
 * Return: 0; -ENOMEM, or -EINTR for a thread that is killed: then some pages may be
 * there.
 */
int phx_install(struct vm_area_struct *vma, const struct phx_buffer *buf)
{
	struct install in = { .vma = vma, .buf = buf };
	int err = 0;

	mmap_assert_locked(vma->vm_mm);
	while (!err && in.next < buf->nr) {
		if (!install_huge(&in))
			err = apply_to_page_range(vma->vm_mm, address(&in), PAGE_SIZE,
						  install_run, &in);
		cond_resched();
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	return err;
}
