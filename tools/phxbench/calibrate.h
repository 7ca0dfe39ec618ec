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

/* A parameter, and what it should be if that was found. */
struct calibrated {
	const char *name;
	unsigned long value;
	bool found;
};

void calibrate_lend(json_t *results, bool cross, uint64_t time_ns,
		    struct calibrated *lend_min);
void calibrate_spin(json_t *results, uint64_t time_ns, struct calibrated *send_us,
		    struct calibrated *recv_us);

#endif
