// SPDX-License-Identifier: MIT
/*
 * pingpong: a server reads every byte of a message, which came to it through
 * phxport, binder or a pipe. A small demonstration; phxbench measures.
 *
 * The ways take turns, so that whatever else happens on the machine happens to
 * all of them; the table has the median of each.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <phxport.h>

#include "pingpong.h"

#define N_PEERS		3
#define N_SAMPLES	101	/* for the median */

/* The pipe's server is started last: no other must inherit its descriptors. */
static const struct pp_peer *const peers[N_PEERS] = {
	&pp_phxport, &pp_binder, &pp_pipe,
};

/*
 * So many calls make a sample: one is too short for some clocks, and many would
 * always catch whatever else the machine does.
 */
static const struct {
	const char *name;
	size_t bytes;
	int calls;
} sizes[] = {
	{ "64 B", 64, 4 },
	{ "4 KiB", 4 << 10, 4 },
	{ "64 KiB", 64 << 10, 2 },
	{ "1 MiB", 1 << 20, 1 },
};

static pid_t servers[N_PEERS];
static int client_cpu, server_cpu;

uint64_t pp_sum(const void *data, size_t size)
{
	const uint64_t *word = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		sum += word[i];
	return sum;
}

int pp_ready(int ready)
{
	return write(ready, "", 1) == 1 ? 0 : -errno;
}

static int phxport_handle(struct phx *h, uint32_t port, struct phx_msg *msg,
			  int rid, void *arg)
{
	uint64_t sum = pp_sum((void *)(uintptr_t)msg->i.data, msg->i.size);

	(void)h, (void)port, (void)rid, (void)arg;
	memcpy(msg->o.raw, &sum, sizeof(sum));
	return 0;
}

static int phxport_serve(int ready)
{
	struct phx_oid oid = { 0 };
	struct phx *phx;

	return phx_open(&phx, 0) ?: phx_port_create(phx, &oid.port) ?:
	       phx_name_register(phx, "pingpong", &oid) ?: pp_ready(ready) ?:
	       phx_server_run(phx, oid.port, phxport_handle, NULL, NULL);
}

/* What is small enough travels in the message itself. */
static int phxport_call(const uint64_t *words, size_t size, uint64_t *sum)
{
	struct phx_msg msg = { .i.data = (uintptr_t)words, .i.size = size };
	static struct phx_oid oid;
	static struct phx *phx;
	int error = 0;

	if (!phx)
		error = phx_open(&phx, 0) ?:
			phx_name_lookup(phx, "pingpong", &oid);
	if (size <= PHX_RAW_SIZE) {
		memcpy(msg.i.raw, words, size);
		msg.i.data = (uintptr_t)msg.i.raw;
	}
	error = error ?: phx_send(phx, oid.port, &msg);
	memcpy(sum, msg.o.raw, sizeof(*sum));
	return error;
}

const struct pp_peer pp_phxport = {
	.name = "phxport",
	.device = PHX_DEVICE,
	.serve = phxport_serve,
	.call = phxport_call,
};

static int request[2], answer[2];

static int pipe_prepare(void)
{
	return pipe(request) || pipe(answer) ||
	       fcntl(request[1], F_SETPIPE_SZ, PP_MAX) < 0;
}

/*
 * One read for what is there, more only while the message is not complete: it
 * begins with its size.
 */
static int pipe_serve(int ready)
{
	uint64_t *words = malloc(PP_MAX), sum;
	size_t got;
	ssize_t n;

	if (!words || pp_ready(ready))
		return -ENOMEM;
	for (;;) {
		for (got = 0; got < sizeof(*words) || got < *words; got += n) {
			n = read(request[0], (char *)words + got, PP_MAX - got);
			if (n <= 0)
				return -errno;
		}
		sum = pp_sum(words, got);
		if (write(answer[1], &sum, sizeof(sum)) != sizeof(sum))
			return -errno;
	}
}

static int pipe_call(const uint64_t *words, size_t size, uint64_t *sum)
{
	if (write(request[1], words, size) != (ssize_t)size ||
	    read(answer[0], sum, sizeof(*sum)) != sizeof(*sum))
		return -errno;
	return 0;
}

const struct pp_peer pp_pipe = {
	.name = "pipe",
	.prepare = pipe_prepare,
	.serve = pipe_serve,
	.call = pipe_call,
};

static void use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void server(const struct pp_peer *peer, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_cpu(server_cpu);
	errx(1, "server of %s: %s", peer->name, strerror(-peer->serve(ready)));
}

/* Returns when the server is ready, or there is no such device. */
static void start(int i)
{
	const struct pp_peer *peer = peers[i];
	int ready[2];
	char byte;

	if (peer->device && access(peer->device, R_OK | W_OK)) {
		printf("without %s: %s\n", peer->name, strerror(errno));
		return;
	}
	if (pipe(ready) || (peer->prepare && peer->prepare()))
		err(1, "%s", peer->name);
	servers[i] = fork();
	if (!servers[i])
		server(peer, ready[1]);
	close(ready[1]);
	if (servers[i] < 0 || read(ready[0], &byte, 1) != 1)
		errx(1, "%s does not start", peer->name);
	close(ready[0]);
}

/* Every message differs from the last, and the server must have seen that. */
static void call(const struct pp_peer *peer, uint64_t *words, size_t size)
{
	uint64_t *last = &words[size / sizeof(*words) - 1], sum;
	int error;

	words[0] = size;
	++*last;
	error = peer->call(words, size, &sum);
	if (error)
		errx(1, "%s: %s", peer->name, strerror(-error));
	if (sum != size + *last)
		errx(1, "%s: the server saw other bytes", peer->name);
}

/* The first call finds everybody asleep and the caches cold. */
static double sample(const struct pp_peer *peer, uint64_t *words, int size)
{
	struct timespec from, to;

	call(peer, words, sizes[size].bytes);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int n = 0; n < sizes[size].calls; n++)
		call(peer, words, sizes[size].bytes);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((to.tv_sec - from.tv_sec) * 1e6 +
		(to.tv_nsec - from.tv_nsec) / 1e3) / sizes[size].calls;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void row(uint64_t *words, int size)
{
	static double samples[N_PEERS][N_SAMPLES];
	double median[N_PEERS];

	memset(words, 0, PP_MAX);
	for (int n = 0; n < N_SAMPLES; n++)
		for (int i = 0; i < N_PEERS; i++)
			if (servers[i])
				samples[i][n] = sample(peers[i], words, size);
	printf("%-8s", sizes[size].name);
	for (int i = 0; i < N_PEERS; i++) {
		qsort(samples[i], N_SAMPLES, sizeof(double), compare_doubles);
		median[i] = samples[i][N_SAMPLES / 2];
		servers[i] ? printf("%9.1f us", median[i]) : printf("%12s", "n/a");
	}
	for (int i = 1; i < N_PEERS; i++)
		servers[i] ? printf("%10.1fx", median[i] / median[0]) :
			     printf("%11s", "n/a");
	putchar('\n');
}

/* Without this a client would wait for a server that is no more. */
static void server_ended(int sig)
{
	(void)sig;
	_exit(1);
}

int main(int argc, char **argv)
{
	uint64_t *words = aligned_alloc(4096, PP_MAX);

	if (!words || argc > 2 || (argc == 2 && strcmp(argv[1], "--same-cpu")))
		errx(2, "usage: pingpong [--same-cpu]");
	client_cpu = sched_getcpu();
	server_cpu = client_cpu;
	if (argc == 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		server_cpu = !client_cpu;
	signal(SIGCHLD, server_ended);
	for (int i = 0; i < N_PEERS; i++)
		start(i);
	if (!servers[0])
		return 1;
	use_cpu(client_cpu);
	printf("client on CPU %d, server on CPU %d; median of %d\n", client_cpu,
	       server_cpu, N_SAMPLES);
	printf("%-8s%12s%12s%12s%11s%11s\n", "message", peers[0]->name,
	       peers[1]->name, peers[2]->name, "vs binder", "vs pipe");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		row(words, i);
	return 0;
}
