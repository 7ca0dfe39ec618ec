// SPDX-License-Identifier: MIT
#include "px.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int do_stat(const char *path, bool follow, struct stat *st)
{
	struct px_path found;
	int err = px_find(path, follow, &found);

	if (err)
		return err;
	if (found.known)
		return px_node_stat(found.fil, found.dev, found.fil, st);
	if (follow ? stat(found.linux_path, st) : lstat(found.linux_path, st))
		return -errno;
	return 0;
}

PX_API int phx_px_stat(const char *path, struct stat *st)
{
	return (int)px_result(do_stat(path, true, st));
}

PX_API int phx_px_lstat(const char *path, struct stat *st)
{
	return (int)px_result(do_stat(path, false, st));
}

PX_API int phx_px_fstat(int fd, struct stat *st)
{
	struct px_file *file = px_fd_get(fd);
	int err;

	if (!file)
		return fstat(fd, st);
	err = px_node_stat(file->node, file->oid, file->oid, st);
	if (file->pipe)
		st->st_mode = S_IFIFO | 0600;
	px_file_put(file);
	return (int)px_result(err);
}

/* The server as a whole is asked. The structure is Linux' on both ends. */
static int ask_statvfs(uint32_t port, struct statvfs *st)
{
	msg_t msg = { .type = mtStat };
	int err;

	memset(st, 0, sizeof(*st));
	msg.o.data = st;
	msg.o.size = sizeof(*st);
	err = px_send(port, &msg);
	return err < 0 ? err : 0;
}

PX_API int phx_px_statvfs(const char *path, struct statvfs *st)
{
	struct px_path found;
	long long mode;
	oid_t ask;
	int err = px_find(path, true, &found);

	if (!err && !found.known)
		return statvfs(found.linux_path, st);
	if (err)
		return (int)px_result(err);
	/* Where something is mounted, it is meant. */
	ask = found.fil;
	if (found.fil.port != found.dev.port) {
		err = px_get_attr(found.fil, atMode, &mode);
		if (err)
			return (int)px_result(-EIO);
		if (S_ISDIR((mode_t)mode))
			ask = found.dev;
	}
	return (int)px_result(ask_statvfs(ask.port, st));
}

PX_API int phx_px_fstatvfs(int fd, struct statvfs *st)
{
	struct px_file *file = px_fd_get(fd);
	int err;

	if (!file)
		return fstatvfs(fd, st);
	err = ask_statvfs(file->oid.port, st);
	px_file_put(file);
	return (int)px_result(err);
}
