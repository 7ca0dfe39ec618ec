/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file on a real file system, at /mnt: its pages go to a disk, and direct I/O with
 * it goes past the page cache.
 */
#ifndef PHX_DISK_H
#define PHX_DISK_H

#include "phx_map.h"

#define NO_DISK "no ext4 at /mnt"

static inline bool disk_is_there(void)
{
	return !system("grep -q ' /mnt ext4 ' /proc/mounts");
}

/*
 * A file of one page with SEED_LATER in it, for direct I/O. Where its block is not on
 * the disk yet, a file system may write by way of its cache.
 */
static inline int direct_file(void)
{
	char page[PAGE] __attribute__((aligned(4096))), path[] = "/mnt/phx_direct.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	unlink(path);
	fill(page, PAGE, SEED_LATER);
	if (pwrite(fd, page, PAGE, 0) == PAGE && !fsync(fd) &&
	    !fcntl(fd, F_SETFL, O_DIRECT) && pread(fd, page, PAGE, 0) == PAGE &&
	    holds(page, PAGE, SEED_LATER) && pwrite(fd, page, PAGE, 0) == PAGE)
		return fd;
	close(fd);
	return -1;
}

/* Whether direct I/O with a page is refused both ways, and the file stays as it was. */
static inline bool direct_is_efault(int fd, char *at)
{
	char page[PAGE] __attribute__((aligned(4096)));

	errno = 0;
	if (pwrite(fd, at, PAGE, 0) != -1 || errno != EFAULT)
		return false;
	errno = 0;
	if (pread(fd, at, PAGE, 0) != -1 || errno != EFAULT)
		return false;
	return pread(fd, page, PAGE, 0) == PAGE && holds(page, PAGE, SEED_LATER);
}

#endif /* PHX_DISK_H */
