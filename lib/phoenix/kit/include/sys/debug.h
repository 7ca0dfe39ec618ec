/* SPDX-License-Identifier: MIT */
/*
 * The log of the system.
 */
#ifndef _PHX_KIT_SYS_DEBUG_H
#define _PHX_KIT_SYS_DEBUG_H

#ifdef __cplusplus
extern "C" {
#endif

/* To standard error */
void debug(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_DEBUG_H */
