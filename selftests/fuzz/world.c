// SPDX-License-Identifier: GPL-2.0-only
/*
 * A world: the process, what it has, and its keeper, the thread that sees to it that
 * lanes come back. When no lane moves they get a signal, which ends what may be
 * ended so. Two that wait for each other's answers are helped by answering all.
 */
#include "fuzz.h"

#include <grp.h>
#include <sys/resource.h>

#define TICK_NS		3000000
#define WAIT_TICKS	40
#define STUCK_TICKS	2000

struct fz_world world;

/**
 * fz_fd() - a client's file
 * @client: which
 *
 * Return: its descriptor, or -1.
 */
int fz_fd(unsigned int client)
{
	return atomic_load(&world.client[client % FZ_CLIENTS].fd);
}

/**
 * fz_client_open() - open the device for a client that has no file
 * @client: which
 *
 * Return: the descriptor or -errno.
 */
int fz_client_open(unsigned int client)
{
	int fd = dev_open(0), none = -1;

	if (fd >= 0 && !atomic_compare_exchange_strong(&world.client[client].fd, &none, fd))
		close(fd);
	return fd;
}

/**
 * fz_map_window() - have a window where it belongs
 * @client: which
 * @dir: 0 for inputs, 1 for outputs
 *
 * Return: 0 or -errno; then there is nothing.
 */
int fz_map_window(unsigned int client, int dir)
{
	struct fz_client *c = &world.client[client];
	int prot = dir ? PROT_READ | PROT_WRITE : PROT_READ;
	void *at = mmap(c->room[dir], FZ_ROOM, prot, MAP_SHARED | MAP_FIXED,
			atomic_load(&c->fd), dir ? PHX_WINDOW_OUTPUT : PHX_WINDOW_INPUT);
	int err = at == MAP_FAILED ? -errno : 0;

	c->mapped[dir] = true;
	if (err)
		fz_no_window(client, dir);
	return err;
}

/**
 * fz_no_window() - unmap a window
 * @client: whose
 * @dir: which
 */
void fz_no_window(unsigned int client, int dir)
{
	struct fz_client *c = &world.client[client];

	c->mapped[dir] = false;
	mmap(c->room[dir], FZ_ROOM, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static void make_memory(void)
{
	int i;

	world.registered = fz_memory(FZ_MEMORY);
	world.read_only = fz_memory(PAGE);
	CHECK(!mprotect(world.read_only, PAGE, PROT_READ));
	world.elsewhere = fz_reserve(FZ_ROOM);
	for (i = 0; i < FZ_CLIENTS; i++) {
		world.client[i].room[0] = fz_reserve(FZ_ROOM);
		world.client[i].room[1] = fz_reserve(FZ_ROOM);
		atomic_store(&world.client[i].fd, -1);
	}
	for (i = 0; i < FZ_RIDS; i++)
		world.held[i].copies = fz_memory(2 * FZ_MEMORY);
}

/* All but the first world are users with little. */
static void become_user(void)
{
	struct rlimit limit = { 40 * PAGE, 40 * PAGE };
	uid_t uid = 999 + world.nr;

	if (!world.nr || geteuid())
		return;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
	/* As if it had begun as that user. */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void on_nudge(int sig)
{
}

static void make_lanes(void)
{
	struct fz_lane *lane;
	int i;

	for (i = 0; i < FZ_THREADS; i++) {
		lane = &world.lane[i];
		lane->nr = world.nr * FZ_THREADS + i;
		pthread_mutex_init(&lane->arming, NULL);
		sem_init(&lane->go, 0, 0);
		sem_init(&lane->done, 0, 0);
		CHECK(!pthread_create(&lane->thread, NULL, fz_lane_main, lane));
		while (sem_wait(&lane->done))
			;
	}
}

static void begin(void)
{
	unsigned int flags = (shared->round + world.nr) % 3 ? PHX_PORT_BUFFERS : 0;
	__u32 port = 0;
	int i;

	for (i = 0; i < FZ_RIDS; i++) {
		world.held[i].state = FZ_FREE;
		world.held[i].rid = -1;
		world.held[i].lane = -1;
	}
	atomic_store(&world.disturbed, 1);
	fz_client_open(0);
	fz_client_open(1);
	port_create_flags(fz_fd(0), flags, &port);
	atomic_store(&shared->ports[world.nr], port);
	for (i = 0; i < 2 && (shared->round + world.nr) % 7; i++)
		fz_map_window(0, i);
}

static void end(void)
{
	int i, fd;

	fz_answer_all();
	for (i = 0; i < FZ_CLIENTS; i++) {
		fd = atomic_exchange(&world.client[i].fd, -1);
		if (fd >= 0)
			close(fd);
		fz_no_window(i, 0);
		fz_no_window(i, 1);
	}
	fd = atomic_exchange(&world.epoll, -1);
	if (fd >= 0)
		close(fd);
	mmap(world.elsewhere, FZ_ROOM, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* Write to what lanes have in their calls. */
static void scribble(unsigned int *rand)
{
	static const __u32 values[] = { 0, 1, 64, 0x1000, 0x7fffffff, 0x80000000, -1U };
	struct fz_target *target;
	unsigned int i, n;
	char *at;

	for (i = 0; i < 2 * FZ_THREADS; i++) {
		target = &world.lane[i / 2].target[i % 2];
		for (n = 0; n < 20; n++) {
			size_t len = atomic_load(&target->len);
			__u32 value = fz_rand(rand);

			if (fz_one_in(rand, 2))
				value = values[fz_below(rand, ARRAY_SIZE(values))];

			at = atomic_load(&target->at);
			if (!at)
				break;
			memcpy(at + fz_below(rand, len / 4) * 4, &value, sizeof(value));
			atomic_store(&target->spoiled, true);
		}
	}
}

static bool lane_ends(struct fz_lane *lane)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return !sem_timedwait(&lane->done, &until);
}

/*
 * Somebody may yet come for what a lane waits for, as long as any lane moves. Then a
 * signal is next, and then the answers that others may wait for.
 */
static void nudge(unsigned long long *calls, unsigned int *still)
{
	unsigned long long now = atomic_load(&shared->count[FZ_COUNT_CALLS]);
	int i;

	*still = now == *calls ? *still + 1 : 0;
	*calls = now;
	for (i = 0; i < FZ_THREADS && *still; i++)
		fz_nudge(&world.lane[i]);
	if (*still > 2)
		fz_answer_all();
}

static bool others_go_on(void)
{
	int i, n = 0;

	for (i = 0; i < FZ_PROCS; i++)
		n += atomic_load(&shared->left[i]);
	return n > 0;
}

/* Until all lanes have made their calls. */
static void keep(void)
{
	unsigned int rand = shared->round, ticks = 0, still = 0;
	unsigned long long calls = 0;
	int i;

	for (i = 0; i < FZ_THREADS; i++) {
		while (!lane_ends(&world.lane[i])) {
			nudge(&calls, &still);
			scribble(&rand);
			if (++ticks < STUCK_TICKS)
				continue;
			fz_count(FZ_COUNT_STUCK);
			_exit(FZ_EXIT_STUCK);
		}
	}
	while (others_go_on() && ticks++ < WAIT_TICKS) {
		fz_answer_all();
		usleep(TICK_NS / 1000);
	}
}

/**
 * fz_world_main() - the process of a world
 * @nr: its number
 *
 * Return: never, as long as the parent lives.
 */
int fz_world_main(void *nr)
{
	unsigned int i;

	world.nr = (long)nr;
	atomic_store(&world.epoll, -1);
	pthread_mutex_init(&world.lock, NULL);
	pthread_mutex_init(&world.still, NULL);
	make_memory();
	fz_try_init();
	sigaction(SIGUSR1, &(struct sigaction) { .sa_handler = on_nudge }, NULL);
	signal(SIGPIPE, SIG_IGN);
	make_lanes();
	become_user();
	for (;;) {
		while (sem_wait(&shared->go[world.nr]))
			;
		begin();
		sem_post(&shared->done[world.nr]);
		while (sem_wait(&shared->go[world.nr]))
			;
		for (i = 0; i < FZ_THREADS; i++)
			sem_post(&world.lane[i].go);
		keep();
		end();
		sem_post(&shared->done[world.nr]);
	}
	return 0;
}
