/* SPDX-License-Identifier: MIT */
/*
 * glibc's, on both ends of a message.
 */
#ifndef _PHX_KIT_SYS_STATVFS_H
#define _PHX_KIT_SYS_STATVFS_H

#include <sys/types.h>

#include_next <sys/statvfs.h>

#endif /* _PHX_KIT_SYS_STATVFS_H */
