// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <dirent.h>
#include <linux/phxport_netlink.h>
#include <stdio.h>
#include <string.h>

static void add_line(json_t *object, const char *key, const char *path)
{
	char line[512];

	if (file_line(path, line, sizeof(line)))
		json_object_set_new(object, key, json_text(line));
}

static json_t *parameters(void)
{
	const char *dir = "/sys/module/phxport/parameters";
	json_t *values = json_object();
	char full[4096], path[4096];
	struct dirent *entry;
	DIR *d;

	system_path(full, sizeof(full), dir);
	d = opendir(full);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		add_line(values, entry->d_name, path);
	}
	if (d)
		closedir(d);
	return values;
}

static json_t *about_system(void)
{
	json_t *system = json_object();
	char module[4096], line[512], full[4096];
	FILE *file;

	json_object_set_new(system, "phxctl", json_string(PHX_VERSION));
	json_object_set_new(system, "kernel", json_string(kernel_release()));
	add_line(system, "kernel_version", "/proc/version");
	add_line(system, "tainted", "/proc/sys/kernel/tainted");
	add_line(system, "module_version", "/sys/module/phxport/version");
	add_line(system, "module_srcversion", "/sys/module/phxport/srcversion");
	find_module(module, sizeof(module));
	if (module[0])
		json_object_set_new(system, "module_file", json_text(module));
	system_path(full, sizeof(full), "/etc/os-release");
	file = fopen(full, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "PRETTY_NAME=", 12))
			json_object_set_new(system, "system", json_text(line + 12));
	}
	if (file)
		fclose(file);
	return system;
}

static json_t *gather(void)
{
	json_t *report = json_object(), *results = json_array(), *list;

	json_object_set_new(report, "about", about_system());
	run_checks(results);
	json_object_set_new(report, "doctor", results);
	json_object_set_new(report, "parameters", parameters());
	if (!file_exists("/sys/module/phxport"))
		return report;
	list = kernel_get(PHX_CMD_STATS_GET, 0, 0, attrs_stats, "counters");
	if (list)
		json_object_set(report, "stats", json_array_get(list, 0));
	json_decref(list);
	list = kernel_dump(PHX_CMD_USER_GET, attrs_user, "users");
	if (list)
		json_object_set_new(report, "users", list);
	return report;
}

static void print_section(const json_t *report, const char *title)
{
	json_t *section = json_object_get(report, title);

	if (!section)
		return;
	printf("\n== %s\n", title);
	output_one(json_incref(section));
}

static int report(int argc, char **argv)
{
	json_t *report;

	if (argc)
		return no_more(argc, argv);
	report = gather();
	if (options.json) {
		output_json(report);
	} else {
		puts("Please put all of this into a report of a bug. It names no files, names or\n"
		     "messages of yours.");
		print_section(report, "about");
		puts("\n== doctor");
		print_checks(json_object_get(report, "doctor"));
		print_section(report, "parameters");
		print_section(report, "stats");
	}
	json_decref(report);
	return EXIT_OK;
}

static const struct command commands[] = {
	{ "show", report, "", "all that a report of a bug should have" },
	{ }
};

const struct object object_report = { "report", "for reports of bugs", commands };
