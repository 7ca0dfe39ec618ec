/* SPDX-License-Identifier: MIT */
/*
 * What the files of libphxport share.
 *
 * Locks: handles_lock (handle.c) > phx.lock. Neither is held over a call to the
 * kernel that can wait, nor over a handler; fork() takes them all so that the
 * child finds every handle in one piece.
 */
#ifndef PHX_INTERNAL_H
#define PHX_INTERNAL_H

#include <phxport.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define PHX_HELD_BITS		8
#define PHX_HELD_BUCKETS	(1U << PHX_HELD_BITS)
#define PHX_BUF_ALIGN		64

/* On the way of every message: the linker puts these functions together. */
#define PHX_HOT __attribute__((hot))

struct phx_server;
struct phx_worker;

/**
 * struct phx_buf - memory for buffers that the kernel copies to us
 * @next: in struct phx: of spares, or of a bucket of held ones
 * @rid: the message it belongs to, if held
 * @data: phx.buf_size bytes
 */
struct phx_buf {
	struct phx_buf *next;
	int rid;
	unsigned char data[] __attribute__((aligned(PHX_BUF_ALIGN)));
};

/**
 * struct phx - a handle
 * @fd: the file; its number never changes
 * @gen: how often @fd was opened anew, written under @lock
 * @tracked: messages in @held and threads in @workers; while it is 0 a
 *	     response needs no look at either. Written under @lock
 * @path: of the device
 * @flags: PHX_OPEN_*
 * @buf_size: bytes of data in a struct phx_buf
 * @window_max: the module's largest window
 * @next: in the list of handles, under handles_lock
 * @lock: of all below
 * @pid: who opened @fd; -1 after a fork
 * @window: input and output window; NULL if not mapped
 * @window_size: their sizes; before they are mapped what was asked for
 * @windows_done: they are mapped, or can't be
 * @spare: buffers for the next receive
 * @spares: how many
 * @held: buffers of messages that were received, hashed by rid
 * @servers: that run
 * @workers: threads of servers, for the buffer that each has to itself
 */
struct phx {
	int fd;
	atomic_uint gen;
	atomic_uint tracked;
	char *path;
	uint32_t flags;
	size_t buf_size;
	uint64_t window_max;
	struct phx *next;

	pthread_mutex_t lock;
	pid_t pid;
	void *window[2];
	uint64_t window_size[2];
	bool windows_done;
	struct phx_buf *spare;
	unsigned int spares;
	struct phx_buf *held[PHX_HELD_BUCKETS];
	struct phx_server *servers;
	struct phx_worker *workers;
};

/* handle.c */
int phx_call(struct phx *h, unsigned long cmd, void *arg);

/* opts.c */
int phx_opts_read(void *dst, size_t size, size_t min, const void *src);

/* explain.c */
void phx_explain_clear(void);
void phx_explain_open(const char *path, int err);
void phx_explain_abi(const char *path, const struct phx_ioc_info *info);

/* window.c */
void phx_windows_map(struct phx *h);
void phx_windows_unmap(struct phx *h);
void phx_windows_forget_locked(struct phx *h);

/* pool.c */
struct phx_buf *phx_buf_get(struct phx *h);
void phx_buf_put(struct phx *h, struct phx_buf *buf);
void phx_buf_hold(struct phx *h, struct phx_buf *buf, int rid);
void phx_buf_hold_locked(struct phx *h, struct phx_buf *buf, int rid);
struct phx_buf *phx_buf_take(struct phx *h, int rid);
void phx_buf_forget_locked(struct phx *h);
void phx_buf_free_all(struct phx *h);

/* worker.c, server.c */
struct phx_buf *phx_worker_take_locked(struct phx *h, int rid);
void phx_servers_orphan_locked(struct phx *h);

#endif /* PHX_INTERNAL_H */
