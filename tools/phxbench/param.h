/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of the module that is loaded. What is changed here is put back when
 * the program ends, in whichever way but SIGKILL.
 */
#ifndef PHXBENCH_PARAM_H
#define PHXBENCH_PARAM_H

#include <jansson.h>
#include <stdbool.h>

#define PARAM_VALUE_MAX	64

bool param_get(const char *name, char value[PARAM_VALUE_MAX]);
const char *param_obstacle(const char *name);
void param_set(const char *name, const char *value);
void param_set_number(const char *name, unsigned long value);
void param_restore(void);
json_t *param_all(void);

#endif
