/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phxfuzz: everything that the device can be asked for, by several processes and
 * threads at once, with arguments of which many are wrong.
 *
 * A program (program.c, text.c) is a list of calls, each for one lane. A lane is a
 * thread of a world (world.c), and a world is a process with two clients, ports,
 * windows, messages that it holds and memory that it sends. In a round all worlds
 * run one program, each lane its own calls one after the other; then the worlds give
 * back all they have, and the counters of the module must be what they were.
 * Programs that reach something new (cover.c) are kept and changed for later rounds
 * (corpus.c).
 *
 * What is checked (message.c): no message is received or answered twice, an answer
 * is that to its question, contents arrive, an input is never changed and nothing
 * beside an output, and once send() returned nobody writes to the sender's memory.
 *
 * Lanes run as they like. So a seed gives the same programs, as long as what they
 * reach is the same, but not the same races.
 */
#ifndef FUZZ_H
#define FUZZ_H

#define PHX_NO_HARNESS
#include "../phx_map.h"

#include <limits.h>
#include <semaphore.h>

#define FZ_PROCS	3
#define FZ_THREADS	2
#define FZ_LANES	(FZ_PROCS * FZ_THREADS)
#define FZ_CLIENTS	2
#define FZ_PORTS	8
#define FZ_RIDS		8
#define FZ_REGIONS	4
#define FZ_CALLS	40
#define FZ_ARGS		12
#define FZ_SEQS		128

/* Of the memory that a lane sends: what is behind it is no memory for 2 GiB. */
#define FZ_MEMORY	(24 * PAGE)
#define FZ_ROOM		(64 * PAGE)

/* How a world ends if a lane does not come back, and if one says so. */
#define FZ_EXIT_STUCK	3
#define FZ_EXIT_DIE	4

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))

/* Each thing that a program may reach is one of these bits. */
#define FZ_SIGNALS	(1U << 18)
/* Addresses in the module, from its begin. */
#define FZ_PCS		(1U << 20)

/* What an argument is; it tells which values make sense. */
enum fz_kind {
	FZ_NONE,
	FZ_CLIENT,	/* one of the world's */
	FZ_PORT,	/* a slot of shared->ports, above that a number */
	FZ_RID,		/* a slot of world.held, then others' slots, above a number */
	FZ_REGION,	/* a slot of world.regions, above a number */
	FZ_BITS,	/* flags */
	FZ_LEN,		/* of memory */
	FZ_OFF,		/* in memory */
	FZ_WHERE,	/* enum fz_where */
	FZ_TIME,	/* microseconds */
	FZ_CHOICE,	/* one of a few */
	FZ_ANY,
};

enum fz_where {
	FZ_NOWHERE,
	FZ_OWN,		/* the lane's memory, whose contents are known */
	FZ_SCRATCH,	/* its other memory, with which anything may happen */
	FZ_HELD_IN,	/* what a held message lends to us */
	FZ_HELD_OUT,
	FZ_WINDOW,	/* anywhere in the window for inputs */
	FZ_REGISTERED,	/* what regions are made of */
	FZ_READ_ONLY,
	FZ_ARGUMENT,	/* the call's own structure */
	FZ_WILD,	/* no memory of a process */
	FZ_WHERES
};

/* Where the structure of a call lies. */
enum fz_place {
	FZ_PLACE_FINE,
	FZ_PLACE_CUT,		/* its end is no memory */
	FZ_PLACE_GONE,		/* nothing of it is */
	FZ_PLACE_READ_ONLY,
	FZ_PLACES
};

/**
 * struct fz_call - a call
 * @op: index of fz_ops
 * @lane: who makes it
 * @place: enum fz_place
 * @mutate: others write to its structure and its memory meanwhile
 * @fail: which allocation, pin or copy in it fails, 0 none; where kernels can
 * @size: what it says is the size of its structure; 0 is the right one
 * @arg: arguments, as the op has them
 */
struct fz_call {
	unsigned int op;
	unsigned int lane;
	unsigned int place;
	unsigned int mutate;
	unsigned int fail;
	unsigned int size;
	__u64 arg[FZ_ARGS];
};

struct fz_program {
	unsigned int nr;
	struct fz_call call[FZ_CALLS];
};

struct fz_lane;

struct fz_arg {
	const char *name;
	enum fz_kind kind;
	__u64 max;	/* of bits and choices */
};

/**
 * struct fz_op - what a call can do
 * @name: in a program's text
 * @weight: how often it is chosen
 * @run: does it
 * @arg: its arguments
 */
struct fz_op {
	const char *name;
	unsigned int weight;
	void (*run)(struct fz_lane *lane, const struct fz_call *call);
	struct fz_arg arg[FZ_ARGS];
};

/* How many of one thing there were. */
enum fz_count {
	FZ_COUNT_CALLS,
	FZ_COUNT_MESSAGES,	/* answered */
	FZ_COUNT_CONTENTS,	/* buffers that were compared */
	FZ_COUNT_FAULTS,	/* calls in which something was made to fail */
	FZ_COUNT_MUTATIONS,	/* calls whose structure or memory was changed meanwhile */
	FZ_COUNT_PCS,		/* addresses in the module that were reached */
	FZ_COUNT_STUCK,		/* worlds that ended because a lane did not come back */
	FZ_COUNT_NR
};

/**
 * struct fz_shared - what all worlds and the parent share
 * @program: of this round
 * @seed: of the run
 * @round: number of the round
 * @spoil: lanes spoil their own memory
 * @go, @done: a world is to begin; it has given back all
 * @pids: of the worlds
 * @left: lanes of a world that have calls to make
 * @ports: numbers of ports
 * @rids: that worlds have, for others to try
 * @received, @answered: how often each message was
 * @count: see above
 * @fresh: things that this round reached first
 * @seen, @pcs: all that was reached
 * @failed, @why: what is wrong
 */
struct fz_shared {
	struct fz_program program;
	unsigned int seed;
	unsigned int round;
	bool spoil;
	sem_t go[FZ_PROCS], done[FZ_PROCS];
	pid_t pids[FZ_PROCS];
	atomic_int left[FZ_PROCS];
	_Atomic __u32 ports[FZ_PORTS];
	atomic_int rids[FZ_PROCS][FZ_RIDS];
	atomic_uchar received[FZ_LANES][FZ_SEQS], answered[FZ_LANES][FZ_SEQS];
	atomic_ullong count[FZ_COUNT_NR];
	atomic_uint fresh;
	atomic_uchar seen[FZ_SIGNALS / 8];
	atomic_uchar pcs[FZ_PCS / 8];
	atomic_int failed;
	char why[400];
};

/* Where a world has a message that it received. */
enum fz_held_state { FZ_FREE, FZ_RESERVED, FZ_HELD };

struct fz_held {
	enum fz_held_state state;
	int client;
	__u32 port;
	int rid;
	int lane, seq;		/* who sent it, and which; -1 if that is not known */
	__u64 cookie;
	struct phx_ioc_recv got;
	char *copies;		/* memory for it */
};

/* Its windows are mapped in @room, if they are. */
struct fz_client {
	atomic_int fd;
	char *room[2];
	bool mapped[2];
};

/* What one lane has in a call that others may spoil, and whether one did. */
struct fz_target {
	char *_Atomic at;
	atomic_size_t len;
	atomic_bool spoiled;
};

/**
 * struct fz_lane - a thread
 * @nr: number of it among all
 * @tid: its thread
 * @go, @done: it is to begin; it made all its calls
 * @rand: for what is not in the program
 * @seq: messages sent in this round
 * @call: a page for structures, followed by what is no memory
 * @in, @out: what it sends, all of it FZ_CANARY when it does not
 * @scratch: what else it sends
 * @target: what others may write to now
 * @cover: what the kernel tells of where it was, or NULL
 * @fail_fd: makes a later step of a call fail, or -1
 * @arming: of @failing, and held while it gets a signal
 * @failing: it does
 */
struct fz_lane {
	int nr;
	pid_t tid;
	pthread_t thread;
	sem_t go, done;
	unsigned int rand;
	int seq;
	char *call;
	char *in, *out, *scratch;
	struct fz_target target[2];
	unsigned long *cover;
	int fail_fd;
	pthread_mutex_t arming;
	bool failing;
};

/**
 * struct fz_world - a process
 * @nr: number
 * @client: its clients
 * @lock: of @held and @regions
 * @still: held by whoever writes to what was received, compares it, or changes
 *	   windows; so that what is compared can't be changed by this world
 * @relending: sends that lend on an output, which others then write to
 * @disturbed: counts whatever may write to an output that is not known yet
 * @held: messages received, or NULL
 * @regions: numbers of registered buffers
 * @registered: what they are made of
 * @read_only: memory that can be read
 * @elsewhere: where windows may be mapped, too
 * @epoll: watches clients, or -1
 */
struct fz_world {
	int nr;
	struct fz_client client[FZ_CLIENTS];
	pthread_mutex_t lock;
	pthread_mutex_t still;
	atomic_int relending;
	atomic_uint disturbed;
	struct fz_held held[FZ_RIDS];
	atomic_int regions[FZ_REGIONS];
	char *registered;
	char *read_only;
	char *elsewhere;
	atomic_int epoll;
	struct fz_lane lane[FZ_THREADS];
};

extern struct fz_shared *shared;
extern struct fz_world world;
extern const struct fz_op fz_ops[];
extern const unsigned int fz_nr_ops;

/* Random numbers that are the same everywhere. */
static inline unsigned int fz_rand(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static inline unsigned int fz_below(unsigned int *state, unsigned int n)
{
	return n ? fz_rand(state) % n : 0;
}

static inline bool fz_one_in(unsigned int *state, unsigned int n)
{
	return !fz_below(state, n);
}

static inline void fz_count(enum fz_count what)
{
	atomic_fetch_add_explicit(&shared->count[what], 1, memory_order_relaxed);
}

/* fuzz.c */
void fz_fail(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

/* program.c */
void fz_generate(struct fz_program *p, unsigned int *rand);
void fz_mutate(struct fz_program *p, const struct fz_program *other, unsigned int *rand);

/* text.c */
void fz_print(FILE *f, const struct fz_program *p);
int fz_parse(FILE *f, struct fz_program *p);

/* corpus.c */
void fz_corpus_load(const char *dir);
const struct fz_program *fz_corpus_next(void);
void fz_corpus_keep(const struct fz_program *p);
void fz_corpus_choose(struct fz_program *p, unsigned int *rand);
unsigned int fz_corpus_size(void);

/* cover.c */
void fz_cover_open(struct fz_lane *lane);
void fz_cover_begin(struct fz_lane *lane);
void fz_cover_end(struct fz_lane *lane);
void fz_signal(__u64 what);
unsigned int fz_signals(void);
void fz_cover_module(void);

/* world.c */
int fz_world_main(void *nr);
int fz_fd(unsigned int client);
int fz_client_open(unsigned int client);
void fz_no_window(unsigned int client, int dir);
int fz_map_window(unsigned int client, int dir);

/* lane.c */
void *fz_lane_main(void *arg);
void *fz_give(struct fz_lane *lane, const struct fz_call *call, void *arg, size_t size);
void fz_take(const struct fz_call *call, const void *user, void *arg, size_t size);
int fz_ioctl(struct fz_lane *lane, const struct fz_call *call, int fd, unsigned long cmd,
	     void *user, size_t size);
void fz_enter(struct fz_lane *lane, const struct fz_call *call);
void fz_enter_failing(struct fz_lane *lane, const struct fz_call *call);
void fz_nudge(struct fz_lane *lane);
int fz_leave(struct fz_lane *lane, const struct fz_call *call, int err);
__u32 fz_port(__u64 arg);

/* memory.c */
#define FZ_CANARY 0xa7
void fz_fill(char *at, size_t n, __u64 cookie);
bool fz_holds(const char *at, size_t n, __u64 cookie);
bool fz_is_canary(const char *at, size_t n);
char *fz_reserve(size_t n);
char *fz_memory(size_t n);
char *fz_where(struct fz_lane *lane, unsigned int where, bool out, __u64 off, void *arg);
bool fz_in_input_window(const char *at);
void fz_try_init(void);
bool fz_can_read(char *at);
bool fz_can_write(char *at);
bool fz_try(bool (*fn)(void *arg), void *arg);

/* receive.c */
void fz_answer_all(void);

/* message.c */
void fz_run_send(struct fz_lane *lane, const struct fz_call *call);
void fz_run_recv(struct fz_lane *lane, const struct fz_call *call);
void fz_run_respond(struct fz_lane *lane, const struct fz_call *call);
void fz_run_respond_recv(struct fz_lane *lane, const struct fz_call *call);
void fz_check_still(struct fz_lane *lane);

/* calls.c */
void fz_run_info(struct fz_lane *lane, const struct fz_call *call);
void fz_run_port_create(struct fz_lane *lane, const struct fz_call *call);
void fz_run_port_destroy(struct fz_lane *lane, const struct fz_call *call);
void fz_run_name(struct fz_lane *lane, const struct fz_call *call);
void fz_run_register(struct fz_lane *lane, const struct fz_call *call);
void fz_run_unregister(struct fz_lane *lane, const struct fz_call *call);
void fz_run_ioctl(struct fz_lane *lane, const struct fz_call *call);
void fz_run_poll(struct fz_lane *lane, const struct fz_call *call);
void fz_run_epoll(struct fz_lane *lane, const struct fz_call *call);
void fz_run_reopen(struct fz_lane *lane, const struct fz_call *call);

/* windows.c */
void fz_run_map(struct fz_lane *lane, const struct fz_call *call);
void fz_run_unmap(struct fz_lane *lane, const struct fz_call *call);
void fz_run_change(struct fz_lane *lane, const struct fz_call *call);
void fz_run_touch(struct fz_lane *lane, const struct fz_call *call);
void fz_run_reach(struct fz_lane *lane, const struct fz_call *call);
void fz_run_memory(struct fz_lane *lane, const struct fz_call *call);
void fz_run_fork(struct fz_lane *lane, const struct fz_call *call);
void fz_run_die(struct fz_lane *lane, const struct fz_call *call);
void fz_run_pause(struct fz_lane *lane, const struct fz_call *call);

#endif /* FUZZ_H */
