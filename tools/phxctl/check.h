/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of the installation, one step after the other: what is missing, and the
 * command that mends it. The first that fails ends them, as the later ones would
 * fail for the same reason.
 */
#ifndef PHXCTL_CHECK_H
#define PHXCTL_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Results as an array of {check, ok, text, cure}; false if one failed. */
bool run_checks(json_t *results);
void print_checks(const json_t *results);

/*
 * Files of the system, below $PHXCTL_ROOT if that is set; for tests.
 */
bool file_exists(const char *path);
/* The first line of a file; false if there is none. */
bool file_line(const char *path, char *buf, size_t size);
void system_path(char *buf, size_t size, const char *path);
/* Release of the running kernel. */
const char *kernel_release(void);
/* The module's file for that, "" if there is none. */
void find_module(char *path, size_t size);

#endif /* PHXCTL_CHECK_H */
