/* SPDX-License-Identifier: MIT */
/*
 * fileget: what its parts share.
 */
#ifndef FILEGET_H
#define FILEGET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <phxport/phoenix.h>

/* A file or directory of the server. Its path begins at the copied directory. */
struct item {
	char *path;
	oid_t oid;
	mode_t mode;
	uint64_t size;
};

struct list {
	struct item *items;
	size_t n;
	uint64_t bytes;
};

struct tree {
	struct list files;
	struct list dirs;
	size_t links;
	size_t skipped;
};

/*
 * Walks the tree at @source, makes its directories and symlinks below the
 * directory @dest, and lists the files. Prints what is wrong; returns 0 or -1.
 */
int walk_tree(const char *source, int dest, struct tree *tree);

/* Gives the directories their modes, when nothing is created in them any more. */
int finish_directories(int dest, const struct list *dirs);

/*
 * Copies the files in @jobs processes and shows how far they are. Returns 0,
 * or -1 if any of them printed what is wrong.
 */
int copy_files(int dest, const struct list *files, int jobs, size_t chunk,
	       int quiet);

void free_list(struct list *list);

/* "fileget: PATH: WHAT: error text"; returns -1 */
int complain(const char *path, const char *what, int err);

double seconds_now(void);

#endif
