/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sender in a process of its own that does what the test tells it, one thing
 * after the other or, as it has a few threads, several at once; for the tests of
 * registered buffers.
 */
#ifndef PHX_PEER_H
#define PHX_PEER_H

#include "phx_map.h"

#define PEER_LANES 4
#define PEER_PAGES 64
#define PEER_SIZE (PEER_PAGES * PAGE)

/* No registered buffer: one that is lent. */
#define PLAIN (-1)

/* What lane_answer() gives if the peer never comes back, or is dead. */
#define LANE_HANGS (-2000)

struct peer;

/**
 * struct lane - one thread of a peer, in shared memory
 * @peer: whose
 * @asked: what @fn is to be called for
 * @done: what it was called for
 * @fn: what it is to do
 * @result: of @fn
 * @send: for lane_send()
 * @reg: for lane_register()
 * @param: for whatever @fn is
 */
struct lane {
	struct peer *peer;
	atomic_int asked, done;
	int (*fn)(struct lane *lane);
	int result;
	struct phx_ioc_send send;
	struct phx_ioc_buffer reg;
	long param;
};

/**
 * struct peer - a process, in shared memory
 * @pid: of the process
 * @ready: it has all it needs
 * @fd: its file of the device
 * @port: where it registers and sends
 * @mem: PEER_SIZE bytes of its memory, filled with SEED_IN
 * @lanes: its threads
 */
struct peer {
	pid_t pid;
	atomic_int ready;
	int fd;
	__u32 port;
	char *mem;
	struct lane lanes[PEER_LANES];
};

static inline void *lane_main(void *arg)
{
	struct lane *lane = arg;
	int n;

	for (;;) {
		n = atomic_load(&lane->asked);
		if (n == atomic_load(&lane->done)) {
			usleep(100);
			continue;
		}
		lane->result = lane->fn(lane);
		atomic_store(&lane->done, n);
	}
	return NULL;
}

static inline int peer_main(void *arg)
{
	struct peer *peer = arg;
	pthread_t thread;
	int i;

	peer->fd = dev_open(0);
	peer->mem = memory(PEER_SIZE);
	CHECK(peer->fd >= 0 && peer->mem);
	fill(peer->mem, PEER_SIZE, SEED_IN);
	for (i = 1; i < PEER_LANES; i++)
		CHECK(!pthread_create(&thread, NULL, lane_main, &peer->lanes[i]));
	atomic_store(&peer->ready, 1);
	lane_main(&peer->lanes[0]);
	return 0;
}

/* A peer that sends to @port, and does not have @fd. NULL if it does not come up. */
static inline struct peer *peer_start(int fd, __u32 port)
{
	struct peer *peer = shared_memory(sizeof(*peer));
	int i;

	if (!peer)
		return NULL;
	peer->port = port;
	for (i = 0; i < PEER_LANES; i++)
		peer->lanes[i].peer = peer;
	peer->pid = child_run(fd, peer_main, peer);
	return wait_for(&peer->ready, 1) ? peer : NULL;
}

/* -SIGKILL, unless it ended by itself; 0 if it was killed already. */
static inline int peer_kill(struct peer *peer)
{
	pid_t pid = peer->pid;

	peer->pid = 0;
	if (!pid)
		return 0;
	kill(pid, SIGKILL);
	return child_end(pid);
}

/* Have a lane begin with something. */
static inline void lane_ask(struct lane *lane, int (*fn)(struct lane *lane))
{
	lane->fn = fn;
	atomic_fetch_add(&lane->asked, 1);
}

static inline bool lane_is_busy(struct lane *lane)
{
	return atomic_load(&lane->done) != atomic_load(&lane->asked);
}

/* What came of it. */
static inline int lane_answer(struct lane *lane)
{
	int i;

	for (i = 0; i < PATIENCE_MS && lane_is_busy(lane); i++) {
		char state = thread_state(lane->peer->pid);

		if (!state || state == 'Z')
			return LANE_HANGS;
		usleep(1000);
	}
	return lane_is_busy(lane) ? LANE_HANGS : lane->result;
}

static inline int lane_do(struct lane *lane, int (*fn)(struct lane *lane))
{
	lane_ask(lane, fn);
	return lane_answer(lane);
}

static inline int do_register(struct lane *lane)
{
	int err;

	lane->reg.size = sizeof(lane->reg);
	err = dev_ioctl(lane->peer->fd, PHX_IOC_BUFFER_REGISTER, &lane->reg);
	return err ? err : (int)lane->reg.id;
}

/* Register a part of the peer's memory: its number or -errno. */
static inline int lane_register(struct lane *lane, __u32 flags, size_t off, size_t len)
{
	lane->reg = (struct phx_ioc_buffer) {
		.flags = flags, .port = lane->peer->port,
		.addr = addr(lane->peer->mem + off), .len = len, .id = 0xdead,
	};
	return lane_do(lane, do_register);
}

static inline int do_unregister(struct lane *lane)
{
	return buffer_unregister(lane->peer->fd, lane->param);
}

static inline int lane_unregister(struct lane *lane, int id)
{
	lane->param = id;
	return lane_do(lane, do_unregister);
}

static inline int do_send(struct lane *lane)
{
	return msg_send_arg(lane->peer->fd, lane->peer->port, &lane->send);
}

/* A buffer of a message: its number, or PLAIN, and which part of the memory. */
struct part {
	int id;
	size_t off, len;
};

static inline void lane_set_send(struct lane *lane, struct part in, struct part out)
{
	char *mem = lane->peer->mem;

	memset(&lane->send, 0, sizeof(lane->send));
	set_input(&lane->send.msg, mem + in.off, in.len);
	set_output(&lane->send.msg, mem + out.off, out.len);
	if (in.len && in.id != PLAIN) {
		lane->send.flags |= PHX_SEND_I_REGISTERED;
		lane->send.i_off = in.id;
	}
	if (out.len && out.id != PLAIN) {
		lane->send.flags |= PHX_SEND_O_REGISTERED;
		lane->send.o_off = out.id;
	}
}

/* Begin to send. */
static inline void lane_send(struct lane *lane, struct part in, struct part out)
{
	lane_set_send(lane, in, out);
	lane_ask(lane, do_send);
}

#define NO_PART ((struct part) { .id = PLAIN })

/* Send what no server is to see: the error. */
static inline int lane_send_error(struct lane *lane, struct part in, struct part out)
{
	lane_set_send(lane, in, out);
	lane->send.flags |= PHX_SEND_NONBLOCK;
	return lane_do(lane, do_send);
}

/* Waits until a message that was sent lies in the queue. */
static inline bool message_comes(const struct server *srv)
{
	return poll_readable(srv->fd, PATIENCE_MS);
}

static inline int do_fill(struct lane *lane)
{
	fill(lane->peer->mem, PEER_SIZE, lane->param);
	return 0;
}

/* Fill all of the peer's memory. */
static inline int lane_fill(struct lane *lane, unsigned int seed)
{
	lane->param = seed;
	return lane_do(lane, do_fill);
}

static inline int do_compare(struct lane *lane)
{
	return right_from(lane->peer->mem + lane->send.o_off, PAGE, lane->param, 0) == PAGE;
}

static inline int do_close(struct lane *lane)
{
	return close(lane->peer->fd) ? -errno : 0;
}

/* A server with a port that takes registered buffers. */
static inline int region_server_open(struct server *srv, size_t window)
{
	int err = server_open(srv, window, PEER_SIZE);

	return err ? err : port_create_flags(srv->fd, PHX_PORT_BUFFERS, &srv->port);
}

/* Respond, and have what the message uses registered no longer. */
static inline int server_respond_unregister(struct server *srv, const struct phx_ioc_recv *got)
{
	struct phx_ioc_respond arg = {
		.size = sizeof(arg), .flags = PHX_RESPOND_UNREGISTER,
		.port = srv->port, .rid = got->rid,
	};

	return dev_ioctl(srv->fd, PHX_IOC_RESPOND, &arg);
}

/* Pages of a window in which there is something. */
static inline size_t window_pages(const char *window, size_t size)
{
	size_t at, n = 0;

	for (at = 0; at < size; at += PAGE)
		n += !probe_read(window + at);
	return n;
}

#endif /* PHX_PEER_H */
