// SPDX-License-Identifier: MIT
/*
 * fstree: objects of the file server, see fstree.h.
 *
 * Objects are never freed: there is one for each file that was looked up.
 * They are found by number (an array) and by device and inode (a search tree),
 * so that a file has one number no matter by which path it was reached.
 *
 * One mutex protects all of it. It is never held while file data is read: the
 * descriptor is kept open by the count of its users meanwhile.
 */
#include "fstree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct object {
	uint64_t id;
	dev_t dev;
	ino_t ino;
	mode_t mode;		/* of which only the type is looked at */
	char *path;		/* from the top directory, "." for that itself */
	unsigned int opens;	/* opened and not yet closed by clients */
	unsigned int users;	/* the same, and those who read just now */
	int fd;			/* open if there are users, else -1 */
	struct dirent **entries; /* of a directory, as last listed from its start */
	int n_entries;
};

static struct {
	pthread_mutex_t lock;
	int top;		/* descriptor of the top directory */
	struct object **objects; /* by id */
	size_t n_objects;
	void *by_inode;		/* tsearch() tree */
} tree = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int compare_inodes(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return 0;
}

static int open_beneath(const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = syscall(SYS_openat2, tree.top, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static struct object *find_locked(uint64_t id)
{
	return id < tree.n_objects ? tree.objects[id] : NULL;
}

static struct object *create_locked(const struct stat *st, char *path)
{
	struct object *obj, **objects;

	objects = reallocarray(tree.objects, tree.n_objects + 1, sizeof(obj));
	if (!objects)
		return NULL;
	tree.objects = objects;

	obj = calloc(1, sizeof(*obj));
	if (!obj)
		return NULL;
	obj->id = tree.n_objects;
	obj->dev = st->st_dev;
	obj->ino = st->st_ino;
	obj->path = path;
	obj->fd = -1;
	if (!tsearch(obj, &tree.by_inode, compare_inodes)) {
		free(obj);
		return NULL;
	}
	tree.objects[tree.n_objects++] = obj;
	return obj;
}

/* The path may lead to another file by now: then the object is gone. */
static int object_open_locked(struct object *obj, int flags)
{
	int fd = open_beneath(obj->path, flags);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || st.st_dev != obj->dev || st.st_ino != obj->ino) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/*
 * An object keeps its first path for as long as that leads to it, so that
 * clients who ask for "./././." don't make it longer and longer.
 */
static void choose_path_locked(struct object *obj, char *path)
{
	int fd = object_open_locked(obj, O_PATH);

	if (fd >= 0) {
		close(fd);
		free(path);
	} else {
		free(obj->path);
		obj->path = path;
	}
}

/* Takes @path over. */
static int object_locked(const struct stat *st, char *path, uint64_t *id)
{
	struct object key = { .dev = st->st_dev, .ino = st->st_ino };
	struct object **found = tfind(&key, &tree.by_inode, compare_inodes);
	struct object *obj;

	if (found) {
		obj = *found;
		choose_path_locked(obj, path);
	} else {
		obj = create_locked(st, path);
		if (!obj) {
			free(path);
			return -ENOMEM;
		}
	}
	obj->mode = st->st_mode;
	*id = obj->id;
	return 0;
}

static int resolve_locked(char *path, uint64_t *id)
{
	int fd = open_beneath(path, O_PATH);
	struct stat st;
	int err;

	if (fd < 0) {
		free(path);
		return fd;
	}
	err = fstat(fd, &st) ? -errno : 0;
	close(fd);
	if (err) {
		free(path);
		return err;
	}
	return object_locked(&st, path, id);
}

int fstree_start(const char *dir)
{
	char *path = strdup(".");
	uint64_t id;
	int err;

	if (!path)
		return -ENOMEM;
	tree.top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree.top < 0) {
		err = -errno;
		free(path);
		return err;
	}
	pthread_mutex_lock(&tree.lock);
	err = resolve_locked(path, &id);
	pthread_mutex_unlock(&tree.lock);
	return err;
}

/* A client has resolved ".." itself before it asks. */
static bool has_dotdot(const char *path)
{
	size_t len;

	for (; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
	return false;
}

int fstree_lookup(uint64_t dir, const char *path, uint64_t *id)
{
	struct object *obj;
	char *full;
	int err = 0;

	if (has_dotdot(path))
		return -ENOENT;

	pthread_mutex_lock(&tree.lock);
	obj = find_locked(dir);
	if (!obj)
		err = -ENOENT;
	else if (!S_ISDIR(obj->mode))
		err = -ENOTDIR;
	else if (asprintf(&full, "%s/%s", obj->path, path) < 0)
		err = -ENOMEM;
	else
		err = resolve_locked(full, id);
	pthread_mutex_unlock(&tree.lock);
	return err;
}

int fstree_stat(uint64_t id, struct stat *st)
{
	struct object *obj;
	int fd, err = 0;

	pthread_mutex_lock(&tree.lock);
	obj = find_locked(id);
	if (!obj)
		fd = -ENOENT;
	else
		fd = obj->fd >= 0 ? obj->fd : object_open_locked(obj, O_PATH);
	if (fd < 0)
		err = fd;
	else if (fstat(fd, st))
		err = -errno;
	if (fd >= 0 && fd != obj->fd)
		close(fd);
	pthread_mutex_unlock(&tree.lock);
	return err;
}

int fstree_statvfs(struct statvfs *st)
{
	if (fstatvfs(tree.top, st))
		return -errno;
	st->f_flag |= ST_RDONLY;
	return 0;
}

/* Special files are shown, but never opened: that could wait, or do things. */
static int open_flags(mode_t mode)
{
	if (S_ISREG(mode))
		return O_RDONLY | O_NOCTTY | O_NONBLOCK;
	if (S_ISDIR(mode))
		return O_RDONLY | O_DIRECTORY;
	if (S_ISLNK(mode))
		return O_PATH;
	return -ENXIO;
}

static int use_locked(struct object *obj)
{
	int flags, fd;

	if (!obj->users) {
		flags = open_flags(obj->mode);
		if (flags < 0)
			return flags;
		fd = object_open_locked(obj, flags);
		if (fd < 0)
			return fd;
		obj->fd = fd;
	}
	obj->users++;
	return 0;
}

static void unuse_locked(struct object *obj)
{
	if (--obj->users)
		return;
	close(obj->fd);
	obj->fd = -1;
	while (obj->n_entries)
		free(obj->entries[--obj->n_entries]);
	free(obj->entries);
	obj->entries = NULL;
}

int fstree_open(uint64_t id)
{
	struct object *obj;
	int err;

	pthread_mutex_lock(&tree.lock);
	obj = find_locked(id);
	err = obj ? use_locked(obj) : -ENOENT;
	if (!err)
		obj->opens++;
	pthread_mutex_unlock(&tree.lock);
	return err;
}

int fstree_close(uint64_t id)
{
	struct object *obj;
	int err = 0;

	pthread_mutex_lock(&tree.lock);
	obj = find_locked(id);
	if (!obj) {
		err = -ENOENT;
	} else if (!obj->opens) {
		err = -EBADF;
	} else {
		obj->opens--;
		unuse_locked(obj);
	}
	pthread_mutex_unlock(&tree.lock);
	return err;
}

static ssize_t read_target(int fd, char *buf, size_t size, off_t offs)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof(target));

	if (len < 0)
		return -errno;
	if (offs >= len)
		return 0;
	if (size > (size_t)(len - offs))
		size = len - offs;
	memcpy(buf, target + offs, size);
	return size;
}

ssize_t fstree_read(uint64_t id, void *buf, size_t size, off_t offs)
{
	struct object *obj;
	bool link = false;
	int fd = -1, err;
	ssize_t n;

	if (offs < 0)
		return -EINVAL;
	pthread_mutex_lock(&tree.lock);
	obj = find_locked(id);
	err = obj ? use_locked(obj) : -ENOENT;
	if (!err) {
		fd = obj->fd;
		link = S_ISLNK(obj->mode);
	}
	pthread_mutex_unlock(&tree.lock);
	if (err)
		return err;

	if (link) {
		n = read_target(fd, buf, size, offs);
	} else {
		n = pread(fd, buf, size, offs);
		if (n < 0)
			n = -errno;
	}

	pthread_mutex_lock(&tree.lock);
	unuse_locked(obj);
	pthread_mutex_unlock(&tree.lock);
	return n;
}

static int list_locked(struct object *obj)
{
	struct dirent **entries;
	int n = scandirat(obj->fd, ".", &entries, NULL, alphasort);

	if (n < 0)
		return -errno;
	while (obj->n_entries)
		free(obj->entries[--obj->n_entries]);
	free(obj->entries);
	obj->entries = entries;
	obj->n_entries = n;
	return 0;
}

static int entry_locked(struct object *obj, uint64_t pos, struct dirent *entry)
{
	int err;

	if (!pos || !obj->entries) {
		err = list_locked(obj);
		if (err)
			return err;
	}
	if (pos >= (uint64_t)obj->n_entries)
		return -ENOENT;
	entry->d_ino = obj->entries[pos]->d_ino;
	entry->d_type = obj->entries[pos]->d_type;
	strncpy(entry->d_name, obj->entries[pos]->d_name, sizeof(entry->d_name) - 1);
	entry->d_name[sizeof(entry->d_name) - 1] = '\0';
	return 0;
}

int fstree_entry(uint64_t id, uint64_t pos, struct dirent *entry)
{
	struct object *obj;
	int err;

	pthread_mutex_lock(&tree.lock);
	obj = find_locked(id);
	if (!obj)
		err = -ENOENT;
	else if (!S_ISDIR(obj->mode))
		err = -ENOTDIR;
	else
		err = use_locked(obj);
	if (!err) {
		err = entry_locked(obj, pos, entry);
		unuse_locked(obj);
	}
	pthread_mutex_unlock(&tree.lock);
	return err;
}
