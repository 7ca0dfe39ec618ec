// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lane makes its calls one after the other.
 */
#include "fuzz.h"

/**
 * fz_port() - the number that an argument stands for
 * @arg: a slot, or a number above
 *
 * Return: the number.
 */
__u32 fz_port(__u64 arg)
{
	return arg < FZ_PORTS ? atomic_load(&shared->ports[arg]) : arg;
}

/**
 * fz_give() - put a call's structure where the call says
 * @lane: who calls
 * @call: the call
 * @arg: the structure
 * @size: its bytes
 *
 * Return: its address, for the kernel alone.
 */
void *fz_give(struct fz_lane *lane, const struct fz_call *call, void *arg, size_t size)
{
	char *at = lane->call + fz_below(&lane->rand, 100);

	if (call->size)
		memcpy(arg, &call->size, sizeof(__u32));
	memset(lane->call, 0, PAGE);
	switch (call->place) {
	case FZ_PLACE_CUT:
		at = lane->call + PAGE - size + 1 + fz_below(&lane->rand, size - 1);
		memcpy(at, arg, lane->call + PAGE - at);
		break;
	case FZ_PLACE_GONE:
		return lane->call + PAGE + fz_below(&lane->rand, PAGE);
	case FZ_PLACE_READ_ONLY:
		return world.read_only + fz_below(&lane->rand, 100);
	default:
		memcpy(at, arg, size);
	}
	return at;
}

/**
 * fz_take() - get it back
 * @call: the call
 * @user: where it is
 * @arg: out: the structure
 * @size: its bytes
 */
void fz_take(const struct fz_call *call, const void *user, void *arg, size_t size)
{
	if (call->place == FZ_PLACE_FINE)
		memcpy(arg, user, size);
}

static void make_fail(struct fz_lane *lane, unsigned int n)
{
	char text[16];
	int len = sprintf(text, "%u", n), tries;

	/* This may be what fails. */
	for (tries = 0; tries < 10 && write(lane->fail_fd, text, len) != len; tries++)
		;
}

static bool has_failed(struct fz_lane *lane)
{
	char text[16] = "";
	int tries;

	for (tries = 0; tries < 10; tries++)
		if (pread(lane->fail_fd, text, sizeof(text) - 1, 0) > 0)
			return atoi(text) == 0;
	return true;
}

/**
 * fz_enter() - from here on it is the kernel's work
 * @lane: who calls
 * @call: the call
 */
void fz_enter(struct fz_lane *lane, const struct fz_call *call)
{
	fz_count(FZ_COUNT_CALLS);
	fz_cover_begin(lane);
}

/**
 * fz_enter_failing() - the same, with a part that may be made to fail
 * @lane: who calls
 * @call: the call
 *
 * Not for what changes the lane's own memory, in which there may be no holes.
 */
void fz_enter_failing(struct fz_lane *lane, const struct fz_call *call)
{
	fz_enter(lane, call);
	if (!call->fail || lane->fail_fd < 0)
		return;
	pthread_mutex_lock(&lane->arming);
	/* A nudge that was sent before arrives in this, and none from here on. */
	syscall(SYS_gettid);
	lane->failing = true;
	make_fail(lane, call->fail);
	pthread_mutex_unlock(&lane->arming);
}

/**
 * fz_nudge() - send a signal to a lane, so that what it waits for ends
 * @lane: the lane, not the current thread's
 *
 * Nothing is to fail from here on: it would be the signal's frame, and that is the end
 * of the process.
 */
void fz_nudge(struct fz_lane *lane)
{
	pthread_mutex_lock(&lane->arming);
	if (lane->failing)
		make_fail(lane, 0);
	lane->failing = false;
	syscall(SYS_tgkill, getpid(), lane->tid, SIGUSR1);
	pthread_mutex_unlock(&lane->arming);
}

/**
 * fz_leave() - up to here
 * @lane: who calls
 * @call: the call
 * @err: its result
 *
 * Return: @err.
 */
int fz_leave(struct fz_lane *lane, const struct fz_call *call, int err)
{
	pthread_mutex_lock(&lane->arming);
	if (lane->failing) {
		if (has_failed(lane))
			fz_count(FZ_COUNT_FAULTS);
		make_fail(lane, 0);
		lane->failing = false;
	}
	pthread_mutex_unlock(&lane->arming);
	fz_cover_end(lane);
	fz_signal((__u64)call->op << 40 | (__u64)(err & 0xffff) << 8);
	return err;
}

/* From here on nobody may spoil what the call had. */
static void count_spoiled(struct fz_lane *lane, const struct fz_call *call)
{
	bool spoiled = false;
	int i;

	for (i = 0; i < 2; i++) {
		atomic_store(&lane->target[i].at, NULL);
		spoiled |= atomic_exchange(&lane->target[i].spoiled, false);
	}
	if (spoiled && call->mutate)
		fz_count(FZ_COUNT_MUTATIONS);
}

/**
 * fz_ioctl() - call the device
 * @lane: who calls
 * @call: the call
 * @fd: the file
 * @cmd: the command
 * @user: its structure
 * @size: bytes of that, which others may write to
 *
 * Return: 0 or -errno.
 */
int fz_ioctl(struct fz_lane *lane, const struct fz_call *call, int fd, unsigned long cmd,
	     void *user, size_t size)
{
	int err;

	if (call->mutate && call->place == FZ_PLACE_FINE) {
		atomic_store(&lane->target[0].len, size);
		atomic_store(&lane->target[0].at, user);
	}
	fz_enter_failing(lane, call);
	err = dev_ioctl(fd, cmd, user);
	fz_leave(lane, call, err);
	count_spoiled(lane, call);
	return err;
}

static void run(struct fz_lane *lane)
{
	const struct fz_program *p = &shared->program;
	unsigned int i;

	/* The round's own, so that a program is replayed with the same. */
	lane->rand = shared->round * 31 + lane->nr + shared->seed;
	lane->seq = 0;
	for (i = 0; i < p->nr; i++)
		if (p->call[i].lane == (unsigned int)lane->nr)
			fz_ops[p->call[i].op].run(lane, &p->call[i]);
	if (shared->spoil)
		lane->out[FZ_MEMORY - 1] ^= 1;
	fz_check_still(lane);
}

static void make_memory(struct fz_lane *lane)
{
	lane->call = fz_memory(PAGE);
	lane->in = fz_memory(FZ_MEMORY);
	lane->out = fz_memory(FZ_MEMORY);
	lane->scratch = fz_memory(FZ_MEMORY);
}

/**
 * fz_lane_main() - a lane's thread
 * @arg: the lane
 *
 * Return: NULL, which it never does.
 */
void *fz_lane_main(void *arg)
{
	struct fz_lane *lane = arg;

	lane->tid = syscall(SYS_gettid);
	lane->fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	make_memory(lane);
	fz_cover_open(lane);
	sem_post(&lane->done);
	for (;;) {
		while (sem_wait(&lane->go))
			;
		run(lane);
		atomic_fetch_sub(&shared->left[world.nr], 1);
		sem_post(&lane->done);
	}
	return NULL;
}
