/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock that messages are timed with, CLOCK_MONOTONIC.
 */
#ifndef PHXBENCH_CLOCK_H
#define PHXBENCH_CLOCK_H

#include <jansson.h>

double clock_cost(void);
const char *clock_warning(const json_t *machine, double cost);

#endif
