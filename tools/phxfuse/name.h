/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name in a directory.
 */
#ifndef NAME_H
#define NAME_H

#include "node.h"

/** name_check - is it as short as the server wants it: 0 or -ENAMETOOLONG */
int name_check(const char *name);

/**
 * name_find - find what a name stands for
 * @dir: the directory
 * @name: the name
 * @fil: out: the object
 * @dev: out: who serves it
 */
int name_find(struct node *dir, const char *name, oid_t *fil, oid_t *dev);

/** name_is_last - does an object go when a name of it goes? */
bool name_is_last(oid_t oid);

#endif /* NAME_H */
