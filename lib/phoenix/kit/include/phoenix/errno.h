/* SPDX-License-Identifier: MIT */
/*
 * Numbers of errors.
 */
#ifndef _PHX_KIT_PHOENIX_ERRNO_H
#define _PHX_KIT_PHOENIX_ERRNO_H

#include <errno.h>

#endif /* _PHX_KIT_PHOENIX_ERRNO_H */
