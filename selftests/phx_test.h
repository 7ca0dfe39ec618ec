/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test programs share: the commands of the device as functions that
 * return 0 or -errno, and a few ways to have another process or thread.
 */
#ifndef PHX_TEST_H
#define PHX_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* A 32-bit program maps the output window at an offset above 32 bits. */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#include "phx_harness.h"

#include <linux/phxport.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PHX_DEV "/dev/phxport"

/* A result that is to be -errno. */
#define EXPECT_ERR(err, call) EXPECT_EQ(-(err), (call))
#define ASSERT_ERR(err, call) ASSERT_EQ(-(err), (call))

static inline __u64 addr(const void *p)
{
	return (uintptr_t)p;
}

static inline int dev_open(int flags)
{
	int fd = open(PHX_DEV, O_RDWR | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

/* For FIXTURE_SETUP: opens the device, or skips the test with the reason. */
#define OPEN_OR_SKIP(_fd) do {							\
	(_fd) = dev_open(0);							\
	if ((_fd) == -ENOENT || (_fd) == -ENODEV || (_fd) == -ENXIO)		\
		SKIP(return, PHX_DEV " is not there: load the module phxport");	\
	if ((_fd) == -EACCES)							\
		SKIP(return, "no permission to open " PHX_DEV);			\
	ASSERT_LE(0, (_fd));							\
} while (0)

static inline int dev_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static inline int port_create_flags(int fd, __u32 flags, __u32 *port)
{
	struct phx_ioc_port arg = { .size = sizeof(arg), .flags = flags };
	int err = dev_ioctl(fd, PHX_IOC_PORT_CREATE, &arg);

	if (!err)
		*port = arg.port;
	return err;
}

static inline int port_create(int fd, __u32 *port)
{
	return port_create_flags(fd, 0, port);
}

static inline int port_destroy(int fd, __u32 port)
{
	struct phx_ioc_port arg = { .size = sizeof(arg), .port = port };

	return dev_ioctl(fd, PHX_IOC_PORT_DESTROY, &arg);
}

static inline int name_register(int fd, const char *name, __u32 port, __u64 id)
{
	struct phx_ioc_name arg = {
		.size = sizeof(arg), .name = addr(name), .name_size = strlen(name) + 1,
		.oid = { .port = port, .id = id },
	};

	return dev_ioctl(fd, PHX_IOC_NAME_REGISTER, &arg);
}

static inline int name_unregister(int fd, const char *name)
{
	struct phx_ioc_name arg = {
		.size = sizeof(arg), .name = addr(name), .name_size = strlen(name) + 1,
	};

	return dev_ioctl(fd, PHX_IOC_NAME_UNREGISTER, &arg);
}

/* @oid and @matched may be NULL. */
static inline int name_lookup(int fd, const char *name, __u32 flags,
			      struct phx_oid *oid, __u32 *matched)
{
	struct phx_ioc_name arg = {
		.size = sizeof(arg), .flags = flags,
		.name = addr(name), .name_size = strlen(name) + 1,
	};
	int err = dev_ioctl(fd, PHX_IOC_NAME_LOOKUP, &arg);

	if (!err && oid)
		*oid = arg.oid;
	if (!err && matched)
		*matched = arg.matched;
	return err;
}

/* Fills in size and port; all else is the caller's. */
static inline int msg_send_arg(int fd, __u32 port, struct phx_ioc_send *arg)
{
	arg->size = sizeof(*arg);
	arg->port = port;
	return dev_ioctl(fd, PHX_IOC_SEND, arg);
}

static inline int msg_send(int fd, __u32 port, struct phx_msg *msg)
{
	struct phx_ioc_send arg = { .msg = *msg };
	int err = msg_send_arg(fd, port, &arg);

	*msg = arg.msg;
	return err;
}

static inline int msg_recv_arg(int fd, __u32 port, struct phx_ioc_recv *arg)
{
	arg->size = sizeof(*arg);
	arg->port = port;
	return dev_ioctl(fd, PHX_IOC_RECV, arg);
}

/* Without memory for copies: buffers of any size are lent. */
static inline int msg_recv(int fd, __u32 port, struct phx_msg *msg, int *rid)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	int err = msg_recv_arg(fd, port, &arg);

	if (!err) {
		*msg = arg.msg;
		*rid = arg.rid;
	}
	return err;
}

static inline int msg_respond(int fd, __u32 port, const struct phx_msg *msg, int rid)
{
	struct phx_ioc_respond arg = {
		.size = sizeof(arg), .port = port, .rid = rid, .o = msg->o,
	};

	/* The addresses of a message that was received need not be sent back. */
	arg.o.data = 0;
	return dev_ioctl(fd, PHX_IOC_RESPOND, &arg);
}

static inline int msg_respond_recv(int fd, __u32 port, struct phx_ioc_recv *arg)
{
	arg->size = sizeof(*arg);
	arg->port = port;
	return dev_ioctl(fd, PHX_IOC_RESPOND_RECV, arg);
}

/* The number, or -errno. */
static inline int buffer_register(int fd, __u32 port, __u32 flags, const void *at, size_t len)
{
	struct phx_ioc_buffer arg = {
		.size = sizeof(arg), .flags = flags, .port = port,
		.addr = addr(at), .len = len,
	};
	int err = dev_ioctl(fd, PHX_IOC_BUFFER_REGISTER, &arg);

	return err ? err : (int)arg.id;
}

static inline int buffer_unregister(int fd, __u32 id)
{
	struct phx_ioc_buffer arg = { .size = sizeof(arg), .id = id };

	return dev_ioctl(fd, PHX_IOC_BUFFER_UNREGISTER, &arg);
}

static inline void set_input(struct phx_msg *msg, const void *data, size_t size)
{
	msg->i.data = addr(data);
	msg->i.size = size;
}

static inline void set_output(struct phx_msg *msg, void *data, size_t size)
{
	msg->o.data = addr(data);
	msg->o.size = size;
}

/* Windows of a client; NULL where there is none. */
struct windows {
	char *in;
	char *out;
	size_t size;
};

static inline int windows_map(int fd, struct windows *win, size_t size)
{
	win->size = size;
	win->in = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, PHX_WINDOW_INPUT);
	if (win->in == MAP_FAILED)
		return -errno;
	win->out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			PHX_WINDOW_OUTPUT);
	if (win->out == MAP_FAILED)
		return -errno;
	return 0;
}

static inline void windows_unmap(struct windows *win)
{
	munmap(win->in, win->size);
	munmap(win->out, win->size);
}

/* A counter of the module, from debugfs; -1 if it can't be read. */
static inline long long stat_read(const char *key)
{
	FILE *f = fopen("/sys/kernel/debug/phxport/stats", "r");
	char name[64];
	long long n, found = -1;

	while (f && fscanf(f, "%63s %lld", name, &n) == 2)
		if (!strcmp(name, key))
			found = n;
	if (f)
		fclose(f);
	return found;
}

/* Waits for a counter to get a value; some are put right a little later. */
static inline bool stat_becomes(const char *key, long long value)
{
	int i;

	for (i = 0; i < 5000; i++) {
		if (stat_read(key) == value)
			return true;
		usleep(1000);
	}
	return false;
}

/* A parameter of the module, 1 for Y and 0 for N; -1 if it can't be read. */
static inline long long param_read(const char *name)
{
	char path[128];
	long long value = -1;
	char yes_or_no;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/phxport/parameters/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &value) != 1)
		value = fscanf(f, "%c", &yes_or_no) == 1 ? yes_or_no == 'Y' : -1;
	fclose(f);
	return value;
}

static inline int param_write(const char *name, long long value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/phxport/parameters/%s", name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fprintf(f, "%lld", value);
	return fclose(f) ? -errno : 0;
}

/* State letter of a thread as ps shows it, 0 if it is gone. */
static inline char thread_state(pid_t tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(f);
	return state;
}

/* Waits until a thread or process sleeps, in whatever way. */
static inline bool wait_asleep(pid_t tid)
{
	int i;

	for (i = 0; i < 10000; i++) {
		char state = thread_state(tid);

		if (state == 'S' || state == 'D' || state == 'I')
			return true;
		if (!state || state == 'Z')
			return false;
		usleep(1000);
	}
	return false;
}

/* Exit status of a child, or -signal. */
static inline int wait_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif /* PHX_TEST_H */
