// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages with huge pages: what either side may do while they are lent, and all
 * the ways in which it may end. In most tests the buffers are seven MiB that
 * begin in the middle of a page, so that there are huge pages, small ones, and
 * two that are replaced.
 */
#include "phx_disk.h"
#include "phx_huge.h"

#define OFF 300
#define SIZE (7 * MIB)

FIXTURE(held) {
	struct server srv;
	struct huge *what;
	struct phx_ioc_recv got;
	pid_t sender;
};

FIXTURE_VARIANT(held) {
	enum kind kind;
	size_t off, size;
};

FIXTURE_VARIANT_ADD(held, transparent) { .kind = THP, .off = OFF, .size = SIZE };
FIXTURE_VARIANT_ADD(held, hugetlb) { .kind = HUGETLB, .off = OFF, .size = ROOM_HUGETLB - OFF };

FIXTURE_SETUP(held)
{
	SERVER_OR_SKIP(&self->srv, 0, PAGE);
	ASSERT_EQ(0, windows_map_at(&self->srv, 0, WINDOW));
	self->what = shared_memory(sizeof(*self->what));
	*self->what = (struct huge) {
		.port = self->srv.port, .kind = variant->kind, .off = variant->off,
		.in_size = variant->size, .out_size = variant->size,
	};
}

FIXTURE_TEARDOWN(held)
{
	server_close(&self->srv);
}

#define RECEIVE_IT() RECEIVE(&self->srv, self->what, &self->sender, &self->got)

/* Of a huge page that the message has all of. */
static char *middle(const struct phx_msg *msg, bool out)
{
	return (char *)page_begin((out ? msg->o.data : msg->i.data) + HUGE + HUGE / 4);
}

#define EXPECT_GONE(_got) do {							\
	EXPECT_EQ(SIGBUS, probe_read(in_of(&(_got)->msg)));			\
	EXPECT_EQ(SIGBUS, probe_read(middle(&(_got)->msg, false)));		\
	EXPECT_EQ(SIGBUS, probe_read(out_of(&(_got)->msg)));			\
	EXPECT_EQ(SIGBUS, probe_write(middle(&(_got)->msg, true)));		\
} while (0)

#define ANSWER_FINE() do {							\
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	EXPECT_GONE(&self->got);						\
	EXPECT_EQ(0, child_end(self->sender));					\
} while (0)

/* What was written by then has reached the sender. */
TEST_F_TIMEOUT(held, windows_unmapped, 60)
{
	RECEIVE_IT();
	fill(out_of(&self->got.msg), variant->size, SEED_ANSWER);
	windows_unmap(&self->srv.win);
	EXPECT_EQ(SIGSEGV, probe_read(middle(&self->got.msg, true)));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, child_end(self->sender));
	ASSERT_EQ(0, windows_map_at(&self->srv, 0, WINDOW));
	RECEIVE_IT();
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

TEST_F_TIMEOUT(held, other_memory_in_the_windows_place, 60)
{
	struct windows *win = &self->srv.win;

	RECEIVE_IT();
	ASSERT_NE(MAP_FAILED, mmap(win->in, WINDOW, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(middle(&self->got.msg, false), CANARY, HUGE);
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));
	EXPECT_TRUE(all_are(middle(&self->got.msg, false), HUGE, CANARY));
	EXPECT_EQ(0, child_end(self->sender));
}

static int serve_and_end(void *arg)
{
	struct huge *what = arg;
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(server_open(&srv, 0, PAGE) == 0 && windows_map_at(&srv, 0, WINDOW) == 0);
	what->port = srv.port;
	atomic_store(&what->go, 1);
	CHECK(server_recv(&srv, &got) == 0);
	CHECK(huge_is_seen(what, &got.msg));
	memset(middle(&got.msg, true), CANARY, PAGE);
	raise(SIGKILL);
	return 1;
}

static int survive(void *arg)
{
	struct huge *h = arg;
	char *in = make_room(h->kind), *out = make_room(h->kind);

	if (!in || !out)
		return CHILD_SKIP;
	fill(in, room_of(h->kind), SEED_IN);
	fill(out, room_of(h->kind), SEED_OUT);
	CHECK(send_buffers(h->port, in + h->off, h->in_size, out + h->off, h->out_size) == -EPIPE);
	CHECK(holds(in, room_of(h->kind), SEED_IN));
	CHECK(holds(out, h->off + HUGE, SEED_OUT));
	/* Its own again, all of it. */
	fill(in, room_of(h->kind), SEED_LATER);
	fill(out, room_of(h->kind), SEED_LATER);
	CHECK(holds(in, room_of(h->kind), SEED_LATER));
	CHECK(holds(out, room_of(h->kind), SEED_LATER));
	return 0;
}

TEST_F_TIMEOUT(held, server_is_killed, 60)
{
	pid_t server = child_run(self->srv.fd, serve_and_end, self->what);
	int err;

	ASSERT_TRUE(wait_for(&self->what->go, 1));
	err = child_end(child_run(self->srv.fd, survive, self->what));
	if (err == CHILD_SKIP) {
		kill(server, SIGKILL);
		SKIP(return, "there are too few huge pages");
	}
	EXPECT_EQ(0, err);
	EXPECT_EQ(-SIGKILL, child_end(server));
}

/* Its pages stay where they are, and are nobody else's meanwhile. */
TEST_F_TIMEOUT(held, sender_is_killed, 60)
{
	char *others;

	RECEIVE_IT();
	kill(self->sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(self->sender));
	others = make_room(THP);
	memset(others, CANARY, ROOM);
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	fill(out_of(&self->got.msg), variant->size, SEED_ANSWER);
	EXPECT_TRUE(all_are(others, ROOM, CANARY));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
	EXPECT_GONE(&self->got);
}

static int touch_main(void *at)
{
	CHECK(probe_read(at) == SIGSEGV);
	return 0;
}

TEST_F_TIMEOUT(held, server_forks, 60)
{
	pid_t pid;

	RECEIVE_IT();
	pid = child_run(-1, touch_main, middle(&self->got.msg, false));
	EXPECT_EQ(0, child_end(pid));
	pid = child_run(-1, touch_main, middle(&self->got.msg, true));
	EXPECT_EQ(0, child_end(pid));
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

static void meddle(struct huge *h)
{
	char *in = h->in + HUGE, *out = h->out + HUGE;
	pid_t pid;

	/* For a child there may be too few, as what is pinned is copied at once. */
	if (h->kind == HUGETLB) {
		CHECK(mprotect(h->in, ROOM_HUGETLB, PROT_NONE) == 0);
		return;
	}
	pid = fork();
	if (!pid)
		_exit(!holds_from(in, PAGE, SEED_IN, HUGE));
	CHECK(child_end(pid) == 0);
	CHECK(madvise(in + PAGE, PAGE, MADV_DONTNEED) == 0);
	CHECK(mprotect(in + 2 * PAGE, PAGE, PROT_NONE) == 0);
	CHECK(mprotect(out + PAGE, PAGE, PROT_READ) == 0);
	CHECK(munmap(out + 5 * PAGE, PAGE) == 0);
}

/* A huge page may be split in the sender's memory, and lose parts there. */
TEST_F_TIMEOUT(held, sender_meddles, 60)
{
	self->what->meddle = meddle;
	RECEIVE_IT();
	atomic_store(&self->what->go, 1);
	ASSERT_TRUE(wait_for(&self->what->done, 1));
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

/* Nobody can get hold of a page and see it for ever. */
TEST_F_TIMEOUT(held, pinning, 60)
{
	static char buf[PAGE] __attribute__((aligned(PAGE)));
	struct iovec mine = { buf, PAGE };
	int ends[2], i;

	RECEIVE_IT();
	ASSERT_EQ(0, pipe(ends));
	for (i = 0; i < 2; i++) {
		struct iovec its = { middle(&self->got.msg, i), PAGE };

		EXPECT_EQ(-1, process_vm_readv(getpid(), &mine, 1, &its, 1, 0));
		EXPECT_EQ(-1, process_vm_writev(getpid(), &mine, 1, &its, 1, 0));
		EXPECT_EQ(-1, vmsplice(ends[1], &its, 1, 0));
	}
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

TEST_F_TIMEOUT(held, direct_io, 60)
{
	int i, fd;

	if (!disk_is_there())
		SKIP(return, NO_DISK);
	RECEIVE_IT();
	fd = direct_file();
	ASSERT_LE(0, fd);
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(direct_is_efault(fd, middle(&self->got.msg, i)));
	close(fd);
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

static void read_all(const char *path)
{
	static char buf[64 * 1024];
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* Looking at the window, and advice for it, changes nothing. */
TEST_F_TIMEOUT(held, looked_at_and_advised, 60)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_COLD, MADV_PAGEOUT, MADV_MERGEABLE, MADV_DOFORK, MADV_REMOVE,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, 25 /* MADV_COLLAPSE */,
	};
	static unsigned char vec[HUGE / PAGE];
	__u64 entry;
	size_t i;
	int fd;

	RECEIVE_IT();
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise((void *)(addr(middle(&self->got.msg, false)) & -HUGE), HUGE, advice[i]);
		madvise((void *)(addr(middle(&self->got.msg, true)) & -HUGE), HUGE, advice[i]);
	}
	mincore((void *)(addr(middle(&self->got.msg, false)) & -HUGE), HUGE, vec);
	read_all("/proc/self/maps");
	read_all("/proc/self/smaps");
	read_all("/proc/self/numa_maps");
	fd = open("/proc/self/pagemap", O_RDONLY);
	for (i = 0; fd >= 0 && i < 2; i++)
		EXPECT_EQ(8, pread(fd, &entry, 8, addr(middle(&self->got.msg, i)) / PAGE * 8));
	close(fd);
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

/*
 * What takes a window's right to write and gives it back may have taken huge
 * pages out of it: then an access raises SIGBUS, but what is seen is right.
 */
static void write_again(struct __test_metadata *_metadata, FIXTURE_DATA(held) *self)
{
	char *at = middle(&self->got.msg, true);
	int sig = probe_write(at);
	unsigned char seen;

	EXPECT_TRUE(!sig || sig == SIGBUS);
	EXPECT_EQ(sig, probe(at, false, &seen));
	if (!sig) {
		EXPECT_EQ(CANARY, seen);
	}
	/* Small pages are there still. */
	EXPECT_EQ(0, probe_write(out_of(&self->got.msg)));
	EXPECT_EQ(SIGSEGV, probe_write(middle(&self->got.msg, false)));
}

/* What was not written stays the sender's. */
static void meddle_never(struct huge *h)
{
}

TEST_F_TIMEOUT(held, output_window_loses_its_right_and_gets_it_back, 60)
{
	struct windows *win = &self->srv.win;

	self->what->meddle = meddle_never;
	RECEIVE_IT();
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ));
	EXPECT_EQ(SIGSEGV, probe_write(middle(&self->got.msg, true)));
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_NONE));
	EXPECT_EQ(SIGSEGV, probe_read(middle(&self->got.msg, true)));
	ASSERT_EQ(0, mprotect(win->out, WINDOW, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, mprotect(win->in, WINDOW, PROT_READ | PROT_WRITE));
	write_again(_metadata, self);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_GONE(&self->got);
	EXPECT_EQ(0, child_end(self->sender));
}

/* The same by who tracks which pages are written to. */
TEST_F_TIMEOUT(held, written_pages_are_tracked, 60)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (fd < 0)
		SKIP(return, "this kernel has no /proc/self/clear_refs");
	self->what->meddle = meddle_never;
	RECEIVE_IT();
	(void)!write(fd, "1", 1);
	(void)!write(fd, "4", 1);
	close(fd);
	write_again(_metadata, self);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_GONE(&self->got);
	EXPECT_EQ(0, child_end(self->sender));
}

/* It fails before anything is moved, so that all is where it was. */
TEST_F_TIMEOUT(held, moving_a_window_fails, 60)
{
	char *to = aligned_memory(WINDOW + HUGE) + PAGE;
	struct windows *win = &self->srv.win;
	unsigned char seen;

	self->what->meddle = meddle_never;
	RECEIVE_IT();
	EXPECT_EQ(MAP_FAILED, mremap(win->in, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(MAP_FAILED, mremap(win->out, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, probe(in_of(&self->got.msg) + HUGE, false, &seen));
	EXPECT_EQ(pattern(SEED_IN, variant->off + HUGE), seen);
	EXPECT_NE(0, probe_write(middle(&self->got.msg, false)));
	EXPECT_EQ(0, probe_write(middle(&self->got.msg, true)));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_GONE(&self->got);
	EXPECT_EQ(0, child_end(self->sender));
}

/* Another server, which gets a part of what the first got. */
struct second {
	__u32 port;
	size_t skip, size;	/* which part */
	size_t off;		/* where the sender's buffers began */
	atomic_int ready;
};

static int second_main(void *arg)
{
	struct second *s = arg;
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(server_open(&srv, 0, PAGE) == 0 && windows_map_at(&srv, 0, WINDOW) == 0);
	s->port = srv.port;
	atomic_store(&s->ready, 1);
	CHECK(server_recv(&srv, &got) == 0);
	CHECK(got.i_class == PHX_CLASS_LEND && got.o_class == PHX_CLASS_LEND);
	CHECK(holds_from(in_of(&got.msg), s->size, SEED_IN, s->off + s->skip));
	CHECK(holds_from(out_of(&got.msg), s->size, SEED_OUT, s->off + s->skip));
	CHECK(all_are((void *)page_begin(got.msg.o.data), got.msg.o.data % PAGE, 0));
	CHECK(probe_write(in_of(&got.msg)) == SIGSEGV);
	CHECK(probe_write(in_of(&got.msg) + s->size / 2) == SIGSEGV);
	fill_from(out_of(&got.msg), s->size, SEED_ANSWER, s->skip);
	CHECK(server_respond(&srv, &got) == 0);
	CHECK(probe_read(in_of(&got.msg) + s->size / 2) == SIGBUS);
	return 0;
}

static void send_part_on(struct __test_metadata *_metadata, FIXTURE_DATA(held) *self,
			 struct second *s)
{
	struct phx_msg msg = { 0 };
	pid_t pid = child_run(self->srv.fd, second_main, s);
	size_t end = s->skip + s->size;

	ASSERT_TRUE(wait_for(&s->ready, 1));
	/* What may only be read may not be given to be written. */
	set_output(&msg, in_of(&self->got.msg) + s->skip, s->size);
	EXPECT_ERR(EFAULT, msg_send(self->srv.fd, s->port, &msg));
	set_input(&msg, in_of(&self->got.msg) + s->skip, s->size);
	set_output(&msg, out_of(&self->got.msg) + s->skip, s->size);
	EXPECT_EQ(0, msg_send(self->srv.fd, s->port, &msg));
	EXPECT_EQ(0, child_end(pid));
	EXPECT_TRUE(holds_from(out_of(&self->got.msg) + s->skip, s->size, SEED_ANSWER, s->skip));
	fill(out_of(&self->got.msg), s->skip, SEED_ANSWER);
	fill_from(out_of(&self->got.msg) + end, self->got.msg.o.size - end, SEED_ANSWER, end);
}

TEST_F_TIMEOUT(held, part_is_sent_on, 120)
{
	static const size_t skip[] = { 0, HUGE, HUGE / 2 + 100, 1 };
	static const size_t size[] = { HUGE, MIB, 2 * MIB + 50, 3 * MIB };
	struct second *s = shared_memory(sizeof(*s));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(skip); i++) {
		RECEIVE_IT();
		*s = (struct second) { .skip = skip[i], .size = size[i], .off = variant->off };
		send_part_on(_metadata, self, s);
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		EXPECT_GONE(&self->got);
		EXPECT_EQ(0, child_end(self->sender));
	}
}

/* A message that is lent on from the first page of a huge one but not its begin. */
TEST_F_TIMEOUT(held, begin_of_a_huge_page_is_not_sent_on, 60)
{
	struct second *s = shared_memory(sizeof(*s));
	size_t to_next;

	RECEIVE_IT();
	to_next = HUGE - variant->off % HUGE;
	*s = (struct second) {
		.skip = to_next + 1, .size = HUGE - 1, .off = variant->off,
	};
	send_part_on(_metadata, self, s);
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, child_end(self->sender));
}

TEST_HARNESS_MAIN
