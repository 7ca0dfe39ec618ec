// SPDX-License-Identifier: MIT
/*
 * Structures of options: their first member is their size, and they only grow.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

/**
 * phx_opts_read - copy options as this library knows them
 * @dst: where to
 * @size: size that this library knows
 * @min: size of the first published version
 * @src: the caller's, NULL for defaults
 *
 * Return: 0; -EINVAL if @src is shorter than @min; -E2BIG if it has something
 * set that this library does not know.
 */
int phx_opts_read(void *dst, size_t size, size_t min, const void *src)
{
	const unsigned char *bytes = src;
	size_t sz, i;

	memset(dst, 0, size);
	if (!src)
		return 0;
	memcpy(&sz, src, sizeof(sz));
	if (sz < min)
		return -EINVAL;
	for (i = size; i < sz; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	memcpy(dst, src, sz < size ? sz : size);
	return 0;
}
