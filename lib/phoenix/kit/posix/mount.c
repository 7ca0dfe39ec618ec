// SPDX-License-Identifier: MIT
/*
 * Mounting: a server that knows a device is asked to serve the file system on it,
 * and the server of the directory is told whose object that stands for.
 */
#include "px.h"

#include <string.h>
#include <sys/mount.h>

static int attach(oid_t dir, oid_t root)
{
	return px_set_attr(dir, atDev, 0, &root, sizeof(root));
}

static int mount_known(oid_t source, const struct px_path *target,
		       const char *fstype, unsigned long mode, const char *data)
{
	msg_t msg = { .type = mtMount, .oid = source };
	mount_i_msg_t *in = (mount_i_msg_t *)msg.i.raw;
	mount_o_msg_t *out = (mount_o_msg_t *)msg.o.raw;
	struct stat st;
	int err;

	err = px_node_stat(target->fil, target->dev, target->fil, &st);
	if (err)
		return err;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	in->mnt = target->dev;
	in->mode = mode;
	strncpy(in->fstype, fstype, sizeof(in->fstype) - 1);
	msg.i.data = data;
	msg.i.size = data ? strlen(data) : 0;
	err = px_send(source.port, &msg);
	return err < 0 ? err : attach(target->dev, out->oid);
}

PX_API int phx_px_mount(const char *source, const char *target,
			const char *fstype, unsigned long mode, const char *data)
{
	struct px_path from, to;
	int err = px_find(source, true, &from);

	if (!err)
		err = px_find(target, true, &to);
	if (!err && !fstype)
		err = -EINVAL;
	if (!err && (!from.known || !to.known))
		err = -ENOENT;
	if (!err)
		err = mount_known(from.dev, &to, fstype, mode, data);
	return (int)px_result(err);
}

/* Where it is mounted; -ENOENT if it is the root of all. */
static int mount_point(oid_t dev, oid_t *dir)
{
	msg_t msg = { .type = mtMountPoint, .oid = dev };
	int err = px_send(dev.port, &msg);

	*dir = ((mount_o_msg_t *)msg.o.raw)->oid;
	return err < 0 ? err : 0;
}

static int umount_known(const struct px_path *target)
{
	msg_t msg = { .type = mtUmount, .oid = target->dev };
	long long mode;
	bool root;
	oid_t dir;
	int err;

	if (target->fil.port == target->dev.port && strcmp(target->text, "/"))
		return -EINVAL;
	err = px_get_attr(target->fil, atMode, &mode);
	if (err)
		return err;
	/* Phoenix-RTOS can't by the directory either, only by the device. */
	if (S_ISDIR((mode_t)mode))
		return -ENOTSUP;
	err = mount_point(target->dev, &dir);
	root = err == -ENOENT;
	if (err && !root)
		return err;
	err = px_send(target->dev.port, &msg);
	if (err < 0 || root)
		return err < 0 ? err : 0;
	return attach(dir, dir);
}

PX_API int phx_px_umount(const char *target)
{
	struct px_path found;
	int err = px_find(target, true, &found);

	if (!err && !found.known)
		err = -ENOENT;
	return (int)px_result(err ? err : umount_known(&found));
}
