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

struct shared {
	atomic_size_t next;	/* file to be taken */
	atomic_size_t files;	/* copied */
	atomic_ullong bytes;	/* copied */
	atomic_bool failed;
};

/* What a worker works with */
struct job {
	const struct copy *copy;
	struct shared *shared;
	char *buf;
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

static int copy_data(const struct job *job, const char *path, oid_t oid,
		     uint64_t size, int fd)
{
	uint64_t offs, left;
	ssize_t n;
	int err;

	for (offs = 0; offs < size; offs += n) {
		left = size - offs;
		n = file_read(oid, offs, job->buf,
			      left < job->copy->chunk ? left : job->copy->chunk);
		if (n < 0)
			return complain(path, "read", -n);
		if (!n)
			return complain(path, "shorter than it was", EIO);
		err = write_all(fd, job->buf, n);
		if (err)
			return complain(path, "write", -err);
		atomic_fetch_add(&job->shared->bytes, n);
	}
	return 0;
}

/* To a new file, who gets its mode when it is complete. */
static int copy_to_new(const struct job *job, const char *path, oid_t oid,
		       const struct _attrAll *attrs)
{
	int fd = openat(job->copy->dest, path,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return complain(path, "create", errno);
	err = copy_data(job, path, oid, attrs->size.val, fd);
	if (!err && fchmod(fd, mode_to_keep(attrs)))
		err = complain(path, "set mode", errno);
	if (close(fd) && !err)
		err = complain(path, "close", errno);
	return err;
}

static int copy_file(const struct job *job, const char *path)
{
	struct _attrAll attrs;
	oid_t fil, dev, oid;
	int err, err2;

	err = find(job->copy->source, path, &fil, &dev);
	if (err)
		return complain(path, "look up", -err);
	err = file_attributes(fil, &attrs);
	if (err)
		return complain(path, "attributes", -err);
	if (attrs.type.val != otFile)
		return complain(path, "no file any more", EIO);
	err = file_open(dev, &oid);
	if (err)
		return complain(path, "open", -err);
	err = copy_to_new(job, path, oid, &attrs);
	err2 = file_close(oid);
	if (!err && err2)
		err = complain(path, "close", -err2);
	return err;
}

/* Takes files until there are no more, or somebody failed. */
static int work(struct job *job)
{
	const struct list *files = job->copy->files;
	size_t i;
	int err;

	/* Whole pages are lent as they are, parts of them cost a copy. */
	err = posix_memalign((void **)&job->buf, sysconf(_SC_PAGESIZE),
			     job->copy->chunk);
	if (err)
		return complain("buffer", "allocate", err);
	while (!atomic_load(&job->shared->failed)) {
		i = atomic_fetch_add(&job->shared->next, 1);
		if (i >= files->n)
			break;
		if (copy_file(job, files->items[i].path)) {
			atomic_store(&job->shared->failed, true);
			return -1;
		}
		atomic_fetch_add(&job->shared->files, 1);
	}
	return 0;
}

static bool can_overwrite(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* On a terminal one line that is written over, else a line every 10 %. */
static void progress(const struct copy *copy, struct shared *shared, double start)
{
	static int last = -1;
	size_t files = atomic_load(&shared->files);
	int percent = copy->files->n ? files * 100 / copy->files->n : 100;
	double mb = atomic_load(&shared->bytes) / 1e6;
	bool tty = can_overwrite();

	if (!tty && percent / 10 == last / 10 && last >= 0)
		return;
	last = percent;
	printf("%s%3d %%, %zu of %zu files, %.1f MB, %.1f MB/s%s",
	       tty ? "\r" : "", percent, files, copy->files->n, mb,
	       mb / (seconds_now() - start), tty ? "\033[K" : "\n");
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
static int wait_for_workers(const struct copy *copy, int n, struct shared *shared)
{
	struct timespec interval = { .tv_nsec = 200000000 };
	double start = seconds_now();
	int status, bad = 0;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (n) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			n--;
			if (ended_badly(status)) {
				bad++;
				atomic_store(&shared->failed, true);
			}
			continue;
		}
		sigtimedwait(&child, NULL, &interval);
		if (!copy->quiet)
			progress(copy, shared, start);
	}
	if (!copy->quiet && can_overwrite())
		putchar('\n');
	return bad;
}

static void worker(const struct copy *copy, struct shared *shared, pid_t parent)
{
	struct job job = { .copy = copy, .shared = shared };

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	_exit(work(&job) ? 1 : 0);
}

static int run_workers(const struct copy *copy, struct shared *shared)
{
	pid_t parent = getpid(), pid;
	int n, err = 0;

	for (n = 0; n < copy->jobs && !err; n += !err) {
		pid = fork();
		if (!pid)
			worker(copy, shared, parent);
		if (pid < 0) {
			err = complain("worker", "start", errno);
			atomic_store(&shared->failed, true);
		}
	}
	return wait_for_workers(copy, n, shared) ? -1 : err;
}

int copy_files(struct copy *copy)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t child;
	int err;

	if (shared == MAP_FAILED)
		return complain("shared memory", "map", errno);
	/* Blocked, it waits for sigtimedwait() and can't be missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	err = run_workers(copy, shared);
	copy->bytes = atomic_load(&shared->bytes);
	munmap(shared, sizeof(*shared));
	return err;
}
