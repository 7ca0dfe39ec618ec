/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that knows kernel versions. The code is written for 6.12; what
 * an older kernel lacks is defined here under the newer kernel's name.
 */
#ifndef PHX_COMPAT_H
#define PHX_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "phxport needs Linux 6.1 or later; it is tested with 6.1 and 6.12"
#endif

#ifndef CONFIG_ARCH_HAS_PTE_SPECIAL
#error "phxport needs an architecture with special page table entries"
#endif

/*
 * On the way of every message. The compiler puts these functions together, into
 * few pages: after a switch to another process each page is a miss of its own.
 */
#define __phx_hot __attribute__((__hot__))

/*
 * Before 6.12 there is no telling a huge entry of bare page frames from others:
 * anybody could pin what is behind it.
 */
#if defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
#include <linux/pfn_t.h>
#define PHX_HUGE_PFNMAP 1
#endif

#include <net/genetlink.h>
/* cd4d7263d58a ("genetlink: Use internal flags for multicast groups"), in 6.8 and some before */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* In 6.6: "genetlink: add struct genl_info to struct genl_dumpit_info" */
static inline struct nlattr **phx_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/* bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions") */
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

/*
 * 84209e87c696 ("mm/gup: reliable R/O long-term pinning in COW mappings"): until
 * then a page that is to be copied on write, as the page of zeroes, is pinned as
 * it is, and what its owner writes later goes elsewhere. To be called before such
 * memory is pinned to be read: a fault for writing copies it now.
 */
static inline void phx_unshare_pages(unsigned long addr, size_t len)
{
	size_t n;

	for (; len; addr += n, len -= n) {
		n = min_t(size_t, len, SZ_1M);
		n -= fault_in_safe_writeable((char __user *)addr, n);
		/* One that can't be written is left as it is. */
		if (!n)
			n = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		cond_resched();
		if (fatal_signal_pending(current))
			return;
	}
}
#else
static inline void phx_unshare_pages(unsigned long addr, size_t len)
{
}
#endif

#endif /* PHX_COMPAT_H */
