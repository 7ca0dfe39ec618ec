// SPDX-License-Identifier: MIT
/*
 * From numbers to open files of servers. A number is one of Linux' own, of a file
 * opened with O_PATH, so that what gets at it without the kit fails with EBADF
 * rather than writing somewhere.
 *
 * A server counts who has an object open. So a child opens what it inherited once
 * more when it first uses it, and closes nothing that it has not opened.
 *
 * The lock guards the table and is never held while a message is sent.
 */
#include "px.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK	256
#define CHUNKS	4096

/* The server may be this very process, which doesn't serve any more. */
#define EXIT_CLOSE_NS	500000000ULL

static struct px_file **chunks[CHUNKS];
static bool exiting;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The place of a number in the table, NULL if there was none near it yet. */
static struct px_file **place(int fd)
{
	if (fd < 0 || fd >= CHUNK * CHUNKS || !chunks[fd / CHUNK])
		return NULL;
	return &chunks[fd / CHUNK][fd % CHUNK];
}

static struct px_file **next_used(int *fd)
{
	struct px_file **at;

	for (; *fd < CHUNK * CHUNKS; ++*fd) {
		at = place(*fd);
		if (!at)
			*fd |= CHUNK - 1;
		else if (*at)
			return at;
	}
	return NULL;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/* References of calls that other threads were in are not there any more. */
static void after_fork_child(void)
{
	struct px_file **at;
	int fd;

	pthread_mutex_init(&lock, NULL);
	for (fd = 0; (at = next_used(&fd)); fd++) {
		pthread_mutex_init(&(*at)->lock, NULL);
		(*at)->inherited = true;
		atomic_store(&(*at)->refs, 0);
	}
	for (fd = 0; (at = next_used(&fd)); fd++)
		atomic_fetch_add(&(*at)->refs, 1);
}

__attribute__((constructor))
static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_child);
}

/* What is still open at exit() is closed, as a system would. */
__attribute__((destructor))
static void close_all(void)
{
	struct px_file **at;
	int fd;

	fflush(NULL);
	exiting = true;
	for (fd = 0; (at = next_used(&fd)); fd++)
		px_fd_take(fd);
}

struct px_file *px_file_new(oid_t oid, oid_t node, unsigned int flags)
{
	struct px_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	atomic_init(&file->refs, 1);
	file->oid = oid;
	file->node = node;
	file->flags = flags & ~(unsigned int)(PHX_O_CREAT | PHX_O_EXCL |
					      PHX_O_NOCTTY | PHX_O_TRUNC |
					      PHX_O_CLOEXEC);
	pthread_mutex_init(&file->lock, NULL);
	return file;
}

void px_file_put(struct px_file *file)
{
	if (atomic_fetch_sub(&file->refs, 1) != 1)
		return;
	if (!file->inherited)
		px_close_oid(file->oid, file->flags,
			     exiting ? EXIT_CLOSE_NS : 0);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

/* Make room in the table for a number. */
static int grow(int fd)
{
	if (fd >= CHUNK * CHUNKS)
		return -EMFILE;
	if (chunks[fd / CHUNK])
		return 0;
	chunks[fd / CHUNK] = calloc(CHUNK, sizeof(struct px_file *));
	return chunks[fd / CHUNK] ? 0 : -ENOMEM;
}

/* The lowest free number from at_least on, which leads nowhere. */
static int reserve(int at_least)
{
	int fd = open("/", O_PATH | O_CLOEXEC), moved, err;

	if (fd < 0)
		return -errno;
	if (fd >= at_least)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, at_least);
	err = errno;
	close(fd);
	return moved < 0 ? -err : moved;
}

/**
 * px_fd_install - give an open file a number
 * @file: the file; a reference of the caller's goes to the number
 * @at_least: the lowest number wanted
 *
 * Return: the number, or a negative number; then the reference is still the
 * caller's.
 */
int px_fd_install(struct px_file *file, int at_least)
{
	int fd, err;

	pthread_mutex_lock(&lock);
	fd = reserve(at_least);
	if (fd >= 0) {
		err = grow(fd);
		if (err) {
			close(fd);
			fd = err;
		} else {
			*place(fd) = file;
		}
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

/**
 * px_fd_replace - let a number stand for an open file, whatever it stood for
 * @file: the file; a reference of the caller's goes to the number
 * @fd: the number
 *
 * Return: @fd or a negative number.
 */
int px_fd_replace(struct px_file *file, int fd)
{
	struct px_file *old = NULL;
	int from, err;

	pthread_mutex_lock(&lock);
	err = fd < 0 ? -EBADF : grow(fd);
	from = err ? err : reserve(0);
	if (from >= 0 && from != fd) {
		err = dup3(from, fd, O_CLOEXEC) < 0 ? -errno : 0;
		close(from);
		from = err ? err : fd;
	}
	if (from >= 0) {
		old = *place(fd);
		*place(fd) = file;
	}
	pthread_mutex_unlock(&lock);
	if (old)
		px_file_put(old);
	return from;
}

/**
 * px_fd_forget - a number stands for something of Linux' from now on
 * @fd: the number
 */
void px_fd_forget(int fd)
{
	struct px_file **at, *file = NULL;

	pthread_mutex_lock(&lock);
	at = place(fd);
	if (at) {
		file = *at;
		*at = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (file)
		px_file_put(file);
}

/**
 * px_fd_take - close a number
 * @fd: the number
 *
 * Return: whether it stood for a file of a server; then it is closed.
 */
bool px_fd_take(int fd)
{
	struct px_file **at, *file = NULL;

	pthread_mutex_lock(&lock);
	at = place(fd);
	if (at && *at) {
		file = *at;
		*at = NULL;
		close(fd);
	}
	pthread_mutex_unlock(&lock);
	if (file)
		px_file_put(file);
	return file;
}

static void adopt(struct px_file *file)
{
	oid_t oid = file->oid;

	pthread_mutex_lock(&file->lock);
	if (file->inherited && !file->multiplexed &&
	    !px_open_oid(&oid, file->flags))
		file->inherited = false;
	pthread_mutex_unlock(&file->lock);
}

/**
 * px_fd_get - the open file of a number
 * @fd: the number
 *
 * Return: the file, for px_file_put(); NULL if the number is not of a server's.
 */
struct px_file *px_fd_get(int fd)
{
	struct px_file **at, *file;

	pthread_mutex_lock(&lock);
	at = place(fd);
	file = at ? *at : NULL;
	if (file)
		atomic_fetch_add(&file->refs, 1);
	pthread_mutex_unlock(&lock);
	if (file && file->inherited)
		adopt(file);
	return file;
}
