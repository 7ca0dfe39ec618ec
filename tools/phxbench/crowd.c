// SPDX-License-Identifier: GPL-2.0-only
#include "crowd.h"

#include <err.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "param.h"
#include "run.h"

/* If no call counted, in a time four times as long. */
#define TRIES		6

/* A part of the time, at the begin, that is not counted. */
#define WARM_UP(ns)	((ns) / 5)

/* What a client leaves for the parent; a cache line apart from its neighbour's. */
struct client {
	uint64_t calls;			/* counted */
	uint64_t cpu;			/* burnt for them and the gaps */
	uint64_t gap_cpu;		/* burnt for as many gaps alone */
	uint64_t from, until;		/* when it counted */
	uint32_t samples[CROWD_SAMPLES];
} __attribute__((aligned(64)));

static struct shared {
	pthread_barrier_t start;
	uint64_t server_cpu;		/* that the server had burnt by the warm-up's end */
	struct client client[];
} *shared;

static size_t shared_size(const struct crowd *crowd)
{
	return sizeof(*shared) + crowd->clients * sizeof(*shared->client);
}

static void make_shared(const struct crowd *crowd)
{
	pthread_barrierattr_t attr;

	shared = mmap(NULL, shared_size(crowd), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "%u clients", crowd->clients);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->start, &attr, crowd->clients);
	pthread_barrierattr_destroy(&attr);
}

static int ready_pipe[2];

static void tell_ready(void)
{
	if (write(ready_pipe[1], "", 1) != 1)
		err(1, "pipe");
}

/* In a child that shall not outlive its parent. */
static void settle(int cpu)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	if (cpu != CPU_ANY)
		use_cpu(cpu);
}

static pid_t start_server(const struct crowd *crowd)
{
	char byte;
	pid_t pid;

	if (pipe(ready_pipe))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		settle(crowd->server_cpu);
		crowd->peer->serve(crowd->clients, crowd->threads, tell_ready);
		_exit(1);
	}
	close(ready_pipe[1]);
	if (read(ready_pipe[0], &byte, 1) != 1)
		errx(1, "%s: the server did not start", crowd->peer->name);
	close(ready_pipe[0]);
	return pid;
}

static void wait_gap(uint64_t gap_ns)
{
	struct timespec gap = {
		.tv_sec = gap_ns / 1000000000, .tv_nsec = gap_ns % 1000000000,
	};

	if (gap_ns)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &gap, NULL);
}

/* One call; gives the time at its end. */
static uint64_t call(const struct scale_peer *peer, struct scale_request *request)
{
	uint64_t answer = 0;
	int error;

	request->word++;
	error = peer->call(request, &answer);
	if (error)
		errx(1, "%s: a call failed: %s", peer->name, strerror(-error));
	if (answer != request->word + 1)
		errx(1, "%s: a client got the answer of another call", peer->name);
	return now_ns();
}

/* As many gaps as there were calls, to know what these cost. */
static uint64_t cpu_of_gaps(const struct crowd *crowd, uint64_t n)
{
	uint64_t before = cpu_ns(0);

	for (uint64_t i = 0; crowd->gap_ns && i < n; i++) {
		wait_gap(crowd->gap_ns);
		now_ns();
	}
	return cpu_ns(0) - before;
}

/* From now on it counts; the first client also looks at the server. */
static void begin_to_count(struct client *me, bool first, pid_t server)
{
	me->from = now_ns();
	me->cpu = cpu_ns(0);
	if (first)
		shared->server_cpu = cpu_ns(server);
}

static void end_to_count(struct client *me, bool first, pid_t server)
{
	me->until = now_ns();
	me->cpu = cpu_ns(0) - me->cpu;
	if (first)
		shared->server_cpu = cpu_ns(server) - shared->server_cpu;
}

/* Few calls say little, but where there are many clients nobody waits for one. */
static bool enough(const struct crowd *crowd, const struct client *me, uint64_t ns)
{
	return ns >= crowd->time_ns && (crowd->clients > 1 || me->calls >= CROWD_CALLS_MIN);
}

static void be_client(const struct crowd *crowd, unsigned int number, pid_t server)
{
	struct scale_request request = { .client = number, .word = (uint64_t)number << 32 };
	struct client *me = &shared->client[number];
	uint64_t start, before, after;

	crowd->peer->connect(number);
	pthread_barrier_wait(&shared->start);
	start = now_ns();
	for (after = start; !enough(crowd, me, after - start);) {
		wait_gap(crowd->gap_ns);
		before = crowd->gap_ns ? now_ns() : after;
		after = call(crowd->peer, &request);
		if (me->from) {
			me->samples[me->calls++ % CROWD_SAMPLES] = after - before;
		} else if (after - start >= WARM_UP(crowd->time_ns)) {
			begin_to_count(me, !number, server);
			after = now_ns();
		}
	}
	end_to_count(me, !number, server);
	me->gap_cpu = cpu_of_gaps(crowd, me->calls);
}

static void kill_all(const pid_t *pids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!pids[i])
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/*
 * Returns when all the clients have ended; pids[0] is the server. If any ends that
 * should not, so do the others, and the program.
 */
static void wait_for_clients(const struct crowd *crowd, pid_t *pids)
{
	unsigned int left = crowd->clients, i;
	int status;
	pid_t pid;

	while (left) {
		pid = wait(&status);
		if (pid < 0)
			err(1, "%s: the clients are gone", crowd->peer->name);
		for (i = 0; i <= crowd->clients && pids[i] != pid; i++)
			;
		if (i > crowd->clients)
			continue;
		pids[i] = 0;
		left--;
		if (i && !status)
			continue;
		kill_all(pids, crowd->clients + 1);
		errx(1, "%s: %s ended too early (%s %d)", crowd->peer->name,
		     i ? "a client" : "the server", WIFSIGNALED(status) ? "signal" : "status",
		     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
}

/* Gives how many samples it has; they are sorted then. */
static size_t collect_one(struct client *client, double *samples, struct crowd_result *result)
{
	struct stats own;
	size_t n = 0;

	result->calls += client->calls;
	if (!client->calls)
		return 0;
	result->per_second += client->calls * 1e9 / (client->until - client->from);
	for (; n < client->calls && n < CROWD_SAMPLES; n++)
		samples[n] = client->samples[n];
	stats_of(samples, n, &own);
	result->worst_p50 = fmax(result->worst_p50, own.p50);
	result->worst_p99 = fmax(result->worst_p99, own.p99);
	result->worst_p999 = fmax(result->worst_p999, own.p999);
	return n;
}

/* Nothing if nobody came so far that a call counts. */
static void collect(const struct crowd *crowd, struct crowd_result *result)
{
	static double samples[SCALE_CLIENTS_MAX * CROWD_SAMPLES];
	double cpu = 0;
	uint64_t fewest = UINT64_MAX;
	size_t n = 0;

	*result = (struct crowd_result){ 0 };
	for (unsigned int i = 0; i < crowd->clients; i++) {
		struct client *client = &shared->client[i];

		n += collect_one(client, samples + n, result);
		cpu += (double)client->cpu - client->gap_cpu;
		fewest = client->calls < fewest ? client->calls : fewest;
	}
	if (!n)
		return;
	stats_of(samples, n, &result->stats);
	result->slowest_share = (double)fewest * crowd->clients / result->calls;
	result->cpu_client = cpu / result->calls;
	result->cpu_server = (double)shared->server_cpu / result->calls;
}

static void run(const struct crowd *crowd, struct crowd_result *result)
{
	pid_t pids[SCALE_CLIENTS_MAX + 1] = { 0 };

	if (crowd->param.name)
		param_set_number(crowd->param.name, crowd->param.value);
	scale_work_ns = crowd->work_ns;
	make_shared(crowd);
	crowd->peer->prepare(crowd->clients, crowd->threads);
	fflush(NULL);
	pids[0] = start_server(crowd);
	for (unsigned int i = 0; i < crowd->clients; i++) {
		pids[i + 1] = fork();
		if (pids[i + 1] < 0) {
			kill_all(pids, i + 1);
			err(1, "%u clients", crowd->clients);
		}
		if (!pids[i + 1]) {
			settle(crowd->client_cpu);
			be_client(crowd, i, pids[0]);
			_exit(0);
		}
	}
	wait_for_clients(crowd, pids);
	kill_all(pids, 1);
	collect(crowd, result);
	crowd->peer->finish(crowd->clients);
	munmap(shared, shared_size(crowd));
}

void crowd_run(const struct crowd *crowd, struct crowd_result *result)
{
	struct crowd longer = *crowd;

	for (int i = 0; i < TRIES; i++, longer.time_ns *= 4) {
		run(&longer, result);
		if (result->calls)
			return;
	}
	errx(1, "%s: no call was made in %.1f s; is this machine too busy?",
	     crowd->peer->name, longer.time_ns / 4 / 1e9);
}

/* What the rounds are judged by: ns that one waits and ns that CPUs burn. */
double crowd_burden(const struct crowd_result *result)
{
	return result->stats.p50 + result->cpu_client + result->cpu_server;
}

/* Keeps the better of both, and how far the next best is from it. */
static void keep(struct crowd_result *best, const struct crowd_result *result)
{
	double factor = crowd_burden(result) / crowd_burden(best);

	if (factor < 1) {
		*best = *result;
		best->repeated = 1 / factor;
	} else if (!best->repeated || factor < best->repeated) {
		best->repeated = factor;
	}
}

/* The order is another in each round, so that nobody always follows the same one. */
void crowd_rounds(const struct crowd *crowds, size_t n, unsigned int rounds,
		  struct crowd_result *results)
{
	struct crowd_result result;

	for (unsigned int round = 0; round < rounds; round++)
		for (size_t k = 0; k < n; k++) {
			size_t i = round % 2 ? n - 1 - k : (k + round) % n;

			progress("round %u of %u, %zu of %zu: %s", round + 1, rounds, k + 1,
				 n, crowds[i].peer->name);
			crowd_run(&crowds[i], &result);
			if (round)
				keep(&results[i], &result);
			else
				results[i] = result;
		}
	progress_end();
}
