// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open directories.
 *
 * A server's offsets are positions among the entries of the moment: when one is
 * taken away, later ones move up, and a client that goes on at its offset misses
 * some ("rm -r" would). So all entries are read at once when the reading begins,
 * and an offset of ours is the number of an entry. Reading from the beginning
 * again reads them anew.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "node.h"
#include "reply.h"
#include "wire.h"

/* No directory has so much in it; a server that goes on and on is stopped. */
#define MAX_SIZE	(32U << 20)

/* What stands for an entry whose server gives no number, as in libfuse */
#define UNKNOWN_NUMBER	0xffffffff

struct entry {
	uint64_t id;
	uint32_t type;		/* DT_* */
	char *name;
};

/* An open directory. The lock is for all of it. */
struct dir {
	pthread_mutex_t lock;
	struct node *node;
	bool open;		/* the server knows, and wants a close */
	bool read;
	struct entry *entries;
	size_t n, room;
};

/* A part of the answer */
struct page {
	fuse_req_t req;
	char *mem;
	size_t size;
	size_t used;
};

static struct dir *dir_of(const struct fuse_file_info *fi)
{
	return (struct dir *)(uintptr_t)fi->fh;
}

static void empty(struct dir *dir)
{
	for (size_t i = 0; i < dir->n; i++)
		free(dir->entries[i].name);
	dir->n = 0;
	dir->read = false;
}

static int add(struct dir *dir, const char *name, uint64_t id, uint32_t type)
{
	size_t room = dir->room ? 2 * dir->room : 32;
	struct entry *more;

	if (dir->n == dir->room) {
		more = reallocarray(dir->entries, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		dir->entries = more;
		dir->room = room;
	}
	more = &dir->entries[dir->n];
	more->id = id;
	more->type = type;
	more->name = strdup(name);
	if (!more->name)
		return -ENOMEM;
	dir->n++;
	return 0;
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/*
 * Servers remember the type of an object by its name, and forget to when another
 * takes its place: only directories are sure to be what they are said to be.
 */
static int add_entry(struct dir *dir, const struct phx_dirent *entry)
{
	oid_t oid = { .port = dir->node->oid.port, .id = entry->d_ino };

	if (is_dot(entry->d_name) || !entry->d_name[0] ||
	    strchr(entry->d_name, '/'))
		return 0;
	return add(dir, entry->d_name,
		   entry->d_ino ? node_number(oid) : UNKNOWN_NUMBER,
		   entry->d_type == DT_DIR ? DT_DIR : DT_UNKNOWN);
}

/* Answers that are no entries count as well: there may be no end of them. */
static int take_entry(struct dir *dir, const struct phx_dirent *entry, size_t *left)
{
	size_t size = sizeof(struct entry) + strlen(entry->d_name);
	int err;

	if (call_interrupted())
		return -EINTR;
	if (size > *left)
		return -EIO;
	*left -= size;
	err = add_entry(dir, entry);
	/* No way to get beyond it */
	return err || entry->d_reclen ? err : -EIO;
}

static int read_all(struct dir *dir)
{
	size_t left = MAX_SIZE;
	union wire_dirent entry;
	off_t offs = 0;
	int err;

	empty(dir);
	err = add(dir, ".", node_number(dir->node->oid), DT_DIR);
	if (!err)
		err = add(dir, "..", UNKNOWN_NUMBER, DT_DIR);
	while (!err) {
		err = wire_readdir(dir->node->oid, offs, &entry);
		if (!err)
			err = take_entry(dir, &entry.entry, &left);
		offs += entry.entry.d_reclen;
	}
	dir->read = err == -ENOENT;
	return dir->read ? 0 : err;
}

static int open_dir(struct node *node, struct dir **res)
{
	struct dir *dir = calloc(1, sizeof(*dir));
	oid_t opened;
	int err;

	if (!dir)
		return -ENOMEM;
	pthread_mutex_init(&dir->lock, NULL);
	dir->node = node;
	err = node_use(node);
	if (err) {
		free(dir);
		return err;
	}
	err = wire_open(node->dev, 0, &opened);
	dir->open = !err;
	if (dir->open)
		node_opened(node);
	node_done(node);
	if (err && !wire_unsupported(err)) {
		free(dir);
		return err;
	}
	*res = dir;
	return 0;
}

static void close_dir(struct dir *dir)
{
	if (dir->open) {
		node_closing(dir->node);
		wire_close(dir->node->dev, 0);
	}
	empty(dir);
	free(dir->entries);
	pthread_mutex_destroy(&dir->lock);
	free(dir);
}

static void do_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct dir *dir;
	int err;

	call_begin(req);
	err = open_dir(node_of(ino), &dir);
	if (err) {
		reply_error(req, err);
		return;
	}
	fi->fh = (uintptr_t)dir;
	call_end();
	if (fuse_reply_open(req, fi))
		close_dir(dir);
}

static void do_releasedir(fuse_req_t req, fuse_ino_t ino,
			  struct fuse_file_info *fi)
{
	(void)ino;
	close_dir(dir_of(fi));
	reply_error(req, 0);
}

/* Returns whether there was room for it. */
static bool put_plain(struct page *page, const struct entry *entry, off_t next)
{
	const struct stat st = { .st_ino = entry->id,
				 .st_mode = DTTOIF(entry->type) };
	size_t size = fuse_add_direntry(page->req, page->mem + page->used,
					page->size - page->used, entry->name,
					&st, next);

	if (size > page->size - page->used)
		return false;
	page->used += size;
	return true;
}

static bool has_room_plus(const struct page *page, const struct entry *entry)
{
	return fuse_add_direntry_plus(page->req, NULL, 0, entry->name, NULL, 0) <=
	       page->size - page->used;
}

/* An entry that can't be looked up is shown all the same; who wants it is told. */
static void look_up(struct dir *dir, const struct entry *entry,
		    struct fuse_entry_param *e)
{
	oid_t fil, dev;
	int err = -EINVAL;

	if (!is_dot(entry->name))
		err = wire_lookup(dir->node->oid, entry->name, &fil, &dev);
	if (!err)
		err = entry_get(fil, dev, e);
	if (!err)
		return;
	*e = (struct fuse_entry_param){ 0 };
	e->attr.st_ino = entry->id;
	e->attr.st_mode = DTTOIF(entry->type);
}

static bool put_plus(struct page *page, struct dir *dir,
		     const struct entry *entry, off_t next)
{
	struct fuse_entry_param e;

	if (!has_room_plus(page, entry))
		return false;
	look_up(dir, entry, &e);
	page->used += fuse_add_direntry_plus(page->req, page->mem + page->used,
					     page->size - page->used,
					     entry->name, &e, next);
	return true;
}

static int fill(struct page *page, struct dir *dir, off_t off, bool plus)
{
	int err = 0;
	size_t i;

	if (!dir->read || !off)
		err = read_all(dir);
	for (i = off; !err && i < dir->n; i++) {
		const struct entry *entry = &dir->entries[i];

		if (plus ? !put_plus(page, dir, entry, i + 1) :
			   !put_plain(page, entry, i + 1))
			break;
	}
	return err;
}

static void read_dir(fuse_req_t req, struct dir *dir, size_t size, off_t off,
		     bool plus)
{
	struct page page = { .req = req, .size = size };
	int err = -ENOMEM;

	call_begin(req);
	page.mem = malloc(size);
	if (page.mem) {
		pthread_mutex_lock(&dir->lock);
		err = off < 0 ? -EINVAL : fill(&page, dir, off, plus);
		pthread_mutex_unlock(&dir->lock);
	}
	if (err) {
		reply_error(req, err);
	} else {
		call_end();
		fuse_reply_buf(req, page.mem, page.used);
	}
	free(page.mem);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)ino;
	read_dir(req, dir_of(fi), size, off, false);
}

static void do_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
			   off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	read_dir(req, dir_of(fi), size, off, true);
}

static void do_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync,
			struct fuse_file_info *fi)
{
	int err;

	(void)datasync;
	(void)fi;
	call_begin(req);
	err = wire_sync(node_of(ino)->dev);
	reply_error(req, wire_unsupported(err) ? 0 : err);
}

void dir_operations(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = do_opendir;
	ops->releasedir = do_releasedir;
	ops->readdir = do_readdir;
	ops->readdirplus = do_readdirplus;
	ops->fsyncdir = do_fsyncdir;
}
