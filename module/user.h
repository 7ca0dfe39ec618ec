/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A user and what may be charged to it: ports, names, messages not yet done
 * with, pages pinned or copied for them with their lists and edges. A client charges the
 * user who opened it. CAP_SYS_RESOURCE goes beyond the limits, as with rlimits.
 *
 * The counts are atomic and need no lock; the table of users has a lock of its
 * own inside user.c, where they are found by number. A user lives while a client or
 * a message refers to it: a message outlives its sender if that is killed, and is
 * charged until a server lets go of it.
 */
#ifndef PHX_USER_H
#define PHX_USER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

enum phx_limit {
	PHX_LIMIT_PORTS,
	PHX_LIMIT_NAMES,
	PHX_LIMIT_MESSAGES,
	PHX_LIMIT_PAGES,
	PHX_LIMIT_NR
};

/**
 * struct phx_user - one user of the system
 * @refs: references; the last one takes it out of the table
 * @uid: who
 * @used: what is charged now, by enum phx_limit
 * @hits: how often a limit was reached
 * @hit: bits by enum phx_limit: was, and is yet to be told of
 * @told: when it was last told of, in jiffies, 0 never
 */
struct phx_user {
	refcount_t refs;
	kuid_t uid;
	atomic_long_t used[PHX_LIMIT_NR];
	atomic_long_t hits;
	unsigned long hit;
	unsigned long told[PHX_LIMIT_NR];
};

struct phx_user *phx_user_get(kuid_t uid);
struct phx_user *phx_user_next(unsigned long *from);
void phx_user_put(struct phx_user *user);
int phx_user_charge(struct phx_user *user, enum phx_limit what, long n);
void phx_user_uncharge(struct phx_user *user, enum phx_limit what, long n);
bool phx_user_move(struct phx_user *from, struct phx_user *to,
		   enum phx_limit what, long n);
void phx_user_move_back(struct phx_user *from, struct phx_user *to,
			enum phx_limit what, long n);
unsigned int phx_limit_get(enum phx_limit what);
void phx_limit_set(enum phx_limit what, unsigned int max);
void phx_users_init(void);
void phx_users_exit(void);

static inline struct phx_user *phx_user_ref(struct phx_user *user)
{
	refcount_inc(&user->refs);
	return user;
}

#endif /* PHX_USER_H */
