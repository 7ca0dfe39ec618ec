// SPDX-License-Identifier: GPL-2.0-only
#include "reply.h"

#include <errno.h>

#include "attr.h"
#include "call.h"

void reply_error(fuse_req_t req, int err)
{
	call_end();
	fuse_reply_err(req, err ? -call_error(err) : 0);
}

void reply_attr(fuse_req_t req, int err, const struct stat *st)
{
	if (err) {
		reply_error(req, err);
		return;
	}
	call_end();
	fuse_reply_attr(req, st, config.attr_timeout);
}

static bool is_elsewhere(oid_t oid, oid_t dev)
{
	return oid.port != dev.port;
}

/* Where another file system is mounted, its root is what is there. */
int entry_get(oid_t oid, oid_t dev, struct fuse_entry_param *entry)
{
	struct node *node;
	bool special;
	int err;

	*entry = (struct fuse_entry_param){ 0 };
	err = attr_get(oid, dev, &entry->attr, &special);
	if (!err && S_ISDIR(entry->attr.st_mode) && is_elsewhere(oid, dev)) {
		oid = dev;
		err = attr_get(oid, dev, &entry->attr, &special);
	}
	if (err)
		return err;
	node = node_get(oid, dev, &entry->attr, special);
	if (!node)
		return -ENOMEM;
	if (node == node_root())
		return -ELOOP;
	node->mode = entry->attr.st_mode;
	node->gid = entry->attr.st_gid;
	entry->ino = node_ino(node);
	entry->attr_timeout = config.attr_timeout;
	entry->entry_timeout = config.entry_timeout;
	return 0;
}

void entry_put(const struct fuse_entry_param *entry)
{
	node_forget(node_of(entry->ino), 1);
}

void reply_entry(fuse_req_t req, int err, oid_t oid, oid_t dev)
{
	struct fuse_entry_param entry;

	if (!err)
		err = entry_get(oid, dev, &entry);
	if (err) {
		reply_error(req, err);
		return;
	}
	call_end();
	if (fuse_reply_entry(req, &entry))
		entry_put(&entry);
}
