// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every state of the protocol, every victim, every way to end: nobody hangs, nothing
 * is lost, and who survives finds its data as it should be.
 *
 *   test_kill [--kills N] [--seed N] [--no-load] [STATE...]
 *
 * Each combination is tried once; or so often that at least N processes, or
 * PHX_KILLS of the environment, are killed in all. Meanwhile others send messages,
 * and look at what they get. When a state is done with, all counters must be back
 * where they were. Prints TAP, and the counts at the end. It needs root.
 */
#include "phx_load.h"
#include "phx_fault.h"

#include <getopt.h>
#include <sys/stat.h>

enum way { WAY_KILL, WAY_EXIT, WAY_EXEC, WAY_OOM, WAY_STOP, WAY_SIGNAL, WAY_CLOSE, WAYS };
enum victim { VICTIM_CLIENT, VICTIM_SERVER, VICTIM_FORWARDER, VICTIM_BOTH, VICTIMS };

static const char *const way_names[WAYS] = {
	[WAY_KILL]	= "SIGKILL",
	[WAY_EXIT]	= "exit",
	[WAY_EXEC]	= "exec",
	[WAY_OOM]	= "out of memory",
	[WAY_STOP]	= "stop and continue",
	[WAY_SIGNAL]	= "signal of a thread",
	[WAY_CLOSE]	= "close by a thread",
};

static const char *const victim_names[VICTIMS] = {
	[VICTIM_CLIENT]		= "client",
	[VICTIM_SERVER]		= "server",
	[VICTIM_FORWARDER]	= "forwarder",
	[VICTIM_BOTH]		= "client and server",
};

static const struct state states[] = {
	{ .name = "receiving", .server = server_serve, .reached = SERVER, .asleep = true },
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

#define OOM_CGROUP "/sys/fs/cgroup/phx-kill"

/* Out of memory takes so much longer than the others. */
#define OOM_SHARE 8

/* Looks at a process that is to end, a millisecond apart, before it is said to hang. */
#define LOOKS 30000
/* The same in uninterruptible sleep, without a break. */
#define LOOKS_ASLEEP 1000

static struct stage *stage;
static struct stage *load[LOADS];
static unsigned int seed = 1;
static long kills, events;
static bool can_oom;

static pid_t wait_tid(struct actor *a)
{
	while (!atomic_load(&a->tid))
		usleep(50);
	return atomic_load(&a->tid);
}

static void fail(const char *what)
{
	fprintf(stderr, "# %s\n", what);
	atomic_fetch_add(&stage->wrong, 1);
}

/* Waits for the end of a process, and looks whether it sleeps meanwhile. */
static bool has_ended(pid_t pid, int *status, int looks, unsigned int us)
{
	int asleep = 0;

	for (; looks; looks--) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		asleep = us == 1000 && thread_state(pid) == 'D' ? asleep + 1 : 0;
		if (asleep == LOOKS_ASLEEP)
			fail("a process is in uninterruptible sleep");
		usleep(us);
	}
	return false;
}

/* The status of a process that is to end: its exit status, or -signal. */
static int reap(struct actor *a)
{
	pid_t pid = a->pid;
	int status = 0;

	a->pid = 0;
	if (!has_ended(pid, &status, 20, 200) && !has_ended(pid, &status, LOOKS, 1000)) {
		fail("a process does not end");
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool oom_begin(void)
{
	fault_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	fault_write("/proc/sys/vm/oom_dump_tasks", "0");
	if (mkdir(OOM_CGROUP, 0755) && errno != EEXIST)
		return false;
	fault_write(OOM_CGROUP "/memory.swap.max", "0");
	return fault_write(OOM_CGROUP "/memory.max", "524288") &&
	       fault_write(OOM_CGROUP "/memory.oom.group", "1");
}

static void put_in_cgroup(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	if (!fault_write(OOM_CGROUP "/cgroup.procs", text))
		fail("a process can't be put into a cgroup");
}

/* What is done to one of them. */
static void do_it(struct actor *a, enum way way)
{
	switch (way) {
	case WAY_KILL:
		kill(a->pid, SIGKILL);
		break;
	case WAY_EXIT:
		give_order(a, ORDER_EXIT);
		break;
	case WAY_EXEC:
		give_order(a, ORDER_EXEC);
		break;
	case WAY_OOM:
		atomic_store(&stage->starved[a->role], true);
		put_in_cgroup(a->pid);
		give_order(a, ORDER_EAT);
		break;
	case WAY_STOP:
		kill(a->pid, SIGSTOP);
		break;
	case WAY_SIGNAL:
		syscall(SYS_tgkill, a->pid, (pid_t)a->tid, SIGUSR1);
		break;
	default:
		give_order(a, ORDER_CLOSE);
		break;
	}
}

/* Whether the process ends by it. */
static bool is_fatal(enum way way)
{
	return way <= WAY_OOM;
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
	int i, n = on_stage(list, victim), status;

	for (i = 0; i < n; i++)
		stage->may_fail[list[i]->role] = way != WAY_STOP;
	for (i = 0; i < n; i++)
		do_it(list[i], way);
	events += n;
	if (way == WAY_STOP) {
		flag_set(&stage->go_on, 1);
		usleep(rand_r(&seed) % 3000);
		for (i = 0; i < n; i++)
			kill(list[i]->pid, SIGCONT);
	}
	for (i = 0; is_fatal(way) && i < n; i++) {
		status = reap(list[i]);
		RIGHT(stage, status == (way == WAY_KILL || way == WAY_OOM ? -SIGKILL : 0),
		      status);
		kills++;
	}
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

static bool play(const struct state *state, enum victim victim, enum way way)
{
	int wrong = atomic_load(&stage->wrong);

	if (!set_up(state))
		fail("it does not come to this state");
	hit(victim, way);
	flag_set(&stage->go_on, 1);
	finish(CLIENT);
	if (victim == VICTIM_CLIENT && is_fatal(way) && state->client == client_send &&
	    state->server != server_destroy)
		send_anew(state);
	finish(FORWARDER);
	finish(SERVER);
	return atomic_load(&stage->wrong) == wrong;
}

/* Whether there is such a victim in this state. */
static bool is_there(const struct state *state, enum victim victim)
{
	if (victim == VICTIM_FORWARDER)
		return state->forwarder;
	return victim == VICTIM_SERVER || state->client;
}

/* Whether it can come to it; of both at once it is no use to signal a thread. */
static bool is_possible(enum victim victim, enum way way)
{
	if (victim == VICTIM_BOTH && way >= WAY_SIGNAL)
		return false;
	return way != WAY_OOM || can_oom;
}

static int rounds_of(enum way way, int rounds)
{
	return way == WAY_OOM ? (rounds + OOM_SHARE - 1) / OOM_SHARE : rounds;
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

/* All of a victim's ends in a state. */
static bool play_victim(const struct state *state, enum victim victim, int rounds)
{
	bool ok = true;
	enum way way;
	int i;

	for (way = 0; way < WAYS; way++) {
		if (!is_possible(victim, way))
			continue;
		for (i = 0; i < rounds_of(way, rounds); i++) {
			if (play(state, victim, way))
				continue;
			fprintf(stderr, "# that was: %s, %s: %s, round %d\n", state->name,
				victim_names[victim], way_names[way], i);
			ok = false;
		}
	}
	return ok;
}

static bool is_asked_for(const struct state *state, char **names)
{
	char **name;

	for (name = names; *name; name++)
		if (!strcmp(*name, state->name))
			return true;
	return !*names;
}

/* Points of TAP, and processes that are killed when all is tried once. */
static int count(char **names, int *kills_of_all)
{
	enum victim victim;
	int points = 0;
	size_t i;

	*kills_of_all = 0;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!is_asked_for(&states[i], names))
			continue;
		points++;
		for (victim = 0; victim < VICTIMS; victim++) {
			if (!is_there(&states[i], victim))
				continue;
			points++;
			/* Those of no memory are few. */
			*kills_of_all += WAY_OOM * (victim == VICTIM_BOTH ? 2 : 1);
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
	long long pinned, spun;
	enum victim victim;
	int failed = 0;
	bool ok;

	live_read(&rest);
	pinned = stat_read("pages_pinned") - stat_read("pages_unpinned");
	if (with_load && !state->alone)
		load_start(load);
	for (victim = 0; victim < VICTIMS; victim++) {
		if (!is_there(state, victim))
			continue;
		spun = stat_read("waits_spun");
		ok = play_victim(state, victim, rounds);
		failed += point(ok, state->name, victim_names[victim],
				state->alone && ok && stat_read("waits_spun") == spun ?
				"nobody was seen to spin" : NULL);
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
	int i, of_all, failed = 0;
	int points = count(names, &of_all);

	printf("TAP version 13\n1..%d\n", points);
	if (!points) {
		printf("Bail out! there is no such state\n");
		return 1;
	}
	for (i = 0; i < (int)ARRAY_SIZE(states); i++)
		if (is_asked_for(&states[i], names))
			failed += play_state(&states[i], wanted / of_all + 1, with_load);
	wrong = atomic_load(&stage->wrong);
	for (i = 0; i < LOADS; i++) {
		messages += atomic_load(&load[i]->messages);
		wrong += atomic_load(&load[i]->wrong);
	}
	rmdir(OOM_CGROUP);
	printf("# %ld messages of others\n", messages);
	printf("# kills %ld\n# ends %ld\n# data_errors %ld\n", kills, events, wrong);
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
