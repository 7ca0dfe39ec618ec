// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two pipes, each as large as an unprivileged user can make it.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"
#include "stream.h"

#define PIPE_MAX_FILE		"/proc/sys/fs/pipe-max-size"
#define PIPE_MAX_DEFAULT	(1 << 20)

static int request[2], answer[2];

static int prepare(void)
{
	long size = number_in_file(PIPE_MAX_FILE, PIPE_MAX_DEFAULT);

	if (pipe2(request, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		return -errno;
	/* A user who has many pipes gets small ones, which work too. */
	fcntl(request[1], F_SETPIPE_SZ, size);
	fcntl(answer[1], F_SETPIPE_SZ, size);
	return 0;
}

static int serve(struct job *job, int (*ready)(void))
{
	const struct stream stream = { .in = request[0], .out = answer[1] };

	return stream_serve(&stream, job, ready);
}

static int call(const struct job *job, struct call *message)
{
	const struct stream stream = { .in = answer[0], .out = request[1] };

	return stream_call(&stream, job, message);
}

const struct peer peer_pipe = {
	.name = "pipe",
	.heading = { "pipe", "" },
	.prepare = prepare,
	.serve = serve,
	.call = call,
};
