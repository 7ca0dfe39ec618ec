// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's server loop: with one thread and with many, with handlers that
 * keep messages, and its ends.
 */
#include "phx_call.h"

#include <phxport.h>

#define THREADS 4

struct service {
	struct phx *h;
	uint32_t port;
	uint32_t threads;
	pthread_t thread;
	int result;
	atomic_int calls;
	atomic_int inside;
	atomic_int most;	/* in the handler at once */
	phx_handler_t handler;
	/* of a message that is kept */
	struct phx_msg msg;
	atomic_int rid;
};

FIXTURE(server)
{
	struct service s;
};

FIXTURE_SETUP(server)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, phx_open(&self->s.h, 0));
	ASSERT_EQ(0, phx_port_create(self->s.h, &self->s.port));
	self->s.rid = PHX_RID_NONE;
}

FIXTURE_TEARDOWN(server)
{
	phx_close(self->s.h);
}

static void *run(void *arg)
{
	struct service *s = arg;
	PHX_OPTS(phx_server_opts, opts, .threads = s->threads);

	s->result = phx_server_run(s->h, s->port, s->handler, s, &opts);
	return NULL;
}

static void start(struct service *s, phx_handler_t handler, uint32_t threads)
{
	s->handler = handler;
	s->threads = threads;
	if (pthread_create(&s->thread, NULL, run, s))
		abort();
}

/* Answers with the sum of the input in o.err, and a copy of it. */
static int sum(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	const unsigned char *in = (void *)(uintptr_t)msg->i.data;
	struct service *s = arg;
	size_t i, n = msg->i.size < msg->o.size ? msg->i.size : msg->o.size;

	atomic_fetch_add(&s->calls, 1);
	msg->o.err = 0;
	for (i = 0; i < msg->i.size; i++)
		msg->o.err += in[i];
	if (n)
		memcpy((void *)(uintptr_t)msg->o.data, in, n);
	return 0;
}

/* A process that sends many messages of all sizes. */
static int client(struct phx *h, uint32_t port, int seed)
{
	static unsigned char in[CALL_BUF], out[CALL_BUF];
	size_t i, size;
	int n, want;

	for (n = 0; n < 40; n++) {
		struct phx_msg msg = { .type = n };

		size = (size_t)(n * 7919 + seed * 104729) % (n % 8 ? 3000 : CALL_BUF);
		for (i = 0, want = 0; i < size; i++)
			want += in[i] = i * 3 + seed + n;
		set_input(&msg, in, size);
		set_output(&msg, out, size);
		if (phx_send(h, port, &msg) || msg.o.err != want || memcmp(in, out, size))
			return 1;
	}
	return 0;
}

static int clients(struct service *s, int nr)
{
	pid_t pid[8];
	int i, bad = 0;

	for (i = 0; i < nr; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(client(s->h, s->port, i));
	}
	for (i = 0; i < nr; i++)
		bad += wait_child(pid[i]) != 0;
	return bad;
}

TEST_F(server, one_thread_serves_many_clients_until_it_is_stopped)
{
	start(&self->s, sum, 1);
	EXPECT_EQ(0, clients(&self->s, 3));
	EXPECT_EQ(120, self->s.calls);
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	EXPECT_EQ(0, self->s.result);
	EXPECT_EQ(-ENOENT, phx_server_stop(self->s.h, self->s.port));
	/* The port is still there. */
	EXPECT_EQ(0, phx_port_destroy(self->s.h, self->s.port));
}

TEST_F(server, many_threads_serve_many_clients)
{
	start(&self->s, sum, THREADS);
	EXPECT_EQ(0, clients(&self->s, 4));
	EXPECT_EQ(160, self->s.calls);
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	EXPECT_EQ(0, self->s.result);
}

TEST_F(server, destroy_of_the_port_ends_all_threads)
{
	start(&self->s, sum, THREADS);
	EXPECT_EQ(0, clients(&self->s, 1));
	EXPECT_EQ(0, phx_port_destroy(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	EXPECT_EQ(0, self->s.result);
}

static int meet(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	struct service *s = arg;
	int i, n = atomic_fetch_add(&s->inside, 1) + 1;

	if (n > s->most)
		s->most = n;
	for (i = 0; i < CALL_PATIENCE_MS && s->most < THREADS; i++)
		usleep(1000);
	return 0;
}

TEST_F(server, threads_are_in_the_handler_at_once)
{
	struct call *c[THREADS];
	int i;

	start(&self->s, meet, THREADS);
	for (i = 0; i < THREADS; i++)
		c[i] = call_process(call_send(self->s.port));
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, call_end_free(c[i]));
	EXPECT_EQ(THREADS, self->s.most);
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
}

static int fail(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	msg->o.err = 55;
	return -EROFS;
}

TEST_F(server, negative_result_of_the_handler_is_the_answer)
{
	struct call *c;

	start(&self->s, fail, 1);
	c = call_process(call_send(self->s.port));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(-EROFS, c->send.msg.o.err);
	call_free(c);
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
}

/* Keeps the first message, answers the others. */
static int keep(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	struct service *s = arg;

	if (atomic_fetch_add(&s->calls, 1))
		return sum(h, port, msg, rid, arg);
	phx_msg_copy(&s->msg, msg);
	atomic_store(&s->rid, rid);
	return PHX_HELD;
}

static struct call *send_bytes(uint32_t port, int byte, size_t size)
{
	struct call *c = call_send(port);

	memset(c->in, byte, size);
	set_input(&c->send.msg, c->in, size);
	set_output(&c->send.msg, c->out, size);
	return call_process(c);
}

static bool is_filled(const unsigned char *p, int byte, size_t size)
{
	while (size--)
		if (*p++ != byte)
			return false;
	return true;
}

TEST_F(server, kept_message_has_its_buffers_while_others_are_served)
{
	struct call *kept, *c;
	struct phx_msg *msg = &self->s.msg;
	int i;

	start(&self->s, keep, 2);
	kept = send_bytes(self->s.port, 0x71, 900);
	for (i = 0; i < CALL_PATIENCE_MS && self->s.rid == PHX_RID_NONE; i++)
		usleep(1000);
	for (i = 0; i < 20; i++) {
		c = send_bytes(self->s.port, i, 900);
		EXPECT_EQ(0, call_end(c));
		EXPECT_TRUE(is_filled(c->out, i, 900));
		call_free(c);
	}
	EXPECT_TRUE(is_filled((void *)(uintptr_t)msg->i.data, 0x71, 900));
	memset((void *)(uintptr_t)msg->o.data, 0x72, 900);
	EXPECT_EQ(0, phx_respond(self->s.h, self->s.port, msg, self->s.rid));
	EXPECT_EQ(0, call_end(kept));
	EXPECT_TRUE(is_filled(kept->out, 0x72, 900));
	EXPECT_EQ(-ENOENT, phx_respond(self->s.h, self->s.port, msg, self->s.rid));
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	call_free(kept);
}

/* Another thread, or the handler itself, may be faster than its return. */
static int respond_inside(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	struct service *s = arg;

	memset((void *)(uintptr_t)msg->o.data, 0x3c, msg->o.size);
	s->result = phx_respond(h, port, msg, rid);
	return PHX_HELD;
}

TEST_F(server, handler_may_respond_by_itself)
{
	struct call *c;
	int i;

	start(&self->s, respond_inside, 1);
	for (i = 0; i < 50; i++) {
		c = send_bytes(self->s.port, i, i % 2 ? 500 : 70000);
		EXPECT_EQ(0, call_end(c));
		EXPECT_TRUE(is_filled(c->out, 0x3c, i % 2 ? 500 : 70000));
		EXPECT_EQ(0, self->s.result);
		call_free(c);
	}
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
}

static int stop_inside(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	msg->o.err = phx_server_stop(h, port);
	return 0;
}

TEST_F(server, handler_may_stop_its_server_and_the_answer_is_given)
{
	struct call *c;

	start(&self->s, stop_inside, THREADS);
	c = call_process(call_send(self->s.port));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(0, c->send.msg.o.err);
	pthread_join(self->s.thread, NULL);
	EXPECT_EQ(0, self->s.result);
	call_free(c);
}

TEST_F(server, messages_not_yet_received_wait_for_the_next_server)
{
	struct call *c;

	start(&self->s, sum, 2);
	EXPECT_EQ(0, clients(&self->s, 1));
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	c = send_bytes(self->s.port, 1, 100);
	ASSERT_TRUE(call_waits(c));
	start(&self->s, sum, 1);
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(100, c->send.msg.o.err);
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	call_free(c);
}

TEST_F(server, bad_starts_are_refused)
{
	PHX_OPTS(phx_server_opts, opts, .threads = 1025);
	struct phx *other;

	EXPECT_EQ(-EINVAL, phx_server_run(self->s.h, 0, sum, NULL, NULL));
	EXPECT_EQ(-EINVAL, phx_server_run(self->s.h, self->s.port, NULL, NULL, NULL));
	EXPECT_EQ(-EINVAL, phx_server_run(self->s.h, self->s.port, sum, NULL, &opts));
	ASSERT_EQ(0, phx_open(&other, 0));
	EXPECT_EQ(-EPERM, phx_server_run(other, self->s.port, sum, NULL, NULL));
	phx_close(other);
	start(&self->s, sum, 1);
	EXPECT_EQ(0, clients(&self->s, 1));
	EXPECT_EQ(-EBUSY, phx_server_run(self->s.h, self->s.port, sum, NULL, NULL));
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
}

TEST_F(server, senders_killed_in_the_handler_do_no_harm)
{
	struct call *c;
	int i;

	start(&self->s, keep, 2);
	c = send_bytes(self->s.port, 9, 5000);
	for (i = 0; i < CALL_PATIENCE_MS && self->s.rid == PHX_RID_NONE; i++)
		usleep(1000);
	EXPECT_EQ(-1000 - SIGKILL, call_kill(c));
	EXPECT_EQ(-ESRCH, phx_respond(self->s.h, self->s.port, &self->s.msg, self->s.rid));
	EXPECT_EQ(0, clients(&self->s, 2));
	EXPECT_EQ(0, phx_server_stop(self->s.h, self->s.port));
	pthread_join(self->s.thread, NULL);
	call_free(c);
}

TEST_HARNESS_MAIN
