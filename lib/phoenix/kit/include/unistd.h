/* SPDX-License-Identifier: MIT */
/*
 * glibc's.
 */
#ifndef _PHX_KIT_UNISTD_H
#define _PHX_KIT_UNISTD_H

#include <sys/types.h>

#include_next <unistd.h>

#endif /* _PHX_KIT_UNISTD_H */
