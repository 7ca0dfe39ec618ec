/* SPDX-License-Identifier: MIT */
/*
 * mount() in the name space of Phoenix-RTOS' servers.
 */
#ifndef _PHX_KIT_SYS_MOUNT_H
#define _PHX_KIT_SYS_MOUNT_H

#include <sys/types.h>

#include_next <sys/mount.h>

#endif /* _PHX_KIT_SYS_MOUNT_H */
