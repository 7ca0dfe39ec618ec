/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PHX_DEVICE_H
#define PHX_DEVICE_H

int phx_device_init(void);
void phx_device_exit(void);

#endif /* PHX_DEVICE_H */
