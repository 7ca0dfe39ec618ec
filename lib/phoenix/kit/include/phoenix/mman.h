/* SPDX-License-Identifier: MIT */
/*
 * Flags for mmap() that Linux doesn't have: bits it doesn't use.
 */
#ifndef _PHX_KIT_PHOENIX_MMAN_H
#define _PHX_KIT_PHOENIX_MMAN_H

#define MAP_NONE	0
#define MAP_UNCACHED	0x40000000
#define MAP_DEVICE	0x20000000
#define MAP_PHYSMEM	0x10000000
#define MAP_CONTIGUOUS	0x08000000
#define MAP_NOINHERIT	0x04000000
#define MAP_NEEDSCOPY	0

#define PROT_USER	0

#endif /* _PHX_KIT_PHOENIX_MMAN_H */
