/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What phxbench compares: a client calls a server in another process, in a way
 * that is called a peer.
 *
 * The work is the same for all peers. A message has an input (client to server)
 * and an output (server to client), each of at least one word of 64 bits:
 *
 *   - The client's input lies in a buffer of its own, and its first word is new in
 *     each call. With "fill" the client writes all of the input anew before each
 *     call, wherever the peer wants it.
 *   - With "touch" the server reads all of the input and writes all of the output,
 *     and the client reads all of the output; without, it is the first word of
 *     each. The output's first word depends on what was read and the client
 *     compares it.
 *   - The input has to get to where the server may read it, and keep it, while the
 *     client goes on to use its buffer for something else. The client reads the
 *     output wherever the peer leaves it.
 */
#ifndef PHXBENCH_BENCH_H
#define PHXBENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MESSAGE_MAX	(16UL << 20)	/* bytes of an input, and of an output */
#define PEERS_MAX	16

enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_BOTH, N_DIRECTIONS };
enum placement { PLACEMENT_SAME, PLACEMENT_CROSS, PLACEMENT_FREE, N_PLACEMENTS };
enum spin { SPIN_NEVER, SPIN_ALWAYS, SPIN_PARAMETER };

extern const char *const direction_names[N_DIRECTIONS];
extern const char *const placement_names[N_PLACEMENTS];

/**
 * struct job - what the next messages are like; in memory shared with the server
 * @in_size: bytes of the input, at least a word
 * @out_size: bytes of the output, at least a word
 * @touch: whether all bytes are looked at
 * @awake: for servers that spin: whether they shall; wakes by futex
 * @note: what the server has for the client, such as a port
 */
struct job {
	size_t in_size, out_size;
	bool touch;
	uint32_t awake;
	uint64_t note;
};

/**
 * struct call - one message, in the client
 * @in: the input: what struct peer.room gave, or the client's own buffer
 * @out: the client's buffer for the output
 * @reply: where the output is after the call, @out unless the peer sets it
 */
struct call {
	const void *in;
	void *out;
	const void *reply;
};

/**
 * struct peer - one way to call
 * @name: as in the outputs
 * @heading: of its column, two lines of at most 7 characters
 * @spin: does whoever waits for the other spin before it sleeps?
 * @obstacle: why it can't be used here, as a sentence; NULL if it can. May be NULL
 * @left_out: why a job can't be done, as the end of a sentence; NULL if it can. May
 *	      be NULL
 * @prepare: before the server is forked; 0 or a negative errno. May be NULL
 * @serve: in the server: calls ready(), then serves; returns a negative errno
 * @connect: in the client, once, when the server is ready; 0 or a negative errno.
 *	     May be NULL
 * @begin: in the client, before messages of a new job. May be NULL
 * @room: where the client can make its input so that it needs no copy. May be NULL
 * @call: in the client: a message; 0 or a negative errno
 * @explain: what to do about an errno of those above; NULL if it says enough. May
 *	     be NULL
 */
struct peer {
	const char *name;
	const char *heading[2];
	enum spin spin;
	const char *(*obstacle)(void);
	const char *(*left_out)(const struct job *job, enum placement placement);
	int (*prepare)(void);
	int (*serve)(struct job *job, int (*ready)(void));
	int (*connect)(struct job *job, pid_t server);
	int (*begin)(const struct job *job, const void *in, void *out);
	void *(*room)(void);
	int (*call)(const struct job *job, struct call *call);
	const char *(*explain)(int error);
};

extern const struct peer peer_phxport, peer_registered, peer_pipe, peer_unix_stream,
	peer_unix_seqpacket, peer_mqueue, peer_cma, peer_binder, peer_shm_futex,
	peer_shm_spin;

extern const struct peer *const peers[];
extern const size_t n_peers;

/* The largest input and output of this run, in whole pages; buffers have that. */
extern size_t buffer_size;
extern bool huge_pages;		/* for those of a client and a server */

void *buffer_new(void);
const char *peer_explain(const struct peer *peer, int error);
long number_in_file(const char *path, long otherwise);

int latency_main(int argc, char **argv);

#endif
