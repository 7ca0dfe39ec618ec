// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device server as drivers of Phoenix are, for the tests of phxfuse:
 *
 *   phx_device NAME KIND [DIR NODE]
 *
 * It serves NAME until it is killed, and makes a device node for itself in a
 * directory of another server. Kinds: memory (what is written is read once),
 * clone (who opens it gets an object of his own), deaf (receives nothing),
 * hang (receives reads, and does not answer), liar (a directory whose server
 * answers what can't be), twins (a directory with the empty files "a" and "b",
 * where a name may be given twice, and the first is found), mover (the same, where
 * a new name takes the old one away), mute (a directory with a symbolic link, of
 * which it says that it was read, and writes nothing).
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <phxport/phoenix.h>

#define CLONE	77

static const char *kind;
static char content[65536];
static size_t used;

static int is(const char *what)
{
	return !strcmp(kind, what);
}

static int make_node(uint32_t port, const char *path, const char *node)
{
	msg_t msg = { .type = mtCreate };
	oid_t dir;
	int err;

	err = lookup(path, NULL, &dir);
	if (err)
		return err;
	msg.oid = dir;
	msg.i.create.type = otDev;
	msg.i.create.mode = S_IFCHR | 0666;
	msg.i.create.dev = (oid_t){ .port = port };
	msg.i.data = node;
	msg.i.size = strlen(node) + 1;
	err = msgSend(dir.port, &msg);
	return err ? err : msg.o.err;
}

static int device_read(msg_t *msg)
{
	size_t n = msg->o.size < used ? msg->o.size : used;

	if (msg->oid.id == CLONE) {
		memcpy(msg->o.data, "clone\n", 6);
		return msg->i.io.offs ? 0 : 6;
	}
	memcpy(msg->o.data, content, n);
	memmove(content, content + n, used - n);
	used -= n;
	return n;
}

static int device_write(const msg_t *msg)
{
	size_t n = sizeof(content) - used;

	n = msg->i.size < n ? msg->i.size : n;
	memcpy(content + used, msg->i.data, n);
	used += n;
	return n ? (int)n : -ENOSPC;
}

/* Drivers know few types; the answer to the others is what drivers give. */
static int device(msg_t *msg)
{
	switch (msg->type) {
	case mtOpen:
		return is("clone") ? CLONE : 0;
	case mtClose:
		return is("clone") && msg->oid.id != CLONE ? -EINVAL : 0;
	case mtRead:
		return device_read(msg);
	case mtWrite:
		return device_write(msg);
	default:
		return -ENOSYS;
	}
}

/*
 * What the liar has: link and name show what was in the client's memory, dots and slashes
 * are directories without an end, and all else is a file.
 */
enum { LIES_ROOT, LIES_LINK, LIES_NAME, LIES_DOTS, LIES_SLASHES, LIES_FILE };

static const struct {
	const char *name;
	mode_t mode;
} lies[] = {
	[LIES_ROOT] = { "root", S_IFDIR | 0755 },
	[LIES_LINK] = { "link", S_IFLNK | 0777 },
	[LIES_NAME] = { "name", S_IFDIR | 0755 },
	[LIES_DOTS] = { "dots", S_IFDIR | 0755 },
	[LIES_SLASHES] = { "slashes", S_IFDIR | 0755 },
	[LIES_FILE] = { "file", S_IFREG | 0644 },
};

static int lie_attrs(msg_t *msg)
{
	struct _attrAll *attrs = msg->o.data;
	uint64_t id = msg->oid.id;

	memset(attrs, 0xff, sizeof(*attrs));
	attrs->mode = (struct _attr){ lies[id < LIES_FILE ? id : LIES_FILE].mode, 0 };
	attrs->size = (struct _attr){ 100000, 0 };
	attrs->links = (struct _attr){ -5, 0 };
	return 0;
}

static int lie_lookup(msg_t *msg)
{
	oid_t oid = { msg->oid.port, 0 };

	while (oid.id < LIES_FILE && strcmp(msg->i.data, lies[oid.id].name))
		oid.id++;
	msg->o.lookup.fil = msg->o.lookup.dev = oid;
	if (!strcmp(msg->i.data, "strange-error"))
		return -600;
	if (!strcmp(msg->i.data, "no-error"))
		return -2000000000;
	return strlen(msg->i.data) + !strcmp(msg->i.data, "longer");
}

/* Who had nothing in it gets x alone, and no end. */
static int show_memory(msg_t *msg)
{
	char *mem = msg->o.data;
	size_t i;

	for (i = 0; i < msg->o.size; i++)
		if (!mem[i])
			mem[i] = 'x';
	return msg->o.size;
}

static int lie_readdir(msg_t *msg)
{
	struct phx_dirent *entry = msg->o.data;
	off_t offs = msg->i.readdir.offs;

	if (msg->oid.id == LIES_NAME) {
		show_memory(msg);
		entry->d_reclen = 1;
		return offs ? -ENOENT : 0;
	}
	memset(entry, msg->oid.id == LIES_SLASHES ? '/' : 'x', msg->o.size);
	if (msg->oid.id == LIES_DOTS)
		strcpy(entry->d_name, ".");
	entry->d_reclen = msg->oid.id || offs < 3 ? 1 : 0;
	return 0;
}

/* The device reads nothing, and says that it did. */
static int lie_read(msg_t *msg)
{
	if (msg->oid.id == LIES_LINK)
		return show_memory(msg);
	return msg->oid.id ? msg->o.size + 1 : msg->o.size;
}

static int lie(msg_t *msg)
{
	switch (msg->type) {
	case mtGetAttrAll:
		return lie_attrs(msg);
	case mtLookup:
		return lie_lookup(msg);
	case mtReaddir:
		return lie_readdir(msg);
	case mtRead:
		return lie_read(msg);
	case mtStat:
		((struct statvfs *)msg->o.data)->f_namemax = 1000;
		return 0;
	case mtWrite:
		return 0x7fffffff;
	case mtUnlink:
		return 5;
	default:
		return 0;
	}
}

/* A directory: names in their order, "" for one that was taken away */
static struct {
	char name[16];
	uint64_t id;
} names[16] = { { "a", 1 }, { "b", 2 } };
static int n_names = 2;

static int find_name(const char *name)
{
	int i;

	for (i = 0; i < n_names; i++)
		if (!strcmp(names[i].name, name))
			return i;
	return -ENOENT;
}

static int add_name(const msg_t *msg)
{
	int i;

	for (i = 0; i < n_names && is("mover"); i++)
		if (names[i].id == msg->i.ln.oid.id)
			names[i].name[0] = '\0';
	if (n_names == sizeof(names) / sizeof(names[0]))
		return -ENOSPC;
	snprintf(names[n_names].name, sizeof(names[0].name), "%s", (const char *)msg->i.data);
	names[n_names++].id = msg->i.ln.oid.id;
	return 0;
}

static int read_name(const msg_t *msg)
{
	struct phx_dirent *entry = msg->o.data;
	int i = msg->i.readdir.offs;

	/* As littlefs, which keeps the length of a name in 10 bits */
	if (msg->o.size - sizeof(*entry) > 1023)
		return -EINVAL;
	while (i < n_names && !names[i].name[0])
		i++;
	if (i >= n_names)
		return -ENOENT;
	entry->d_ino = names[i].id;
	entry->d_reclen = i + 1 - msg->i.readdir.offs;
	strcpy(entry->d_name, names[i].name);
	return 0;
}

static int twins_attrs(msg_t *msg)
{
	struct _attrAll *attrs = msg->o.data;

	memset(attrs, 0, sizeof(*attrs));
	attrs->mode.val = msg->oid.id ? S_IFREG | 0644 : S_IFDIR | 0755;
	return 0;
}

static int twins(msg_t *msg)
{
	int i;

	switch (msg->type) {
	case mtGetAttrAll:
		return twins_attrs(msg);
	case mtGetAttr:
		msg->o.attr.val = msg->i.attr.type == atMode ? S_IFREG | 0644 : 1;
		return 0;
	case mtLink:
		return add_name(msg);
	case mtReaddir:
		return read_name(msg);
	case mtLookup:
	case mtUnlink:
		break;
	default:
		return 0;
	}
	i = find_name(msg->i.data);
	if (i < 0)
		return i;
	if (msg->type == mtUnlink)
		names[i].name[0] = '\0';
	msg->o.lookup.fil = msg->o.lookup.dev = (oid_t){ msg->oid.port, names[i].id };
	return msg->type == mtUnlink ? 0 : strlen(msg->i.data);
}

/* What is in memory that is to be written to is the client's own affair. */
static void mute_look(const msg_t *msg)
{
	const char *data = msg->o.data;
	size_t i;

	for (i = 0; i < msg->o.size && !data[i]; i++)
		;
	printf("the client %s\n", i < msg->o.size ? "shows what it had" : "is careful");
	fflush(stdout);
}

static int mute_attrs(msg_t *msg)
{
	struct _attrAll *attrs = msg->o.data;

	mute_look(msg);
	memset(attrs, 0, sizeof(*attrs));
	attrs->type.val = msg->oid.id ? otSymlink : otDir;
	attrs->mode.val = msg->oid.id ? S_IFLNK | 0777 : S_IFDIR | 0755;
	return 0;
}

static int mute_entry(msg_t *msg)
{
	struct phx_dirent *entry = msg->o.data;

	if (msg->i.readdir.offs)
		return -ENOENT;
	entry->d_type = DT_LNK;
	entry->d_reclen = 1;
	entry->d_namlen = 4;
	memcpy(entry->d_name, "link", 5);
	return 0;
}

static int mute(msg_t *msg)
{
	switch (msg->type) {
	case mtGetAttrAll:
		return mute_attrs(msg);
	case mtLookup:
		msg->o.lookup.fil = msg->o.lookup.dev = (oid_t){ msg->oid.port, 5 };
		return strlen(msg->i.data);
	case mtReaddir:
		return mute_entry(msg);
	case mtRead:
		mute_look(msg);
		return msg->o.size;
	default:
		return 0;
	}
}

static int answer(msg_t *msg)
{
	if (is("mute"))
		return mute(msg);
	if (is("liar"))
		return lie(msg);
	return is("twins") || is("mover") ? twins(msg) : device(msg);
}

static void serve(uint32_t port)
{
	msg_rid_t rid;
	msg_t msg;

	for (;;) {
		if (is("deaf"))
			pause();
		if (msgRecv(port, &msg, &rid))
			continue;
		if (is("hang") && msg.type == mtRead)
			continue;
		msg.o.err = answer(&msg);
		msgRespond(port, &msg, rid);
	}
}

int main(int argc, char **argv)
{
	uint32_t port;
	int err;

	if (argc != 3 && argc != 5)
		return 2;
	kind = argv[2];
	err = portCreate(&port);
	if (!err)
		err = portRegister(port, argv[1], NULL);
	if (!err && argc == 5)
		err = make_node(port, argv[3], argv[4]);
	if (err) {
		fprintf(stderr, "phx_device: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	serve(port);
}
