// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every state of the protocol, every victim, every way to end: nobody hangs, nothing
 * is lost, and who survives finds its data as it should be.
 *
 *   test_kill [--kills N] [--seed N] [--no-load] [STATE...]
 *
 * A victim is a process, all of its threads; but for a signal, which one thread meets,
 * whose successor finds what it had, and for a close, by a thread that does not call.
 *
 * Each combination is tried once; or so often that at least N processes, or
 * PHX_KILLS of the environment, are killed in all, by SIGKILL or for want of memory.
 * Meanwhile others send messages, and look at what they get. When a state is done
 * with, all counters must be back where they were. Prints TAP, and the counts at the
 * end. It needs root.
 */
#include "phx_ends.h"
#include "phx_spin.h"

#include <getopt.h>

enum victim { VICTIM_CLIENT, VICTIM_SERVER, VICTIM_FORWARDER, VICTIM_BOTH, VICTIMS };

static const char *const victim_names[VICTIMS] = {
	[VICTIM_CLIENT]		= "client",
	[VICTIM_SERVER]		= "server",
	[VICTIM_FORWARDER]	= "forwarder",
	[VICTIM_BOTH]		= "client and server",
};

static const struct state states[] = {
	{ .name = "receiving", .server = server_serve, .reached = SERVER, .asleep = true },
	/* Beside others, on as many CPUs, nobody would spin. */
	{ .name = "spinning", .client = client_ping, .server = server_both, .moving = true,
	  .alone = true, .reached = CLIENT },
	{ .name = "queued", .client = client_send, .server = server_idle,
	  .reached = CLIENT, .asleep = true },
	{ .name = "copied", .client = client_send, .server = server_hold, .copy = true,
	  .reached = SERVER },
	{ .name = "lent", .client = client_send, .server = server_hold, .reached = SERVER },
	{ .name = "relent", .client = client_send, .server = server_hold,
	  .forwarder = forwarder_serve, .reached = SERVER },
	{ .name = "registered", .client = client_send, .server = server_hold,
	  .registered = true, .reached = SERVER },
	{ .name = "responding", .client = client_send, .server = server_serve,
	  .moving = true, .reached = SERVER },
	{ .name = "responding_copied", .client = client_send, .server = server_serve,
	  .moving = true, .copy = true, .reached = SERVER },
	{ .name = "forwarding", .client = client_send, .server = server_serve,
	  .forwarder = forwarder_serve, .moving = true, .reached = SERVER },
	{ .name = "respond_and_receive", .client = client_send, .server = server_both,
	  .moving = true, .reached = SERVER },
	{ .name = "registering", .client = client_register, .server = server_serve,
	  .moving = true, .registered = true, .reached = CLIENT },
	{ .name = "naming", .server = server_name, .moving = true, .reached = SERVER },
	{ .name = "destroying", .client = client_send, .server = server_destroy,
	  .moving = true, .reached = SERVER },
};

/*
 * Where more kills are wanted than are made by trying all once, they are by SIGKILL: in
 * so many rounds of that the other ways have one, and so has want of memory, which takes
 * longest.
 */
#define OTHERS_SHARE 8
#define OOM_SHARE 32

/* Of so many that are killed both at once, one is by their cgroup. */
#define GROUP_SHARE 8

/* To spin is a matter of chance. So often it is tried again. */
#define SPIN_TRIES 200

static struct stage *stage;
static struct stage *load[LOADS];
static unsigned int seed = 1;
static struct tally tally;
static bool can_oom;

static pid_t wait_tid(struct actor *a)
{
	while (!atomic_load(&a->tid))
		usleep(50);
	return atomic_load(&a->tid);
}

static bool is_victim(enum role role, enum victim victim)
{
	return victim == VICTIM_BOTH ? role != FORWARDER : (int)role == (int)victim;
}

static int on_stage(struct actor *list[ROLES], enum victim victim)
{
	enum role role;
	int n = 0;

	for (role = 0; role < ROLES; role++)
		if (is_victim(role, victim) && stage->actors[role].pid)
			list[n++] = &stage->actors[role];
	/* Either may be first. */
	if (n == 2 && rand_r(&seed) % 2) {
		list[2] = list[0];
		list[0] = list[1];
		list[1] = list[2];
	}
	return n;
}

/* All who take part, in the state that it is about. */
static bool set_up(const struct state *state)
{
	struct actor *last = &stage->actors[state->reached];
	int steps = 0;

	memset(stage->actors, 0, sizeof(stage->actors));
	memset(stage->may_fail, 0, sizeof(stage->may_fail));
	memset(stage->starved, 0, sizeof(stage->starved));
	atomic_store(&stage->go_on, 0);
	stage->state = state;
	actor_start(stage, SERVER);
	if (!wait_port(&stage->actors[SERVER]))
		return false;
	if (state->forwarder) {
		actor_start(stage, FORWARDER);
		if (!wait_port(&stage->actors[FORWARDER]))
			return false;
	}
	if (state->client)
		actor_start(stage, CLIENT);
	if (state->client || state->moving)
		steps = state->moving ? 1 + rand_r(&seed) % 4 : 1;
	if (!wait_steps(last, steps))
		return false;
	if (state->moving)
		usleep(rand_r(&seed) % 1500);
	return !state->asleep || wait_asleep(wait_tid(last));
}

static void hit(enum victim victim, enum way way)
{
	struct actor *list[ROLES];
	int i, n = on_stage(list, victim);
	bool together, awaited = !is_fatal(way) && rand_r(&seed) % 2;

	for (i = 0; i < n; i++)
		stage->may_fail[list[i]->role] = way != WAY_STOP;
	together = way == WAY_KILL && n == 2 && rand_r(&seed) % GROUP_SHARE == 0;
	if (!together || !kill_together(list, n))
		for (i = 0; i < n; i++)
			way_begin(list[i], way);
	/* If nobody waits for it, those who go on may be first: both orders are wanted. */
	for (i = 0; awaited && i < n; i++)
		way_await(list[i], way);
	if (way == WAY_STOP) {
		flag_set(&stage->go_on, 1);
		usleep(rand_r(&seed) % 3000);
	}
	for (i = 0; i < n; i++)
		way_end(list[i], &tally, way);
}

/* A server that is left serves others as ever. */
static void send_anew(const struct state *state)
{
	struct actor *a = &stage->actors[CLIENT];

	memset(a, 0, sizeof(*a));
	actor_start(stage, CLIENT);
	give_order(a, ORDER_END);
	RIGHT(stage, reap(a) == 0, 0);
}

static void finish(enum role role)
{
	struct actor *a = &stage->actors[role];
	int status;

	if (!a->pid)
		return;
	give_order(a, ORDER_END);
	status = reap(a);
	RIGHT(stage, status == 0, status);
}

/*
 * Counts what came to those that went on all the same. An order to close is always
 * obeyed, and a signal always met, but by a thread that ended just then as it may in a
 * state that moves: else nothing was tested.
 */
static void look_back(const struct state *state, enum victim victim, enum way way)
{
	struct actor *a;
	enum role role;
	bool comes;

	for (role = 0; role < ROLES; role++) {
		a = &stage->actors[role];
		comes = way == WAY_CLOSE ? a->stage && is_victim(role, victim) :
					   a->signalled && !state->moving;
		RIGHT(stage, a->arrived || !comes, role);
		tally.interruptions += a->arrived;
	}
}

static bool play(const struct state *state, enum victim victim, enum way way)
{
	long long relent = stat_read("buffers_relent"), bounced = stat_read("buffers_bounced");
	int wrong = atomic_load(&stage->wrong);

	if (!set_up(state))
		fail(stage, "it does not come to this state");
	if (state->forwarder && stat_read("buffers_relent") == relent)
		fail(stage, "nothing that was lent is lent on");
	hit(victim, way);
	flag_set(&stage->go_on, 1);
	finish(CLIENT);
	if (victim == VICTIM_CLIENT && is_fatal(way) && state->client == client_send &&
	    state->server != server_destroy)
		send_anew(state);
	finish(FORWARDER);
	finish(SERVER);
	look_back(state, victim, way);
	if (way != WAY_OOM && stat_read("buffers_bounced") != bounced)
		fail(stage, "what should be lent is bounced");
	return atomic_load(&stage->wrong) == wrong;
}

/* Whether there is such a victim in this state. */
static bool is_there(const struct state *state, enum victim victim)
{
	if (victim == VICTIM_FORWARDER)
		return state->forwarder;
	return victim == VICTIM_SERVER || state->client;
}

static int rounds_of(enum way way, int rounds)
{
	int share = way == WAY_KILL ? 1 : way == WAY_OOM ? OOM_SHARE : OTHERS_SHARE;

	return way == WAY_OOM && !can_oom ? 0 : (rounds + share - 1) / share;
}

static void load_stop(void)
{
	enum role role;
	int i;

	for (i = 0; i < LOADS; i++)
		for (role = CLIENT; role <= SERVER; role++) {
			give_order(&load[i]->actors[role], ORDER_END);
			RIGHT(stage, reap(&load[i]->actors[role]) == 0, role);
		}
}

static bool play_way(const struct state *state, enum victim victim, enum way way, int rounds)
{
	bool ok = true;
	int i;

	for (i = 0; i < rounds; i++) {
		if (play(state, victim, way))
			continue;
		fprintf(stderr, "# that was: %s, %s: %s, round %d\n", state->name,
			victim_names[victim], way_names[way], i);
		ok = false;
	}
	return ok;
}

/* All of a victim's ends in a state. */
static bool play_victim(const struct state *state, enum victim victim, int rounds)
{
	bool ok = true;
	enum way way;

	for (way = 0; way < WAYS; way++)
		ok &= play_way(state, victim, way, rounds_of(way, rounds));
	return ok;
}

/* The same in the state that is about spinning: somebody must be seen to. */
static bool play_spinning(const struct state *state, enum victim victim, int rounds,
			  const char **skip)
{
	long long spun = stat_read("waits_spun");
	bool ok = play_victim(state, victim, rounds);
	int cpu[2], i;

	if (!cpus_get(cpu)) {
		*skip = ok ? "nobody spins where there is only one CPU" : NULL;
		return ok;
	}
	for (i = 0; ok && i < SPIN_TRIES && stat_read("waits_spun") == spun; i++)
		ok = play_way(state, victim, WAY_KILL, 1);
	if (!ok || stat_read("waits_spun") != spun)
		return ok;
	if (is_slow_kernel())
		*skip = "nobody was seen to spin on this slow kernel";
	else
		fprintf(stderr, "# nobody was seen to spin\n");
	return *skip;
}

static bool is_asked_for(const struct state *state, char **names)
{
	char **name;

	for (name = names; *name; name++)
		if (!strcmp(*name, state->name))
			return true;
	return !*names;
}

/* Points of TAP, and processes that one round kills, without those of no memory. */
static int count(char **names, int *kills_of_round)
{
	enum victim victim;
	int points = 0;
	size_t i;

	*kills_of_round = 0;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!is_asked_for(&states[i], names))
			continue;
		points++;
		for (victim = 0; victim < VICTIMS; victim++) {
			if (!is_there(&states[i], victim))
				continue;
			points++;
			*kills_of_round += victim == VICTIM_BOTH ? 2 : 1;
		}
	}
	return points;
}

static int point(bool ok, const char *state, const char *what, const char *skip)
{
	static int number;

	printf("%s %d %s: %s%s%s\n", ok ? "ok" : "not ok", ++number, state, what,
	       skip ? " # SKIP " : "", skip ?: "");
	return !ok;
}

/* Returns how many points failed. */
static int play_state(const struct state *state, int rounds, bool with_load)
{
	struct live rest;
	long long pinned;
	enum victim victim;
	const char *skip;
	int failed = 0;
	bool ok;

	live_read(&rest);
	pinned = stat_read("pages_pinned") - stat_read("pages_unpinned");
	if (with_load && !state->alone)
		load_start(load);
	for (victim = 0; victim < VICTIMS; victim++) {
		if (!is_there(state, victim))
			continue;
		skip = NULL;
		ok = state->alone ? play_spinning(state, victim, rounds, &skip) :
				    play_victim(state, victim, rounds);
		failed += point(ok, state->name, victim_names[victim], skip);
	}
	if (with_load && !state->alone)
		load_stop();
	ok = live_becomes(&rest) &&
	     stat_read("pages_pinned") - stat_read("pages_unpinned") == pinned;
	return failed + point(ok, state->name, "all is back where it was", NULL);
}

static int play_all(char **names, int wanted, bool with_load)
{
	long messages = 0, wrong = 0;
	int i, of_round, rounds, failed = 0;
	int points = count(names, &of_round);

	printf("TAP version 13\n1..%d\n", points);
	if (!points) {
		printf("Bail out! there is no such state\n");
		return 1;
	}
	rounds = wanted > 0 ? (wanted + of_round - 1) / of_round : 1;
	for (i = 0; i < (int)ARRAY_SIZE(states); i++)
		if (is_asked_for(&states[i], names))
			failed += play_state(&states[i], rounds, with_load);
	wrong = atomic_load(&stage->wrong);
	for (i = 0; i < LOADS; i++) {
		messages += atomic_load(&load[i]->messages);
		wrong += atomic_load(&load[i]->wrong);
	}
	rmdir(OOM_CGROUP);
	rmdir(BOTH_CGROUP);
	printf("# %ld messages of others\n", messages);
	printf("# kills %ld\n# ends %ld\n# interruptions %ld\n# data_errors %ld\n",
	       tally.kills, tally.ends, tally.interruptions, wrong);
	return failed || wrong;
}

static int show_usage(void)
{
	fprintf(stderr, "usage: test_kill [--kills N] [--seed N] [--no-load] [STATE...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kills", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "no-load", no_argument, NULL, 'n' },
		{ "gone", no_argument, NULL, 'g' },
		{ }
	};
	bool with_load = true;
	const char *wanted = getenv("PHX_KILLS");
	int opt, kills_wanted = wanted ? atoi(wanted) : 0;
	size_t i;

	(void)test_harness_run;
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'g')
			return 0;	/* what ORDER_EXEC leads to */
		else if (opt == 'k')
			kills_wanted = atoi(optarg);
		else if (opt == 's')
			seed = atoi(optarg);
		else if (opt == 'n')
			with_load = false;
		else
			return show_usage();
	}
	if (access(PHX_DEV, R_OK | W_OK) || stat_read("ports_live") < 0) {
		printf("1..0 # SKIP there is no " PHX_DEV ", or no root to see its counters\n");
		return KSFT_SKIP;
	}
	stage = shared_memory(sizeof(*stage));
	for (i = 0; i < LOADS; i++)
		load[i] = shared_memory(sizeof(*stage));
	can_oom = oom_begin();
	if (!can_oom)
		printf("# there is no memory cgroup: nobody is killed for want of memory\n");
	return play_all(argv + optind, kills_wanted, with_load);
}
