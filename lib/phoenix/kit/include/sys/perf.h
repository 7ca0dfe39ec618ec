/* SPDX-License-Identifier: MIT */
/*
 * Phoenix-RTOS' trace of its kernel: -ENOSYS, Linux has perf(1).
 */
#ifndef _PHX_KIT_SYS_PERF_H
#define _PHX_KIT_SYS_PERF_H

#include <stddef.h>
#include <phoenix/perf.h>

#ifdef __cplusplus
extern "C" {
#endif

int perf_start(perf_mode_t mode, unsigned int flags, void *arg, size_t sz);
int perf_read(perf_mode_t mode, void *buffer, size_t size, int channel);
int perf_stop(perf_mode_t mode);
int perf_finish(perf_mode_t mode);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_PERF_H */
