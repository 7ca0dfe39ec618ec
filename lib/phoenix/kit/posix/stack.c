// SPDX-License-Identifier: MIT
/*
 * Stacks of pthreads. Phoenix-RTOS takes some hundred bytes, which glibc refuses
 * or overruns.
 */
#include "px.h"

#define STACK_MIN	(512 * 1024)

PX_API int phx_px_pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	return pthread_attr_setstacksize(attr, size < STACK_MIN ? STACK_MIN : size);
}

/* A stack of the program's that is too small is left alone, glibc makes one. */
PX_API int phx_px_pthread_attr_setstack(pthread_attr_t *attr, void *stack,
					size_t size)
{
	if (size < STACK_MIN)
		return pthread_attr_setstacksize(attr, STACK_MIN);
	return pthread_attr_setstack(attr, stack, size);
}
