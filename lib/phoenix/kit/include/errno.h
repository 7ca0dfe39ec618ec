/* SPDX-License-Identifier: MIT */
/*
 * Linux' numbers of errors, on both ends of a message.
 */
#ifndef _PHX_KIT_ERRNO_H
#define _PHX_KIT_ERRNO_H

#include_next <errno.h>

#define EOK 0

/* For calls that return a negative number */
static inline int set_errno(int result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

#define SET_ERRNO set_errno

#endif /* _PHX_KIT_ERRNO_H */
