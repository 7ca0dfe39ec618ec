/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of those who spin before they sleep: senders on one CPU and
 * receivers on another, that have learned to spin for long.
 */
#ifndef PHX_SPIN_H
#define PHX_SPIN_H

#include "phx_call.h"

#include <sys/time.h>

/* The longest the module lets anybody spin, in microseconds. */
#define SPIN_MAX 10000

/*
 * How long it spins is learned from how long it waited: these are so many messages
 * that take so long, in microseconds, that more than half of SPIN_MAX is learned.
 */
#define LESSONS 6
#define LESSON_US 5000

/* What is looked for is a matter of chance: so often it is tried, and found. */
#define TRIES 100
#define FOUND 3

struct spin_params {
	int spin;
	long long send_us, recv_us;
};

static inline int spin_write(struct spin_params p)
{
	return param_write("spin", p.spin) ?: param_write("spin_send_us", p.send_us) ?:
	       param_write("spin_recv_us", p.recv_us);
}

static inline struct spin_params spin_read(void)
{
	return (struct spin_params) {
		.spin = param_read("spin"), .send_us = param_read("spin_send_us"),
		.recv_us = param_read("spin_recv_us"),
	};
}

/* Be on one CPU. Threads and processes that are made from here on are, too. */
static inline int cpu_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Two CPUs that one may be on, false if there is but one. */
static inline bool cpus_get(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return false;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n == 2;
}

/* A server, a file of a sender's, and a CPU for each. */
struct spin_pair {
	int srv, cli;
	__u32 port;
	int send_cpu, recv_cpu;
	struct spin_params before;
};

/* One that checks all it does: a time to spin may be over before anybody looks. */
static inline bool is_slow_kernel(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) ||
	       !access("/sys/kernel/debug/kcsan", F_OK);
}

/* For FIXTURE_SETUP. The test itself is on the receiver's CPU then. */
#define SPIN_PAIR_OR_SKIP(_p) do {						\
	int _cpu[2];								\
										\
	OPEN_OR_SKIP((_p)->srv);						\
	if (!cpus_get(_cpu))							\
		SKIP(return, "nobody spins where there is only one CPU");	\
	(_p)->before = spin_read();						\
	if ((_p)->before.spin < 0 || spin_write((_p)->before))			\
		SKIP(return, "only root may change how long is spun");		\
	(_p)->cli = dev_open(0);						\
	ASSERT_LE(0, (_p)->cli);						\
	ASSERT_EQ(0, port_create((_p)->srv, &(_p)->port));			\
	(_p)->send_cpu = _cpu[0];						\
	(_p)->recv_cpu = _cpu[1];						\
	ASSERT_EQ(0, cpu_pin((_p)->recv_cpu));					\
	call_catch(SIGUSR1, 0);							\
} while (0)

static inline void spin_pair_close(struct spin_pair *p)
{
	if (p->before.spin >= 0)
		spin_write(p->before);
	close(p->cli);
	close(p->srv);
}

static inline __u64 now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Let time go by without sleep. */
static inline void busy(unsigned int us)
{
	__u64 end = now_ns(CLOCK_MONOTONIC) + us * 1000ULL;

	while (now_ns(CLOCK_MONOTONIC) < end)
		;
}

/* Serve so many messages, each of which takes so long. */
static inline int serve(int fd, __u32 port, int n, unsigned int us)
{
	struct phx_ioc_recv got = { .rid = PHX_RID_NONE };
	int err = 0;

	for (; n > 0 && !err; n--) {
		err = msg_respond_recv(fd, port, &got);
		if (!err && us)
			busy(us);
	}
	return err ?: msg_respond(fd, port, &got.msg, got.rid);
}

/* Send so many messages, so long one after the other. */
static inline int send_some(int fd, __u32 port, int n, unsigned int us)
{
	int err = 0;

	for (; n > 0 && !err; n--) {
		struct phx_msg msg = { .type = n };

		if (us)
			busy(us);
		err = msg_send(fd, port, &msg);
	}
	return err;
}

/* Before a call: a sender learns, on CPU @param. The test serves it with teach(). */
static inline void learn(struct call *c)
{
	if (cpu_pin(c->param) || send_some(c->fd, c->send.port, LESSONS, 0))
		abort();
}

static inline int teach(struct spin_pair *p)
{
	return serve(p->srv, p->port, LESSONS, LESSON_US);
}

/* Before a call: a receiver learns. The test sends to it with teach_receiver(). */
static inline void learn_to_receive(struct call *c)
{
	if (cpu_pin(c->param) || serve(c->fd, c->recv.port, LESSONS, 0))
		abort();
}

/* The test goes to the sender's CPU for that and stays there. */
static inline int teach_receiver(struct spin_pair *p)
{
	return cpu_pin(p->send_cpu) ?:
	       send_some(p->cli, p->port, LESSONS, LESSON_US / 2);
}

/* A sender that learns, then makes a call: by a thread, or a process. */
static inline struct call *sender_start(struct spin_pair *p, struct call *c, bool process)
{
	c->before = learn;
	c->param = p->send_cpu;
	return process ? call_process(c) : call_thread(c, p->cli);
}

static inline struct call *receiver_start(struct spin_pair *p, struct call *c)
{
	c->before = learn_to_receive;
	c->param = p->recv_cpu;
	return call_thread(c, p->srv);
}

/* Waits without sleep until the call is made; then, does it spin? */
static inline bool call_spins(struct call *c)
{
	__u64 end = now_ns(CLOCK_MONOTONIC) + CALL_PATIENCE_MS * 1000000ULL;

	while (!atomic_load(&c->tid) && now_ns(CLOCK_MONOTONIC) < end)
		;
	busy(300);
	return call_state(c) == 'R';
}

/* Waits without sleep for a message in the queue, unless its call is over. */
static inline bool message_comes_soon(int fd, struct call *c)
{
	__u64 end = now_ns(CLOCK_MONOTONIC) + CALL_PATIENCE_MS * 1000000ULL;

	while (now_ns(CLOCK_MONOTONIC) < end && !(c && atomic_load(&c->done)))
		if (message_waits(fd))
			return true;
	return false;
}

#endif /* PHX_SPIN_H */
