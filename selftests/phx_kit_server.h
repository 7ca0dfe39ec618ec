/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server for tests of the porting kit's calls on files, and what it was told.
 * It is a thread of the test that writes down what comes:
 *
 *   /kit        100 directory     /kit/file   101 file of 1000 bytes
 *   /kit/link   102 -> file       /kit/dev    103, whose device is 200
 *   /kit/multi  104, of which each that is opened is another
 *   /kit/loop   105 -> loop       /kit/out    106 -> /proc/self
 */
#ifndef PHX_KIT_SERVER_H
#define PHX_KIT_SERVER_H

#include "phx_harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/threads.h>
#include <sys/wait.h>

#define LOG_MAX 256

struct record {
	int type;
	oid_t oid;
	unsigned char raw[64];
	size_t isize, osize;
	char data[64];
};

static struct record records[LOG_MAX];
static volatile int count;
static volatile int fail_type = -1, fail_err;
static volatile short poll_answer;
static volatile int longer_by;	/* than names of entries are, is what is said */
static uint32_t port;

static const struct {
	const char *name;
	int id, dev;
	mode_t mode;
	const char *target;
} nodes[] = {
	{ "", 100, 100, S_IFDIR | 0755, NULL },
	{ "file", 101, 101, S_IFREG | 0644, NULL },
	{ "link", 102, 102, S_IFLNK | 0777, "file" },
	{ "dev", 103, 200, S_IFCHR | 0666, NULL },
	{ "multi", 104, 104, S_IFCHR | 0666, NULL },
	{ "loop", 105, 105, S_IFLNK | 0777, "loop" },
	{ "out", 106, 106, S_IFLNK | 0777, "/proc/self" },
};

#define NODES (int)(sizeof(nodes) / sizeof(*nodes))

static void log_message(const msg_t *msg)
{
	struct record *rec = &records[count % LOG_MAX];

	memset(rec, 0, sizeof(*rec));
	rec->type = msg->type;
	rec->oid = msg->oid;
	memcpy(rec->raw, msg->i.raw, sizeof(rec->raw));
	rec->isize = msg->i.size;
	rec->osize = msg->o.size;
	if (msg->i.data)
		memcpy(rec->data, msg->i.data,
		       msg->i.size < sizeof(rec->data) ? msg->i.size : sizeof(rec->data));
	count++;
}

static int serve_lookup(msg_t *msg)
{
	int i;

	for (i = 1; i < NODES; i++) {
		if (strcmp(nodes[i].name, msg->i.data))
			continue;
		msg->o.lookup.fil = (oid_t){ port, nodes[i].id };
		msg->o.lookup.dev = (oid_t){ port, nodes[i].dev };
		return strlen(nodes[i].name);
	}
	return -ENOENT;
}

static int node_of(id_t id)
{
	int i;

	for (i = 0; i < NODES; i++)
		if (nodes[i].id == (int)id)
			return i;
	return -1;
}

static int serve_attr(msg_t *msg)
{
	int node = node_of(msg->oid.id);

	switch (msg->i.attr.type) {
	case atMode:
		msg->o.attr.val = node < 0 ? S_IFCHR : nodes[node].mode;
		return 0;
	case atType:
		msg->o.attr.val = node == 0 ? otDir : otFile;
		return 0;
	case atSize:
		msg->o.attr.val = 1000;
		return msg->oid.id == 101 ? 0 : -EINVAL;
	case atPollStatus:
		msg->o.attr.val = poll_answer;
		return 0;
	default:
		return -EINVAL;
	}
}

static int serve_attrs(msg_t *msg)
{
	struct _attrAll *all = msg->o.data;
	int node = node_of(msg->oid.id);

	if (node < 0 || msg->o.size < sizeof(*all))
		return -EINVAL;
	memset(all, 0, sizeof(*all));
	all->mode.val = nodes[node].mode;
	all->size.val = 1000;
	all->links.val = 2;
	all->mTime.val = 1234;
	all->uid.val = 17;
	return 0;
}

static int serve_read(msg_t *msg)
{
	int node = node_of(msg->oid.id);
	int len;

	if (node >= 0 && nodes[node].target) {
		len = strlen(nodes[node].target);
		len = len < (int)msg->o.size ? len : (int)msg->o.size;
		memcpy(msg->o.data, nodes[node].target, len);
		return len;
	}
	memset(msg->o.data, 'a' + msg->i.io.offs % 26, msg->o.size);
	return msg->o.size;
}

static int serve_readdir(msg_t *msg)
{
	struct dirent *entry = msg->o.data;
	int i = msg->i.readdir.offs / 10;

	if (i >= NODES || msg->i.readdir.offs % 10)
		return -ENOENT;
	entry->d_ino = nodes[i].id;
	entry->d_reclen = 10;
	entry->d_type = DT_REG;
	strcpy(entry->d_name, i ? nodes[i].name : ".");
	entry->d_namlen = strlen(entry->d_name) + longer_by;
	return 0;
}

static int serve(msg_t *msg)
{
	static int next_multi = 500;

	switch (msg->type) {
	case mtLookup:
		return serve_lookup(msg);
	case mtGetAttr:
		return serve_attr(msg);
	case mtGetAttrAll:
		return serve_attrs(msg);
	case mtRead:
		return serve_read(msg);
	case mtWrite:
		return msg->i.size;
	case mtReaddir:
		return serve_readdir(msg);
	case mtOpen:
		return msg->oid.id == 104 ? next_multi++ : 0;
	case mtCreate:
		msg->o.create.oid = (oid_t){ port, 300 };
		return 0;
	case mtDevCtl:
		memcpy(msg->o.raw, "answer", 7);
		if (msg->o.data)
			memset(msg->o.data, 'z', msg->o.size);
		return 77;
	case mtStat:
		((struct statvfs *)msg->o.data)->f_bsize = 512;
		return 0;
	default:
		return 0;
	}
}

static void *server(void *arg)
{
	msg_rid_t rid;
	msg_t msg;

	(void)arg;
	while (!msgRecv(port, &msg, &rid)) {
		log_message(&msg);
		msg.o.err = msg.type == fail_type ? fail_err : serve(&msg);
		msgRespond(port, &msg, rid);
	}
	return NULL;
}

FIXTURE(file)
{
	pthread_t thread;
};

FIXTURE_SETUP(file)
{
	oid_t root = { 0 };
	int err = portCreate(&port);

	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		SKIP(return, "/dev/phxport is not there: load the module phxport");
	if (err == -EACCES)
		SKIP(return, "no permission to open /dev/phxport");
	ASSERT_EQ(0, err);
	root.id = 100;
	ASSERT_EQ(0, portRegister(port, "/kit", &root));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, server, NULL));
}

FIXTURE_TEARDOWN(file)
{
	portDestroy(port);
	if (self->thread)
		pthread_join(self->thread, NULL);
}

static void forget(void)
{
	count = 0;
	fail_type = -1;
}

/* The n-th message of a type since forget(), NULL if there was none. */
static struct record *nth(int type, int n)
{
	int i;

	for (i = 0; i < count; i++)
		if (records[i].type == type && !n--)
			return &records[i];
	return NULL;
}

static struct record *only(int type)
{
	return nth(type, 1) ? NULL : nth(type, 0);
}

static int64_t raw64(const struct record *rec, int at)
{
	int64_t val;

	memcpy(&val, rec->raw + at, sizeof(val));
	return val;
}

static unsigned int raw32(const struct record *rec, int at)
{
	unsigned int val;

	memcpy(&val, rec->raw + at, sizeof(val));
	return val;
}

#endif /* PHX_KIT_SERVER_H */
