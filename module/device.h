/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PHX_DEVICE_H
#define PHX_DEVICE_H

struct file;
struct seq_file;

int phx_device_init(void);
void phx_device_exit(void);

/* fdinfo.c */
void phx_fdinfo(struct seq_file *m, struct file *file);

#endif /* PHX_DEVICE_H */
