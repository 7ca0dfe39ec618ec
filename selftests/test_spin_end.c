// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever may end a wait, while who waits does not sleep but spins: signals, time
 * limits, the end of the port or of either side. The same rules hold.
 *
 * Whether it spins just then is a matter of chance, so each test does it again
 * until it was seen to, a few times.
 */
#include "phx_spin.h"

#define TIME_LIMIT 2000000ULL	/* while it spins, see LESSONS */

FIXTURE(spinning) {
	struct spin_pair p;
};

FIXTURE_SETUP(spinning)
{
	SPIN_PAIR_OR_SKIP(&self->p);
	ASSERT_EQ(0, spin_write((struct spin_params) { 1, SPIN_MAX, 0 }));
}

FIXTURE_TEARDOWN(spinning)
{
	spin_pair_close(&self->p);
}

/* A message of a sender, and whether that was seen to spin. */
struct flight {
	struct call *c;
	bool spun;
	struct phx_msg msg;
	int rid;
};

/*
 * Sent, and as yet not received: the sender spins because the server, which is
 * the test, runs elsewhere and may take it any moment.
 */
static void fly(struct __test_metadata *_metadata, struct spin_pair *p, struct flight *f,
		bool process, __u64 timeout_ns)
{
	f->c = call_send(p->port);
	f->c->send.timeout_ns = timeout_ns;
	f->c->signals = 0;
	sender_start(p, f->c, process);
	ASSERT_EQ(0, teach(p));
	f->spun = message_comes_soon(p->srv, f->c) && call_state(f->c) == 'R';
	/* Its time may be over by now. */
	ASSERT_TRUE(message_waits(p->srv) || timeout_ns);
}

/* The same, and received. */
static void fly_taken(struct __test_metadata *_metadata, struct spin_pair *p,
		      struct flight *f, bool process)
{
	fly(_metadata, p, f, process, 0);
	ASSERT_EQ(0, msg_recv(p->srv, p->port, &f->msg, &f->rid));
	f->spun = call_state(f->c) == 'R';
}

/* Does its body until what it is about was seen to spin a few times. */
#define AGAIN(_f, _seen) \
	for (int _i = 0, _seen = 0; _again(_metadata, _i, _seen); _seen += (_f).spun, _i++)

static bool _again(struct __test_metadata *_metadata, int tried, int seen)
{
	if (tried < TRIES)
		return seen < FOUND;
	if (!seen && __test_passed(_metadata) && is_slow_kernel())
		SKIP(return false, "in %d tries nobody was seen to spin on this slow kernel",
		     tried);
	EXPECT_LT(0, seen) {
		TH_LOG("in %d tries nobody was seen to spin", tried);
	}
	return false;
}

TEST_F_TIMEOUT(spinning, queued_sender_gets_a_signal, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly(_metadata, &self->p, &f, seen & 1, 0);
		call_signal(f.c, SIGUSR1);
		EXPECT_ERR(EINTR, call_end(f.c));
		EXPECT_EQ(1, f.c->signals);
		EXPECT_ERR(EAGAIN, msg_recv_now(self->p.srv, self->p.port, &f.msg, &f.rid));
		call_free(f.c);
	}
}

TEST_F_TIMEOUT(spinning, taken_sender_gets_a_signal, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly_taken(_metadata, &self->p, &f, seen & 1);
		call_signal(f.c, SIGUSR1);
		EXPECT_TRUE(call_minds_no_signal(f.c));
		EXPECT_EQ(0, f.c->signals);
		f.msg.o.err = 3;
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		EXPECT_EQ(0, call_end(f.c));
		EXPECT_EQ(3, f.c->send.msg.o.err);
		EXPECT_TRUE(call_was_signalled(f.c));
		call_free(f.c);
	}
}

TEST_F_TIMEOUT(spinning, queued_sender_is_killed, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly(_metadata, &self->p, &f, true, 0);
		EXPECT_EQ(-1000 - SIGKILL, call_kill(f.c));
		EXPECT_ERR(EAGAIN, msg_recv_now(self->p.srv, self->p.port, &f.msg, &f.rid));
		call_free(f.c);
	}
}

TEST_F_TIMEOUT(spinning, taken_sender_is_killed, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly_taken(_metadata, &self->p, &f, true);
		EXPECT_EQ(-1000 - SIGKILL, call_kill(f.c));
		EXPECT_ERR(ESRCH, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		call_free(f.c);
	}
}

TEST_F_TIMEOUT(spinning, queued_sender_is_stopped, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly(_metadata, &self->p, &f, true, 0);
		kill(f.c->pid, SIGSTOP);
		ASSERT_TRUE(call_becomes(f.c, "T"));
		EXPECT_FALSE(message_waits(self->p.srv));
		kill(f.c->pid, SIGCONT);
		ASSERT_EQ(0, msg_recv(self->p.srv, self->p.port, &f.msg, &f.rid));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		EXPECT_EQ(0, call_end_free(f.c));
	}
}

TEST_F_TIMEOUT(spinning, taken_sender_is_stopped, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly_taken(_metadata, &self->p, &f, true);
		kill(f.c->pid, SIGSTOP);
		EXPECT_TRUE(call_minds_no_signal(f.c));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		ASSERT_TRUE(call_becomes(f.c, "T"));
		kill(f.c->pid, SIGCONT);
		EXPECT_EQ(0, call_end_free(f.c));
	}
}

TEST_F_TIMEOUT(spinning, time_of_a_queued_sender_is_over, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly(_metadata, &self->p, &f, false, TIME_LIMIT);
		busy(2 * TIME_LIMIT / 1000);
		EXPECT_ERR(ETIMEDOUT, call_end_free(f.c));
		EXPECT_ERR(EAGAIN, msg_recv_now(self->p.srv, self->p.port, &f.msg, &f.rid));
	}
}

TEST_F_TIMEOUT(spinning, time_of_a_taken_sender_is_over, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		bool taken;

		fly(_metadata, &self->p, &f, false, 2 * TIME_LIMIT);
		taken = !msg_recv_now(self->p.srv, self->p.port, &f.msg, &f.rid);
		f.spun = taken && call_state(f.c) == 'R';
		busy(4 * TIME_LIMIT / 1000);
		EXPECT_ERR(ETIMEDOUT, call_end_free(f.c));
		if (taken)
			EXPECT_ERR(ESRCH, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
	}
}

TEST_F_TIMEOUT(spinning, port_is_destroyed, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		fly(_metadata, &self->p, &f, false, 0);
		EXPECT_EQ(0, port_destroy(self->p.srv, self->p.port));
		EXPECT_ERR(EINVAL, call_end_free(f.c));
		ASSERT_EQ(0, port_create(self->p.srv, &self->p.port));
	}
}

static void server_again(struct __test_metadata *_metadata, struct spin_pair *p)
{
	p->srv = dev_open(0);
	ASSERT_LE(0, p->srv);
	ASSERT_EQ(0, port_create(p->srv, &p->port));
}

TEST_F_TIMEOUT(spinning, server_closes, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		bool taken = seen & 1;

		if (taken)
			fly_taken(_metadata, &self->p, &f, false);
		else
			fly(_metadata, &self->p, &f, false, 0);
		close(self->p.srv);
		EXPECT_ERR(taken ? EPIPE : EINVAL, call_end_free(f.c));
		server_again(_metadata, &self->p);
	}
}

/* A server in a process of its own, that is killed while its sender spins. */
struct doomed {
	__u32 port;
	pid_t sender;
	bool taken;
	atomic_int ready, spun;
};

static void doomed_main(struct doomed *d, struct spin_pair *p)
{
	struct spin_pair own = *p;
	struct phx_msg msg;
	int rid;

	own.srv = dev_open(0);
	if (own.srv < 0 || port_create(own.srv, &own.port))
		_exit(1);
	d->port = own.port;
	atomic_store(&d->ready, 1);
	if (teach(&own) || !message_comes_soon(own.srv, NULL))
		_exit(1);
	if (d->taken && msg_recv(own.srv, own.port, &msg, &rid))
		_exit(1);
	atomic_store(&d->spun, thread_state(d->sender) == 'R');
	raise(SIGKILL);
}

TEST_F_TIMEOUT(spinning, server_is_killed, 120)
{
	struct doomed *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct flight f;

	AGAIN(f, seen) {
		struct phx_msg msg = { };
		pid_t pid;

		*d = (struct doomed) { .sender = getpid(), .taken = seen & 1 };
		ASSERT_EQ(0, cpu_pin(self->p.recv_cpu));
		pid = fork_child();
		if (!pid)
			doomed_main(d, &self->p);
		while (!atomic_load(&d->ready))
			usleep(1000);
		ASSERT_EQ(0, cpu_pin(self->p.send_cpu));
		ASSERT_EQ(0, send_some(self->p.cli, d->port, LESSONS, 0));
		EXPECT_ERR(d->taken ? EPIPE : EINVAL, msg_send(self->p.cli, d->port, &msg));
		EXPECT_EQ(-SIGKILL, wait_child(pid));
		f.spun = atomic_load(&d->spun);
	}
}

/* Put back by receivers who can't have it, it is the next one's. */
TEST_F_TIMEOUT(spinning, message_is_put_back, 120)
{
	struct phx_ioc_recv *bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct flight f;
	int i;

	ASSERT_TRUE(bad != MAP_FAILED);
	AGAIN(f, seen) {
		ASSERT_EQ(0, mprotect(bad, 4096, PROT_READ | PROT_WRITE));
		bad->size = sizeof(*bad);
		bad->port = self->p.port;
		ASSERT_EQ(0, mprotect(bad, 4096, PROT_READ));
		fly(_metadata, &self->p, &f, seen & 1, 0);
		for (i = 0; i < 10; i++)
			EXPECT_ERR(EFAULT, dev_ioctl(self->p.srv, PHX_IOC_RECV, bad));
		f.spun &= call_state(f.c) == 'R';
		/* A signal finds it in the queue, whatever it was meanwhile. */
		if (seen == 0) {
			call_signal(f.c, SIGUSR1);
			EXPECT_ERR(EINTR, call_end_free(f.c));
			continue;
		}
		ASSERT_EQ(0, msg_recv(self->p.srv, self->p.port, &f.msg, &f.rid));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		EXPECT_EQ(0, call_end_free(f.c));
	}
}

/* A thread of the sender's makes children meanwhile: they have no part in it. */
TEST_F_TIMEOUT(spinning, sender_forks, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		pid_t pid;

		fly_taken(_metadata, &self->p, &f, false);
		pid = fork();
		if (!pid)
			_exit(msg_respond(self->p.srv, self->p.port, &f.msg, f.rid) != -EBADFD);
		EXPECT_EQ(0, wait_child(pid));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.msg, f.rid));
		EXPECT_EQ(0, call_end_free(f.c));
	}
}

FIXTURE(receiver) {
	struct spin_pair p;
};

FIXTURE_SETUP(receiver)
{
	SPIN_PAIR_OR_SKIP(&self->p);
	ASSERT_EQ(0, spin_write((struct spin_params) { 1, 0, SPIN_MAX }));
}

FIXTURE_TEARDOWN(receiver)
{
	spin_pair_close(&self->p);
}

/* A receiver that has learned to spin; the test is the sender. */
static void await(struct __test_metadata *_metadata, struct spin_pair *p, struct flight *f,
		  __u64 timeout_ns)
{
	f->c = call_recv(p->port);
	f->c->recv.timeout_ns = timeout_ns;
	receiver_start(p, f->c);
	ASSERT_EQ(0, teach_receiver(p));
	f->spun = call_spins(f->c);
}

/* A message is not given to whoever has gone: it waits in the queue. */
static void expect_queued(struct __test_metadata *_metadata, struct spin_pair *p)
{
	struct call *c = call_thread(call_send(p->port), p->cli);
	struct phx_msg msg;
	int rid;

	ASSERT_TRUE(message_comes_soon(p->srv, c));
	ASSERT_EQ(0, msg_recv_now(p->srv, p->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(p->srv, p->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F_TIMEOUT(receiver, gets_a_message, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		struct call *s;

		await(_metadata, &self->p, &f, 0);
		s = call_thread(call_send(self->p.port), self->p.cli);
		EXPECT_EQ(0, call_end(f.c));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.c->recv.msg,
					 f.c->recv.rid));
		EXPECT_EQ(0, call_end_free(s));
		call_free(f.c);
	}
}

TEST_F_TIMEOUT(receiver, gets_a_signal, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		await(_metadata, &self->p, &f, 0);
		call_signal(f.c, SIGUSR1);
		EXPECT_ERR(EINTR, call_end(f.c));
		EXPECT_EQ(1, f.c->signals);
		call_free(f.c);
		expect_queued(_metadata, &self->p);
	}
}

TEST_F_TIMEOUT(receiver, runs_out_of_time, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		await(_metadata, &self->p, &f, TIME_LIMIT);
		busy(2 * TIME_LIMIT / 1000);
		EXPECT_ERR(ETIMEDOUT, call_end_free(f.c));
		expect_queued(_metadata, &self->p);
	}
}

TEST_F_TIMEOUT(receiver, loses_its_port, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		await(_metadata, &self->p, &f, 0);
		EXPECT_EQ(0, port_destroy(self->p.srv, self->p.port));
		EXPECT_ERR(EINVAL, call_end_free(f.c));
		ASSERT_EQ(0, port_create(self->p.srv, &self->p.port));
	}
}

/* One who spins stays first, though another comes later; both get a message. */
TEST_F_TIMEOUT(receiver, that_spins_is_preferred, 120)
{
	struct flight f;
	int first = 0, spun = 0, i;

	AGAIN(f, seen) {
		struct call *last = call_recv(self->p.port), *s[2];

		await(_metadata, &self->p, &f, 0);
		call_thread(last, self->p.srv);
		f.spun = call_waits(last) && call_state(f.c) == 'R';
		s[0] = call_thread(call_send(self->p.port), self->p.cli);
		for (i = 0; i < CALL_PATIENCE_MS && !f.c->done && !last->done; i++)
			usleep(1000);
		first += f.c->done;
		spun += f.spun;
		s[1] = call_thread(call_send(self->p.port), self->p.cli);
		ASSERT_EQ(0, call_end(f.c));
		ASSERT_EQ(0, call_end(last));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &f.c->recv.msg,
					 f.c->recv.rid));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &last->recv.msg,
					 last->recv.rid));
		EXPECT_EQ(0, call_end_free(s[0]));
		EXPECT_EQ(0, call_end_free(s[1]));
		call_free(f.c);
		call_free(last);
	}
	/* That nobody was seen to spin is told above. */
	EXPECT_TRUE(first || !spun);
}

/* It goes by a signal or the end of its time, and leaves the other one to it. */
TEST_F_TIMEOUT(receiver, that_spins_goes_and_another_is_there, 120)
{
	struct flight f;

	AGAIN(f, seen) {
		struct call *other = call_recv(self->p.port), *s;
		bool signal = seen & 1;

		await(_metadata, &self->p, &f, signal ? 0 : 10 * TIME_LIMIT);
		call_thread(other, self->p.srv);
		ASSERT_TRUE(call_waits(other));
		f.spun = call_state(f.c) == 'R';
		if (signal)
			call_signal(f.c, SIGUSR1);
		EXPECT_ERR(signal ? EINTR : ETIMEDOUT, call_end_free(f.c));
		s = call_thread(call_send(self->p.port), self->p.cli);
		ASSERT_EQ(0, call_end(other));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &other->recv.msg,
					 other->recv.rid));
		EXPECT_EQ(0, call_end_free(s));
		call_free(other);
	}
}

/* A process that has its parent's memory, and so may receive there. */
static int receive_with_the_memory(void *arg)
{
	learn_to_receive(arg);
	((struct call *)arg)->before = NULL;
	call_main(arg);
	return 0;
}

TEST_F_TIMEOUT(receiver, that_spins_is_killed_and_another_is_there, 120)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	struct flight f;

	AGAIN(f, seen) {
		struct call *other = call_recv(self->p.port), *s;

		f.c = call_recv(self->p.port);
		f.c->fd = self->p.srv;
		f.c->param = self->p.recv_cpu;
		f.c->pid = clone(receive_with_the_memory, stack + sizeof(stack),
				 CLONE_VM | SIGCHLD, f.c);
		ASSERT_LT(0, f.c->pid);
		ASSERT_EQ(0, teach_receiver(&self->p));
		ASSERT_TRUE(call_spins(f.c) || call_waits(f.c));
		call_thread(other, self->p.srv);
		ASSERT_TRUE(call_waits(other));
		f.spun = call_state(f.c) == 'R';
		EXPECT_EQ(-1000 - SIGKILL, call_kill(f.c));
		s = call_thread(call_send(self->p.port), self->p.cli);
		ASSERT_EQ(0, call_end(other));
		EXPECT_EQ(0, msg_respond(self->p.srv, self->p.port, &other->recv.msg,
					 other->recv.rid));
		EXPECT_EQ(0, call_end_free(s));
		call_free(other);
		call_free(f.c);
	}
}

TEST_HARNESS_MAIN
