/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of phxfuse share: to start programs, and to wait until something is
 * mounted.
 */
#ifndef PHX_FUSE_H
#define PHX_FUSE_H

#include "phx_test.h"

#include <limits.h>
#include <sys/statfs.h>

/* A program beside this one, in the guest or where it was built. */
static inline bool program(char *path, const char *in_guest, const char *built)
{
	char here[PATH_MAX / 2] = "";

	if (readlink("/proc/self/exe", here, sizeof(here) - 1) < 0)
		return false;
	strcpy(strrchr(here, '/'), "/");
	snprintf(path, PATH_MAX, "%s%s", here, in_guest);
	if (!access(path, X_OK))
		return true;
	snprintf(path, PATH_MAX, "%s%s", here, built);
	return !access(path, X_OK);
}

static inline pid_t start(char *const argv[])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execv(argv[0], argv);
	_exit(127);
}

static inline bool is_mounted(const char *dir)
{
	struct statfs st;

	return !statfs(dir, &st) && st.f_type == 0x65735546;
}

static inline void wait_mounted(const char *dir, bool mounted)
{
	for (int i = 0; i < 1000 && is_mounted(dir) != mounted; i++)
		usleep(10000);
}

#endif /* PHX_FUSE_H */
