/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of messages whose buffers have huge pages: a server with windows
 * in a place of its choice, and senders with memory of all kinds.
 */
#ifndef PHX_HUGE_H
#define PHX_HUGE_H

#include "phx_map.h"

#include <sys/utsname.h>

#define HUGE (2 * MIB)

/* Of a sender's memory, for each direction. */
#define ROOM (10 * MIB)
#define ROOM_HUGETLB (4 * MIB)

/* Of each window. What may have huge pages goes to its upper half. */
#define WINDOW (96 * MIB)

enum kind {
	THP,		/* transparent huge pages */
	PARTLY,		/* the same, but for each second of them */
	HUGETLB,
	SMALL,		/* no huge pages */
};

/* What a sender in a process of its own sends; in shared memory. */
struct huge {
	__u32 port;
	enum kind kind;
	size_t off;			/* of both buffers, from a huge page's begin */
	size_t in_size, out_size;
	__u64 timeout_ns;		/* copies are lent then */
	int result;			/* of the call */
	unsigned int answer;		/* seed of the output then, 0 is SEED_ANSWER */
	void (*meddle)(struct huge *huge);	/* in another thread during the call */
	char *in, *out;			/* in the sender */
	atomic_int go, done;		/* of the meddling */
};

/* Why huge pages are not lent as such, NULL if they are. */
static inline const char *no_huge(void)
{
	int major = 0, minor = 0;
	struct utsname name;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		return "this kernel has no transparent huge pages";
	if (uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2 ||
	    major < 6 || (major == 6 && minor < 12))
		return "before Linux 6.12 huge pages are lent as small ones";
	return NULL;
}

/* Memory that begins with a huge page's begin, and nothing is in it yet. */
static inline char *aligned_memory(size_t n)
{
	char *p = memory(n + HUGE);

	return p ? (char *)((addr(p) + HUGE - 1) & ~(HUGE - 1)) : NULL;
}

static inline size_t room_of(enum kind kind)
{
	return kind == HUGETLB ? ROOM_HUGETLB : ROOM;
}

/* Memory of a kind, or NULL. */
static inline char *make_room(enum kind kind)
{
	char *p;
	size_t i;

	if (kind == HUGETLB) {
		p = mmap(NULL, ROOM_HUGETLB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		return p == MAP_FAILED ? NULL : p;
	}
	p = aligned_memory(ROOM);
	for (i = 0; p && i < ROOM; i += HUGE) {
		bool huge = kind == THP || (kind == PARTLY && i / HUGE % 2 == 0);

		/* Without any in the kernel, advice is refused. */
		madvise(p + i, HUGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	}
	return p;
}

static inline void *meddle_main(void *arg)
{
	struct huge *huge = arg;

	CHECK(wait_for(&huge->go, 1));
	huge->meddle(huge);
	atomic_store(&huge->done, 1);
	return NULL;
}

/* The rest of the memory, and the input, are as they were. */
static inline void check_rest(const struct huge *h)
{
	size_t room = room_of(h->kind), end = h->off + h->out_size;

	CHECK(holds(h->in, room, SEED_IN));
	CHECK(holds(h->out, h->off, SEED_OUT));
	CHECK(holds_from(h->out + end, room - end, SEED_OUT, end));
}

/* Ends with CHILD_SKIP if there is no such memory. */
static inline int huge_main(void *arg)
{
	struct huge *h = arg;
	struct phx_ioc_send send = { .timeout_ns = h->timeout_ns };
	pthread_t thread;
	int fd = dev_open(0), err;

	h->in = make_room(h->kind);
	h->out = make_room(h->kind);
	if (!h->in || !h->out)
		return CHILD_SKIP;
	fill(h->in, room_of(h->kind), SEED_IN);
	fill(h->out, room_of(h->kind), SEED_OUT);
	if (h->meddle)
		CHECK(!pthread_create(&thread, NULL, meddle_main, h));
	set_input(&send.msg, h->in + h->off, h->in_size);
	set_output(&send.msg, h->out + h->off, h->out_size);
	err = msg_send_arg(fd, h->port, &send);
	if (err != h->result) {
		fprintf(stderr, "# send gave %d instead of %d\n", err, h->result);
		return 1;
	}
	if (h->meddle)
		return 0;
	check_rest(h);
	if (h->answer == SEED_OUT)
		CHECK(holds_from(h->out + h->off, h->out_size, SEED_OUT, h->off));
	else
		CHECK(holds(h->out + h->off, h->out_size, h->answer ?: SEED_ANSWER));
	return 0;
}

/* Whether the server sees the message, and beside it nothing. */
static inline bool huge_is_seen(const struct huge *h, const struct phx_msg *msg)
{
	size_t i, at[2] = { msg->i.data, msg->o.data }, size[2] = { h->in_size, h->out_size };

	for (i = 0; i < 2; i++) {
		size_t end = at[i] + size[i];

		if (size[i] && (!all_are((void *)page_begin(at[i]), at[i] % PAGE, 0) ||
				!all_are((void *)end, page_end(end) - end, 0)))
			return false;
	}
	return msg->i.size == h->in_size && msg->o.size == h->out_size &&
	       holds_from(in_of(msg), h->in_size, SEED_IN, h->off) &&
	       holds_from(out_of(msg), h->out_size, SEED_OUT, h->off);
}

/*
 * Windows that begin so many bytes beside a place that is aligned as tables of
 * huge pages are: where that is differs from run to run otherwise.
 */
static inline int windows_map_at(struct server *srv, long off, size_t size)
{
	const size_t gib = 1024 * MIB;
	char *room = mmap(NULL, 6 * gib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	char *at = (char *)((addr(room) + 2 * gib - 1) & ~(gib - 1)) + off;
	int flags = MAP_SHARED | MAP_FIXED;

	if (room == MAP_FAILED)
		return -errno;
	srv->win.size = size;
	srv->win.in = mmap(at, size, PROT_READ, flags, srv->fd, PHX_WINDOW_INPUT);
	srv->win.out = mmap(at + 2 * gib, size, PROT_READ | PROT_WRITE, flags, srv->fd,
			    PHX_WINDOW_OUTPUT);
	return srv->win.in == MAP_FAILED || srv->win.out == MAP_FAILED ? -errno : 0;
}

/* Whether a message comes, or the sender ends because it can't. */
static inline bool huge_comes(const struct server *srv, pid_t sender)
{
	int i, status;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (poll_readable(srv->fd, 1))
			return true;
		if (waitpid(sender, &status, WNOHANG) == sender)
			return false;
	}
	return false;
}

/* In a test: have one sent and received. Skips if there is no such memory. */
#define RECEIVE(_srv, _what, _sender, _got) do {				\
	*(_sender) = child_run((_srv)->fd, huge_main, _what);			\
	if (!huge_comes(_srv, *(_sender)))					\
		SKIP(return, "there are too few huge pages");			\
	ASSERT_EQ(0, server_recv(_srv, _got));					\
} while (0)

#endif /* PHX_HUGE_H */
