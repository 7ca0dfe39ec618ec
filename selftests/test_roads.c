// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roads to a window other than the server's own loads and stores. See also
 * test_reach.
 */
#include "phx_call.h"
#include "phx_two.h"

#include <linux/io_uring.h>
#include <sys/resource.h>

#define WINDOW (64 * PAGE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

FIXTURE(roads) {
	struct two two;
	struct server srv;
	struct sending *what;
	struct phx_ioc_recv got;
};

FIXTURE_VARIANT(roads) {
	bool two_users;
};

FIXTURE_VARIANT_ADD(roads, one_user) { .two_users = false };
FIXTURE_VARIANT_ADD(roads, two_users) { .two_users = true };

FIXTURE_SETUP(roads)
{
	self->what = shared_memory(sizeof(*self->what));
	TWO_OR_SKIP(&self->two, variant->two_users);
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
	*self->what = (struct sending) {
		.port = self->srv.port, .off = 100,
		.in_size = 5 * PAGE, .out_size = 3 * PAGE,
	};
	ASSERT_LT(0, two_run(&self->two, sending_main, self->what));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(PHX_CLASS_LEND, self->got.i_class);
}

FIXTURE_TEARDOWN_PARENT(roads)
{
	EXPECT_EQ(0, two_put_back(&self->two));
}

#define ANSWER_FINE() do {							\
	ASSERT_TRUE(holds_from(in_of(&self->got.msg), self->what->in_size, SEED_IN, 100)); \
	ASSERT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));			\
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	ASSERT_EQ(0, two_end(&self->two, 0));					\
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

	if (!pattern)
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

TEST_HARNESS_MAIN
