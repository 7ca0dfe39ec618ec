// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "param.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"
#define CLOCK_SOURCE	"/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define MODULE_VERSION	"/sys/module/phxport/version"

#define INFO_MAX	4096	/* the flags of a CPU are many */

/* The first line of a file, as a JSON string; NULL if it can't be read. */
static json_t *first_line(const char *path)
{
	char line[256];
	FILE *file = fopen(path, "re");
	json_t *text = NULL;

	if (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		text = json_string(line);
	}
	if (file)
		fclose(file);
	return text;
}

/* The value of the first line of /proc/cpuinfo that begins with @key, or "". */
static void cpu_info(const char *key, char value[INFO_MAX])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[INFO_MAX], *colon;

	*value = '\0';
	while (file && !*value && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (!colon || strncmp(line, key, strlen(key)))
			continue;
		colon += strspn(colon, ": \t");
		colon[strcspn(colon, "\n")] = '\0';
		strcpy(value, colon);
	}
	if (file)
		fclose(file);
}

/* Whether the CPUs are real, as far as they tell. */
static const char *emulation(const char *model)
{
	char flags[INFO_MAX];

	if (strstr(model, "TCG"))
		return "qemu TCG";
	cpu_info("flags", flags);
	return strstr(flags, " hypervisor") ? "a hypervisor" : "none";
}

static json_t *mitigations(void)
{
	json_t *all = json_object();
	DIR *dir = opendir(VULNERABILITIES);
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), VULNERABILITIES "/%s", entry->d_name);
		if (*entry->d_name != '.')
			json_object_set_new(all, entry->d_name, first_line(path));
	}
	if (dir)
		closedir(dir);
	return all;
}

static json_t *module(void)
{
	json_t *parameters = param_all();

	if (!parameters)
		return NULL;
	return json_pack("{s:o*,s:o}", "version", first_line(MODULE_VERSION),
			 "parameters", parameters);
}

json_t *machine_describe(void)
{
	long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct utsname name;
	char model[INFO_MAX];

	uname(&name);
	cpu_info("model name", model);
	return json_pack("{s:s,s:i,s:I,s:s,s:s,s:s,s:o*,s:o,s:o*}",
			 "cpu", *model ? model : "unknown CPU",
			 "cpus", (int)sysconf(_SC_NPROCESSORS_ONLN),
			 "memory", (json_int_t)memory,
			 "kernel", name.release, "architecture", name.machine,
			 "emulation", emulation(model),
			 "clock_source", first_line(CLOCK_SOURCE),
			 "mitigations", mitigations(), "module", module());
}

static const char *word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "unknown";
}

/* In one line, for below a title. */
void machine_line(const json_t *machine, char *text, size_t size)
{
	const json_t *module = json_object_get(machine, "module");
	const char *emulated = word(machine, "emulation");
	int n;

	n = snprintf(text, size, "Linux %s on %lld x %s", word(machine, "kernel"),
		     (long long)json_integer_value(json_object_get(machine, "cpus")),
		     word(machine, "cpu"));
	if (strcmp(emulated, "none") && n < (int)size)
		n += snprintf(text + n, size - n, ", %s",
			      strstr(emulated, "TCG") ? "emulated by qemu TCG" :
							"under a hypervisor");
	if (module && n < (int)size)
		snprintf(text + n, size - n, "; phxport %s", word(module, "version"));
}

static void print_members(FILE *to, const char *what, json_t *object, const char *prefix,
			  const char *unless)
{
	const char *name, *comma = "";
	json_t *value;

	fprintf(to, "%s%s: ", prefix, what);
	json_object_foreach(object, name, value) {
		if (unless && !strcmp(json_string_value(value), unless))
			continue;
		fprintf(to, "%s%s=%s", comma, name, json_string_value(value));
		comma = ", ";
	}
	fprintf(to, "%s\n", *comma ? "" : "none");
}

void machine_print(FILE *to, const json_t *machine, const char *prefix)
{
	const json_t *module = json_object_get(machine, "module");
	char line[400];

	machine_line(machine, line, sizeof(line));
	fprintf(to, "%s%s; clock source %s\n", prefix, line, word(machine, "clock_source"));
	print_members(to, "mitigations", json_object_get(machine, "mitigations"), prefix,
		      "Not affected");
	if (module)
		print_members(to, "parameters of phxport",
			      json_object_get(module, "parameters"), prefix, NULL);
}
