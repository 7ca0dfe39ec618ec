// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs: what calls there are, and how programs are made up and changed.
 */
#include "fuzz.h"

#define CLIENT	{ "client", FZ_CLIENT }
#define PORT	{ "port", FZ_PORT }
#define RID	{ "rid", FZ_RID }
#define BITS(_max) { "flags", FZ_BITS, _max }
#define TIME	{ "time", FZ_TIME }
#define CHOICE(_name, _n) { _name, FZ_CHOICE, _n }
#define RECEIVE	CLIENT, PORT, BITS(1), TIME, { "slot", FZ_CHOICE, FZ_RIDS },		\
		CHOICE("copies", 4), { "room", FZ_LEN }
#define ANSWER	RID, CHOICE("fill", 2), CHOICE("data", 4)

const struct fz_op fz_ops[] = {
	{ "send", 40, fz_run_send, {
		CLIENT, PORT, BITS(0x1f), TIME,
		{ "in", FZ_WHERE }, { "in_off", FZ_OFF }, { "in_len", FZ_LEN },
		{ "out", FZ_WHERE }, { "out_off", FZ_OFF }, { "out_len", FZ_LEN },
		{ "i_off", FZ_REGION }, { "o_off", FZ_REGION },
	} },
	{ "recv", 24, fz_run_recv, { RECEIVE } },
	{ "respond", 16, fz_run_respond, { CLIENT, PORT, BITS(1), ANSWER } },
	{ "respond_recv", 16, fz_run_respond_recv, { RECEIVE, ANSWER } },
	{ "info", 1, fz_run_info, { CLIENT, BITS(1) } },
	{ "port_create", 4, fz_run_port_create, { CLIENT, BITS(1), PORT } },
	{ "port_destroy", 3, fz_run_port_destroy, { CLIENT, BITS(1), PORT } },
	{ "name", 6, fz_run_name, {
		CLIENT, CHOICE("what", 3), BITS(1), CHOICE("name", 6),
		{ "name_size", FZ_LEN }, PORT,
	} },
	{ "register", 6, fz_run_register, {
		CLIENT, PORT, BITS(3), { "where", FZ_WHERE }, { "off", FZ_OFF },
		{ "len", FZ_LEN }, { "slot", FZ_CHOICE, FZ_REGIONS },
	} },
	{ "unregister", 3, fz_run_unregister, { CLIENT, BITS(1), { "region", FZ_REGION } } },
	{ "ioctl", 2, fz_run_ioctl, {
		CLIENT, CHOICE("nr", 16), { "cmd", FZ_ANY }, { "a", FZ_ANY }, { "b", FZ_ANY },
	} },
	{ "poll", 3, fz_run_poll, { CLIENT, TIME } },
	{ "epoll", 3, fz_run_epoll, { CLIENT, CHOICE("how", 6) } },
	{ "reopen", 2, fz_run_reopen, { CLIENT, CHOICE("how", 4) } },
	{ "map", 4, fz_run_map, {
		CLIENT, CHOICE("dir", 2), { "len", FZ_LEN }, CHOICE("prot", 8),
		CHOICE("how", 5), { "off", FZ_OFF },
	} },
	{ "unmap", 2, fz_run_unmap, {
		CLIENT, CHOICE("dir", 2), { "len", FZ_LEN }, { "off", FZ_OFF },
	} },
	{ "change", 3, fz_run_change, {
		CLIENT, CHOICE("dir", 2), CHOICE("how", 8), { "len", FZ_LEN }, { "off", FZ_OFF },
		{ "to", FZ_ANY },
	} },
	{ "touch", 6, fz_run_touch, {
		RID, CHOICE("dir", 2), CHOICE("write", 2), { "off", FZ_OFF },
	} },
	{ "reach", 3, fz_run_reach, { RID, CHOICE("dir", 2), CHOICE("how", 6) } },
	{ "memory", 4, fz_run_memory, { CHOICE("how", 11), CHOICE("which", 4) } },
	{ "fork", 1, fz_run_fork, { CLIENT, CHOICE("how", 4), PORT } },
	{ "die", 1, fz_run_die, { CHOICE("how", 3) } },
	{ "pause", 3, fz_run_pause, { TIME } },
};

const unsigned int fz_nr_ops = ARRAY_SIZE(fz_ops);

static const __u64 lengths[] = {
	0, 1, 8, 63, 64, 65, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 5, 8 * PAGE - 1,
	8 * PAGE, 8 * PAGE + 1, 16 * PAGE, 17 * PAGE, 17 * PAGE + 1, 20 * PAGE,
};

static const __u64 strange[] = {
	FZ_MEMORY - 1, FZ_MEMORY, FZ_MEMORY + 1, FZ_ROOM, FZ_ROOM + PAGE, PHX_MESSAGE_MAX - 1,
	PHX_MESSAGE_MAX, PHX_MESSAGE_MAX + 1UL, 1UL << 31, 1UL << 32, (1UL << 32) + 64,
	PHX_WINDOW_MAX, PHX_WINDOW_OUTPUT, 1UL << 47, (1UL << 47) - PAGE, 1UL << 63, -1UL, -PAGE,
	-2UL, 0x7fffffff, 0xffffffff, 0x80000000,
};

static const __u64 offsets[] = { 0, 0, 0, 1, 8, 63, 100, 2048, PAGE - 1, PAGE - 8, PAGE, PAGE + 1 };

/* Microseconds. Without a limit a lane waits until it is made to go on. */
static const __u64 times[] = { 0, 0, 1, 100, 500, 1000, 2000, 5000 };

#define PICK(_from) ((_from)[fz_below(rand, ARRAY_SIZE(_from))])

static __u64 sensible(const struct fz_arg *arg, unsigned int *rand)
{
	switch (arg->kind) {
	case FZ_CLIENT:
		return fz_one_in(rand, 5);
	case FZ_PORT:
		return fz_below(rand, fz_one_in(rand, 3) ? FZ_PORTS : FZ_PROCS);
	case FZ_RID:
		return fz_below(rand, FZ_RIDS);
	case FZ_REGION:
		return fz_below(rand, FZ_REGIONS);
	case FZ_BITS:
		return fz_one_in(rand, 3) ? fz_rand(rand) & arg->max : 0;
	case FZ_LEN:
		return fz_one_in(rand, 4) ? fz_below(rand, 20 * PAGE) : PICK(lengths);
	case FZ_OFF:
		return PICK(offsets);
	case FZ_WHERE:
		return fz_one_in(rand, 3) ? fz_below(rand, FZ_WHERES) : FZ_OWN;
	case FZ_TIME:
		return PICK(times);
	case FZ_CHOICE:
		return fz_below(rand, arg->max);
	default:
		return fz_rand(rand);
	}
}

static __u64 value(const struct fz_arg *arg, unsigned int *rand)
{
	if (arg->kind == FZ_CHOICE || arg->kind == FZ_CLIENT || arg->kind == FZ_WHERE ||
	    arg->kind == FZ_TIME || !fz_one_in(rand, 24))
		return sensible(arg, rand);
	if (fz_one_in(rand, 2))
		return PICK(strange);
	return (__u64)fz_rand(rand) << fz_below(rand, 40) ^ fz_rand(rand);
}

static unsigned int choose_op(unsigned int *rand)
{
	unsigned int i, all = 0, at;

	for (i = 0; i < fz_nr_ops; i++)
		all += fz_ops[i].weight;
	at = fz_below(rand, all);
	for (i = 0; at >= fz_ops[i].weight; i++)
		at -= fz_ops[i].weight;
	return i;
}

/* How a call is made, whatever it does: mostly as it should be. */
static void choose_manner(struct fz_call *call, unsigned int *rand)
{
	call->place = fz_one_in(rand, 30) ? fz_below(rand, FZ_PLACES) : FZ_PLACE_FINE;
	call->mutate = fz_one_in(rand, 12);
	call->fail = fz_one_in(rand, 6) ? 1 + fz_below(rand, fz_one_in(rand, 3) ? 60 : 12) : 0;
	call->size = fz_one_in(rand, 40) ? fz_below(rand, 5000) : 0;
}

static void make_call(struct fz_call *call, unsigned int *rand)
{
	const struct fz_op *op;
	int i;

	memset(call, 0, sizeof(*call));
	call->op = choose_op(rand);
	call->lane = fz_below(rand, FZ_LANES);
	choose_manner(call, rand);
	op = &fz_ops[call->op];
	for (i = 0; i < FZ_ARGS && op->arg[i].kind; i++)
		call->arg[i] = value(&op->arg[i], rand);
}

static void make_call_of(struct fz_call *call, const char *op, unsigned int *rand)
{
	do {
		make_call(call, rand);
	} while (strcmp(fz_ops[call->op].name, op));
}

/*
 * Chance alone seldom has somebody receive what is sent, and answer it. Arguments of
 * send are client and port, of recv the same, of respond client, port, flags and rid.
 */
static void add_partner(struct fz_program *p, const struct fz_call *send, unsigned int *rand)
{
	static const char *const ops[] = { "recv", "respond_recv", "touch", "respond" };
	unsigned int i, lane = send->arg[1] * FZ_THREADS + fz_below(rand, FZ_THREADS);
	struct fz_call *call;

	for (i = 0; i < ARRAY_SIZE(ops) && p->nr < FZ_CALLS; i++) {
		if (fz_one_in(rand, 3))
			continue;
		call = &p->call[p->nr++];
		make_call_of(call, ops[i], rand);
		call->lane = lane;
		if (i < 2) {
			call->arg[0] = 0;
			call->arg[1] = send->arg[1];
			call->arg[2] = 0;
		}
	}
}

/**
 * fz_generate() - make up a program
 * @p: out: the program
 * @rand: where chance comes from
 */
void fz_generate(struct fz_program *p, unsigned int *rand)
{
	unsigned int nr = 1 + fz_below(rand, FZ_CALLS);
	struct fz_call *call;

	for (p->nr = 0; p->nr < nr;) {
		call = &p->call[p->nr++];
		make_call(call, rand);
		if (fz_ops[call->op].run == fz_run_send && call->arg[1] < FZ_PROCS &&
		    fz_below(rand, 4))
			add_partner(p, call, rand);
	}
}

static void change_argument(struct fz_call *call, unsigned int *rand)
{
	const struct fz_op *op = &fz_ops[call->op];
	int i, n = 0;

	while (n < FZ_ARGS && op->arg[n].kind)
		n++;
	i = fz_below(rand, n + 2);
	if (i == n)
		call->lane = fz_below(rand, FZ_LANES);
	else if (i > n)
		choose_manner(call, rand);
	else
		call->arg[i] = value(&op->arg[i], rand);
}

static void remove_call(struct fz_program *p, unsigned int at)
{
	p->nr--;
	memmove(&p->call[at], &p->call[at + 1], (p->nr - at) * sizeof(p->call[0]));
}

static void insert_call(struct fz_program *p, unsigned int at, const struct fz_call *call)
{
	if (p->nr == FZ_CALLS)
		p->nr--;
	if (at > p->nr)
		at = p->nr;
	memmove(&p->call[at + 1], &p->call[at], (p->nr - at) * sizeof(p->call[0]));
	p->call[at] = *call;
	p->nr++;
}

/**
 * fz_mutate() - change a program a little
 * @p: the program
 * @other: another, whose end may be put behind
 * @rand: where chance comes from
 */
void fz_mutate(struct fz_program *p, const struct fz_program *other, unsigned int *rand)
{
	unsigned int times = 1 + fz_below(rand, 6), i, at;
	struct fz_call call;

	while (times--) {
		at = fz_below(rand, p->nr);
		switch (fz_below(rand, 6)) {
		case 0:
			if (p->nr > 1)
				remove_call(p, at);
			break;
		case 1:
			for (i = fz_below(rand, other->nr); i < other->nr && p->nr < FZ_CALLS; i++)
				p->call[p->nr++] = other->call[i];
			break;
		case 2:
		case 3:
			make_call(&call, rand);
			insert_call(p, at, &call);
			break;
		default:
			change_argument(&p->call[at], rand);
		}
	}
}
