/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes: from what a server says to what stat(2) shows, and back.
 *
 * Times have whole seconds. What is neither a directory, a file nor a symbolic
 * link is shown as a regular file of size 0, since the kernel would take a
 * device node for one of its own devices; but a FIFO that nobody serves is one.
 */
#ifndef ATTR_H
#define ATTR_H

#include "node.h"

/**
 * attr_get - ask for an object's attributes
 * @oid: the object
 * @dev: who serves it
 * @st: out: its attributes
 * @special: out: see struct node
 *
 * Return: 0 or a negative errno number.
 */
int attr_get(oid_t oid, oid_t dev, struct stat *st, bool *special);

/**
 * attr_node - the same of a node that is in use or open
 * @node: the node
 * @st: out: its attributes
 *
 * Servers need not change the modification time when a file is written; then it
 * is done here.
 */
int attr_node(struct node *node, struct stat *st);

/** attr_written - a node was written just now */
void attr_written(struct node *node);

/** attr_settle - see to it that the modification time tells of all writes */
void attr_settle(struct node *node);

/**
 * attr_mtime - the modification time, to be kept with attr_keep()
 *
 * Return: the time, or -1 if it is not known.
 */
long long attr_mtime(oid_t oid);

/**
 * attr_keep - put back a modification time
 * @oid: the object
 * @mtime: what attr_mtime() gave
 *
 * For servers that change it with other attributes and with names.
 */
void attr_keep(oid_t oid, long long mtime);

#endif /* ATTR_H */
