// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void system_path(char *buf, size_t size, const char *path)
{
	const char *root = getenv("PHXCTL_ROOT");

	snprintf(buf, size, "%s%s", root ? root : "", path);
}

bool file_exists(const char *path)
{
	char full[4096];

	system_path(full, sizeof(full), path);
	return !access(full, F_OK);
}

bool file_line(const char *path, char *buf, size_t size)
{
	char full[4096];
	bool found;
	FILE *file;

	system_path(full, sizeof(full), path);
	file = fopen(full, "re");
	if (!file)
		return false;
	found = fgets(buf, size, file);
	fclose(file);
	if (found)
		buf[strcspn(buf, "\n")] = '\0';
	return found;
}

const char *kernel_release(void)
{
	static struct utsname uts;

	if (!uts.release[0])
		uname(&uts);
	return uts.release;
}

/* As depmod has it, whichever directory that is. */
void find_module(char *path, size_t size)
{
	char dep[4096], full[4096], line[4096], *colon;
	FILE *file;

	path[0] = '\0';
	snprintf(dep, sizeof(dep), "/lib/modules/%s/modules.dep", kernel_release());
	system_path(full, sizeof(full), dep);
	file = fopen(full, "re");
	while (file && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		if (strstr(line, "/phxport.ko")) {
			snprintf(path, size, "/lib/modules/%s/%s", kernel_release(), line);
			break;
		}
	}
	if (file)
		fclose(file);
}
