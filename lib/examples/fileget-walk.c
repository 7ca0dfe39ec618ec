// SPDX-License-Identifier: MIT
/*
 * fileget: lists the server's tree, and makes its directories and symlinks.
 *
 * Everything that is made here must be new, so nothing that exists can be
 * overwritten, and no symlink that the server names can lead astray.
 *
 * One message tells about one entry, and its sender waits meanwhile. So several
 * threads ask at once: the list of directories that were found is also the
 * queue of those that are to be listed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <phxport.h>

#include "fileclient.h"
#include "fileget.h"

struct walk {
	const char *source;
	int dest;
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t changed;
	struct tree *tree;
	size_t next;		/* directory to be listed */
	int busy;		/* threads that list one now */
	bool failed;
};

mode_t mode_to_keep(const struct _attrAll *attrs)
{
	return attrs->mode.val & (ACCESSPERMS | S_ISVTX);
}

static int add_locked(struct list *list, const char *path, oid_t oid, mode_t mode)
{
	struct item *item;

	/* Room for a power of two of them. */
	if (!(list->n & (list->n - 1))) {
		item = reallocarray(list->items, list->n ? list->n * 2 : 1,
				    sizeof(*item));
		if (!item)
			return complain(path, "list", ENOMEM);
		list->items = item;
	}
	item = &list->items[list->n];
	*item = (struct item){ .path = strdup(path), .oid = oid, .mode = mode };
	if (!item->path)
		return complain(path, "list", ENOMEM);
	list->n++;
	return 0;
}

void free_list(struct list *list)
{
	while (list->n)
		free(list->items[--list->n].path);
	free(list->items);
	list->items = NULL;
}

static int add_file(struct walk *w, const char *path)
{
	int err;

	pthread_mutex_lock(&w->lock);
	err = add_locked(&w->tree->files, path, (oid_t){ 0 }, 0);
	pthread_mutex_unlock(&w->lock);
	return err;
}

/* Once it is in the list others make files in it: it must be there before. */
static int add_directory(struct walk *w, const char *path, oid_t oid, mode_t mode)
{
	int err;

	/* Of the copied directory itself there is one already. */
	if (strcmp(path, ".") && mkdirat(w->dest, path, 0700))
		return complain(path, "make directory", errno);
	pthread_mutex_lock(&w->lock);
	err = add_locked(&w->tree->dirs, path, oid, mode);
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return err;
}

static int add_link(struct walk *w, const char *path, oid_t oid)
{
	/* The server may say that it wrote more than it did. */
	char target[PATH_MAX] = { 0 };
	ssize_t len = file_read(oid, 0, target, sizeof(target) - 1);

	if (len < 0)
		return complain(path, "read symlink", -len);
	target[len] = '\0';
	if (symlinkat(target, w->dest, path))
		return complain(path, "make symlink", errno);
	pthread_mutex_lock(&w->lock);
	w->tree->links++;
	pthread_mutex_unlock(&w->lock);
	return 0;
}

static int skip(struct walk *w, const char *path)
{
	tell(path, "skipped, a special file");
	pthread_mutex_lock(&w->lock);
	w->tree->skipped++;
	pthread_mutex_unlock(&w->lock);
	return 0;
}

/* The path is asked for as a whole, as open() of Phoenix does. */
int find(const char *source, const char *path, oid_t *fil, oid_t *dev)
{
	const char *slash = source[strlen(source) - 1] == '/' ? "" : "/";
	char *full;
	int err;

	if (!strcmp(path, "."))
		return file_lookup(source, fil, dev);
	if (asprintf(&full, "%s%s%s", source, slash, path + 2) < 0)
		return -ENOMEM;
	err = file_lookup(full, fil, dev);
	free(full);
	return err;
}

/* The first lookup is also the first that needs the device. */
static int not_found(const char *path, int err)
{
	const char *why = phx_explain();

	if (*why) {
		fprintf(stderr, "fileget: %s\n", why);
		return -1;
	}
	if (err == ENOENT && !strcmp(path, "."))
		return complain(path, "look up (does a server have this name?)",
				err);
	return complain(path, "look up", err);
}

static int walk_object(struct walk *w, const char *path)
{
	struct _attrAll attrs;
	oid_t fil, dev;
	int err;

	err = find(w->source, path, &fil, &dev);
	if (err)
		return not_found(path, -err);
	err = file_attributes(fil, &attrs);
	if (err)
		return complain(path, "attributes", -err);
	switch (attrs.type.val) {
	case otDir:
		return add_directory(w, path, dev, mode_to_keep(&attrs));
	case otFile:
		return add_file(w, path);
	case otSymlink:
		return add_link(w, path, fil);
	default:
		return skip(w, path);
	}
}

/* A name comes from the server: it must be one, not a way somewhere else. */
static bool is_name(const char *name)
{
	return *name && !strchr(name, '/');
}

/* Of a file no more than its name is wanted now: that saves two messages. */
static int walk_entry(struct walk *w, const char *path,
		      const struct file_entry *entry)
{
	char *child;
	int err;

	if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
		return 0;
	if (!is_name(entry->name))
		return complain(path, "strange name in it", EIO);
	if (asprintf(&child, "%s/%s", path, entry->name) < 0)
		return complain(path, "list", ENOMEM);
	err = entry->type == DT_REG ? add_file(w, child) : walk_object(w, child);
	free(child);
	return err;
}

static int walk_entries(struct walk *w, const char *path, oid_t dir)
{
	struct file_entry entry = { 0 };
	int err;

	while (!(err = file_entry(dir, entry.next, &entry)))
		if (walk_entry(w, path, &entry))
			return -1;
	return err == -ENOENT ? 0 : complain(path, "read directory", -err);
}

static int walk_directory(struct walk *w, const char *path, oid_t oid)
{
	int err, err2;
	oid_t dir;

	err = file_open(oid, &dir);
	if (err)
		return complain(path, "open", -err);
	err = walk_entries(w, path, dir);
	err2 = file_close(dir);
	if (!err && err2)
		err = complain(path, "close", -err2);
	return err;
}

/* When none is left and nobody may find another one it is over. */
static void *walk_thread(void *arg)
{
	struct walk *w = arg;
	struct item dir;
	int err;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->next == w->tree->dirs.n && w->busy && !w->failed)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->next == w->tree->dirs.n || w->failed)
			break;
		dir = w->tree->dirs.items[w->next++];
		w->busy++;
		pthread_mutex_unlock(&w->lock);
		err = walk_directory(w, dir.path, dir.oid);
		pthread_mutex_lock(&w->lock);
		w->busy--;
		w->failed |= err != 0;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int walk_tree(const struct copy *copy, struct tree *tree)
{
	struct walk w = {
		.source = copy->source,
		.dest = copy->dest,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.tree = tree,
	};
	pthread_t threads[MAX_JOBS];
	int n;

	if (walk_object(&w, "."))
		return -1;
	if (!tree->dirs.n)
		return complain(".", "copy", ENOTDIR);
	for (n = 0; n < copy->jobs - 1; n++)
		if (pthread_create(&threads[n], NULL, walk_thread, &w))
			break;
	walk_thread(&w);
	while (n)
		pthread_join(threads[--n], NULL);
	return w.failed ? -1 : 0;
}

/* From the leaves up: a directory comes before what is in it. */
int finish_directories(int dest, const struct list *dirs)
{
	const struct item *dir;

	for (size_t i = dirs->n; i; i--) {
		dir = &dirs->items[i - 1];
		if (fchmodat(dest, dir->path, dir->mode, 0))
			return complain(dir->path, "set mode", errno);
	}
	return 0;
}
