// SPDX-License-Identifier: MIT
/*
 * Streams on files of servers: glibc's, which call back here.
 */
#include "px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fd_of(void *cookie)
{
	return (int)(intptr_t)cookie;
}

static ssize_t stream_read(void *cookie, char *buf, size_t size)
{
	return phx_px_read(fd_of(cookie), buf, size);
}

/* glibc takes 0 for an error here, and -1 for a number of bytes. */
static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
	ssize_t done, all = 0;

	while (size > (size_t)all) {
		done = phx_px_write(fd_of(cookie), buf + all, size - (size_t)all);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		all += done;
	}
	return all;
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
	off_t to = phx_px_lseek(fd_of(cookie), *offset, whence);

	if (to < 0)
		return -1;
	*offset = to;
	return 0;
}

static int stream_close(void *cookie)
{
	return phx_px_close(fd_of(cookie));
}

/* The flags of a mode such as "r+"; 0 if it is none. */
static unsigned int mode_flags(const char *mode)
{
	bool plus = strchr(mode, '+');

	switch (*mode) {
	case 'r':
		return plus ? PHX_O_RDWR : PHX_O_RDONLY;
	case 'w':
		return (plus ? PHX_O_RDWR : PHX_O_WRONLY) | PHX_O_CREAT |
		       PHX_O_TRUNC;
	case 'a':
		return (plus ? PHX_O_RDWR : PHX_O_WRONLY) | PHX_O_CREAT |
		       PHX_O_APPEND;
	default:
		return 0;
	}
}

/*
 * Streams know no fileno() here, so the numbers of those that are open are kept,
 * for what asks for it.
 */
static FILE *on_server(int fd, const char *mode)
{
	static const cookie_io_functions_t calls = {
		.read = stream_read,
		.write = stream_write,
		.seek = stream_seek,
		.close = stream_close,
	};
	FILE *stream = fopencookie((void *)(intptr_t)fd, mode, calls);

	if (stream)
		stream->_fileno = fd;
	return stream;
}

PX_API FILE *phx_px_fdopen(int fd, const char *mode)
{
	struct px_file *file = px_fd_get(fd);

	if (!file)
		return fdopen(fd, mode);
	px_file_put(file);
	return on_server(fd, mode);
}

PX_API FILE *phx_px_fopen(const char *path, const char *mode)
{
	unsigned int flags = mode_flags(mode);
	FILE *stream;
	int fd, err;

	if (!flags) {
		errno = EINVAL;
		return NULL;
	}
	fd = px_open(path, flags | (strchr(mode, 'x') ? PHX_O_EXCL : 0), 0666);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	stream = phx_px_fdopen(fd, mode);
	if (!stream) {
		err = errno;
		phx_px_close(fd);
		errno = err;
	}
	return stream;
}

/* A stream can't change what it calls: what is open on a server is not reopened. */
PX_API FILE *phx_px_freopen(const char *path, const char *mode, FILE *stream)
{
	struct px_path found;

	if (path && !px_find(path, true, &found) && found.known) {
		fclose(stream);
		errno = ENOTSUP;
		return NULL;
	}
	return freopen(path, mode, stream);
}
