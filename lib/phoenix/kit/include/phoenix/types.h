/* SPDX-License-Identifier: MIT */
/*
 * Handles, objects and addresses.
 */
#ifndef _PHX_KIT_PHOENIX_TYPES_H
#define _PHX_KIT_PHOENIX_TYPES_H

#include <sys/types.h>

#include <phxport/phoenix.h>

/* Mutexes and condition variables of the process: 1 and up, 0 is none */
typedef int handle_t;

/* Of physical memory */
typedef uintptr_t addr_t;


#endif /* _PHX_KIT_PHOENIX_TYPES_H */
