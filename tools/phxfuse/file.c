// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on open files. The server reads to, and writes from, the memory
 * that the kernel's requests come in and answers go out from; large ones it is
 * lent, so nothing is copied here.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attr.h"
#include "call.h"
#include "handle.h"
#include "reply.h"
#include "wire.h"

/* Each thread's own memory to read to, and the server that did so last */
struct room {
	size_t size;
	void *mem;
	uint32_t port;
};

static __thread struct room room;
static pthread_key_t room_key;
static pthread_once_t room_once = PTHREAD_ONCE_INIT;

static void free_room(void *arg)
{
	struct room *r = arg;

	munmap(r->mem, r->size);
	r->size = 0;
}

static void make_key(void)
{
	pthread_key_create(&room_key, free_room);
}

/*
 * Whole pages, so that all of them can be lent. A server sees what is in them, and may
 * say that it wrote what it did not: none gets what is another's.
 */
static void *get_room(size_t size, uint32_t port)
{
	void *mem;

	if (size <= room.size && port == room.port)
		return room.mem;
	pthread_once(&room_once, make_key);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	if (room.size)
		munmap(room.mem, room.size);
	room = (struct room){ size, mem, port };
	pthread_setspecific(room_key, &room);
	return mem;
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *handle;
	int err;

	call_begin(req);
	err = handle_open(node_of(ino), fi->flags, &handle);
	if (err) {
		reply_error(req, err);
		return;
	}
	handle_info(handle, fi);
	call_end();
	if (fuse_reply_open(req, fi))
		handle_close(handle);
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_close(handle_of(fi));
	reply_error(req, 0);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct handle *handle = handle_of(fi);
	void *mem = get_room(size, handle->oid.port);
	int n = -ENOMEM;

	(void)ino;
	call_begin(req);
	if (mem)
		n = wire_read(handle->oid, handle->flags, off, mem, size);
	if (n < 0) {
		reply_error(req, n);
		return;
	}
	call_end();
	fuse_reply_buf(req, mem, n);
}

/*
 * The kernel may not know that somebody else wrote to the file: then it is told
 * to ask again.
 */
static int append(fuse_req_t req, struct handle *handle, const char *buf,
		  size_t size, off_t off)
{
	struct node *node = handle->node;
	long long end = off;
	int n;

	(void)req;
	pthread_mutex_lock(&node->append);
	if (wire_getattr(handle->oid, atSize, &end) || end < 0)
		end = off;
	n = wire_write(handle->oid, handle->flags, end, buf, size);
	pthread_mutex_unlock(&node->append);
	if (end != off)
		fuse_lowlevel_notify_inval_inode(phxfuse_session(),
						 node_ino(node), -1, 0);
	return n;
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi)
{
	struct handle *handle = handle_of(fi);
	struct node *node = node_of(ino);
	int n;

	call_begin(req);
	if ((handle->flags & PHOENIX_O_APPEND) && !fi->writepage && !node->special)
		n = append(req, handle, buf, size, off);
	else
		n = wire_write(handle->oid, handle->flags, off, buf, size);
	if (n < 0) {
		reply_error(req, n);
		return;
	}
	if (!node->special)
		attr_written(node);
	call_end();
	fuse_reply_write(req, n);
}

/* The last moment at which somebody still waits for the file. */
static void do_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	call_begin(req);
	attr_settle(node_of(ino));
	reply_error(req, 0);
}

/* Servers that keep nothing back have no message for it. */
static void do_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
		     struct fuse_file_info *fi)
{
	struct node *node = node_of(ino);
	int err = 0;

	(void)datasync;
	call_begin(req);
	attr_settle(node);
	if (!node->special)
		err = wire_sync(handle_of(fi)->oid);
	reply_error(req, wire_unsupported(err) ? 0 : err);
}

void file_operations(struct fuse_lowlevel_ops *ops)
{
	ops->open = do_open;
	ops->release = do_release;
	ops->read = do_read;
	ops->write = do_write;
	ops->flush = do_flush;
	ops->fsync = do_fsync;
}
