// SPDX-License-Identifier: MIT
#include "px.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* mtOpen, and what comes after it. */
static int open_found(oid_t node, oid_t dev, unsigned int flags)
{
	struct px_file *file;
	long long size;
	oid_t oid = dev;
	int fd, err;

	err = px_open_oid(&oid, flags);
	if (err)
		return err;
	file = px_file_new(oid, node, flags);
	if (!file) {
		px_close_oid(oid, flags, 0);
		return -ENOMEM;
	}
	file->multiplexed = oid.id != dev.id;
	if ((flags & PHX_O_APPEND) && !px_get_attr(oid, atSize, &size))
		file->offset = size;
	if (flags & PHX_O_TRUNC) {
		msg_t msg = { .type = mtTruncate, .oid = oid };

		px_send(oid.port, &msg);
	}
	fd = px_fd_install(file, 0);
	if (fd < 0)
		px_file_put(file);
	return fd;
}

static int open_new(struct px_place *place, unsigned int flags, mode_t mode)
{
	oid_t none = { 0 }, oid;
	int res;

	if (!*place->name)
		return -EISDIR;
	res = px_create(place->dir, otFile, (mode & 07777) | S_IFREG, none,
			place->name, strlen(place->name) + 1, &oid);
	if (res)
		return res;
	res = open_found(oid, oid, flags);
	if (res < 0) {
		msg_t msg = { .type = mtDestroy, .oid = oid };

		px_unlink(place->dir, oid, place->name);
		px_send(oid.port, &msg);
	}
	return res;
}

/* Its place is asked, not the device: drivers answer anything. */
static bool is_dir(const struct px_path *path)
{
	struct stat st;

	return !px_node_stat(path->fil, path->dev, path->fil, &st) &&
	       S_ISDIR(st.st_mode);
}

static int open_known(const struct px_path *path, unsigned int flags)
{
	if ((flags & PHX_O_CREAT) && (flags & PHX_O_EXCL))
		return -EEXIST;
	if ((flags & (PHX_O_WRONLY | PHX_O_RDWR)) && is_dir(path))
		return -EISDIR;
	return open_found(path->fil, path->dev, flags);
}

/**
 * px_open - open by a path
 *
 * A file that only Linux has is opened, too, if it is to be made where a server
 * has the directory: so /dev/null is always there.
 *
 * @path: the path
 * @flags: PHX_O_*
 * @mode: permissions of a file that is made
 *
 * Return: a number, of Linux' or a server's file, or a negative number.
 */
int px_open(const char *path, unsigned int flags, mode_t mode)
{
	struct px_place place;
	int fd, err;

	err = px_find_place(path, true, &place);
	if (err)
		return err;
	if (place.path.known)
		return open_known(&place.path, flags);
	if (place.known && (flags & PHX_O_CREAT) && (flags & PHX_O_EXCL))
		return open_new(&place, flags, mode);
	fd = open(place.path.linux_path,
		  px_flags_to_linux(flags) & (place.known ? ~O_CREAT : ~0), mode);
	if (fd >= 0 || errno != ENOENT || !(flags & PHX_O_CREAT) || !place.known)
		return fd < 0 ? -errno : fd;
	return open_new(&place, flags, mode);
}

PX_API int phx_px_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	if (flags & PHX_O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return (int)px_result(px_open(path, (unsigned int)flags, mode));
}

PX_API int phx_px_creat(const char *path, mode_t mode)
{
	return (int)px_result(px_open(path, PHX_O_WRONLY | PHX_O_CREAT |
				      PHX_O_TRUNC, mode));
}

PX_API int phx_px_close(int fd)
{
	return px_fd_take(fd) ? 0 : close(fd);
}

static int dup_to(struct px_file *file, int at_least)
{
	int fd = px_fd_install(file, at_least);

	if (fd < 0)
		px_file_put(file);
	return fd;
}

PX_API int phx_px_dup(int fd)
{
	struct px_file *file = px_fd_get(fd);

	/* The reference that was got becomes the new number's. */
	return file ? (int)px_result(dup_to(file, 0)) : dup(fd);
}

PX_API int phx_px_dup2(int fd, int fd2)
{
	struct px_file *file = px_fd_get(fd);
	int res;

	if (!file) {
		res = dup2(fd, fd2);
		if (res >= 0 && fd != fd2)
			px_fd_forget(fd2);
		return res;
	}
	if (fd == fd2) {
		px_file_put(file);
		return fd;
	}
	res = px_fd_replace(file, fd2);
	if (res < 0)
		px_file_put(file);
	return (int)px_result(res);
}

static int set_flags(struct px_file *file, unsigned int flags)
{
	const unsigned int may = PHX_O_APPEND | PHX_O_NONBLOCK | PHX_O_SYNC;

	pthread_mutex_lock(&file->lock);
	file->flags = (file->flags & ~may) | (flags & may);
	pthread_mutex_unlock(&file->lock);
	return 0;
}

static int fcntl_server(struct px_file *file, int fd, int cmd, long arg)
{
	switch (cmd) {
	case PHX_F_DUPFD:
	case PHX_F_DUPFD_CLOEXEC:
		atomic_fetch_add(&file->refs, 1);
		return dup_to(file, (int)arg);
	case PHX_F_GETFD:
		return fcntl(fd, F_GETFD);
	case PHX_F_SETFD:
		return 0;	/* they never outlive an exec() */
	case PHX_F_GETFL:
		return (int)file->flags;
	case PHX_F_SETFL:
		return set_flags(file, (unsigned int)arg);
	default:
		return -EINVAL;
	}
}

static int fcntl_linux(int fd, int cmd, long arg)
{
	static const int cmds[] = {
		[PHX_F_DUPFD] = F_DUPFD,
		[PHX_F_DUPFD_CLOEXEC] = F_DUPFD_CLOEXEC,
		[PHX_F_GETFD] = F_GETFD,
		[PHX_F_SETFD] = F_SETFD,
		[PHX_F_GETFL] = F_GETFL,
		[PHX_F_SETFL] = F_SETFL,
	};
	int res;

	if (cmd < 0 || cmd >= (int)(sizeof(cmds) / sizeof(*cmds)))
		return -EINVAL;
	if (cmd == PHX_F_SETFL)
		arg = px_flags_to_linux((unsigned int)arg);
	res = fcntl(fd, cmds[cmd], arg);
	if (res < 0)
		return -errno;
	return cmd == PHX_F_GETFL ? (int)px_flags_from_linux(res) : res;
}

PX_API int phx_px_fcntl(int fd, int cmd, ...)
{
	struct px_file *file = px_fd_get(fd);
	va_list args;
	long arg;
	int res;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	if (!file)
		return (int)px_result(fcntl_linux(fd, cmd, arg));
	res = fcntl_server(file, fd, cmd, arg);
	px_file_put(file);
	return (int)px_result(res);
}
