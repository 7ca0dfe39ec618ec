// SPDX-License-Identifier: MIT
/*
 * Paths to objects. The longest registered name that leads a path says which
 * server to ask for the rest. Its answer says how much of that it knows, and
 * which object it is; that may be another server's, to be asked on.
 */
#include "shim.h"

#include <errno.h>
#include <string.h>

static oid_t object(uint32_t port, uint64_t id)
{
	oid_t oid = { .port = port, .id = id };

	return oid;
}

/* Programs compare an oid_t as bytes, and an assignment need not copy padding. */
static void give(oid_t *to, oid_t oid)
{
	memset(to, 0, sizeof(*to));
	to->port = oid.port;
	to->id = oid.id;
}

/* @again: a signal only delays it; what a server says is another thing. */
static int ask(struct phx *h, uint32_t port, msg_t *msg, bool again)
{
	int err;

	do {
		err = phx_pho_send(h, port, msg);
	} while (err == -EINTR && again);
	return err;
}

/*
 * Ask servers for @name from byte @at, a slash, on. What the last answer says
 * is passed on even if it is an error, as it is in Phoenix-RTOS.
 */
static int walk(struct phx *h, const char *name, size_t len, size_t at,
		oid_t srv, msg_t *msg, bool again)
{
	int err;

	do {
		msg->oid = srv;
		msg->i.data = name + at + 1;
		msg->i.size = len - at;
		err = ask(h, srv.port, msg, again);
		if (err)
			return err;
		if (msg->o.err < 0)
			return msg->o.err;
		srv = msg->o.lookup.dev;
		at += (size_t)msg->o.err + 1;
		if (at > len)
			return -EINVAL;
	} while (at < len);
	return 0;
}

/* Returns whether there was anybody to ask, that is, fil and dev are set. */
static bool find(const char *name, oid_t *fil, oid_t *dev, bool again, int *err)
{
	size_t len = strlen(name), matched;
	msg_t msg = { .type = mtLookup };
	struct phx_oid found;
	struct phx *h;

	*err = phx_pho_handle(&h);
	if (!*err)
		*err = phx_name_lookup_prefix(h, name, &found, &matched);
	if (*err == -EINVAL)
		*err = -ENOENT;	/* the empty name, which nobody has */
	if (*err)
		return false;
	*fil = object(found.port, found.id);
	*dev = *fil;
	if (matched == len)
		return true;
	*err = walk(h, name, len, matched, *fil, &msg, again);
	*fil = object(msg.o.lookup.fil.port, msg.o.lookup.fil.id);
	*dev = object(msg.o.lookup.dev.port, msg.o.lookup.dev.id);
	return true;
}

/**
 * phx_pho_lookup - find out where a path leads
 * @name: the path
 * @file: out: the object, NULL or
 * @dev: out: whom to talk to, NULL or
 * @again: go on after signals
 *
 * Return: what lookup() does; also with @again -EINTR, if a server says so.
 */
int phx_pho_lookup(const char *name, oid_t *file, oid_t *dev, bool again)
{
	oid_t first, last;
	int err;

	if (!name || (!file && !dev))
		return -EINVAL;
	if (!phx_pho_string(name) ||
	    (file && !phx_pho_writable(file, sizeof(*file))) ||
	    (dev && !phx_pho_writable(dev, sizeof(*dev))))
		return -EFAULT;
	if (!find(name, &first, &last, again, &err))
		return err;
	if (file)
		give(file, first);
	if (dev)
		give(dev, last);
	return err;
}

int lookup(const char *name, oid_t *file, oid_t *dev)
{
	return phx_pho_lookup(name, file, dev, false);
}
