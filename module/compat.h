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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/* bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions") */
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#endif /* PHX_COMPAT_H */
