// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "kernel.h"

#include <dirent.h>
#include <linux/phxport_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <phxport.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SIGNATURE "~Module signature appended~\n"

static bool say(json_t *results, const char *check, bool ok, const char *cure,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static bool say(json_t *results, const char *check, bool ok, const char *cure,
		const char *fmt, ...)
{
	json_t *result = json_object();
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_object_set_new(result, "check", json_string(check));
	json_object_set_new(result, "ok", json_boolean(ok));
	json_object_set_new(result, "text", json_text(text));
	if (cure)
		json_object_set_new(result, "cure", json_text(cure));
	json_array_append_new(results, result);
	return ok;
}

static bool dkms_has_sources(void)
{
	char path[4096];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	system_path(path, sizeof(path), "/usr/src");
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "phxport-", 8);
	if (dir)
		closedir(dir);
	return found;
}

static bool check_built(json_t *results, const char *module)
{
	const char *release = kernel_release();
	char path[256], cure[512];

	if (module[0])
		return say(results, "built", true, NULL, "there is a module for kernel %s: %s",
			   release, module);
	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", release);
	if (!dkms_has_sources())
		return say(results, "built", false,
			   "apt-get install phxport-dkms, or in its sources: make dkms-install",
			   "the module phxport is not installed");
	if (!file_exists(path)) {
		snprintf(cure, sizeof(cure),
			 "apt-get install linux-headers-%s && dkms autoinstall -k %s",
			 release, release);
		return say(results, "built", false, cure,
			   "the module is not built for kernel %s, whose headers are missing",
			   release);
	}
	snprintf(cure, sizeof(cure), "dkms autoinstall -k %s", release);
	return say(results, "built", false, cure,
		   "the module is not built for kernel %s; if that fails, /var/lib/dkms/phxport tells why",
		   release);
}

/* Will the kernel load only what is signed with a key that it knows? */
static bool wants_signature(void)
{
	char path[4096], line[256];
	unsigned char var[5] = { 0 };
	FILE *file;

	if (file_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) &&
	    line[0] == 'Y')
		return true;
	if (file_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	    !strstr(line, "[none]"))
		return true;
	system_path(path, sizeof(path), SECURE_BOOT);
	file = fopen(path, "re");
	if (file) {
		if (fread(var, 1, sizeof(var), file) != sizeof(var))
			var[4] = 0;
		fclose(file);
	}
	return var[4] == 1;
}

/* Of a module that is not compressed; others are taken to be. */
static bool is_signed(const char *module)
{
	char path[4096], end[sizeof(SIGNATURE)] = "";
	size_t len = sizeof(SIGNATURE) - 1;
	FILE *file;

	if (strcmp(module + strlen(module) - 3, ".ko"))
		return true;
	system_path(path, sizeof(path), module);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fseek(file, -(long)len, SEEK_END) || fread(end, 1, len, file) != len)
		end[0] = '\0';
	fclose(file);
	return !strcmp(end, SIGNATURE);
}

static bool check_signed(json_t *results, const char *module)
{
	if (!wants_signature())
		return say(results, "signed", true, NULL, "the kernel loads modules without a signature");
	if (!is_signed(module))
		return say(results, "signed", false,
			   "mokutil --import /var/lib/dkms/mok.pub, reboot and enroll the key, then: dkms autoinstall --force",
			   "Secure Boot wants modules to be signed, and %s is not", module);
	return say(results, "signed", true, NULL,
		   "the module is signed; if the kernel says 'Key was rejected', its key is not enrolled: mokutil --import /var/lib/dkms/mok.pub, and reboot");
}

static bool check_loaded(json_t *results)
{
	if (file_exists("/sys/module/phxport"))
		return say(results, "loaded", true, NULL, "the module is loaded");
	return say(results, "loaded", false, "modprobe phxport", "the module is not loaded");
}

static bool check_version(json_t *results)
{
	char loaded[64] = "";

	file_line("/sys/module/phxport/version", loaded, sizeof(loaded));
	if (!strcmp(loaded, PHX_VERSION))
		return say(results, "version", true, NULL,
			   "module and tools are of version %s", loaded);
	return say(results, "version", false,
		   "rmmod phxport && modprobe phxport, when nothing uses it, or reboot",
		   "the loaded module is of version %s, the tools are of %s",
		   loaded[0] ? loaded : "unknown", PHX_VERSION);
}

static bool check_device(json_t *results)
{
	struct phx *phx;
	int err = phx_open(&phx, 0);

	if (!err) {
		phx_close(phx);
		return say(results, "device", true, NULL, "/dev/phxport can be opened");
	}
	return say(results, "device", false, "what that sentence says", "%s", phx_explain());
}

static bool check_netlink(json_t *results)
{
	struct nl_sock *sk = nl_socket_alloc();
	bool there = sk && !genl_connect(sk) && genl_ctrl_resolve(sk, PHX_GENL_NAME) >= 0;

	nl_socket_free(sk);
	if (there)
		return say(results, "netlink", true, NULL, "the netlink family answers");
	return say(results, "netlink", false, "rmmod phxport && modprobe phxport",
		   "there is no netlink family phxport; the module may be older than the tools");
}

bool run_checks(json_t *results)
{
	char module[4096];

	/* Loaded in whatever way, it need not be installed. */
	if (!file_exists("/sys/module/phxport")) {
		find_module(module, sizeof(module));
		if (!check_built(results, module) || !check_signed(results, module))
			return false;
	}
	if (!check_loaded(results))
		return false;
	/* The rest is of use even if the versions differ. */
	return (check_version(results) & check_device(results)) && check_netlink(results);
}

void print_checks(const json_t *results)
{
	const json_t *result, *text, *cure;
	size_t i;

	json_array_foreach(results, i, result) {
		bool ok = json_is_true(json_object_get(result, "ok"));

		text = json_object_get(result, "text");
		cure = json_object_get(result, "cure");
		printf("%-5s %s\n", ok ? "ok" : "FAIL", json_string_value(text));
		if (!ok && cure)
			printf("      to mend it: %s\n", json_string_value(cure));
	}
}
