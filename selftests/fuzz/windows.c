// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be done to windows and to the memory of senders, and to whole processes.
 */
#include "message.h"

#include <sys/uio.h>

/* Not in all headers. */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define EMPTY (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)

static void map_elsewhere(const __u64 *arg)
{
	static const int flags[] = {
		MAP_SHARED | MAP_FIXED, MAP_PRIVATE | MAP_FIXED, MAP_SHARED | MAP_FIXED,
		MAP_SHARED,
	};
	size_t len = arg[2] && (arg[2] <= FZ_ROOM || arg[4] == 4) ? arg[2] : FZ_ROOM;
	__u64 off = arg[1] ? PHX_WINDOW_OUTPUT : PHX_WINDOW_INPUT;
	void *at;

	if (arg[4] == 3)
		off += arg[5] & -PAGE;
	at = mmap(world.elsewhere, len, arg[3], flags[arg[4] - 1], fz_fd(arg[0]), off);
	if (at != MAP_FAILED && arg[4] == 2)
		fz_fail("a window was mapped for this process alone");
	if (at != MAP_FAILED && arg[3] & (arg[1] ? PROT_EXEC : PROT_WRITE | PROT_EXEC))
		fz_fail("a window was mapped with protection %lld", (long long)arg[3]);
	if (at == MAP_FAILED || at == world.elsewhere)
		mmap(world.elsewhere, FZ_ROOM, PROT_NONE, EMPTY, -1, 0);
	else
		munmap(at, len);
}

/* CLIENT DIR LEN PROT HOW OFF */
void fz_run_map(struct fz_lane *lane, const struct fz_call *call)
{
	int err = 0;

	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	if (!call->arg[4])
		err = fz_map_window(call->arg[0], call->arg[1]);
	else
		map_elsewhere(call->arg);
	fz_leave(lane, call, err);
	pthread_mutex_unlock(&world.still);
}

/* CLIENT DIR LEN OFF: a part of it, which can't be, or all */
void fz_run_unmap(struct fz_lane *lane, const struct fz_call *call)
{
	struct fz_client *client = &world.client[call->arg[0] % FZ_CLIENTS];
	int dir = call->arg[1];
	size_t off = call->arg[3] & -PAGE & (FZ_ROOM - 1), len = call->arg[2] & -PAGE;

	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	if (off && len && len < FZ_ROOM - off && client->mapped[dir]) {
		if (mmap(client->room[dir] + off, len, PROT_NONE, EMPTY, -1, 0) != MAP_FAILED)
			fz_fail("a part of a window was unmapped");
	} else {
		fz_no_window(call->arg[0] % FZ_CLIENTS, dir);
	}
	fz_leave(lane, call, 0);
	pthread_mutex_unlock(&world.still);
}

static void change(struct fz_client *client, const __u64 *arg)
{
	char *at = client->room[arg[1]], *moved = at;
	size_t len = arg[3] & -PAGE;

	switch (arg[2]) {
	case 0:
		if (!mprotect(at, FZ_ROOM, PROT_READ | PROT_WRITE) && !arg[1])
			fz_fail("a window for inputs was made writable");
		break;
	case 1:
		mprotect(at, FZ_ROOM, PROT_NONE);
		break;
	case 2:
		moved = mremap(at, FZ_ROOM, FZ_ROOM + len, MREMAP_MAYMOVE);
		break;
	case 3:
		moved = mremap(at, FZ_ROOM, FZ_ROOM, MREMAP_MAYMOVE | MREMAP_FIXED,
			       world.elsewhere);
		break;
	case 4:
		madvise(at, FZ_ROOM, arg[5] % 26);
		break;
	case 5:
		mlock(at, FZ_ROOM);
		break;
	case 6:
		moved = mremap(at, 0, FZ_ROOM, MREMAP_MAYMOVE);
		break;
	default:
		mprotect(at, FZ_ROOM, arg[1] ? PROT_READ | PROT_WRITE : PROT_READ);
	}
	if (moved != MAP_FAILED && moved != at)
		fz_fail("a window was moved or grew");
}

/* CLIENT DIR HOW LEN OFF TO */
void fz_run_change(struct fz_lane *lane, const struct fz_call *call)
{
	struct fz_client *client = &world.client[call->arg[0] % FZ_CLIENTS];

	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	if (client->mapped[call->arg[1]])
		change(client, call->arg);
	fz_leave(lane, call, 0);
	pthread_mutex_unlock(&world.still);
}

/* Where a held message's buffer is, or was, if it is not some lane's memory. */
static char *buffer_of(__u64 rid, bool out, size_t *len)
{
	struct fz_held *held = &world.held[rid % FZ_RIDS];
	int class = out ? held->got.o_class : held->got.i_class;

	*len = out ? held->got.msg.o.size : held->got.msg.i.size;
	if (class != PHX_CLASS_LEND && class != PHX_CLASS_REGISTERED)
		return NULL;
	return out ? out_of(&held->got.msg) : in_of(&held->got.msg);
}

static void must_not_be_writable(const char *at, const char *by)
{
	if (fz_in_input_window(at))
		fz_fail("an input was written %s", by);
}

/* RID DIR WRITE OFF */
void fz_run_touch(struct fz_lane *lane, const struct fz_call *call)
{
	size_t len;
	char *at;

	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	at = buffer_of(call->arg[0], call->arg[1], &len);
	if (at) {
		at += call->arg[3] % (len + 1);
		if (call->arg[1] && call->arg[2])
			atomic_fetch_add(&world.disturbed, 1);
		if (!call->arg[2])
			fz_can_read(at);
		else if (fz_can_write(at))
			must_not_be_writable(at, "by the server");
	}
	fz_leave(lane, call, 0);
	pthread_mutex_unlock(&world.still);
}

static int reach_with(int how, char *at)
{
	char buf[64] = "reached";
	struct iovec mine = { buf, 8 }, its = { at, 8 };
	int ends[2], fd, n = -1;

	if (how == 0)
		return process_vm_readv(getpid(), &mine, 1, &its, 1, 0) > 0 ? -1 : 0;
	if (how == 1)
		return process_vm_writev(getpid(), &mine, 1, &its, 1, 0);
	if (how == 5) {
		fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
		n = pwrite(fd, buf, 8, addr(at));
		close(fd);
		return n;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	if (how == 2)
		vmsplice(ends[1], &its, 1, 0);
	else if (how == 3)
		n = write(ends[1], at, 8) < 0 ? -1 : 0;
	else if (write(ends[1], buf, 8) == 8)
		n = read(ends[0], at, 8);
	close(ends[0]);
	close(ends[1]);
	return n;
}

/* RID DIR HOW: by the hands of the kernel */
void fz_run_reach(struct fz_lane *lane, const struct fz_call *call)
{
	char *at;
	size_t len;

	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	at = buffer_of(call->arg[0], call->arg[1], &len);
	if (at && len >= 8) {
		atomic_fetch_add(&world.disturbed, 1);
		if (reach_with(call->arg[2], at) > 0)
			must_not_be_writable(at, "by a system call");
	}
	fz_leave(lane, call, 0);
	pthread_mutex_unlock(&world.still);
}

/* Its pages may be freed until they are written to, and are not known as swappable then. */
static void use_again(char *at)
{
	madvise(at, FZ_MEMORY, MADV_FREE);
	memset(at, FZ_CANARY, FZ_MEMORY);
}

/* HOW WHICH: what keeps contents is done to all memory, the rest to what nobody looks at */
void fz_run_memory(struct fz_lane *lane, const struct fz_call *call)
{
	static const int advice[] = {
		MADV_PAGEOUT, MADV_COLD, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_COLLAPSE,
	};
	char *const which[] = { lane->in, lane->out, lane->scratch, world.registered };
	char *at = which[call->arg[1]];
	unsigned int how = call->arg[0];

	fz_enter(lane, call);
	if (how < ARRAY_SIZE(advice))
		madvise(at, FZ_MEMORY, advice[how]);
	else if (how == 5)
		mlock(at, FZ_MEMORY);
	else if (how == 6)
		munlock(at, FZ_MEMORY);
	else if (call->arg[1] < 2)
		;
	else if (how == 7)
		madvise(at, FZ_MEMORY, MADV_DONTNEED);
	else if (how == 8)
		mmap(at, FZ_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
	else if (how == 10)
		use_again(at);
	else if (!mprotect(at, FZ_MEMORY, PROT_READ))
		mprotect(at, FZ_MEMORY, PROT_READ | PROT_WRITE);
	fz_leave(lane, call, 0);
}

/* In a child: nothing of the parent's is its own. Returns what is wrong. */
static int be_a_child(const struct fz_call *call)
{
	struct phx_ioc_send send = { .flags = PHX_SEND_NONBLOCK };
	struct phx_ioc_info info = { .size = sizeof(info) };
	int fd = fz_fd(call->arg[0]), err;
	size_t len;
	char *at;

	switch (call->arg[1]) {
	case 0:
		err = dev_ioctl(fd, PHX_IOC_INFO, &info);
		return err && err != -EBADF;
	case 1:
		err = msg_send_arg(fd, fz_port(call->arg[2]), &send);
		return err != -EBADFD && err != -EBADF;
	case 2:
		at = buffer_of(call->arg[2], 0, &len);
		return at && fz_in_input_window(at) && fz_can_read(at);
	default:
		return close(fd) && errno != EBADF;
	}
}

/* CLIENT HOW PORT */
void fz_run_fork(struct fz_lane *lane, const struct fz_call *call)
{
	int status = 0;
	pid_t pid;

	/* Not while somebody writes to memory that the child then has half of. */
	pthread_mutex_lock(&world.still);
	fz_enter(lane, call);
	pid = fork();
	if (!pid)
		_exit(be_a_child(call));
	fz_leave(lane, call, pid < 0 ? -errno : 0);
	pthread_mutex_unlock(&world.still);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fz_fail("a child could do what it must not (%lld)", (long long)call->arg[1]);
}

/* HOW */
void fz_run_die(struct fz_lane *lane, const struct fz_call *call)
{
	fz_enter(lane, call);
	if (call->arg[0])
		kill(getpid(), SIGKILL);
	else
		_exit(FZ_EXIT_DIE);
}

/* TIME */
void fz_run_pause(struct fz_lane *lane, const struct fz_call *call)
{
	usleep(call->arg[0] % 10000);
}
