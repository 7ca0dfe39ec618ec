// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving messages and responding to them, with a look at what arrived.
 */
#include "message.h"

/* Arguments of recv, and of respond, in the order of fz_ops. */
enum { CLIENT, PORT, FLAGS, TIME, SLOT, COPIES, ROOM, ANSWER };
enum { RID, FILL, DATA };

/* A slot for a message that is to be received, from @first on; -1 if none is free. */
static int slot_get(unsigned int first)
{
	unsigned int i, slot = 0;

	pthread_mutex_lock(&world.lock);
	for (i = 0; i < FZ_RIDS; i++) {
		slot = (first + i) % FZ_RIDS;
		if (world.held[slot].state == FZ_FREE)
			break;
	}
	if (i < FZ_RIDS)
		world.held[slot].state = FZ_RESERVED;
	pthread_mutex_unlock(&world.lock);
	return i < FZ_RIDS ? (int)slot : -1;
}

static void slot_put(int slot)
{
	pthread_mutex_lock(&world.lock);
	world.held[slot].state = FZ_FREE;
	pthread_mutex_unlock(&world.lock);
}

static void publish(int slot, const struct fz_held *held)
{
	char *copies = world.held[slot].copies;

	pthread_mutex_lock(&world.lock);
	world.held[slot] = *held;
	world.held[slot].copies = copies;
	world.held[slot].state = FZ_HELD;
	atomic_store(&shared->rids[world.nr][slot], held->rid);
	pthread_mutex_unlock(&world.lock);
}

/* The message is done with; somebody else may have said so before. */
static void forget(int slot, const struct fz_held *held)
{
	struct fz_held *now = &world.held[slot];

	pthread_mutex_lock(&world.lock);
	if (now->state == FZ_HELD && now->rid == held->rid && now->port == held->port)
		now->state = FZ_FREE;
	pthread_mutex_unlock(&world.lock);
}

static void answered(int slot, const struct fz_held *held)
{
	if (held->lane >= 0 && atomic_fetch_add(&shared->answered[held->lane][held->seq], 1))
		fz_fail("message %d of lane %d was answered twice", held->seq, held->lane);
	forget(slot, held);
}

static bool all_zero(const char *at, size_t n)
{
	return !n || (!*at && !memcmp(at, at + 1, n - 1));
}

/* A lent buffer has nothing beside it in its pages. */
static bool edges_are_empty(const char *at, size_t len)
{
	size_t before = addr(at) % PAGE, end = addr(at + len) % PAGE;

	return all_zero(at - before, before) && (!end || all_zero(at + len, PAGE - end));
}

/* @quiet: nobody of us may have written to it */
struct look {
	const struct fz_held *held;
	bool quiet;
	const char *wrong;
};

/* These may find the window gone: see fz_try(). */
static bool look_in(void *data)
{
	struct look *l = data;
	const struct phx_ioc_recv *got = &l->held->got;
	struct fz_mark mark;

	if (!l->quiet && got->i_class != PHX_CLASS_LEND)
		return true;
	memcpy(&mark, got->msg.i.raw, sizeof(mark));
	if (mark.flags & FZ_MARK_IN && got->i_class != PHX_CLASS_INLINE &&
	    !fz_holds(in_of(&got->msg), got->msg.i.size, l->held->cookie))
		l->wrong = "its input arrived with other contents";
	else if (got->i_class == PHX_CLASS_LEND &&
		 !edges_are_empty(in_of(&got->msg), got->msg.i.size))
		l->wrong = "there is something beside its input";
	return true;
}

static bool look_out(void *data)
{
	struct look *l = data;
	const struct phx_ioc_recv *got = &l->held->got;
	struct fz_mark mark;

	if (!l->quiet)
		return true;
	memcpy(&mark, got->msg.i.raw, sizeof(mark));
	if (mark.flags & FZ_MARK_OUT && got->o_class != PHX_CLASS_INLINE &&
	    !fz_is_canary(out_of(&got->msg), got->msg.o.size))
		l->wrong = "its output arrived with other contents";
	else if (got->o_class == PHX_CLASS_LEND &&
		 !edges_are_empty(out_of(&got->msg), got->msg.o.size))
		l->wrong = "there is something beside its output";
	return true;
}

/* Nobody but us knows the rid yet, so it stays while it is looked at. */
static void check_received(struct fz_held *held, bool quiet)
{
	struct look l = { .held = held, .quiet = quiet };
	struct fz_mark mark;

	memcpy(&mark, held->got.msg.i.raw, sizeof(mark));
	if (!fz_cookie_find(mark.cookie, &held->lane, &held->seq))
		return;
	held->cookie = mark.cookie;
	if (atomic_fetch_add(&shared->received[held->lane][held->seq], 1))
		fz_fail("message %d of lane %d was received twice", held->seq, held->lane);
	if (held->got.msg.pid != shared->pids[held->lane / FZ_THREADS])
		fz_fail("a message of process %d came as %d's",
			shared->pids[held->lane / FZ_THREADS], held->got.msg.pid);
	if (mark.flags & FZ_MARK_TIMED && (held->got.i_class == PHX_CLASS_SAME ||
					   held->got.o_class == PHX_CLASS_SAME))
		return;
	if (fz_try(look_in, &l) && fz_try(look_out, &l))
		fz_count(FZ_COUNT_CONTENTS);
	if (l.wrong)
		fz_fail("message %d of lane %d: %s", held->seq, held->lane, l.wrong);
}

/* Changes when one of us may have written to an output; 0 if one does now. */
static unsigned int quiet_since(void)
{
	return atomic_load(&world.relending) ? 0 : atomic_load(&world.disturbed);
}

/* @before: of quiet_since() */
static void received(const struct fz_call *call, const struct phx_ioc_recv *arg, int slot,
		     unsigned int before)
{
	struct fz_held held = {
		.client = call->arg[CLIENT], .port = arg->port, .rid = arg->rid,
		.lane = -1, .got = *arg,
	};

	fz_signal((__u64)call->op << 40 | 1ULL << 39 | arg->i_class << 8 | arg->o_class);
	pthread_mutex_lock(&world.still);
	if (!call->mutate)
		check_received(&held, before && before == quiet_since());
	pthread_mutex_unlock(&world.still);
	publish(slot, &held);
}

static void prepare_recv(struct fz_lane *lane, const struct fz_call *call, int slot,
			 struct phx_ioc_recv *arg)
{
	const __u64 *from = call->arg;
	char *const rooms[] = {
		NULL, world.held[slot].copies, world.read_only, (char *)(1UL << 46),
	};

	*arg = (struct phx_ioc_recv) {
		.size = sizeof(*arg), .flags = from[FLAGS], .timeout_ns = from[TIME] * 1000,
		.port = from[PORT] < FZ_PROCS ? fz_port(world.nr) : fz_port(from[PORT]),
		.buf = addr(rooms[from[COPIES]]), .buf_size = from[ROOM], .rid = PHX_RID_NONE,
	};
	if (from[COPIES] == 1 && arg->buf_size > 2 * FZ_MEMORY)
		arg->buf_size = 2 * FZ_MEMORY;
	/* Mostly there is room enough; and mostly none at all goes on for ever. */
	if (!arg->timeout_ns && fz_below(&lane->rand, 4))
		arg->timeout_ns = 20000000;
}

/* A slot, if need be by answering what is there. */
static int slot_make(unsigned int first)
{
	int slot = slot_get(first);

	if (slot < 0) {
		fz_answer_all();
		slot = slot_get(first);
	}
	return slot;
}

/**
 * fz_run_recv() - receive a message
 * @lane: who does
 * @call: the call
 */
void fz_run_recv(struct fz_lane *lane, const struct fz_call *call)
{
	int slot = slot_make(call->arg[SLOT]), err;
	unsigned int before = quiet_since();
	struct phx_ioc_recv arg;
	void *user;

	if (slot < 0)
		return;
	prepare_recv(lane, call, slot, &arg);
	user = fz_give(lane, call, &arg, sizeof(arg));
	err = fz_ioctl(lane, call, fz_fd(call->arg[CLIENT]), PHX_IOC_RECV, user, sizeof(arg));
	fz_take(call, user, &arg, sizeof(arg));
	fz_check_error(call, err);
	if (!err)
		received(call, &arg, slot, before);
	else
		slot_put(slot);
}

static bool fill_output(void *data)
{
	const struct fz_held *held = data;

	atomic_fetch_add(&world.disturbed, 1);
	fz_fill(out_of(&held->got.msg), held->got.msg.o.size, ~held->cookie);
	return true;
}

/* Under world.still, and then until the answer is given. */
static bool may_fill(const struct fz_held *held)
{
	return held->lane >= 0 && held->got.msg.o.size && !atomic_load(&world.relending) &&
	       (held->got.o_class == PHX_CLASS_LEND || held->got.o_class == PHX_CLASS_COPY);
}

static void prepare_answer(const struct fz_call *call, const __u64 *arg, struct fz_held *held,
			   struct phx_msg_out *o)
{
	struct fz_echo echo = { 0 };

	*o = held->got.msg.o;
	o->data = 0;
	o->err = held->seq;
	if (arg[DATA] > 1) {
		o->data = arg[DATA] == 2 ? 1UL << 47 : addr(world.read_only);
		o->size = arg[DATA] == 2 ? 1 : PAGE;
	}
	if (!call->mutate && held->lane >= 0) {
		echo.cookie = held->cookie;
		echo.filled = arg[FILL] && may_fill(held) && fz_try(fill_output, held);
	}
	memcpy(o->raw, &echo, sizeof(echo));
}

/* Mostly one that we have, if there is any; sometimes what was there. */
static int held_near(unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < FZ_RIDS && slot < FZ_RIDS - 1; i++)
		if (world.held[(slot + i) % FZ_RIDS].state == FZ_HELD)
			return (slot + i) % FZ_RIDS;
	return slot;
}

/*
 * The message that is meant: one of ours, one of somebody else's, or any number.
 * Returns its slot, or -1.
 */
static int find_held(__u64 arg, struct fz_held *held)
{
	int slot;

	memset(held, 0, sizeof(*held));
	held->lane = -1;
	if (arg < FZ_RIDS) {
		pthread_mutex_lock(&world.lock);
		slot = held_near(arg);
		*held = world.held[slot];
		pthread_mutex_unlock(&world.lock);
		return slot;
	}
	held->port = fz_port(world.nr);
	if (arg < FZ_RIDS * (1 + FZ_PROCS))
		held->rid = atomic_load(&shared->rids[arg / FZ_RIDS - 1][arg % FZ_RIDS]);
	else
		held->rid = arg;
	return -1;
}

static int answer(struct fz_lane *lane, const struct fz_call *call, int slot,
		  struct fz_held *held)
{
	struct phx_ioc_respond arg = {
		.size = sizeof(arg), .flags = call->arg[FLAGS], .rid = held->rid,
		.port = call->arg[PORT] >= FZ_PROCS ? fz_port(call->arg[PORT]) : held->port,
	};
	void *user;
	int err;

	prepare_answer(call, call->arg + FLAGS + 1, held, &arg.o);
	user = fz_give(lane, call, &arg, sizeof(arg));
	err = fz_ioctl(lane, call, fz_fd(slot < 0 ? call->arg[CLIENT] : (__u64)held->client),
		       PHX_IOC_RESPOND, user, sizeof(arg));
	fz_check_error(call, err);
	/* With another port a number may be that of another message by now. */
	if ((!err || err == -ESRCH) && slot >= 0 && !call->mutate && arg.port == held->port)
		answered(slot, held);
	return err;
}

/**
 * fz_run_respond() - answer a message
 * @lane: who does
 * @call: the call
 */
void fz_run_respond(struct fz_lane *lane, const struct fz_call *call)
{
	struct fz_held held;
	int slot;

	pthread_mutex_lock(&world.still);
	slot = find_held(call->arg[FLAGS + 1 + RID], &held);
	answer(lane, call, slot, &held);
	pthread_mutex_unlock(&world.still);
}

/**
 * fz_run_respond_recv() - answer a message and receive another
 * @lane: who does
 * @call: the call
 */
void fz_run_respond_recv(struct fz_lane *lane, const struct fz_call *call)
{
	int slot = slot_make(call->arg[SLOT]), from, err;
	unsigned int before = quiet_since();
	struct phx_ioc_recv arg;
	struct fz_held held;
	void *user;

	if (slot < 0)
		return;
	prepare_recv(lane, call, slot, &arg);
	from = find_held(call->arg[ANSWER + RID], &held);
	/* It would be of this file only. What was filled might be changed by then. */
	arg.rid = held.rid;
	held.got.msg.o.size = 0;
	prepare_answer(call, call->arg + ANSWER, &held, &arg.msg.o);
	user = fz_give(lane, call, &arg, sizeof(arg));
	err = fz_ioctl(lane, call, fz_fd(call->arg[CLIENT]), PHX_IOC_RESPOND_RECV, user,
		       sizeof(arg));
	fz_take(call, user, &arg, sizeof(arg));
	fz_check_error(call, err);
	if (from >= 0 && held.rid >= 0 && call->place == FZ_PLACE_FINE && !call->mutate &&
	    held.port == arg.port && (!err || arg.rid == PHX_RID_NONE))
		answered(from, &held);
	if (!err)
		received(call, &arg, slot, before);
	else
		slot_put(slot);
}

/**
 * fz_answer_all() - answer all messages that this world has
 */
void fz_answer_all(void)
{
	struct phx_ioc_respond arg = { .size = sizeof(arg) };
	struct fz_held held;
	int slot, err;

	pthread_mutex_lock(&world.still);
	for (slot = 0; slot < FZ_RIDS; slot++) {
		pthread_mutex_lock(&world.lock);
		held = world.held[slot];
		pthread_mutex_unlock(&world.lock);
		if (held.state != FZ_HELD)
			continue;
		arg.port = held.port;
		arg.rid = held.rid;
		memset(&arg.o, 0, sizeof(arg.o));
		memcpy(arg.o.raw, &held.cookie, sizeof(held.cookie));
		err = dev_ioctl(fz_fd(held.client), PHX_IOC_RESPOND, &arg);
		if (!err || err == -ESRCH)
			answered(slot, &held);
		else
			forget(slot, &held);
	}
	pthread_mutex_unlock(&world.still);
}
