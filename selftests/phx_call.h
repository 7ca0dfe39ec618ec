/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call to the device that is made by another thread or process, so that a
 * test can look at it while it waits.
 *
 * A struct call lies in memory that is shared with child processes, and so do
 * its two buffers. A process opens the device by itself.
 */
#ifndef PHX_CALL_H
#define PHX_CALL_H

#include "phx_test.h"

#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#define CALL_BUF (128 * 1024)

/* Ample for any machine; only a hang takes so long. */
#define CALL_PATIENCE_MS 20000

struct call {
	int fd;				/* of a thread */
	unsigned long cmd;
	void (*before)(struct call *c);	/* called by whoever makes the call */
	int param;			/* for it */
	union {
		struct phx_ioc_send send;
		struct phx_ioc_recv recv;
	};
	pthread_t thread;
	pid_t pid;			/* 0 in a thread */
	_Atomic pid_t tid;		/* set right before the call */
	atomic_int done;
	atomic_int signals;		/* handlers that ran, see call_catch() */
	int err;
	__u8 in[CALL_BUF] __attribute__((aligned(4096)));
	__u8 out[CALL_BUF] __attribute__((aligned(4096)));
};

static __thread struct call *call_mine;

static inline void call_on_signal(int sig)
{
	if (call_mine)
		atomic_fetch_add(&call_mine->signals, 1);
}

/* Have a handler, which only counts. */
static inline void call_catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = call_on_signal, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static inline struct call *call_new(void)
{
	struct call *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		abort();
	c->fd = -1;
	return c;
}

static inline void call_free(struct call *c)
{
	munmap(c, sizeof(*c));
}

static inline struct call *call_send(__u32 port)
{
	struct call *c = call_new();

	c->cmd = PHX_IOC_SEND;
	c->send.size = sizeof(c->send);
	c->send.port = port;
	return c;
}

static inline struct call *call_recv(__u32 port)
{
	struct call *c = call_new();

	c->cmd = PHX_IOC_RECV;
	c->recv.size = sizeof(c->recv);
	c->recv.port = port;
	c->recv.rid = PHX_RID_NONE;
	return c;
}

static inline void *call_main(void *arg)
{
	struct call *c = arg;

	call_mine = c;
	if (c->before)
		c->before(c);
	atomic_store(&c->tid, (pid_t)syscall(SYS_gettid));
	c->err = dev_ioctl(c->fd, c->cmd, &c->send);
	atomic_store(&c->done, 1);
	return NULL;
}

static inline struct call *call_thread(struct call *c, int fd)
{
	c->fd = fd;
	if (pthread_create(&c->thread, NULL, call_main, c))
		abort();
	return c;
}

/* No file of the parent's goes over, or it would live as long as the child. */
static inline void leave_files(void)
{
	syscall(SYS_close_range, 3, ~0U, 0);
}

/* The child dies with the test. */
static inline pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		abort();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		leave_files();
	}
	return pid;
}

static inline struct call *call_process(struct call *c)
{
	pid_t pid = fork_child();

	/* Not by the child as well: the memory is shared. */
	if (pid) {
		c->pid = pid;
		return c;
	}
	c->fd = dev_open(0);
	if (c->fd < 0)
		_exit(101);
	call_main(c);
	_exit(0);
}

static inline char call_state(struct call *c)
{
	return atomic_load(&c->tid) ? thread_state(c->tid) : 'R';
}

/* Waits until one of these states is shown for the caller. */
static inline bool call_becomes(struct call *c, const char *states)
{
	int i;

	for (i = 0; i < CALL_PATIENCE_MS; i++) {
		char state = call_state(c);

		if (state && strchr(states, state))
			return true;
		if (atomic_load(&c->done))
			return false;
		usleep(1000);
	}
	return false;
}

/* Waits until the call does: queued, or taken, or for a message. */
static inline bool call_waits(struct call *c)
{
	return call_becomes(c, "SI");
}

/*
 * Waits until a taken message's sender has been through its loop again, as a
 * signal makes it: only then does its state tell that it minds no signal.
 */
static inline bool call_minds_no_signal(struct call *c)
{
	return call_becomes(c, "I");
}

static inline bool call_is_done(struct call *c)
{
	int i;

	for (i = 0; i < CALL_PATIENCE_MS && !atomic_load(&c->done); i++)
		usleep(1000);
	return atomic_load(&c->done);
}

static inline void call_signal(struct call *c, int sig)
{
	syscall(SYS_tgkill, c->pid ? c->pid : getpid(), (pid_t)c->tid, sig);
}

/* Waits until a handler has run. */
static inline bool call_was_signalled(struct call *c)
{
	int i;

	for (i = 0; i < CALL_PATIENCE_MS && !atomic_load(&c->signals); i++)
		usleep(1000);
	return atomic_load(&c->signals);
}

/*
 * The result of the call; -1000 - signal of a process that was killed, -2000 if
 * there is no end to it.
 */
static inline int call_end(struct call *c)
{
	int i, status = 0;

	if (!c->pid) {
		if (!call_is_done(c))
			return -2000;
		pthread_join(c->thread, NULL);
		return c->err;
	}
	for (i = 0; i < CALL_PATIENCE_MS && !waitpid(c->pid, &status, WNOHANG); i++)
		usleep(1000);
	if (i == CALL_PATIENCE_MS)
		return -2000;
	if (WIFSIGNALED(status))
		return -1000 - WTERMSIG(status);
	return WEXITSTATUS(status) ? -1000 : c->err;
}

static inline int call_kill(struct call *c)
{
	kill(c->pid, SIGKILL);
	return call_end(c);
}

static inline int call_end_free(struct call *c)
{
	int err = call_end(c);

	call_free(c);
	return err;
}

/* Have a message of a type sent, by a thread or, if @fd is negative, a process. */
static inline struct call *send_type(int fd, __u32 port, int type)
{
	struct call *c = call_send(port);

	c->send.msg.type = type;
	return fd < 0 ? call_process(c) : call_thread(c, fd);
}

/* Is there a message, as poll(2) sees it? */
static inline bool message_waits(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & POLLIN;
}

/* Receives what is there. */
static inline int msg_recv_now(int fd, __u32 port, struct phx_msg *msg, int *rid)
{
	struct phx_ioc_recv arg = { .flags = PHX_RECV_NONBLOCK };
	int err = msg_recv_arg(fd, port, &arg);

	if (!err) {
		*msg = arg.msg;
		*rid = arg.rid;
	}
	return err;
}

/* Capabilities of this thread but one. */
static inline int cap_drop(int cap)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &hdr, data))
		return -errno;
	data[cap / 32].effective &= ~(1U << cap % 32);
	data[cap / 32].permitted &= ~(1U << cap % 32);
	data[cap / 32].inheritable = 0;
	return syscall(SYS_capset, &hdr, data) ? -errno : 0;
}

#endif /* PHX_CALL_H */
