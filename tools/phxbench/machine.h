/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine a run is made on, as a JSON object:
 *
 *	cpu, cpus, memory (bytes), kernel, architecture, emulation, clock_source,
 *	mitigations (object), module (object: version, parameters; absent without)
 */
#ifndef PHXBENCH_MACHINE_H
#define PHXBENCH_MACHINE_H

#include <jansson.h>
#include <stdio.h>

json_t *machine_describe(void);
void machine_line(const json_t *machine, char *text, size_t size);
void machine_print(FILE *to, const json_t *machine, const char *prefix);

#endif
