/* SPDX-License-Identifier: MIT */
/*
 * glibc's, and Phoenix-RTOS' flags: memory that only hardware would have gives
 * ENOTSUP, flags that say how memory is cached mean nothing here.
 */
#ifndef _PHX_KIT_SYS_MMAN_H
#define _PHX_KIT_SYS_MMAN_H

#include <sys/types.h>
#include <phoenix/sysinfo.h>

#include_next <sys/mman.h>

#include <phoenix/mman.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The n-th program beside the kernel; how many with index -1: none */
int syspageprog(syspageprog_t *prog, int index);

/* Memory of the machine */
void meminfo(meminfo_t *info);

/* Physical addresses are not for programs: 0 */
addr_t va2pa(void *va);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_MMAN_H */
