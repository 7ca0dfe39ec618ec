// SPDX-License-Identifier: MIT
/*
 * The system: its clock, and what a program under Linux can't have. That is told
 * by an error, never by silence.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/debug.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/threads.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t microseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int gettime(time_t *raw, time_t *offs)
{
	time_t since_boot = microseconds(CLOCK_MONOTONIC);

	if (raw)
		*raw = since_boot;
	if (offs)
		*offs = microseconds(CLOCK_REALTIME) - since_boot;
	return 0;
}

int settime(time_t offs)
{
	time_t us = microseconds(CLOCK_MONOTONIC) + offs;
	struct timespec now = {
		.tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000,
	};

	return clock_settime(CLOCK_REALTIME, &now) ? -errno : 0;
}

void debug(const char *text)
{
	size_t done = 0, len = strlen(text);
	ssize_t part;

	while (done < len) {
		part = write(STDERR_FILENO, text + done, len - done);
		if (part < 0 && errno != EINTR)
			return;
		if (part > 0)
			done += (size_t)part;
	}
}

int exec(const char *path, char *const argv[], char *const env[])
{
	execve(path, argv, env);
	return -errno;
}

int msgPulse(uint32_t port, msg_t *msg)
{
	(void)port;
	(void)msg;
	return -ENOSYS;
}

int syspageprog(syspageprog_t *prog, int index)
{
	(void)prog;
	return index == -1 ? 0 : -EINVAL;
}

int spawnSyspage(const char *imap, const char *dmap, const char *name,
		 char *const argv[])
{
	(void)imap;
	(void)dmap;
	(void)name;
	(void)argv;
	return -ENOENT;
}

addr_t va2pa(void *va)
{
	(void)va;
	return 0;
}

int signalHandle(void (*handler)(void))
{
	(void)handler;
	return -ENOSYS;
}

int signalPost(int pid, int tid, int signal)
{
	(void)pid;
	(void)tid;
	(void)signal;
	return -ENOSYS;
}

int signalReturn(int signal)
{
	(void)signal;
	return -ENOSYS;
}

int signalSuspend(unsigned int mask)
{
	(void)mask;
	return -ENOSYS;
}

unsigned int signalMask(unsigned int mask, unsigned int mmask)
{
	(void)mask;
	(void)mmask;
	return 0;
}
