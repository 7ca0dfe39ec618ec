/* SPDX-License-Identifier: MIT */
/*
 * glibc's, and Phoenix-RTOS' own way to make a path absolute.
 */
#ifndef _PHX_KIT_STDLIB_H
#define _PHX_KIT_STDLIB_H

#include <sys/types.h>

#include_next <stdlib.h>
#include <sys/wait.h>
#include <alloca.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make a path absolute, without ".", ".." and symbolic links, into resolved (of
 * PATH_MAX bytes) or, if that is NULL, into memory for free(). The last
 * component is followed if it is a link and resolve_last_symlink is not 0, and
 * may be missing if allow_missing_leaf is not. NULL: see errno.
 */
char *resolve_path(const char *path, char *resolved, int resolve_last_symlink,
		   int allow_missing_leaf);

#ifndef reallocf
#define reallocf realloc
#endif

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_STDLIB_H */
