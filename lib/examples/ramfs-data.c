// SPDX-License-Identifier: MIT
/*
 * What is in files: chunks, which appear when they are first written.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ramfs.h"

#define CHUNK		4096UL
#define SIZE_LIMIT	((size_t)1 << 46)

size_t ramfs_used, ramfs_limit = 1UL << 30;

static size_t chunks_of(size_t size)
{
	return (size + CHUNK - 1) / CHUNK;
}

static void free_chunk(struct object *o, size_t i)
{
	if (o->chunks[i])
		ramfs_used -= CHUNK;
	free(o->chunks[i]);
	o->chunks[i] = NULL;
}

/* A file may be nearly all holes: where its chunks are counts as data, too. */
static int grow_table(struct object *o, size_t n)
{
	size_t size = (n - o->n_chunks) * sizeof(*o->chunks);
	void **more;

	if (size > ramfs_limit - ramfs_used)
		return -ENOSPC;
	more = realloc(o->chunks, n * sizeof(*more));
	if (!more)
		return -ENOSPC;
	memset(more + o->n_chunks, 0, size);
	o->chunks = more;
	o->n_chunks = n;
	ramfs_used += size;
	return 0;
}

static int set_chunks(struct object *o, size_t n)
{
	for (size_t i = n; i < o->n_chunks; i++)
		free_chunk(o, i);
	if (n == 0) {
		ramfs_used -= o->n_chunks * sizeof(*o->chunks);
		free(o->chunks);
		o->chunks = NULL;
		o->n_chunks = 0;
	}
	/* Room for more, so that a file that grows is not moved each time. */
	return n > o->n_chunks ? grow_table(o, n + n / 4) : 0;
}

void ramfs_free_data(struct object *o)
{
	set_chunks(o, 0);
}

/* What is beyond the end must be zeros if the file grows again. */
static void clear_tail(struct object *o, size_t size)
{
	size_t i = size / CHUNK, at = size % CHUNK;

	if (at && i < o->n_chunks && o->chunks[i])
		memset((char *)o->chunks[i] + at, 0, CHUNK - at);
}

static int resize(struct object *o, size_t size)
{
	int err;

	if (size > SIZE_LIMIT)
		return -EFBIG;
	if (size < o->size) {
		clear_tail(o, size);
		err = set_chunks(o, chunks_of(size));
		if (err)
			return err;
	}
	o->size = size;
	return 0;
}

int ramfs_truncate(struct object *o, size_t size)
{
	int err;

	if (S_ISDIR(o->mode))
		return -EISDIR;
	if (!S_ISREG(o->mode))
		return -EACCES;
	err = resize(o, size);
	if (!err)
		o->mtime = o->atime = time(NULL);
	return err;
}

static void *chunk_to_write(struct object *o, size_t i)
{
	if (!o->chunks[i] && ramfs_used + CHUNK <= ramfs_limit) {
		o->chunks[i] = calloc(1, CHUNK);
		if (o->chunks[i])
			ramfs_used += CHUNK;
	}
	return o->chunks[i];
}

/* Writes do not change the modification time: the server this is like doesn't. */
int ramfs_write(struct object *o, off_t offs, const void *buf, size_t size)
{
	size_t done = 0;

	if (offs < 0 || size > INT_MAX || (!S_ISREG(o->mode) && !S_ISLNK(o->mode)))
		return -EINVAL;
	if (!size)
		return 0;
	if (offs + size > SIZE_LIMIT)
		return -EFBIG;
	if (set_chunks(o, chunks_of(offs + size > o->size ? offs + size : o->size)))
		return -ENOSPC;
	while (done < size) {
		size_t at = (offs + done) % CHUNK, n = CHUNK - at;
		char *chunk = chunk_to_write(o, (offs + done) / CHUNK);

		if (!chunk)
			break;
		n = n < size - done ? n : size - done;
		memcpy(chunk + at, (const char *)buf + done, n);
		done += n;
	}
	if (offs + done > o->size)
		o->size = offs + done;
	return done ? (int)done : -ENOSPC;
}

int ramfs_read(struct object *o, off_t offs, void *buf, size_t size)
{
	size_t done = 0;

	o->atime = time(NULL);
	if (S_ISDIR(o->mode))
		return -EISDIR;
	if (offs < 0 || (!S_ISREG(o->mode) && !S_ISLNK(o->mode)))
		return -EINVAL;
	if ((size_t)offs >= o->size)
		return 0;
	if (size > o->size - offs)
		size = o->size - offs;
	if (size > INT_MAX)
		size = INT_MAX;
	while (done < size) {
		size_t i = (offs + done) / CHUNK, at = (offs + done) % CHUNK;
		size_t n = CHUNK - at < size - done ? CHUNK - at : size - done;

		if (i < o->n_chunks && o->chunks[i])
			memcpy((char *)buf + done, (char *)o->chunks[i] + at, n);
		else
			memset((char *)buf + done, 0, n);
		done += n;
	}
	return done;
}
