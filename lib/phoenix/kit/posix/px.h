/* SPDX-License-Identifier: MIT */
/*
 * The client side: files of Phoenix-RTOS' servers by the calls of POSIX.
 *
 * A path that leads to something in Phoenix-RTOS' name space is turned into
 * messages; all others are Linux'. A file of a server that is open has a number of
 * Linux as well, which leads nowhere, so that the two kinds never have the same.
 *
 * Everything here returns a negative number of an error; the functions that
 * programs call, phx_px_NAME, put that in errno. They are compiled with glibc's
 * headers, so NAME itself is Linux' call, and flags of Phoenix-RTOS are PHX_O_*.
 */
#ifndef PHX_KIT_PX_H
#define PHX_KIT_PX_H

#include <phxport/phoenix.h>

#include "../include/phoenix/numbers.h"
#include "shim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Seen by programs, under the name without phx_px_ */
#define PX_API __attribute__((__visibility__("default")))

/*
 * An open file. It lives as long as there are references: each number that stands
 * for it has one, and each call that uses it.
 */
struct px_file {
	atomic_uint refs;
	oid_t oid;		/* whom to talk to */
	oid_t node;		/* its place in the file system */
	unsigned int flags;	/* PHX_O_*, but for those of opening */
	bool pipe;		/* has no offset */
	bool multiplexed;	/* opening made the id, so it can't be done again */
	bool inherited;		/* the parent's: this process has not opened it */
	pthread_mutex_t lock;	/* guards the offset and the flags */
	off_t offset;
};

/* fd.c */
int px_fd_install(struct px_file *file, int at_least);
int px_fd_replace(struct px_file *file, int fd);
void px_fd_forget(int fd);
struct px_file *px_fd_get(int fd);
bool px_fd_take(int fd);
struct px_file *px_file_new(oid_t oid, oid_t node, unsigned int flags);
void px_file_put(struct px_file *file);

/* path.c */
struct px_path {
	char text[PATH_MAX];	/* absolute, without links */
	const char *linux_path;	/* what to give to Linux if not known */
	bool known;		/* Phoenix-RTOS' name space has it */
	oid_t fil;		/* then: what it is, and whom to talk to */
	oid_t dev;
};

/* The directory that something is to be made in */
struct px_place {
	struct px_path path;	/* of what is to be made */
	const char *name;	/* its last component */
	bool known;		/* Phoenix-RTOS' name space has the directory */
	oid_t dir;
};

int px_find(const char *path, bool follow, struct px_path *res);
int px_find_place(const char *path, bool follow, struct px_place *res);
int px_find_in_dir(const struct px_path *path, oid_t *dir, const char **name);
int px_lookup(const char *path, oid_t *fil, oid_t *dev);

/* msg.c */
int px_send(uint32_t port, msg_t *msg);
int px_get_attr(oid_t oid, int type, long long *val);
int px_set_attr(oid_t oid, int type, long long val, const void *data,
		size_t size);
int px_open_oid(oid_t *oid, unsigned int flags);
void px_close_oid(oid_t oid, unsigned int flags, uint64_t limit_ns);
int px_create(oid_t dir, int type, mode_t mode, oid_t dev, const char *name,
	      size_t size, oid_t *oid);
int px_link(oid_t dir, oid_t oid, const char *name);
int px_unlink(oid_t dir, oid_t oid, const char *name);
int px_node_stat(oid_t fil, oid_t dev, oid_t ask, struct stat *st);

/* open.c */
int px_open(const char *path, unsigned int flags, mode_t mode);

/* tty.c */
int px_tty_ioctl(int fd, unsigned long request, void *arg);

/* What programs call that is called here, too */
PX_API ssize_t phx_px_read(int fd, void *buf, size_t size);
PX_API ssize_t phx_px_write(int fd, const void *buf, size_t size);
PX_API off_t phx_px_lseek(int fd, off_t offset, int whence);
PX_API int phx_px_close(int fd);
PX_API int phx_px_ioctl(int fd, unsigned long request, ...);

/* flags.c */
int px_flags_to_linux(unsigned int flags);
unsigned int px_flags_from_linux(int flags);

/* What calls of POSIX return: a result, or -1 and errno. */
static inline long px_result(long res)
{
	if (res >= 0)
		return res;
	errno = (int)-res;
	return -1;
}

#endif /* PHX_KIT_PX_H */
