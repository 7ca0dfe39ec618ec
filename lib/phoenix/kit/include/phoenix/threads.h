/* SPDX-License-Identifier: MIT */
/*
 * Attributes of mutexes and condition variables.
 */
#ifndef _PHX_KIT_PHOENIX_THREADS_H
#define _PHX_KIT_PHOENIX_THREADS_H

#define PH_LOCK_NORMAL		0
#define PH_LOCK_RECURSIVE	1
#define PH_LOCK_ERRORCHECK	2

struct lockAttr {
	int type;	/* PH_LOCK_* */
};

/* A wait lets one who signals without anybody waiting be heard, or not */
#define PH_COND_NORMAL		0
#define PH_COND_UNLOCKED	1

struct condAttr {
	int clock;	/* PH_CLOCK_* of <phoenix/time.h> */
	int type;	/* PH_COND_* */
};

#endif /* _PHX_KIT_PHOENIX_THREADS_H */
