// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roads to a window other than the server's own loads and stores, and what the
 * memory of a server does that it deliberately leaves without an answer. See also
 * test_reach.
 */
#include "phx_call.h"
#include "phx_map.h"

#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <sys/resource.h>

#define WINDOW (64 * PAGE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

FIXTURE(roads) {
	struct server srv;
	struct sending *what;
	struct phx_ioc_recv got;
	pid_t sender;
};

FIXTURE_SETUP(roads)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
	self->what = shared_memory(sizeof(*self->what));
	*self->what = (struct sending) {
		.port = self->srv.port, .off = 100,
		.in_size = 5 * PAGE, .out_size = 3 * PAGE,
	};
	self->sender = child_run(self->srv.fd, sending_main, self->what);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(PHX_CLASS_LEND, self->got.i_class);
}

FIXTURE_TEARDOWN(roads)
{
	server_close(&self->srv);
}

#define ANSWER_FINE() do {							\
	ASSERT_TRUE(holds_from(in_of(&self->got.msg), self->what->in_size, SEED_IN, 100)); \
	ASSERT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));			\
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	ASSERT_EQ(0, child_end(self->sender));					\
} while (0)

/* Of whole pages, where those are the sender's own. */
static char *inner(const struct phx_msg *msg, bool out)
{
	return (char *)page_end(addr(out ? out_of(msg) : in_of(msg)));
}

/* The kernel shows what is mapped as links that can be opened. */
TEST_F(roads, map_files)
{
	struct windows *win = &self->srv.win;
	char path[100];
	void *at;
	int fd, i;

	for (i = 0; i < 2; i++) {
		char *begin = i ? win->out : win->in;

		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
			 (unsigned long)begin, (unsigned long)begin + WINDOW);
		fd = open(path, O_RDWR);
		if (fd < 0)
			continue;
		at = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  i ? PHX_WINDOW_OUTPUT : PHX_WINDOW_INPUT);
		EXPECT_EQ(MAP_FAILED, at);
		close(fd);
	}
	ANSWER_FINE();
}

TEST_F(roads, other_offsets_of_its_file)
{
	struct windows *win = &self->srv.win;
	size_t out = PHX_WINDOW_OUTPUT / PAGE;

	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, win->in, WINDOW, 0, out, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, win->out, WINDOW, 0, 0, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, win->in, PAGE, 0, 1, 0));
	ANSWER_FINE();
}

TEST_F(roads, faults_asked_for)
{
	struct windows *win = &self->srv.win;

	EXPECT_EQ(-1, madvise(win->in, WINDOW, MADV_POPULATE_WRITE));
	EXPECT_EQ(-1, madvise(win->in, WINDOW, MADV_POPULATE_READ));
	EXPECT_EQ(-1, madvise(win->out, WINDOW, MADV_POPULATE_WRITE));
	mlock(win->in, WINDOW);
	mlock(win->out, WINDOW);
	msync(win->out, WINDOW, MS_SYNC | MS_INVALIDATE);
	munlock(win->out, WINDOW);
	ANSWER_FINE();
	EXPECT_EQ(SIGBUS, probe_read(in_of(&self->got.msg)));
}

TEST_F(roads, protection_keys)
{
	int key = pkey_alloc(0, 0);

	if (key < 0)
		SKIP(return, "no protection keys");
	EXPECT_EQ(-1, pkey_mprotect(self->srv.win.in, WINDOW, PROT_READ | PROT_WRITE, key));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, pkey_mprotect(self->srv.win.in, WINDOW, PROT_READ, key));
	pkey_free(key);
	ANSWER_FINE();
}

struct ring {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

/* 0 or -errno. */
static int ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 4, &r->p);
	if (r->fd < 0)
		return -errno;
	r->sq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		     IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		     IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		       IORING_OFF_SQES);
	return r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqes == MAP_FAILED ? -ENOMEM : 0;
}

/* Do one thing: its result. */
static int ring_do(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int *tail = (void *)(r->sq + r->p.sq_off.tail);
	unsigned int *head = (void *)(r->cq + r->p.cq_off.head);
	unsigned int *array = (void *)(r->sq + r->p.sq_off.array);
	struct io_uring_cqe *cqe = (void *)(r->cq + r->p.cq_off.cqes);
	unsigned int at = *tail % r->p.sq_entries;
	int res;

	r->sqes[at] = *sqe;
	array[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	res = cqe[*head % r->p.cq_entries].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

/* It may copy, as all system calls do, but neither keep a page nor write an input. */
TEST_F(roads, io_uring)
{
	struct iovec iov = { .iov_len = PAGE };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_READ, .len = 64 };
	struct ring r;
	int ends[2], i;

	if (ring_open(&r))
		SKIP(return, "no io_uring");
	for (i = 0; i < 2; i++) {
		iov.iov_base = inner(&self->got.msg, i);
		EXPECT_EQ(-1, syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_BUFFERS, &iov,
				      1));
	}
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(64, write(ends[1], r.sqes, 64));
	sqe.fd = ends[0];
	sqe.addr = addr(inner(&self->got.msg, false));
	EXPECT_ERR(EFAULT, ring_do(&r, &sqe));
	sqe = (struct io_uring_sqe) { .opcode = IORING_OP_URING_CMD, .fd = self->srv.fd };
	EXPECT_GT(0, ring_do(&r, &sqe));
	/* As advice is done in the process itself, it does no more than that. */
	sqe = (struct io_uring_sqe) {
		.opcode = IORING_OP_MADVISE, .addr = addr(self->srv.win.in), .len = WINDOW,
		.fadvise_advice = MADV_POPULATE_WRITE,
	};
	EXPECT_GT(0, ring_do(&r, &sqe));
	close(r.fd);
	ANSWER_FINE();
}

struct hands {
	pid_t pid;
	char *in, *out;
};

/* Root, or the user's own debugger, sees and writes no more than the server may. */
static int other_hands(void *arg)
{
	struct hands *h = arg;
	char buf[64] = "written", path[40];
	struct iovec mine = { buf, 8 }, its = { h->in, 8 };
	int fd;

	CHECK(process_vm_writev(h->pid, &mine, 1, &its, 1, 0) < 0);
	CHECK(process_vm_readv(h->pid, &mine, 1, &its, 1, 0) < 0);
	its.iov_base = h->out;
	CHECK(process_vm_writev(h->pid, &mine, 1, &its, 1, 0) < 0);
	snprintf(path, sizeof(path), "/proc/%d/mem", h->pid);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	CHECK(pwrite(fd, buf, 8, addr(h->in)) <= 0);
	CHECK(pwrite(fd, buf, 8, addr(h->out)) <= 0);
	close(fd);
	return 0;
}

TEST_F(roads, hands_of_another_process)
{
	struct hands h = {
		.pid = getpid(), .in = inner(&self->got.msg, false),
		.out = inner(&self->got.msg, true),
	};

	if (geteuid())
		SKIP(return, "other processes' memory needs root");
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, other_hands, &h)));
	ANSWER_FINE();
}

static int dumps_core(void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct server srv;
	struct phx_ioc_recv got;
	struct sending s = { .in_size = 5 * PAGE, .out_size = PAGE, .result = -EPIPE };

	CHECK(chdir("/tmp") == 0 && setrlimit(RLIMIT_CORE, &limit) == 0);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	s.port = srv.port;
	child_run(srv.fd, sending_main, &s);
	CHECK(server_recv(&srv, &got) == 0);
	fill(srv.copy, PAGE, SEED_LATER);
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* Index of the first place in a file that has these bytes, -1 if none has. */
static long find_in(FILE *f, const char *what, size_t n)
{
	static char buf[64 * 1024];
	long at = 0;
	size_t got;

	while ((got = fread(buf, 1, sizeof(buf), f)) > n) {
		char *found = memmem(buf, got, what, n);

		if (found)
			return at + (found - buf);
		if (got < sizeof(buf) || fseek(f, -(long)n, SEEK_CUR))
			break;
		at += got - n;
	}
	return -1;
}

/* What was lent does not come into a file by way of the server's death. */
TEST_F_TIMEOUT(roads, core_of_the_server, 120)
{
	char before[100] = "", what[512];
	FILE *pattern = fopen("/proc/sys/kernel/core_pattern", "r+"), *core;
	int status;

	if (!pattern || geteuid())
		SKIP(return, "only root may say where cores go");
	ASSERT_NE(NULL, fgets(before, sizeof(before), pattern));
	rewind(pattern);
	fputs("/tmp/phx_core\n", pattern);
	fflush(pattern);
	status = child_end(child_run(self->srv.fd, dumps_core, NULL));
	rewind(pattern);
	fputs(before, pattern);
	fclose(pattern);
	EXPECT_EQ(-SIGABRT, status);
	ANSWER_FINE();
	core = fopen("/tmp/phx_core", "r");
	if (!core)
		SKIP(return, "no core was written");
	/* The server's own memory is in it, of the input there is no page. */
	fill(what, sizeof(what), SEED_LATER);
	EXPECT_LE(0, find_in(core, what, sizeof(what)));
	rewind(core);
	fill_from(what, sizeof(what), SEED_IN, PAGE);
	EXPECT_EQ(-1, find_in(core, what, sizeof(what)));
	fclose(core);
	unlink("/tmp/phx_core");
}

/* Memory whose faults nobody answers, until @fd is closed. NULL if there can be none. */
static char *memory_without_answer(size_t n, int *fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *at = memory(n);

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = addr(at);
	reg.range.len = n;
	if (*fd < 0 || ioctl(*fd, UFFDIO_API, &api) || ioctl(*fd, UFFDIO_REGISTER, &reg))
		return NULL;
	return at;
}

struct stuck {
	__u32 port;
	atomic_int ready;
};

/* Is to be given a copy where it can't be put. */
static int stuck_server(void *arg)
{
	struct stuck *s = arg;
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

/* Waits until a process sleeps in a fault that its userfaultfd is to answer. */
static bool wait_stuck(pid_t pid)
{
	char path[64], where[64];
	int i;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	for (i = 0; i < 10000; i++) {
		FILE *f = fopen(path, "r");
		bool stuck = f && fgets(where, sizeof(where), f) && strstr(where, "userfault");

		if (f)
			fclose(f);
		if (stuck)
			return true;
		usleep(1000);
	}
	return false;
}

/* Nobody hangs with it but itself, and even it can be killed. */
static void be_stuck(struct __test_metadata *_metadata, bool sender_first)
{
	struct stuck *s = shared_memory(sizeof(*s));
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

static void catch_signal(struct call *c)
{
	call_catch(SIGUSR1, 0);
}

/* Who has its message may have to put it back: then signals count again. */
TEST(sender_of_a_server_that_was_stuck_minds_signals_again)
{
	int uffd, srv = dev_open(0);
	char *at = memory_without_answer(16 * PAGE, &uffd);
	struct call *recv, *send;
	__u32 port;

	if (srv < 0)
		SKIP(return, "the device can't be opened");
	if (!at)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, port_create(srv, &port));
	recv = call_recv(port);
	recv->recv.buf = addr(at);
	recv->recv.buf_size = 16 * PAGE;
	call_thread(recv, srv);
	send = call_send(port);
	send->before = catch_signal;
	set_input(&send->send.msg, send->in, PAGE);
	call_process(send);
	ASSERT_TRUE(wait_stuck(recv->tid));
	ASSERT_TRUE(call_waits(send));
	call_signal(send, SIGUSR1);
	ASSERT_TRUE(call_minds_no_signal(send));
	ASSERT_EQ(0, mprotect(at, 16 * PAGE, PROT_NONE));
	close(uffd);
	EXPECT_ERR(EFAULT, call_end_free(recv));
	EXPECT_ERR(EINTR, call_end_free(send));
	EXPECT_FALSE(poll_readable(srv, 0));
	close(srv);
}

/* Stuck with a buffer of its own, before there is a message. */
static int stuck_sender(void *arg)
{
	struct stuck *s = arg;
	int fd;
	char *at = memory_without_answer(16 * PAGE, &fd);

	atomic_store(&s->ready, at ? 1 : -1);
	return send_buffers(s->port, at, 16 * PAGE, at, 16 * PAGE) ? 1 : 2;
}

TEST_F(roads, sender_that_serves_its_own_faults_keeps_nobody)
{
	struct stuck *s = shared_memory(sizeof(*s));
	pid_t pid;

	ANSWER_FINE();
	s->port = self->srv.port;
	pid = child_run(self->srv.fd, stuck_sender, s);
	while (!atomic_load(&s->ready))
		usleep(1000);
	if (atomic_load(&s->ready) < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_TRUE(wait_asleep(pid));
	EXPECT_FALSE(poll_readable(self->srv.fd, 50));
	self->sender = child_run(self->srv.fd, sending_main, self->what);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ANSWER_FINE();
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(pid));
}

TEST_HARNESS_MAIN
