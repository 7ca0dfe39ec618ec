// SPDX-License-Identifier: MIT
/*
 * Reading and writing.
 */
#include "px.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Longer ones are cut, as Linux cuts them */
#define TRANSFER_MAX	((size_t)PHX_MESSAGE_MAX)

/* At the file's own offset, which moves on */
#define HERE	((off_t)-1)

struct transfer {
	int type;		/* mtRead or mtWrite */
	void *data;
	size_t size;
	off_t offset;
};

/* A server that says it did more than was asked can't be trusted with the rest. */
static ssize_t send_transfer(struct px_file *file, const struct transfer *tr)
{
	msg_t msg = { .type = tr->type, .oid = file->oid };
	ssize_t done;

	pthread_mutex_lock(&file->lock);
	msg.i.io.offs = tr->offset == HERE ? file->offset : tr->offset;
	msg.i.io.mode = file->flags;
	pthread_mutex_unlock(&file->lock);
	if (tr->type == mtRead) {
		msg.o.data = tr->data;
		msg.o.size = tr->size < TRANSFER_MAX ? tr->size : TRANSFER_MAX;
	} else {
		msg.i.data = tr->data;
		msg.i.size = tr->size < TRANSFER_MAX ? tr->size : TRANSFER_MAX;
	}
	done = px_send(file->oid.port, &msg);
	return done > 0 && (size_t)done > tr->size ? -EIO : done;
}

static ssize_t transfer(struct px_file *file, const struct transfer *tr)
{
	unsigned int wrong = tr->type == mtRead ? PHX_O_WRONLY : PHX_O_RDONLY;
	ssize_t done;

	if (file->flags & wrong)
		return -EBADF;
	if (tr->offset != HERE && file->pipe)
		return -ESPIPE;
	if (!tr->data && tr->size)
		return -EFAULT;
	done = send_transfer(file, tr);
	if (done > 0 && tr->offset == HERE) {
		pthread_mutex_lock(&file->lock);
		file->offset += done;
		pthread_mutex_unlock(&file->lock);
	}
	return done;
}

/* Returns the number that the caller's caller shall return. */
static ssize_t finish(struct px_file *file, const struct transfer *tr)
{
	ssize_t res = transfer(file, tr);

	px_file_put(file);
	return px_result(res);
}

PX_API ssize_t phx_px_read(int fd, void *buf, size_t size)
{
	struct transfer tr = { mtRead, buf, size, HERE };
	struct px_file *file = px_fd_get(fd);

	return file ? finish(file, &tr) : read(fd, buf, size);
}

PX_API ssize_t phx_px_write(int fd, const void *buf, size_t size)
{
	struct transfer tr = { mtWrite, (void *)buf, size, HERE };
	struct px_file *file = px_fd_get(fd);

	return file ? finish(file, &tr) : write(fd, buf, size);
}

PX_API ssize_t phx_px_pread(int fd, void *buf, size_t size, off_t offset)
{
	struct transfer tr = { mtRead, buf, size, offset };
	struct px_file *file;

	if (offset < 0)
		return px_result(-EINVAL);
	file = px_fd_get(fd);
	return file ? finish(file, &tr) : pread(fd, buf, size, offset);
}

PX_API ssize_t phx_px_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	struct transfer tr = { mtWrite, (void *)buf, size, offset };
	struct px_file *file;

	if (offset < 0)
		return px_result(-EINVAL);
	file = px_fd_get(fd);
	return file ? finish(file, &tr) : pwrite(fd, buf, size, offset);
}

/* One after the other, until one is not done wholly. */
static ssize_t vector(struct px_file *file, int type, const struct iovec *iov,
		      int count)
{
	ssize_t done, all = 0;
	int i;

	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		struct transfer tr = { type, iov[i].iov_base, iov[i].iov_len, HERE };

		if (!tr.size)
			continue;
		done = transfer(file, &tr);
		if (done < 0)
			return all ? all : done;
		all += done;
		if ((size_t)done < tr.size)
			break;
	}
	return all;
}

PX_API ssize_t phx_px_readv(int fd, const struct iovec *iov, int count)
{
	struct px_file *file = px_fd_get(fd);
	ssize_t res;

	if (!file)
		return readv(fd, iov, count);
	res = vector(file, mtRead, iov, count);
	px_file_put(file);
	return px_result(res);
}

PX_API ssize_t phx_px_writev(int fd, const struct iovec *iov, int count)
{
	struct px_file *file = px_fd_get(fd);
	ssize_t res;

	if (!file)
		return writev(fd, iov, count);
	res = vector(file, mtWrite, iov, count);
	px_file_put(file);
	return px_result(res);
}

/* The server is always asked: what has no size can't be sought in. */
static off_t seek(struct px_file *file, off_t offset, int whence)
{
	long long size;
	off_t to = -1;

	if (file->pipe || px_get_attr(file->oid, atSize, &size) || size < 0)
		return -ESPIPE;
	pthread_mutex_lock(&file->lock);
	if (whence == SEEK_SET)
		to = offset;
	else if (whence == SEEK_CUR)
		to = file->offset + offset;
	else if (whence == SEEK_END)
		to = size + offset;
	if (to >= 0)
		file->offset = to;
	pthread_mutex_unlock(&file->lock);
	return to < 0 ? -EINVAL : to;
}

PX_API off_t phx_px_lseek(int fd, off_t offset, int whence)
{
	struct px_file *file = px_fd_get(fd);
	off_t res;

	if (!file)
		return lseek(fd, offset, whence);
	res = seek(file, offset, whence);
	px_file_put(file);
	return px_result(res);
}

static int truncate_oid(oid_t oid, off_t size)
{
	msg_t msg = { .type = mtTruncate, .oid = oid };
	int err;

	if (size < 0)
		return -EINVAL;
	msg.i.io.len = (uint64_t)size;
	err = px_send(oid.port, &msg);
	return err < 0 ? err : 0;
}

PX_API int phx_px_ftruncate(int fd, off_t size)
{
	struct px_file *file = px_fd_get(fd);
	int res;

	if (!file)
		return ftruncate(fd, size);
	res = file->flags & PHX_O_RDONLY ? -EBADF : truncate_oid(file->oid, size);
	px_file_put(file);
	return (int)px_result(res);
}

PX_API int phx_px_truncate(const char *path, off_t size)
{
	struct px_path found;
	int err = px_find(path, true, &found);

	if (!err && !found.known)
		return truncate(found.linux_path, size);
	return (int)px_result(err ? err : truncate_oid(found.fil, size));
}

/* The object is told twice: servers look in one place or the other. */
PX_API int phx_px_fsync(int fd)
{
	struct px_file *file = px_fd_get(fd);
	msg_t msg = { .type = mtSync };
	int err;

	if (!file)
		return fsync(fd);
	msg.oid = file->oid;
	memcpy(msg.i.raw, &file->oid, sizeof(file->oid));
	err = px_send(file->oid.port, &msg);
	px_file_put(file);
	return (int)px_result(err == -EIO ? err : 0);
}
