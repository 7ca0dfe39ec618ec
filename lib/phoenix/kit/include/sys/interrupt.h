/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: there are none. Queues for them are condition variables.
 */
#ifndef _PHX_KIT_SYS_INTERRUPT_H
#define _PHX_KIT_SYS_INTERRUPT_H

#include <sys/types.h>
#include <phoenix/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -ENOSYS: Linux' drivers have the interrupts */
int interrupt(unsigned int n, int (*f)(unsigned int n, void *arg), void *arg,
	      handle_t queue, handle_t *handle);

int interrupt_queueCreate(handle_t *queue, int clock);
int interrupt_queueCreateLocked(handle_t *queue, int clock);
int interrupt_queueWait(handle_t queue, time_t timeout);
int interrupt_queueWaitLocked(handle_t queue, handle_t lock, time_t timeout);
int interrupt_queueSignal(handle_t queue);
int interrupt_queueBroadcast(handle_t queue);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_INTERRUPT_H */
