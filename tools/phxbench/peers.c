// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define HUGE_PAGE	(2UL << 20)

const char *const direction_names[N_DIRECTIONS] = {
	[DIRECTION_IN] = "in", [DIRECTION_OUT] = "out", [DIRECTION_BOTH] = "both",
};
const char *const placement_names[N_PLACEMENTS] = {
	[PLACEMENT_SAME] = "same", [PLACEMENT_CROSS] = "cross", [PLACEMENT_FREE] = "free",
};

/* In the order of the tables' columns. */
const struct peer *const peers[] = {
	&peer_phxport, &peer_registered, &peer_pipe, &peer_unix_stream,
	&peer_unix_seqpacket, &peer_mqueue, &peer_cma, &peer_binder, &peer_shm_futex,
	&peer_shm_spin,
};
const size_t n_peers = sizeof(peers) / sizeof(*peers);

size_t buffer_size;
bool huge_pages;

/*
 * NULL if there is no memory. All of its pages are there: none is a page of zeros.
 * They are small ones unless huge_pages is set, whatever the system's default is.
 */
void *buffer_new(void)
{
	size_t size = buffer_size + (huge_pages ? HUGE_PAGE : 0);
	char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED)
		return NULL;
	if (huge_pages)
		buffer += -(uintptr_t)buffer % HUGE_PAGE;
	madvise(buffer, buffer_size, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(buffer, 0, buffer_size);
	return buffer;
}

/* A positive errno as words for people. */
const char *peer_explain(const struct peer *peer, int error)
{
	const char *words = peer->explain ? peer->explain(error) : NULL;

	return words ?: strerror(error);
}

long number_in_file(const char *path, long otherwise)
{
	FILE *file = fopen(path, "re");
	long number;

	if (!file)
		return otherwise;
	if (fscanf(file, "%ld", &number) != 1)
		number = otherwise;
	fclose(file);
	return number;
}
