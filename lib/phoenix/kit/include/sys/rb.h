/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees whose nodes are members of what they sort.
 */
#ifndef _PHX_KIT_SYS_RB_H
#define _PHX_KIT_SYS_RB_H

#include <stdio.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a node is a member of; NULL for NULL */
#define lib_treeof(type, node_field, node) ({				\
	char *_lib_node = (char *)(node);				\
	(type *)(void *)(_lib_node ?					\
			 _lib_node - offsetof(type, node_field) : NULL); })

typedef enum _rbcolor_t {
	RB_BLACK,
	RB_RED,
} rbcolor_t;

typedef struct _rbnode_t {
	struct _rbnode_t *parent;
	struct _rbnode_t *left;
	struct _rbnode_t *right;
	rbcolor_t color;
} rbnode_t;

typedef int (*rbcomp_t)(rbnode_t *n1, rbnode_t *n2);
typedef void (*rbaugment_t)(rbnode_t *node);
typedef void (*rbdump_t)(rbnode_t *node);

typedef struct _rbtree_t {
	rbnode_t *root;
	rbcomp_t compare;
	rbaugment_t augment;
} rbtree_t;

/*
 * augment (or NULL) is called for each node whose children changed, and for
 * those above it, from below to the root.
 */
void lib_rbInit(rbtree_t *tree, rbcomp_t compare, rbaugment_t augment);

/* NULL, or the node that is equal and was there before */
rbnode_t *lib_rbInsert(rbtree_t *tree, rbnode_t *node);
void lib_rbRemove(rbtree_t *tree, rbnode_t *node);

/* Of the tree below a node */
rbnode_t *lib_rbMinimum(rbnode_t *node);
rbnode_t *lib_rbMaximum(rbnode_t *node);

/* NULL before the first and after the last */
rbnode_t *lib_rbPrev(rbnode_t *node);
rbnode_t *lib_rbNext(rbnode_t *node);

/* compare is given the node in the tree first, then what is looked for */
rbnode_t *lib_rbFind(rbtree_t *tree, rbnode_t *node);
rbnode_t *lib_rbFindEx(rbnode_t *root, rbnode_t *node, rbcomp_t compare);

void lib_rbDump(rbnode_t *node, rbdump_t dump);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_RB_H */
