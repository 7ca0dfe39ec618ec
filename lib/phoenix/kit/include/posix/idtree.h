/* SPDX-License-Identifier: MIT */
/*
 * Objects by small numbers, of which the smallest that is free is given.
 */
#ifndef _PHX_KIT_POSIX_IDTREE_H
#define _PHX_KIT_POSIX_IDTREE_H

#include <sys/rb.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef rbtree_t idtree_t;

typedef struct {
	rbnode_t linkage;
	unsigned int lmaxgap, rmaxgap;
	unsigned int id;
} idnode_t;

void idtree_init(idtree_t *tree);

/* NULL if there is none */
idnode_t *idtree_find(idtree_t *tree, int id);

/* Returns the number, 0 and up, or -1 if there is none left */
int idtree_alloc(idtree_t *tree, idnode_t *node);
void idtree_remove(idtree_t *tree, idnode_t *node);
int idtree_id(idnode_t *node);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_POSIX_IDTREE_H */
