/* SPDX-License-Identifier: MIT */
/*
 * fileget: what its parts share.
 */
#ifndef FILEGET_H
#define FILEGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <phxport/phoenix.h>

#define MAX_JOBS	256

/* Paths of the server, from the copied directory on: "." and "./a/b". */
struct item {
	char *path;
	oid_t oid;		/* of a directory */
	mode_t mode;		/* of a directory */
};

struct list {
	struct item *items;
	size_t n;
};

struct tree {
	struct list files;
	struct list dirs;
	size_t links;
	size_t skipped;
};

/* Looks @path below @source up. */
int find(const char *source, const char *path, oid_t *fil, oid_t *dev);

/* What is kept of an object's mode: who runs it is another user than there. */
mode_t mode_to_keep(const struct _attrAll *attrs);

/* Gives the directories their modes, when nothing is created in them any more. */
int finish_directories(int dest, const struct list *dirs);

struct copy {
	const char *source;	/* path of the server */
	int dest;		/* directory */
	const struct list *files;
	int jobs;		/* processes, or threads to list */
	size_t chunk;		/* bytes per read */
	bool quiet;
	uint64_t bytes;		/* out: how many were copied */
};

/*
 * Lists the tree, and makes its directories and symlinks; returns 0, or -1 if
 * it printed what is wrong.
 */
int walk_tree(const struct copy *copy, struct tree *tree);

/* Copies the files; the same. */
int copy_files(struct copy *copy);

void free_list(struct list *list);

/* "fileget: PATH: WHAT", whatever is in a path of the server. */
void tell(const char *path, const char *what);

/* The same with ": error text" behind it; returns -1. */
int complain(const char *path, const char *what, int err);

double seconds_now(void);

#endif
