// SPDX-License-Identifier: GPL-2.0-only
#include "param.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY	"/sys/module/phxport/parameters"
#define SAVED_MAX	8

/* What a parameter was before it was changed first. */
static struct saved {
	char path[128];
	char value[PARAM_VALUE_MAX];
} saved[SAVED_MAX];
static volatile sig_atomic_t n_saved;
static pid_t owner;	/* children have the table, but it is not theirs */

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static void path_of(const char *name, char path[128])
{
	snprintf(path, 128, DIRECTORY "/%s", name);
}

/* The value as text; false if there is no such parameter, or no module. */
bool param_get(const char *name, char value[PARAM_VALUE_MAX])
{
	char path[128];
	ssize_t n = -1;
	int fd;

	path_of(name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, value, PARAM_VALUE_MAX - 1);
		close(fd);
	}
	value[n > 0 ? n : 0] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return n > 0;
}

/* Why a parameter can't be changed, as a sentence; NULL if it can. */
const char *param_obstacle(const char *name)
{
	static char why[200];
	char path[128];

	path_of(name, path);
	if (!access(path, W_OK))
		return NULL;
	if (access(DIRECTORY, F_OK))
		return "the module phxport is not loaded: run modprobe phxport";
	if (access(path, F_OK))
		snprintf(why, sizeof(why), "the module that is loaded has no parameter %s", name);
	else
		snprintf(why, sizeof(why), "the parameter %s can be changed by root only", name);
	return why;
}

/* Only what a signal handler may do, too. */
static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Puts all of them back, in the process that changed them. */
void param_restore(void)
{
	if (getpid() != owner)
		return;
	while (n_saved > 0) {
		n_saved--;
		put(saved[n_saved].path, saved[n_saved].value);
	}
}

static void restore_and_die(int sig)
{
	param_restore();
	raise(sig);
}

static void save(const char *path, const char *value)
{
	struct sigaction action = {
		.sa_handler = restore_and_die,
		.sa_flags = SA_RESETHAND,
	};

	for (int i = 0; i < n_saved; i++)
		if (!strcmp(saved[i].path, path))
			return;
	if (n_saved == SAVED_MAX)
		errx(1, "%s: too many parameters are changed", path);
	if (!owner) {
		owner = getpid();
		atexit(param_restore);
		for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
			sigaction(deadly[i], &action, NULL);
	}
	snprintf(saved[n_saved].path, sizeof(saved->path), "%s", path);
	snprintf(saved[n_saved].value, sizeof(saved->value), "%s", value);
	n_saved++;
}

/* Ends the program with a sentence if it can't be changed. */
void param_set(const char *name, const char *value)
{
	char old[PARAM_VALUE_MAX], path[128];
	const char *why = param_obstacle(name);
	int error;

	if (why || !param_get(name, old))
		errx(1, "%s", why ?: "a parameter can't be read");
	path_of(name, path);
	save(path, old);
	error = put(path, value);
	if (error)
		errx(1, "%s: %s can't be written: %s", path, value, strerror(error));
}

void param_set_number(const char *name, unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	param_set(name, text);
}

/* All parameters and their values, as a JSON object; NULL without the module. */
json_t *param_all(void)
{
	char value[PARAM_VALUE_MAX];
	DIR *dir = opendir(DIRECTORY);
	struct dirent *entry;
	json_t *all;

	if (!dir)
		return NULL;
	all = json_object();
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && param_get(entry->d_name, value))
			json_object_set_new(all, entry->d_name, json_string(value));
	closedir(dir);
	return all;
}
