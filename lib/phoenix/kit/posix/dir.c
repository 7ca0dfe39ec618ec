// SPDX-License-Identifier: MIT
/*
 * Directories: a server's, whose entries come one by one, or Linux'.
 */
#include "px.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest name that Linux has fits, too */
#define ENTRY_SIZE	(sizeof(struct phx_dirent) + PHX_NAME_LEN + 1)

/* In a program: DIR */
struct phx_dir {
	DIR *linux_dir;		/* or NULL */
	int fd;
	oid_t oid;
	long pos;
	union {
		struct phx_dirent entry;
		char room[ENTRY_SIZE];
	};
};

/* Take over the number of an open file. */
static int attach(struct phx_dir *dir, int fd)
{
	struct px_file *file = px_fd_get(fd);
	long long type;
	int err;

	dir->fd = fd;
	if (!file) {
		dir->linux_dir = fdopendir(fd);
		return dir->linux_dir ? 0 : -errno;
	}
	dir->oid = file->oid;
	err = px_get_attr(dir->oid, atType, &type);
	px_file_put(file);
	if (err)
		return -EIO;
	return type == otDir ? 0 : -ENOTDIR;
}

PX_API struct phx_dir *phx_px_fdopendir(int fd)
{
	struct phx_dir *dir = calloc(1, sizeof(*dir));
	int err;

	if (!dir)
		return NULL;
	err = attach(dir, fd);
	if (!err)
		return dir;
	free(dir);
	errno = -err;
	return NULL;
}

PX_API struct phx_dir *phx_px_opendir(const char *path)
{
	/* Flags of 0, as Phoenix-RTOS says it to the server. */
	int fd = px_open(path, 0, 0), err;
	struct phx_dir *dir;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	dir = phx_px_fdopendir(fd);
	if (!dir) {
		err = errno;
		if (!px_fd_take(fd))
			close(fd);
		errno = err;
	}
	return dir;
}

static struct phx_dirent *next_of_linux(struct phx_dir *dir)
{
	struct dirent *from = readdir(dir->linux_dir);
	size_t len;

	if (!from)
		return NULL;
	len = strlen(from->d_name);
	dir->entry.d_ino = from->d_ino;
	dir->entry.d_type = from->d_type;
	dir->entry.d_reclen = 1;
	dir->entry.d_namlen = (uint16_t)len;
	memcpy(dir->entry.d_name, from->d_name, len + 1);
	return &dir->entry;
}

PX_API struct phx_dirent *phx_px_readdir(struct phx_dir *dir)
{
	msg_t msg = { .type = mtReaddir };
	int err;

	if (!dir) {
		errno = EBADF;
		return NULL;
	}
	if (dir->linux_dir)
		return next_of_linux(dir);
	memset(dir->room, 0, sizeof(dir->room));
	msg.oid = dir->oid;
	msg.i.readdir.offs = dir->pos;
	msg.o.data = dir->room;
	msg.o.size = sizeof(dir->room);
	err = px_send(dir->oid.port, &msg);
	if (err < 0) {
		if (err != -ENOENT)
			errno = -err;
		return NULL;
	}
	dir->room[sizeof(dir->room) - 1] = '\0';
	/* What the server says of the length need not be true. */
	dir->entry.d_namlen = (uint16_t)strlen(dir->entry.d_name);
	/* An entry that takes no place would come again for ever. */
	dir->pos += dir->entry.d_reclen ?: 1;
	return &dir->entry;
}

PX_API void phx_px_seekdir(struct phx_dir *dir, long pos)
{
	if (dir->linux_dir)
		seekdir(dir->linux_dir, pos);
	else
		dir->pos = pos;
}

PX_API long phx_px_telldir(struct phx_dir *dir)
{
	return dir->linux_dir ? telldir(dir->linux_dir) : dir->pos;
}

PX_API void phx_px_rewinddir(struct phx_dir *dir)
{
	if (dir->linux_dir)
		rewinddir(dir->linux_dir);
	else
		dir->pos = 0;
}

PX_API int phx_px_dirfd(struct phx_dir *dir)
{
	return dir->fd;
}

PX_API int phx_px_closedir(struct phx_dir *dir)
{
	int res = 0;

	if (!dir)
		return (int)px_result(-EBADF);
	if (dir->linux_dir)
		res = closedir(dir->linux_dir);
	else
		px_fd_take(dir->fd);
	free(dir);
	return res;
}
