/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stage on which a client, a server and a forwarder, each a process with a thread
 * that acts and one that gets orders, are brought into some state, in which one of
 * them meets its end; for the tests of kills.
 *
 * A stage and its actors lie in memory that all of them share. What an actor
 * finds wrong it prints, and tells the stage.
 */
#ifndef PHX_STAGE_H
#define PHX_STAGE_H

#include "phx_map.h"

#include <linux/futex.h>
#include <limits.h>

enum role { CLIENT, SERVER, FORWARDER, ROLES };

enum order {
	ORDER_NONE,
	ORDER_EXIT,	/* end the process, while its other thread is busy */
	ORDER_EXEC,	/* become another program that way */
	ORDER_EAT,	/* use memory until the kernel has none left for it */
	ORDER_CLOSE,	/* close the file */
	ORDER_END,	/* come to a good end */
};

/* Bytes of each buffer, and where it begins in a page. */
#define BUF_OFF 104
#define BUF_LEN (3 * PAGE + 800)
#define BUF_SPAN (5 * PAGE)
#define COPY_LEN 2400
#define STAGE_WINDOW (256 * PAGE)

struct stage;

/**
 * struct actor - one process
 * @stage: where
 * @role: what it is
 * @pid: of the process
 * @fd: its file of the device
 * @port: number of its port, 0 if it has none yet
 * @tid: of the thread that acts
 * @steps: how far that has come
 * @ended: that it is over
 * @order: what the other thread is to do, an enum order
 * @closed: it closed the file, or is just about to
 * @arrived: the file is closed, or the thread that acts met SIGUSR2
 * @stop: nothing more is to be begun
 * @signalled: SIGUSR2 was sent to that thread
 * @heirs: threads that came after the first
 * @held: the message that it has, if @held.rid is not PHX_RID_NONE
 * @copy: memory for copies
 */
struct actor {
	struct stage *stage;
	enum role role;
	pid_t pid;
	int fd;
	atomic_uint port;
	atomic_int tid;
	atomic_int steps, ended, order, closed, arrived, stop;
	bool signalled;
	int heirs;
	struct phx_ioc_recv held;
	char *copy;
};

/**
 * struct state - where the end comes
 * @name: of the state
 * @client: what the client does, NULL if there is none
 * @server: what the server does
 * @forwarder: what the one between them does, NULL if there is none
 * @copy: buffers are copied, not lent
 * @registered: they are registered
 * @moving: it goes on and on, and the end comes at some moment
 * @alone: nothing else is to run, or it would not come about
 * @reached: who has come so far when it is reached
 * @asleep: and sleeps
 * @pause_us: between two messages, in microseconds
 */
struct state {
	const char *name;
	void (*client)(struct actor *a);
	void (*server)(struct actor *a);
	void (*forwarder)(struct actor *a);
	bool copy, registered, moving, alone;
	enum role reached;
	bool asleep;
	unsigned int pause_us;
};

/**
 * struct stage - what they share
 * @state: the state
 * @actors: who is there
 * @go_on: the end has come; who is left goes on
 * @may_fail: whose end others may notice
 * @starved: who gets no more memory
 * @wrong: things that were found wrong
 * @messages: messages that were answered
 */
struct stage {
	const struct state *state;
	struct actor actors[ROLES];
	atomic_int go_on;
	bool may_fail[ROLES];
	atomic_bool starved[ROLES];
	atomic_int wrong;
	atomic_long messages;
};

#define RIGHT(_stage, _cond, _value) do {					\
	if (!(_cond)) {								\
		fprintf(stderr, "# %s:%d: %s, but it is %ld\n", __FILE__,	\
			__LINE__, #_cond, (long)(_value));			\
		atomic_fetch_add(&(_stage)->wrong, 1);				\
	}									\
} while (0)

/* Returns whether it is set; if not, a signal came. */
static inline bool flag_wait(atomic_int *flag)
{
	while (!atomic_load(flag))
		if (syscall(SYS_futex, flag, FUTEX_WAIT, 0, NULL, NULL, 0) && errno == EINTR)
			return false;
	return true;
}

static inline void flag_set(atomic_int *flag, int value)
{
	atomic_store(flag, value);
	syscall(SYS_futex, flag, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Contents of a buffer, by words: bytes would take too long for so many messages. */
static inline void words_fill(void *at, size_t len, __u64 seed)
{
	__u64 *word = at;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++)
		word[i] = seed * 0x9e3779b97f4a7c15ULL + i;
}

static inline bool words_hold(const void *at, size_t len, __u64 seed)
{
	const __u64 *word = at;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++)
		if (word[i] != seed * 0x9e3779b97f4a7c15ULL + i)
			return false;
	return true;
}

/* When a server dies some of its answer may be there, but nothing else. */
static inline bool words_hold_either(const void *at, size_t len, __u64 seed, __u64 other)
{
	const __u64 *word = at;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++)
		if (word[i] != seed * 0x9e3779b97f4a7c15ULL + i &&
		    word[i] != other * 0x9e3779b97f4a7c15ULL + i)
			return false;
	return true;
}

/* The seeds of what is sent, of what is there for the answer, and of the answer. */
enum { TO_SEND = 0, TO_BE_ANSWERED = 1, ANSWER = 2 };

static inline __u64 seed_of(const struct phx_msg *msg)
{
	__u64 seed;

	memcpy(&seed, msg->i.raw, sizeof(seed));
	return seed;
}

/* Is what was received what was sent? */
static inline bool message_is_right(const struct phx_msg *msg)
{
	return words_hold(in_of(msg), msg->i.size, seed_of(msg) + TO_SEND) &&
	       words_hold(out_of(msg), msg->o.size, seed_of(msg) + TO_BE_ANSWERED);
}

static inline void message_answer(const struct phx_msg *msg)
{
	words_fill(out_of(msg), msg->o.size, seed_of(msg) + ANSWER);
}

static struct actor *actor_mine;

static inline void actor_on_signal(int sig)
{
	if (sig == SIGUSR2)
		atomic_store(&actor_mine->arrived, 1);
}

/* Who closes its file loses what was lent to it, and may be looking at it. */
static inline void actor_on_sigbus(int sig)
{
	if (actor_mine && atomic_load(&actor_mine->closed)) {
		flag_set(&actor_mine->ended, 1);
		syscall(SYS_exit, 0);
	}
	signal(SIGBUS, SIG_DFL);
}

/*
 * A thread that acts. A server's may end before all is over, because of a signal:
 * then another one takes its place, and finds what it held.
 */
static inline void *actor_thread(void *arg)
{
	struct actor *a = arg;
	const struct state *state = a->stage->state;
	void (*const acts[ROLES])(struct actor *a) = {
		[CLIENT] = state->client, [SERVER] = state->server,
		[FORWARDER] = state->forwarder,
	};
	pthread_t heir;

	atomic_store(&a->tid, (pid_t)syscall(SYS_gettid));
	acts[a->role](a);
	if (a->role != CLIENT && !atomic_load(&a->stop) && !atomic_load(&a->closed) &&
	    !a->heirs++)
		CHECK(!pthread_create(&heir, NULL, actor_thread, a));
	else
		flag_set(&a->ended, 1);
	return NULL;
}

static inline void actor_eat(void)
{
	for (;;) {
		char *mem = memory(MIB);

		if (mem)
			memset(mem, 1, MIB);
	}
}

/* Its calls end for lack of a port, and if that is of no use by signals. */
static inline void actor_end(struct actor *a)
{
	atomic_store(&a->stop, 1);
	if (a->role != CLIENT && !atomic_load(&a->closed))
		port_destroy(a->fd, atomic_load(&a->port));
	while (!atomic_load(&a->ended)) {
		if (a->role != CLIENT)
			syscall(SYS_tgkill, getpid(), (pid_t)a->tid, SIGUSR1);
		usleep(500);
	}
	_exit(0);
}

static inline void actor_obey(struct actor *a, enum order order)
{
	switch (order) {
	case ORDER_EXIT:
		_exit(0);
	case ORDER_EXEC:
		execl("/proc/self/exe", "gone", "--gone", NULL);
		_exit(1);
	case ORDER_EAT:
		actor_eat();
		break;
	case ORDER_CLOSE:
		atomic_store(&a->closed, 1);
		close(a->fd);
		atomic_store(&a->arrived, 1);
		break;
	case ORDER_END:
		actor_end(a);
		break;
	default:
		break;
	}
}

static inline void actor_open(struct actor *a)
{
	struct windows win;
	__u32 port;

	a->fd = dev_open(0);
	a->held.rid = PHX_RID_NONE;
	a->copy = memory(BUF_SPAN * 2);
	CHECK(a->fd >= 0 && a->copy);
	if (a->role == CLIENT)
		return;
	CHECK(!port_create_flags(a->fd, PHX_PORT_BUFFERS, &port));
	CHECK(!windows_map(a->fd, &win, STAGE_WINDOW));
	atomic_store(&a->port, port);
}

static inline int actor_main(void *arg)
{
	struct sigaction sa = { .sa_handler = actor_on_signal };
	struct actor *a = arg;
	pthread_t thread;
	int order;

	actor_mine = a;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	signal(SIGBUS, actor_on_sigbus);
	actor_open(a);
	CHECK(!pthread_create(&thread, NULL, actor_thread, a));
	for (;;) {
		while (!flag_wait(&a->order))
			;
		order = atomic_exchange(&a->order, ORDER_NONE);
		actor_obey(a, order);
	}
}

static inline void actor_start(struct stage *stage, enum role role)
{
	struct actor *a = &stage->actors[role];

	a->stage = stage;
	a->role = role;
	a->pid = child_run(-1, actor_main, a);
}

#endif /* PHX_STAGE_H */
