/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server and its senders as two users who do not trust each other. The test becomes
 * one for good; the senders are started by a process that stays root, and become the
 * other. The same tests are done with all of them as one user, too.
 */
#ifndef PHX_TWO_H
#define PHX_TWO_H

#include "phx_limits.h"

#define SENDER_UID 1000
#define SERVER_UID 1001

/* What the one who starts senders is asked for: start one, or wait for its end. */
struct two_ask {
	int (*fn)(void *arg);
	void *arg;
	int sig;
};

/**
 * struct two - two users, or one
 * @differ: they are two
 * @mode: the device's before, or 0; see two_put_back()
 * @to: pipe of what is asked
 * @from: pipe of what came of it
 * @ask: what was asked last
 */
struct two {
	bool differ;
	mode_t mode;
	int to[2], from[2];
	struct two_ask ask;
};

static inline int two_sender(void *arg)
{
	const struct two *two = arg;

	CHECK(!two->differ || become(SENDER_UID) == 0);
	return two->ask.fn(two->ask.arg);
}

/* Ends with the test, though that may not kill it. */
static inline int two_main(void *arg)
{
	struct two *two = arg;
	int answer;
	pid_t pid = 0;

	close(two->to[1]);
	while (read(two->to[0], &two->ask, sizeof(two->ask)) == sizeof(two->ask)) {
		if (two->ask.fn) {
			answer = pid = child_run(-1, two_sender, two);
		} else {
			if (two->ask.sig)
				kill(pid, two->ask.sig);
			answer = child_end(pid);
			pid = 0;
		}
		CHECK(write(two->from[1], &answer, sizeof(answer)) == sizeof(answer));
	}
	if (pid > 0)
		kill(pid, SIGKILL);
	return 0;
}

/* 0 or -errno. All of what senders are to have in common with the test is there. */
static inline int two_begin(struct two *two, bool differ)
{
	struct stat st;

	memset(two, 0, sizeof(*two));
	two->differ = differ;
	if (pipe(two->to) || pipe(two->from))
		return -errno;
	if (differ && !stat(PHX_DEV, &st)) {
		two->mode = st.st_mode & 07777;
		if (limits_let_all_in())
			return -errno;
	}
	if (child_run(-1, two_main, two) < 0 || (differ && become(SERVER_UID)))
		return -errno;
	/* Its own children may have their hands on it, whatever is usual here. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	return 0;
}

/* For FIXTURE_SETUP, before the test opens the device. */
#define TWO_OR_SKIP(_two, _differ) do {						\
	if ((_differ) && geteuid())						\
		SKIP(return, "only root may become other users");		\
	ASSERT_EQ(0, two_begin(_two, _differ));					\
} while (0)

static inline int two_talk(struct two *two, const struct two_ask *ask)
{
	int answer;

	if (write(two->to[1], ask, sizeof(*ask)) != sizeof(*ask) ||
	    read(two->from[0], &answer, sizeof(answer)) != sizeof(answer))
		return -2000;
	return answer;
}

/* Start a sender, one at a time: its process. @arg was shared before two_begin(). */
static inline pid_t two_run(struct two *two, int (*fn)(void *arg), void *arg)
{
	return two_talk(two, &(struct two_ask) { .fn = fn, .arg = arg });
}

/* Kill it with a signal or, if that is 0, wait for its end; as child_end(). */
static inline int two_end(struct two *two, int sig)
{
	return two_talk(two, &(struct two_ask) { .sig = sig });
}

/* For FIXTURE_TEARDOWN_PARENT. */
static inline int two_put_back(const struct two *two)
{
	return two->mode ? chmod(PHX_DEV, two->mode) : 0;
}

#endif /* PHX_TWO_H */
