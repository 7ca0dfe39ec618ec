/* SPDX-License-Identifier: MIT */
/*
 * glibc's, and the clock of the system.
 */
#ifndef _PHX_KIT_SYS_TIME_H
#define _PHX_KIT_SYS_TIME_H

#include <sys/types.h>

#include_next <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Microseconds since boot, and from those to the time of day; either may be NULL */
int gettime(time_t *raw, time_t *offs);

/* Set the time of day */
int settime(time_t offs);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_TIME_H */
