/* SPDX-License-Identifier: MIT */
/*
 * glibc's.
 */
#ifndef _PHX_KIT_SYS_STAT_H
#define _PHX_KIT_SYS_STAT_H

#include <sys/types.h>

#include_next <sys/stat.h>

#ifndef S_BLKSIZE
#define S_BLKSIZE	512
#endif
#ifndef S_ISTXT
#define S_ISTXT		S_ISVTX
#endif
#include <time.h>

#endif /* _PHX_KIT_SYS_STAT_H */
