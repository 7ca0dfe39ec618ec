// SPDX-License-Identifier: MIT
/*
 * filemsg: what a read-only file server answers to each message.
 *
 * What i.data and o.data point to may be the client's own memory, which it can
 * change at any time: what is looked at more than once is copied first.
 */
#include "filemsg.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fstree.h"

/* Those of Phoenix' open flags that ask for more than to read */
#define PHOENIX_O_WRONLY	0x0002
#define PHOENIX_O_RDWR		0x0004
#define PHOENIX_O_APPEND	0x0008
#define PHOENIX_O_CREAT		0x0100
#define PHOENIX_O_TRUNC		0x0200
#define PHOENIX_O_CHANGE	(PHOENIX_O_WRONLY | PHOENIX_O_RDWR |	\
				 PHOENIX_O_APPEND | PHOENIX_O_CREAT |	\
				 PHOENIX_O_TRUNC)

/* Phoenix' POLLIN | POLLRDNORM: a file can always be read */
#define PHOENIX_POLL_READABLE	0x0003

#define N_ATTRS			(sizeof(struct _attrAll) / sizeof(struct _attr))

static int do_open(uint32_t port, msg_t *msg)
{
	(void)port;
	if (msg->i.openclose.flags & PHOENIX_O_CHANGE)
		return -EROFS;
	return fstree_open(msg->oid.id);
}

static int do_close(uint32_t port, msg_t *msg)
{
	(void)port;
	return fstree_close(msg->oid.id);
}

/* The file is read to where the client wants it: nothing is in between. */
static int do_read(uint32_t port, msg_t *msg)
{
	(void)port;
	return fstree_read(msg->oid.id, msg->o.data, msg->o.size,
			   msg->i.io.offs);
}

/* All components are taken at once; the answer tells how many characters. */
static int do_lookup(uint32_t port, msg_t *msg)
{
	uint64_t id;
	char *path;
	int ret;

	if (!msg->i.size || !msg->i.data)
		return -EINVAL;
	if (msg->i.size > PATH_MAX)
		return -ENAMETOOLONG;
	path = strndup(msg->i.data, msg->i.size);
	if (!path)
		return -ENOMEM;

	ret = strlen(path);
	if ((size_t)ret == msg->i.size)
		ret = -EINVAL;		/* no NUL at its end */
	else
		ret = fstree_lookup(msg->oid.id, path, &id) ?: ret;
	free(path);
	if (ret < 0)
		return ret;
	msg->o.lookup.fil = msg->o.lookup.dev = (oid_t){ port, id };
	return ret;
}

/*
 * d_reclen is what the client adds to its offset to get the next entry. Here
 * an offset is the number of the entry, so it is 1.
 */
static int do_readdir(uint32_t port, msg_t *msg)
{
	struct phx_dirent *out = msg->o.data;
	struct dirent entry;
	size_t len;
	int err;

	(void)port;
	if (msg->i.readdir.offs < 0)
		return -EINVAL;
	err = fstree_entry(msg->oid.id, msg->i.readdir.offs, &entry);
	if (err)
		return err;
	len = strlen(entry.d_name);
	if (!out || msg->o.size < sizeof(*out) + len + 1)
		return -EINVAL;
	out->d_ino = entry.d_ino;
	out->d_type = entry.d_type;
	out->d_reclen = 1;
	out->d_namlen = len;
	memcpy(out->d_name, entry.d_name, len + 1);
	return 0;
}

static int object_type(mode_t mode)
{
	if (S_ISDIR(mode))
		return otDir;
	if (S_ISREG(mode))
		return otFile;
	if (S_ISLNK(mode))
		return otSymlink;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return otDev;
	return otUnknown;
}

static struct _attr attribute(uint32_t port, const struct stat *st, int which)
{
	switch (which) {
	case atMode:
		return (struct _attr){ st->st_mode, 0 };
	case atUid:
		return (struct _attr){ st->st_uid, 0 };
	case atGid:
		return (struct _attr){ st->st_gid, 0 };
	case atSize:
		return (struct _attr){ st->st_size, 0 };
	case atBlocks:
		return (struct _attr){ st->st_blocks, 0 };
	case atIOBlock:
		return (struct _attr){ st->st_blksize, 0 };
	case atType:
		return (struct _attr){ object_type(st->st_mode), 0 };
	case atPort:
		return (struct _attr){ port, 0 };
	case atPollStatus:
		return (struct _attr){ PHOENIX_POLL_READABLE, 0 };
	case atCTime:
		return (struct _attr){ st->st_ctime, 0 };
	case atMTime:
		return (struct _attr){ st->st_mtime, 0 };
	case atATime:
		return (struct _attr){ st->st_atime, 0 };
	case atLinks:
		return (struct _attr){ st->st_nlink, 0 };
	default:
		return (struct _attr){ 0, -ENOSYS };
	}
}

static int do_getattr(uint32_t port, msg_t *msg)
{
	struct _attr attr;
	struct stat st;
	int err;

	err = fstree_stat(msg->oid.id, &st);
	if (err)
		return err;
	attr = attribute(port, &st, msg->i.attr.type);
	msg->o.attr.val = attr.val;
	return attr.err;
}

static int do_getattr_all(uint32_t port, msg_t *msg)
{
	struct _attr *attrs = msg->o.data;
	struct stat st;
	int err;

	if (!attrs || msg->o.size < sizeof(struct _attrAll))
		return -EINVAL;
	err = fstree_stat(msg->oid.id, &st);
	if (err)
		return err;
	for (size_t i = 0; i < N_ATTRS; i++)
		attrs[i] = attribute(port, &st, i);
	return 0;
}

static int do_stat(msg_t *msg)
{
	if (!msg->o.data || msg->o.size != sizeof(struct statvfs))
		return -EINVAL;
	return fstree_statvfs(msg->o.data);
}

static int do_change(uint32_t port, msg_t *msg)
{
	(void)port;
	(void)msg;
	return -EROFS;
}

static const struct {
	const char *name;
	int (*serve)(uint32_t port, msg_t *msg);
} types[mtCount] = {
	[mtOpen] = { "open", do_open },
	[mtClose] = { "close", do_close },
	[mtRead] = { "read", do_read },
	[mtWrite] = { "write", do_change },
	[mtTruncate] = { "truncate", do_change },
	[mtDevCtl] = { "devctl", NULL },
	[mtCreate] = { "create", do_change },
	[mtDestroy] = { "destroy", do_change },
	[mtSetAttr] = { "setattr", do_change },
	[mtGetAttr] = { "getattr", do_getattr },
	[mtGetAttrAll] = { "getattrall", do_getattr_all },
	[mtLookup] = { "lookup", do_lookup },
	[mtLink] = { "link", do_change },
	[mtUnlink] = { "unlink", do_change },
	[mtReaddir] = { "readdir", do_readdir },
};

/* The type is whatever the client says. */
static bool is_known(int type)
{
	return type >= 0 && type < mtCount;
}

int filemsg_serve(uint32_t port, msg_t *msg)
{
	if (msg->type == mtStat)
		return do_stat(msg);
	if (!is_known(msg->type) || !types[msg->type].serve)
		return -ENOSYS;
	return types[msg->type].serve(port, msg);
}

const char *filemsg_name(int type)
{
	if (type == mtStat)
		return "stat";
	return is_known(type) ? types[type].name : "unknown";
}
