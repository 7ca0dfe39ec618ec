// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways around a window's protection: other people's hands on the same pages,
 * and moments when a window is not quite what it was.
 */
#include "phx_disk.h"
#include "phx_two.h"

#include <linux/userfaultfd.h>
#include <sys/ptrace.h>

#define WINDOW (64 * PAGE)

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif

/* What senders and the server share. */
struct reach {
	struct sending what;
	__u32 port;
	int rounds;
	atomic_int stop;
};

FIXTURE(reach) {
	struct two two;
	struct server srv;
	struct reach *shared;
	struct sending *what;
	struct phx_ioc_recv got;
};

FIXTURE_VARIANT(reach) {
	bool two_users;
};

FIXTURE_VARIANT_ADD(reach, one_user) { .two_users = false };
FIXTURE_VARIANT_ADD(reach, two_users) { .two_users = true };

FIXTURE_SETUP(reach)
{
	self->shared = shared_memory(sizeof(*self->shared));
	self->what = &self->shared->what;
	TWO_OR_SKIP(&self->two, variant->two_users);
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
	self->shared->port = self->srv.port;
	*self->what = (struct sending) {
		.port = self->srv.port, .off = 100,
		.in_size = 5 * PAGE, .out_size = 3 * PAGE,
	};
	ASSERT_LT(0, two_run(&self->two, sending_main, self->what));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(PHX_CLASS_LEND, self->got.i_class);
	ASSERT_EQ(PHX_CLASS_LEND, self->got.o_class);
}

FIXTURE_TEARDOWN_PARENT(reach)
{
	EXPECT_EQ(0, two_put_back(&self->two));
}

#define ANSWER_FINE() do {							\
	ASSERT_TRUE(holds_from(in_of(&self->got.msg), self->what->in_size, SEED_IN, 100)); \
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	ASSERT_EQ(0, two_end(&self->two, 0));					\
} while (0)

/* Within a page of the message, where pages are the sender's own. */
static char *inner(const struct phx_msg *msg, bool out)
{
	return (out ? out_of(msg) : in_of(msg)) + PAGE;
}

TEST_F(reach, proc_mem)
{
	char buf[64] = "written";
	int fd = open("/proc/self/mem", O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_GE(0, pwrite(fd, buf, 8, addr(inner(&self->got.msg, false))));
	EXPECT_GE(0, pwrite(fd, buf, 8, addr(inner(&self->got.msg, true))));
	EXPECT_GE(0, pread(fd, buf, 8, addr(inner(&self->got.msg, false))));
	close(fd);
	ANSWER_FINE();
}

TEST_F(reach, process_vm)
{
	char buf[64] = "written";
	struct iovec mine = { buf, 8 };
	struct iovec its = { inner(&self->got.msg, false), 8 };

	EXPECT_EQ(-1, process_vm_readv(getpid(), &mine, 1, &its, 1, 0));
	EXPECT_EQ(-1, process_vm_writev(getpid(), &mine, 1, &its, 1, 0));
	its.iov_base = inner(&self->got.msg, true);
	EXPECT_EQ(-1, process_vm_writev(getpid(), &mine, 1, &its, 1, 0));
	ANSWER_FINE();
}

static int poke_main(void *at)
{
	pid_t pid = getppid();
	int status;

	CHECK(ptrace(PTRACE_ATTACH, pid, 0, 0) == 0);
	CHECK(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
	errno = 0;
	CHECK(ptrace(PTRACE_POKEDATA, pid, at, 0x4141414141414141) == -1);
	ptrace(PTRACE_PEEKDATA, pid, at, 0);
	CHECK(errno != 0);
	CHECK(ptrace(PTRACE_DETACH, pid, 0, 0) == 0);
	return 0;
}

TEST_F(reach, ptrace)
{
	pid_t pid = child_run(-1, poke_main, inner(&self->got.msg, false));

	EXPECT_EQ(0, child_end(pid));
	ANSWER_FINE();
}

/* The kernel itself may write where the server may, and nowhere else. */
TEST_F(reach, system_calls)
{
	char buf[64] = "read into a window";
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(64, write(ends[1], buf, 64));
	EXPECT_EQ(-1, read(ends[0], inner(&self->got.msg, false), 32));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(64, read(ends[0], inner(&self->got.msg, true), 64));
	EXPECT_EQ(0, memcmp(inner(&self->got.msg, true), buf, 64));
	EXPECT_EQ(64, write(ends[1], inner(&self->got.msg, false), 64));
	ANSWER_FINE();
}

/* What keeps a page for itself, with no copy, would see it for ever. */
TEST_F(reach, pinning)
{
	struct iovec iov = { (void *)page_begin(addr(inner(&self->got.msg, false))), PAGE };
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	EXPECT_EQ(-1, vmsplice(ends[1], &iov, 1, 0));
	iov.iov_base = (void *)page_begin(addr(inner(&self->got.msg, true)));
	EXPECT_EQ(-1, vmsplice(ends[1], &iov, 1, 0));
	ANSWER_FINE();
}

TEST_F(reach, direct_io)
{
	const struct phx_msg *msg = &self->got.msg;
	int fd;

	if (!disk_is_there())
		SKIP(return, NO_DISK);
	fd = direct_file();
	ASSERT_LE(0, fd);
	EXPECT_TRUE(direct_is_efault(fd, (char *)page_begin(addr(inner(msg, false)))));
	EXPECT_TRUE(direct_is_efault(fd, (char *)page_begin(addr(inner(msg, true)))));
	close(fd);
	EXPECT_TRUE(sending_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

static bool uffd_register(int uffd, char *at, int mode)
{
	struct uffdio_register reg = {
		.range = { .start = addr(at), .len = WINDOW }, .mode = mode,
	};

	return !ioctl(uffd, UFFDIO_REGISTER, &reg);
}

static void uffd_protect(int uffd, char *at, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = addr(at), .len = WINDOW },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

/*
 * User space must not serve a window's faults. Newer kernels let it watch any
 * memory for writes: no harm, if what it may write stays the same.
 */
TEST_F(reach, userfaultfd)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct windows *win = &self->srv.win;

	if (uffd < 0)
		uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0)
		SKIP(return, "no userfaultfd");
	if (ioctl(uffd, UFFDIO_API, &api)) {
		api = (struct uffdio_api) { .api = UFFD_API };
		ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	}
	EXPECT_FALSE(uffd_register(uffd, win->in, UFFDIO_REGISTER_MODE_MISSING));
	EXPECT_FALSE(uffd_register(uffd, win->out, UFFDIO_REGISTER_MODE_MISSING));
	EXPECT_FALSE(uffd_register(uffd, win->out, UFFDIO_REGISTER_MODE_MINOR));
	if (uffd_register(uffd, win->out, UFFDIO_REGISTER_MODE_WP) &&
	    uffd_register(uffd, win->in, UFFDIO_REGISTER_MODE_WP)) {
		uffd_protect(uffd, win->in, true);
		uffd_protect(uffd, win->out, true);
		uffd_protect(uffd, win->in, false);
	}
	EXPECT_EQ(SIGSEGV, probe_write(inner(&self->got.msg, false)));
	ANSWER_FINE();
	EXPECT_EQ(SIGBUS, probe_read(inner(&self->got.msg, false)));
	EXPECT_EQ(SIGBUS, probe_write(inner(&self->got.msg, true)));

	/* Now with whatever that has left in the page tables. */
	uffd_protect(uffd, win->in, true);
	uffd_protect(uffd, win->out, true);
	ASSERT_LT(0, two_run(&self->two, sending_main, self->what));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(SIGSEGV, probe_write(inner(&self->got.msg, false)));
	ANSWER_FINE();
	EXPECT_EQ(SIGBUS, probe_read(inner(&self->got.msg, false)));
	close(uffd);
}

/* What threads of the server share. */
struct race {
	struct server *srv;
	atomic_int ready, stop, wrong;
	char *at;
};

/* Reads on until it must not. It may see old bytes, or a signal, and no more. */
static void *read_on(void *arg)
{
	struct race *race = arg;
	unsigned char seen = 0;

	atomic_store(&race->ready, 1);
	while (!probe(race->at, false, &seen))
		if (seen == CANARY)
			atomic_store(&race->wrong, 1);
	return NULL;
}

/* Writes on until it can not. */
static void *write_on(void *arg)
{
	struct race *race = arg;

	atomic_store(&race->ready, 1);
	while (!probe_write(race->at))
		;
	return NULL;
}

/* Once its call is over the sender's memory is its own again. */
static int refill_main(void *arg)
{
	struct reach *r = arg;
	char *in = memory(4 * PAGE), *out = memory(4 * PAGE);
	int fd = dev_open(0);
	int i;

	for (i = 0; i < r->rounds; i++) {
		struct phx_msg msg = { 0 };

		memset(in, 1, 4 * PAGE);
		memset(out, 2, 4 * PAGE);
		set_input(&msg, in, 4 * PAGE);
		set_output(&msg, out, 4 * PAGE);
		CHECK(msg_send(fd, r->port, &msg) == 0);
		memset(in, CANARY, 4 * PAGE);
		memset(out, 0x11, 4 * PAGE);
		usleep(200);
		CHECK(all_are(out, 4 * PAGE, 0x11));
		if (i % 4 == 3) {
			/* And so is what the memory was made of. */
			munmap(in, 4 * PAGE);
			in = memory(4 * PAGE);
		}
	}
	return 0;
}

static void respond_under(struct __test_metadata *_metadata, FIXTURE_DATA(reach) *self,
			  void *(*fn)(void *), bool out)
{
	struct race race = { .srv = &self->srv };
	pthread_t thread;
	int i;

	self->shared->rounds = 150;
	ASSERT_LT(0, two_run(&self->two, refill_main, self->shared));
	for (i = 0; i < self->shared->rounds; i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
		race.at = inner(&self->got.msg, out);
		atomic_store(&race.ready, 0);
		ASSERT_EQ(0, pthread_create(&thread, NULL, fn, &race));
		ASSERT_TRUE(wait_for(&race.ready, 1));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(0, atomic_load(&race.wrong));
	EXPECT_EQ(0, two_end(&self->two, 0));
}

TEST_F_TIMEOUT(reach, reading_during_response, 60)
{
	ANSWER_FINE();
	respond_under(_metadata, self, read_on, false);
}

TEST_F_TIMEOUT(reach, writing_during_response, 60)
{
	ANSWER_FINE();
	respond_under(_metadata, self, write_on, true);
}

static int send_on_main(void *arg)
{
	struct reach *r = arg;
	char *in = memory(16 * PAGE);
	int fd = dev_open(0);

	fill(in, 16 * PAGE, SEED_IN);
	while (!atomic_load(&r->stop)) {
		struct phx_msg msg = { 0 };

		set_input(&msg, in, 16 * PAGE);
		msg_send(fd, r->port, &msg);
		CHECK(holds(in, 16 * PAGE, SEED_IN));
	}
	return 0;
}

/* The windows trade places all the time. */
static void *swap_on(void *arg)
{
	struct race *race = arg;
	struct windows *win = &race->srv->win;
	int flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
	size_t sizes[2] = { WINDOW, PAGE };
	unsigned int n = 0;

	while (!atomic_load(&race->stop)) {
		size_t size = sizes[n++ % 2];

		munmap(win->in, WINDOW);
		if (mmap(win->in, size, PROT_READ | PROT_WRITE, flags, race->srv->fd,
			 PHX_WINDOW_OUTPUT) == win->in)
			sched_yield();
		munmap(win->in, size);
		if (mmap(win->in, WINDOW, PROT_READ, flags, race->srv->fd,
			 PHX_WINDOW_INPUT) == win->in)
			usleep(n % 300);
	}
	return NULL;
}

/* An input that is lent must never come to lie in the place of the output. */
TEST_F_TIMEOUT(reach, windows_that_trade_places, 60)
{
	struct race race = { .srv = &self->srv };
	struct phx_ioc_recv *got = &self->got;
	pthread_t thread;
	int i, lent = 0;

	ANSWER_FINE();
	munmap(self->srv.win.out, WINDOW);
	ASSERT_LT(0, two_run(&self->two, send_on_main, self->shared));
	ASSERT_EQ(0, pthread_create(&thread, NULL, swap_on, &race));
	for (i = 0; i < 4000; i++) {
		if (server_recv(&self->srv, got))
			continue;
		lent++;
		EXPECT_NE(0, probe_write(in_of(&got->msg)));
		EXPECT_NE(0, probe_write(in_of(&got->msg) + 15 * PAGE));
		ASSERT_EQ(0, server_respond(&self->srv, got));
		ASSERT_NE(0, probe_read(in_of(&got->msg) + 15 * PAGE));
	}
	EXPECT_LT(0, lent);
	atomic_store(&race.stop, 1);
	pthread_join(thread, NULL);
	atomic_store(&self->shared->stop, 1);
	port_destroy(self->srv.fd, self->srv.port);
	EXPECT_EQ(0, two_end(&self->two, 0));
}

TEST_HARNESS_MAIN
