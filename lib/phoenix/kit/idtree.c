// SPDX-License-Identifier: MIT
/*
 * Objects by numbers. Each node knows how many there are below it (in lmaxgap:
 * programs don't look at it), so the smallest free number is found on one way
 * down: below it there are as many numbers as it says.
 */
#include <posix/idtree.h>

static idnode_t *id_of(rbnode_t *node)
{
	return lib_treeof(idnode_t, linkage, node);
}

static int compare(rbnode_t *a, rbnode_t *b)
{
	unsigned int x = id_of(a)->id, y = id_of(b)->id;

	return (x > y) - (x < y);
}

static unsigned int count(rbnode_t *node)
{
	return node ? id_of(node)->lmaxgap : 0;
}

static void augment(rbnode_t *node)
{
	id_of(node)->lmaxgap = count(node->left) + count(node->right) + 1;
	id_of(node)->rmaxgap = 0;
}

void idtree_init(idtree_t *tree)
{
	lib_rbInit(tree, compare, augment);
}

idnode_t *idtree_find(idtree_t *tree, int id)
{
	idnode_t wanted = { .id = (unsigned int)id };

	return id_of(lib_rbFind(tree, &wanted.linkage));
}

int idtree_alloc(idtree_t *tree, idnode_t *node)
{
	unsigned int before = 0;
	rbnode_t *at = tree->root;

	while (at) {
		if (id_of(at)->id > before + count(at->left)) {
			at = at->left;
		} else {
			before += count(at->left) + 1;
			at = at->right;
		}
	}
	node->id = before;
	if ((int)before < 0)
		return -1;
	lib_rbInsert(tree, &node->linkage);
	return (int)before;
}

void idtree_remove(idtree_t *tree, idnode_t *node)
{
	lib_rbRemove(tree, &node->linkage);
}

int idtree_id(idnode_t *node)
{
	return (int)node->id;
}
