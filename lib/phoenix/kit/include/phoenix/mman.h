/* SPDX-License-Identifier: MIT */
/*
 * Flags for mmap() that Linux doesn't have: bits it doesn't use.
 */
#ifndef _PHX_KIT_PHOENIX_MMAN_H
#define _PHX_KIT_PHOENIX_MMAN_H

#define MAP_NONE	0
#define MAP_UNCACHED	0x00200000
#define MAP_DEVICE	0x00400000
#define MAP_PHYSMEM	0x00800000
#define MAP_CONTIGUOUS	0x01000000
#define MAP_NOINHERIT	0x02000000
#define MAP_NEEDSCOPY	0

#define PROT_USER	0

#endif /* _PHX_KIT_PHOENIX_MMAN_H */
