/* SPDX-License-Identifier: MIT */
/*
 * fileclient: Phoenix' file messages as calls, for a client that reads.
 *
 * All give 0 or a count, or a negative errno: that of the server, or of
 * msgSend(), or -ECONNREFUSED or -ECONNRESET if no server answered.
 */
#ifndef FILECLIENT_H
#define FILECLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <phxport/phoenix.h>

#define FILECLIENT_NAME_MAX	256

struct file_entry {
	uint64_t next;		/* offset to ask for the next one */
	unsigned int type;	/* DT_* of <dirent.h>; DT_UNKNOWN is allowed */
	char name[FILECLIENT_NAME_MAX + 1];
};

/* @file is what stat() looks at, @dev what open() opens: mostly the same. */
int file_lookup(const char *path, oid_t *file, oid_t *dev);

/* Opens @oid; some servers give every open file an object of its own. */
int file_open(oid_t oid, oid_t *opened);
int file_close(oid_t opened);

/* May read less than @size; 0 is the end. */
ssize_t file_read(oid_t oid, uint64_t offs, void *buf, size_t size);

/* One entry of an open directory; -ENOENT after the last. */
int file_entry(oid_t dir, uint64_t offs, struct file_entry *entry);

/* All attributes; fails if one of type, mode and size is missing. */
int file_attributes(oid_t oid, struct _attrAll *attrs);

#endif
