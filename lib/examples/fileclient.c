// SPDX-License-Identifier: MIT
/*
 * fileclient: Phoenix' file messages as calls, see fileclient.h.
 */
#include "fileclient.h"

#include <errno.h>
#include <string.h>

#define PHOENIX_O_RDONLY	0x0001

/*
 * Whether a message came through is one thing, the answer another. The first is
 * told in words that can't be mistaken for the second.
 */
static int no_answer(int err)
{
	if (err == -EINVAL)
		return -ECONNREFUSED;	/* there is no such port (any more) */
	if (err == -EPIPE)
		return -ECONNRESET;	/* the server ended meanwhile */
	return err;
}

static int ask(msg_t *msg)
{
	int err = msgSend(msg->oid.port, msg);

	return err ? no_answer(err) : msg->o.err;
}

int file_lookup(const char *path, oid_t *file, oid_t *dev)
{
	return no_answer(lookup(path, file, dev));
}

int file_open(oid_t oid, oid_t *opened)
{
	msg_t msg = {
		.type = mtOpen,
		.oid = oid,
		.i.openclose.flags = PHOENIX_O_RDONLY,
	};
	int ret = ask(&msg);

	if (ret < 0)
		return ret;
	*opened = oid;
	if (ret > 0)
		opened->id = ret;
	return 0;
}

int file_close(oid_t opened)
{
	msg_t msg = {
		.type = mtClose,
		.oid = opened,
		.i.openclose.flags = PHOENIX_O_RDONLY,
	};

	return ask(&msg);
}

ssize_t file_read(oid_t oid, uint64_t offs, void *buf, size_t size)
{
	msg_t msg = {
		.type = mtRead,
		.oid = oid,
		.i.io = { .offs = offs, .mode = PHOENIX_O_RDONLY },
		.o = { .data = buf, .size = size },
	};
	int ret = ask(&msg);

	/* A server that claims more than it was given room for is broken. */
	return ret > 0 && (size_t)ret > size ? -EIO : ret;
}

int file_entry(oid_t dir, uint64_t offs, struct file_entry *entry)
{
	union {
		struct phx_dirent d;
		char bytes[sizeof(struct phx_dirent) + FILECLIENT_NAME_MAX + 1];
	} buf = { 0 };
	msg_t msg = {
		.type = mtReaddir,
		.oid = dir,
		.i.readdir.offs = offs,
		.o = { .data = &buf, .size = sizeof(buf) },
	};
	int err = ask(&msg);

	if (err < 0)
		return err;
	if (!buf.d.d_reclen || buf.d.d_namlen > FILECLIENT_NAME_MAX)
		return -EIO;
	memcpy(entry->name, buf.d.d_name, buf.d.d_namlen);
	entry->name[buf.d.d_namlen] = '\0';
	entry->type = buf.d.d_type;
	entry->next = offs + buf.d.d_reclen;
	return 0;
}

int file_attributes(oid_t oid, struct _attrAll *attrs)
{
	msg_t msg = {
		.type = mtGetAttrAll,
		.oid = oid,
		.o = { .data = attrs, .size = sizeof(*attrs) },
	};
	int err;

	/* The server sees it, and need not fill it. */
	memset(attrs, 0, sizeof(*attrs));
	err = ask(&msg);
	if (err >= 0)
		err = attrs->type.err;
	if (err >= 0)
		err = attrs->mode.err;
	if (err >= 0)
		err = attrs->size.err;
	return err < 0 ? err : 0;
}
