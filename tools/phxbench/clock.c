// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"

#include <stdio.h>
#include <string.h>

#include "records.h"
#include "run.h"
#include "stats.h"

#define READINGS	4096

/* Those that are read without entering the kernel or a device. */
static const char *const fast_sources[] = {
	"tsc", "tsc-early", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter",
};

/*
 * What is between two readings with nothing between them: the median, after the
 * first ones. Each message is timed by the reading before it and the one after.
 */
double clock_cost(void)
{
	static double took[READINGS];
	uint64_t before = now_ns(), after;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < READINGS; i++, before = after) {
			after = now_ns();
			took[i] = after - before;
		}
	stats_sort(took, READINGS);
	return stats_quantile(took, READINGS, 0.5);
}

/* A sentence if the clock is no good for such short times; NULL if it is. */
const char *clock_warning(const json_t *machine, double cost)
{
	const char *source = record_word(machine, "clock_source");
	static char text[200];

	for (size_t i = 0; i < sizeof(fast_sources) / sizeof(*fast_sources); i++)
		if (!strcmp(source, fast_sources[i]))
			return NULL;
	snprintf(text, sizeof(text),
		 "the clock source %s is slow and blurs short times (%.0f ns a reading, which is subtracted): boot with tsc=reliable clocksource=tsc if the TSC can be trusted",
		 *source ? source : "is unknown and perhaps", cost);
	return text;
}
