/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of message buffers, between pages and the memory of the current process.
 * There are two ways:
 *
 *  the kernel's	copy_to_user() and copy_from_user(), which use the string
 *			instructions of CPUs that say these are fast
 *  words		a loop that moves a word at a time
 *
 * A CPU that is emulated says so, too, and then moves each byte as if it were an
 * instruction of its own, eight times slower than the loop. So both ways are tried
 * when the module is loaded, and the faster one is taken. There is no lock: what
 * was chosen never changes.
 */
#ifndef PHX_COPY_H
#define PHX_COPY_H

#include <linux/types.h>

int phx_copy_init(void);
int phx_copy_to_user(void __user *to, const void *from, size_t n);
int phx_copy_from_user(void *to, const void __user *from, size_t n);

#endif /* PHX_COPY_H */
