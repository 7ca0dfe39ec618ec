// SPDX-License-Identifier: GPL-2.0-only
/*
 * Android's binder. The kernel copies input and output once each, into a buffer of
 * the process that gets it, where it is read.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "binder.h"
#include "work.h"

/* The driver gives no process more. */
#define BUFFER_SIZE	(4 << 20)
#define BUFFER_PAGE	4096

static struct binder_thread caller;

static const char *no_device(void)
{
	static char why[160];

	if (!access(BINDER_DEVICE, R_OK | W_OK))
		return NULL;
	snprintf(why, sizeof(why), "%s: %s; %s", BINDER_DEVICE, strerror(errno),
		 errno == EACCES ? "run as root" :
				   "as root run modprobe binder_linux devices=binder");
	return why;
}

static const char *too_large(const struct job *job, enum placement placement)
{
	(void)placement;
	if (job->in_size <= BUFFER_SIZE - BUFFER_PAGE &&
	    job->out_size <= BUFFER_SIZE - BUFFER_PAGE)
		return NULL;
	return "a process has a buffer of 4 MiB at most";
}

static int serve(struct job *job, int (*ready)(void))
{
	struct binder_transaction_data got;
	struct binder_thread thread;
	void *out = buffer_new();
	int fd = binder_open(BUFFER_SIZE);
	int error;

	if (fd < 0 || !out)
		return fd < 0 ? fd : -ENOMEM;
	error = binder_manage(fd) ?: binder_enter(&thread, fd) ?: ready();
	while (!error) {
		error = binder_reply_next(&thread, out, job->out_size, &got);
		if (!error)
			work_serve(job, (void *)(uintptr_t)got.data.ptr.buffer, out);
	}
	return error;
}

static int connect_thread(struct job *job, pid_t server)
{
	caller.fd = binder_open(BUFFER_SIZE);
	(void)job;
	(void)server;
	return caller.fd < 0 ? caller.fd : 0;
}

static int call(const struct job *job, struct call *message)
{
	struct binder_transaction_data reply;
	int error = binder_call(&caller, message->in, job->in_size, &reply);

	if (!error)
		message->reply = (void *)(uintptr_t)reply.data.ptr.buffer;
	return error;
}

static const char *explain(int error)
{
	if (error == EBUSY)
		return "another program is binder's context manager: end it first";
	if (error == EPERM)
		return "binder's context manager must be of the user of the first one: run as root";
	return NULL;
}

const struct peer peer_binder = {
	.name = "binder",
	.heading = { "binder", "" },
	.obstacle = no_device,
	.left_out = too_large,
	.serve = serve,
	.connect = connect_thread,
	.call = call,
	.explain = explain,
};
