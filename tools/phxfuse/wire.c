// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests as Phoenix' own clients send them.
 */
#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "call.h"

#define N_ATTRS		(sizeof(struct _attrAll) / sizeof(struct _attr))

/* One answer: 0 and above to the caller as it is. */
static int ask(oid_t oid, msg_t *msg)
{
	int err;

	msg->oid = oid;
	err = call_send(oid.port, msg);
	return err ? err : msg->o.err;
}

/* The same where an answer above 0 means no more than 0 */
static int order(oid_t oid, msg_t *msg)
{
	int err = ask(oid, msg);

	return err < 0 ? err : 0;
}

/* A name that fits travels in the message, behind what its type keeps there. */
static void put_name(msg_t *msg, size_t at, const char *name)
{
	size_t size = strlen(name) + 1;

	msg->i.size = size;
	if (at + size <= sizeof(msg->i.raw))
		msg->i.data = memcpy(msg->i.raw + at, name, size);
	else
		msg->i.data = name;
}

bool wire_unsupported(int err)
{
	return err == -ENOSYS || err == -EINVAL || err == -EOPNOTSUPP;
}

int wire_lookup(oid_t dir, const char *name, oid_t *fil, oid_t *dev)
{
	msg_t msg = { .type = mtLookup };
	int len;

	put_name(&msg, 0, name);
	len = ask(dir, &msg);
	if (len < 0)
		return len;
	if ((size_t)len != strlen(name))
		return -EIO;
	*fil = msg.o.lookup.fil;
	*dev = msg.o.lookup.dev;
	return 0;
}

int wire_getattr(oid_t oid, int type, long long *val)
{
	msg_t msg = { .type = mtGetAttr, .i.attr.type = type };
	int err = order(oid, &msg);

	*val = msg.o.attr.val;
	return err;
}

static int each_attr(oid_t oid, struct _attrAll *attrs)
{
	struct _attr *attr = &attrs->mode;
	size_t i;

	for (i = 0; i < N_ATTRS; i++) {
		attr[i].err = -ENOSYS;
		if (i == atPort || i == atPollStatus || i == atEventMask ||
		    i == atDev)
			continue;
		attr[i].err = wire_getattr(oid, i, &attr[i].val);
		if (attr[i].err == -EINTR || attr[i].err == -ENOTCONN)
			return attr[i].err;
		/* Neither of what says which kind it is: so not the rest either. */
		if (i == atMode && attr[i].err)
			return attr[i].err;
	}
	return 0;
}

int wire_attrs(oid_t oid, struct _attrAll *attrs)
{
	msg_t msg = { .type = mtGetAttrAll };
	int err;

	msg.o.data = memset(attrs, 0, sizeof(*attrs));
	msg.o.size = sizeof(*attrs);
	err = order(oid, &msg);
	return wire_unsupported(err) ? each_attr(oid, attrs) : err;
}

int wire_setattr(oid_t oid, int type, long long val)
{
	msg_t msg = { .type = mtSetAttr, .i.attr = { .type = type, .val = val } };

	return order(oid, &msg);
}

int wire_open(oid_t oid, unsigned int flags, oid_t *opened)
{
	msg_t msg = { .type = mtOpen, .i.openclose.flags = flags };
	int id = ask(oid, &msg);

	if (id < 0)
		return id;
	*opened = oid;
	if (id > 0)
		opened->id = id;
	return 0;
}

int wire_close(oid_t oid, unsigned int flags)
{
	msg_t msg = { .type = mtClose, .i.openclose.flags = flags };

	return order(oid, &msg);
}

/* A server that tells of more bytes than there are is not to be believed. */
static int transferred(int count, size_t size)
{
	return count > 0 && (size_t)count > size ? -EIO : count;
}

int wire_read(oid_t oid, unsigned int flags, off_t offs, void *buf, size_t size)
{
	msg_t msg = { .type = mtRead, .i.io = { .offs = offs, .mode = flags } };

	msg.o.data = buf;
	msg.o.size = size;
	return transferred(ask(oid, &msg), size);
}

int wire_write(oid_t oid, unsigned int flags, off_t offs, const void *buf,
	       size_t size)
{
	msg_t msg = { .type = mtWrite, .i.io = { .offs = offs, .mode = flags } };

	msg.i.data = buf;
	msg.i.size = size;
	return transferred(ask(oid, &msg), size);
}

int wire_truncate(oid_t oid, off_t size)
{
	msg_t msg = { .type = mtTruncate, .i.io.len = size };

	return order(oid, &msg);
}

/* What lies in i.raw of an ioctl; of an argument that goes in as much as fits */
struct ioctl_in {
	unsigned long request;
	unsigned long size;
	char data[sizeof(((msg_t *)0)->i.raw) - 2 * sizeof(unsigned long)];
};

static void put_argument(msg_t *msg, unsigned long request, const void *in, size_t size)
{
	struct ioctl_in *raw = (struct ioctl_in *)msg->i.raw;
	bool value = !(request & (PHOENIX_IOC_IN | PHOENIX_IOC_OUT));

	raw->request = request;
	raw->size = size;
	if (value) {
		memcpy(raw->data, in, size < sizeof(void *) ? size : sizeof(void *));
	} else if ((request & PHOENIX_IOC_IN) && size <= sizeof(raw->data)) {
		memcpy(raw->data, in, size);
	} else if (request & PHOENIX_IOC_IN) {
		msg->i.data = in;
		msg->i.size = size;
	}
}

int wire_ioctl(oid_t oid, unsigned long request, const void *in, void *out, int *res)
{
	size_t size = request >> 16 & 0x1fff;
	bool lies_in_raw = size <= sizeof(((msg_t *)0)->o.raw);
	msg_t msg = { .type = mtDevCtl, .oid = oid };
	int err;

	put_argument(&msg, request, in, size);
	if ((request & PHOENIX_IOC_OUT) && !lies_in_raw) {
		msg.o.data = memset(out, 0, size);
		msg.o.size = size;
	}
	err = call_send(oid.port, &msg);
	if (!err && (request & PHOENIX_IOC_OUT) && lies_in_raw)
		memcpy(out, msg.o.raw, size);
	*res = msg.o.err;
	return err;
}

int wire_poll(oid_t oid, unsigned int events, unsigned int *ready)
{
	msg_t msg = { .type = mtGetAttr, .i.attr = { .type = atPollStatus, .val = events } };
	int err = order(oid, &msg);

	*ready = msg.o.attr.val;
	return err;
}

int wire_create(oid_t dir, const char *name, int type, mode_t mode, oid_t *oid)
{
	msg_t msg = { .type = mtCreate };
	int err;

	msg.i.create.type = type;
	msg.i.create.mode = mode;
	put_name(&msg, sizeof(msg.i.create), name);
	err = order(dir, &msg);
	*oid = msg.o.create.oid;
	return err;
}

int wire_symlink(oid_t dir, const char *name, const char *target, oid_t *oid)
{
	size_t n = strlen(name) + 1, t = strlen(target) + 1;
	msg_t msg = { .type = mtCreate };
	char *both = malloc(n + t);
	int err;

	if (!both)
		return -ENOMEM;
	memcpy(both, name, n);
	memcpy(both + n, target, t);
	msg.i.create.type = otSymlink;
	msg.i.create.mode = S_IFLNK | 0777;
	msg.i.data = both;
	msg.i.size = n + t;
	err = order(dir, &msg);
	*oid = msg.o.create.oid;
	free(both);
	return err;
}

int wire_link(oid_t dir, const char *name, oid_t oid)
{
	msg_t msg = { .type = mtLink, .i.ln.oid = oid };

	put_name(&msg, sizeof(msg.i.ln), name);
	return order(dir, &msg);
}

int wire_unlink(oid_t dir, const char *name, oid_t oid)
{
	msg_t msg = { .type = mtUnlink, .i.ln.oid = oid };

	put_name(&msg, sizeof(msg.i.ln), name);
	return order(dir, &msg);
}

int wire_readdir(oid_t dir, off_t offs, union wire_dirent *entry)
{
	size_t len = config.name_max > NAME_MAX ? config.name_max : NAME_MAX;
	msg_t msg = { .type = mtReaddir, .i.readdir.offs = offs };
	int err;

	msg.o.data = memset(entry, 0, sizeof(*entry));
	/* As much as names need: more overflows in littlefs. */
	msg.o.size = sizeof(entry->entry) + len + 1;
	err = order(dir, &msg);
	entry->room[sizeof(entry->room) - 1] = '\0';
	return err;
}

/* The size tells a server that client and server mean the same structure. */
int wire_statvfs(oid_t oid, struct statvfs *st)
{
	msg_t msg = { .type = mtStat };

	msg.o.data = memset(st, 0, sizeof(*st));
	msg.o.size = sizeof(*st);
	return order(oid, &msg);
}

/* Clients put the object in i.raw, servers look for it in oid. */
int wire_sync(oid_t oid)
{
	msg_t msg = { .type = mtSync, .i.ln.oid = oid };

	return order(oid, &msg);
}
