// SPDX-License-Identifier: MIT
/*
 * Red-black trees: those of the BSDs, by libbsd's <bsd/sys/tree.h>, under
 * Phoenix-RTOS' names. Its nodes are laid over rbnode_t and its head over
 * rbtree_t; what differs is only how the members are called.
 */
#include <sys/rb.h>

/* Before the macros of the same names. */
_Static_assert(RB_BLACK == 0 && RB_RED == 1, "colours are sys/tree.h's");

struct tree {
	struct node *rbh_root;
	rbcomp_t compare;
	rbaugment_t augment;
};

struct node {
	struct {
		struct node *rbe_parent;
		struct node *rbe_left;
		struct node *rbe_right;
		int rbe_color;
	} link;
};

/* In the functions made below the tree is called head. */
#define RB_AUGMENT(x)	augment(head, x)

#include <bsd/sys/tree.h>

_Static_assert(sizeof(struct node) == sizeof(rbnode_t) &&
	       offsetof(struct node, link.rbe_parent) == offsetof(rbnode_t, parent) &&
	       offsetof(struct node, link.rbe_left) == offsetof(rbnode_t, left) &&
	       offsetof(struct node, link.rbe_right) == offsetof(rbnode_t, right) &&
	       offsetof(struct node, link.rbe_color) == offsetof(rbnode_t, color),
	       "layout of nodes");
_Static_assert(sizeof(struct tree) == sizeof(rbtree_t) &&
	       offsetof(struct tree, compare) == offsetof(rbtree_t, compare) &&
	       offsetof(struct tree, augment) == offsetof(rbtree_t, augment),
	       "layout of trees");

static void augment(struct tree *tree, struct node *node)
{
	if (tree->augment)
		tree->augment((rbnode_t *)node);
}

static void augment_up(struct tree *tree, struct node *node)
{
	for (; node; node = node->link.rbe_parent)
		augment(tree, node);
}

/*
 * What compares by it is not used: programs may count on being given the node of
 * the tree first, which sys/tree.h gives last.
 */
static int no_order(struct node *a, struct node *b)
{
	return (a > b) - (a < b);
}

#pragma GCC diagnostic ignored "-Wunused-function"
RB_GENERATE_INTERNAL(tree, node, link, no_order, static)

void lib_rbInit(rbtree_t *tree, rbcomp_t compare_nodes, rbaugment_t augment_node)
{
	tree->root = NULL;
	tree->compare = compare_nodes;
	tree->augment = augment_node;
}

rbnode_t *lib_rbInsert(rbtree_t *tree, rbnode_t *node)
{
	rbnode_t **at = &tree->root, *parent = NULL;
	struct node *new = (struct node *)node;
	int order;

	while (*at) {
		parent = *at;
		order = tree->compare(parent, node);
		if (!order)
			return parent;
		at = order > 0 ? &parent->left : &parent->right;
	}
	RB_SET(new, (struct node *)parent, link);
	*at = node;
	augment_up((struct tree *)tree, new);
	tree_RB_INSERT_COLOR((struct tree *)tree, new);
	return NULL;
}

/* The lowest node that has other children once @node is out. */
static rbnode_t *lowest_changed(rbnode_t *node)
{
	rbnode_t *next;

	if (!node->left || !node->right)
		return node->parent;
	next = lib_rbMinimum(node->right);
	return next->parent == node ? next : next->parent;
}

void lib_rbRemove(rbtree_t *tree, rbnode_t *node)
{
	rbnode_t *low = lowest_changed(node);

	RB_REMOVE(tree, (struct tree *)tree, (struct node *)node);
	/* What was rotated meanwhile and isn't above it was right already. */
	augment_up((struct tree *)tree, (struct node *)low);
}

rbnode_t *lib_rbMinimum(rbnode_t *node)
{
	while (node && node->left)
		node = node->left;
	return node;
}

rbnode_t *lib_rbMaximum(rbnode_t *node)
{
	while (node && node->right)
		node = node->right;
	return node;
}

rbnode_t *lib_rbPrev(rbnode_t *node)
{
	return node ? (rbnode_t *)RB_PREV(tree, 0, (struct node *)node) : NULL;
}

rbnode_t *lib_rbNext(rbnode_t *node)
{
	return node ? (rbnode_t *)RB_NEXT(tree, 0, (struct node *)node) : NULL;
}

rbnode_t *lib_rbFindEx(rbnode_t *root, rbnode_t *node, rbcomp_t compare_nodes)
{
	int order;

	while (root) {
		order = compare_nodes(root, node);
		if (!order)
			return root;
		root = order > 0 ? root->left : root->right;
	}
	return NULL;
}

rbnode_t *lib_rbFind(rbtree_t *tree, rbnode_t *node)
{
	return lib_rbFindEx(tree->root, node, tree->compare);
}

static void dump_below(rbnode_t *node, rbdump_t dump, int depth)
{
	printf("%*s(", 2 * depth, "");
	if (node)
		dump(node);
	printf(")%s\n", !node || (int)node->color == RB_BLACK ? "*" : "");
	if (!node || (!node->left && !node->right))
		return;
	dump_below(node->left, dump, depth + 1);
	dump_below(node->right, dump, depth + 1);
}

void lib_rbDump(rbnode_t *node, rbdump_t dump)
{
	dump_below(node, dump, 0);
}
