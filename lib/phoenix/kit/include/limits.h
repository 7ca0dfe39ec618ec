/* SPDX-License-Identifier: MIT */
/*
 * glibc's, and the sizes of pages.
 */

/* Each time: gcc's own includes this again to have glibc's. */
#include_next <limits.h>

#ifndef _PHX_KIT_LIMITS_H
#define _PHX_KIT_LIMITS_H

#include <phoenix/page.h>

#ifndef NAME_MAX
#define NAME_MAX	255
#endif
#ifndef SYMLOOP_MAX
#define SYMLOOP_MAX	8
#endif

#endif /* _PHX_KIT_LIMITS_H */
