/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Android's binder by its bare ioctls. The server is the context manager, handle 0,
 * of /dev/binder. As libbinder does, everything that can wait goes with the next
 * call: giving a buffer back, and the answer to the last transaction.
 */
#ifndef PHXBENCH_BINDER_H
#define PHXBENCH_BINDER_H

#include <linux/android/binder.h>
#include <stddef.h>
#include <stdint.h>

#define BINDER_DEVICE	"/dev/binder"

struct binder_command {
	uint32_t cmd;
	struct binder_transaction_data data;
} __attribute__((packed));

/* What is written in one go. */
struct binder_batch {
	uint32_t free_cmd;
	binder_uintptr_t free_ptr;
	struct binder_command command;
} __attribute__((packed));

/**
 * struct binder_thread - a thread that calls or serves
 * @fd: the device, which the threads of a process share
 * @batch: what it will write; its free_ptr is the buffer to give back, 0 none
 */
struct binder_thread {
	int fd;
	struct binder_batch batch;
};

int binder_open(size_t buffer_size);
int binder_manage(int fd);
int binder_enter(struct binder_thread *thread, int fd);
int binder_call(struct binder_thread *thread, const void *data, size_t size,
		struct binder_transaction_data *reply);
int binder_reply_next(struct binder_thread *thread, const void *data, size_t size,
		      struct binder_transaction_data *next);

#endif
