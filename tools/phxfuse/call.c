// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages on behalf of a request; see call.h.
 */
#include "call.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

/* Errors that the kernel lets pass end before its own ones */
#define LAST_ERRNO	511

/* How often an interrupted call gets the signal */
#define REPEAT_NS	10000000

#define SIGNAL		SIGUSR1

_Static_assert(sizeof(struct phx_msg) == sizeof(msg_t), "same layout");

union message {
	struct phx_msg native;
	msg_t phoenix;
};

struct call {
	LIST_ENTRY(call) link;	/* of the interrupted ones */
	fuse_req_t req;		/* NULL: can't be interrupted */
	pthread_t thread;
	bool interrupted;	/* under the lock */
};

static struct phx *phx;
static __thread struct call call;
static __thread double limit;	/* 0: none */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, call) interrupted = LIST_HEAD_INITIALIZER(interrupted);

static void on_signal(int sig)
{
	(void)sig;	/* it is for the system call that it ends */
}

/* A thread is in the list only while its call lasts, so it is there. */
static void *interrupter(void *arg)
{
	const struct timespec repeat = { .tv_nsec = REPEAT_NS };
	struct call *c;

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&lock);
		while (LIST_EMPTY(&interrupted))
			pthread_cond_wait(&some, &lock);
		LIST_FOREACH(c, &interrupted, link)
			pthread_kill(c->thread, SIGNAL);
		pthread_mutex_unlock(&lock);
		nanosleep(&repeat, NULL);
	}
	return NULL;
}

static void on_interrupt(fuse_req_t req, void *data)
{
	struct call *c = data;

	(void)req;
	pthread_mutex_lock(&lock);
	if (!c->interrupted) {
		c->interrupted = true;
		LIST_INSERT_HEAD(&interrupted, c, link);
		pthread_cond_signal(&some);
	}
	pthread_mutex_unlock(&lock);
}

int call_open(void)
{
	return phx_open(&phx, PHX_OPEN_NO_WINDOW);
}

int call_start(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;
	int err;

	sigaction(SIGNAL, &action, NULL);
	err = -pthread_create(&thread, NULL, interrupter, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

void call_begin(fuse_req_t req)
{
	call.req = req;
	call.thread = pthread_self();
	call.interrupted = false;
	fuse_req_interrupt_func(req, on_interrupt, &call);
}

/* Once the function is taken away it is not called, nor still running. */
void call_commit(void)
{
	if (!call.req)
		return;
	fuse_req_interrupt_func(call.req, NULL, NULL);
	call.req = NULL;
	pthread_mutex_lock(&lock);
	if (call.interrupted)
		LIST_REMOVE(&call, link);
	call.interrupted = false;
	pthread_mutex_unlock(&lock);
}

void call_end(void)
{
	call_commit();
}

bool call_interrupted(void)
{
	bool yes;

	pthread_mutex_lock(&lock);
	yes = call.interrupted;
	pthread_mutex_unlock(&lock);
	return yes;
}

static int send_error(int err)
{
	switch (err) {
	case -EINVAL:
		return -ENOTCONN;
	case -EDQUOT:
	case -ENOBUFS:
		return -ENOMEM;
	case -EINTR:
	case -ENOMEM:
	case -ETIMEDOUT:
		return err;
	default:
		return -EIO;
	}
}

/* After these something is different, if only that the server holds an object. */
static bool changes(int type)
{
	switch (type) {
	case mtRead:
	case mtGetAttr:
	case mtGetAttrAll:
	case mtLookup:
	case mtReaddir:
	case mtStat:
		return false;
	default:
		return true;
	}
}

void call_limit(double seconds)
{
	limit = seconds;
}

static double timeout(void)
{
	if (!config.timeout || (limit && limit < config.timeout))
		return limit;
	return config.timeout;
}

int call_send(uint32_t port, msg_t *msg)
{
	PHX_OPTS(phx_send_opts, opts);
	union message *m = (union message *)msg;
	int err;

	msg->o.err = -ENOSYS;
	opts.timeout_ns = timeout() * 1e9;
	do
		err = phx_send_with(phx, port, &m->native, &opts);
	while (err == -EINTR && !call_interrupted());
	if (err)
		return send_error(err);
	if (changes(msg->type))
		call_commit();
	return 0;
}

int call_error(int err)
{
	if (err == -ENOSYS)
		return -EOPNOTSUPP;
	if (err >= 0 || err < -LAST_ERRNO)
		return -EIO;
	return err;
}
