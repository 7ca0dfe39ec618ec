// SPDX-License-Identifier: GPL-2.0-only
#include "attr.h"

#include <errno.h>
#include <time.h>

#include "wire.h"

#define BLOCK		512
#define IO_BLOCK	4096
#define MAX_IO_BLOCK	(1 << 20)

/* All of S_IF* and permissions; servers may have marks of their own above. */
#define MODE_BITS	(S_IFMT | 07777)

static long long value(const struct _attr *attr, long long otherwise)
{
	return attr->err < 0 ? otherwise : attr->val;
}

/* A server without file modes may still know which kind it is. */
static mode_t mode_of(const struct _attrAll *attrs)
{
	mode_t mode = value(&attrs->mode, 0666) & MODE_BITS;

	if (mode & S_IFMT)
		return mode;
	switch (value(&attrs->type, otDev)) {
	case otDir:
		return S_IFDIR | mode;
	case otFile:
		return S_IFREG | mode;
	case otSymlink:
		return S_IFLNK | mode;
	default:
		return S_IFCHR | mode;
	}
}

static bool is_shown_as_it_is(mode_t mode, oid_t dev)
{
	return S_ISDIR(mode) || S_ISREG(mode) || S_ISLNK(mode) ||
	       (S_ISFIFO(mode) && !dev.port);
}

static void set_mode(struct stat *st, mode_t mode, bool special)
{
	if (special)
		mode = S_IFREG | (mode & 0777);
	if (!S_ISLNK(mode))
		mode &= ~config.umask;
	st->st_mode = mode;
}

/* Programs allocate as much as this. */
static blksize_t io_block(const struct _attr *attr)
{
	long long size = value(attr, IO_BLOCK);

	return size >= BLOCK && size <= MAX_IO_BLOCK ? size : IO_BLOCK;
}

static void fill(const struct _attrAll *attrs, oid_t oid, oid_t dev,
		 struct stat *st, bool *special)
{
	mode_t mode = mode_of(attrs);

	*special = !is_shown_as_it_is(mode, dev) ||
		   (S_ISREG(mode) && attrs->size.err < 0);
	*st = (struct stat){ 0 };
	set_mode(st, mode, *special);
	st->st_ino = node_number(oid);
	st->st_nlink = value(&attrs->links, 1) > 0 ? value(&attrs->links, 1) : 1;
	st->st_uid = config.uid != UINT32_MAX ? config.uid : value(&attrs->uid, 0);
	st->st_gid = config.gid != UINT32_MAX ? config.gid : value(&attrs->gid, 0);
	st->st_size = *special ? 0 : value(&attrs->size, 0);
	if (st->st_size < 0)
		st->st_size = 0;
	st->st_blksize = io_block(&attrs->ioblock);
	st->st_blocks = value(&attrs->blocks, (st->st_size + BLOCK - 1) / BLOCK);
	st->st_mtime = value(&attrs->mTime, 0);
	st->st_atime = value(&attrs->aTime, st->st_mtime);
	st->st_ctime = value(&attrs->cTime, st->st_mtime);
}

int attr_get(oid_t oid, oid_t dev, struct stat *st, bool *special)
{
	struct _attrAll attrs;
	int err = wire_attrs(oid, &attrs);

	/* A device driver that is asked itself need not know of attributes. */
	if (wire_unsupported(err)) {
		attrs.mode.err = attrs.type.err = attrs.size.err = err;
		attrs.uid.err = attrs.gid.err = attrs.links.err = err;
		attrs.blocks.err = attrs.ioblock.err = err;
		attrs.mTime.err = attrs.aTime.err = attrs.cTime.err = err;
		err = 0;
	}
	if (!err)
		fill(&attrs, oid, dev, st, special);
	return err;
}

void attr_written(struct node *node)
{
	node->written = time(NULL);
}

int attr_node(struct node *node, struct stat *st)
{
	time_t written = atomic_exchange(&node->written, 0);
	bool special;
	int err;

	err = attr_get(node->oid, node->dev, st, &special);
	if (err)
		return err;
	if ((st->st_mode & S_IFMT) != node->type)
		return -ESTALE;
	if (written > st->st_mtime &&
	    !wire_setattr(node->oid, atMTime, written))
		st->st_mtime = written;
	if (st->st_nlink == 1 && node_is_hidden(node))
		st->st_nlink = 0;
	node->mode = st->st_mode;
	node->gid = st->st_gid;
	return 0;
}

void attr_settle(struct node *node)
{
	time_t written = atomic_exchange(&node->written, 0);
	long long mtime;

	if (!written || wire_getattr(node->oid, atMTime, &mtime))
		return;
	if (mtime < written)
		wire_setattr(node->oid, atMTime, written);
}

long long attr_mtime(oid_t oid)
{
	long long mtime;

	return wire_getattr(oid, atMTime, &mtime) ? -1 : mtime;
}

void attr_keep(oid_t oid, long long mtime)
{
	if (mtime >= 0 && attr_mtime(oid) != mtime)
		wire_setattr(oid, atMTime, mtime);
}
