// SPDX-License-Identifier: GPL-2.0-only
#include "user.h"
#include "stats.h"
#include "table.h"
#include "compat.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

static unsigned int max_ports = 65536;
module_param(max_ports, uint, 0644);
MODULE_PARM_DESC(max_ports, "Ports a user may have, 0 to 2^32-1 (default 65536)");

static unsigned int max_names = 65536;
module_param(max_names, uint, 0644);
MODULE_PARM_DESC(max_names, "Names a user may have registered, 0 to 2^32-1 (default 65536)");

static unsigned int max_messages = 65536;
module_param(max_messages, uint, 0644);
MODULE_PARM_DESC(max_messages,
		 "Messages of a user that are not yet done with, 0 to 2^32-1 (default 65536)");

#define MAX_PAGES_DEFAULT 262144

static unsigned int max_pages = UINT_MAX;
module_param(max_pages, uint, 0644);
MODULE_PARM_DESC(max_pages,
		 "Pages pinned or copied for the messages of a user, with lists of them and pages shown instead, 0 to 2^32-2 (default an eighth of memory, at most 262144)");

static unsigned int *const limits[PHX_LIMIT_NR] = {
	[PHX_LIMIT_PORTS]	= &max_ports,
	[PHX_LIMIT_NAMES]	= &max_names,
	[PHX_LIMIT_MESSAGES]	= &max_messages,
	[PHX_LIMIT_PAGES]	= &max_pages,
};

/* By their numbers; its lock also covers the end of their references. */
static struct xarray users = XARRAY_INIT(users, XA_FLAGS_ACCOUNT);

static struct phx_user *user_alloc(kuid_t uid)
{
	struct phx_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	refcount_set(&user->refs, 1);
	user->uid = uid;
	return user;
}

/**
 * phx_user_get() - find a user, or begin to account for it
 * @uid: who
 *
 * Return: the user with a reference, NULL without memory.
 */
struct phx_user *phx_user_get(kuid_t uid)
{
	struct phx_user *user, *new = user_alloc(uid);

	if (!new)
		return NULL;
	xa_lock(&users);
	user = __xa_cmpxchg(&users, __kuid_val(uid), NULL, new, GFP_KERNEL_ACCOUNT);
	if (user && !xa_is_err(user))
		phx_user_ref(user);
	xa_unlock(&users);

	if (!user) {
		phx_stat_inc(PHX_STAT_USERS_LIVE);
		return new;
	}
	kfree(new);
	return xa_is_err(user) ? NULL : user;
}

/**
 * phx_user_next() - look up users one after the other
 * @from: number to begin at, of the first user namespace; out: that of the user
 *
 * Return: the user with the next number, with a reference, or NULL.
 */
struct phx_user *phx_user_next(unsigned long *from)
{
	struct phx_user *user;

	xa_lock(&users);
	user = xa_find(&users, from, ULONG_MAX, XA_PRESENT);
	if (user)
		phx_user_ref(user);
	xa_unlock(&users);
	return user;
}

/**
 * phx_user_put() - let go of a user
 * @user: the user
 */
void phx_user_put(struct phx_user *user)
{
	bool last;

	if (refcount_dec_not_one(&user->refs))
		return;
	xa_lock(&users);
	last = refcount_dec_and_test(&user->refs);
	if (last)
		__xa_erase(&users, __kuid_val(user->uid));
	xa_unlock(&users);
	if (!last)
		return;
	phx_stat_dec(PHX_STAT_USERS_LIVE);
	kfree(user);
}

/**
 * phx_limit_get() - how much may a user have?
 * @what: of this
 *
 * Return: how many.
 */
unsigned int phx_limit_get(enum phx_limit what)
{
	return READ_ONCE(*limits[what]);
}

/**
 * phx_limit_set() - change that, for those who have more as well: they get no more
 * @what: of this
 * @max: how many
 */
void phx_limit_set(enum phx_limit what, unsigned int max)
{
	WRITE_ONCE(*limits[what], max);
}

/* Of its limit, up to which a user is charged for what others left behind. */
#define MOVED_PART 2

/*
 * What is refused is never charged, not for a moment: a thread that asks for too
 * much must not have the others' calls refused.
 */
static __always_inline bool try_charge(struct phx_user *user, enum phx_limit what, long n,
				       unsigned int part)
{
	long used = atomic_long_read(&user->used[what]);

	do {
		if (used + n > READ_ONCE(*limits[what]) / part)
			return false;
	} while (!atomic_long_try_cmpxchg(&user->used[what], &used, used + n));
	return true;
}

/**
 * phx_user_charge() - charge a user, unless that breaks its limit
 * @user: the user
 * @what: kind
 * @n: how many
 *
 * Return: 0 or -EDQUOT.
 */
__phx_hot
int phx_user_charge(struct phx_user *user, enum phx_limit what, long n)
{
	/* Nothing at all is not refused, not even beyond a limit that was lowered. */
	if (!n || likely(try_charge(user, what, n, 1)))
		return 0;
	if (capable(CAP_SYS_RESOURCE)) {
		atomic_long_add(n, &user->used[what]);
		return 0;
	}
	atomic_long_inc(&user->hits);
	set_bit(what, &user->hit);
	return -EDQUOT;
}

/**
 * phx_user_uncharge() - give back what was charged
 * @user: the user
 * @what: kind
 * @n: how many
 */
__phx_hot
void phx_user_uncharge(struct phx_user *user, enum phx_limit what, long n)
{
	atomic_long_sub(n, &user->used[what]);
}

/**
 * phx_user_move() - charge to another user what is charged already
 * @from: the one user
 * @to: the other
 * @what: kind
 * @n: how many
 *
 * @to did not ask for it: half of its limit stays for what it does itself.
 *
 * Return: whether the limit of @to allowed it.
 */
bool phx_user_move(struct phx_user *from, struct phx_user *to,
		   enum phx_limit what, long n)
{
	if (n && !try_charge(to, what, n, MOVED_PART))
		return false;
	atomic_long_sub(n, &from->used[what]);
	return true;
}

/**
 * phx_user_move_back() - undo phx_user_move()
 * @from: to whom it was moved
 * @to: whose it was
 * @what: kind
 * @n: how many
 */
void phx_user_move_back(struct phx_user *from, struct phx_user *to,
			enum phx_limit what, long n)
{
	atomic_long_add(n, &to->used[what]);
	atomic_long_sub(n, &from->used[what]);
}

/**
 * phx_users_init() - set limits that depend on the machine
 *
 * Pages that are charged can't be swapped out.
 */
void __init phx_users_init(void)
{
	if (max_pages == UINT_MAX)
		max_pages = min(MAX_PAGES_DEFAULT, totalram_pages() / 8);
}

/**
 * phx_users_exit() - end the table of users, of whom there are none
 */
void phx_users_exit(void)
{
	phx_table_fini(&users);
}
