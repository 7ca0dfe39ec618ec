// SPDX-License-Identifier: GPL-2.0-only
#include "kmem.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REFRESH		"/proc/sys/vm/stat_refresh"
#define SLABS		"/sys/kernel/slab"

/* Longer than a grace period of RCU, which many objects wait for when freed. */
#define GRACE_US	200000

/* Why memory can't be measured, as a sentence; NULL if it can. */
const char *kmem_obstacle(void)
{
	if (access(REFRESH, W_OK))
		return "memory can be measured by root only (" REFRESH " can't be written)";
	if (access(SLABS, R_OK))
		return "this kernel does not show its slabs (" SLABS " is missing)";
	return NULL;
}

static void write_1(int dir, const char *path)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	/* A cache that has just gone, or was never there, has nothing to shrink. */
	if (fd >= 0) {
		(void)!write(fd, "1", 1);
		close(fd);
	}
}

/* Aliases are links to what has been shrunk already. */
static void shrink_slabs(void)
{
	DIR *dir = opendir(SLABS);
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || *entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/shrink", entry->d_name);
		write_1(dirfd(dir), path);
	}
	if (dir)
		closedir(dir);
}

struct kmem kmem_now(void)
{
	struct kmem kmem = { 0 };
	char name[64];
	double kib;
	FILE *file;

	usleep(GRACE_US);
	shrink_slabs();
	write_1(AT_FDCWD, REFRESH);
	file = fopen("/proc/meminfo", "re");
	if (!file)
		err(1, "/proc/meminfo");
	while (fscanf(file, "%63[^:]: %lf%*[^\n]\n", name, &kib) == 2) {
		if (!strcmp(name, "Slab") || !strcmp(name, "VmallocUsed") ||
		    !strcmp(name, "Percpu"))
			kmem.objects += kib * 1024;
		else if (!strcmp(name, "PageTables"))
			kmem.page_tables += kib * 1024;
	}
	fclose(file);
	return kmem;
}

struct kmem kmem_since(const struct kmem *before)
{
	struct kmem now = kmem_now();

	now.objects -= before->objects;
	now.page_tables -= before->page_tables;
	return now;
}
