/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A handle: an open file. Servers count how often an object is open, so there is
 * one close for each open.
 */
#ifndef HANDLE_H
#define HANDLE_H

#include "node.h"

/**
 * struct handle - an open file
 * @oid: what is read, written and closed; device servers may give a new object
 *	 to each who opens
 * @flags: Phoenix' flags of open()
 * @node: what was opened
 * @holds: it keeps the node's object alive
 * @seekable: it has positions; as in Phoenix, a device that knows its size
 * @watch: who waits for it (poll.c), or NULL
 */
struct handle {
	oid_t oid;
	unsigned int flags;
	struct node *node;
	bool holds;
	bool seekable;
	struct watch *watch;
};

static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/**
 * handle_open - open what a node stands for
 * @node: the node
 * @flags: Linux' flags of open(2)
 * @handle: out
 */
int handle_open(struct node *node, int flags, struct handle **handle);

/** handle_close - and close it; errors come too late for anybody */
void handle_close(struct handle *handle);

/**
 * handle_info - tell the kernel of a handle
 * @handle: the handle
 * @fi: out
 */
void handle_info(struct handle *handle, struct fuse_file_info *fi);

/** watch_end - nobody can wait for it any more */
void watch_end(struct handle *handle);

/** watch_stop - no more notices to the kernel */
void watch_stop(void);

#endif /* HANDLE_H */
