/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory whose faults nobody answers: who is to write there in the middle of a call is
 * stuck for as long as one likes. It takes root, as the faults are the kernel's.
 */
#ifndef PHX_STUCK_H
#define PHX_STUCK_H

#include "phx_map.h"

#include <linux/userfaultfd.h>

/* From now on nobody answers faults there, until what is returned is closed; or -1. */
static inline int answer_no_faults(char *at, size_t n)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	reg.range.start = addr(at);
	reg.range.len = n;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		return -1;
	return fd;
}

/* Memory of that kind. NULL if there can be none. */
static inline char *memory_without_answer(size_t n, int *fd)
{
	char *at = memory(n);

	*fd = answer_no_faults(at, n);
	return *fd < 0 ? NULL : at;
}

/* Waits until a process sleeps in a fault that its userfaultfd is to answer. */
static inline bool wait_stuck(pid_t pid)
{
	char path[64], where[64];
	int i;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	for (i = 0; i < 10000; i++) {
		FILE *f = fopen(path, "r");
		bool stuck = f && fgets(where, sizeof(where), f) && strstr(where, "userfault");

		if (f)
			fclose(f);
		if (stuck)
			return true;
		usleep(1000);
	}
	return false;
}

#endif /* PHX_STUCK_H */
