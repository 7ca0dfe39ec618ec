// SPDX-License-Identifier: MIT
/*
 * Flags of open files, between Phoenix-RTOS' and Linux' numbers.
 */
#include "px.h"

#include <fcntl.h>

static const struct {
	unsigned int phoenix;
	int linux_bit;
} table[] = {
	{ PHX_O_APPEND, O_APPEND },
	{ PHX_O_CREAT, O_CREAT },
	{ PHX_O_TRUNC, O_TRUNC },
	{ PHX_O_EXCL, O_EXCL },
	{ PHX_O_SYNC, O_SYNC },
	{ PHX_O_NONBLOCK, O_NONBLOCK },
	{ PHX_O_NOCTTY, O_NOCTTY },
	{ PHX_O_CLOEXEC, O_CLOEXEC },
	{ PHX_O_DSYNC, O_DSYNC },
};

int px_flags_to_linux(unsigned int flags)
{
	bool rd = flags & (PHX_O_RDONLY | PHX_O_RDWR);
	bool wr = flags & (PHX_O_WRONLY | PHX_O_RDWR);
	int res = wr ? (rd ? O_RDWR : O_WRONLY) : O_RDONLY;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (flags & table[i].phoenix)
			res |= table[i].linux_bit;
	return res;
}

unsigned int px_flags_from_linux(int flags)
{
	unsigned int res = PHX_O_RDONLY;
	size_t i;

	if ((flags & O_ACCMODE) == O_WRONLY)
		res = PHX_O_WRONLY;
	else if ((flags & O_ACCMODE) == O_RDWR)
		res = PHX_O_RDWR;
	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if ((flags & table[i].linux_bit) == table[i].linux_bit)
			res |= table[i].phoenix;
	return res;
}
