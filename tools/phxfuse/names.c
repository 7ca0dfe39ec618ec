// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on names: to find objects by them, to make and to remove them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "attr.h"
#include "call.h"
#include "handle.h"
#include "name.h"
#include "reply.h"
#include "wire.h"

int name_check(const char *name)
{
	return strlen(name) > config.name_max ? -ENAMETOOLONG : 0;
}

int name_find(struct node *dir, const char *name, oid_t *fil, oid_t *dev)
{
	int err = name_check(name);

	return err ? err : wire_lookup(dir->oid, name, fil, dev);
}

bool name_is_last(oid_t oid)
{
	long long links;

	return wire_getattr(oid, atLinks, &links) || links <= 1;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param none = { .entry_timeout = config.negative_timeout };
	oid_t fil, dev;
	int err;

	call_begin(req);
	err = name_find(node_of(parent), name, &fil, &dev);
	if (err == -ENOENT && config.negative_timeout > 0) {
		call_end();
		fuse_reply_entry(req, &none);
		return;
	}
	reply_entry(req, err, fil, dev);
}

static void do_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	node_forget(node_of(ino), n);
	fuse_reply_none(req);
}

static void do_forget_multi(fuse_req_t req, size_t count,
			    struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_forget(node_of(forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

/* Servers don't know who asks them, so they are told whose it is. */
static void give_owner(fuse_req_t req, struct node *parent, oid_t oid)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	gid_t gid = parent->mode & S_ISGID ? parent->gid : ctx->gid;

	if (ctx->uid && config.uid == UINT32_MAX)
		wire_setattr(oid, atUid, ctx->uid);
	if (gid && config.gid == UINT32_MAX)
		wire_setattr(oid, atGid, gid);
}

static int create(fuse_req_t req, struct node *parent, const char *name,
		  int type, mode_t mode, oid_t *oid)
{
	int err = name_check(name);

	if (!err)
		err = wire_create(parent->oid, name, type, mode, oid);
	if (!err)
		give_owner(req, parent, *oid);
	return err;
}

static void do_mkdir(fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode)
{
	struct node *parent = node_of(ino);
	oid_t oid;
	int err;

	call_begin(req);
	mode = S_IFDIR | (mode & 07777) | (parent->mode & S_ISGID);
	err = create(req, parent, name, otDir, mode, &oid);
	reply_entry(req, err, oid, oid);
}

/* A FIFO is the kernel's business, and one that no server serves. */
static void do_mknod(fuse_req_t req, fuse_ino_t ino, const char *name,
		     mode_t mode, dev_t rdev)
{
	oid_t oid, nobody = { 0 };
	int err = -EPERM;

	(void)rdev;
	call_begin(req);
	if (S_ISREG(mode) || S_ISFIFO(mode))
		err = create(req, node_of(ino), name,
			     S_ISREG(mode) ? otFile : otDev, mode, &oid);
	reply_entry(req, err, oid, S_ISFIFO(mode) ? nobody : oid);
}

static void do_symlink(fuse_req_t req, const char *target, fuse_ino_t ino,
		       const char *name)
{
	struct node *parent = node_of(ino);
	oid_t oid;
	int err;

	call_begin(req);
	err = name_check(name);
	if (!err)
		err = wire_symlink(parent->oid, name, target, &oid);
	if (!err)
		give_owner(req, parent, oid);
	reply_entry(req, err, oid, oid);
}

/* Somebody else may just have made it, which is no matter without O_EXCL. */
static int create_or_find(fuse_req_t req, struct node *parent, const char *name,
			  mode_t mode, int *flags, oid_t *fil, oid_t *dev)
{
	int err = create(req, parent, name, otFile, S_IFREG | mode, fil);

	*dev = *fil;
	if (!err)
		*flags &= ~O_TRUNC;
	else if (err == -EEXIST && !(*flags & O_EXCL))
		err = wire_lookup(parent->oid, name, fil, dev);
	return err;
}

static void do_create(fuse_req_t req, fuse_ino_t ino, const char *name,
		      mode_t mode, struct fuse_file_info *fi)
{
	struct fuse_entry_param entry;
	struct handle *handle;
	int flags = fi->flags;
	oid_t fil, dev;
	int err;

	call_begin(req);
	err = create_or_find(req, node_of(ino), name, mode & 07777, &flags,
			     &fil, &dev);
	if (!err)
		err = entry_get(fil, dev, &entry);
	if (!err) {
		err = handle_open(node_of(entry.ino), flags, &handle);
		if (err)
			entry_put(&entry);
	}
	if (err) {
		reply_error(req, err);
		return;
	}
	handle_info(handle, fi);
	call_end();
	if (fuse_reply_create(req, &entry, fi)) {
		handle_close(handle);
		entry_put(&entry);
	}
}

static void do_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent,
		    const char *newname)
{
	struct node *node = node_of(ino), *parent = node_of(newparent);
	long long mtime;
	int err;

	call_begin(req);
	err = name_check(newname);
	if (!err && node->oid.port != parent->oid.port)
		err = -EXDEV;
	if (!err)
		err = node_use(node);
	if (!err) {
		mtime = attr_mtime(node->oid);
		err = wire_link(parent->oid, newname, node->oid);
		attr_keep(node->oid, mtime);
		node_done(node);
	}
	reply_entry(req, err, node->oid, node->dev);
}

/* Who serves a device is told as well, but it is the name that counts. */
static int unlink_name(struct node *parent, const char *name, oid_t fil,
		       oid_t dev)
{
	bool last = name_is_last(fil);
	struct node *node = last ? node_hide(fil) : NULL;
	long long mtime = last ? -1 : attr_mtime(fil);
	int err;

	err = wire_unlink(parent->oid, name, dev);
	node_hidden(node, !err);
	if (err)
		return err;
	attr_keep(fil, mtime);
	if (dev.port != parent->oid.port && dev.port)
		wire_unlink(dev, name, dev);
	return 0;
}

static void do_unlink(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct node *parent = node_of(ino);
	oid_t fil, dev;
	int err;

	call_begin(req);
	err = name_find(parent, name, &fil, &dev);
	if (!err)
		err = unlink_name(parent, name, fil, dev);
	reply_error(req, err);
}

static void do_rmdir(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct node *parent = node_of(ino), *node;
	oid_t fil, dev, none = { 0 };
	int err;

	call_begin(req);
	err = name_find(parent, name, &fil, &dev);
	if (!err && fil.port != dev.port)
		err = -EBUSY;	/* something is mounted there */
	if (!err) {
		node = node_hide(fil);
		err = wire_unlink(parent->oid, name, none);
		node_hidden(node, !err);
	}
	reply_error(req, err);
}

void name_operations(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = do_lookup;
	ops->forget = do_forget;
	ops->forget_multi = do_forget_multi;
	ops->mkdir = do_mkdir;
	ops->mknod = do_mknod;
	ops->symlink = do_symlink;
	ops->create = do_create;
	ops->link = do_link;
	ops->unlink = do_unlink;
	ops->rmdir = do_rmdir;
}
