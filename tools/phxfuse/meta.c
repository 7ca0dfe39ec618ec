// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on objects as such: attributes, symbolic links, and the file system
 * as a whole.
 */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "attr.h"
#include "call.h"
#include "handle.h"
#include "phxfuse.h"
#include "reply.h"
#include "wire.h"

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *node = node_of(ino);
	struct stat st;
	int err;

	(void)fi;
	call_begin(req);
	err = node_use(node);
	if (!err) {
		err = attr_node(node, &st);
		node_done(node);
	}
	reply_attr(req, err, &st);
}

/*
 * Some servers keep no owners. To set what is so already is no error, and they
 * answer that they can't for the rest.
 */
static int set_owner(oid_t oid, int type, unsigned int id)
{
	long long now;
	int err = wire_setattr(oid, type, id);

	if (!wire_unsupported(err))
		return err;
	if (wire_getattr(oid, type, &now))
		now = 0;
	return now == id ? 0 : -EPERM;
}

static int set_times(oid_t oid, const struct stat *st, int to_set)
{
	time_t now = time(NULL);
	int err = 0;

	if (to_set & FUSE_SET_ATTR_MTIME)
		err = wire_setattr(oid, atMTime, to_set & FUSE_SET_ATTR_MTIME_NOW ?
						 now : st->st_mtime);
	if (!err && (to_set & FUSE_SET_ATTR_ATIME))
		err = wire_setattr(oid, atATime, to_set & FUSE_SET_ATTR_ATIME_NOW ?
						 now : st->st_atime);
	return err;
}

static int set_size(struct node *node, off_t size, struct fuse_file_info *fi)
{
	struct handle *handle = fi ? handle_of(fi) : NULL;
	int err;

	err = wire_truncate(handle ? handle->oid : node->dev, size);
	/* A device is not truncated, and nobody minds: "echo >device". */
	return node->special && wire_unsupported(err) ? 0 : err;
}

/* Returns whether something was to be done, or a negative errno number. */
static int set_rights(struct node *node, const struct stat *is,
		      const struct stat *st, int to_set)
{
	bool uid = (to_set & FUSE_SET_ATTR_UID) && st->st_uid != is->st_uid;
	bool gid = (to_set & FUSE_SET_ATTR_GID) && st->st_gid != is->st_gid;
	bool mode = (to_set & FUSE_SET_ATTR_MODE) &&
		    ((st->st_mode ^ is->st_mode) & 07777);
	int err = 0;

	if (uid)
		err = set_owner(node->oid, atUid, st->st_uid);
	if (!err && gid)
		err = set_owner(node->oid, atGid, st->st_gid);
	if (!err && mode)
		err = wire_setattr(node->oid, atMode, st->st_mode & 07777);
	return err ? err : uid || gid || mode;
}

/* Rights are none of the contents: the time of modification stays. */
static int change_rights(struct node *node, const struct stat *attr, int to_set,
			 struct stat *st)
{
	time_t mtime;
	int err;

	err = attr_node(node, st);
	if (err)
		return err;
	mtime = st->st_mtime;
	err = set_rights(node, st, attr, to_set);
	if (err <= 0)
		return err;
	err = attr_node(node, st);
	if (!err && st->st_mtime != mtime &&
	    !wire_setattr(node->oid, atMTime, mtime))
		st->st_mtime = mtime;
	return err;
}

static int change(struct node *node, const struct stat *attr, int to_set,
		  struct fuse_file_info *fi, struct stat *st)
{
	int err = 0;

	if (to_set & FUSE_SET_ATTR_SIZE)
		err = set_size(node, attr->st_size, fi);
	/* What was written before is older than a time that is set now. */
	if (to_set & FUSE_SET_ATTR_MTIME)
		node->written = 0;
	if (!err)
		err = set_times(node->oid, attr, to_set);
	return err ? err : change_rights(node, attr, to_set, st);
}

static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	struct node *node = node_of(ino);
	struct stat st;
	int err;

	call_begin(req);
	err = node_use(node);
	if (!err) {
		err = change(node, attr, to_set, fi, &st);
		node_done(node);
	}
	reply_attr(req, err, &st);
}

static void do_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct node *node = node_of(ino);
	char target[PATH_MAX] = "";
	int len;

	call_begin(req);
	len = node_use(node);
	if (!len) {
		len = wire_read(node->oid, PHOENIX_O_RDONLY, 0, target,
				sizeof(target) - 1);
		node_done(node);
	}
	if (len < 0) {
		reply_error(req, len);
		return;
	}
	target[len] = '\0';
	call_end();
	fuse_reply_readlink(req, target);
}

/*
 * Only file systems are asked: there are device servers that crash on types of
 * messages that they don't know.
 */
static void do_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;
	int err = -ENOSYS;

	(void)ino;
	call_begin(req);
	if (!node_root()->special)
		err = wire_statvfs(node_root()->dev, &st);
	if (wire_unsupported(err)) {
		st = (struct statvfs){ .f_bsize = 512, .f_frsize = 512,
				       .f_namemax = NAME_MAX };
		err = 0;
	}
	if (err) {
		reply_error(req, err);
		return;
	}
	call_end();
	fuse_reply_statfs(req, &st);
}

void meta_operations(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = do_getattr;
	ops->setattr = do_setattr;
	ops->readlink = do_readlink;
	ops->statfs = do_statfs;
}
