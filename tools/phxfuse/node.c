// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of nodes, by object.
 */
#include "node.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "wire.h"

#define NUMBER_OF_ID_0	0x80000000UL
#define PORT_SHIFT	48
#define MAX_PORTS	0xffff

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *table;	/* for tsearch() */

static uint32_t ports[MAX_PORTS];	/* in the order they were met */
static size_t n_ports;

static struct node root = {
	.life = PTHREAD_RWLOCK_INITIALIZER,
	.append = PTHREAD_MUTEX_INITIALIZER,
	.nlookup = 1,
};

struct node *node_root(void)
{
	return &root;
}

struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &root : (struct node *)ino;
}

fuse_ino_t node_ino(const struct node *node)
{
	return node == &root ? FUSE_ROOT_ID : (fuse_ino_t)node;
}

static ino_t turn_of(uint32_t port)
{
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < n_ports && ports[i] != port; i++)
		;
	if (i == n_ports && n_ports < MAX_PORTS)
		ports[n_ports++] = port;
	pthread_mutex_unlock(&lock);
	return i + 1;
}

ino_t node_number(oid_t oid)
{
	ino_t number = oid.id ? oid.id : NUMBER_OF_ID_0;

	if (oid.port != root.oid.port)
		number ^= turn_of(oid.port) << PORT_SHIFT;
	return number;
}

static int compare(const void *left, const void *right)
{
	const struct node *a = left, *b = right;

	if (a->oid.port != b->oid.port)
		return a->oid.port < b->oid.port ? -1 : 1;
	if (a->oid.id != b->oid.id)
		return a->oid.id < b->oid.id ? -1 : 1;
	return 0;
}

static struct node *find(oid_t oid)
{
	const struct node key = { .oid = oid };
	struct node **found = tfind(&key, &table, compare);

	return found ? *found : NULL;
}

static struct node *create(oid_t oid, oid_t dev, const struct stat *st,
			   bool special)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->oid = oid;
	node->dev = dev;
	node->type = st->st_mode & S_IFMT;
	node->special = special;
	pthread_rwlock_init(&node->life, NULL);
	pthread_mutex_init(&node->append, NULL);
	if (tsearch(node, &table, compare))
		return node;
	free(node);
	return NULL;
}

static void hide(struct node *node)
{
	if (!node->hidden)
		tdelete(node, &table, compare);
	node->hidden = true;
}

/*
 * An object of another kind under the same id is a new one: somebody else took
 * the old one away.
 */
struct node *node_get(oid_t oid, oid_t dev, const struct stat *st, bool special)
{
	struct node *node;

	if (same_object(oid, root.oid))
		return &root;
	pthread_mutex_lock(&lock);
	node = find(oid);
	if (node && (node->type != (st->st_mode & S_IFMT) ||
		     !same_object(node->dev, dev))) {
		hide(node);
		node = NULL;
	}
	if (!node)
		node = create(oid, dev, st, special);
	if (node)
		node->nlookup++;
	pthread_mutex_unlock(&lock);
	return node;
}

void node_forget(struct node *node, uint64_t n)
{
	bool last;

	if (node == &root)
		return;
	pthread_mutex_lock(&lock);
	node->nlookup -= n;
	last = !node->nlookup;
	if (last)
		hide(node);
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	pthread_rwlock_destroy(&node->life);
	pthread_mutex_destroy(&node->append);
	free(node);
}

bool node_is_hidden(struct node *node)
{
	bool hidden;

	pthread_mutex_lock(&lock);
	hidden = node->hidden;
	pthread_mutex_unlock(&lock);
	return hidden;
}

int node_use(struct node *node)
{
	pthread_rwlock_rdlock(&node->life);
	if (!node->opens && node_is_hidden(node)) {
		pthread_rwlock_unlock(&node->life);
		return -ESTALE;
	}
	return 0;
}

void node_done(struct node *node)
{
	pthread_rwlock_unlock(&node->life);
}

/* A reference as the kernel's keeps the node for node_hidden(). */
struct node *node_hide(oid_t oid)
{
	struct node *node;

	pthread_mutex_lock(&lock);
	node = find(oid);
	if (node)
		node->nlookup++;
	pthread_mutex_unlock(&lock);
	if (!node)
		return NULL;
	pthread_rwlock_wrlock(&node->life);
	pthread_mutex_lock(&lock);
	hide(node);
	pthread_mutex_unlock(&lock);
	pthread_rwlock_unlock(&node->life);
	return node;
}

void node_hidden(struct node *node, bool gone)
{
	if (!node)
		return;
	if (!gone) {
		pthread_mutex_lock(&lock);
		if (!find(node->oid) && tsearch(node, &table, compare))
			node->hidden = false;
		pthread_mutex_unlock(&lock);
	}
	node_forget(node, 1);
}

void node_opened(struct node *node)
{
	node->opens++;
}

void node_closing(struct node *node)
{
	pthread_rwlock_wrlock(&node->life);
	node->opens--;
	pthread_rwlock_unlock(&node->life);
}
