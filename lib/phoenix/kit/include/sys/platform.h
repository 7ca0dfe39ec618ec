/* SPDX-License-Identifier: MIT */
/*
 * The board: there is none.
 */
#ifndef _PHX_KIT_SYS_PLATFORM_H
#define _PHX_KIT_SYS_PLATFORM_H

#ifdef __cplusplus
extern "C" {
#endif

/* -ENOSYS: no hardware is controlled from here */
int platformctl(void *arg);
void wdgreload(void);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_PLATFORM_H */
