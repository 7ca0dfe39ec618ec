/* SPDX-License-Identifier: MIT */
/*
 * glibc's, but that a stack may be as small as on Phoenix-RTOS: it is made larger.
 */
#ifndef _PHX_KIT_PTHREAD_H
#define _PHX_KIT_PTHREAD_H

#include_next <pthread.h>

#include <sys/threads.h>

#endif /* _PHX_KIT_PTHREAD_H */
