/* SPDX-License-Identifier: MIT */
/*
 * Pages: a plain number, since programs ask for it in #if.
 */
#ifndef _PHX_KIT_PHOENIX_PAGE_H
#define _PHX_KIT_PHOENIX_PAGE_H

#if defined(__x86_64__) || defined(__riscv)
#define _PAGE_SIZE 4096
#define _PAGE_SHIFT 12
#else
#error "_PAGE_SIZE of this machine is not known to phoenix/page.h"
#endif

#ifndef PAGE_SIZE
#define PAGE_SIZE _PAGE_SIZE
#endif
#ifndef PAGESIZE
#define PAGESIZE _PAGE_SIZE
#endif
#ifndef SIZE_PAGE
#define SIZE_PAGE _PAGE_SIZE
#endif

#endif /* _PHX_KIT_PHOENIX_PAGE_H */
