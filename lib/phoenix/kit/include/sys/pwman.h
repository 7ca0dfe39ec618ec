/* SPDX-License-Identifier: MIT */
/*
 * Power: Linux' business.
 */
#ifndef _PHX_KIT_SYS_PWMAN_H
#define _PHX_KIT_SYS_PWMAN_H

#ifdef __cplusplus
extern "C" {
#endif

void keepidle(int on);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_PWMAN_H */
