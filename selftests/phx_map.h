/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of what a message carries: memory with contents that can be
 * told, accesses that may fail, a server with windows, and senders that are
 * processes of their own, because within one process nothing is lent.
 */
#ifndef PHX_MAP_H
#define PHX_MAP_H

#include "phx_test.h"

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define PAGE 4096UL
#define MIB (1UL << 20)

/* A page that is full of one byte no test uses as contents. */
#define CANARY 0xc5

/* Only a hang takes so long, in milliseconds. */
#define PATIENCE_MS 30000

/* For processes and threads of ours, where ASSERT can't be used. */
#define CHECK(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "# %s:%d: in a child: %s (errno %d)\n",		\
			__FILE__, __LINE__, #cond, errno);			\
		_exit(1);							\
	}									\
} while (0)

/* What a child ends with if it can't do what the test is about. */
#define CHILD_SKIP 4

/*
 * Contents: byte @k of memory number @seed. Never 0, so that zeroes are told
 * from it, and no period that has to do with pages.
 */
static inline unsigned char pattern(unsigned int seed, size_t k)
{
	return (k * 7 + k / 251 + seed * 29) % 255 + 1;
}

/* Fill with contents, where @at is byte number @first. */
static inline void fill_from(void *at, size_t n, unsigned int seed, size_t first)
{
	unsigned char *p = at;
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = pattern(seed, first + i);
}

static inline void fill(void *at, size_t n, unsigned int seed)
{
	fill_from(at, n, seed, 0);
}

/* Index of the first byte that is wrong, @n if all are right. */
static inline size_t right_from(const void *at, size_t n, unsigned int seed, size_t first)
{
	const unsigned char *p = at;
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != pattern(seed, first + i))
			break;
	return i;
}

static inline bool holds_from(const void *at, size_t n, unsigned int seed, size_t first)
{
	return right_from(at, n, seed, first) == n;
}

static inline bool holds(const void *at, size_t n, unsigned int seed)
{
	return right_from(at, n, seed, 0) == n;
}

/* Whether all bytes are @c. */
static inline bool all_are(const void *at, size_t n, int c)
{
	const unsigned char *p = at;
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != (unsigned char)c)
			return false;
	return true;
}

static inline size_t page_begin(__u64 at)
{
	return at & ~(PAGE - 1);
}

static inline size_t page_end(__u64 at)
{
	return (at + PAGE - 1) & ~(PAGE - 1);
}

/* Private memory that was never touched; NULL if there is none. */
static inline char *memory(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The same, for all children of this process too, and filled with zeroes. */
static inline void *shared_memory(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static __thread sigjmp_buf probe_env;
static __thread volatile bool probing;

static inline void probe_caught(int sig)
{
	if (probing)
		siglongjmp(probe_env, sig);
	signal(sig, SIG_DFL);
	raise(sig);
}

/*
 * Access a byte: 0, or the signal that it gives. @seen may be NULL; a write
 * changes the byte.
 */
static inline int probe(const void *at, bool write, unsigned char *seen)
{
	struct sigaction sa = { .sa_handler = probe_caught, .sa_flags = SA_NODEFER };
	volatile unsigned char *p = (volatile unsigned char *)at;
	unsigned char byte;
	int sig;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sig = sigsetjmp(probe_env, 0);
	if (!sig) {
		probing = true;
		if (write) {
			*p = CANARY;
		} else {
			byte = *p;
			if (seen)
				*seen = byte;
		}
	}
	probing = false;
	return sig;
}

static inline int probe_read(const void *at)
{
	return probe(at, false, NULL);
}

static inline int probe_write(const void *at)
{
	return probe(at, true, NULL);
}

static inline char *in_of(const struct phx_msg *msg)
{
	return (char *)(uintptr_t)msg->i.data;
}

static inline char *out_of(const struct phx_msg *msg)
{
	return (char *)(uintptr_t)msg->o.data;
}

static inline void to_cpu(long nr)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(nr % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Takes no time at all, or that of a system call, or of several. */
static inline void jitter(unsigned int *seed)
{
	volatile unsigned int n = rand_r(seed) % (1U << rand_r(seed) % 18);

	while (n)
		n--;
}

/* A server: a port, windows, and memory for copies. */
struct server {
	int fd;
	__u32 port;
	struct windows win;
	char *copy;
	size_t copy_size;
};

/* 0 or -errno. @window may be 0. */
static inline int server_open(struct server *srv, size_t window, size_t copy)
{
	int err;

	memset(srv, 0, sizeof(*srv));
	srv->fd = dev_open(0);
	if (srv->fd < 0)
		return srv->fd;
	err = port_create(srv->fd, &srv->port);
	if (!err && window)
		err = windows_map(srv->fd, &srv->win, window);
	srv->copy = memory(copy + PAGE);
	srv->copy_size = copy;
	return err;
}

/* For FIXTURE_SETUP. */
#define SERVER_OR_SKIP(_srv, _window, _copy) do {				\
	int _fd;								\
										\
	OPEN_OR_SKIP(_fd);							\
	close(_fd);								\
	ASSERT_EQ(0, server_open(_srv, _window, _copy));			\
} while (0)

static inline void server_close(struct server *srv)
{
	close(srv->fd);
	if (srv->win.size)
		windows_unmap(&srv->win);
	munmap(srv->copy, srv->copy_size + PAGE);
}

/* Receive with room for copies of @room bytes. */
static inline int server_recv_room(struct server *srv, size_t room, struct phx_ioc_recv *got)
{
	memset(got, 0, sizeof(*got));
	got->rid = PHX_RID_NONE;
	got->buf = room ? addr(srv->copy) : 0;
	got->buf_size = room;
	return msg_recv_arg(srv->fd, srv->port, got);
}

/* Whether a message waits, which it is given some time for. */
static inline bool poll_readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 && pfd.revents & POLLIN;
}

/* Receive so that all is lent. */
static inline int server_recv(struct server *srv, struct phx_ioc_recv *got)
{
	return server_recv_room(srv, 0, got);
}

static inline int server_respond(struct server *srv, const struct phx_ioc_recv *got)
{
	return msg_respond(srv->fd, srv->port, &got->msg, got->rid);
}

/*
 * A process that ends with this one, and with what @fn returns. It does not
 * have @fd, if that is not -1.
 */
static inline pid_t child_run(int fd, int (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (fd >= 0)
		close(fd);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	_exit(fn(arg));
}

/* Send one message through a file of its own. */
static inline int send_buffers(__u32 port, const void *in, size_t in_size,
			       void *out, size_t out_size)
{
	struct phx_msg msg = { .type = 1 };
	int fd = dev_open(0);
	int err;

	if (fd < 0)
		return fd;
	set_input(&msg, in, in_size);
	set_output(&msg, out, out_size);
	err = msg_send(fd, port, &msg);
	close(fd);
	return err;
}

/* Seeds of what is in the buffers. */
enum { SEED_IN = 1, SEED_OUT = 2, SEED_ANSWER = 3, SEED_LATER = 4 };

/* What a sender in a process of its own sends, and what it is to get. */
struct sending {
	__u32 port;
	size_t off;		/* of both buffers, in a page */
	size_t in_size;
	size_t out_size;
	__u64 timeout_ns;
	int result;		/* of the call, 0 or -errno */
	unsigned int answer;	/* seed of the output afterwards; 0 is SEED_ANSWER */
	atomic_int sent;	/* for those in shared memory: the call is over */
};

static inline int sending_main(void *arg)
{
	struct sending *s = arg;
	char *in = memory(s->off + s->in_size + PAGE);
	char *out = memory(s->off + s->out_size + PAGE);
	struct phx_ioc_send send = { .timeout_ns = s->timeout_ns };
	int fd = dev_open(0);
	int err;

	CHECK(in && out && fd >= 0);
	fill(in, s->off + s->in_size + PAGE, SEED_IN);
	fill(out, s->off + s->out_size + PAGE, SEED_OUT);
	set_input(&send.msg, in + s->off, s->in_size);
	set_output(&send.msg, out + s->off, s->out_size);
	err = msg_send_arg(fd, s->port, &send);
	atomic_store(&s->sent, 1);
	if (err != s->result) {
		fprintf(stderr, "# send gave %d instead of %d\n", err, s->result);
		return 1;
	}
	if (!err) {
		CHECK(holds_from(out + s->off, s->out_size, s->answer ? s->answer : SEED_ANSWER,
				 s->answer == SEED_OUT ? s->off : 0));
		CHECK(holds(in, s->off + s->in_size + PAGE, SEED_IN));
		CHECK(holds(out, s->off, SEED_OUT));
		CHECK(holds_from(out + s->off + s->out_size, PAGE, SEED_OUT,
				 s->off + s->out_size));
	}
	return 0;
}

/* What the server must see of it. */
static inline bool sending_is_seen(const struct sending *s, const struct phx_msg *msg)
{
	return msg->i.size == s->in_size && msg->o.size == s->out_size &&
	       holds_from(in_of(msg), s->in_size, SEED_IN, s->off) &&
	       holds_from(out_of(msg), s->out_size, SEED_OUT, s->off);
}

/* Fill the output, then respond. */
static inline int server_answer(struct server *srv, const struct phx_ioc_recv *got)
{
	fill(out_of(&got->msg), got->msg.o.size, SEED_ANSWER);
	return server_respond(srv, got);
}

/* Waits for a flag that another process or thread sets; false is a hang. */
static inline bool wait_for(atomic_int *flag, int value)
{
	int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (atomic_load(flag) == value)
			return true;
		usleep(1000);
	}
	return false;
}

/*
 * Whether a process that slept in a call sleeps still. Whoever ends the call wakes
 * it before going on, so there is nothing to wait for: it would run, or be gone.
 */
static inline bool still_sleeps(pid_t pid)
{
	char state = thread_state(pid);

	return state == 'S' || state == 'D' || state == 'I';
}

/* Waits for the end of a child, and kills it if it does not come. */
static inline int child_end(pid_t pid)
{
	int i, status;

	for (i = 0; i < PATIENCE_MS; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		usleep(1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1000;
}

#endif /* PHX_MAP_H */
