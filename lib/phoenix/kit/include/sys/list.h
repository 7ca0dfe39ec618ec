/* SPDX-License-Identifier: MIT */
/*
 * Lists that are rings: the list is its first element.
 */
#ifndef _PHX_KIT_SYS_LIST_H
#define _PHX_KIT_SYS_LIST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The offsets are those of the links in an element */
void lib_listAdd(void **list, void *elem, size_t next_off, size_t prev_off);
void lib_listRemove(void **list, void *elem, size_t next_off, size_t prev_off);

#ifdef __cplusplus
}
#endif

/* Append t, a pointer to an element with these two links */
#define LIST_ADD_EX(list, t, next, prev)				\
	lib_listAdd((void **)(list), (void *)(t),			\
		    offsetof(__typeof__(*(t)), next),			\
		    offsetof(__typeof__(*(t)), prev))
#define LIST_ADD(list, t) LIST_ADD_EX(list, t, next, prev)

/* Its links are NULL then, and the list is if it was the last */
#define LIST_REMOVE_EX(list, t, next, prev)				\
	lib_listRemove((void **)(list), (void *)(t),			\
		       offsetof(__typeof__(*(t)), next),		\
		       offsetof(__typeof__(*(t)), prev))
#define LIST_REMOVE(list, t) LIST_REMOVE_EX(list, t, next, prev)

#endif /* _PHX_KIT_SYS_LIST_H */
