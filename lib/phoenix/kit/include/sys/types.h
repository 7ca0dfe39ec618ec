/* SPDX-License-Identifier: MIT */
/*
 * glibc's types, with the id_t of 64 bits that Phoenix-RTOS' objects have, and
 * what else its headers define here.
 */
#ifndef _PHX_KIT_SYS_TYPES_H
#define _PHX_KIT_SYS_TYPES_H

/* glibc asks for this before it defines its own, of 32 bits */
#ifndef __id_t_defined
#define __id_t_defined
#include <stdint.h>
typedef uint64_t id_t;
#endif

#include_next <sys/types.h>

#include <phoenix/types.h>
#include <stddef.h>
#include <arch.h>

#endif /* _PHX_KIT_SYS_TYPES_H */
