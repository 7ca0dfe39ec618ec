/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of phxbench calibrate. Each finds parameters, adds what it measured to
 * @results and prints a table of that.
 */
#ifndef PHXBENCH_CALIBRATE_H
#define PHXBENCH_CALIBRATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

bool calibrate_lend(json_t *results, bool cross, uint64_t time_ns, unsigned long *lend_min);
bool calibrate_spin(json_t *results, uint64_t time_ns, unsigned long *send_us,
		    unsigned long *recv_us);

#endif
