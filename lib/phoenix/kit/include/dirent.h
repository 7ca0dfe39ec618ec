/* SPDX-License-Identifier: MIT */
/*
 * Directories, with entries of Phoenix-RTOS' layout.
 */
#ifndef _PHX_KIT_DIRENT_H
#define _PHX_KIT_DIRENT_H

#include <stdio.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DT_UNKNOWN	0
#define DT_FIFO		1
#define DT_CHR		2
#define DT_DIR		4
#define DT_BLK		6
#define DT_REG		8
#define DT_LNK		10
#define DT_SOCK		12
#define DT_WHT		14

/* d_reclen is how far the position of the next entry is, in the server's unit */
struct dirent {
	ino_t d_ino;
	uint32_t d_type;
	uint16_t d_reclen;
	uint16_t d_namlen;
	char d_name[];
};

typedef struct phx_dir DIR;

DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *dir);
void seekdir(DIR *dir, long pos);
long telldir(DIR *dir);
void rewinddir(DIR *dir);
int closedir(DIR *dir);
int dirfd(DIR *dir);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_DIRENT_H */
