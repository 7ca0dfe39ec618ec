// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rename. Phoenix has no message for it: the object gets its new name, then
 * loses the old one. So for a moment it has both, and if the server ends just
 * then it keeps both. Servers can't do it with directories.
 */
#include <errno.h>
#include <stdio.h>

#include "attr.h"
#include "call.h"
#include "name.h"
#include "reply.h"
#include "wire.h"

/* A name, and what it stands for */
struct named {
	struct node *dir;
	const char *name;
	oid_t fil;
	oid_t dev;
	bool exists;
};

static int find(struct named *n)
{
	int err = name_find(n->dir, n->name, &n->fil, &n->dev);

	n->exists = !err;
	return err;
}

/* As for a file system of another kind, so that mv(1) copies them. */
static int check(const struct named *from, const struct named *to,
		 unsigned int flags)
{
	long long mode;

	if (from->fil.port != to->dir->oid.port)
		return -EXDEV;
	if (!wire_getattr(from->fil, atMode, &mode) && S_ISDIR(mode))
		return -EXDEV;
	if (to->exists && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	return 0;
}

static bool stands_for(const struct named *n, oid_t oid)
{
	oid_t fil, dev;

	return !name_find(n->dir, n->name, &fil, &dev) && same_object(fil, oid);
}

/*
 * Most servers let a new name take the place of an old one. Some put it beside
 * the old one, and go on to find that. With the others there is a moment
 * without the name.
 */
static int give_name(const struct named *from, const struct named *to)
{
	bool last = to->exists && name_is_last(to->fil);
	struct node *node = last ? node_hide(to->fil) : NULL;
	bool refused, gone = false;
	int err;

	err = wire_link(to->dir->oid, to->name, from->fil);
	refused = err == -EEXIST;
	if (to->exists && (refused || (!err && stands_for(to, to->fil)))) {
		err = wire_unlink(to->dir->oid, to->name, to->dev);
		gone = !err;
		if (gone && refused)
			err = wire_link(to->dir->oid, to->name, from->fil);
	}
	node_hidden(node, gone || !err);
	return err;
}

static int move(struct named *from, struct named *to, unsigned int flags)
{
	long long mtime;
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	err = find(from);
	if (err)
		return err;
	err = find(to);
	if (err && err != -ENOENT)
		return err;
	err = check(from, to, flags);
	if (err)
		return err;
	if (to->exists && same_object(from->fil, to->fil))
		return 0;
	mtime = attr_mtime(from->fil);
	err = give_name(from, to);
	if (!err)
		err = wire_unlink(from->dir->oid, from->name, from->dev);
	/* Some servers' link moves the object: then it is done. */
	if (err == -ENOENT && stands_for(to, from->fil))
		err = 0;
	attr_keep(from->fil, mtime);
	return err;
}

static void do_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		      fuse_ino_t newparent, const char *newname,
		      unsigned int flags)
{
	struct named from = { .dir = node_of(parent), .name = name };
	struct named to = { .dir = node_of(newparent), .name = newname };

	call_begin(req);
	reply_error(req, move(&from, &to, flags));
}

void rename_operations(struct fuse_lowlevel_ops *ops)
{
	ops->rename = do_rename;
}
