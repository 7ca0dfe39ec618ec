// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files for windows to be mapped from, each with an inode of its own, in a file
 * system that nobody sees. It is mounted while there are any, and holds the
 * module for that time, so that it is never torn down by code that is gone.
 */
#include "window.h"

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

/**
 * phx_winfs_file() - make a file with an inode of its own
 * @fops: its operations
 * @data: its private data
 *
 * Return: the file or an ERR_PTR. phx_winfs_put() must follow for each file.
 */
struct file *phx_winfs_file(const struct file_operations *fops, void *data)
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
	__module_get(fops->owner);
	file = alloc_file_pseudo(inode, winfs_mount, KBUILD_MODNAME, O_RDWR, fops);
	if (IS_ERR(file)) {
		module_put(fops->owner);
		iput(inode);
		goto err_release;
	}
	file->private_data = data;
	return file;

err_release:
	phx_winfs_put();
	return file;
}

/**
 * phx_winfs_put() - one file less that needs the file system to be mounted
 *
 * Files themselves hold it, so this may come before the last of them is gone.
 */
void phx_winfs_put(void)
{
	simple_release_fs(&winfs_mount, &winfs_users);
}
