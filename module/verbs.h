/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a message, a file for each verb: send.c, receive.c, respond.c; and
 * the deadlines of those that wait.
 */
#ifndef PHX_VERBS_H
#define PHX_VERBS_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/phxport.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct phx_client;

/**
 * struct phx_recv_head - struct phx_ioc_recv up to the message
 * @size: see there for all of them
 * @flags: .
 * @port: .
 * @__reserved: .
 * @timeout_ns: .
 * @buf: .
 * @buf_size: .
 * @rid: .
 * @i_class: .
 * @o_class: .
 */
struct phx_recv_head {
	u32 size;
	u32 flags;
	u32 port;
	u32 __reserved;
	u64 timeout_ns;
	u64 buf;
	u64 buf_size;
	s32 rid;
	u16 i_class;
	u16 o_class;
};

static_assert(sizeof(struct phx_recv_head) == offsetof(struct phx_ioc_recv, msg));
static_assert(offsetof(struct phx_recv_head, rid) == offsetof(struct phx_ioc_recv, rid));

int phx_send(struct phx_client *client, struct phx_ioc_send __user *user,
	     bool nonblock);
int phx_receive_read(struct phx_recv_head *arg, struct phx_ioc_recv __user *user);
int phx_receive(struct phx_client *client, const struct phx_recv_head *arg,
		struct phx_ioc_recv __user *user, bool nonblock);
int phx_respond(struct phx_client *client, u32 port, int rid, u32 flags,
		const struct phx_msg_out __user *answer);

/**
 * struct phx_deadline - when to stop waiting
 * @at: the time, if there is one
 * @limited: whether there is
 */
struct phx_deadline {
	ktime_t at;
	bool limited;
};

static inline struct phx_deadline phx_deadline(u64 timeout_ns)
{
	struct phx_deadline deadline = { .limited = timeout_ns };

	timeout_ns = min_t(u64, timeout_ns, KTIME_MAX);
	if (deadline.limited)
		deadline.at = ktime_add_safe(ktime_get(), timeout_ns);
	return deadline;
}

/* Sleep in the state that was set. Returns false when time is over. */
static inline bool phx_sleep(const struct phx_deadline *deadline)
{
	ktime_t at = deadline->at;

	if (deadline->limited)
		return schedule_hrtimeout(&at, HRTIMER_MODE_ABS);
	schedule();
	return true;
}

/*
 * A call that a signal ended tells what is left of its time, for the next try:
 * never 0, that is no limit. Returns what the call returns.
 */
static inline int phx_tell_rest(const struct phx_deadline *deadline, int err,
				u64 __user *timeout_ns)
{
	u64 rest;

	if (err != -ERESTARTNOHAND || !deadline->limited)
		return err;
	rest = max_t(s64, ktime_to_ns(ktime_sub(deadline->at, ktime_get())), 1);
	return copy_to_user(timeout_ns, &rest, sizeof(rest)) ? -EFAULT : err;
}

#endif /* PHX_VERBS_H */
