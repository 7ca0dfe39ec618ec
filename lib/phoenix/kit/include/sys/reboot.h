/* SPDX-License-Identifier: MIT */
/*
 * Rebooting: -ENOSYS, a ported program doesn't reboot the machine it runs on.
 */
#ifndef _PHX_KIT_SYS_REBOOT_H
#define _PHX_KIT_SYS_REBOOT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RB_HALT_SYSTEM		0
#define RB_AUTOBOOT		1
#define PHOENIX_REBOOT_MAGIC	0xaa55aa55UL

int reboot(int magic) __asm__("phx_px_reboot");
int reboot_reason(uint32_t *val);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_REBOOT_H */
