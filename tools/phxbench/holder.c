// SPDX-License-Identifier: GPL-2.0-only
#include "holder.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phxport.h>

#include "run.h"

/* Types of messages. */
enum {
	CALL = 1,	/* answered at once, with how many are held */
	HOLD,		/* kept */
	RELEASE,	/* answered when all that are held were */
	ADD_PORTS,	/* the server creates so many that nobody uses */
};

struct held {
	int rid;
	struct phx_msg msg;
};

static void check(int error, const char *what)
{
	if (error)
		errx(1, "phxport: %s: %s", what, strerror(-error));
}

static void release(struct phx *phx, uint32_t port, struct held *held, uint32_t *n)
{
	while (*n > 0) {
		--*n;
		check(phx_respond(phx, port, &held[*n].msg, held[*n].rid), "respond");
	}
}

static struct held *add_held(struct held *held, uint32_t n, const struct phx_msg *msg, int rid)
{
	held = reallocarray(held, n + 1, sizeof(*held));
	if (!held)
		err(1, "held messages");
	held[n].rid = rid;
	phx_msg_copy(&held[n].msg, msg);
	return held;
}

static int add_ports(struct phx *phx, const struct phx_msg *msg)
{
	int error = 0;
	uint32_t port, n;

	memcpy(&n, msg->i.raw, sizeof(n));
	while (n-- > 0 && !error)
		error = phx_port_create(phx, &port);
	return error;
}

static void serve(struct phx *phx, uint32_t port)
{
	struct held *held = NULL;
	int rid = PHX_RID_NONE;
	struct phx_msg msg;
	uint32_t n = 0;

	for (;;) {
		check(phx_respond_recv(phx, port, &msg, &rid), "receive");
		if (msg.type == RELEASE)
			release(phx, port, held, &n);
		if (msg.type == HOLD) {
			held = add_held(held, n++, &msg, rid);
			rid = PHX_RID_NONE;
		}
		if (msg.type == ADD_PORTS)
			msg.o.err = add_ports(phx, &msg);
		memcpy(msg.o.raw, &n, sizeof(n));
	}
}

static void child(int ready, int cpu)
{
	struct phx *phx;
	uint32_t port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cpu >= 0)
		use_cpu(cpu);
	if (phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	check(phx_port_create(phx, &port), "create a port");
	if (write(ready, &port, sizeof(port)) != sizeof(port))
		err(1, "pipe");
	serve(phx, port);
}

/* Starts the server, on @cpu if that is not negative. */
void holder_start(struct holder *holder, int cpu)
{
	int ready[2];

	memset(holder, 0, sizeof(*holder));
	if (pipe(ready))
		err(1, "pipe");
	holder->pid = fork();
	if (holder->pid < 0)
		err(1, "fork");
	if (!holder->pid) {
		close(ready[0]);
		child(ready[1], cpu);
	}
	close(ready[1]);
	if (read(ready[0], &holder->port, sizeof(holder->port)) != sizeof(holder->port))
		errx(1, "phxport: the server did not start");
	close(ready[0]);
	if (phx_open(&holder->phx, 0))
		errx(1, "%s", phx_explain());
}

static uint32_t call(struct holder *holder, int type)
{
	struct phx_msg msg = { .type = type };
	uint32_t n;

	check(phx_send(holder->phx, holder->port, &msg), "send");
	memcpy(&n, msg.o.raw, sizeof(n));
	return n;
}

/* A round trip of a message of 64 bytes, which is not held. */
void holder_call(struct holder *holder)
{
	struct phx_msg msg = { .type = CALL, .i.size = sizeof(msg.i.raw) };

	msg.i.data = (uintptr_t)msg.i.raw;
	check(phx_send(holder->phx, holder->port, &msg), "send");
}

/* The server has @n ports more, or a negative errno. */
int holder_add_ports(struct holder *holder, uint32_t n)
{
	struct phx_msg msg = { .type = ADD_PORTS };

	memcpy(msg.i.raw, &n, sizeof(n));
	check(phx_send(holder->phx, holder->port, &msg), "send");
	return msg.o.err;
}

/* The stack is used before, so that it does not grow while memory is measured. */
static void use_stack(void)
{
	volatile char bytes[16 << 10];

	for (size_t i = 0; i < sizeof(bytes); i += 1024)
		bytes[i] = 0;
}

static void *sender(void *arg)
{
	struct holder *holder = arg;
	struct phx_msg msg = {
		.type = HOLD,
		.i.data = (uintptr_t)holder->buffer,
		.i.size = holder->size,
	};

	use_stack();
	pthread_barrier_wait(&holder->start);
	check(phx_send(holder->phx, holder->port, &msg), "send a message to be held");
	return NULL;
}

/* Makes all that is needed to hold @n messages with @size bytes of input. */
void holder_prepare(struct holder *holder, unsigned int n, size_t size)
{
	pthread_attr_t attr;
	int error = 0;

	holder->size = size;
	holder->n_threads = n;
	holder->buffer = aligned_alloc(4096, (size + 4096) & ~4095UL);
	holder->threads = calloc(n, sizeof(*holder->threads));
	if (!holder->buffer || !holder->threads)
		err(1, "memory");
	memset(holder->buffer, 1, (size + 4096) & ~4095UL);
	pthread_barrier_init(&holder->start, NULL, n + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (unsigned int i = 0; i < n && !error; i++)
		error = pthread_create(&holder->threads[i], &attr, sender, holder);
	if (error)
		errx(1, "%u threads to hold messages: %s; hold fewer", n, strerror(error));
	pthread_attr_destroy(&attr);
}

/* Sends them, and returns when all are held. */
void holder_hold(struct holder *holder)
{
	pthread_barrier_wait(&holder->start);
	while (call(holder, CALL) < holder->n_threads)
		usleep(2000);
}

void holder_release(struct holder *holder)
{
	call(holder, RELEASE);
	for (unsigned int i = 0; i < holder->n_threads; i++)
		pthread_join(holder->threads[i], NULL);
	pthread_barrier_destroy(&holder->start);
	free(holder->threads);
	free(holder->buffer);
	holder->n_threads = 0;
}

void holder_stop(struct holder *holder)
{
	phx_close(holder->phx);
	kill(holder->pid, SIGKILL);
	waitpid(holder->pid, NULL, 0);
}
