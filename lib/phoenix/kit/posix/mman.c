// SPDX-License-Identifier: MIT
/*
 * mmap(), which in Phoenix-RTOS needs neither MAP_SHARED nor MAP_PRIVATE, and has
 * flags for memory that a program under Linux can't have.
 *
 * A file may stand in for physical memory, such as the flash that a file system is
 * read from: PHX_PHYSMEM=ADDRESS:FILE in the environment.
 */
#include "px.h"

#include "../include/phoenix/mman.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int linux_flags(int flags)
{
	flags &= ~(MAP_UNCACHED | MAP_DEVICE | MAP_CONTIGUOUS | MAP_NOINHERIT);
	return flags & (MAP_SHARED | MAP_PRIVATE) ? flags : flags | MAP_PRIVATE;
}

static void *no_memory(int err)
{
	errno = err;
	return MAP_FAILED;
}

static void *map_file_at(const char *path, off_t from, void *addr, size_t size,
			 int prot, int flags, off_t offset)
{
	int fd = open(path, prot & PROT_WRITE ? O_RDWR | O_CLOEXEC
					      : O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *res = MAP_FAILED;

	if (fd < 0)
		return MAP_FAILED;
	if (fstat(fd, &st) || offset < from ||
	    offset - from >= st.st_size + 4095)
		errno = ENOTSUP;
	else
		res = mmap(addr, size, prot, (flags & MAP_FIXED) | MAP_SHARED, fd,
			   offset - from);
	close(fd);
	return res;
}

static void *map_physical(void *addr, size_t size, int prot, int flags,
			  off_t offset)
{
	const char *stand_in = secure_getenv("PHX_PHYSMEM");
	long long from;
	char *path;

	if (!stand_in)
		return no_memory(ENOTSUP);
	from = strtoll(stand_in, &path, 0);
	if (path == stand_in || *path != ':')
		return no_memory(EINVAL);
	return map_file_at(path + 1, from, addr, size, prot, flags, offset);
}

PX_API void *phx_px_mmap(void *addr, size_t size, int prot, int flags, int fd,
			 off_t offset)
{
	struct px_file *file;

	if (flags & MAP_PHYSMEM)
		return map_physical(addr, size, prot, flags, offset);
	file = flags & MAP_ANONYMOUS ? NULL : px_fd_get(fd);
	if (file) {
		/* No server of files lends memory for longer than a message. */
		px_file_put(file);
		return no_memory(ENODEV);
	}
	return mmap(addr, size, prot, linux_flags(flags), fd, offset);
}
