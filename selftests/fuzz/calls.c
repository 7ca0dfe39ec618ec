// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that can be asked of the device but messages.
 */
#include "message.h"

#include <sys/epoll.h>

static int simple(struct fz_lane *lane, const struct fz_call *call, unsigned long cmd,
		  void *arg, size_t size)
{
	void *user = fz_give(lane, call, arg, size);
	int err = fz_ioctl(lane, call, fz_fd(call->arg[0]), cmd, user, size);

	fz_take(call, user, arg, size);
	fz_check_error(call, err);
	return err;
}

/* CLIENT FLAGS */
void fz_run_info(struct fz_lane *lane, const struct fz_call *call)
{
	struct phx_ioc_info arg = { .size = sizeof(arg), .flags = call->arg[1] };

	simple(lane, call, PHX_IOC_INFO, &arg, sizeof(arg));
}

/* CLIENT FLAGS SLOT */
void fz_run_port_create(struct fz_lane *lane, const struct fz_call *call)
{
	struct phx_ioc_port arg = { .size = sizeof(arg), .flags = call->arg[1] };

	if (!simple(lane, call, PHX_IOC_PORT_CREATE, &arg, sizeof(arg)) && !call->mutate &&
	    call->place == FZ_PLACE_FINE)
		atomic_store(&shared->ports[FZ_PROCS + call->arg[2] % (FZ_PORTS - FZ_PROCS)],
			     arg.port);
}

/* CLIENT FLAGS PORT */
void fz_run_port_destroy(struct fz_lane *lane, const struct fz_call *call)
{
	struct phx_ioc_port arg = {
		.size = sizeof(arg), .flags = call->arg[1], .port = fz_port(call->arg[2]),
	};

	simple(lane, call, PHX_IOC_PORT_DESTROY, &arg, sizeof(arg));
}

/* CLIENT WHAT FLAGS NAME SIZE PORT */
void fz_run_name(struct fz_lane *lane, const struct fz_call *call)
{
	static const unsigned long cmds[] = {
		PHX_IOC_NAME_REGISTER, PHX_IOC_NAME_UNREGISTER, PHX_IOC_NAME_LOOKUP,
	};
	static const char *const names[] = { "/", "/a", "/a/b", "/a/b/c", "a", "//" };
	const char *name = names[call->arg[3]];
	struct phx_ioc_name arg = {
		.size = sizeof(arg), .flags = call->arg[2], .name = addr(name),
		.name_size = strlen(name) + 1,
		.oid = { .port = fz_port(call->arg[5]), .id = call->arg[4] },
	};

	if (call->arg[4] > 64) {
		arg.name = addr(lane->scratch);
		arg.name_size = call->arg[4];
		lane->scratch[(call->arg[4] - 1) % FZ_MEMORY] = 0;
	}
	simple(lane, call, cmds[call->arg[1]], &arg, sizeof(arg));
}

/* Not the memory that a lane counts on: who receives may write to it at any time. */
static unsigned int registrable(unsigned int where)
{
	if (where == FZ_OWN || where == FZ_ARGUMENT)
		return FZ_REGISTERED;
	if (where == FZ_HELD_IN || where == FZ_HELD_OUT)
		return FZ_WINDOW;
	return where;
}

/* CLIENT PORT FLAGS WHERE OFF LEN SLOT */
void fz_run_register(struct fz_lane *lane, const struct fz_call *call)
{
	unsigned int where = registrable(call->arg[3]);
	struct phx_ioc_buffer arg = {
		.size = sizeof(arg), .port = fz_port(call->arg[1]), .flags = call->arg[2],
		.addr = addr(fz_where(lane, where, call->arg[2] & PHX_BUFFER_OUT, call->arg[4],
				      lane->call)),
		.len = call->arg[5],
	};

	if (!arg.flags)
		arg.flags = 3;
	/* Mostly whole pages, of which there are not too many. */
	if (fz_below(&lane->rand, 16)) {
		arg.addr &= -PAGE;
		arg.len = (arg.len + PAGE - 1) & -PAGE;
	}
	if (!simple(lane, call, PHX_IOC_BUFFER_REGISTER, &arg, sizeof(arg)) && !call->mutate &&
	    call->place == FZ_PLACE_FINE)
		atomic_store(&world.regions[call->arg[6]], arg.id);
}

/* CLIENT FLAGS REGION */
void fz_run_unregister(struct fz_lane *lane, const struct fz_call *call)
{
	__u64 id = call->arg[2];
	struct phx_ioc_buffer arg = { .size = sizeof(arg), .flags = call->arg[1], .id = id };

	if (id < FZ_REGIONS)
		arg.id = atomic_load(&world.regions[id]);
	simple(lane, call, PHX_IOC_BUFFER_UNREGISTER, &arg, sizeof(arg));
}

/*
 * Any command with any structure. One that waits has a time limit, or no lane would
 * do anything else.
 */
/* CLIENT NR CMD A B */
void fz_run_ioctl(struct fz_lane *lane, const struct fz_call *call)
{
	unsigned long cmd = _IO(PHX_IOC_MAGIC, call->arg[1]);
	__u64 words[40];
	unsigned int i;

	if (!(call->arg[2] % 4))
		cmd = call->arg[2];
	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = call->arg[3] * (i & 1) ^ (i % 3 ? 0 : call->arg[4]) % 4096;
	words[0] = sizeof(words);
	/* No pointer of chance, which might lead to what somebody counts on. */
	for (i = 3; i < ARRAY_SIZE(words); i++)
		words[i] &= 0xffff;
	simple(lane, call, cmd, words, sizeof(words));
}

/* CLIENT TIME */
void fz_run_poll(struct fz_lane *lane, const struct fz_call *call)
{
	struct pollfd pfd = { .fd = fz_fd(call->arg[0]), .events = POLLIN | POLLOUT };
	struct timespec time = { .tv_nsec = call->arg[1] % 10000 * 1000 };

	fz_enter(lane, call);
	fz_leave(lane, call, ppoll(&pfd, 1, &time, NULL) < 0 ? -errno : pfd.revents);
}

static int epoll_file(void)
{
	int fd = atomic_load(&world.epoll), none = -1;

	if (fd >= 0)
		return fd;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd >= 0 && !atomic_compare_exchange_strong(&world.epoll, &none, fd)) {
		close(fd);
		fd = none;
	}
	return fd;
}

/* CLIENT HOW */
void fz_run_epoll(struct fz_lane *lane, const struct fz_call *call)
{
	static const struct { int op; __u32 events; } how[] = {
		{ EPOLL_CTL_ADD, EPOLLIN }, { EPOLL_CTL_ADD, EPOLLIN | EPOLLET },
		{ EPOLL_CTL_MOD, EPOLLIN | EPOLLONESHOT }, { EPOLL_CTL_DEL, 0 },
	};
	struct epoll_event event;
	int fd, err;

	fz_enter(lane, call);
	if (call->arg[1] < ARRAY_SIZE(how)) {
		event = (struct epoll_event) { .events = how[call->arg[1]].events };
		err = epoll_ctl(epoll_file(), how[call->arg[1]].op, fz_fd(call->arg[0]), &event);
	} else if (call->arg[1] == 4) {
		err = epoll_wait(epoll_file(), &event, 1, 0);
	} else {
		fd = atomic_exchange(&world.epoll, -1);
		err = fd < 0 ? 0 : close(fd);
	}
	fz_leave(lane, call, err < 0 ? -errno : err);
}

/* The descriptor that a client has now is the caller's to close. */
static int replace(struct fz_client *client, int fd)
{
	int old = atomic_exchange(&client->fd, fd);

	return old < 0 ? 0 : close(old);
}

/* CLIENT HOW */
void fz_run_reopen(struct fz_lane *lane, const struct fz_call *call)
{
	struct fz_client *client = &world.client[call->arg[0] % FZ_CLIENTS];
	int err = 0, fd;

	fz_enter_failing(lane, call);
	switch (call->arg[1]) {
	case 0:
		err = replace(client, -1);
		break;
	case 1:
		fd = fcntl(atomic_load(&client->fd), F_DUPFD_CLOEXEC, 3);
		err = replace(client, fd);
		break;
	default:
		fd = dev_open(call->arg[1] == 3 ? O_NONBLOCK : 0);
		err = replace(client, fd < 0 ? -1 : fd);
	}
	fz_leave(lane, call, err < 0 ? -errno : 0);
}
