// SPDX-License-Identifier: MIT
/*
 * Rings, as <sys/queue.h> has none whose elements are known by two offsets.
 */
#include <sys/list.h>

static void **link_at(void *elem, size_t off)
{
	return (void **)((char *)elem + off);
}

void lib_listAdd(void **list, void *elem, size_t next_off, size_t prev_off)
{
	void *first = *list, *last;

	if (!elem)
		return;
	if (!first) {
		first = elem;
		*list = elem;
		*link_at(elem, prev_off) = elem;
	}
	last = *link_at(first, prev_off);
	*link_at(elem, next_off) = first;
	*link_at(elem, prev_off) = last;
	*link_at(last, next_off) = elem;
	*link_at(first, prev_off) = elem;
}

void lib_listRemove(void **list, void *elem, size_t next_off, size_t prev_off)
{
	void *next, *prev;

	if (!elem)
		return;
	next = *link_at(elem, next_off);
	prev = *link_at(elem, prev_off);
	*link_at(prev, next_off) = next;
	*link_at(next, prev_off) = prev;
	if (*list == elem)
		*list = next == elem ? NULL : next;
	*link_at(elem, next_off) = NULL;
	*link_at(elem, prev_off) = NULL;
}
