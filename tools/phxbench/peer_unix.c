// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of AF_UNIX sockets, as a stream and with packets. The stream's buffer is as
 * the system has it: with larger ones what is written leaves the cache before it is
 * read, and 1 MiB takes a third longer. A packet must fit in its buffer.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "stream.h"
#include "work.h"

/* A packet is for the most part one piece of kernel memory, which can't be larger. */
#define PACKET_MAX	(1 << 20)

static int stream_pair[2], packet_pair[2];
static size_t packet_max;

static int prepare_stream(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream_pair))
		return -errno;
	return 0;
}

static int serve_stream(struct job *job, int (*ready)(void))
{
	const struct stream stream = { .in = stream_pair[1], .out = stream_pair[1] };

	return stream_serve(&stream, job, ready);
}

static int call_stream(const struct job *job, struct call *call)
{
	const struct stream stream = { .in = stream_pair[0], .out = stream_pair[0] };

	return stream_call(&stream, job, call);
}

const struct peer peer_unix_stream = {
	.name = "unix-stream",
	.heading = { "unix", "stream" },
	.prepare = prepare_stream,
	.serve = serve_stream,
	.call = call_stream,
};

/* Beyond what the administrator allows if we may; gives what there is. */
static int make_room(int fd, int size)
{
	socklen_t len = sizeof(size);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, len))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, len);
	return getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) ? 0 : size;
}

/* The kernel doubles what is asked for, and wants 32 bytes more than the packet. */
static int prepare_packet(void)
{
	size_t room;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packet_pair))
		return -errno;
	make_room(packet_pair[0], PACKET_MAX);
	room = make_room(packet_pair[1], PACKET_MAX) - 32;
	packet_max = room < PACKET_MAX ? room : PACKET_MAX;
	return 0;
}

static const char *packet_too_large(const struct job *job, enum placement placement)
{
	static char why[100];

	(void)placement;
	if (job->in_size <= packet_max && job->out_size <= packet_max)
		return NULL;
	snprintf(why, sizeof(why), "a packet may have %zu KiB here (net.core.wmem_max)",
		 packet_max >> 10);
	return why;
}

static int serve_packet(struct job *job, int (*ready)(void))
{
	void *in = buffer_new(), *out = buffer_new();
	int error = in && out ? ready() : -ENOMEM;

	while (!error) {
		if (recv(packet_pair[1], in, buffer_size, 0) <= 0)
			return -errno ?: -EPIPE;
		work_serve(job, in, out);
		if (send(packet_pair[1], out, job->out_size, 0) < 0)
			return -errno;
	}
	return error;
}

static int call_packet(const struct job *job, struct call *call)
{
	ssize_t n = -1;

	if (send(packet_pair[0], call->in, job->in_size, 0) == (ssize_t)job->in_size)
		n = recv(packet_pair[0], call->out, job->out_size, 0);
	if (n < 0)
		return -errno;
	return n == (ssize_t)job->out_size ? 0 : -EPIPE;
}

const struct peer peer_unix_seqpacket = {
	.name = "unix-seqpacket",
	.heading = { "unix", "seqpkt" },
	.left_out = packet_too_large,
	.prepare = prepare_packet,
	.serve = serve_packet,
	.call = call_packet,
};
