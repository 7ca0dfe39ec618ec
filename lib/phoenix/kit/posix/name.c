// SPDX-License-Identifier: MIT
/*
 * Making, removing and naming things.
 */
#include "px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* In a directory of a server, and it is not there yet? 1 yes, 0 it is Linux'. */
static int new_place(const char *path, struct px_place *place)
{
	int err = px_find_place(path, true, place);

	if (err)
		return err;
	if (place->path.known)
		return -EEXIST;
	if (!place->known)
		return 0;
	return *place->name ? 1 : -EEXIST;
}

PX_API int phx_px_mkdir(const char *path, mode_t mode)
{
	struct px_place place;
	oid_t none = { 0 };
	int res = new_place(path, &place);

	if (!res)
		return mkdir(place.path.linux_path, mode);
	if (res > 0)
		res = px_create(place.dir, otDir, (mode & 07777) | S_IFDIR, none,
				place.name, strlen(place.name) + 1, NULL);
	return (int)px_result(res);
}

PX_API int phx_px_symlink(const char *target, const char *path)
{
	struct px_place place;
	oid_t none = { 0 };
	size_t name_size;
	char *both;
	int res;

	if (!target || !path)
		return (int)px_result(-EFAULT);
	res = new_place(path, &place);
	if (!res)
		return symlink(target, place.path.linux_path);
	if (res < 0)
		return (int)px_result(res);
	name_size = strlen(place.name) + 1;
	if (asprintf(&both, "%s%c%s", place.name, '\0', target) < 0)
		return -1;
	res = px_create(place.dir, otSymlink, S_IFLNK | 0777, none, both,
			name_size + strlen(target) + 1, NULL);
	free(both);
	return (int)px_result(res);
}

PX_API ssize_t phx_px_readlink(const char *path, char *buf, size_t size)
{
	msg_t msg = { .type = mtRead };
	struct px_path found;
	long long mode;
	int res = px_find(path, false, &found);

	if (!res && !found.known)
		return readlink(found.linux_path, buf, size);
	if (!res)
		res = px_get_attr(found.fil, atMode, &mode);
	if (!res && !S_ISLNK((mode_t)mode))
		res = -EINVAL;
	if (res)
		return px_result(res);
	msg.oid = found.fil;
	msg.o.data = buf;
	msg.o.size = size;
	res = px_send(found.fil.port, &msg);
	return px_result(res > 0 && (size_t)res > size ? -EIO : res);
}

static int link_known(const struct px_path *old, struct px_place *place)
{
	int err;

	if (!place->known || old->fil.port != place->dir.port)
		return -EXDEV;
	err = px_link(place->dir, old->fil, place->name);
	/* The server of a device is told, by the whole path. */
	if (!err && old->dev.port != old->fil.port)
		err = px_link(old->dev, old->dev, place->path.text);
	return err;
}

/*
 * Whether something may be there already is the server's business: some put the
 * new one in its place.
 */
static int do_link(const char *old, const char *new)
{
	struct px_place place;
	struct px_path found;
	int err = px_find(old, false, &found);

	if (!err)
		err = px_find_place(new, false, &place);
	if (err)
		return err;
	if (found.known)
		return link_known(&found, &place);
	if (place.path.known)
		return -EXDEV;
	return link(found.linux_path, place.path.linux_path) ? -errno : 0;
}

PX_API int phx_px_link(const char *old, const char *new)
{
	return (int)px_result(do_link(old, new));
}

static int unlink_known(const struct px_path *path)
{
	const char *name;
	oid_t dir;
	int err;

	err = px_find_in_dir(path, &dir, &name);
	if (!err)
		err = px_unlink(dir, path->dev, name);
	/* The server of a device is told; it need not care. */
	if (!err && dir.port != path->dev.port)
		px_unlink(path->dev, path->dev, path->text);
	return err;
}

static int do_unlink(const char *path)
{
	struct px_path found;
	int err = px_find(path, false, &found);

	if (err)
		return err;
	if (found.known)
		return unlink_known(&found);
	return unlink(found.linux_path) ? -errno : 0;
}

PX_API int phx_px_unlink(const char *path)
{
	return (int)px_result(do_unlink(path));
}

static int rmdir_known(const struct px_path *path)
{
	oid_t dir, none = { 0 };
	const char *name;
	struct stat st;
	int err;

	err = px_node_stat(path->fil, path->dev, path->fil, &st);
	if (err)
		return err;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (path->fil.port != path->dev.port)
		return -EBUSY;	/* something is mounted on it */
	err = px_find_in_dir(path, &dir, &name);
	if (!err && !*name)
		err = -EBUSY;
	return err ? err : px_unlink(dir, none, name);
}

PX_API int phx_px_rmdir(const char *path)
{
	struct px_path found;
	int err = px_find(path, false, &found);

	if (!err && !found.known)
		return rmdir(found.linux_path);
	return (int)px_result(err ? err : rmdir_known(&found));
}

PX_API int phx_px_remove(const char *path)
{
	struct px_path found;
	struct stat st;
	int err = px_find(path, false, &found);

	if (!err && !found.known)
		return remove(found.linux_path);
	if (!err)
		err = px_node_stat(found.fil, found.dev, found.fil, &st);
	if (err)
		return (int)px_result(err);
	return S_ISDIR(st.st_mode) ? phx_px_rmdir(path) : phx_px_unlink(path);
}

/* As Phoenix-RTOS does it: in two steps, and not for directories. */
PX_API int phx_px_rename(const char *old, const char *new)
{
	struct px_place place;
	struct px_path found;
	int err = px_find(old, false, &found);

	if (!err)
		err = px_find_place(new, false, &place);
	if (!err && !found.known && !place.path.known)
		return rename(found.linux_path, place.path.linux_path);
	if (!err)
		err = found.known ? link_known(&found, &place) : -EXDEV;
	if (!err)
		err = unlink_known(&found);
	return (int)px_result(err);
}

/* Phoenix-RTOS only looks whether it is there: nothing is forbidden. */
PX_API int phx_px_access(const char *path, int mode)
{
	struct px_path found;
	int err = px_find(path, true, &found);

	if (!err && !found.known)
		return access(found.linux_path, mode);
	return (int)px_result(err);
}

PX_API int phx_px_chmod(const char *path, mode_t mode)
{
	struct px_path found;
	int err = px_find(path, true, &found);

	if (!err && !found.known)
		return chmod(found.linux_path, mode);
	if (!err)
		err = px_set_attr(found.fil, atMode, mode & 07777, NULL, 0);
	return (int)px_result(err);
}

PX_API int phx_px_fchmod(int fd, mode_t mode)
{
	struct px_file *file = px_fd_get(fd);
	int err;

	if (!file)
		return fchmod(fd, mode);
	err = px_set_attr(file->node, atMode, mode & 07777, NULL, 0);
	px_file_put(file);
	return (int)px_result(err);
}

/* Owners are not changed in Phoenix-RTOS, and that is no error there. */
static int do_chown(const char *path, bool follow, uid_t uid, gid_t gid)
{
	struct px_path found;
	int err = px_find(path, follow, &found);

	if (err || found.known)
		return (int)px_result(err);
	return follow ? chown(found.linux_path, uid, gid)
		      : lchown(found.linux_path, uid, gid);
}

PX_API int phx_px_chown(const char *path, uid_t uid, gid_t gid)
{
	return do_chown(path, true, uid, gid);
}

PX_API int phx_px_lchown(const char *path, uid_t uid, gid_t gid)
{
	return do_chown(path, false, uid, gid);
}

PX_API int phx_px_fchown(int fd, uid_t uid, gid_t gid)
{
	struct px_file *file = px_fd_get(fd);

	if (!file)
		return fchown(fd, uid, gid);
	px_file_put(file);
	return 0;
}

static int set_times(oid_t oid, time_t access_time, time_t change_time)
{
	int err = px_set_attr(oid, atMTime, change_time, NULL, 0);

	return err ? err : px_set_attr(oid, atATime, access_time, NULL, 0);
}

PX_API int phx_px_futimens(int fd, const struct timespec times[2])
{
	struct px_file *file = px_fd_get(fd);
	time_t now = time(NULL);
	int err;

	if (!file)
		return futimens(fd, times);
	err = set_times(file->oid, times ? times[0].tv_sec : now,
			times ? times[1].tv_sec : now);
	px_file_put(file);
	return (int)px_result(err);
}

PX_API int phx_px_futimes(int fd, const struct timeval times[2])
{
	struct timespec spec[2];
	int i;

	for (i = 0; times && i < 2; i++) {
		spec[i].tv_sec = times[i].tv_sec;
		spec[i].tv_nsec = times[i].tv_usec * 1000;
	}
	return phx_px_futimens(fd, times ? spec : NULL);
}

PX_API int phx_px_utimes(const char *path, const struct timeval times[2])
{
	struct px_path found;
	time_t now = time(NULL);
	int err = px_find(path, true, &found);

	if (!err && !found.known)
		return utimes(found.linux_path, times);
	if (!err)
		err = set_times(found.fil, times ? times[0].tv_sec : now,
				times ? times[1].tv_sec : now);
	return (int)px_result(err);
}
