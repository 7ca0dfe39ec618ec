// SPDX-License-Identifier: MIT
/*
 * Paths. They are made absolute component by component, as in Phoenix-RTOS: a
 * server says of each whether it is a symbolic link, which is then followed here.
 * The directory that others begin at is one for both name spaces.
 */
#include "px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL: Linux' own */
static char *cwd;
static pthread_mutex_t cwd_lock = PTHREAD_MUTEX_INITIALIZER;

static void before_fork(void)
{
	pthread_mutex_lock(&cwd_lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&cwd_lock);
}

__attribute__((constructor))
static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}

/* What is done to a path: the part that is resolved, and what is left. */
struct walk {
	char *done;		/* of PATH_MAX bytes; "" is "/" */
	char rest[PATH_MAX];
	int links;
	bool from_phoenix;	/* Linux would not come here by itself */
};

/* As lookup(), but for signals, and if there is no device nothing is known. */
int px_lookup(const char *path, oid_t *fil, oid_t *dev)
{
	struct phx *h;
	int err;

	if (phx_pho_handle(&h))
		return -ENOENT;
	err = phx_pho_lookup(path, fil, dev, true);
	return err < 0 ? err : 0;
}

/* Begin with the current directory unless the path is absolute. */
static int begin(struct walk *walk, const char *path)
{
	char here[PATH_MAX] = "";
	int len, err = 0;

	if (!*path)
		return -ENOENT;
	pthread_mutex_lock(&cwd_lock);
	if (*path != '/') {
		walk->from_phoenix = cwd;
		if (cwd)
			strcpy(here, cwd);
		else if (!getcwd(here, sizeof(here)))
			err = -errno;
	}
	pthread_mutex_unlock(&cwd_lock);
	if (err)
		return err;
	len = snprintf(walk->rest, sizeof(walk->rest), "%s/%s", here, path);
	return len < (int)sizeof(walk->rest) ? 0 : -ENAMETOOLONG;
}

/* The target goes before what is left of the path. */
static int follow(struct walk *walk, const char *target, char *last)
{
	char joined[PATH_MAX];
	int len;

	if (!*target)
		return -ENOENT;
	if (++walk->links > PHX_LINKS_MAX)
		return -ELOOP;
	len = snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest);
	if (len >= (int)sizeof(joined))
		return -ENAMETOOLONG;
	strcpy(walk->rest, joined);
	walk->from_phoenix = true;
	if (*target == '/')
		last = walk->done;
	*last = '\0';
	return 0;
}

/* Returns the length of the target, or 0 if it is no link. */
static int read_link(const char *path, char *target, size_t size)
{
	msg_t msg = { .type = mtRead };
	long long mode;
	oid_t fil;
	int err;

	err = px_lookup(path, &fil, NULL);
	if (err)
		return err;
	/* What has no attributes, such as a device without a node, is none. */
	if (px_get_attr(fil, atMode, &mode) || !S_ISLNK((mode_t)mode))
		return 0;
	/* A server may say that it wrote more than it did. */
	memset(target, 0, size);
	msg.oid = fil;
	msg.o.data = target;
	msg.o.size = size - 1;
	err = px_send(fil.port, &msg);
	if (err >= 0)
		target[err < (int)size ? err : (int)size - 1] = '\0';
	return err ? err : -ENOENT;
}

/* Take the next component off what is left; "" at the end. */
static void next_component(struct walk *walk, char *name)
{
	char *from = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(from, "/");

	memcpy(name, from, len);
	name[len] = '\0';
	from += len;
	memmove(walk->rest, from, strlen(from) + 1);
}

static bool is_last(const struct walk *walk)
{
	return !walk->rest[strspn(walk->rest, "/")];
}

static int step(struct walk *walk, const char *name, bool may_follow)
{
	size_t len = strlen(walk->done);
	char *last = walk->done + len, *slash;
	char target[PATH_MAX];
	int err;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		slash = strrchr(walk->done, '/');
		if (slash)
			*slash = '\0';
		return 0;
	}
	if (len + 1 + strlen(name) >= PATH_MAX)
		return -ENAMETOOLONG;
	*last = '/';
	strcpy(last + 1, name);
	if (!may_follow && is_last(walk))
		return 0;
	err = read_link(walk->done, target, sizeof(target));
	/*
	 * It may still be the begin of a name that is registered, such as
	 * "/dev/null" without any "/dev".
	 */
	if (err == -ENOENT)
		return 0;
	return err > 0 ? follow(walk, target, last) : err;
}

static int resolve(const char *path, bool may_follow, struct walk *walk)
{
	char name[PATH_MAX];
	int err;

	*walk->done = '\0';
	walk->links = 0;
	walk->from_phoenix = false;
	err = begin(walk, path);
	while (!err && !is_last(walk)) {
		next_component(walk, name);
		err = step(walk, name, may_follow);
	}
	if (!err && !*walk->done)
		strcpy(walk->done, "/");
	return err;
}

/**
 * px_find - find out where a path leads
 * @path: the path
 * @follow: also a link that is the last component
 * @res: out: whether Phoenix-RTOS' name space has it, and then what it is
 *
 * Return: 0, also for what it does not have, or a negative number.
 */
int px_find(const char *path, bool follow, struct px_path *res)
{
	struct walk walk = { .done = res->text };
	struct phx *h;
	int err;

	if (!path)
		return -EFAULT;
	res->known = false;
	res->linux_path = path;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (phx_pho_handle(&h)) {
		strcpy(res->text, path);
		return 0;
	}
	err = resolve(path, follow, &walk);
	if (err)
		return err;
	if (walk.from_phoenix)
		res->linux_path = res->text;
	err = px_lookup(res->text, &res->fil, &res->dev);
	res->known = !err;
	return err == -ENOENT ? 0 : err;
}

/**
 * px_find_in_dir - the directory and the name of what a path leads to
 * @path: what px_find() gave
 * @dir: out: the directory, as whom to talk to
 * @name: out: the name in it; "" for "/"
 *
 * Return: 0 or a negative number.
 */
int px_find_in_dir(const struct px_path *path, oid_t *dir, const char **name)
{
	char parent[PATH_MAX];
	char *slash;

	strcpy(parent, path->text);
	slash = strrchr(parent, '/');
	if (!slash)
		return -ENOENT;
	*name = path->text + (slash + 1 - parent);
	if (strlen(*name) > PHX_NAME_LEN)
		return -ENAMETOOLONG;
	slash[slash == parent] = '\0';
	return px_lookup(parent, NULL, dir);
}

/**
 * px_find_place - find out where something is to be made
 * @path: its path
 * @follow: if there is a link, make what that leads to
 * @res: out: what is there, and the directory
 *
 * Return: 0 or a negative number.
 */
int px_find_place(const char *path, bool follow, struct px_place *res)
{
	int err = px_find(path, follow, &res->path);

	if (err)
		return err;
	err = px_find_in_dir(&res->path, &res->dir, &res->name);
	res->known = !err;
	return err == -ENOENT ? 0 : err;
}

PX_API int phx_px_chdir(const char *path)
{
	struct px_path found;
	struct stat st;
	char *copy = NULL;
	int err = px_find(path, true, &found);

	if (err)
		return (int)px_result(err);
	if (found.known) {
		err = px_node_stat(found.fil, found.dev, found.fil, &st);
		if (err || !S_ISDIR(st.st_mode))
			return (int)px_result(err ? err : -ENOTDIR);
		copy = strdup(found.text);
		if (!copy)
			return (int)px_result(-ENOMEM);
	} else if (chdir(found.linux_path)) {
		return -1;
	}
	pthread_mutex_lock(&cwd_lock);
	free(cwd);
	cwd = copy;
	pthread_mutex_unlock(&cwd_lock);
	return 0;
}

PX_API char *phx_px_getcwd(char *buf, size_t size)
{
	size_t need;
	char *res = NULL;

	pthread_mutex_lock(&cwd_lock);
	if (!cwd) {
		res = getcwd(buf, size);
	} else if (buf && !size) {
		errno = EINVAL;
	} else {
		need = strlen(cwd) + 1;
		if (!size)
			size = need;
		if (size < need)
			errno = ERANGE;
		else
			res = buf ? buf : malloc(size);
		if (res)
			memcpy(res, cwd, need);
	}
	pthread_mutex_unlock(&cwd_lock);
	return res;
}

/* What only Linux has: a missing last component must not keep it from that. */
static int resolve_by_linux(const char *path, bool may_be_missing, char *out)
{
	char parent[PATH_MAX];
	char *slash;
	size_t len;

	if (realpath(path, out))
		return 0;
	if (errno != ENOENT || !may_be_missing)
		return -errno;
	strcpy(parent, path);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	if (!realpath(!slash ? "." : *parent ? parent : "/", out))
		return -errno;
	len = strlen(out);
	if (len + strlen(path) + 2 >= PATH_MAX)
		return -ENAMETOOLONG;
	sprintf(out + len, "%s%s", len > 1 ? "/" : "",
		path + (slash ? slash + 1 - parent : 0));
	return 0;
}

/* In a name space that has the directory, a missing last component is there. */
static int resolve_to(const char *path, bool follow, bool may_be_missing,
		      char *out)
{
	struct px_place place;
	int err = px_find_place(path, follow, &place);

	if (err)
		return err;
	if (!place.path.known && (!place.known || access(path, F_OK) == 0))
		return resolve_by_linux(place.path.linux_path, may_be_missing, out);
	if (!place.path.known && !may_be_missing)
		return -ENOENT;
	strcpy(out, place.path.text);
	return 0;
}

PX_API char *resolve_path(const char *path, char *resolved, int follow,
			  int may_be_missing)
{
	char *out = resolved;
	int err;

	if (!path) {
		errno = EINVAL;
		return NULL;
	}
	if (!out)
		out = malloc(PATH_MAX);
	if (!out)
		return NULL;
	err = resolve_to(path, follow, may_be_missing, out);
	if (!err)
		return out;
	if (!resolved)
		free(out);
	errno = -err;
	return NULL;
}

PX_API char *phx_px_realpath(const char *path, char *resolved)
{
	return resolve_path(path, resolved, 1, 0);
}

PX_API char *phx_px_canonicalize_file_name(const char *path)
{
	return resolve_path(path, NULL, 1, 0);
}

/*
 * Phoenix-RTOS' programs have it to cut paths with; it is no part of the name
 * space.
 */
PX_API void splitname(char *path, char **base, char **dir)
{
	char *slash = strrchr(path, '/');

	if (!slash) {
		*dir = (char *)".";
		*base = path;
	} else if (slash == path) {
		*dir = (char *)"/";
		*base = path + 1;
	} else {
		*slash = '\0';
		*dir = path;
		*base = slash + 1;
	}
}
