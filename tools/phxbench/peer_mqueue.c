// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two POSIX message queues, for the largest messages that this user may have.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "work.h"

#define MESSAGE_MAX_FILE	"/proc/sys/fs/mqueue/msgsize_max"
#define MESSAGE_MAX_DEFAULT	8192

static mqd_t request, answer;
static long message_max;

/* The name is needed only for a moment. */
static mqd_t open_queue(const char *which, long size)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = size };
	char name[40];
	mqd_t queue;

	snprintf(name, sizeof(name), "/phxbench-%d-%s", getpid(), which);
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
	mq_unlink(name);
	return queue;
}

static int open_queues(long size)
{
	request = open_queue("in", size);
	if (request == (mqd_t)-1)
		return -errno;
	answer = open_queue("out", size);
	if (answer == (mqd_t)-1) {
		mq_close(request);
		return -errno;
	}
	message_max = size;
	return 0;
}

/* Above the system's limit only with CAP_SYS_RESOURCE. */
static int prepare(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MSGQUEUE, &unlimited);
	if (!open_queues(buffer_size))
		return 0;
	return open_queues(number_in_file(MESSAGE_MAX_FILE, MESSAGE_MAX_DEFAULT));
}

static const char *too_large(const struct job *job, enum placement placement)
{
	static char why[100];

	(void)placement;
	if ((long)job->in_size <= message_max && (long)job->out_size <= message_max)
		return NULL;
	snprintf(why, sizeof(why), "a message may have %ld bytes here (fs.mqueue.msgsize_max)",
		 message_max);
	return why;
}

static int serve(struct job *job, int (*ready)(void))
{
	void *in = buffer_new(), *out = buffer_new();
	int error = in && out ? ready() : -ENOMEM;

	while (!error) {
		if (mq_receive(request, in, buffer_size, NULL) < 0)
			return -errno;
		work_serve(job, in, out);
		if (mq_send(answer, out, job->out_size, 0))
			return -errno;
	}
	return error;
}

static int call(const struct job *job, struct call *message)
{
	if (mq_send(request, message->in, job->in_size, 0) ||
	    mq_receive(answer, message->out, buffer_size, NULL) < 0)
		return -errno;
	return 0;
}

const struct peer peer_mqueue = {
	.name = "mqueue",
	.heading = { "mqueue", "" },
	.left_out = too_large,
	.prepare = prepare,
	.serve = serve,
	.call = call,
};
