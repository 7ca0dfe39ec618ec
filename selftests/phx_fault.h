/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of what happens when something fails within the kernel: a call is
 * made again and again, and fails in the first place where it can, in the second,
 * and so on until it runs through. An allocation is such a place, and a copy from
 * or to the user. After each failure all is as it was before, and the same call
 * succeeds.
 *
 * It takes a kernel with fault injection, see make vm-debug.
 */
#ifndef PHX_FAULT_H
#define PHX_FAULT_H

#include "phx_call.h"
#include "phx_limits.h"
#include "phx_map.h"

#include <sys/resource.h>

/* A call that has more places than that does not end. */
#define PLACES_MAX 3000

/* What a step gives if it did what it should not. */
#define STEP_WRONG (-3000)

/**
 * struct step - a call that is to fail in every place
 * @prepare: makes what it needs; 0 or -errno. May be NULL
 * @call: the call: 0 or -errno, STEP_WRONG if it did something else
 * @undo: undoes both, after a call that succeeded; 0 or STEP_WRONG. May be NULL
 * @partly: whether a call that failed did a part of its work, as it may. May be NULL
 * @good: what it gives if nothing fails
 */
struct step {
	int (*prepare)(void *world);
	int (*call)(void *world);
	int (*undo)(void *world);
	bool (*partly)(void *world);
	int good;
};

/* Counters that go up and down, as text; but for what lasts from message to message. */
struct live {
	char text[1024];
};

static inline void live_read(struct live *live)
{
	FILE *f = fopen("/sys/kernel/debug/phxport/stats", "r");
	char line[128];

	live->text[0] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "_live ") && !strstr(line, "pages_kept"))
			strncat(live->text, line, sizeof(live->text) - strlen(live->text) - 1);
	if (f)
		fclose(f);
}

/* Waits until the counters are what they were; some are put right a little later. */
static inline bool live_becomes(const struct live *want)
{
	struct live now;
	int i;

	for (i = 0; i < PATIENCE_MS / 5; i++) {
		live_read(&now);
		if (!strcmp(now.text, want->text))
			return true;
		usleep(1000);
	}
	fprintf(stderr, "# before:\n%s# now:\n%s", want->text, now.text);
	return false;
}

static int fault_fd = -1;

static inline bool fault_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

#define FAULT_DEBUGFS "/sys/kernel/debug/"

/* For this thread. Returns false if the kernel does not have it. */
static inline bool fault_open(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), FAULT_DEBUGFS "%s/verbose", kinds[i]);
		if (!fault_write(path, "0"))
			return false;
	}
	fault_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fault_fd >= 0 &&
	       fault_write(FAULT_DEBUGFS "failslab/ignore-gfp-wait", "N") &&
	       fault_write(FAULT_DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") &&
	       fault_write(FAULT_DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N") &&
	       fault_write(FAULT_DEBUGFS "fail_page_alloc/min-order", "0");
}

/* Have the @nth place from here on fail. */
static inline void fault_arm(int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	if (pwrite(fault_fd, text, strlen(text), 0) < 0)
		abort();
}

/*
 * Returns whether it did. To read that is a copy to the user, too, and so may fail
 * instead, as may what ends it.
 */
static inline bool fault_disarm(void)
{
	char text[16] = "";
	bool hit = pread(fault_fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(fault_fd, "0", 1, 0) != 1)
		;
	return hit;
}

/*
 * All that is to be had of some caches fails, for this process, instead of one place:
 * first they are chosen.
 */
static inline bool cache_choose(const char *name, bool chosen)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab", name);
	return fault_write(path, chosen ? "1" : "0");
}

/* After so many bytes of them. */
static inline bool caches_fail(const char *after)
{
	return fault_write(FAULT_DEBUGFS "failslab/space", after) &&
	       fault_write(FAULT_DEBUGFS "failslab/cache-filter", "Y") &&
	       fault_write(FAULT_DEBUGFS "failslab/task-filter", "Y") &&
	       fault_write(FAULT_DEBUGFS "failslab/times", "-1") &&
	       fault_write(FAULT_DEBUGFS "failslab/probability", "100") &&
	       fault_write("/proc/self/make-it-fail", "1");
}

/* In the other order: without the filter all memory would fail. */
static inline bool caches_are_there(void)
{
	return fault_write("/proc/self/make-it-fail", "0") &&
	       fault_write(FAULT_DEBUGFS "failslab/probability", "0") &&
	       fault_write(FAULT_DEBUGFS "failslab/times", "1") &&
	       fault_write(FAULT_DEBUGFS "failslab/space", "0") &&
	       fault_write(FAULT_DEBUGFS "failslab/task-filter", "N") &&
	       fault_write(FAULT_DEBUGFS "failslab/cache-filter", "N");
}

static inline bool is_failure(int err)
{
	return err == -ENOMEM || err == -EFAULT || err == -ENFILE;
}

/* Prints why, and at which place. */
#define SWEEP_FAIL(_n, _fmt, ...) do {						\
	fprintf(stderr, "# place %d: " _fmt "\n", (_n), ##__VA_ARGS__);		\
	return -1;								\
} while (0)

/* Returns whether the call failed in its @nth place, -1 if anything was wrong. */
static inline int sweep_place(const struct step *step, void *world, int nth)
{
	struct live before;
	bool hit;
	int err = step->prepare ? step->prepare(world) : 0;

	if (err)
		SWEEP_FAIL(nth, "what the call needs is not to be had: %d", err);
	live_read(&before);
	if (nth)
		fault_arm(nth);
	err = step->call(world);
	hit = nth && fault_disarm();
	if (err == step->good)
		return hit;
	if (!hit || !is_failure(err))
		SWEEP_FAIL(nth, "the call gives %d, %s", err, hit ? "a fault" : "no fault");
	if (!(step->partly && step->partly(world)) && !live_becomes(&before))
		SWEEP_FAIL(nth, "the call fails with %d and leaves something", err);
	err = step->call(world);
	if (err != step->good)
		SWEEP_FAIL(nth, "the call does not succeed after it failed: %d", err);
	return hit;
}

/* Returns how many places failed, -1 if anything was wrong. */
static inline int sweep(const struct step *step, void *world)
{
	struct live rest;
	int nth, hit;

	live_read(&rest);
	for (nth = 1; nth < PLACES_MAX; nth++) {
		hit = sweep_place(step, world, nth);
		if (hit < 0)
			return -1;
		if (step->undo && step->undo(world))
			SWEEP_FAIL(nth, "what was done is not as it should be");
		if (!live_becomes(&rest))
			SWEEP_FAIL(nth, "something is left at the end");
		if (!hit)
			return nth - 1;
	}
	SWEEP_FAIL(nth, "there is no end of places");
}

/* Once without a fault; then counters that only grow tell what it took. */
static inline int sweep_none(const struct step *step, void *world)
{
	int err = sweep_place(step, world, 0);

	return err ?: step->undo ? step->undo(world) : 0;
}

/* The kernel charges so many pages more to RLIMIT_MEMLOCK for each buffer. */
#define MEMLOCK_MORE 2

/* Room for just what a step needs, so that it can't be done twice if it leaks. */
static inline int limits_set(long long few, long long pages, long lists, int buffers)
{
	rlim_t bytes = (pages + buffers * MEMLOCK_MORE) * PAGE;
	struct rlimit memlock = { bytes, bytes };

	/* It may be more than was allowed before. */
	return setrlimit(RLIMIT_MEMLOCK, &memlock) ?: cap_drop(CAP_SYS_RESOURCE) ?:
	       cap_drop(CAP_IPC_LOCK) ?: param_write("max_ports", few) ?:
	       param_write("max_names", few) ?: param_write("max_messages", few) ?:
	       param_write("max_pages", pages + lists);
}

/* For FIXTURE_SETUP. */
#define FAULTS_OR_SKIP(_kept) do {						\
	int _fd;								\
										\
	OPEN_OR_SKIP(_fd);							\
	close(_fd);								\
	if (!limits_keep(_kept))						\
		SKIP(return, "only root may set limits");			\
	if (!fault_open())							\
		SKIP(return, "the kernel has no fault injection: see make vm-debug"); \
} while (0)

/* For a test: sweep, and say how many failed. A call of which none did was not tested. */
#define EXPECT_SWEEP(_step, _world) do {					\
	int _n = sweep(_step, _world);						\
										\
	EXPECT_LT(0, _n);							\
	TH_LOG("faults_injected %d", _n < 0 ? 0 : _n);				\
} while (0)

#endif /* PHX_FAULT_H */
