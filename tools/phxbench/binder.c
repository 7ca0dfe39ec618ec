// SPDX-License-Identifier: GPL-2.0-only
#include "binder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A manager that was killed stays for a moment; so long, at most, is waited for it. */
#define MANAGE_TRIES	500
#define MANAGE_WAIT_US	10000

/* Gives the file descriptor, or a negative errno. */
int binder_open(size_t buffer_size)
{
	int fd = open(BINDER_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || mmap(NULL, buffer_size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE,
			   fd, 0) == MAP_FAILED)
		return -errno;
	return fd;
}

int binder_manage(int fd)
{
	int zero = 0;

	for (int i = 0; ioctl(fd, BINDER_SET_CONTEXT_MGR, &zero); i++) {
		if (errno != EBUSY || i == MANAGE_TRIES)
			return -errno;
		usleep(MANAGE_WAIT_US);
	}
	return 0;
}

static int write_read(int fd, const void *out, size_t out_size, void *in, size_t *in_size)
{
	struct binder_write_read wr = {
		.write_buffer = (uintptr_t)out,
		.write_size = out_size,
		.read_buffer = (uintptr_t)in,
		.read_size = *in_size,
	};

	if (ioctl(fd, BINDER_WRITE_READ, &wr))
		return -errno;
	*in_size = wr.read_consumed;
	return 0;
}

/* Makes the calling thread one that serves. */
int binder_enter(struct binder_thread *thread, int fd)
{
	uint32_t looper = BC_ENTER_LOOPER;
	size_t none = 0;

	*thread = (struct binder_thread){ .fd = fd };
	return write_read(fd, &looper, sizeof(looper), NULL, &none);
}

/* Finds the transaction among what the driver returned: 1 if it is there. */
static int find(const char *in, size_t size, uint32_t wanted,
		struct binder_transaction_data *data)
{
	uint32_t cmd;

	for (size_t pos = 0; pos + sizeof(cmd) <= size; pos += _IOC_SIZE(cmd)) {
		memcpy(&cmd, in + pos, sizeof(cmd));
		pos += sizeof(cmd);
		if (cmd == wanted) {
			memcpy(data, in + pos, sizeof(*data));
			return 1;
		}
		if (cmd == BR_DEAD_REPLY)
			return -EPIPE;
		if (cmd == BR_FAILED_REPLY)
			return -EIO;
	}
	return 0;
}

/* Writes the batch, or what of it there is, and waits for a transaction. */
static int exchange(struct binder_thread *thread, size_t size, uint32_t wanted,
		    struct binder_transaction_data *data)
{
	size_t skip = thread->batch.free_ptr ? 0 : offsetof(struct binder_batch, command);
	const char *out = (char *)&thread->batch + skip;
	char in[256];
	int ret = 0;

	size -= size ? skip : 0;
	while (!ret) {
		size_t in_size = sizeof(in);

		ret = write_read(thread->fd, out, size, in, &in_size);
		if (ret == -EINTR)
			ret = 0;
		if (!ret)
			ret = find(in, in_size, wanted, data);
		size = 0;
	}
	if (ret < 0)
		return ret;
	thread->batch.free_cmd = BC_FREE_BUFFER;
	thread->batch.free_ptr = data->data.ptr.buffer;
	return 0;
}

static void set(struct binder_thread *thread, uint32_t cmd, const void *data, size_t size)
{
	thread->batch.command.cmd = cmd;
	thread->batch.command.data = (struct binder_transaction_data){
		.data_size = size,
		.data.ptr.buffer = (uintptr_t)data,
	};
}

/* The reply is there until the next call of this thread. */
int binder_call(struct binder_thread *thread, const void *data, size_t size,
		struct binder_transaction_data *reply)
{
	set(thread, BC_TRANSACTION, data, size);
	return exchange(thread, sizeof(thread->batch), BR_REPLY, reply);
}

/* Replies to the last transaction, if there was one, and waits for the next. */
int binder_reply_next(struct binder_thread *thread, const void *data, size_t size,
		      struct binder_transaction_data *next)
{
	size_t write_size = thread->batch.free_ptr ? sizeof(thread->batch) : 0;

	set(thread, BC_REPLY, data, size);
	return exchange(thread, write_size, BR_TRANSACTION, next);
}
