// SPDX-License-Identifier: MIT
/*
 * Hardware and the system's power and traces, which belong to Linux.
 */
#include <errno.h>
#include <sys/interrupt.h>
#include <sys/perf.h>
#include <sys/platform.h>
#include <sys/pwman.h>
#include <sys/reboot.h>
#include <sys/threads.h>

int platformctl(void *arg)
{
	(void)arg;
	return -ENOSYS;
}

void wdgreload(void)
{
}

int interrupt(unsigned int n, int (*f)(unsigned int n, void *arg), void *arg,
	      handle_t queue, handle_t *handle)
{
	(void)n;
	(void)f;
	(void)arg;
	(void)queue;
	(void)handle;
	return -ENOSYS;
}

int interrupt_queueCreate(handle_t *queue, int clock)
{
	const struct condAttr attr = { clock, PH_COND_UNLOCKED };

	return phCondCreate(queue, &attr);
}

int interrupt_queueCreateLocked(handle_t *queue, int clock)
{
	const struct condAttr attr = { clock, PH_COND_NORMAL };

	return phCondCreate(queue, &attr);
}

int interrupt_queueWait(handle_t queue, time_t timeout)
{
	int err;

	do {
		err = phCondWait(queue, -1, timeout);
	} while (err == -EINTR);
	return err;
}

int interrupt_queueWaitLocked(handle_t queue, handle_t lock, time_t timeout)
{
	return condWait(queue, lock, timeout);
}

int interrupt_queueSignal(handle_t queue)
{
	return condSignal(queue);
}

int interrupt_queueBroadcast(handle_t queue)
{
	return condBroadcast(queue);
}

int perf_start(perf_mode_t mode, unsigned int flags, void *arg, size_t sz)
{
	(void)mode;
	(void)flags;
	(void)arg;
	(void)sz;
	return -ENOSYS;
}

int perf_read(perf_mode_t mode, void *buffer, size_t size, int channel)
{
	(void)mode;
	(void)buffer;
	(void)size;
	(void)channel;
	return -ENOSYS;
}

int perf_stop(perf_mode_t mode)
{
	(void)mode;
	return -ENOSYS;
}

int perf_finish(perf_mode_t mode)
{
	(void)mode;
	return -ENOSYS;
}

void keepidle(int on)
{
	(void)on;
}

int reboot(int magic)
{
	(void)magic;
	return -ENOSYS;
}

int reboot_reason(uint32_t *val)
{
	(void)val;
	return -ENOSYS;
}
