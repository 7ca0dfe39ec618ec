// SPDX-License-Identifier: MIT
/*
 * A client: an ordinary program with ordinary calls, that reaches Phoenix-RTOS'
 * servers because it is compiled by phx-cc.
 *
 *   files COMMAND ARG...    see usage()
 */
#include "counter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(void)
{
	fputs("usage: files ls DIR | cat FILE | put FILE [SIZE] | mkdir DIR | rmdir DIR |\n"
	      "             rm FILE | ln OLD NEW | mv OLD NEW | stat FILE | trunc FILE SIZE |\n"
	      "             cp FROM TO | counter FILE\n", stderr);
	return 2;
}

static int list(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			puts(entry->d_name);
	return closedir(dir);
}

static int copy_fd(int from, int to)
{
	static char buf[256 * 1024];
	ssize_t size, done, part;

	while ((size = read(from, buf, sizeof(buf))) > 0) {
		for (done = 0; done < size; done += part) {
			part = write(to, buf + done, size - done);
			if (part <= 0)
				return -1;
		}
	}
	return (int)size;
}

static int copy(const char *from, const char *to)
{
	int in = from ? open(from, O_RDONLY) : STDIN_FILENO, out, err;

	if (in < 0)
		return -1;
	out = to ? open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644) : STDOUT_FILENO;
	if (out < 0)
		return -1;
	err = copy_fd(in, out);
	return close(out) ? -1 : err;
}

static int show(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -1;
	printf("%o %lld\n", st.st_mode, (long long)st.st_size);
	return 0;
}

static int counter(const char *path)
{
	int fd = open(path, O_RDWR);
	unsigned int value = 1000;
	struct counter_stats stats;

	if (fd < 0 || ioctl(fd, COUNTER_SWAP, &value) || ioctl(fd, COUNTER_STEP, -7) ||
	    ioctl(fd, COUNTER_STATS, &stats))
		return -1;
	printf("was %u, %llu reads, %llu writes\n", value, stats.reads, stats.writes);
	return close(fd);
}

static int two(const char *command, const char *a, const char *b)
{
	if (!strcmp(command, "ln"))
		return link(a, b);
	if (!strcmp(command, "mv"))
		return rename(a, b);
	if (!strcmp(command, "cp"))
		return copy(a, b);
	if (!strcmp(command, "trunc"))
		return truncate(a, atoll(b));
	exit(usage());
}

static int one(const char *command, const char *path)
{
	if (!strcmp(command, "ls"))
		return list(path);
	if (!strcmp(command, "cat"))
		return copy(path, NULL);
	if (!strcmp(command, "put"))
		return copy(NULL, path);
	if (!strcmp(command, "mkdir"))
		return mkdir(path, 0755);
	if (!strcmp(command, "rmdir"))
		return rmdir(path);
	if (!strcmp(command, "rm"))
		return unlink(path);
	if (!strcmp(command, "stat"))
		return show(path);
	if (!strcmp(command, "counter"))
		return counter(path);
	exit(usage());
}

int main(int argc, char **argv)
{
	int err;

	if (argc != 3 && argc != 4)
		return usage();
	err = argc == 3 ? one(argv[1], argv[2]) : two(argv[1], argv[2], argv[3]);
	if (!err)
		return 0;
	fprintf(stderr, "files: %s %s: %s\n", argv[1], argv[2], strerror(errno));
	return 1;
}
