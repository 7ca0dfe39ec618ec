// SPDX-License-Identifier: GPL-2.0-only
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "wire.h"

/* What a server has no use for when the file is closed */
#define ONLY_TO_OPEN	(PHOENIX_O_CREAT | PHOENIX_O_EXCL | PHOENIX_O_TRUNC)

/*
 * With a write-back cache the kernel reads what it writes a part of, and finds
 * the end of a file by itself.
 */
static unsigned int access_flags(int flags, bool special)
{
	bool cached = config.writeback_cache && !special;

	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return PHOENIX_O_RDONLY;
	case O_WRONLY:
		return cached ? PHOENIX_O_RDWR : PHOENIX_O_WRONLY;
	default:
		return PHOENIX_O_RDWR;
	}
}

static unsigned int phoenix_flags(int flags, bool special)
{
	static const struct {
		int linux_flag;
		unsigned int phoenix_flag;
	} pairs[] = {
		{ O_CREAT, PHOENIX_O_CREAT },
		{ O_EXCL, PHOENIX_O_EXCL },
		{ O_TRUNC, PHOENIX_O_TRUNC },
		{ O_NONBLOCK, PHOENIX_O_NONBLOCK },
		{ O_DSYNC, PHOENIX_O_DSYNC },
		{ O_SYNC & ~O_DSYNC, PHOENIX_O_SYNC },
	};
	unsigned int res = access_flags(flags, special);

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (flags & pairs[i].linux_flag)
			res |= pairs[i].phoenix_flag;
	if ((flags & O_APPEND) && !config.writeback_cache)
		res |= PHOENIX_O_APPEND;
	return res;
}

static int open_object(struct node *node, struct handle *handle)
{
	int err = wire_open(node->dev, handle->flags, &handle->oid);
	long long size;

	if (err)
		return err;
	handle->node = node;
	handle->seekable = !node->special ||
			   !wire_getattr(handle->oid, atSize, &size);
	handle->holds = same_object(handle->oid, node->oid);
	if (handle->holds)
		node_opened(node);
	return 0;
}

static int truncate_opened(struct handle *handle)
{
	int err;

	if (!(handle->flags & PHOENIX_O_TRUNC) || handle->node->special)
		return 0;
	err = wire_truncate(handle->oid, 0);
	if (err)
		handle_close(handle);
	return err;
}

int handle_open(struct node *node, int flags, struct handle **res)
{
	struct handle *handle = calloc(1, sizeof(*handle));
	int err;

	if (!handle)
		return -ENOMEM;
	handle->flags = phoenix_flags(flags, node->special);
	err = node_use(node);
	if (!err) {
		err = open_object(node, handle);
		node_done(node);
	}
	if (err) {
		free(handle);
		return err;
	}
	*res = handle;
	return truncate_opened(handle);
}

void handle_close(struct handle *handle)
{
	watch_end(handle);
	if (handle->holds)
		node_closing(handle->node);
	wire_close(handle->oid, handle->flags & ~ONLY_TO_OPEN);
	free(handle);
}

void handle_info(struct handle *handle, struct fuse_file_info *fi)
{
	bool special = handle->node->special;

	fi->fh = (uintptr_t)handle;
	fi->direct_io = special || config.direct_io;
	fi->keep_cache = config.kernel_cache && !special;
	/* Nor may sendfile(2) look for its contents in the page cache. */
	fi->nonseekable = !handle->seekable;
}
