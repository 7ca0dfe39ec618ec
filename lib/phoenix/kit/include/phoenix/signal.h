/* SPDX-License-Identifier: MIT */
/*
 * Phoenix-RTOS' own numbers of signals.
 */
#ifndef _PHX_KIT_PHOENIX_SIGNAL_H
#define _PHX_KIT_PHOENIX_SIGNAL_H

enum {
	signal_kill = 1,
	signal_segv = 2,
	signal_illegal = 3,
	signal_cancel = 32,
};

#endif /* _PHX_KIT_PHOENIX_SIGNAL_H */
