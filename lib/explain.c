// SPDX-License-Identifier: MIT
/*
 * Sentences for people whose phx_open() failed: not what the error is called,
 * but what to do about it.
 */
#include "internal.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static __thread char sentence[512];

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
}

void phx_explain_clear(void)
{
	sentence[0] = '\0';
}

const char *phx_explain(void)
{
	return sentence;
}

static void say_absent(const char *path)
{
	struct stat st;

	if (!stat("/sys/module/phxport", &st))
		say("%s does not exist although the module phxport is loaded: in a container it must be passed in (--device %s), elsewhere udev makes it",
		    path, path);
	else
		say("%s does not exist, the module phxport is not loaded: run 'modprobe phxport' as root",
		    path);
}

/*
 * fgetgrent() and not getgrgid(): the group is a system group of this machine,
 * and static programs can't look further.
 */
static bool group_name(gid_t gid, char *name, size_t size)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *entry = NULL;
	bool found;

	while (file && (entry = fgetgrent(file))) {
		if (entry->gr_gid == gid)
			break;
	}
	found = entry;
	if (found)
		snprintf(name, size, "%s", entry->gr_name);
	else
		snprintf(name, size, "%u", gid);
	if (file)
		fclose(file);
	return found;
}

static bool is_member(gid_t gid)
{
	gid_t list[1024];
	int n = getgroups(1024, list);

	if (getegid() == gid)
		return true;
	while (n-- > 0) {
		if (list[n] == gid)
			return true;
	}
	return false;
}

static void say_denied(const char *path)
{
	char group[64];
	struct stat st;

	if (stat(path, &st)) {
		say("no permission to look at %s", path);
	} else if (!st.st_gid || (st.st_mode & 0060) != 0060) {
		say("only root may open %s", path);
	} else if (is_member(st.st_gid)) {
		group_name(st.st_gid, group, sizeof(group));
		say("no permission to open %s although this process is in its group %s: a security module or a container's device rules forbid it",
		    path, group);
	} else if (group_name(st.st_gid, group, sizeof(group))) {
		say("only members of the group %s may open %s: run 'usermod -aG %s USER' as root, then log in again",
		    group, path, group);
	} else {
		say("only members of the group with the number %s may open %s",
		    group, path);
	}
}

/**
 * phx_explain_open - keep a sentence about an open that failed
 * @path: what was to be opened
 * @err: -errno
 */
void phx_explain_open(const char *path, int err)
{
	char text[128];

	switch (err) {
	case -ENOENT:
		say_absent(path);
		break;
	case -ENXIO:
	case -ENODEV:
		say("%s has no driver, the module phxport is not loaded: run 'modprobe phxport' as root",
		    path);
		break;
	case -EACCES:
	case -EPERM:
		say_denied(path);
		break;
	case -ENOTTY:
		say("%s is not a device of the module phxport", path);
		break;
	default:
		say("%s can't be opened: %s", path,
		    strerror_r(-err, text, sizeof(text)));
		break;
	}
}

/**
 * phx_explain_abi - keep a sentence about versions that don't fit
 * @path: the device
 * @info: what the module says of itself
 */
void phx_explain_abi(const char *path, const struct phx_ioc_info *info)
{
	bool old_module = info->abi < PHX_ABI_VERSION;
	const char *cure = old_module ?
		"the module is older: install that of the library's version and reload it" :
		"the library is older: install that of the module's version";

	say("%s: module phxport %.*s has ABI %u, libphxport %s needs ABI %d; %s",
	    path, (int)sizeof(info->version), info->version, info->abi,
	    phx_version(), PHX_ABI_VERSION, cure);
}
