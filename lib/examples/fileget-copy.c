// SPDX-License-Identifier: MIT
/*
 * fileget: copies the listed files, with several processes at once.
 *
 * The list is made before the fork, so every worker has it; a counter in
 * shared memory says which file is next. Ports are found anew in every worker:
 * the library opens the device again in a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fileclient.h"
#include "fileget.h"

#define MB	1e6

struct shared {
	atomic_size_t next;	/* file to be taken */
	atomic_size_t files;	/* copied */
	atomic_ullong bytes;	/* copied */
	atomic_bool failed;
};

static int write_all(int fd, const char *buf, size_t size)
{
	ssize_t n;

	for (; size; buf += n, size -= n) {
		n = write(fd, buf, size);
		if (n < 0)
			return -errno;
	}
	return 0;
}

static int copy_data(const struct item *file, oid_t oid, int fd, char *buf,
		     size_t chunk, struct shared *shared)
{
	uint64_t offs, left;
	ssize_t n;
	int err;

	for (offs = 0; offs < file->size; offs += n) {
		left = file->size - offs;
		n = file_read(oid, offs, buf, left < chunk ? left : chunk);
		if (n < 0)
			return complain(file->path, "read", -n);
		if (!n)
			return complain(file->path, "shorter than it was", EIO);
		err = write_all(fd, buf, n);
		if (err)
			return complain(file->path, "write", -err);
		atomic_fetch_add(&shared->bytes, n);
	}
	return 0;
}

/* To a new file, who gets its mode when it is complete. */
static int copy_to(int dest, const struct item *file, oid_t oid, char *buf,
		   size_t chunk, struct shared *shared)
{
	int fd = openat(dest, file->path,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return complain(file->path, "create", errno);
	err = copy_data(file, oid, fd, buf, chunk, shared);
	if (!err && fchmod(fd, file->mode))
		err = complain(file->path, "set mode", errno);
	if (close(fd) && !err)
		err = complain(file->path, "close", errno);
	return err;
}

static int copy_file(int dest, const struct item *file, char *buf, size_t chunk,
		     struct shared *shared)
{
	oid_t oid;
	int err, err2;

	err = file_open(file->oid, &oid);
	if (err)
		return complain(file->path, "open", -err);
	err = copy_to(dest, file, oid, buf, chunk, shared);
	err2 = file_close(oid);
	if (!err && err2)
		err = complain(file->path, "close", -err2);
	return err;
}

/* Takes files until there are no more, or somebody failed. */
static int work(int dest, const struct list *files, size_t chunk,
		struct shared *shared)
{
	char *buf;
	size_t i;
	int err;

	/* Whole pages are lent as they are, parts of them cost a copy. */
	err = posix_memalign((void **)&buf, sysconf(_SC_PAGESIZE), chunk);
	if (err)
		return complain("buffer", "allocate", err);
	while (!atomic_load(&shared->failed)) {
		i = atomic_fetch_add(&shared->next, 1);
		if (i >= files->n)
			break;
		if (copy_file(dest, &files->items[i], buf, chunk, shared)) {
			atomic_store(&shared->failed, true);
			return -1;
		}
		atomic_fetch_add(&shared->files, 1);
	}
	return 0;
}

static bool can_overwrite(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* On a terminal one line that is written over, else a line every 10 %. */
static void progress(const struct list *files, struct shared *shared,
		     double start)
{
	static int last = -1;
	unsigned long long bytes = atomic_load(&shared->bytes);
	int percent = files->bytes ? bytes * 100 / files->bytes : 100;
	bool tty = can_overwrite();
	double s = seconds_now() - start;

	if (!tty && percent / 10 == last / 10 && last >= 0)
		return;
	last = percent;
	printf("%s%3d %%, %zu of %zu files, %.1f of %.1f MB, %.1f MB/s%s",
	       tty ? "\r" : "", percent, atomic_load(&shared->files), files->n,
	       bytes / MB, files->bytes / MB, s > 0 ? bytes / MB / s : 0,
	       tty ? "\033[K" : "\n");
	fflush(stdout);
}

/* A worker that failed has said why, but for one that was killed. */
static int ended_badly(int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "fileget: a worker was killed: %s\n",
			strsignal(WTERMSIG(status)));
	return status != 0;
}

/* Returns how many workers ended badly. */
static int wait_for_workers(int jobs, const struct list *files,
			    struct shared *shared, int quiet)
{
	struct timespec interval = { .tv_nsec = 200000000 };
	double start = seconds_now();
	int status, bad = 0;
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (jobs) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			jobs--;
			if (ended_badly(status)) {
				bad++;
				atomic_store(&shared->failed, true);
			}
			continue;
		}
		if (!quiet)
			progress(files, shared, start);
		sigtimedwait(&child, NULL, &interval);
	}
	if (!quiet && !bad)
		progress(files, shared, start);
	if (!quiet && can_overwrite())
		putchar('\n');
	return bad;
}

static void worker(pid_t parent, int dest, const struct list *files,
		   size_t chunk, struct shared *shared)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	_exit(work(dest, files, chunk, shared) ? 1 : 0);
}

int copy_files(int dest, const struct list *files, int jobs, size_t chunk,
	       int quiet)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid(), pid;
	sigset_t child;
	int started, err = 0;

	if (shared == MAP_FAILED)
		return complain("shared memory", "map", errno);
	/* Blocked, it waits for sigtimedwait() and can't be missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);

	for (started = 0; started < jobs && !err; started += !err) {
		pid = fork();
		if (!pid)
			worker(parent, dest, files, chunk, shared);
		if (pid < 0) {
			err = complain("worker", "start", errno);
			atomic_store(&shared->failed, true);
		}
	}
	if (wait_for_workers(started, files, shared, quiet))
		err = -1;
	munmap(shared, sizeof(*shared));
	return err;
}
