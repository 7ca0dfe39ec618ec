/* SPDX-License-Identifier: MIT */
/*
 * What phx-cc includes before everything else.
 *
 * Sources for Phoenix-RTOS lean on what its headers include in passing; a function
 * that stays undeclared would return a pointer cut to 32 bits. And calls on files go
 * to the kit by another name: each of the names below keeps its meaning, also as a
 * member of a structure, which a macro would not.
 */
#ifndef _PHX_KIT_PHOENIX_PRELUDE_H
#define _PHX_KIT_PHOENIX_PRELUDE_H

#if !defined(__LP64__)
#error "the porting kit is for 64-bit programs: compile without -m32"
#endif

#include <phoenix/redirect.h>
#include <sys/types.h>
#include <errno.h>
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <dirent.h>

#endif /* _PHX_KIT_PHOENIX_PRELUDE_H */
