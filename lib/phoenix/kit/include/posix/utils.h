/* SPDX-License-Identifier: MIT */
/*
 * Device nodes, and parts of paths.
 */
#ifndef _PHX_KIT_POSIX_UTILS_H
#define _PHX_KIT_POSIX_UTILS_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make a node for object oid, in the server called devfs, else in /dev, with the
 * directories it takes; or, if there is no /dev, register its name. Returns 0 or
 * a negative number.
 */
int create_dev(oid_t *oid, const char *path);

/* Take it away */
int destroy_dev(const char *path);

/* Cut path in two at its last slash */
void splitname(char *path, char **base, char **dir);

char *canonicalize_file_name(const char *path);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_POSIX_UTILS_H */
