/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of Phoenix' file servers, one function for each.
 *
 * All give 0 or a negative errno number, which is the server's or call_send()'s.
 * What a server answers is checked here: no size or number that it gives is
 * beyond what was asked for.
 */
#ifndef WIRE_H
#define WIRE_H

#include <sys/statvfs.h>

#include "phxfuse.h"

/* Phoenix' flags of open() */
#define PHOENIX_O_RDONLY	0x0001
#define PHOENIX_O_WRONLY	0x0002
#define PHOENIX_O_RDWR		0x0004
#define PHOENIX_O_APPEND	0x0008
#define PHOENIX_O_CREAT		0x0100
#define PHOENIX_O_TRUNC		0x0200
#define PHOENIX_O_EXCL		0x0400
#define PHOENIX_O_SYNC		0x0800
#define PHOENIX_O_NONBLOCK	0x1000
#define PHOENIX_O_DSYNC		0x10000

/* Which way the argument of an ioctl goes, in Phoenix' numbers of them */
#define PHOENIX_IOC_IN		0x80000000UL
#define PHOENIX_IOC_OUT		0x40000000UL

/* Longest name that is asked for, in bytes without NUL; as the kernel's */
#define WIRE_NAME_MAX		1024

/** union wire_dirent - room for one directory entry with its name */
union wire_dirent {
	struct phx_dirent entry;
	char room[sizeof(struct phx_dirent) + WIRE_NAME_MAX + 1];
};

static inline bool same_object(oid_t a, oid_t b)
{
	return a.port == b.port && a.id == b.id;
}

/** wire_unsupported - does the error say that a server has no such message? */
bool wire_unsupported(int err);

/**
 * wire_lookup - find a name in a directory
 * @dir: the directory
 * @name: one component of a path
 * @fil: out: the object in the file system
 * @dev: out: who serves it; another port's for devices and mount points
 */
int wire_lookup(oid_t dir, const char *name, oid_t *fil, oid_t *dev);

/**
 * wire_attrs - all attributes
 * @oid: the object
 * @attrs: out: each with an err that is negative if it is not known
 *
 * Servers that know single attributes only are asked for each.
 */
int wire_attrs(oid_t oid, struct _attrAll *attrs);

int wire_getattr(oid_t oid, int type, long long *val);
int wire_setattr(oid_t oid, int type, long long val);

/**
 * wire_open - open an object
 * @oid: the object, or the device behind it
 * @flags: PHOENIX_O_*
 * @opened: out: what to read, write and close: @oid, or another of that server
 */
int wire_open(oid_t oid, unsigned int flags, oid_t *opened);
int wire_close(oid_t oid, unsigned int flags);

/**
 * wire_read - read
 * @oid: what wire_open() gave
 * @flags: of the open file
 * @offs: where in the file
 * @buf: out: the data, written by the server itself
 * @size: bytes at @buf
 *
 * Return: how many bytes were read, or a negative errno number.
 */
int wire_read(oid_t oid, unsigned int flags, off_t offs, void *buf, size_t size);

/** wire_write - write; see wire_read() */
int wire_write(oid_t oid, unsigned int flags, off_t offs, const void *buf,
	       size_t size);
int wire_truncate(oid_t oid, off_t size);

/**
 * wire_create - make an object with a name
 * @dir: in that directory
 * @name: the name
 * @type: otFile, otDir or otDev
 * @mode: permissions and S_IF*
 * @oid: out: the object
 */
int wire_create(oid_t dir, const char *name, int type, mode_t mode, oid_t *oid);

/** wire_symlink - make a symbolic link to @target; else as wire_create() */
int wire_symlink(oid_t dir, const char *name, const char *target, oid_t *oid);

int wire_link(oid_t dir, const char *name, oid_t oid);

/**
 * wire_unlink - take a name away
 * @dir: the directory that is told
 * @name: the name there
 * @oid: who serves the object; { 0 } for a directory
 */
int wire_unlink(oid_t dir, const char *name, oid_t oid);

/**
 * wire_readdir - one entry of a directory
 * @dir: the directory
 * @offs: where; 0, then that plus d_reclen of each entry
 * @entry: out: the entry, its name ended with a NUL
 *
 * Return: 0, -ENOENT after the last entry.
 */
int wire_readdir(oid_t dir, off_t offs, union wire_dirent *entry);

int wire_statvfs(oid_t oid, struct statvfs *st);

/**
 * wire_ioctl - have a device do something
 * @oid: what wire_open() gave
 * @request: Phoenix' number of it, which tells the argument's size and direction
 * @in: the argument; if it goes in no direction, its value
 * @out: out: what is answered, if it goes out
 * @res: out: the server's own result
 *
 * Return: 0 if the server answered.
 */
int wire_ioctl(oid_t oid, unsigned long request, const void *in, void *out, int *res);

/**
 * wire_poll - is an object ready to be read or written?
 * @oid: what wire_open() gave
 * @events: POLL* that are asked for
 * @ready: out: POLL*
 */
int wire_poll(oid_t oid, unsigned int events, unsigned int *ready);

/** wire_sync - write to disk what the server still has in memory */
int wire_sync(oid_t oid);

#endif /* WIRE_H */
