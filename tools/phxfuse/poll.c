// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for devices. A server can only be asked again and again whether one is
 * ready, as Phoenix' own clients do. For an open file that is waited for there is a
 * thread that does so, as a server may take its time to answer: a watch.
 *
 * Nobody tells when the last one has given up waiting. So after a while a watch ends by
 * waking all: who still waits asks anew.
 *
 * A watch lives until its thread ends; with @handle taken away it does so in a few
 * seconds, as no ask lasts longer: a driver that has not answered then is not ready. One
 * lock is for all watches.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "call.h"
#include "handle.h"
#include "reply.h"
#include "wire.h"

#define INTERVAL_NS	100000000
#define MAX_ASKS	100
#define ASK_SECONDS	5

/* At one time; each has a thread. */
#define MAX_WATCHES	256

/* What is told although nobody asked for it */
#define ALWAYS		(POLLERR | POLLHUP | POLLNVAL)

/* Files, and drivers that know nothing of it: as Linux has it for its own */
#define READY		(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)

struct watch {
	struct handle *handle;		/* NULL: it was closed */
	oid_t oid;
	unsigned int events;
	struct fuse_pollhandle *ph;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool stopped;	/* the session is about to go */
static int watches;

static unsigned int ask(oid_t oid, unsigned int events)
{
	unsigned int ready;
	int err = wire_poll(oid, events, &ready);

	if (wire_unsupported(err))
		ready = READY;
	else if (err == -ETIMEDOUT)
		ready = 0;
	else if (err)
		ready = POLLHUP;
	return ready & (events | ALWAYS);
}

/* Returns whether that was the end of it. */
static bool ask_once(struct watch *watch, bool last)
{
	unsigned int events;
	bool over;

	pthread_mutex_lock(&lock);
	events = watch->events;
	over = !watch->handle;
	pthread_mutex_unlock(&lock);
	if (!over)
		over = ask(watch->oid, events) || last;
	if (!over)
		return false;
	pthread_mutex_lock(&lock);
	if (watch->handle && !stopped)
		fuse_lowlevel_notify_poll(watch->ph);
	if (watch->handle)
		watch->handle->watch = NULL;
	watches--;
	pthread_mutex_unlock(&lock);
	fuse_pollhandle_destroy(watch->ph);
	return true;
}

static void *watch_main(void *arg)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	struct watch *watch = arg;
	int asks = 0;

	call_limit(ASK_SECONDS);
	do
		nanosleep(&interval, NULL);
	while (!ask_once(watch, ++asks == MAX_ASKS));
	free(watch);
	return NULL;
}

static struct watch *start(struct handle *handle)
{
	struct watch *watch = watches < MAX_WATCHES ? calloc(1, sizeof(*watch)) : NULL;
	pthread_t thread;

	if (!watch)
		return NULL;
	watch->handle = handle;
	watch->oid = handle->oid;
	/* It comes no further than the lock. */
	if (pthread_create(&thread, NULL, watch_main, watch)) {
		free(watch);
		return NULL;
	}
	pthread_detach(thread);
	watches++;
	return watch;
}

/* One notice wakes all who wait for a file, so the last handle is enough. */
static int watch(struct handle *handle, unsigned int events, struct fuse_pollhandle *ph)
{
	struct fuse_pollhandle *old = ph;

	pthread_mutex_lock(&lock);
	if (!handle->watch)
		handle->watch = start(handle);
	if (handle->watch) {
		old = handle->watch->ph;
		handle->watch->ph = ph;
		handle->watch->events |= events;
	}
	pthread_mutex_unlock(&lock);
	if (old)
		fuse_pollhandle_destroy(old);
	return old == ph ? -ENOMEM : 0;
}

void watch_end(struct handle *handle)
{
	pthread_mutex_lock(&lock);
	if (handle->watch)
		handle->watch->handle = NULL;
	handle->watch = NULL;
	pthread_mutex_unlock(&lock);
}

void watch_stop(void)
{
	pthread_mutex_lock(&lock);
	stopped = true;
	pthread_mutex_unlock(&lock);
}

static void do_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *ph)
{
	unsigned int ready = READY;
	int err = 0;

	call_begin(req);
	if (node_of(ino)->special)
		ready = ask(handle_of(fi)->oid, fi->poll_events);
	if (ph && !ready)
		err = watch(handle_of(fi), fi->poll_events, ph);
	else if (ph)
		fuse_pollhandle_destroy(ph);
	if (err) {
		reply_error(req, err);
		return;
	}
	call_end();
	fuse_reply_poll(req, ready);
}

void poll_operations(struct fuse_lowlevel_ops *ops)
{
	ops->poll = do_poll;
}
