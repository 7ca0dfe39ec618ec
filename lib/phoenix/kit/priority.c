// SPDX-License-Identifier: MIT
/*
 * Priorities on Linux' policies: 0 to 2 are thirds of the real-time range, 4 is
 * what a process begins with, 3 is above it and 5 to 7 below, by nice values. The
 * module finds the same number again and puts it in messages, see phxport(7).
 *
 * Not everybody may do that. Who may not keeps Linux' priority, and the kit only
 * remembers the number. So does who could not come back: an unprivileged thread
 * can't undo a higher nice value.
 */
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/threads.h>
#include <unistd.h>

static const struct {
	int policy;
	int realtime;
	int nice;
} levels[PHX_KIT_PRIORITY_MAX + 1] = {
	{ SCHED_RR, 80, 0 },
	{ SCHED_RR, 50, 0 },
	{ SCHED_RR, 17, 0 },
	{ SCHED_OTHER, 0, -5 },
	{ SCHED_OTHER, 0, 0 },
	{ SCHED_OTHER, 0, 5 },
	{ SCHED_OTHER, 0, 14 },
	{ SCHED_OTHER, 0, 19 },
};

static __thread int mine = PHX_KIT_PRIORITY_DEFAULT;

/* May a thread go to a lower nice value? It is tried: root may not everywhere. */
static bool can_come_back(void)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	if (errno || setpriority(PRIO_PROCESS, 0, nice > -20 ? nice - 1 : nice))
		return false;
	setpriority(PRIO_PROCESS, 0, nice);
	return true;
}

static void tell_linux(int level)
{
	struct sched_param param = { .sched_priority = levels[level].realtime };
	int saved = errno;

	if (levels[level].nice <= 0 || can_come_back()) {
		/* The thread's own, not the process'. */
		if (!syscall(SYS_sched_setscheduler, 0, levels[level].policy, &param))
			setpriority(PRIO_PROCESS, 0, levels[level].nice);
	}
	errno = saved;
}

void phx_kit_priority_inherit(int priority)
{
	mine = priority;
}

int priority(int priority)
{
	if (priority < -1 || priority > PHX_KIT_PRIORITY_MAX)
		return -EINVAL;
	if (priority >= 0 && priority != mine) {
		tell_linux(priority);
		mine = priority;
	}
	return mine;
}
