// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

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

/* NULL if there is no memory. All of its pages are there: none is a page of zeros. */
void *buffer_new(void)
{
	void *buffer = mmap(NULL, buffer_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return buffer == MAP_FAILED ? NULL : buffer;
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
