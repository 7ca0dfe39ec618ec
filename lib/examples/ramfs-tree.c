// SPDX-License-Identifier: MIT
/*
 * Objects and their names.
 */
#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ramfs.h"

pthread_mutex_t ramfs_lock = PTHREAD_MUTEX_INITIALIZER;
bool ramfs_strict;

static uint32_t our_port;
static struct object **objects;	/* by id */
static size_t n_objects, first_free;

struct object *ramfs_object(oid_t oid)
{
	return oid.id < n_objects ? objects[oid.id] : NULL;
}

static bool make_room(void)
{
	size_t n = n_objects ? 2 * n_objects : 64;
	struct object **more;

	if (first_free < n_objects)
		return true;
	more = reallocarray(objects, n, sizeof(*more));
	if (!more)
		return false;
	memset(more + n_objects, 0, (n - n_objects) * sizeof(*more));
	objects = more;
	n_objects = n;
	return true;
}

/* With one reference, so that it stays until it has a name */
static struct object *new_object(mode_t mode)
{
	struct object *o;

	if (!make_room())
		return NULL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->oid = (oid_t){ our_port, first_free };
	objects[first_free] = o;
	while (first_free < n_objects && objects[first_free])
		first_free++;
	o->dev = o->oid;
	o->mode = mode;
	o->refs = 1;
	o->atime = o->mtime = o->ctime = time(NULL);
	TAILQ_INIT(&o->dir.entries);
	return o;
}

static void remove_entries(struct object *o);

static void destroy(struct object *o)
{
	remove_entries(o);
	ramfs_free_data(o);
	objects[o->oid.id] = NULL;
	if (o->oid.id < first_free)
		first_free = o->oid.id;
	free(o);
}

void ramfs_hold(struct object *o)
{
	o->refs++;
}

void ramfs_put(struct object *o)
{
	if (--o->refs <= 0 && o->nlink <= 0)
		destroy(o);
}

static int compare_names(const void *a, const void *b)
{
	const struct ram_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct ram_entry *find_entry(struct dir *dir, const char *name, size_t len)
{
	char room[sizeof(struct ram_entry) + RAMFS_NAME_MAX + 1] = { 0 };
	struct ram_entry *key = (struct ram_entry *)room, **found;

	if (len > RAMFS_NAME_MAX)
		return NULL;
	memcpy(key->name, name, len);
	found = tfind(key, &dir->names, compare_names);
	return found ? *found : NULL;
}

static int add_entry(struct object *o, const char *name, mode_t mode, oid_t oid)
{
	size_t len = strlen(name);
	struct dir *dir = &o->dir;
	struct ram_entry *e;

	if (len > RAMFS_NAME_MAX)
		return -ENAMETOOLONG;
	if (find_entry(dir, name, len))
		return -EEXIST;
	e = calloc(1, sizeof(*e) + len + 1);
	if (!e)
		return -ENOSPC;
	e->oid = oid;
	e->type = IFTODT(mode);
	e->len = len;
	memcpy(e->name, name, len);
	if (!tsearch(e, &dir->names, compare_names)) {
		free(e);
		return -ENOSPC;
	}
	TAILQ_INSERT_TAIL(&dir->entries, e, order);
	dir->n++;
	o->size += sizeof(*e) + len + 1;
	return 0;
}

static void remove_entry(struct object *o, struct ram_entry *e)
{
	struct dir *dir = &o->dir;

	tdelete(e, &dir->names, compare_names);
	TAILQ_REMOVE(&dir->entries, e, order);
	dir->n--;
	dir->last = NULL;
	o->size -= sizeof(*e) + e->len + 1;
	free(e);
}

static void remove_entries(struct object *o)
{
	struct ram_entry *e;

	while ((e = TAILQ_FIRST(&o->dir.entries)))
		remove_entry(o, e);
}

static bool is_elsewhere(oid_t oid)
{
	return oid.port != our_port;
}

/*
 * Goes down from a directory as far as this server knows the way. What is behind
 * a device or where something is mounted is for its server to find; the answer
 * is how many characters were used up.
 */
int ramfs_lookup(oid_t dir, const char *path, oid_t *fil, oid_t *dev)
{
	struct object *o = ramfs_object(dir);
	const char *at = path;
	struct ram_entry *e;

	if (is_elsewhere(dir))
		return -EINVAL;
	if (!o || !*path)
		return -ENOENT;
	for (;;) {
		at += strspn(at, "/");
		if (!*at)
			break;
		if (!S_ISDIR(o->mode))
			return -ENOTDIR;
		if (is_elsewhere(o->dev)) {
			at--;
			break;
		}
		e = find_entry(&o->dir, at, strcspn(at, "/"));
		if (!e)
			return -ENOENT;
		at += e->len;
		o = ramfs_object(e->oid);
		if (!S_ISDIR(o->mode) && is_elsewhere(o->dev))
			break;
	}
	*fil = o->oid;
	*dev = o->dev;
	return at - path;
}

static int add_directory(struct object *d, struct object *o)
{
	int err = add_entry(o, ".", S_IFDIR, o->oid);

	if (!err)
		err = add_entry(o, "..", S_IFDIR, d->oid);
	if (err) {
		remove_entries(o);
		return err;
	}
	o->nlink++;
	d->nlink++;
	return 0;
}

/* What had the name is left to who has it open. */
static void replace(struct ram_entry *e, oid_t oid)
{
	struct object *victim = ramfs_object(e->oid);

	ramfs_hold(victim);
	victim->nlink--;
	e->oid = oid;
	ramfs_put(victim);
}

static void touch(struct object *d, struct object *o)
{
	d->mtime = d->atime = o->mtime = time(NULL);
}

static int give_name(struct object *d, const char *name, struct object *o)
{
	int err = add_entry(d, name, o->mode, o->oid);

	if (err)
		return err;
	if (S_ISDIR(o->mode))
		err = add_directory(d, o);
	if (err) {
		remove_entry(d, find_entry(&d->dir, name, strlen(name)));
		return err;
	}
	o->nlink++;
	touch(d, o);
	return 0;
}

int ramfs_link(oid_t dir, const char *name, oid_t oid)
{
	struct object *d = ramfs_object(dir), *o = ramfs_object(oid);
	struct ram_entry *e;

	if (is_elsewhere(dir) || is_elsewhere(oid))
		return -EINVAL;
	if (!d || !o)
		return -ENOENT;
	if (!S_ISDIR(d->mode))
		return -EEXIST;
	/* It goes when it is closed, and what is in it would be lost. */
	if (!d->nlink)
		return -ENOENT;
	if (S_ISDIR(o->mode) && o->nlink)
		return -EINVAL;
	e = find_entry(&d->dir, name, strlen(name));
	if (e && !ramfs_strict && !S_ISDIR(ramfs_object(e->oid)->mode) &&
	    e->oid.id != oid.id) {
		o->nlink++;
		replace(e, oid);
		touch(d, o);
		return 0;
	}
	return give_name(d, name, o);
}

int ramfs_unlink(oid_t dir, const char *name)
{
	struct object *d = ramfs_object(dir), *o;
	struct ram_entry *e;

	if (is_elsewhere(dir) || !d || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	e = find_entry(&d->dir, name, strlen(name));
	if (!e)
		return -ENOENT;
	o = ramfs_object(e->oid);
	if (S_ISDIR(o->mode) && o->dir.n > 2)
		return -ENOTEMPTY;
	ramfs_hold(o);
	remove_entry(d, e);
	o->nlink--;
	if (S_ISDIR(o->mode)) {
		/* ".." must not outlive what it leads to. */
		remove_entries(o);
		o->nlink--;
		d->nlink--;
	}
	touch(d, o);
	ramfs_put(o);
	return 0;
}

static mode_t mode_of(int type, mode_t mode)
{
	switch (type) {
	case otDir:
		return mode | S_IFDIR;
	case otFile:
		return mode | S_IFREG;
	case otSymlink:
		return mode | S_IFLNK;
	case otDev:
		if (S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode))
			return mode;
		return (mode & 0777) | S_IFCHR;
	default:
		return mode;
	}
}

int ramfs_create(oid_t dir, const char *name, const char *target, int type,
		 mode_t mode, oid_t dev, oid_t *res)
{
	struct object *d = ramfs_object(dir), *o;
	int err;

	if (!d)
		return -ENOENT;
	if (!S_ISDIR(d->mode))
		return -ENOTDIR;
	if (find_entry(&d->dir, name, strlen(name)))
		return -EEXIST;
	o = new_object(mode_of(type, mode));
	if (!o)
		return -ENOSPC;
	if (S_ISCHR(o->mode) || S_ISBLK(o->mode) || S_ISFIFO(o->mode))
		o->dev = dev;
	*res = o->oid;
	err = ramfs_link(dir, name, o->oid);
	if (!err && S_ISLNK(o->mode)) {
		err = ramfs_write(o, 0, target, strlen(target));
		err = err < 0 ? err : 0;
		if (err)
			ramfs_unlink(dir, name);
	}
	ramfs_put(o);
	return err;
}

/* An entry's offset is the sum of the lengths of the names before it. */
int ramfs_readdir(oid_t dir, off_t offs, struct phx_dirent *out, size_t size)
{
	struct object *d = ramfs_object(dir);
	struct ram_entry *e;
	off_t at = 0;

	if (is_elsewhere(dir) || (d && (!S_ISDIR(d->mode) || offs < 0)))
		return -EINVAL;
	if (!d)
		return -ENOENT;
	e = TAILQ_FIRST(&d->dir.entries);
	if (d->dir.last && offs >= d->dir.last_offs) {
		e = d->dir.last;
		at = d->dir.last_offs;
	}
	for (; e && at < offs; e = TAILQ_NEXT(e, order))
		at += e->len;
	if (!e)
		return -ENOENT;
	if (!out || size < sizeof(*out) + e->len + 1)
		return -EINVAL;
	d->dir.last = e;
	d->dir.last_offs = at;
	out->d_ino = e->oid.id;
	out->d_type = e->type;
	out->d_reclen = out->d_namlen = e->len;
	memcpy(out->d_name, e->name, e->len + 1);
	return 0;
}

int ramfs_start(uint32_t port)
{
	struct object *root;

	our_port = port;
	root = new_object(S_IFDIR | 0755);
	if (!root)
		return -ENOMEM;
	root->nlink = 1;
	return add_directory(root, root);
}
