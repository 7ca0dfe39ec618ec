/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways in which an actor of phx_stage.h meets its end, or something else that it
 * must survive; for the test of kills.
 */
#ifndef PHX_ENDS_H
#define PHX_ENDS_H

#include "phx_fault.h"
#include "phx_load.h"

#include <sys/stat.h>

enum way { WAY_KILL, WAY_EXIT, WAY_EXEC, WAY_OOM, WAY_STOP, WAY_SIGNAL, WAY_CLOSE, WAYS };

static const char *const way_names[WAYS] = {
	[WAY_KILL]	= "SIGKILL",
	[WAY_EXIT]	= "exit",
	[WAY_EXEC]	= "exec",
	[WAY_OOM]	= "out of memory",
	[WAY_STOP]	= "stop and continue",
	[WAY_SIGNAL]	= "signal of a thread",
	[WAY_CLOSE]	= "close by a thread",
};

/* Whether the process ends by it. */
static inline bool is_fatal(enum way way)
{
	return way <= WAY_OOM;
}

/* Whether it is killed: it has no say in it. */
static inline bool is_kill(enum way way)
{
	return way == WAY_KILL || way == WAY_OOM;
}

/**
 * struct tally - what was done to processes
 * @kills: they were killed, by SIGKILL or for want of memory
 * @ends: they ended by themselves, by exit or exec
 * @interruptions: they were stopped, the thread that acts met a signal, or the file was
 *	closed
 */
struct tally {
	long kills, ends, interruptions;
};

#define OOM_CGROUP "/sys/fs/cgroup/phx-kill"
#define BOTH_CGROUP "/sys/fs/cgroup/phx-both"

/* Looks at a process that is to end, a millisecond apart, before it is said to hang. */
#define LOOKS 30000
/* The same in uninterruptible sleep, without a break. */
#define LOOKS_ASLEEP 1000

static inline void fail(struct stage *stage, const char *what)
{
	fprintf(stderr, "# %s\n", what);
	atomic_fetch_add(&stage->wrong, 1);
}

/*
 * One of its threads; the first may be gone when the other is not. Who is about to be
 * killed for want of memory may wait for its message until then.
 */
static inline bool is_stuck(struct actor *a, pid_t pid)
{
	bool starved = atomic_load(&a->stage->starved[a->role]);

	return thread_state(pid) == 'D' ||
	       (!starved && thread_state(atomic_load(&a->tid)) == 'D');
}

/* Waits for the end of a process, and looks whether it sleeps meanwhile. */
static inline bool has_ended(struct actor *a, pid_t pid, int *status, int looks,
			     unsigned int us)
{
	int asleep = 0;

	for (; looks; looks--) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		asleep = us == 1000 && is_stuck(a, pid) ? asleep + 1 : 0;
		if (asleep == LOOKS_ASLEEP)
			fail(a->stage, "a process is in uninterruptible sleep");
		usleep(us);
	}
	return false;
}

/* The status of a process that is to end: its exit status, or -signal. */
static inline int reap(struct actor *a)
{
	struct stage *stage = a->stage;
	pid_t pid = a->pid;
	int status = 0;

	a->pid = 0;
	if (!has_ended(a, pid, &status, 20, 200) &&
	    !has_ended(a, pid, &status, LOOKS, 1000)) {
		fail(stage, "a process does not end");
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline bool oom_begin(void)
{
	fault_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	fault_write("/proc/sys/vm/oom_dump_tasks", "0");
	if (mkdir(OOM_CGROUP, 0755) && errno != EEXIST)
		return false;
	fault_write(OOM_CGROUP "/memory.swap.max", "0");
	return fault_write(OOM_CGROUP "/memory.max", "524288") &&
	       fault_write(OOM_CGROUP "/memory.oom.group", "1");
}

static inline void put_in_cgroup(struct actor *a, const char *procs)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", a->pid);
	if (!fault_write(procs, text))
		fail(a->stage, "a process can't be put into a cgroup");
}

/* SIGKILL for all at once, as a service manager does it; false if there is no such thing. */
static inline bool kill_together(struct actor *list[], int n)
{
	static bool told;
	int i;

	if ((mkdir(BOTH_CGROUP, 0755) && errno != EEXIST) ||
	    access(BOTH_CGROUP "/cgroup.kill", W_OK)) {
		if (!told)
			printf("# there is no cgroup.kill: two are killed one by one\n");
		told = true;
		return false;
	}
	for (i = 0; i < n; i++)
		put_in_cgroup(list[i], BOTH_CGROUP "/cgroup.procs");
	return fault_write(BOTH_CGROUP "/cgroup.kill", "1");
}

/* Do it to one of them. */
static inline void way_begin(struct actor *a, enum way way)
{
	switch (way) {
	case WAY_KILL:
		kill(a->pid, SIGKILL);
		break;
	case WAY_EXIT:
		give_order(a, ORDER_EXIT);
		break;
	case WAY_EXEC:
		give_order(a, ORDER_EXEC);
		break;
	case WAY_OOM:
		atomic_store(&a->stage->starved[a->role], true);
		put_in_cgroup(a, OOM_CGROUP "/cgroup.procs");
		give_order(a, ORDER_EAT);
		break;
	case WAY_STOP:
		kill(a->pid, SIGSTOP);
		break;
	case WAY_SIGNAL:
		a->signalled = !syscall(SYS_tgkill, a->pid, (pid_t)a->tid, SIGUSR2);
		break;
	default:
		give_order(a, ORDER_CLOSE);
		break;
	}
}

/*
 * Waits until it came to one of them, so long that a signal had time to do so where it
 * can: one that is to be killed only meets it later.
 */
static inline void way_await(struct actor *a, enum way way)
{
	int looks = way == WAY_CLOSE ? LOOKS : way == WAY_SIGNAL ? 20 : 0;

	for (; looks && !atomic_load(&a->arrived); looks--)
		usleep(1000);
}

/* What came of it, for one of them. */
static inline void way_end(struct actor *a, struct tally *tally, enum way way)
{
	int status;

	if (way == WAY_STOP) {
		kill(a->pid, SIGCONT);
		tally->interruptions++;
	}
	if (!is_fatal(way))
		return;
	status = reap(a);
	RIGHT(a->stage, status == (is_kill(way) ? -SIGKILL : 0), status);
	tally->kills += status == -SIGKILL;
	tally->ends += status == 0;
}

#endif /* PHX_ENDS_H */
