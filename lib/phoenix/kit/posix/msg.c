// SPDX-License-Identifier: MIT
/*
 * The messages that a client of a file server sends.
 */
#include "px.h"

#include <string.h>

static int answer(int err, const msg_t *msg)
{
	if (err == -EINVAL || err == -EPIPE)
		return -EIO;
	return err ? err : msg->o.err;
}

/**
 * px_send - send, and tell a server that is gone from one that says no
 * @port: where to
 * @msg: the message
 *
 * Return: what the server put in o.err, or a negative number: EIO if it is gone.
 */
int px_send(uint32_t port, msg_t *msg)
{
	return answer(msgSend(port, msg), msg);
}

int px_get_attr(oid_t oid, int type, long long *val)
{
	msg_t msg = { .type = mtGetAttr, .oid = oid };
	int err;

	msg.i.attr.type = type;
	err = px_send(oid.port, &msg);
	*val = msg.o.attr.val;
	return err < 0 ? err : 0;
}

int px_set_attr(oid_t oid, int type, long long val, const void *data,
		size_t size)
{
	msg_t msg = { .type = mtSetAttr, .oid = oid };
	int err;

	msg.i.attr.type = type;
	msg.i.attr.val = val;
	msg.i.data = data;
	msg.i.size = size;
	err = px_send(oid.port, &msg);
	return err < 0 ? err : 0;
}

/**
 * px_open_oid - open an object
 * @oid: the object; its id is another afterwards if the server says so
 * @flags: PHX_O_*
 *
 * Return: 0 or a negative number.
 */
int px_open_oid(oid_t *oid, unsigned int flags)
{
	msg_t msg = { .type = mtOpen, .oid = *oid };
	int err;

	msg.i.openclose.flags = flags;
	err = px_send(oid->port, &msg);
	if (err > 0)
		oid->id = (uint64_t)err;
	return err < 0 ? err : 0;
}

/**
 * px_close_oid - close an object
 * @oid: the object
 * @flags: what it was opened with
 * @limit_ns: longest time to wait for the server in nanoseconds, 0 none
 */
void px_close_oid(oid_t oid, unsigned int flags, uint64_t limit_ns)
{
	struct phx_send_opts opts = { .sz = sizeof(opts), .timeout_ns = limit_ns };
	struct phx_msg msg = { .type = mtClose };
	struct phx *h;

	msg.oid.port = oid.port;
	msg.oid.id = oid.id;
	memcpy(msg.i.raw, &flags, sizeof(flags));
	if (phx_pho_handle(&h))
		return;
	/* The server must hear of it, whatever signals come. */
	while (phx_send_with(h, oid.port, &msg, &opts) == -EINTR)
		;
}

int px_create(oid_t dir, int type, mode_t mode, oid_t dev, const char *name,
	      size_t size, oid_t *oid)
{
	msg_t msg = { .type = mtCreate, .oid = dir };
	int err;

	msg.i.create.type = type;
	msg.i.create.mode = mode;
	msg.i.create.dev = dev;
	msg.i.data = name;
	msg.i.size = size;
	err = px_send(dir.port, &msg);
	if (oid)
		*oid = msg.o.create.oid;
	return err < 0 ? err : 0;
}

static int name_in_dir(int type, oid_t dir, oid_t oid, const char *name)
{
	msg_t msg = { .type = type, .oid = dir };
	int err;

	msg.i.ln.oid = oid;
	msg.i.data = name;
	msg.i.size = strlen(name) + 1;
	err = px_send(dir.port, &msg);
	return err < 0 ? err : 0;
}

int px_link(oid_t dir, oid_t oid, const char *name)
{
	return name_in_dir(mtLink, dir, oid, name);
}

int px_unlink(oid_t dir, oid_t oid, const char *name)
{
	return name_in_dir(mtUnlink, dir, oid, name);
}

/* A server of a device that knows nothing of attributes. */
static void stat_of_device(struct stat *st)
{
	st->st_mode = S_IFCHR | 0666;
	st->st_nlink = 1;
	st->st_blksize = 4096;
}

static int from_attrs(const struct _attrAll *all, struct stat *st)
{
	const struct _attr *needed[] = {
		&all->mTime, &all->aTime, &all->cTime, &all->links, &all->mode,
		&all->uid, &all->gid, &all->size, &all->blocks, &all->ioblock,
	};
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (needed[i]->err < 0)
			return needed[i]->err;
	st->st_mtime = all->mTime.val;
	st->st_atime = all->aTime.val;
	st->st_ctime = all->cTime.val;
	st->st_nlink = (nlink_t)all->links.val;
	st->st_mode = (mode_t)all->mode.val;
	st->st_uid = (uid_t)all->uid.val;
	st->st_gid = (gid_t)all->gid.val;
	st->st_size = all->size.val;
	st->st_blocks = all->blocks.val;
	st->st_blksize = all->ioblock.val;
	return 0;
}

/**
 * px_node_stat - attributes as those of stat()
 * @fil: the object
 * @dev: its device, or itself
 * @ask: which of the two to ask
 * @st: out: the attributes
 *
 * Return: 0 or a negative number.
 */
int px_node_stat(oid_t fil, oid_t dev, oid_t ask, struct stat *st)
{
	struct _attrAll all;
	msg_t msg = { .type = mtGetAttrAll, .oid = ask };
	int err;

	memset(st, 0, sizeof(*st));
	memset(&all, 0, sizeof(all));
	st->st_dev = fil.port;
	st->st_ino = fil.id;
	st->st_rdev = dev.port;
	msg.o.data = &all;
	msg.o.size = sizeof(all);
	/* Signals are no reason to fail; that a server says so is its answer. */
	do {
		err = msgSend(ask.port, &msg);
	} while (err == -EINTR);
	err = answer(err, &msg);
	if (err == -ENOSYS || err == -EINVAL || err == -EOPNOTSUPP) {
		stat_of_device(st);
		return 0;
	}
	return err < 0 ? err : from_attrs(&all, st);
}
