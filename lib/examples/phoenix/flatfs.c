// SPDX-License-Identifier: MIT
/*
 * A small file system, in the way servers for Phoenix-RTOS are written: one loop
 * that receives a message and answers it.
 *
 *   flatfs [NAME]     serves NAME, "/" unless given
 *
 * It keeps directories, files and nodes of devices in memory, and lets others be
 * mounted on its directories.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <phoenix/attribute.h>
#include <posix/idtree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/list.h>
#include <sys/minmax.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

struct object {
	idnode_t node;			/* its number */
	struct object *next, *prev;	/* in its directory */
	struct object *parent, *entries;
	char *name, *data;
	size_t size;
	int type;			/* otDir, otFile or otDev */
	mode_t mode;
	time_t changed;
	oid_t dev;			/* whom to talk to instead of here */
};

static struct {
	uint32_t port;
	idtree_t ids;
	size_t bytes;
} fs;

static struct object *find(id_t id)
{
	return lib_treeof(struct object, node, idtree_find(&fs.ids, (int)id));
}

static oid_t oid_of(struct object *obj)
{
	return (oid_t){ .port = fs.port, .id = idtree_id(&obj->node) };
}

static struct object *entry(struct object *dir, const char *name, size_t len)
{
	struct object *obj = dir->entries;

	if (!obj)
		return NULL;
	do {
		if (strlen(obj->name) == len && !memcmp(obj->name, name, len))
			return obj;
		obj = obj->next;
	} while (obj != dir->entries);
	return NULL;
}

static struct object *make(struct object *dir, const char *name, int type, mode_t mode)
{
	struct object *obj = calloc(1, sizeof(*obj));

	if (!obj)
		return NULL;
	obj->name = strdup(name);
	if (!obj->name || idtree_alloc(&fs.ids, &obj->node) < 0) {
		free(obj->name);
		free(obj);
		return NULL;
	}
	obj->type = type;
	obj->mode = mode;
	obj->changed = time(NULL);
	obj->dev = oid_of(obj);
	obj->parent = dir;
	if (dir)
		LIST_ADD(&dir->entries, obj);
	return obj;
}

static void destroy(struct object *obj)
{
	LIST_REMOVE(&obj->parent->entries, obj);
	idtree_remove(&fs.ids, &obj->node);
	fs.bytes -= obj->size;
	free(obj->name);
	free(obj->data);
	free(obj);
}

/*
 * What came with a message may be the client's own memory, which it can change at
 * any time: what is looked at more than once is copied first.
 */
static int get_string(const msg_t *msg, char *to, size_t room)
{
	size_t size = min(msg->i.size, room);

	if (!msg->i.data)
		return -EINVAL;
	memcpy(to, msg->i.data, size);
	if (memchr(to, 0, size))
		return 0;
	return size < room ? -EINVAL : -ENAMETOOLONG;
}

/* Says how many bytes of the path it knows; at a mount point it knows no more. */
static int do_lookup(struct object *obj, msg_t *msg)
{
	size_t len, done = 0;
	char path[PATH_MAX];
	int err = get_string(msg, path, sizeof(path));

	if (err)
		return err;
	while (path[done]) {
		if (path[done] == '/') {
			done++;
			continue;
		}
		len = strcspn(path + done, "/");
		if (obj->type != otDir)
			return -ENOTDIR;
		if (len != 1 || path[done] != '.')
			obj = len == 2 && !memcmp(path + done, "..", 2) ?
			      (obj->parent ? obj->parent : obj) :
			      entry(obj, path + done, len);
		if (!obj)
			return -ENOENT;
		done += len;
		if (obj->dev.port != fs.port)
			break;
	}
	msg->o.lookup.fil = oid_of(obj);
	msg->o.lookup.dev = obj->dev;
	return (int)done;
}

static int do_create(struct object *dir, msg_t *msg)
{
	int type = msg->i.create.type;
	oid_t dev = msg->i.create.dev;
	char name[NAME_MAX + 1];
	struct object *obj;
	int err = get_string(msg, name, sizeof(name));

	if (dir->type != otDir)
		return -ENOTDIR;
	if (err)
		return err;
	if (!*name || strchr(name, '/'))
		return -EINVAL;
	if (type != otDir && type != otFile && type != otDev)
		return -EINVAL;
	if (entry(dir, name, strlen(name)))
		return -EEXIST;
	obj = make(dir, name, type, msg->i.create.mode);
	if (!obj)
		return -ENOMEM;
	if (type == otDev)
		obj->dev = dev;
	msg->o.create.oid = oid_of(obj);
	return 0;
}

static int do_unlink(struct object *dir, const msg_t *msg)
{
	char name[NAME_MAX + 1];
	struct object *obj;
	int err = get_string(msg, name, sizeof(name));

	if (err)
		return err;
	obj = entry(dir, name, strlen(name));
	if (!obj)
		return -ENOENT;
	if (obj->entries)
		return -ENOTEMPTY;
	if (obj->type == otDir && obj->dev.port != fs.port)
		return -EBUSY;
	destroy(obj);
	return 0;
}

static int resize(struct object *obj, size_t size)
{
	char *data;

	if (obj->type != otFile)
		return -EINVAL;
	if (size > (64 << 20))
		return -EFBIG;
	data = realloc(obj->data, size ? size : 1);
	if (!data)
		return -ENOSPC;
	if (size > obj->size)
		memset(data + obj->size, 0, size - obj->size);
	fs.bytes += size - obj->size;
	obj->data = data;
	obj->size = size;
	obj->changed = time(NULL);
	return 0;
}

static int do_read(struct object *obj, off_t offs, void *data, size_t size)
{
	if (obj->type != otFile)
		return -EISDIR;
	if (offs < 0)
		return -EINVAL;
	if ((size_t)offs >= obj->size)
		return 0;
	size = min(size, obj->size - (size_t)offs);
	memcpy(data, obj->data + offs, size);
	return (int)size;
}

static int do_write(struct object *obj, off_t offs, const void *data, size_t size)
{
	int err = 0;

	if (obj->type != otFile)
		return -EISDIR;
	if (offs < 0 || offs > (64 << 20))
		return -EINVAL;
	if ((size_t)offs + size > obj->size)
		err = resize(obj, (size_t)offs + size);
	if (err)
		return err;
	memcpy(obj->data + offs, data, size);
	obj->changed = time(NULL);
	return (int)size;
}

static void *fill(struct dirent *out, const char *name, struct object *obj)
{
	static const int types[] = { [otDir] = DT_DIR, [otFile] = DT_REG, [otDev] = DT_CHR };

	out->d_ino = idtree_id(&obj->node);
	out->d_type = types[obj->type];
	out->d_reclen = 1;
	out->d_namlen = strlen(name);
	strcpy(out->d_name, name);
	return out;
}

static int do_readdir(struct object *dir, off_t pos, struct dirent *out, size_t size)
{
	struct object *obj = dir->entries;

	if (dir->type != otDir)
		return -ENOTDIR;
	if (pos == 0 || pos == 1) {
		if (size < sizeof(*out) + 3)
			return -EINVAL;
		fill(out, pos ? ".." : ".", pos && dir->parent ? dir->parent : dir);
		return 0;
	}
	for (pos -= 2; obj && pos > 0; pos--) {
		obj = obj->next;
		if (obj == dir->entries)
			obj = NULL;
	}
	if (!obj || pos < 0)
		return -ENOENT;
	if (size < sizeof(*out) + strlen(obj->name) + 1)
		return -EINVAL;
	fill(out, obj->name, obj);
	return 0;
}

static int get_attrs(struct object *obj, struct _attrAll *all)
{
	_phoenix_initAttrsStruct(all, 0);
	all->mode.val = obj->mode;
	all->size.val = obj->size;
	all->blocks.val = (obj->size + S_BLKSIZE - 1) / S_BLKSIZE;
	all->ioblock.val = 1;
	all->type.val = obj->type;
	all->port.val = obj->dev.port;
	all->cTime.val = obj->changed;
	all->mTime.val = obj->changed;
	all->aTime.val = obj->changed;
	all->links.val = 1;
	all->dev.err = -ENOSYS;
	return 0;
}

/* The attributes are numbered in the order of the structure, but for a gap. */
static int do_getattr(struct object *obj, int type, long long *val)
{
	struct _attrAll all;

	get_attrs(obj, &all);
	switch (type) {
	case atMode:
		*val = all.mode.val;
		return 0;
	case atSize:
		*val = all.size.val;
		return 0;
	case atType:
		*val = all.type.val;
		return 0;
	case atMTime:
		*val = all.mTime.val;
		return 0;
	default:
		return -EINVAL;
	}
}

static int do_setattr(struct object *obj, msg_t *msg)
{
	switch (msg->i.attr.type) {
	case atMode:
		obj->mode = (obj->mode & S_IFMT) | (msg->i.attr.val & ALLPERMS);
		return 0;
	case atSize:
		return resize(obj, (size_t)msg->i.attr.val);
	case atMTime:
		obj->changed = msg->i.attr.val;
		return 0;
	case atATime:
		return 0;
	case atDev:
		/* Something is mounted here, or no longer. */
		if (msg->i.size != sizeof(oid_t) || !msg->i.data)
			return -EINVAL;
		memcpy(&obj->dev, msg->i.data, sizeof(oid_t));
		return 0;
	default:
		return -EINVAL;
	}
}

static int do_stat(struct statvfs *st, size_t size)
{
	if (!st || size != sizeof(*st))
		return -EINVAL;
	memset(st, 0, sizeof(*st));
	st->f_bsize = 1;
	st->f_frsize = 1;
	st->f_blocks = fs.bytes;
	st->f_namemax = NAME_MAX;
	return 0;
}

static int serve(msg_t *msg)
{
	struct object *obj = find(msg->oid.id);

	if (msg->type == mtStat)
		return do_stat(msg->o.data, msg->o.size);
	if (!obj)
		return -ENOENT;
	switch (msg->type) {
	case mtOpen:
	case mtClose:
		return 0;
	case mtRead:
		return do_read(obj, msg->i.io.offs, msg->o.data, msg->o.size);
	case mtWrite:
		return do_write(obj, msg->i.io.offs, msg->i.data, msg->i.size);
	case mtTruncate:
		return resize(obj, msg->i.io.len);
	case mtCreate:
		return do_create(obj, msg);
	case mtLookup:
		return do_lookup(obj, msg);
	case mtUnlink:
		return do_unlink(obj, msg);
	case mtReaddir:
		return do_readdir(obj, msg->i.readdir.offs, msg->o.data, msg->o.size);
	case mtGetAttr:
		return do_getattr(obj, msg->i.attr.type, &msg->o.attr.val);
	case mtGetAttrAll:
		if (!msg->o.data || msg->o.size < sizeof(struct _attrAll))
			return -EINVAL;
		return get_attrs(obj, msg->o.data);
	case mtSetAttr:
		return do_setattr(obj, msg);
	default:
		return -ENOSYS;
	}
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "/";
	oid_t root = { 0 };
	msg_rid_t rid;
	msg_t msg;
	int err;

	err = portCreate(&fs.port);
	if (!err) {
		idtree_init(&fs.ids);
		if (!make(NULL, "", otDir, S_IFDIR | 0777))
			return 1;
		root.port = fs.port;
		err = portRegister(fs.port, name, &root);
	}
	if (err < 0) {
		fprintf(stderr, "flatfs: %s: %s\n", name, strerror(-err));
		return 1;
	}
	printf("flatfs: serves %s\n", name);
	fflush(stdout);
	for (;;) {
		err = msgRecv(fs.port, &msg, &rid);
		if (err == -EINTR)
			continue;
		if (err < 0)
			return 1;
		msg.o.err = serve(&msg);
		msgRespond(fs.port, &msg, rid);
	}
}
