/* SPDX-License-Identifier: MIT */
/*
 * ramfs: a file system in memory, behind Phoenix' file messages.
 *
 * An object is a file, a directory, a symbolic link or a device. Its id is the
 * smallest that is free; that of the root is 0. It goes when it has no name any
 * more and is not open: both are counted. A directory has "." and ".." among
 * its entries, in the order in which they were made.
 *
 * All that is below is called with ramfs_lock held.
 */
#ifndef RAMFS_H
#define RAMFS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <phxport/phoenix.h>

#define RAMFS_ROOT	0
#define RAMFS_NAME_MAX	255

struct ram_entry {
	TAILQ_ENTRY(ram_entry) order;
	oid_t oid;
	unsigned char type;	/* DT_*, of the object that was here first */
	size_t len;
	char name[];
};

struct dir {
	void *names;		/* of tsearch(), for entries */
	TAILQ_HEAD(, ram_entry) entries;
	size_t n;
	struct ram_entry *last;	/* read last, and its offset */
	off_t last_offs;
};

struct object {
	oid_t oid;
	oid_t dev;		/* who serves it */
	mode_t mode;
	unsigned int uid, gid;
	int nlink, refs;
	time_t atime, mtime, ctime;
	size_t size;
	struct dir dir;
	void **chunks;		/* NULL where nothing was written yet */
	size_t n_chunks;
};

extern pthread_mutex_t ramfs_lock;

/* What is used, and may be, of memory for data, in bytes */
extern size_t ramfs_used, ramfs_limit;

/* A new name may not take the place of an old one. */
extern bool ramfs_strict;

int ramfs_start(uint32_t port);

/* Objects (ramfs-tree.c) */
struct object *ramfs_object(oid_t oid);
void ramfs_hold(struct object *o);
void ramfs_put(struct object *o);

/* Names (ramfs-tree.c) */
int ramfs_lookup(oid_t dir, const char *path, oid_t *fil, oid_t *dev);
int ramfs_link(oid_t dir, const char *name, oid_t oid);
int ramfs_unlink(oid_t dir, const char *name);
int ramfs_readdir(oid_t dir, off_t offs, struct phx_dirent *out, size_t size);

/* @target: of a symbolic link */
int ramfs_create(oid_t dir, const char *name, const char *target, int type,
		 mode_t mode, oid_t dev, oid_t *res);

/* Contents (ramfs-data.c) */
int ramfs_read(struct object *o, off_t offs, void *buf, size_t size);
int ramfs_write(struct object *o, off_t offs, const void *buf, size_t size);
int ramfs_truncate(struct object *o, size_t size);
void ramfs_free_data(struct object *o);

#endif /* RAMFS_H */
