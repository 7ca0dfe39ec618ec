// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who serves its own faults (userfaultfd) and leaves one without an answer, is stuck in
 * the middle of a call for as long as it likes: the others must not be, and what
 * happens to it meanwhile must come to its end.
 */
#include "phx_call.h"
#include "phx_map.h"
#include "phx_stuck.h"

#define WINDOW (64 * PAGE)

struct stuck_peer {
	__u32 port;
	atomic_int ready;
};

/* Is to be given a copy where it can't be put. */
static int stuck_server(void *arg)
{
	struct stuck_peer *s = arg;
	struct server srv;
	struct phx_ioc_recv got = { .buf_size = 16 * PAGE };
	int fd;

	CHECK(server_open(&srv, 0, PAGE) == 0);
	got.buf = addr(memory_without_answer(16 * PAGE, &fd));
	if (!got.buf)
		atomic_store(&s->ready, -1);
	s->port = srv.port;
	atomic_compare_exchange_strong(&s->ready, &(int) { 0 }, 1);
	msg_recv_arg(srv.fd, srv.port, &got);
	return 1;
}

/* Nobody hangs with it but itself, and even it can be killed. */
static void be_stuck(struct __test_metadata *_metadata, bool sender_first)
{
	struct stuck_peer *s = shared_memory(sizeof(*s));
	struct sending what = { .in_size = 3 * PAGE, .out_size = 2 * PAGE, .result = -EINVAL };
	pid_t server = child_run(-1, stuck_server, s), sender;

	while (!atomic_load(&s->ready))
		usleep(1000);
	if (atomic_load(&s->ready) < 0)
		SKIP(return, "no userfaultfd");
	what.port = s->port;
	sender = child_run(-1, sending_main, &what);
	ASSERT_TRUE(wait_stuck(server));
	ASSERT_TRUE(wait_asleep(sender));
	EXPECT_EQ(0, waitpid(server, NULL, WNOHANG));
	if (sender_first) {
		kill(sender, SIGKILL);
		EXPECT_EQ(-SIGKILL, child_end(sender));
	}
	kill(server, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(server));
	if (!sender_first) {
		EXPECT_EQ(0, child_end(sender));
	}
}

TEST(server_that_serves_its_own_faults_harms_nobody)
{
	be_stuck(_metadata, false);
}

TEST(sender_of_a_server_that_is_stuck_can_be_killed)
{
	be_stuck(_metadata, true);
}

/* A server that is a thread of the test's, and stuck; and its sender. */
FIXTURE(stuck) {
	int srv, uffd;
	__u32 port;
	char *at;
	struct call *recv, *send;
};

static void catch_signal(struct call *c)
{
	call_catch(SIGUSR1, 0);
}

FIXTURE_SETUP(stuck)
{
	OPEN_OR_SKIP(self->srv);
	self->at = memory_without_answer(16 * PAGE, &self->uffd);
	if (!self->at)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, port_create(self->srv, &self->port));
	self->recv = call_recv(self->port);
	self->recv->recv.buf = addr(self->at);
	self->recv->recv.buf_size = 16 * PAGE;
	call_thread(self->recv, self->srv);
	ASSERT_TRUE(call_waits(self->recv));
	self->send = call_send(self->port);
	self->send->before = catch_signal;
	set_input(&self->send->send.msg, self->send->in, PAGE);
	call_process(self->send);
	ASSERT_TRUE(wait_stuck(self->recv->tid));
	ASSERT_TRUE(call_waits(self->send));
}

FIXTURE_TEARDOWN(stuck)
{
	close(self->srv);
}

/* Who has its message may have to put it back: then signals count again. */
TEST_F(stuck, sender_minds_signals_again_when_its_message_is_put_back)
{
	call_signal(self->send, SIGUSR1);
	ASSERT_TRUE(call_minds_no_signal(self->send));
	ASSERT_EQ(0, mprotect(self->at, 16 * PAGE, PROT_NONE));
	close(self->uffd);
	EXPECT_ERR(EFAULT, call_end_free(self->recv));
	EXPECT_ERR(EINTR, call_end_free(self->send));
	EXPECT_FALSE(poll_readable(self->srv, 0));
}

TEST_F(stuck, port_is_destroyed_before_its_message_is_there)
{
	ASSERT_EQ(0, port_destroy(self->srv, self->port));
	close(self->uffd);
	ASSERT_EQ(0, call_end(self->recv));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &self->recv->recv.msg,
				 self->recv->recv.rid));
	EXPECT_EQ(0, call_end_free(self->send));
	call_free(self->recv);
}

/* Stuck with a buffer of its own, before there is a message. */
static int stuck_sender(void *arg)
{
	struct stuck_peer *s = arg;
	int fd;
	char *at = memory_without_answer(16 * PAGE, &fd);

	atomic_store(&s->ready, at ? 1 : -1);
	return send_buffers(s->port, at, 16 * PAGE, at, 16 * PAGE) ? 1 : 2;
}

TEST(sender_that_serves_its_own_faults_keeps_nobody)
{
	struct stuck_peer *s = shared_memory(sizeof(*s));
	struct sending what = { .in_size = 3 * PAGE, .out_size = 2 * PAGE };
	struct phx_ioc_recv got;
	struct server srv;
	pid_t pid, sender;

	SERVER_OR_SKIP(&srv, WINDOW, PAGE);
	what.port = s->port = srv.port;
	pid = child_run(srv.fd, stuck_sender, s);
	while (!atomic_load(&s->ready))
		usleep(1000);
	if (atomic_load(&s->ready) < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_TRUE(wait_asleep(pid));
	EXPECT_FALSE(poll_readable(srv.fd, 50));
	sender = child_run(srv.fd, sending_main, &what);
	ASSERT_EQ(0, server_recv(&srv, &got));
	EXPECT_TRUE(sending_is_seen(&what, &got.msg));
	ASSERT_EQ(0, server_answer(&srv, &got));
	EXPECT_EQ(0, child_end(sender));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(pid));
	server_close(&srv);
}

/* A process and its child with the same memory, which both may use the client. */
struct twins {
	struct stuck_peer s;
	int srv, uffd;
	char *at;
	atomic_int leave, result;
	_Atomic pid_t child;
};

static int stuck_twin(void *arg)
{
	struct twins *t = arg;
	struct phx_ioc_recv got = { .buf = addr(t->at), .buf_size = 16 * PAGE };

	close(t->uffd);
	atomic_store(&t->result, msg_recv_arg(t->srv, t->s.port, &got));
	return 0;
}

static int leaving_twin(void *arg)
{
	struct twins *t = arg;
	char *stack = memory(64 * PAGE) + 64 * PAGE;

	t->srv = dev_open(0);
	CHECK(t->srv >= 0 && port_create(t->srv, &t->s.port) == 0);
	t->at = memory_without_answer(16 * PAGE, &t->uffd);
	if (t->at)
		atomic_store(&t->child, clone(stuck_twin, stack, CLONE_VM | SIGCHLD, t));
	atomic_store(&t->s.ready, t->at ? 1 : -1);
	while (!atomic_load(&t->leave))
		usleep(1000);
	return 0;
}

/*
 * The client ends with the process that opened it, when the other is just being given
 * a message: that is lost, but not forgotten.
 */
TEST(client_ends_before_it_has_its_message)
{
	struct twins *t = shared_memory(sizeof(*t));
	struct call *send;
	int fd, uffd, pidfd;
	pid_t pid;

	OPEN_OR_SKIP(fd);
	close(fd);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	atomic_store(&t->result, 1);
	pid = child_run(-1, leaving_twin, t);
	while (!atomic_load(&t->s.ready))
		usleep(1000);
	if (atomic_load(&t->s.ready) < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_LT(0, t->child);
	send = call_send(t->s.port);
	set_input(&send->send.msg, send->in, PAGE);
	call_process(send);
	ASSERT_TRUE(wait_stuck(t->child));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	uffd = syscall(SYS_pidfd_getfd, pidfd, t->uffd, 0);
	ASSERT_LE(0, uffd);
	atomic_store(&t->leave, 1);
	EXPECT_EQ(0, child_end(pid));
	ASSERT_TRUE(call_waits(send));
	close(uffd);
	EXPECT_ERR(EPIPE, call_end_free(send));
	EXPECT_EQ(0, child_end(t->child));
	EXPECT_ERR(EINVAL, t->result);
	close(pidfd);
}

/* Twins of whom one answers, while the other, whose client it is, ends. */
struct answering {
	struct twins t;
	bool readable;		/* what is answered, in the end */
	struct server srv;
	struct phx_ioc_recv got;
};

#define COPIED (3 * PAGE)

static int answering_twin(void *arg)
{
	struct answering *a = arg;

	close(a->t.uffd);
	atomic_store(&a->t.result, server_respond(&a->srv, &a->got));
	/* What was lent goes with the message. */
	return probe_read(in_of(&a->got.msg)) ? 0 : 2;
}

/* Receives an output as a copy, which is gone when it is to be read. */
static int ending_twin(void *arg)
{
	struct answering *a = arg;
	char *stack = memory(64 * PAGE) + 64 * PAGE, *copy;

	CHECK(server_open(&a->srv, WINDOW, 16 * PAGE) == 0);
	a->t.s.port = a->srv.port;
	atomic_store(&a->t.s.ready, 1);
	CHECK(server_recv_room(&a->srv, 16 * PAGE, &a->got) == 0);
	CHECK(a->got.i_class == PHX_CLASS_LEND && a->got.o_class == PHX_CLASS_COPY);
	copy = (char *)page_begin(a->got.msg.o.data);
	CHECK(madvise(copy, COPIED + PAGE, MADV_DONTNEED) == 0);
	a->t.uffd = answer_no_faults(copy, COPIED + PAGE);
	if (a->t.uffd >= 0)
		atomic_store(&a->t.child, clone(answering_twin, stack, CLONE_VM | SIGCHLD, a));
	atomic_store(&a->t.s.ready, a->t.uffd < 0 ? -1 : 2);
	while (!atomic_load(&a->t.leave))
		usleep(1000);
	CHECK(a->readable || mprotect(copy, COPIED + PAGE, PROT_NONE) == 0);
	return 0;
}

/* Returns what the sender is told. */
static int end_while_answering(struct __test_metadata *_metadata, struct answering *a)
{
	struct call *send;
	int uffd, pidfd;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	atomic_store(&a->t.result, 1);
	pid = child_run(-1, ending_twin, a);
	EXPECT_TRUE(wait_for(&a->t.s.ready, 1));
	send = call_send(a->t.s.port);
	set_input(&send->send.msg, send->in, 16 * PAGE);
	set_output(&send->send.msg, send->out, COPIED);
	call_process(send);
	EXPECT_TRUE(wait_for(&a->t.s.ready, 2));
	EXPECT_TRUE(wait_stuck(a->t.child));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	uffd = syscall(SYS_pidfd_getfd, pidfd, a->t.uffd, 0);
	EXPECT_LE(0, uffd);
	close(pidfd);
	atomic_store(&a->t.leave, 1);
	EXPECT_EQ(0, child_end(pid));
	/* Nobody else has it, so that it waits for the one that is stuck. */
	EXPECT_TRUE(call_waits(send));
	close(uffd);
	EXPECT_EQ(0, child_end(a->t.child));
	return call_end_free(send);
}

#define ANSWERING_OR_SKIP(_a, ...) do {						\
	int _fd;								\
										\
	OPEN_OR_SKIP(_fd);							\
	close(_fd);								\
	_fd = syscall(SYS_userfaultfd, O_CLOEXEC);				\
	if (_fd < 0)								\
		SKIP(return, "no userfaultfd");					\
	close(_fd);								\
	*(_a) = (struct answering) { __VA_ARGS__ };				\
} while (0)

/* An answer that fails after that can't be tried again: nobody holds the message. */
TEST(client_ends_before_its_answer_fails)
{
	struct answering *a = shared_memory(sizeof(*a));
	long long messages = stat_read("messages_live"), pinned = stat_read("pages_pinned_live");

	ANSWERING_OR_SKIP(a, .readable = false);
	EXPECT_ERR(EPIPE, end_while_answering(_metadata, a));
	EXPECT_ERR(EFAULT, a->t.result);
	EXPECT_TRUE(stat_becomes("messages_live", messages));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", pinned));
}

/* One that comes after all is what the server says. */
TEST(client_ends_before_its_answer_is_there)
{
	struct answering *a = shared_memory(sizeof(*a));
	long long messages = stat_read("messages_live"), pinned = stat_read("pages_pinned_live");

	ANSWERING_OR_SKIP(a, .readable = true);
	EXPECT_EQ(0, end_while_answering(_metadata, a));
	EXPECT_EQ(0, a->t.result);
	EXPECT_TRUE(stat_becomes("messages_live", messages));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", pinned));
}

TEST_HARNESS_MAIN
