// SPDX-License-Identifier: MIT
/*
 * fileget: walks the server's tree.
 *
 * Everything that is made here must be new, so nothing that exists can be
 * overwritten, and no symlink that the server names can lead astray.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
	struct tree *tree;
};

static int walk_object(struct walk *w, const char *path);

static int add(struct list *list, const char *path, oid_t oid,
	       const struct _attrAll *attrs)
{
	struct item *item;

	/* Room for a power of two of them. */
	if (!(list->n & (list->n - 1))) {
		item = reallocarray(list->items, list->n ? list->n * 2 : 1,
				    sizeof(*item));
		if (!item)
			return -ENOMEM;
		list->items = item;
	}
	item = &list->items[list->n];
	*item = (struct item){
		.path = strdup(path),
		.oid = oid,
		.mode = attrs->mode.val & (ACCESSPERMS | S_ISVTX),
		.size = attrs->size.val,
	};
	if (!item->path)
		return -ENOMEM;
	list->n++;
	list->bytes += item->size;
	return 0;
}

void free_list(struct list *list)
{
	while (list->n)
		free(list->items[--list->n].path);
	free(list->items);
	list->items = NULL;
}

/* A name comes from the server: it must be one, not a way somewhere else. */
static bool is_name(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") &&
	       !strchr(name, '/');
}

static int walk_entries(struct walk *w, const char *path, oid_t dir)
{
	struct file_entry entry = { 0 };
	char *child;
	int err;

	while (!(err = file_entry(dir, entry.next, &entry))) {
		if (!strcmp(entry.name, ".") || !strcmp(entry.name, ".."))
			continue;
		if (!is_name(entry.name))
			return complain(path, "strange name in it", EIO);
		if (asprintf(&child, "%s/%s", path, entry.name) < 0)
			return complain(path, "list", ENOMEM);
		err = walk_object(w, child);
		free(child);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : complain(path, "read directory", -err);
}

static int walk_directory(struct walk *w, const char *path, oid_t oid)
{
	int err, err2;
	oid_t dir;

	/* Of the copied directory itself there is one already. */
	if (strcmp(path, ".") && mkdirat(w->dest, path, 0700))
		return complain(path, "make directory", errno);
	err = file_open(oid, &dir);
	if (err)
		return complain(path, "open", -err);
	err = walk_entries(w, path, dir);
	err2 = file_close(dir);
	if (!err && err2)
		return complain(path, "close", -err2);
	return err;
}

static int copy_link(struct walk *w, const char *path, oid_t oid)
{
	char target[PATH_MAX];
	ssize_t len = file_read(oid, 0, target, sizeof(target) - 1);

	if (len < 0)
		return complain(path, "read symlink", -len);
	target[len] = '\0';
	if (symlinkat(target, w->dest, path))
		return complain(path, "make symlink", errno);
	w->tree->links++;
	return 0;
}

/* The path is asked for as a whole, as open() of Phoenix does. */
static int find(struct walk *w, const char *path, oid_t *fil, oid_t *dev)
{
	const char *slash = w->source[strlen(w->source) - 1] == '/' ? "" : "/";
	char *full;
	int err;

	if (!strcmp(path, "."))
		return file_lookup(w->source, fil, dev);
	if (asprintf(&full, "%s%s%s", w->source, slash, path + 2) < 0)
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

	err = find(w, path, &fil, &dev);
	if (err)
		return not_found(path, -err);
	err = file_attributes(fil, &attrs);
	if (err)
		return complain(path, "attributes", -err);
	switch (attrs.type.val) {
	case otDir:
		err = add(&w->tree->dirs, path, dev, &attrs);
		return err ? complain(path, "list", -err) :
			     walk_directory(w, path, dev);
	case otFile:
		err = add(&w->tree->files, path, dev, &attrs);
		return err ? complain(path, "list", -err) : 0;
	case otSymlink:
		return copy_link(w, path, fil);
	default:
		fprintf(stderr, "fileget: %s: skipped, a special file\n", path);
		w->tree->skipped++;
		return 0;
	}
}

int walk_tree(const char *source, int dest, struct tree *tree)
{
	struct walk w = { .source = source, .dest = dest, .tree = tree };
	int err = walk_object(&w, ".");

	if (!err && !tree->dirs.n)
		return complain(".", "copy", ENOTDIR);
	return err;
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
