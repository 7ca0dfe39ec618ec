/* SPDX-License-Identifier: MIT */
/*
 * flock(), and the numbers that file servers are spoken to with.
 */
#ifndef _PHX_KIT_SYS_FILE_H
#define _PHX_KIT_SYS_FILE_H

#include <sys/types.h>
#include <phoenix/file.h>

#include_next <sys/file.h>

#endif /* _PHX_KIT_SYS_FILE_H */
