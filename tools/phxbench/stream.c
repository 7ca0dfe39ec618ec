// SPDX-License-Identifier: GPL-2.0-only
#include "stream.h"

#include <errno.h>
#include <unistd.h>

#include "work.h"

/* All of it, mostly in one piece. */
static int write_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = write(fd, data, size);
		if (n < 0)
			return -errno;
	}
	return 0;
}

/*
 * As much as is there, until it is @job's input: how much that is the server knows
 * only when the message has begun. There is never more than one under way.
 */
static int read_input(int fd, char *in, const struct job *job)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = read(fd, in + got, buffer_size - got);
		if (n <= 0)
			return n ? -errno : -EPIPE;
		got += n;
	} while (got < job->in_size);
	return 0;
}

static int read_all(int fd, char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = read(fd, data, size);
		if (n <= 0)
			return n ? -errno : -EPIPE;
	}
	return 0;
}

int stream_serve(const struct stream *stream, const struct job *job, int (*ready)(void))
{
	void *in = buffer_new(), *out = buffer_new();
	int error = in && out ? ready() : -ENOMEM;

	while (!error) {
		error = read_input(stream->in, in, job);
		if (!error) {
			work_serve(job, in, out);
			error = write_all(stream->out, out, job->out_size);
		}
	}
	return error;
}

int stream_call(const struct stream *stream, const struct job *job, const struct call *call)
{
	return write_all(stream->out, call->in, job->in_size) ?:
	       read_all(stream->in, call->out, job->out_size);
}
