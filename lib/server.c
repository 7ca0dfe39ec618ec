// SPDX-License-Identifier: MIT
/*
 * Servers: how their threads begin and end.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX	1024

/* We are in the child of a fork, where none of the threads are. */
void phx_servers_orphan_locked(struct phx *h)
{
	struct phx_server *srv;
	struct phx_worker *w;

	for (w = h->workers; w; w = w->next)
		atomic_fetch_sub_explicit(&h->tracked, 1, memory_order_relaxed);
	for (srv = h->servers; srv; srv = srv->next)
		srv->orphan = true;
	h->servers = NULL;
	h->workers = NULL;
}

/* Wake one thread that waits for a message. */
static int nudge(struct phx_server *srv)
{
	PHX_OPTS(phx_send_opts, opts, .flags = PHX_SEND_NONBLOCK);
	struct phx_msg msg = {
		.i = { .data = (uintptr_t)srv, .size = 1 },
	};

	return phx_send_with(srv->h, srv->port, &msg, &opts);
}

static void wait_gone_locked(struct phx_server *srv, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&srv->gone, &srv->h->lock, &until);
}

/* See to it that only @rest threads are left. */
static void drain_locked(struct phx_server *srv, unsigned int rest)
{
	unsigned int pause_ms = 1;
	int err;

	srv->stoppers++;
	while (srv->alive > rest) {
		pthread_mutex_unlock(&srv->h->lock);
		err = nudge(srv);
		pthread_mutex_lock(&srv->h->lock);
		if (!err)
			continue;
		wait_gone_locked(srv, pause_ms);
		if (pause_ms < PHX_PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	srv->stoppers--;
	pthread_cond_broadcast(&srv->gone);
}

static void work(struct phx_worker *w, bool have)
{
	struct phx_server *srv = w->srv;
	int err;

	err = phx_worker_loop(w, have);
	if (srv->orphan)
		return;
	pthread_mutex_lock(&srv->h->lock);
	atomic_store(&srv->stop, true);
	if (err && err != -EINVAL)
		srv->err = err;
	if (!srv->stoppers)
		drain_locked(srv, 1);
	srv->alive--;
	pthread_cond_broadcast(&srv->gone);
	pthread_mutex_unlock(&srv->h->lock);
}

static void *thread_main(void *arg)
{
	work(arg, false);
	return NULL;
}

/* Returns how many there are, the caller included. */
static unsigned int start_threads(struct phx_server *srv, size_t stack_size)
{
	pthread_attr_t attr;
	unsigned int i;
	int err = 0;

	pthread_attr_init(&attr);
	if (stack_size)
		err = pthread_attr_setstacksize(&attr, stack_size);
	for (i = 1; i < srv->nr && !err; i++) {
		err = pthread_create(&srv->workers[i].thread, &attr,
				     thread_main, &srv->workers[i]);
		if (err)
			break;
	}
	pthread_attr_destroy(&attr);
	if (!err)
		return i;
	pthread_mutex_lock(&srv->h->lock);
	atomic_store(&srv->stop, true);
	srv->alive -= srv->nr - i;
	srv->err = -err;
	pthread_mutex_unlock(&srv->h->lock);
	return i;
}

static struct phx_server *create(struct phx *h, uint32_t port, uint32_t nr,
				 phx_handler_t handler, void *ctx)
{
	struct phx_server *srv;
	pthread_condattr_t attr;
	size_t size = sizeof(*srv) + nr * sizeof(srv->workers[0]);
	void *mem;
	uint32_t i;

	if (posix_memalign(&mem, __alignof__(*srv), size))
		return NULL;
	srv = memset(mem, 0, size);
	srv->h = h;
	srv->port = port;
	srv->nr = nr;
	srv->handler = handler;
	srv->ctx = ctx;
	srv->alive = nr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&srv->gone, &attr);
	pthread_condattr_destroy(&attr);
	for (i = 0; i < nr; i++) {
		srv->workers[i].srv = srv;
		srv->workers[i].arg.rid = PHX_RID_NONE;
		atomic_init(&srv->workers[i].rid, PHX_RID_NONE);
	}
	return srv;
}

static struct phx_server *find_locked(struct phx *h, uint32_t port)
{
	struct phx_server *srv = h->servers;

	while (srv && srv->port != port)
		srv = srv->next;
	return srv;
}

static int enlist(struct phx_server *srv)
{
	struct phx *h = srv->h;
	int err = -EBUSY;
	uint32_t i;

	pthread_mutex_lock(&h->lock);
	if (!find_locked(h, srv->port)) {
		srv->next = h->servers;
		h->servers = srv;
		for (i = 0; i < srv->nr; i++) {
			srv->workers[i].next = h->workers;
			h->workers = &srv->workers[i];
		}
		atomic_fetch_add(&h->tracked, srv->nr);
		err = 0;
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

static void delist(struct phx_server *srv)
{
	struct phx *h = srv->h;
	struct phx_server **s = &h->servers;
	struct phx_worker **w = &h->workers;

	pthread_mutex_lock(&h->lock);
	while (srv->stoppers)
		pthread_cond_wait(&srv->gone, &h->lock);
	while (*s != srv)
		s = &(*s)->next;
	*s = srv->next;
	while (*w) {
		if ((*w)->srv == srv)
			*w = (*w)->next;
		else
			w = &(*w)->next;
	}
	atomic_fetch_sub(&h->tracked, srv->nr);
	pthread_mutex_unlock(&h->lock);
}

static void destroy(struct phx_server *srv)
{
	uint32_t i;

	for (i = 0; i < srv->nr; i++)
		phx_buf_put(srv->h, srv->workers[i].buf);
	pthread_cond_destroy(&srv->gone);
	free(srv);
}

/* The first receive does not wait: is there such a port, and is it ours? */
static int run(struct phx_server *srv, size_t stack_size)
{
	struct phx_worker *self = &srv->workers[0];
	unsigned int i, nr;
	int err;

	err = phx_worker_receive(self, PHX_RECV_NONBLOCK);
	if (err && err != -EAGAIN && !phx_worker_recover(self, err))
		return err;
	nr = start_threads(srv, stack_size);
	work(self, !err);
	if (srv->orphan)
		return -EBADFD;
	for (i = 1; i < nr; i++)
		pthread_join(srv->workers[i].thread, NULL);
	return srv->err;
}

int phx_server_run(struct phx *h, uint32_t port, phx_handler_t handler,
		   void *arg, const struct phx_server_opts *opts)
{
	struct phx_server_opts o;
	struct phx_server *srv;
	int saved = errno;
	int err;

	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return err;
	if (!handler || o.flags || o.threads > THREADS_MAX)
		return -EINVAL;
	srv = create(h, port, o.threads ? o.threads : 1, handler, arg);
	if (!srv)
		return -ENOMEM;
	err = enlist(srv);
	if (!err) {
		err = run(srv, o.stack_size);
		if (srv->orphan)
			goto out;	/* threads of ours never were here */
		delist(srv);
	}
	destroy(srv);
out:
	errno = saved;
	return err;
}

int phx_server_stop(struct phx *h, uint32_t port)
{
	struct phx_server *srv;

	pthread_mutex_lock(&h->lock);
	srv = find_locked(h, port);
	if (srv) {
		atomic_store(&srv->stop, true);
		if (!phx_worker_serves(srv))
			drain_locked(srv, 0);
	}
	pthread_mutex_unlock(&h->lock);
	return srv ? 0 : -ENOENT;
}
