// SPDX-License-Identifier: MIT
/*
 * pingpong over Android's binder, with its bare ioctls: the server is the
 * context manager, handle 0, of /dev/binder. Every command that can wait for
 * the next call is batched with it, as libbinder does. The buffer is the
 * largest that the driver gives, so that 1 MiB goes in one transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pingpong.h"

#define BUFFER_SIZE	(4 << 20)

struct transaction {
	uint32_t cmd;
	struct binder_transaction_data data;
} __attribute__((packed));

/* What is written in one go: give a buffer back, then send or answer. */
struct batch {
	uint32_t free_cmd;
	binder_uintptr_t free_ptr;
	struct transaction t;
} __attribute__((packed));

static int binder = -1;
static struct batch batch = { .free_cmd = BC_FREE_BUFFER };

static int binder_open(void)
{
	binder = open("/dev/binder", O_RDWR | O_CLOEXEC);
	if (mmap(NULL, BUFFER_SIZE, PROT_READ, MAP_PRIVATE | MAP_NORESERVE,
		 binder, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

static int write_read(const void *out, size_t out_size, void *in, size_t *in_size)
{
	struct binder_write_read wr = {
		.write_buffer = (uintptr_t)out,
		.write_size = out_size,
		.read_buffer = (uintptr_t)in,
		.read_size = *in_size,
	};

	if (ioctl(binder, BINDER_WRITE_READ, &wr))
		return -errno;
	*in_size = wr.read_consumed;
	return 0;
}

/* Finds the transaction among what the driver returned. */
static int find_transaction(const char *in, size_t size, uint32_t wanted,
			    struct binder_transaction_data *data)
{
	size_t pos = 0;
	uint32_t cmd;

	while (pos + sizeof(cmd) <= size) {
		memcpy(&cmd, in + pos, sizeof(cmd));
		pos += sizeof(cmd);
		if (cmd == wanted) {
			memcpy(data, in + pos, sizeof(*data));
			return 1;
		}
		if (cmd == BR_DEAD_REPLY || cmd == BR_FAILED_REPLY)
			return -EIO;
		pos += _IOC_SIZE(cmd);
	}
	return 0;
}

/* Sends the batch, or what of it is to be sent, and waits for a transaction. */
static int exchange(size_t skip, size_t size, uint32_t wanted,
		    struct binder_transaction_data *data)
{
	char in[256];
	int ret = 0;

	while (!ret) {
		size_t in_size = sizeof(in);

		ret = write_read((char *)&batch + skip, size, in, &in_size);
		if (!ret)
			ret = find_transaction(in, in_size, wanted, data);
		size = 0;
	}
	return ret < 0 ? ret : 0;
}

static void batch_set(uint32_t cmd, const void *data, size_t size)
{
	batch.t.cmd = cmd;
	batch.t.data = (struct binder_transaction_data){
		.data_size = size,
		.data.ptr.buffer = (uintptr_t)data,
	};
}

static int binder_serve(int ready)
{
	uint32_t looper = BC_ENTER_LOOPER;
	struct binder_transaction_data got;
	size_t none = 0;
	uint64_t sum;
	int err, zero = 0;

	err = binder_open();
	if (!err && ioctl(binder, BINDER_SET_CONTEXT_MGR, &zero))
		err = -errno;
	if (!err)
		err = write_read(&looper, sizeof(looper), NULL, &none);
	if (!err)
		err = pp_ready(ready);
	if (!err)
		err = exchange(0, 0, BR_TRANSACTION, &got);
	while (!err) {
		sum = pp_sum((void *)(uintptr_t)got.data.ptr.buffer, got.data_size);
		batch.free_ptr = got.data.ptr.buffer;
		batch_set(BC_REPLY, &sum, sizeof(sum));
		err = exchange(0, sizeof(batch), BR_TRANSACTION, &got);
	}
	return err;
}

static int binder_call(const uint64_t *words, size_t size, uint64_t *sum)
{
	size_t skip = batch.free_ptr ? 0 : offsetof(struct batch, t);
	struct binder_transaction_data got;
	int err = binder < 0 ? binder_open() : 0;

	batch_set(BC_TRANSACTION, words, size);
	if (!err)
		err = exchange(skip, sizeof(batch) - skip, BR_REPLY, &got);
	if (err)
		return err;
	batch.free_ptr = got.data.ptr.buffer;
	memcpy(sum, (void *)(uintptr_t)got.data.ptr.buffer, sizeof(*sum));
	return 0;
}

const struct pp_peer pp_binder = {
	.name = "binder",
	.device = "/dev/binder",
	.serve = binder_serve,
	.call = binder_call,
};
