/* SPDX-License-Identifier: MIT */
/*
 * Phoenix-RTOS' flags of files, which differ from Linux'.
 */
#ifndef _PHX_KIT_FCNTL_H
#define _PHX_KIT_FCNTL_H

#include <sys/types.h>
#include <sys/stat.h>
#include <phoenix/posix-fcntl.h>

#ifdef __cplusplus
extern "C" {
#endif

int open(const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int fd, int cmd, ...);
int posix_fallocate(int fd, off_t offset, off_t len);

#define LOCK_SH		1
#define LOCK_EX		2
#define LOCK_NB		4
#define LOCK_UN		8

enum {
	F_RDLCK,
	F_UNLCK,
	F_WRLCK,
};

struct flock {
	short l_type;
	short l_whence;
	off_t l_start;
	off_t l_len;
	pid_t l_pid;
};

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_FCNTL_H */
