// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parent: starts worlds, has them run programs, kills one now and then, and
 * looks at the module's counters after each round.
 */
#include "fuzz.h"

#include <getopt.h>
#include <stdarg.h>
#include <sys/stat.h>

#define EXIT_USAGE 2
#define EXIT_SKIP 4
/* Only a hang takes so long, in seconds. */
#define PATIENCE 120

struct fz_shared *shared;

static struct {
	unsigned int seed, seconds, rounds;
	const char *corpus, *replay;
	bool print, verbose, no_kill, others, spoil;
} option = { .seed = 1 };

static unsigned int kills;
/* Its pid stays for a while, as messages of a world that has ended may be there. */
static bool running[FZ_PROCS];

static const char usage[] =
"usage: phxfuzz [OPTION...]\n"
"\n"
"Has several processes ask /dev/phxport for everything, rightly and wrongly, until\n"
"something is wrong or the time is over. As root it has other users take part.\n"
"\n"
"  -s, --seed N        same number, same programs; 1 unless given\n"
"  -t, --seconds N     for how long; 60 unless --rounds is given\n"
"  -n, --rounds N      how many programs\n"
"  -c, --corpus DIR    programs to begin with, files *.fz in the form of --print\n"
"  -r, --replay FILE   this program again and again\n"
"  -p, --print         print each program that reaches something new\n"
"  -v, --verbose       print each program before it runs, to find what a kernel\n"
"                      that is dead after it did last\n"
"  -k, --no-kill       kill no process\n"
"  -o, --others        others use the module, too: do not look at its counters\n"
"  -b, --spoil         spoil memory in round 3, to see that it is noticed\n"
"\n"
"Ends with 0 if nothing is wrong, else with 1 and what was wrong, after which\n"
"program. 4: there is no device.\n";

/**
 * fz_fail() - something is wrong
 * @format: what, as for printf(); only the first time counts
 */
void fz_fail(const char *format, ...)
{
	va_list args;

	if (atomic_fetch_add(&shared->failed, 1))
		return;
	va_start(args, format);
	vsnprintf(shared->why, sizeof(shared->why), format, args);
	va_end(args);
}

static const char *const live[] = {
	"clients_live", "ports_live", "names_live", "users_live", "messages_live",
	"regions_live", "pages_pinned_live", "pages_shadow_live", "pages_kept_live",
};

static long long before[ARRAY_SIZE(live)];

static void look_at_counters(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(live); i++)
		before[i] = stat_read(live[i]);
}

static void compare_counters(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(live); i++)
		if (before[i] >= 0 && !stat_becomes(live[i], before[i]))
			fz_fail("%s is %lld after the round, and was %lld before", live[i],
				stat_read(live[i]), before[i]);
	if (stat_read("pages_pinned") - stat_read("pages_unpinned") !=
	    stat_read("pages_pinned_live"))
		fz_fail("pages pinned and pages unpinned do not go with each other");
}

/* So that limits are reached. */
static const struct { const char *name; long long value; } limits[] = {
	{ "max_ports", 6 }, { "max_names", 4 }, { "max_messages", 6 }, { "max_pages", 96 },
};

static long long old_limits[ARRAY_SIZE(limits)];
static mode_t old_mode;

static void restore(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (old_limits[i] >= 0)
			param_write(limits[i].name, old_limits[i]);
	if (old_mode)
		chmod(PHX_DEV, old_mode);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "phxfuzz: %s: %m\n", path);
	if (fd >= 0)
		close(fd);
}

/* Where the kernel can make things fail: any allocation, and without a word. */
static void prepare_faults(void)
{
	write_to("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_to("/sys/kernel/debug/failslab/verbose", "0");
	write_to("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_to("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_to("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	write_to("/sys/kernel/debug/fail_usercopy/verbose", "0");
}

static void prepare(void)
{
	struct stat st;
	size_t i;

	if (geteuid())
		return;
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		old_limits[i] = param_read(limits[i].name);
		param_write(limits[i].name, limits[i].value);
	}
	if (!stat(PHX_DEV, &st) && !chmod(PHX_DEV, 0666))
		old_mode = st.st_mode & 07777;
	prepare_faults();
	atexit(restore);
}

static void start_world(long nr)
{
	/* Nobody waits for them, and the one before may have left them anyhow. */
	sem_init(&shared->go[nr], 1, 0);
	sem_init(&shared->done[nr], 1, 0);
	shared->pids[nr] = child_run(-1, fz_world_main, (void *)nr);
	if (shared->pids[nr] < 0) {
		perror("phxfuzz: fork");
		exit(1);
	}
	running[nr] = true;
}

/* Where the threads of a process are that does not come to its end. */
static void show_stacks(pid_t pid)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do echo \"$t $(cat $t/syscall)\"; cat $t/stack; done",
		 pid);
	fflush(NULL);
	if (system(command))
		printf("process %d is gone by now\n", pid);
}

static bool ended_by_itself(int nr, int status)
{
	if (WIFEXITED(status) && (WEXITSTATUS(status) == FZ_EXIT_DIE ||
				  WEXITSTATUS(status) == FZ_EXIT_STUCK))
		return true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	fz_fail("process %d ended with status %#x", nr, status);
	return false;
}

/* True if the world came to the end of what it was told, false if it has ended. */
static bool world_comes(int nr)
{
	struct timespec until;
	int tries, status;

	for (tries = 0; tries < PATIENCE * 50; tries++) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 20000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		if (!sem_timedwait(&shared->done[nr], &until))
			return true;
		if (waitpid(shared->pids[nr], &status, WNOHANG) == shared->pids[nr]) {
			ended_by_itself(nr, status);
			running[nr] = false;
			atomic_store(&shared->left[nr], 0);
			return false;
		}
	}
	fz_fail("process %d did not come back for %d s", nr, PATIENCE);
	show_stacks(shared->pids[nr]);
	return false;
}

static void tell_worlds(void)
{
	int i;

	for (i = 0; i < FZ_PROCS; i++)
		if (running[i])
			sem_post(&shared->go[i]);
}

static void wait_for_worlds(void)
{
	int i;

	for (i = 0; i < FZ_PROCS; i++)
		if (running[i])
			world_comes(i);
}

static void kill_one(unsigned int *rand)
{
	int nr = fz_below(rand, FZ_PROCS);

	usleep(fz_below(rand, 20000));
	if (!running[nr])
		return;
	kill(shared->pids[nr], SIGKILL);
	kills++;
}

static void reset(void)
{
	int i;

	for (i = 0; i < FZ_PROCS; i++) {
		atomic_store(&shared->left[i], FZ_THREADS);
		if (!running[i])
			start_world(i);
	}
	for (i = 0; i < FZ_PORTS; i++)
		atomic_store(&shared->ports[i], 0);
	memset(shared->received, 0, sizeof(shared->received));
	memset(shared->answered, 0, sizeof(shared->answered));
	memset(shared->rids, 0, sizeof(shared->rids));
	atomic_store(&shared->fresh, 0);
	shared->spoil = option.spoil && shared->round == 3;
}

static void run_round(unsigned int *rand)
{
	reset();
	tell_worlds();
	wait_for_worlds();
	tell_worlds();
	if (!option.no_kill && fz_one_in(rand, 8))
		kill_one(rand);
	wait_for_worlds();
	if (!option.others)
		compare_counters();
}

static void read_program(const char *path)
{
	FILE *f = fopen(path, "r");
	int line;

	if (!f) {
		fprintf(stderr, "phxfuzz: %s can't be read: %m\n", path);
		exit(EXIT_USAGE);
	}
	line = fz_parse(f, &shared->program);
	fclose(f);
	if (line) {
		fprintf(stderr, "phxfuzz: %s: line %d is no call; see fuzz/text.c\n", path, line);
		exit(EXIT_USAGE);
	}
}

/* Returns whether the program is new. */
static bool next_program(unsigned int *rand)
{
	const struct fz_program *p;

	if (option.replay)
		return false;
	p = fz_corpus_next();
	if (p)
		shared->program = *p;
	else
		fz_corpus_choose(&shared->program, rand);
	return !p;
}

static void keep_program(void)
{
	fz_corpus_keep(&shared->program);
	if (!option.print)
		return;
	printf("# round %u reached %u new things\n", shared->round, atomic_load(&shared->fresh));
	fz_print(stdout, &shared->program);
	fflush(stdout);
}

static bool is_over(const struct timespec *begin)
{
	struct timespec now;

	if (option.rounds && shared->round >= option.rounds)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return option.seconds && now.tv_sec - begin->tv_sec >= option.seconds;
}

static void run(void)
{
	struct timespec begin;
	unsigned int rand;
	bool is_new;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (; !is_over(&begin) && !atomic_load(&shared->failed); shared->round++) {
		rand = shared->seed ^ shared->round * 2654435761U;
		is_new = next_program(&rand);
		if (option.verbose) {
			printf("# round %u\n", shared->round);
			fz_print(stdout, &shared->program);
			fflush(stdout);
		}
		run_round(&rand);
		if (is_new && atomic_load(&shared->fresh))
			keep_program();
	}
}

static void stop_worlds(void)
{
	int i, status;

	for (i = 0; i < FZ_PROCS; i++) {
		if (!running[i])
			continue;
		kill(shared->pids[i], SIGKILL);
		waitpid(shared->pids[i], &status, 0);
	}
}

static int report(void)
{
	static const char *const names[FZ_COUNT_NR] = {
		[FZ_COUNT_CALLS] = "fuzz_calls", [FZ_COUNT_MESSAGES] = "fuzz_messages",
		[FZ_COUNT_CONTENTS] = "fuzz_compared", [FZ_COUNT_FAULTS] = "fuzz_faults",
		[FZ_COUNT_MUTATIONS] = "fuzz_mutations", [FZ_COUNT_PCS] = "fuzz_pcs",
		[FZ_COUNT_STUCK] = "fuzz_stuck",
	};
	int i;

	for (i = 0; i < FZ_COUNT_NR; i++)
		printf("%s %llu\n", names[i], atomic_load(&shared->count[i]));
	printf("fuzz_rounds %u\nfuzz_kills %u\nfuzz_signals %u\nfuzz_corpus %u\n",
	       shared->round, kills, fz_signals(), fz_corpus_size());
	if (!atomic_load(&shared->failed))
		return 0;
	printf("phxfuzz: FAILED: %s, in round %u of seed %u:\n", shared->why,
	       shared->round - 1, shared->seed);
	fz_print(stdout, &shared->program);
	return 1;
}

static void help(bool asked)
{
	fputs(usage, asked ? stdout : stderr);
	exit(asked ? 0 : EXIT_USAGE);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' },
		{ "rounds", 1, NULL, 'n' }, { "corpus", 1, NULL, 'c' },
		{ "replay", 1, NULL, 'r' }, { "print", 0, NULL, 'p' },
		{ "verbose", 0, NULL, 'v' }, { "no-kill", 0, NULL, 'k' },
		{ "others", 0, NULL, 'o' }, { "spoil", 0, NULL, 'b' },
		{ "help", 0, NULL, 'h' }, { }
	};
	bool *const flags[] = {
		['p'] = &option.print, ['v'] = &option.verbose, ['k'] = &option.no_kill,
		['o'] = &option.others, ['b'] = &option.spoil,
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:t:n:c:r:pvkobh", options, NULL)) >= 0) {
		if (c < (int)ARRAY_SIZE(flags) && flags[c])
			*flags[c] = true;
		else if (c == 's')
			option.seed = strtoul(optarg, NULL, 0);
		else if (c == 't')
			option.seconds = strtoul(optarg, NULL, 0);
		else if (c == 'n')
			option.rounds = strtoul(optarg, NULL, 0);
		else if (c == 'c')
			option.corpus = optarg;
		else if (c == 'r')
			option.replay = optarg;
		else
			help(c == 'h');
	}
	if (optind < argc) {
		fprintf(stderr, "phxfuzz: '%s' is no option; see --help\n", argv[optind]);
		exit(EXIT_USAGE);
	}
	if (!option.rounds && !option.seconds)
		option.seconds = 60;
}

int main(int argc, char **argv)
{
	int fd;

	parse(argc, argv);
	fd = dev_open(0);
	if (fd < 0) {
		fprintf(stderr, "phxfuzz: %s can't be opened: %s; load the module phxport, be root\n",
			PHX_DEV, strerror(-fd));
		return EXIT_SKIP;
	}
	close(fd);
	shared = shared_memory(sizeof(*shared));
	shared->seed = option.seed;
	if (option.corpus)
		fz_corpus_load(option.corpus);
	if (option.replay)
		read_program(option.replay);
	fz_cover_module();
	prepare();
	look_at_counters();
	run();
	stop_worlds();
	return report();
}
