/* SPDX-License-Identifier: MIT */
/*
 * Clocks of condition variables.
 */
#ifndef _PHX_KIT_PHOENIX_TIME_H
#define _PHX_KIT_PHOENIX_TIME_H

#define PH_CLOCK_RELATIVE	0
#define PH_CLOCK_REALTIME	1
#define PH_CLOCK_MONOTONIC	2

#ifndef TIMER_ABSTIME
#define TIMER_ABSTIME		1
#endif

#endif /* _PHX_KIT_PHOENIX_TIME_H */
