// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: sending them, and what must be true afterwards. The other side is in
 * receive.c.
 */
#include "message.h"

/**
 * fz_cookie() - what a message of this round is known by
 * @lane: who sends it
 * @seq: which of that lane's
 *
 * Return: the cookie, which tells both.
 */
__u64 fz_cookie(unsigned int lane, unsigned int seq)
{
	__u64 at = (__u64)shared->seed << 32 ^ (__u64)shared->round << 12 ^ lane << 8 ^ seq;

	at = (at ^ at >> 31) * 0x9e3779b97f4a7c15;
	return (at ^ at >> 29) << 16 | lane << 8 | seq;
}

/**
 * fz_cookie_find() - whose cookie is it?
 * @cookie: the cookie
 * @lane: out: who sent the message, or -1
 * @seq: out: which it is
 *
 * Return: whether it is one of this round.
 */
bool fz_cookie_find(__u64 cookie, int *lane, int *seq)
{
	*lane = cookie >> 8 & 0xff;
	*seq = cookie & 0xff;
	if (*lane < FZ_LANES && *seq < FZ_SEQS && cookie == fz_cookie(*lane, *seq))
		return true;
	*lane = -1;
	return false;
}

static const int errors[] = {
	0, EINVAL, ENOENT, EACCES, EPIPE, EFAULT, EMSGSIZE, ENOBUFS, ETIMEDOUT, EAGAIN, EINTR,
	EDQUOT, ENOMEM, EBADFD, E2BIG, EBADF, ENOTTY, EPERM, ESRCH, EOPNOTSUPP, ENOSPC, EEXIST,
	ENAMETOOLONG,
};

/**
 * fz_check_error() - is this an error that some call may give?
 * @call: the call
 * @err: 0 or -errno
 */
void fz_check_error(const struct fz_call *call, int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i] == -err)
			return;
	fz_fail("%s gave the error %d, which none gives", fz_ops[call->op].name, -err);
}

/* Arguments of send, in the order of fz_ops. */
enum { CLIENT, PORT, FLAGS, TIME, IN, IN_OFF, IN_LEN, OUT, OUT_OFF, OUT_LEN, I_OFF, O_OFF };

/* What is to be looked at when the call is over. */
struct sent {
	struct phx_ioc_send arg;
	__u64 from[FZ_ARGS];
	__u64 cookie;
	bool known;	/* its cookie is in it */
	bool in_own, out_own;
};

static bool is_own(const __u64 *where)
{
	return where[0] == FZ_OWN && where[1] <= FZ_MEMORY && where[2] <= FZ_MEMORY - where[1];
}

/* A number of a region, an offset of what is inline, or mostly nothing. */
static __u16 offset(__u64 arg, bool registered, bool inlined)
{
	if (arg >= FZ_REGIONS || inlined)
		return arg;
	return registered ? atomic_load(&world.regions[arg]) : 0;
}

static void prepare(struct fz_lane *lane, const struct fz_call *call, struct sent *s)
{
	struct fz_mark mark = { 0 };
	__u64 *arg = s->from;

	memcpy(arg, call->arg, sizeof(s->from));
	/* Its address may become any other, and where it lies is not known then. */
	if (call->mutate && arg[IN] == FZ_OWN)
		arg[IN] = FZ_SCRATCH;
	if (call->mutate && arg[OUT] == FZ_OWN)
		arg[OUT] = FZ_SCRATCH;
	s->cookie = fz_cookie(lane->nr, lane->seq);
	s->known = !call->mutate && lane->seq < FZ_SEQS;
	s->in_own = is_own(&arg[IN]);
	s->out_own = is_own(&arg[OUT]);
	s->arg = (struct phx_ioc_send) {
		.size = sizeof(s->arg), .flags = arg[FLAGS], .port = fz_port(arg[PORT]),
		.i_off = offset(arg[I_OFF], arg[FLAGS] & PHX_SEND_I_REGISTERED,
				arg[FLAGS] & PHX_SEND_I_INLINE),
		.o_off = offset(arg[O_OFF], arg[FLAGS] & PHX_SEND_O_REGISTERED,
				arg[FLAGS] & PHX_SEND_O_INLINE),
		.timeout_ns = arg[TIME] * 1000,
	};
	s->arg.msg.i.data = addr(fz_where(lane, arg[IN], false, arg[IN_OFF], lane->call));
	s->arg.msg.i.size = arg[IN_LEN];
	s->arg.msg.o.data = addr(fz_where(lane, arg[OUT], true, arg[OUT_OFF], lane->call));
	s->arg.msg.o.size = arg[OUT_LEN];
	if (s->known)
		mark.cookie = s->cookie;
	if (arg[TIME])
		mark.flags |= FZ_MARK_TIMED;
	if (s->in_own && !(arg[FLAGS] & PHX_SEND_I_INLINE))
		mark.flags |= FZ_MARK_IN;
	if (s->out_own && !(arg[FLAGS] & PHX_SEND_O_INLINE))
		mark.flags |= FZ_MARK_OUT;
	memcpy(s->arg.msg.i.raw, &mark, sizeof(mark));
}

static void check_in(struct fz_lane *lane, const struct sent *s)
{
	const __u64 *where = &s->from[IN];
	char *at = lane->in + where[1];
	size_t len = where[2];

	if (!s->in_own)
		at = lane->in, len = 0;
	if (!fz_holds(at, len, s->cookie))
		fz_fail("an input of lane %d was changed", lane->nr);
	if (!fz_is_canary(lane->in, at - lane->in) ||
	    !fz_is_canary(at + len, lane->in + FZ_MEMORY - at - len))
		fz_fail("beside an input of lane %d something was written", lane->nr);
	memset(at, FZ_CANARY, len);
}

static void check_out(struct fz_lane *lane, const struct sent *s, bool filled)
{
	const __u64 *where = &s->from[OUT];
	char *at = lane->out + where[1];
	size_t len = where[2];

	if (!s->out_own)
		at = lane->out, len = 0;
	if (!fz_is_canary(lane->out, at - lane->out) ||
	    !fz_is_canary(at + len, lane->out + FZ_MEMORY - at - len))
		fz_fail("beside an output of lane %d something was written", lane->nr);
	if (filled && !fz_holds(at, len, ~s->cookie))
		fz_fail("what the server wrote did not come to lane %d", lane->nr);
	memset(at, FZ_CANARY, len);
}

/**
 * fz_check_still() - has nobody written to a lane's memory when it had no call?
 * @lane: the current thread's
 */
void fz_check_still(struct fz_lane *lane)
{
	if (!fz_is_canary(lane->in, FZ_MEMORY) || !fz_is_canary(lane->out, FZ_MEMORY))
		fz_fail("lane %d was written to after its call was over", lane->nr);
}

static void check_accepted(const struct sent *s)
{
	if (!s->from[OUT_LEN] || s->arg.flags & (PHX_SEND_O_INLINE | PHX_SEND_O_REGISTERED))
		return;
	if (s->from[OUT] == FZ_READ_ONLY)
		fz_fail("read-only memory was accepted as an output");
	if (s->from[OUT] == FZ_WILD)
		fz_fail("an output at %#llx was accepted",
			(unsigned long long)s->arg.msg.o.data);
	if (fz_in_input_window((char *)(uintptr_t)s->arg.msg.o.data))
		fz_fail("an input that was lent was accepted as an output");
}

/* Returns whether the server says that it filled the output. */
static bool check_answer(struct fz_lane *lane, const struct sent *s, const __u8 *raw)
{
	struct fz_echo echo;
	int from, seq;

	memcpy(&echo, raw, sizeof(echo));
	if (echo.cookie == s->cookie)
		return echo.filled;
	if (fz_cookie_find(echo.cookie, &from, &seq))
		fz_fail("lane %d got the answer to message %d of lane %d for its message %d",
			lane->nr, seq, from, lane->seq);
	return false;
}

/* Nobody may compare an output that others may write to. */
static void relending(int n)
{
	pthread_mutex_lock(&world.still);
	atomic_fetch_add(&world.relending, n);
	atomic_fetch_add(&world.disturbed, 1);
	pthread_mutex_unlock(&world.still);
}

static void watch_memory(struct fz_lane *lane, const struct fz_call *call, const struct sent *s)
{
	if (!call->mutate || s->from[IN] != FZ_SCRATCH)
		return;
	atomic_store(&lane->target[1].len, FZ_MEMORY);
	atomic_store(&lane->target[1].at, lane->scratch);
}

/* Returns the result of the call, and what came back with it. */
static int send(struct fz_lane *lane, const struct fz_call *call, struct sent *s,
		struct phx_ioc_send *back)
{
	bool lends_on = s->from[OUT] == FZ_HELD_OUT || s->from[OUT] == FZ_WINDOW;
	void *user;
	int err;

	if (lends_on)
		relending(1);
	watch_memory(lane, call, s);
	user = fz_give(lane, call, &s->arg, sizeof(s->arg));
	err = fz_ioctl(lane, call, fz_fd(s->from[CLIENT]), PHX_IOC_SEND, user, sizeof(s->arg));
	*back = s->arg;
	fz_take(call, user, back, sizeof(*back));
	if (lends_on)
		relending(-1);
	return err;
}

/**
 * fz_run_send() - send a message
 * @lane: who does
 * @call: the call
 */
void fz_run_send(struct fz_lane *lane, const struct fz_call *call)
{
	struct phx_ioc_send back;
	bool filled = false;
	struct sent s;
	int err;

	fz_check_still(lane);
	prepare(lane, call, &s);
	if (s.in_own)
		fz_fill(lane->in + s.from[IN_OFF], s.from[IN_LEN], s.cookie);
	err = send(lane, call, &s, &back);
	fz_check_error(call, err);
	if (!err)
		fz_count(FZ_COUNT_MESSAGES);
	if (!err && s.known) {
		check_accepted(&s);
		filled = s.from[OUT] != FZ_ARGUMENT && check_answer(lane, &s, back.msg.o.raw);
	}
	check_in(lane, &s);
	check_out(lane, &s, filled);
	if (s.known)
		lane->seq++;
}
