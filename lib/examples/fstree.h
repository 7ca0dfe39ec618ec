/* SPDX-License-Identifier: MIT */
/*
 * fstree: the directory tree that the file server shows.
 *
 * An object is a file, directory, symlink or special file that somebody looked
 * up. It has a number, the id of Phoenix' oid_t, for as long as the server
 * runs; the top directory is number 0. This file knows nothing of messages.
 *
 * Every path is resolved by openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), so
 * that it is the kernel who guarantees that nothing outside is ever reached.
 *
 * All functions may be called by any thread; they return 0 or a count, or a
 * negative errno.
 */
#ifndef FSTREE_H
#define FSTREE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#define FSTREE_ROOT	0

int fstree_start(const char *dir);
int fstree_lookup(uint64_t dir, const char *path, uint64_t *id);
int fstree_stat(uint64_t id, struct stat *st);
int fstree_statvfs(struct statvfs *st);

/* What was opened stays readable, even if it is deleted, until it is closed. */
int fstree_open(uint64_t id);
int fstree_close(uint64_t id);

/* A symlink reads as its target. */
ssize_t fstree_read(uint64_t id, void *buf, size_t size, off_t offs);

/* Entry number @pos of a directory; -ENOENT after the last. */
int fstree_entry(uint64_t id, uint64_t pos, struct dirent *entry);

#endif
