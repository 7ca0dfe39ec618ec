// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals, in each state that a call may be in: with a handler and without,
 * stopping and killing.
 */
#include "phx_call.h"

#define HOUR (3600ULL * 1000000000ULL)

FIXTURE(signal)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(signal)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
	call_catch(SIGUSR1, 0);
}

FIXTURE_TEARDOWN(signal)
{
	close(self->cli);
	close(self->srv);
}

FIXTURE_VARIANT(signal)
{
	int sa_flags;
	__u64 timeout_ns;
	bool process;
};

FIXTURE_VARIANT_ADD(signal, thread)
{
	.process = false,
};

FIXTURE_VARIANT_ADD(signal, process)
{
	.process = true,
};

FIXTURE_VARIANT_ADD(signal, restart_flag)
{
	.sa_flags = SA_RESTART,
};

FIXTURE_VARIANT_ADD(signal, timeout)
{
	.timeout_ns = HOUR, .process = true,
};

FIXTURE_VARIANT_ADD(signal, timeout_and_restart_flag)
{
	.sa_flags = SA_RESTART, .timeout_ns = HOUR,
};

static struct call *start(struct call *c, int fd, bool process)
{
	return process ? call_process(c) : call_thread(c, fd);
}

TEST_F(signal, queued_send_is_withdrawn_by_a_handler)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	call_catch(SIGUSR1, variant->sa_flags);
	c->send.timeout_ns = variant->timeout_ns;
	start(c, self->cli, variant->process);
	ASSERT_TRUE(call_waits(c));
	ASSERT_TRUE(message_waits(self->srv));
	call_signal(c, SIGUSR1);
	EXPECT_ERR(EINTR, call_end(c));
	EXPECT_EQ(1, c->signals);
	EXPECT_FALSE(message_waits(self->srv));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->port, &msg, &rid));
	/* What was left of the time. */
	EXPECT_LE(c->send.timeout_ns, variant->timeout_ns);
	EXPECT_EQ(!variant->timeout_ns, !c->send.timeout_ns);
	if (variant->timeout_ns)
		EXPECT_LT(c->send.timeout_ns, variant->timeout_ns);
	call_free(c);
}

TEST_F(signal, taken_send_goes_on_after_a_handler)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	call_catch(SIGUSR1, variant->sa_flags);
	c->send.timeout_ns = variant->timeout_ns;
	start(c, self->cli, variant->process);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_TRUE(call_minds_no_signal(c));
	EXPECT_EQ(0, c->signals);
	msg.o.err = 3;
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(3, c->send.msg.o.err);
	/* The handler runs when the call is over. */
	EXPECT_TRUE(call_was_signalled(c));
	EXPECT_EQ(variant->timeout_ns, c->send.timeout_ns);
	call_free(c);
}

/* It sleeps as one whose message is queued, until it finds out. */
TEST_F(signal, send_taken_from_the_queue_goes_on_after_a_handler)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	call_catch(SIGUSR1, variant->sa_flags);
	c->send.timeout_ns = variant->timeout_ns;
	start(c, self->cli, variant->process);
	ASSERT_TRUE(call_waits(c));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_TRUE(call_minds_no_signal(c));
	EXPECT_EQ(0, c->signals);
	msg.o.err = 3;
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(3, c->send.msg.o.err);
	EXPECT_TRUE(call_was_signalled(c));
	EXPECT_EQ(variant->timeout_ns, c->send.timeout_ns);
	call_free(c);
}

TEST_F(signal, receive_ends_with_a_handler)
{
	struct call *c = call_recv(self->port);
	struct call *s;

	call_catch(SIGUSR1, variant->sa_flags);
	c->recv.timeout_ns = variant->timeout_ns;
	call_thread(c, self->srv);
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_ERR(EINTR, call_end(c));
	EXPECT_EQ(1, c->signals);
	EXPECT_EQ(!variant->timeout_ns, !c->recv.timeout_ns);
	EXPECT_LE(c->recv.timeout_ns, variant->timeout_ns);
	call_free(c);
	/* The next message is not given to whoever has gone. */
	s = start(call_send(self->port), self->cli, variant->process);
	ASSERT_TRUE(call_waits(s));
	EXPECT_TRUE(message_waits(self->srv));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, call_end_free(s));
}

TEST_F(signal, respond_recv_does_not_respond_twice)
{
	struct call *c = call_recv(self->port), *a, *b;
	struct phx_msg msg;

	call_catch(SIGUSR1, variant->sa_flags);
	a = start(call_send(self->port), self->cli, variant->process);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &c->recv.rid));
	c->cmd = PHX_IOC_RESPOND_RECV;
	c->recv.timeout_ns = variant->timeout_ns;
	call_thread(c, self->srv);
	EXPECT_EQ(0, call_end(a));
	ASSERT_TRUE(call_waits(c));
	call_signal(c, SIGUSR1);
	EXPECT_ERR(EINTR, call_end(c));
	EXPECT_EQ(PHX_RID_NONE, c->recv.rid);
	b = start(call_send(self->port), self->cli, variant->process);
	ASSERT_EQ(0, msg_respond_recv(self->srv, self->port, &c->recv));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &c->recv.msg, c->recv.rid));
	EXPECT_EQ(0, call_end_free(b));
	call_free(a);
	call_free(c);
}

TEST_F(signal, signals_without_a_handler_are_not_noticed)
{
	struct call *s = call_send(self->port), *r = call_recv(self->port);
	__u32 other;

	ASSERT_EQ(0, port_create(self->srv, &other));
	s->send.timeout_ns = variant->timeout_ns;
	r->recv.timeout_ns = variant->timeout_ns;
	r->recv.port = other;
	start(s, self->cli, variant->process);
	call_thread(r, self->srv);
	ASSERT_TRUE(call_waits(s));
	ASSERT_TRUE(call_waits(r));
	/* Ignored by default, and ignored by choice. */
	signal(SIGUSR2, SIG_IGN);
	call_signal(s, SIGCHLD);
	call_signal(r, SIGURG);
	call_signal(r, SIGUSR2);
	call_signal(r, SIGWINCH);
	EXPECT_TRUE(call_waits(s));
	EXPECT_TRUE(call_waits(r));
	EXPECT_TRUE(message_waits(self->srv));
	EXPECT_EQ(0, port_destroy(self->srv, other));
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_ERR(EINVAL, call_end_free(s));
	EXPECT_ERR(EINVAL, call_end_free(r));
}

FIXTURE(stop)
{
	int srv;
	__u32 port;
};

FIXTURE_SETUP(stop)
{
	OPEN_OR_SKIP(self->srv);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(stop)
{
	close(self->srv);
}

FIXTURE_VARIANT(stop)
{
	__u64 timeout_ns;
};

FIXTURE_VARIANT_ADD(stop, plain) { };

FIXTURE_VARIANT_ADD(stop, timeout)
{
	.timeout_ns = HOUR,
};

TEST_F(stop, queued_send_goes_on_after_stop_and_continue)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	c->send.timeout_ns = variant->timeout_ns;
	call_process(c);
	ASSERT_TRUE(call_waits(c));
	kill(c->pid, SIGSTOP);
	ASSERT_TRUE(call_becomes(c, "T"));
	/* A stopped sender sends nothing. */
	EXPECT_FALSE(message_waits(self->srv));
	kill(c->pid, SIGCONT);
	ASSERT_TRUE(call_waits(c));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	msg.o.err = 8;
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(8, c->send.msg.o.err);
	call_free(c);
}

TEST_F(stop, taken_send_can_be_answered_while_stopped)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	c->send.timeout_ns = variant->timeout_ns;
	call_process(c);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	ASSERT_TRUE(call_waits(c));
	kill(c->pid, SIGSTOP);
	EXPECT_TRUE(call_minds_no_signal(c));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	ASSERT_TRUE(call_becomes(c, "T"));
	kill(c->pid, SIGCONT);
	EXPECT_EQ(0, call_end_free(c));
}

/* A server in a process of its own, who receives as the test does in a thread. */
static void serve_one(struct call *c)
{
	if (port_create(c->fd, &c->recv.port))
		_exit(102);
	c->param = c->recv.port;
}

TEST_F(stop, receive_goes_on_after_stop_and_continue)
{
	struct call *r = call_recv(0), *s;

	r->before = serve_one;
	r->recv.timeout_ns = variant->timeout_ns;
	call_process(r);
	ASSERT_TRUE(call_waits(r));
	kill(r->pid, SIGSTOP);
	ASSERT_TRUE(call_becomes(r, "T"));
	s = call_process(call_send(r->param));
	ASSERT_TRUE(call_waits(s));
	kill(r->pid, SIGCONT);
	/* It receives and ends without a response. */
	EXPECT_EQ(0, call_end_free(r));
	EXPECT_ERR(EPIPE, call_end_free(s));
}

struct race {
	int fd;
	__u32 port;
	pthread_t sender;
	atomic_int answered;	/* sends that returned 0 */
	atomic_int interrupted;
	atomic_int failed;
	atomic_int done;
};

#define ROUNDS 5000

static void *send_on_and_on(void *arg)
{
	struct race *r = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct phx_msg msg = { };
		int err = msg_send(r->fd, r->port, &msg);

		atomic_fetch_add(!err ? &r->answered : err == -EINTR ? &r->interrupted :
				 &r->failed, 1);
	}
	atomic_store(&r->done, 1);
	return NULL;
}

static void *signal_on_and_on(void *arg)
{
	struct race *r = arg;

	while (!atomic_load(&r->done))
		pthread_kill(r->sender, SIGUSR1);
	return NULL;
}

/* Whichever comes first, the signal or the receiver: both sides agree on it. */
TEST_F(stop, send_that_was_interrupted_was_never_received)
{
	struct race r = { .fd = self->srv, .port = self->port };
	int received = 0, gone = 0, err;
	pthread_t signaller;

	call_catch(SIGUSR1, 0);
	ASSERT_EQ(0, pthread_create(&r.sender, NULL, send_on_and_on, &r));
	ASSERT_EQ(0, pthread_create(&signaller, NULL, signal_on_and_on, &r));
	do {
		struct phx_msg msg;
		int rid;

		/* Never waiting for it, so that all messages are queued first. */
		err = msg_recv_now(self->srv, self->port, &msg, &rid);
		if (!err) {
			received++;
			gone += msg_respond(self->srv, self->port, &msg, rid) != 0;
		}
		sched_yield();
	} while (!r.done);
	ASSERT_EQ(0, pthread_join(signaller, NULL));
	ASSERT_EQ(0, pthread_join(r.sender, NULL));
	EXPECT_EQ(0, gone);
	EXPECT_EQ(0, r.failed);
	EXPECT_EQ(received, r.answered);
}

TEST_F(stop, sender_killed_in_the_queue_is_never_seen)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	c->send.timeout_ns = variant->timeout_ns;
	call_process(c);
	ASSERT_TRUE(call_waits(c));
	ASSERT_TRUE(message_waits(self->srv));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
	EXPECT_FALSE(message_waits(self->srv));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->port, &msg, &rid));
	call_free(c);
}

TEST_F(stop, sender_killed_while_taken_is_gone_at_once_and_esrch_later)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	set_input(&c->send.msg, c->in, 64);
	set_output(&c->send.msg, c->out, 64);
	c->send.timeout_ns = variant->timeout_ns;
	call_process(c);
	{
		char buf[1024];
		struct phx_ioc_recv arg = { .buf = addr(buf), .buf_size = sizeof(buf) };

		ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
		rid = arg.rid;
		msg = arg.msg;
		ASSERT_TRUE(call_waits(c));
		EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
		EXPECT_ERR(ESRCH, msg_respond(self->srv, self->port, &msg, rid));
	}
	EXPECT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, rid));
	call_free(c);
}

TEST_F(stop, sender_killed_by_a_signal_without_handler_while_taken_dies)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	c->send.timeout_ns = variant->timeout_ns;
	call_process(c);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	ASSERT_TRUE(call_waits(c));
	kill(c->pid, SIGTERM);
	EXPECT_EQ(-1000 - SIGTERM, call_end(c));
	EXPECT_ERR(ESRCH, msg_respond(self->srv, self->port, &msg, rid));
	call_free(c);
}

TEST_F(stop, messages_whose_senders_were_killed_go_with_the_server)
{
	long long live = stat_read("messages_live");
	struct call *c[4];
	struct phx_msg msg;
	int i, rid;

	for (i = 0; i < 4; i++) {
		c[i] = call_process(call_send(self->port));
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		EXPECT_EQ(-1000 - SIGKILL, call_kill(c[i]));
		call_free(c[i]);
	}
	close(self->srv);
	if (live < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	EXPECT_TRUE(stat_becomes("messages_live", live));
}

TEST_F(stop, states_shown_never_count_as_load)
{
	struct call *c = call_process(call_send(self->port));
	struct phx_msg msg;
	int i, rid;

	ASSERT_TRUE(call_waits(c));
	EXPECT_EQ('S', call_state(c));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	for (i = 0; i < 100; i++)
		EXPECT_NE('D', call_state(c));
	kill(c->pid, SIGSTOP);
	EXPECT_TRUE(call_minds_no_signal(c));
	kill(c->pid, SIGCONT);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_HARNESS_MAIN
