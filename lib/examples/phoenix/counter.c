// SPDX-License-Identifier: MIT
/*
 * A driver of a device, in the way those for Phoenix-RTOS are written: it makes a
 * node with create_dev(), and understands reads, writes and ioctls.
 *
 *   counter [PATH]    the node, /dev/counter unless given
 *
 * Reading gives the number and counts on; what is written becomes the number.
 * Requests are received by one thread and answered by another.
 */
#include "counter.h"

#include <errno.h>
#include <poll.h>
#include <posix/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/list.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/threads.h>

struct request {
	struct request *next, *prev;
	msg_t msg;
	msg_rid_t rid;
};

static struct {
	uint32_t port;
	handle_t lock, more;
	struct request *queue;
	unsigned int value;
	int step;
	struct counter_stats stats;
} counter = { .step = 1 };

static int do_read(char *data, size_t size, off_t offs)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u\n", counter.value);

	if (offs)
		return 0;
	if ((size_t)len > size)
		len = (int)size;
	memcpy(data, text, len);
	counter.value += counter.step;
	counter.stats.reads++;
	return len;
}

static int do_write(const char *data, size_t size)
{
	char text[16] = "", *end;
	unsigned long value;
	size_t i;

	for (i = 0; i < size; i++)
		counter.stats.histogram[(unsigned char)data[i] % 64]++;
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	value = strtoul(text, &end, 10);
	if (end == text)
		return -EINVAL;
	counter.value = (unsigned int)value;
	counter.stats.writes++;
	return (int)size;
}

static void do_ioctl(msg_t *msg)
{
	unsigned long request;
	const void *in = ioctl_unpack(msg, &request, NULL);
	unsigned int old = counter.value;

	/* A client need not have sent what the request says. */
	if ((request & IOC_IN) && !in) {
		ioctl_setResponse(msg, request, -EINVAL, NULL);
		return;
	}
	switch (request) {
	case COUNTER_SET:
		counter.value = *(const unsigned int *)in;
		ioctl_setResponse(msg, request, 0, NULL);
		break;
	case COUNTER_GET:
		ioctl_setResponse(msg, request, 0, &old);
		break;
	case COUNTER_SWAP:
		counter.value = *(const unsigned int *)in;
		ioctl_setResponse(msg, request, 0, &old);
		break;
	case COUNTER_STEP:
		counter.step = (int)(intptr_t)in;
		ioctl_setResponse(msg, request, 0, NULL);
		break;
	case COUNTER_STATS:
		ioctl_setResponse(msg, request, 0, &counter.stats);
		break;
	case COUNTER_RESET:
		memset(&counter.stats, 0, sizeof(counter.stats));
		ioctl_setResponse(msg, request, 0, NULL);
		break;
	default:
		ioctl_setResponse(msg, request, -EINVAL, NULL);
	}
}

static int do_getattr(int type, long long *val)
{
	switch (type) {
	case atMode:
		*val = S_IFCHR | 0666;
		return 0;
	case atType:
		*val = otDev;
		return 0;
	case atPollStatus:
		*val = POLLIN | POLLOUT;
		return 0;
	default:
		return -EINVAL;
	}
}

static void serve(msg_t *msg)
{
	switch (msg->type) {
	case mtOpen:
	case mtClose:
		msg->o.err = 0;
		break;
	case mtRead:
		msg->o.err = do_read(msg->o.data, msg->o.size, msg->i.io.offs);
		break;
	case mtWrite:
		msg->o.err = do_write(msg->i.data, msg->i.size);
		break;
	case mtDevCtl:
		do_ioctl(msg);
		break;
	case mtGetAttr:
		msg->o.err = do_getattr(msg->i.attr.type, &msg->o.attr.val);
		break;
	default:
		msg->o.err = -ENOSYS;
	}
}

static void worker(void *arg)
{
	struct request *req;

	(void)arg;
	for (;;) {
		mutexLock(counter.lock);
		while (!counter.queue)
			condWait(counter.more, counter.lock, 0);
		req = counter.queue;
		LIST_REMOVE(&counter.queue, req);
		mutexUnlock(counter.lock);
		priority(req->msg.priority);
		serve(&req->msg);
		msgRespond(counter.port, &req->msg, req->rid);
		free(req);
	}
}

static int receive(void)
{
	struct request *req = malloc(sizeof(*req));
	int err;

	if (!req)
		return -ENOMEM;
	/* Small data lies in the message itself, so it is received where it stays. */
	do {
		err = msgRecv(counter.port, &req->msg, &req->rid);
	} while (err == -EINTR);
	if (err < 0) {
		free(req);
		return err;
	}
	mutexLock(counter.lock);
	LIST_ADD(&counter.queue, req);
	mutexUnlock(counter.lock);
	condSignal(counter.more);
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/counter";
	oid_t dev = { 0 };
	int err;

	err = portCreate(&counter.port);
	if (!err)
		err = mutexCreate(&counter.lock);
	if (!err)
		err = condCreate(&counter.more);
	if (!err)
		err = beginthread(worker, 4, NULL, 4096, NULL);
	dev.port = counter.port;
	if (!err)
		err = create_dev(&dev, path);
	if (err < 0) {
		fprintf(stderr, "counter: %s: %s\n", path, strerror(-err));
		return 1;
	}
	printf("counter: serves %s\n", path);
	fflush(stdout);
	while (!err)
		err = receive();
	return 1;
}
