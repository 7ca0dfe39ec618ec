// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files for windows to be mapped from, each with an inode of its own, in a file
 * system that nobody sees. It is mounted while there are any, and holds the
 * module for that time, so that it is never torn down by code that is gone.
 */
#include "window.h"
#include "client.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#define PHX_WINFS_MAGIC 0x70687870

static struct vfsmount *winfs_mount;
static int winfs_users;

static int winfs_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, PHX_WINFS_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type winfs_type = {
	.name = KBUILD_MODNAME,
	.owner = THIS_MODULE,
	.init_fs_context = winfs_init_fs_context,
	.kill_sb = kill_anon_super,
};

static int window_file_release(struct inode *inode, struct file *file)
{
	phx_client_done(file->private_data);
	return 0;
}

/*
 * Where else may it be mapped? Nowhere. Only mremap() needs to know, before it changes
 * anything of the window. A huge entry that it moves is in neither place for a moment:
 * who takes pages out would not find it, and it would stay.
 */
static unsigned long window_file_get_unmapped_area(struct file *file, unsigned long addr,
						   unsigned long len, unsigned long pgoff,
						   unsigned long flags)
{
	return -EINVAL;
}

static const struct file_operations window_fops = {
	.owner = THIS_MODULE,
	.get_unmapped_area = window_file_get_unmapped_area,
	.release = window_file_release,
};

static struct file *make_file(struct phx_client *client)
{
	struct inode *inode;
	struct file *file;
	int err;

	err = simple_pin_fs(&winfs_type, &winfs_mount, &winfs_users);
	if (err)
		return ERR_PTR(err);
	inode = alloc_anon_inode(winfs_mount->mnt_sb);
	if (IS_ERR(inode)) {
		file = ERR_CAST(inode);
		goto err_release;
	}
	/* The file gives this back when it is freed. */
	__module_get(window_fops.owner);
	file = alloc_file_pseudo(inode, winfs_mount, KBUILD_MODNAME, O_RDWR, &window_fops);
	if (IS_ERR(file)) {
		module_put(window_fops.owner);
		iput(inode);
		goto err_release;
	}
	file->private_data = client;
	return file;

err_release:
	simple_release_fs(&winfs_mount, &winfs_users);
	return file;
}

/**
 * phx_windows_open() - make the file that windows are mapped from
 * @client: the client
 *
 * Return: 0 or a negative errno.
 */
int phx_windows_open(struct phx_client *client)
{
	struct file *file = make_file(client);

	if (IS_ERR(file))
		return PTR_ERR(file);
	phx_client_ref(client);
	client->win_file = file;
	return 0;
}

/**
 * phx_windows_close() - let go of that file; mappings may still have it
 * @client: the client
 */
void phx_windows_close(struct phx_client *client)
{
	/* Files hold the file system, so this may come before the last of them is gone. */
	simple_release_fs(&winfs_mount, &winfs_users);
	fput(client->win_file);
}
