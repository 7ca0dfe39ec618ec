// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows, in the hands of a server that wants more than it was lent: to write
 * to an input, to keep what it answered, to have a window where and how it is
 * not meant to be. What it may do by all means must do no harm.
 */
#include "phx_two.h"

#include <linux/userfaultfd.h>
#include <sys/ptrace.h>

#define WINDOW (64 * PAGE)

FIXTURE(window) {
	struct two two;
	struct server srv;
	struct sending *what;
	struct phx_ioc_recv got;
};

FIXTURE_VARIANT(window) {
	bool two_users;
};

FIXTURE_VARIANT_ADD(window, one_user) { .two_users = false };
FIXTURE_VARIANT_ADD(window, two_users) { .two_users = true };

/* Most is tried both with nothing and with something in the windows. */
FIXTURE_SETUP(window)
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
	ASSERT_EQ(PHX_CLASS_LEND, self->got.o_class);
}

FIXTURE_TEARDOWN_PARENT(window)
{
	EXPECT_EQ(0, two_put_back(&self->two));
}

/* The message is as it was; answer it, and see that it is gone. */
#define STILL_FINE() do {							\
	ASSERT_TRUE(sending_is_seen(self->what, &self->got.msg));		\
	ASSERT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg)));			\
	ASSERT_EQ(SIGSEGV, probe_write(in_of(&self->got.msg) + PAGE));		\
} while (0)

#define ANSWER_FINE() do {							\
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	ASSERT_EQ(SIGBUS, probe_read(in_of(&self->got.msg)));			\
	ASSERT_EQ(SIGBUS, probe_read(out_of(&self->got.msg)));			\
	ASSERT_EQ(SIGBUS, probe_write(out_of(&self->got.msg)));			\
	ASSERT_EQ(0, two_end(&self->two, 0));					\
} while (0)

TEST_F(window, only_what_is_lent_is_there)
{
	char *in = self->srv.win.in, *out = self->srv.win.out;
	size_t page;

	for (page = 0; page < WINDOW / PAGE; page++) {
		__u64 at = addr(in + page * PAGE);
		bool lent = at >= page_begin(self->got.msg.i.data) &&
			    at < page_end(self->got.msg.i.data + self->what->in_size);

		EXPECT_EQ(lent ? 0 : SIGBUS, probe_read(in + page * PAGE));
		at = addr(out + page * PAGE);
		lent = at >= page_begin(self->got.msg.o.data) &&
		       at < page_end(self->got.msg.o.data + self->what->out_size);
		EXPECT_EQ(lent ? 0 : SIGBUS, probe_read(out + page * PAGE));
	}
	STILL_FINE();
	ANSWER_FINE();
	for (page = 0; page < WINDOW / PAGE; page++) {
		EXPECT_EQ(SIGBUS, probe_read(in + page * PAGE));
		EXPECT_EQ(SIGBUS, probe_write(out + page * PAGE));
	}
}

TEST_F(window, can_not_become_writable)
{
	struct windows *win = &self->srv.win;

	EXPECT_EQ(-1, mprotect(win->in, WINDOW, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(win->in, WINDOW, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(win->in, WINDOW, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(win->out, WINDOW, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	STILL_FINE();
	ANSWER_FINE();
}

/* Less than it was made with is allowed, and comes back as it was. */
TEST_F(window, less_protection)
{
	struct windows *win = &self->srv.win;

	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_NONE));
	EXPECT_EQ(SIGSEGV, probe_read(in_of(&self->got.msg)));
	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_READ));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ));
	EXPECT_EQ(SIGSEGV, probe_write(out_of(&self->got.msg)));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ | PROT_WRITE));
	STILL_FINE();
	ANSWER_FINE();
}

TEST_F(window, no_access_when_answered_without_access)
{
	struct windows *win = &self->srv.win;

	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_NONE));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_NONE));
	self->what->answer = SEED_OUT;
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_READ));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIGBUS, probe_read(in_of(&self->got.msg)));
	EXPECT_EQ(SIGBUS, probe_write(out_of(&self->got.msg)));
	EXPECT_EQ(0, two_end(&self->two, 0));
}

/* A window that was hidden at the time something was lent. */
TEST_F(window, lent_without_access)
{
	struct windows *win = &self->srv.win;

	ANSWER_FINE();
	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_NONE));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ));
	ASSERT_LT(0, two_run(&self->two, sending_main, self->what));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(SIGSEGV, probe_read(in_of(&self->got.msg)));
	EXPECT_EQ(SIGSEGV, probe_write(out_of(&self->got.msg)));
	ASSERT_EQ(0, mprotect(win->in, WINDOW, PROT_READ));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ | PROT_WRITE));
	STILL_FINE();
	ANSWER_FINE();
}

TEST_F(window, no_part_of_it_goes)
{
	struct windows *win = &self->srv.win;
	size_t half = WINDOW / 2;
	int prot = PROT_READ | PROT_WRITE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	EXPECT_EQ(-1, munmap(win->in, PAGE));
	EXPECT_EQ(-1, munmap(win->in + half, half));
	EXPECT_EQ(-1, munmap(win->out + PAGE, PAGE));
	EXPECT_EQ(-1, mprotect(win->in, PAGE, PROT_NONE));
	EXPECT_EQ(-1, mprotect(win->out + half, half, PROT_READ));
	EXPECT_EQ(MAP_FAILED, mmap(win->in, PAGE, prot, flags, -1, 0));
	EXPECT_EQ(MAP_FAILED, mmap(win->out + half, PAGE, prot, flags, -1, 0));
	EXPECT_EQ(-1, madvise(win->in, PAGE, MADV_DOFORK));
	EXPECT_EQ(-1, madvise(win->in, PAGE, MADV_RANDOM));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, win->in, PAGE, 0, 1, 0));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, win->in, WINDOW, 0, 0, 0));
	STILL_FINE();
	ANSWER_FINE();
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* Also while something is lent: pages that moved would never be taken back. */
TEST_F(window, does_not_move_or_grow)
{
	char *ends[2] = { self->srv.win.in, self->srv.win.out };
	char *place = mmap(NULL, 2 * WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, WINDOW + PAGE, 0));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, 2 * WINDOW, MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, PAGE, 0));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, PAGE, MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], 0, WINDOW, MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, WINDOW,
					     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], PAGE, PAGE,
					     MREMAP_MAYMOVE | MREMAP_FIXED, place));
		EXPECT_EQ(MAP_FAILED, mremap(ends[i], WINDOW, WINDOW,
					     MREMAP_MAYMOVE | MREMAP_FIXED, place));
	}
	STILL_FINE();
	ANSWER_FINE();
}

/* One window on the other: that one is lost, as asked, and no more. */
TEST_F(window, does_not_move_onto_the_other)
{
	struct windows *win = &self->srv.win;

	EXPECT_EQ(MAP_FAILED, mremap(win->in, WINDOW, WINDOW,
				     MREMAP_MAYMOVE | MREMAP_FIXED, win->out));
	ASSERT_TRUE(holds_from(in_of(&self->got.msg), self->what->in_size, SEED_IN, 100));
	EXPECT_NE(0, probe_write(in_of(&self->got.msg)));
	self->what->answer = SEED_OUT;
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(SIGBUS, probe_read(in_of(&self->got.msg)));
	EXPECT_NE(0, probe_read(out_of(&self->got.msg)));
	EXPECT_EQ(0, two_end(&self->two, 0));
}

/* By either of the calls that there are for it. */
static void advise(int pidfd, char *window, int advice)
{
	struct iovec iov = { window, WINDOW };

	madvise(window, WINDOW, advice);
	syscall(SYS_process_madvise, pidfd, &iov, 1, advice, 0);
}

TEST_F(window, advice_changes_nothing)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_KEEPONFORK, 20 /* COLD */, 21 /* PAGEOUT */,
		22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */, 24 /* DONTNEED_LOCKED */,
		25 /* COLLAPSE */, 101 /* SOFT_OFFLINE */,
	};
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	size_t i;

	ASSERT_LE(0, pidfd);
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		advise(pidfd, self->srv.win.in, advice[i]);
		advise(pidfd, self->srv.win.out, advice[i]);
		ASSERT_TRUE(sending_is_seen(self->what, &self->got.msg)) {
			TH_LOG("after advice %d", advice[i]);
		}
	}
	close(pidfd);
	EXPECT_EQ(-1, madvise(self->srv.win.in, WINDOW, MADV_DOFORK));
	EXPECT_EQ(-1, madvise(self->srv.win.in, WINDOW, MADV_DODUMP));
	mlock(self->srv.win.in, WINDOW);
	mlock(self->srv.win.out, WINDOW);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	munlockall();
	munlock(self->srv.win.in, WINDOW);
	STILL_FINE();
	ANSWER_FINE();
}

/* The window goes and the messages stay. Its place may be anything by then. */
TEST_F(window, unmapped_while_held)
{
	struct windows *win = &self->srv.win;
	char *other;

	fill(out_of(&self->got.msg), self->what->out_size, SEED_ANSWER);
	ASSERT_EQ(0, munmap(win->in, WINDOW));
	ASSERT_EQ(0, munmap(win->out, WINDOW));
	other = mmap(win->out, WINDOW, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(win->out, other);
	memset(other, CANARY, WINDOW);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, WINDOW, PROT_READ, MAP_SHARED, self->srv.fd,
				   PHX_WINDOW_INPUT));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_TRUE(all_are(other, WINDOW, CANARY));
	EXPECT_EQ(0, two_end(&self->two, 0));

	/* Now there is nothing in them any more. */
	munmap(other, WINDOW);
	ASSERT_EQ(0, windows_map(self->srv.fd, win, WINDOW / 2));
	ASSERT_LT(0, two_run(&self->two, sending_main, self->what));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	STILL_FINE();
	ANSWER_FINE();
}

TEST_F(window, other_mapping_over_it)
{
	struct windows *win = &self->srv.win;
	char *other;

	fill(out_of(&self->got.msg), self->what->out_size, SEED_ANSWER);
	other = mmap(win->in, WINDOW, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(win->in, other);
	memset(other, CANARY, WINDOW);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_TRUE(all_are(other, WINDOW, CANARY));
	EXPECT_EQ(0, two_end(&self->two, 0));
}

static int touch_main(void *at)
{
	return probe_read(at);
}

/* A child has the descriptor, but nothing of what is lent. */
TEST_F(window, not_inherited)
{
	pid_t pid;

	pid = child_run(-1, touch_main, in_of(&self->got.msg));
	EXPECT_EQ(SIGSEGV, child_end(pid));
	pid = child_run(-1, touch_main, out_of(&self->got.msg));
	EXPECT_EQ(SIGSEGV, child_end(pid));
	STILL_FINE();
	ANSWER_FINE();
}

/* Readings of the address space that walk over all there is. */
TEST_F(window, seen_in_proc)
{
	static const char *const files[] = {
		"maps", "smaps", "smaps_rollup", "pagemap", "numa_maps",
	};
	char path[64], buf[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		fd = open(path, O_RDONLY);
		if (!strcmp(files[i], "pagemap"))
			lseek(fd, addr(self->srv.win.in) / PAGE * 8, SEEK_SET);
		while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0 && strcmp(files[i], "pagemap"))
			;
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)self->srv.win.in, (unsigned long)self->srv.win.in + WINDOW);
	EXPECT_GT(0, open(path, O_RDONLY));
	EXPECT_GT(0, open(path, O_RDWR));
	for (i = 1; i <= 4; i++) {
		int fd = open("/proc/self/clear_refs", O_WRONLY);

		ASSERT_LE(0, fd);
		buf[0] = '0' + i;
		EXPECT_EQ(1, write(fd, buf, 1));
		close(fd);
	}
	STILL_FINE();
	ANSWER_FINE();
}

FIXTURE(bare) {
	int fd;
};

FIXTURE_SETUP(bare)
{
	OPEN_OR_SKIP(self->fd);
}

FIXTURE_TEARDOWN(bare)
{
	close(self->fd);
}

static int try_map(int fd, size_t size, int prot, int flags, __u64 offset)
{
	void *p = mmap(NULL, size, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, size);
	return 0;
}

TEST_F(bare, wrong_protection)
{
	int rw = PROT_READ | PROT_WRITE;

	EXPECT_ERR(EACCES, try_map(self->fd, PAGE, rw, MAP_SHARED, PHX_WINDOW_INPUT));
	EXPECT_ERR(EACCES, try_map(self->fd, PAGE, PROT_WRITE, MAP_SHARED, PHX_WINDOW_INPUT));
	EXPECT_ERR(EACCES, try_map(self->fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED,
				   PHX_WINDOW_INPUT));
	EXPECT_ERR(EACCES, try_map(self->fd, PAGE, rw | PROT_EXEC, MAP_SHARED,
				   PHX_WINDOW_OUTPUT));
	EXPECT_ERR(EINVAL, try_map(self->fd, PAGE, PROT_READ, MAP_PRIVATE, PHX_WINDOW_INPUT));
	EXPECT_ERR(EINVAL, try_map(self->fd, PAGE, rw, MAP_PRIVATE, PHX_WINDOW_INPUT));
	EXPECT_ERR(EINVAL, try_map(self->fd, PAGE, rw, MAP_PRIVATE, PHX_WINDOW_OUTPUT));
	EXPECT_EQ(0, try_map(self->fd, PAGE, PROT_READ, MAP_SHARED, PHX_WINDOW_INPUT));
	EXPECT_EQ(0, try_map(self->fd, PAGE, PROT_NONE, MAP_SHARED, PHX_WINDOW_OUTPUT));
}

/* Whatever wraps, on the way to the module or in it. */
TEST_F(bare, wrong_place_or_size)
{
	static const __u64 offsets[] = {
		PAGE, PHX_WINDOW_OUTPUT - PAGE, PHX_WINDOW_OUTPUT + PAGE, 1ULL << 39,
		1ULL << 41, 1ULL << 62, (1ULL << 63) - PAGE, 1ULL << 63, -(1ULL << 40), -PAGE,
	};
	static const size_t sizes[] = {
		PHX_WINDOW_MAX + PAGE, 1UL << 40, 1UL << 46, 1UL << 63, -2 * PAGE, -1UL,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT_GT(0, try_map(self->fd, PAGE, PROT_READ, MAP_SHARED, offsets[i]));
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			EXPECT_GT(0, try_map(self->fd, sizes[j], PROT_READ, MAP_SHARED,
					     offsets[i]));
	}
	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		EXPECT_GT(0, try_map(self->fd, sizes[j], PROT_READ, MAP_SHARED,
				     PHX_WINDOW_INPUT));
		EXPECT_GT(0, try_map(self->fd, sizes[j], PROT_READ, MAP_SHARED,
				     PHX_WINDOW_OUTPUT));
	}
	EXPECT_ERR(EINVAL, try_map(self->fd, PHX_WINDOW_MAX + PAGE, PROT_READ,
				   MAP_SHARED | MAP_NORESERVE, PHX_WINDOW_OUTPUT));
	EXPECT_ERR(EINVAL, try_map(self->fd, 0, PROT_READ, MAP_SHARED, PHX_WINDOW_INPUT));
	EXPECT_EQ(0, try_map(self->fd, 1, PROT_READ, MAP_SHARED, PHX_WINDOW_INPUT));
	EXPECT_EQ(0, try_map(self->fd, PHX_WINDOW_MAX, PROT_READ, MAP_SHARED | MAP_NORESERVE,
			     PHX_WINDOW_INPUT));
}

TEST_F(bare, only_one_of_each)
{
	struct windows win;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, windows_map(self->fd, &win, WINDOW));
		EXPECT_ERR(EBUSY, try_map(self->fd, WINDOW, PROT_READ, MAP_SHARED,
					  PHX_WINDOW_INPUT));
		EXPECT_ERR(EBUSY, try_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
					  PHX_WINDOW_OUTPUT));
		EXPECT_EQ(SIGBUS, probe_read(win.in));
		EXPECT_EQ(SIGBUS, probe_write(win.out + WINDOW - 1));
		windows_unmap(&win);
		EXPECT_EQ(SIGSEGV, probe_read(win.in));
	}
}

/* The same place anew takes the old one's away first. */
TEST_F(bare, one_over_itself)
{
	struct windows win;
	char *again;

	ASSERT_EQ(0, windows_map(self->fd, &win, WINDOW));
	again = mmap(win.in, WINDOW, PROT_READ, MAP_SHARED | MAP_FIXED, self->fd,
		     PHX_WINDOW_INPUT);
	EXPECT_TRUE(again == win.in || (again == MAP_FAILED && errno == EBUSY));
	EXPECT_NE(0, probe_read(win.in));
	windows_unmap(&win);
}

/* It stays where it was, of no use, and can be unmapped. */
TEST_F(bare, outlives_the_descriptor)
{
	struct windows win;

	ASSERT_EQ(0, windows_map(self->fd, &win, WINDOW));
	close(self->fd);
	EXPECT_EQ(SIGBUS, probe_read(win.in));
	EXPECT_EQ(SIGBUS, probe_write(win.out));
	EXPECT_EQ(-1, munmap(win.in, PAGE));
	windows_unmap(&win);
	EXPECT_EQ(SIGSEGV, probe_read(win.in));
}

TEST_HARNESS_MAIN
