/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phxfuse: what its files share.
 *
 * A request of FUSE is served by one thread from begin to end: it becomes one
 * or more messages to a Phoenix file server (wire.c), and its answer. What is
 * kept between requests is in nodes (node.c) and handles (file.c, dir.c); all
 * else is the server's.
 */
#ifndef PHXFUSE_H
#define PHXFUSE_H

#define FUSE_USE_VERSION	FUSE_MAKE_VERSION(3, 12)

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <phxport.h>
#include <phxport/phoenix.h>

/**
 * struct config - what the options say; constant once the file system runs
 * @source: name or number of the port, or path of an object
 * @id: object to mount where @source is a number
 * @attr_timeout: how long the kernel may keep attributes, in seconds
 * @entry_timeout: the same for names that are there
 * @negative_timeout: and for names that are not; 0 not at all
 * @timeout: longest time that a message may take in seconds, 0 none
 * @uid: owner of all files, UINT32_MAX what the server says
 * @gid: the same for the group
 * @umask: permissions that no file has
 * @name_max: longest name that the server takes, in bytes
 * @direct_io: nothing of files is kept in the page cache
 * @kernel_cache: the page cache is kept when a file is opened
 * @writeback_cache: writes may wait in the page cache
 * @allow_other: other users may enter
 * @no_default_permissions: the kernel shall not check permissions even so
 */
struct config {
	char *source;
	unsigned long long id;
	double attr_timeout;
	double entry_timeout;
	double negative_timeout;
	double timeout;
	unsigned int uid;
	unsigned int gid;
	unsigned int umask;
	size_t name_max;
	int direct_io;
	int kernel_cache;
	int writeback_cache;
	int allow_other;
	int no_default_permissions;
};

extern struct config config;

/** phxfuse_session - the session, once there is one */
struct fuse_session *phxfuse_session(void);

/* Operations, by the file that they are in */
void dir_operations(struct fuse_lowlevel_ops *ops);
void file_operations(struct fuse_lowlevel_ops *ops);
void ioctl_operations(struct fuse_lowlevel_ops *ops);
void meta_operations(struct fuse_lowlevel_ops *ops);
void name_operations(struct fuse_lowlevel_ops *ops);
void poll_operations(struct fuse_lowlevel_ops *ops);
void rename_operations(struct fuse_lowlevel_ops *ops);

#endif /* PHXFUSE_H */
