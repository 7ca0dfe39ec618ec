/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits for a test that changes them and becomes other users: parameters and the
 * device's mode are kept when it begins, and put back when it ends. Parents do that,
 * see FIXTURE_TEARDOWN_PARENT: a test that fails must not leave them changed.
 */
#ifndef PHX_LIMITS_H
#define PHX_LIMITS_H

#include "phx_map.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* Pages that the list of a buffer of so many is charged as. */
static inline long list_pages(long pages)
{
	return pages > 17 ? (pages + 511) / 512 : 0;
}

/* Pages of a buffer that have other bytes as well, for which it is charged once more. */
static inline long parts_of(size_t off, size_t size)
{
	long first = off % PAGE != 0, last = (off + size) % PAGE != 0;

	return off / PAGE == (off + size - 1) / PAGE ? first | last : first + last;
}

static const char *const limits_params[] = {
	"max_ports", "max_names", "max_messages", "max_pages", "lend_min",
};

struct limits_kept {
	long long before[ARRAY_SIZE(limits_params)];
	mode_t mode;
};

/* Returns false if they can't be changed by us. */
static inline bool limits_keep(struct limits_kept *kept)
{
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits_params); i++)
		kept->before[i] = param_read(limits_params[i]);
	if (kept->before[0] < 0 || param_write(limits_params[0], kept->before[0]) ||
	    stat(PHX_DEV, &st))
		return false;
	kept->mode = st.st_mode & 07777;
	return true;
}

static inline int limits_put_back(const struct limits_kept *kept)
{
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits_params); i++)
		err = err ?: param_write(limits_params[i], kept->before[i]);
	return err ?: chmod(PHX_DEV, kept->mode);
}

/* Everybody may open the device until limits_put_back(). */
static inline int limits_let_all_in(void)
{
	return chmod(PHX_DEV, 0666);
}

/* For FIXTURE_SETUP: a server of root's, and limits for the others who send to it. */
#define LIMITED_SERVER_OR_SKIP(_srv, _kept, _window) do {		\
	SERVER_OR_SKIP(_srv, _window, _window);				\
	if (geteuid() || !limits_keep(_kept))				\
		SKIP(return, "only root may change the limits, and become other users"); \
	ASSERT_EQ(0, limits_let_all_in());				\
} while (0)

/* From here on, for good. */
static inline int become(uid_t uid)
{
	return setgroups(0, NULL) ?: setresgid(uid, uid, uid) ?: setresuid(uid, uid, uid) ?:
	       prctl(PR_SET_DUMPABLE, 1) ?: prctl(PR_SET_PDEATHSIG, SIGKILL);
}

#endif /* PHX_LIMITS_H */
