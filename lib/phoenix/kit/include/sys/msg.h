/* SPDX-License-Identifier: MIT */
/*
 * Ports and messages: see phxport-phoenix(3).
 */
#ifndef _PHX_KIT_SYS_MSG_H
#define _PHX_KIT_SYS_MSG_H

#include <stddef.h>
#include <sys/types.h>

#include <phxport/phoenix.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Declared by Phoenix-RTOS, which doesn't have it: always -ENOSYS */
int msgPulse(uint32_t port, msg_t *msg);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_MSG_H */
