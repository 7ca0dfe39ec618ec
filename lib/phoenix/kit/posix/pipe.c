// SPDX-License-Identifier: MIT
/*
 * Pipes, which are /dev/posix/pipes' if that is served, else Linux'.
 */
#include "px.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What its mtCreate calls the common kind */
#define BUFFERED	0

static bool pipe_server(oid_t *srv)
{
	return !px_lookup("/dev/posix/pipes", NULL, srv);
}

static int pipe_end(oid_t oid, unsigned int flags)
{
	struct px_file *file = px_file_new(oid, oid, flags);
	int fd;

	if (!file)
		return -ENOMEM;
	file->pipe = true;
	file->multiplexed = true;
	fd = px_fd_install(file, 0);
	if (fd < 0)
		px_file_put(file);
	return fd;
}

static int make_pipe(oid_t srv, int fds[2])
{
	oid_t none = { 0 }, oid;
	int err;

	err = px_create(srv, BUFFERED, PHX_O_RDONLY | PHX_O_WRONLY, none, NULL, 0,
			&oid);
	if (err)
		return err;
	fds[0] = pipe_end(oid, PHX_O_RDONLY);
	if (fds[0] < 0) {
		px_close_oid(oid, PHX_O_WRONLY, 0);
		return fds[0];
	}
	fds[1] = pipe_end(oid, PHX_O_WRONLY);
	if (fds[1] >= 0)
		return 0;
	px_fd_take(fds[0]);
	return fds[1];
}

PX_API int phx_px_pipe(int fds[2])
{
	oid_t srv;

	if (!pipe_server(&srv))
		return pipe(fds);
	return (int)px_result(make_pipe(srv, fds));
}

static int make_fifo(oid_t srv, struct px_place *place, mode_t mode)
{
	oid_t none = { 0 }, oid;
	msg_t destroy = { .type = mtDestroy };
	int err;

	err = px_create(srv, BUFFERED, 0, none, NULL, 0, &oid);
	if (err)
		return err;
	err = px_link(oid, oid, place->path.text);
	if (!err) {
		err = px_create(place->dir, otDev, (mode & 07777) | S_IFIFO, oid,
				place->name, strlen(place->name) + 1, NULL);
		if (!err)
			return 0;
		px_unlink(oid, oid, place->path.text);
	}
	destroy.oid = oid;
	px_send(oid.port, &destroy);
	return err;
}

PX_API int phx_px_mkfifo(const char *path, mode_t mode)
{
	struct px_place place;
	oid_t srv;
	int err = px_find_place(path, true, &place);

	if (!err && !place.path.known && !place.known)
		return mkfifo(place.path.linux_path, mode);
	if (!err && place.path.known)
		err = -EEXIST;
	if (!err && !pipe_server(&srv))
		err = -ENOSYS;
	return (int)px_result(err ? err : make_fifo(srv, &place, mode));
}

PX_API int phx_px_mknod(const char *path, mode_t mode, dev_t dev)
{
	struct px_place place;
	int err;

	if (S_ISFIFO(mode))
		return phx_px_mkfifo(path, mode);
	err = px_find_place(path, true, &place);
	if (!err && !place.path.known && !place.known)
		return mknod(place.path.linux_path, mode, dev);
	return (int)px_result(err ? err : -EINVAL);
}
