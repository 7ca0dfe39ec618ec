// SPDX-License-Identifier: MIT
/*
 * ramfs: a file system in memory, as a Phoenix-RTOS server.
 *
 * An example of a whole file server in the style of Phoenix' own: it uses their
 * calls and answers all of their file messages. phxfuse(1) mounts it.
 *
 * What i.data and o.data point to may be the client's own memory, which it can
 * change at any time: names are copied before they are looked at.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "ramfs.h"

#define MAX_THREADS	64

/* A name, and behind it a symbolic link's target */
#define LONGEST_INPUT	(RAMFS_NAME_MAX + 1024 + PATH_MAX)

/* Clients and servers here mean Linux' numbers, see PORTING.md. */
#define ALWAYS_READY	(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)

#define N_ATTRS		(sizeof(struct _attrAll) / sizeof(struct _attr))

static const char *name = "/";
static long threads = 1;
static uint32_t port;

/* The input as a string; a second one may follow it, else that is empty. */
static int get_strings(const msg_t *msg, char *copy, const char **second)
{
	size_t len;

	if (!msg->i.data || !msg->i.size)
		return -EINVAL;
	if (msg->i.size > LONGEST_INPUT)
		return -ENAMETOOLONG;
	memcpy(copy, msg->i.data, msg->i.size);
	copy[msg->i.size] = copy[msg->i.size + 1] = '\0';
	len = strlen(copy);
	if (len == msg->i.size)
		return -EINVAL;
	if (second)
		*second = copy + len + 1;
	return 0;
}

static int do_open(msg_t *msg, struct object *o)
{
	(void)msg;
	ramfs_hold(o);
	o->atime = time(NULL);
	return 0;
}

static int do_close(msg_t *msg, struct object *o)
{
	(void)msg;
	o->atime = time(NULL);
	/* One too many must not take away what others have. */
	if (o->refs > 0)
		ramfs_put(o);
	return 0;
}

static int do_read(msg_t *msg, struct object *o)
{
	return ramfs_read(o, msg->i.io.offs, msg->o.data, msg->o.size);
}

static int do_write(msg_t *msg, struct object *o)
{
	return ramfs_write(o, msg->i.io.offs, msg->i.data, msg->i.size);
}

static int do_truncate(msg_t *msg, struct object *o)
{
	return ramfs_truncate(o, msg->i.io.len);
}

static int do_devctl(msg_t *msg, struct object *o)
{
	(void)msg;
	(void)o;
	return -EINVAL;
}

static int do_create(msg_t *msg, struct object *o)
{
	char copy[LONGEST_INPUT + 2];
	const char *target;
	oid_t oid = { 0 };
	int err;

	err = get_strings(msg, copy, &target);
	if (err)
		return err;
	err = ramfs_create(o->oid, copy, target, msg->i.create.type,
			   msg->i.create.mode, msg->i.create.dev, &oid);
	msg->o.create.oid = oid;
	return err;
}

static int do_destroy(msg_t *msg, struct object *o)
{
	(void)msg;
	return o->nlink > 0 || o->refs > 0 ? -EBUSY : 0;
}

static int set_device(msg_t *msg, struct object *o)
{
	oid_t dev;

	if (!msg->i.data || msg->i.size != sizeof(dev) || !S_ISDIR(o->mode))
		return -EINVAL;
	memcpy(&dev, msg->i.data, sizeof(dev));
	o->dev = dev;
	return 0;
}

/* All but the times themselves count as a modification. */
static int do_setattr(msg_t *msg, struct object *o)
{
	long long val = msg->i.attr.val;
	int err = 0;

	switch (msg->i.attr.type) {
	case atMTime:
		o->mtime = val;
		return 0;
	case atATime:
		o->atime = val;
		return 0;
	case atMode:
		o->mode = (o->mode & ~07777) | (val & 07777);
		break;
	case atUid:
		o->uid = val;
		break;
	case atGid:
		o->gid = val;
		break;
	case atSize:
		err = ramfs_truncate(o, val);
		break;
	case atDev:
		err = set_device(msg, o);
		break;
	default:
		err = -EINVAL;
	}
	if (!err)
		o->mtime = time(NULL);
	return err;
}

static int object_type(mode_t mode)
{
	if (S_ISDIR(mode))
		return otDir;
	if (S_ISREG(mode))
		return otFile;
	if (S_ISLNK(mode))
		return otSymlink;
	if (S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode))
		return otDev;
	return otUnknown;
}

static struct _attr attribute(const struct object *o, int type)
{
	switch (type) {
	case atMode:
		return (struct _attr){ o->mode, 0 };
	case atUid:
		return (struct _attr){ o->uid, 0 };
	case atGid:
		return (struct _attr){ o->gid, 0 };
	case atSize:
		return (struct _attr){ o->size, 0 };
	case atBlocks:
		return (struct _attr){ (o->size + 511) / 512, 0 };
	case atIOBlock:
		return (struct _attr){ 4096, 0 };
	case atType:
		return (struct _attr){ object_type(o->mode), 0 };
	case atPollStatus:
		return (struct _attr){ ALWAYS_READY, 0 };
	case atCTime:
		return (struct _attr){ o->ctime, 0 };
	case atMTime:
		return (struct _attr){ o->mtime, 0 };
	case atATime:
		return (struct _attr){ o->atime, 0 };
	case atLinks:
		return (struct _attr){ o->nlink, 0 };
	default:
		return (struct _attr){ 0, -ENOSYS };
	}
}

static int do_getattr(msg_t *msg, struct object *o)
{
	struct _attr attr = attribute(o, msg->i.attr.type);

	msg->o.attr.val = attr.val;
	return attr.err ? -EINVAL : 0;
}

static int do_getattr_all(msg_t *msg, struct object *o)
{
	struct _attr *attrs = msg->o.data;

	if (!attrs || msg->o.size < sizeof(struct _attrAll))
		return -EINVAL;
	for (size_t i = 0; i < N_ATTRS; i++)
		attrs[i] = attribute(o, i);
	return 0;
}

static int do_lookup(msg_t *msg, struct object *o)
{
	oid_t fil = { 0 }, dev = { 0 };
	char copy[LONGEST_INPUT + 2];
	int err;

	err = get_strings(msg, copy, NULL);
	if (!err)
		err = ramfs_lookup(o->oid, copy, &fil, &dev);
	msg->o.lookup.fil = fil;
	msg->o.lookup.dev = dev;
	return err;
}

static int do_link(msg_t *msg, struct object *o)
{
	char copy[LONGEST_INPUT + 2];
	int err = get_strings(msg, copy, NULL);

	return err ? err : ramfs_link(o->oid, copy, msg->i.ln.oid);
}

static int do_unlink(msg_t *msg, struct object *o)
{
	char copy[LONGEST_INPUT + 2];
	int err = get_strings(msg, copy, NULL);

	return err ? err : ramfs_unlink(o->oid, copy);
}

static int do_readdir(msg_t *msg, struct object *o)
{
	return ramfs_readdir(o->oid, msg->i.readdir.offs, msg->o.data, msg->o.size);
}

static int do_stat(msg_t *msg)
{
	struct statvfs *st = msg->o.data;

	if (!st || msg->o.size != sizeof(*st))
		return -EINVAL;
	*st = (struct statvfs){ .f_bsize = 4096, .f_frsize = 4096 };
	st->f_blocks = ramfs_limit / 4096;
	st->f_bfree = st->f_bavail = (ramfs_limit - ramfs_used) / 4096;
	st->f_namemax = RAMFS_NAME_MAX;
	return 0;
}

static int (*const handlers[mtCount])(msg_t *msg, struct object *o) = {
	[mtOpen] = do_open,
	[mtClose] = do_close,
	[mtRead] = do_read,
	[mtWrite] = do_write,
	[mtTruncate] = do_truncate,
	[mtDevCtl] = do_devctl,
	[mtCreate] = do_create,
	[mtDestroy] = do_destroy,
	[mtSetAttr] = do_setattr,
	[mtGetAttr] = do_getattr,
	[mtGetAttrAll] = do_getattr_all,
	[mtLookup] = do_lookup,
	[mtLink] = do_link,
	[mtUnlink] = do_unlink,
	[mtReaddir] = do_readdir,
};

/* The answer to a type that is not known is o.err as it came. */
static void answer(msg_t *msg)
{
	struct object *o;

	pthread_mutex_lock(&ramfs_lock);
	o = ramfs_object(msg->oid);
	if (msg->type == mtStat)
		msg->o.err = do_stat(msg);
	else if (msg->type >= 0 && msg->type < mtCount)
		msg->o.err = o ? handlers[msg->type](msg, o) : -ENOENT;
	pthread_mutex_unlock(&ramfs_lock);
}

static void *serve(void *arg)
{
	msg_rid_t rid;
	msg_t msg;
	int err;

	(void)arg;
	for (;;) {
		err = msgRecv(port, &msg, &rid);
		if (err == -EINVAL)
			return NULL;	/* the port is destroyed */
		if (err)
			continue;
		answer(&msg);
		msgRespond(port, &msg, rid);
	}
}

static int serve_until_signal(void)
{
	pthread_t ids[MAX_THREADS];
	sigset_t signals;
	int sig, n, err = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (n = 0; n < threads && !err; n += !err)
		err = -pthread_create(&ids[n], NULL, serve, NULL);
	if (!err) {
		printf("ramfs: serves %s, port %" PRIu32 "\n", name, port);
		fflush(stdout);
		sigwait(&signals, &sig);
	}
	portDestroy(port);
	while (n > 0)
		pthread_join(ids[--n], NULL);
	return err;
}

static int usage(FILE *f)
{
	fputs("usage: ramfs [OPTIONS]\n"
	      "Serve a file system in memory to Phoenix-RTOS file messages.\n\n"
	      "  -n, --name NAME    name to register, default /\n"
	      "  -m, --mount PATH   mount it there in another server instead\n"
	      "  -l, --limit MB     largest size of all data, default 1024\n"
	      "  -t, --threads N    threads that serve, default 1\n"
	      "  -s, --strict       a new name doesn't replace an old one\n"
	      "  -h, --help         print this\n", f);
	return f == stdout ? 0 : 2;
}

static const char *mount_path;

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "mount", required_argument, NULL, 'm' },
		{ "limit", required_argument, NULL, 'l' },
		{ "threads", required_argument, NULL, 't' },
		{ "strict", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "n:m:l:t:sh", options, NULL)) != -1) {
		if (opt == 'n')
			name = optarg;
		else if (opt == 'm')
			mount_path = name = optarg;
		else if (opt == 'l')
			ramfs_limit = strtoul(optarg, NULL, 10) << 20;
		else if (opt == 't')
			threads = strtol(optarg, NULL, 10);
		else if (opt == 's')
			ramfs_strict = true;
		else if (opt == 'h')
			exit(usage(stdout));
		else
			return false;
	}
	return optind == argc && threads >= 1 && threads <= MAX_THREADS;
}

/* The server of the directory is told who serves what is in it. */
static int mount_at(const char *path)
{
	oid_t root = { .port = port }, dir;
	msg_t msg = { .type = mtSetAttr, .i.attr.type = atDev };
	int err;

	err = lookup(path, &dir, NULL);
	if (err)
		return err;
	msg.oid = dir;
	msg.i.data = &root;
	msg.i.size = sizeof(root);
	err = msgSend(dir.port, &msg);
	return err ? err : msg.o.err;
}

int main(int argc, char **argv)
{
	int err;

	if (!parse(argc, argv))
		return usage(stderr);
	err = portCreate(&port);
	if (!err)
		err = ramfs_start(port);
	if (!err)
		err = mount_path ? mount_at(mount_path) : portRegister(port, name, NULL);
	if (!err)
		err = serve_until_signal();
	if (err)
		fprintf(stderr, "ramfs: %s: %s\n", name, strerror(-err));
	return err != 0;
}
