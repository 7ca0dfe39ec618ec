/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A node: what the kernel knows as an inode, and which object of a server that
 * is. There is one for each object the kernel knows, so that hard links are one
 * inode, and it lives until the kernel forgets it.
 *
 * Servers use the id of an object that is gone for the next one at once, while
 * the kernel may still know the old. So a node whose last name is about to be
 * taken away is hidden first: from then on the id leads to a new node, and the
 * old one answers ESTALE unless it is open, which keeps its object alive.
 *
 * States: known -> hidden -> freed, or known -> freed.
 *
 * Locks: the table's lock for the table, @nlookup and @hidden; @life, shared, by
 * who sends messages about the object and has not opened it, exclusive to
 * change @hidden and to close. @life is taken first.
 */
#ifndef NODE_H
#define NODE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "phxfuse.h"

/**
 * struct node - one object
 * @oid: the object in the file system: who has the attributes and the names
 * @dev: who is opened: the same, but for devices
 * @life: see above
 * @nlookup: how often the kernel was told of it
 * @hidden: it is not in the table (any more)
 * @opens: how often the object is open, which keeps it alive
 * @type: S_IF* as the kernel sees it
 * @special: its size says nothing: devices, and what has no size
 * @mode: the mode last seen
 * @gid: the group last seen
 * @written: time of the last write that its modification time may not show yet
 * @append: who appends, between asking for the size and the write
 */
struct node {
	oid_t oid;
	oid_t dev;
	pthread_rwlock_t life;
	uint64_t nlookup;
	bool hidden;
	atomic_uint opens;
	mode_t type;
	bool special;
	_Atomic mode_t mode;
	_Atomic gid_t gid;
	_Atomic time_t written;
	pthread_mutex_t append;
};

/** node_root - the node of what is mounted */
struct node *node_root(void);

/** node_of - the node that the kernel calls so */
struct node *node_of(fuse_ino_t ino);

/** node_ino - how the kernel calls it */
fuse_ino_t node_ino(const struct node *node);

/**
 * node_number - the st_ino of an object
 * @oid: the object
 *
 * It is the id. An inode can't be 0, so that one is 2^31, which servers that
 * count from 0 never get to. Objects of other ports than the root's have the
 * port's turn in the upper 16 bits.
 */
ino_t node_number(oid_t oid);

/**
 * node_get - the kernel is told of an object
 * @oid: the object
 * @dev: who serves it
 * @st: its attributes
 * @special: see struct node
 *
 * Return: its node, to be given back with node_forget(), or NULL if there is no
 * memory.
 */
struct node *node_get(oid_t oid, oid_t dev, const struct stat *st, bool special);

/** node_forget - the kernel forgets that it was told so @n times */
void node_forget(struct node *node, uint64_t n);

/**
 * node_use - begin to send messages about an object that may not be open
 *
 * Return: 0, to be ended with node_done(), or -ESTALE.
 */
int node_use(struct node *node);
void node_done(struct node *node);

/**
 * node_hide - the last name of an object is about to be taken away
 * @oid: the object
 *
 * Return: its node if there is one, to be given to node_hidden().
 */
struct node *node_hide(oid_t oid);

/**
 * node_hidden - the name was taken away, or not
 * @node: what node_hide() gave, may be NULL
 * @gone: whether it was
 */
void node_hidden(struct node *node, bool gone);

/** node_is_hidden - has it lost its last name? */
bool node_is_hidden(struct node *node);

/** node_opened - the object is open once more; between node_use() and -done() */
void node_opened(struct node *node);
/** node_closing - it is about to be closed once */
void node_closing(struct node *node);

#endif /* NODE_H */
