/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's trace records.
 */
#ifndef _PHX_KIT_PHOENIX_PERF_H
#define _PHX_KIT_PHOENIX_PERF_H

typedef enum {
	perf_mode_trace,
	perf_mode_count,
} perf_mode_t;

typedef enum {
	trace_channel_meta,
	trace_channel_event,
	trace_channel_count,
} trace_channel_t;

#define PERF_TRACE_FLAG_ROLLING	(1U << 0)

#endif /* _PHX_KIT_PHOENIX_PERF_H */
