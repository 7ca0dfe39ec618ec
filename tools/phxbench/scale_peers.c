// SPDX-License-Identifier: GPL-2.0-only
#include "scale_peers.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <phxport.h>

#include "bench.h"
#include "run.h"

/* Runs @run in @n threads, the caller's included, with their numbers. */
void scale_threads(unsigned int n, void *(*run)(void *))
{
	pthread_t thread;
	int error = 0;

	for (uintptr_t i = 1; i < n && !error; i++)
		error = pthread_create(&thread, NULL, run, (void *)i);
	if (error)
		errx(1, "%u threads of a server: %s", n, strerror(error));
	run(NULL);
}

/* phxport: the library's server loop. */

static uint32_t port;
static int port_pipe[2];
static struct phx *phx;

static const char *phxport_obstacle(void)
{
	return peer_phxport.obstacle();
}

static void phxport_prepare(unsigned int clients, unsigned int threads)
{
	(void)clients;
	(void)threads;
	if (pipe(port_pipe))
		err(1, "pipe");
}

uint64_t scale_work_ns;

static void work(void)
{
	uint64_t end = scale_work_ns ? now_ns() + scale_work_ns : 0;

	while (end && now_ns() < end)
		;
}

static int phxport_handle(struct phx *h, uint32_t number, struct phx_msg *msg,
			  int rid, void *arg)
{
	uint64_t word;

	(void)h, (void)number, (void)rid, (void)arg;
	memcpy(&word, (void *)(uintptr_t)msg->i.data, sizeof(word));
	work();
	word++;
	memcpy(msg->o.raw, &word, sizeof(word));
	return 0;
}

/* Each client reads the port's number from the pipe. */
static void phxport_serve(unsigned int clients, unsigned int threads, void (*ready)(void))
{
	PHX_OPTS(phx_server_opts, opts, .threads = threads);
	int error;

	if (phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	error = phx_port_create(phx, &port);
	for (unsigned int i = 0; i < clients && !error; i++)
		if (write(port_pipe[1], &port, sizeof(port)) != sizeof(port))
			err(1, "pipe");
	ready();
	error = error ?: phx_server_run(phx, port, phxport_handle, NULL, &opts);
	errx(1, "phxport: the server ended: %s", strerror(-error));
}

static void phxport_connect(unsigned int client)
{
	(void)client;
	if (phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	if (read(port_pipe[0], &port, sizeof(port)) != sizeof(port))
		err(1, "pipe");
}

static int phxport_call(const struct scale_request *request, uint64_t *answer)
{
	struct phx_msg msg = { .i.size = sizeof(*request) };
	int error;

	_Static_assert(sizeof(*request) == PHX_RAW_SIZE, "it fits in the message");
	memcpy(msg.i.raw, request, sizeof(*request));
	msg.i.data = (uintptr_t)msg.i.raw;
	error = phx_send(phx, port, &msg);
	memcpy(answer, msg.o.raw, sizeof(*answer));
	return error;
}

static void phxport_finish(unsigned int clients)
{
	(void)clients;
	close(port_pipe[0]);
	close(port_pipe[1]);
}

const struct scale_peer scale_phxport = {
	.name = "phxport",
	.obstacle = phxport_obstacle,
	.prepare = phxport_prepare,
	.serve = phxport_serve,
	.connect = phxport_connect,
	.call = phxport_call,
	.finish = phxport_finish,
};

/*
 * Pipe: all requests go through one, from which the threads read: so few bytes
 * come in one piece. Each client has a pipe for its answers.
 */

static int requests[2], answers[SCALE_CLIENTS_MAX][2];
static unsigned int me;

static void pipe_prepare(unsigned int clients, unsigned int threads)
{
	(void)threads;
	if (pipe(requests))
		err(1, "pipe");
	for (unsigned int i = 0; i < clients; i++)
		if (pipe(answers[i]))
			err(1, "pipe");
}

static void *pipe_thread(void *arg)
{
	struct scale_request request;
	uint64_t word;

	(void)arg;
	while (read(requests[0], &request, sizeof(request)) == sizeof(request)) {
		word = request.word + 1;
		if (write(answers[request.client][1], &word, sizeof(word)) != sizeof(word))
			break;
	}
	err(1, "pipe: the server ended");
}

static void pipe_serve(unsigned int clients, unsigned int threads, void (*ready)(void))
{
	(void)clients;
	ready();
	scale_threads(threads, pipe_thread);
}

static void pipe_connect(unsigned int client)
{
	me = client;
}

static int pipe_call(const struct scale_request *request, uint64_t *answer)
{
	if (write(requests[1], request, sizeof(*request)) != sizeof(*request) ||
	    read(answers[me][0], answer, sizeof(*answer)) != sizeof(*answer))
		return -errno ?: -EPIPE;
	return 0;
}

static void close_pairs(int pairs[][2], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

static void pipe_finish(unsigned int clients)
{
	close_pairs(&requests, 1);
	close_pairs(answers, clients);
}

const struct scale_peer scale_pipe = {
	.name = "pipe",
	.prepare = pipe_prepare,
	.serve = pipe_serve,
	.connect = pipe_connect,
	.call = pipe_call,
	.finish = pipe_finish,
};

/*
 * Unix: a socket of packets for each client; each thread has its share of them in
 * an epoll set of its own and takes all that are ready at once, or just receives
 * if it has only one.
 */

static int sockets[SCALE_CLIENTS_MAX][2];
static unsigned int n_sockets, n_threads;

static void unix_prepare(unsigned int clients, unsigned int threads)
{
	n_sockets = clients;
	n_threads = threads;
	for (unsigned int i = 0; i < clients; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets[i]))
			err(1, "socketpair");
}

static void unix_answer(int fd)
{
	struct scale_request request;

	if (recv(fd, &request, sizeof(request), 0) != sizeof(request))
		err(1, "unix-seqpacket: the server ended");
	request.word++;
	if (send(fd, &request.word, sizeof(request.word), 0) != sizeof(request.word))
		err(1, "unix-seqpacket: the server ended");
}

static void *unix_thread(void *arg)
{
	struct epoll_event events[SCALE_CLIENTS_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC), n = 0;

	for (unsigned int i = (uintptr_t)arg; i < n_sockets; i += n_threads) {
		events[0] = (struct epoll_event){ EPOLLIN, { .fd = sockets[i][0] } };
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i][0], events))
			err(1, "epoll");
		n++;
	}
	while (n == 1)
		unix_answer(events[0].data.fd);
	for (;;) {
		n = epoll_wait(epoll, events, SCALE_CLIENTS_MAX, -1);
		for (int i = 0; i < n; i++)
			unix_answer(events[i].data.fd);
	}
}

static void unix_serve(unsigned int clients, unsigned int threads, void (*ready)(void))
{
	(void)clients;
	ready();
	scale_threads(threads, unix_thread);
}

static int unix_call(const struct scale_request *request, uint64_t *answer)
{
	int fd = sockets[me][1];

	if (send(fd, request, sizeof(*request), 0) != sizeof(*request) ||
	    recv(fd, answer, sizeof(*answer), 0) != sizeof(*answer))
		return -errno ?: -EPIPE;
	return 0;
}

static void unix_finish(unsigned int clients)
{
	close_pairs(sockets, clients);
}

const struct scale_peer scale_unix = {
	.name = "unix-seqpacket",
	.prepare = unix_prepare,
	.serve = unix_serve,
	.connect = pipe_connect,
	.call = unix_call,
	.finish = unix_finish,
};
