// SPDX-License-Identifier: MIT
/*
 * Nodes of devices. They are made in the server that is registered as "devfs", or
 * in the directory /dev; without either the path itself is registered.
 */
#include "px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES		3
#define TRY_AGAIN_NS	100000000

/* A driver may be quicker than who serves devfs; but only once it is waited for. */
static int find_devfs(oid_t *dev)
{
	static const struct timespec pause = { 0, TRY_AGAIN_NS };
	static atomic_bool missing;
	int try;

	for (try = 0; px_lookup("devfs", NULL, dev); try++) {
		if (atomic_load(&missing) || try == TRIES) {
			atomic_store(&missing, true);
			return -ENOENT;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int make_slash_dev(oid_t *dev)
{
	oid_t root, none = { 0 };

	if (!px_lookup("/dev", NULL, dev))
		return 0;
	if (!px_lookup("/", NULL, &root))
		px_create(root, otDir, S_IFDIR | 0777, none, "dev", 4, NULL);
	return px_lookup("/dev", NULL, dev);
}

/* "/dev/a/b" and "a/b" are the same. */
static const char *below_dev(const char *path)
{
	if (!strncmp(path, "/dev/", 5))
		path += 4;
	return path + strspn(path, "/");
}

/* Without a file system the path is only a name. */
static int register_path(oid_t *oid, const char *given)
{
	char *path;
	int err;

	if (asprintf(&path, "%s%s", *given == '/' ? "" : "/dev/", given) < 0)
		return -ENOMEM;
	err = oid ? portRegister(oid->port, path, oid) : portUnregister(path);
	free(path);
	return err;
}

static int look_in(oid_t dir, const char *name, oid_t *fil, oid_t *dev)
{
	msg_t msg = { .type = mtLookup, .oid = dir };
	int err;

	msg.i.data = name;
	msg.i.size = strlen(name) + 1;
	err = px_send(dir.port, &msg);
	*fil = msg.o.lookup.fil;
	*dev = msg.o.lookup.dev;
	return err < 0 ? err : 0;
}

/* Go down one directory, which is made if it is to be. */
static int enter(oid_t *dir, const char *name, bool make)
{
	oid_t none = { 0 }, made, fil;
	int err = -EEXIST;

	if (make)
		err = px_create(*dir, otDir, S_IFDIR | 0666, none, name,
				strlen(name) + 1, &made);
	if (!err)
		*dir = made;
	return err == -EEXIST ? look_in(*dir, name, &fil, dir) : err;
}

/* Go down to the directory of path, which is cut; *name is its last component. */
static int walk(oid_t *dir, char *path, char **name, bool make)
{
	char *slash;
	int err;

	while ((slash = strchr(path, '/'))) {
		*slash = '\0';
		if (*path) {
			err = enter(dir, path, make);
			if (err)
				return err;
		}
		path = slash + 1;
	}
	*name = path;
	return *path ? 0 : -EINVAL;
}

static int make_node(oid_t dir, oid_t oid, const char *below)
{
	char *copy = strdup(below), *name;
	int err;

	if (!copy)
		return -ENOMEM;
	err = walk(&dir, copy, &name, true);
	if (!err)
		err = px_create(dir, otDev, S_IFCHR | 0666, oid, name,
				strlen(name) + 1, NULL);
	free(copy);
	return err;
}

PX_API int create_dev(oid_t *oid, const char *path)
{
	oid_t dir;

	if (!oid || !path)
		return -1;
	if (find_devfs(&dir) && make_slash_dev(&dir))
		return register_path(oid, path);
	return make_node(dir, *oid, below_dev(path));
}

static int remove_node(oid_t dir, const char *below)
{
	char *copy = strdup(below), *name;
	oid_t fil, dev;
	int err;

	if (!copy)
		return -ENOMEM;
	err = walk(&dir, copy, &name, false);
	if (!err)
		err = look_in(dir, name, &fil, &dev);
	if (err == -ENOENT)
		err = -ENODEV;
	if (!err)
		err = px_unlink(dir, dev, name);
	free(copy);
	return err;
}

PX_API int destroy_dev(const char *path)
{
	oid_t dir;

	if (!path)
		return -EINVAL;
	if (find_devfs(&dir) && px_lookup("/dev", NULL, &dir))
		return register_path(NULL, path);
	return remove_node(dir, below_dev(path));
}
