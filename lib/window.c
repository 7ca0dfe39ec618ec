// SPDX-License-Identifier: MIT
/*
 * The two windows in which the kernel shows buffers that are lent. They are
 * only address space; nothing here ever looks into them.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#if UINTPTR_MAX > 0xffffffff
/* More than a few users may have pinned: a full window is an error of a sender */
#define WINDOW_DEFAULT	(4ULL << 30)
#else
#define WINDOW_DEFAULT	(64ULL << 20)
#endif

/* A smaller one is not worth the trouble: the sender gets EMSGSIZE early */
#define WINDOW_LEAST	(1ULL << 20)

static uint64_t wanted(const struct phx *h, int dir, uint64_t page)
{
	uint64_t size = h->window_size[dir];

	if (!size)
		size = WINDOW_DEFAULT;
	if (size > h->window_max)
		size = h->window_max;
	if (size > SIZE_MAX / 2)
		size = SIZE_MAX / 2;
	return (size + page - 1) & ~(page - 1);
}

static void map_one(struct phx *h, int dir, int prot, uint64_t offset)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size = wanted(h, dir, page);
	uint64_t least = size < WINDOW_LEAST ? size : WINDOW_LEAST;
	void *addr;

	for (; size >= least && size; size = (size / 4) & ~(page - 1)) {
		addr = mmap(NULL, (size_t)size, prot, MAP_SHARED, h->fd,
			    (off_t)offset);
		if (addr != MAP_FAILED) {
			h->window[dir] = addr;
			h->window_size[dir] = size;
			return;
		}
		/* Small ones are charged to nobody. */
		if (errno != ENOMEM && errno != EDQUOT)
			return;
	}
}

/**
 * phx_windows_map - map the windows if that was not tried yet
 * @h: the handle
 *
 * That they can't be mapped is no error: what then does not fit in a copy
 * buffer is refused, with EMSGSIZE to its sender.
 */
void phx_windows_map(struct phx *h)
{
	int saved = errno;

	pthread_mutex_lock(&h->lock);
	if (!h->windows_done && !(h->flags & PHX_OPEN_NO_WINDOW)) {
		map_one(h, 0, PROT_READ, PHX_WINDOW_INPUT);
		map_one(h, 1, PROT_READ | PROT_WRITE, PHX_WINDOW_OUTPUT);
	}
	h->windows_done = true;
	pthread_mutex_unlock(&h->lock);
	errno = saved;
}

/* After a fork they are not there: the addresses may be anything's by now. */
void phx_windows_forget_locked(struct phx *h)
{
	h->window[0] = NULL;
	h->window[1] = NULL;
	h->windows_done = false;
}

void phx_windows_unmap(struct phx *h)
{
	int dir;

	if (h->pid != getpid())
		return;
	for (dir = 0; dir < 2; dir++) {
		if (h->window[dir])
			munmap(h->window[dir], (size_t)h->window_size[dir]);
	}
}
