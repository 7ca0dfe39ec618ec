// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a sender may not send, and what it may do with its memory while a server
 * has it: anything, and the server is none the worse for it.
 */
#include "phx_disk.h"

#include <linux/mempolicy.h>
#include <sys/auxv.h>

#define SIZE (8 * PAGE)

FIXTURE(sender) {
	struct server srv;
};

FIXTURE_SETUP(sender)
{
	SERVER_OR_SKIP(&self->srv, MIB, 64 * PAGE);
}

FIXTURE_TEARDOWN(sender)
{
	server_close(&self->srv);
}

static int send_in(__u32 port, const void *at, size_t n)
{
	return send_buffers(port, at, n, NULL, 0);
}

static int send_out(__u32 port, const void *at, size_t n)
{
	return send_buffers(port, NULL, 0, (void *)at, n);
}

#define REFUSED(err, call) CHECK((call) == -(err))

static const char constant[PAGE] __attribute__((aligned(4096))) = "constant";

static int refused_main(void *arg)
{
	__u32 port = *(__u32 *)arg;
	char *p = memory(SIZE), *zero = memory(PAGE);
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);

	memset(p, 1, SIZE);
	mprotect(zero, PAGE, PROT_READ);
	REFUSED(EFAULT, send_out(port, zero, 100));
	REFUSED(EFAULT, send_out(port, constant, sizeof(constant)));
	REFUSED(EFAULT, send_out(port, refused_main, 8));
	if (vdso)
		REFUSED(EFAULT, send_out(port, vdso, PAGE));
	mprotect(p + 3 * PAGE, PAGE, PROT_READ);
	REFUSED(EFAULT, send_out(port, p, SIZE));
	mprotect(p + 3 * PAGE, PAGE, PROT_NONE);
	REFUSED(EFAULT, send_in(port, p, SIZE));
	REFUSED(EFAULT, send_in(port, p + 3 * PAGE - 1, 2));
	REFUSED(EFAULT, send_out(port, p + 3 * PAGE - 1, 2));
	REFUSED(EFAULT, send_in(port, p + 3 * PAGE, 1));
	munmap(p + 5 * PAGE, PAGE);
	REFUSED(EFAULT, send_in(port, p + 4 * PAGE, 4 * PAGE));
	REFUSED(EFAULT, send_out(port, p + 4 * PAGE, 4 * PAGE));
	REFUSED(EFAULT, send_out(port, p + 6 * PAGE - 1, 2));
	CHECK(all_are(p, 3 * PAGE, 1) && all_are(p + 6 * PAGE, 2 * PAGE, 1));
	return 0;
}

/* No server ever sees those: they are not even queued. */
TEST_F(sender, unreadable_or_unwritable)
{
	pid_t pid = child_run(self->srv.fd, refused_main, &self->srv.port);

	EXPECT_EQ(0, child_end(pid));
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
}

static int wild_main(void *arg)
{
	static const __u64 wild[] = {
		0, 1, PAGE - 1, 1ULL << 47, (1ULL << 47) - 1, (1ULL << 47) - PAGE + 1,
		0x7fffffffffff, 0x8000000000000000, 0xffff800000000000, 0xffff888000000000,
		0xffffffff81000000, 0xffffffffff600000, -PAGE, -1ULL,
	};
	static const __u64 sizes[] = {
		2, 64, 2 * PAGE, MIB, PHX_MESSAGE_MAX, 1ULL << 31, 1ULL << 32, 1ULL << 47,
		1ULL << 63, -PAGE, -2 * PAGE, -1ULL,
	};
	__u32 port = *(__u32 *)arg;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			void *at = (void *)wild[i];
			int err = send_in(port, at, sizes[j]);

			CHECK(err == -EFAULT || err == -EMSGSIZE);
			err = send_out(port, at, sizes[j]);
			CHECK(err == -EFAULT || err == -EMSGSIZE);
		}
	}
	return 0;
}

TEST_F(sender, wild_addresses)
{
	pid_t pid = child_run(self->srv.fd, wild_main, &self->srv.port);

	EXPECT_EQ(0, child_end(pid));
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
}

static int too_long_main(void *arg)
{
	__u32 port = *(__u32 *)arg;
	size_t n = PHX_MESSAGE_MAX + PAGE;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return CHILD_SKIP;
	CHECK(send_in(port, p, PHX_MESSAGE_MAX + 1UL) == -EMSGSIZE);
	CHECK(send_out(port, p, PHX_MESSAGE_MAX + 1UL) == -EMSGSIZE);
	CHECK(send_out(port, p, n) == -EMSGSIZE);
	return 0;
}

TEST_F(sender, too_long)
{
	pid_t pid = child_run(self->srv.fd, too_long_main, &self->srv.port);

	EXPECT_EQ(0, child_end(pid));
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
}

/* What a sending thread and the one that meddles share. */
struct meddle {
	__u32 port;
	int fd;			/* of the sender, and of a file */
	int file;
	char *in, *out;
	int result;
	atomic_int *held, *meddled;
	void (*with)(struct meddle *m);
	int left;		/* seed of what the input is afterwards, or -1 */
	int answered;		/* the same for the output */
};

static void *meddle_send(void *arg)
{
	struct meddle *m = arg;
	struct phx_msg msg = { 0 };

	set_input(&msg, m->in + 10, SIZE - 20);
	set_output(&msg, m->out + 10, SIZE - 20);
	m->result = msg_send(m->fd, m->port, &msg);
	return NULL;
}

static int meddle_main(void *arg)
{
	struct meddle *m = arg;
	pthread_t thread;

	m->fd = dev_open(0);
	m->in = memory(SIZE);
	m->out = memory(SIZE);
	fill(m->in, SIZE, SEED_IN);
	fill(m->out, SIZE, SEED_OUT);
	CHECK(!pthread_create(&thread, NULL, meddle_send, m));
	CHECK(wait_for(m->held, 1));
	m->with(m);
	atomic_store(m->meddled, 1);
	pthread_join(thread, NULL);
	CHECK(m->result == 0);
	CHECK(m->left < 0 || holds(m->in, SIZE, m->left));
	CHECK(m->answered < 0 || holds_from(m->out + 10, SIZE - 20, SEED_ANSWER, 0));
	CHECK(m->answered < 0 || (holds(m->out, 10, SEED_OUT) &&
				  holds_from(m->out + SIZE - 10, 10, SEED_OUT, SIZE - 10)));
	return 0;
}

static void with_nothing(struct meddle *m)
{
}

static void with_munmap(struct meddle *m)
{
	munmap(m->in, SIZE);
	munmap(m->out, SIZE);
}

static void with_mremap(struct meddle *m)
{
	m->in = mremap(m->in, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, memory(SIZE));
	m->out = mremap(m->out, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, memory(SIZE));
}

static void with_dontneed(struct meddle *m)
{
	madvise(m->in, SIZE, MADV_DONTNEED);
	madvise(m->out, SIZE, MADV_DONTNEED);
	memset(m->in, CANARY, SIZE);
	memset(m->out, CANARY, SIZE);
}

static void with_mprotect(struct meddle *m)
{
	mprotect(m->in, SIZE, PROT_NONE);
	mprotect(m->out, SIZE, PROT_READ);
	mprotect(m->in, SIZE, PROT_READ);
}

static void with_free(struct meddle *m)
{
	madvise(m->in, SIZE, MADV_FREE);
	madvise(m->in, SIZE, MADV_PAGEOUT);
	madvise(m->out, SIZE, MADV_PAGEOUT);
}

static void with_collapse(struct meddle *m)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	madvise(m->in, SIZE, 25);
	madvise(m->out, SIZE, 25);
	madvise(m->out, SIZE, MADV_MERGEABLE);
	if (fd >= 0 && write(fd, "1", 1) == 1)
		close(fd);
}

#define SIZE_PAGES (SIZE / PAGE)

/* To where they are, or to another node if there is one: what is pinned stays. */
static void move_pages_at(char *at)
{
	int before[SIZE_PAGES], after[SIZE_PAGES], to[SIZE_PAGES], i;
	void *pages[SIZE_PAGES];

	for (i = 0; i < (int)SIZE_PAGES; i++)
		pages[i] = at + i * PAGE;
	CHECK(!syscall(SYS_move_pages, 0, SIZE_PAGES, pages, NULL, before, 0));
	for (i = 0; i < (int)SIZE_PAGES; i++)
		to[i] = !before[i] && !access("/sys/devices/system/node/node1", F_OK);
	CHECK(syscall(SYS_move_pages, 0, SIZE_PAGES, pages, to, after, MPOL_MF_MOVE) >= 0);
	CHECK(!syscall(SYS_move_pages, 0, SIZE_PAGES, pages, NULL, after, 0));
	for (i = 0; i < (int)SIZE_PAGES; i++)
		CHECK(before[i] >= 0 && before[i] == after[i]);
}

static void with_move_pages(struct meddle *m)
{
	move_pages_at(m->in);
	move_pages_at(m->out);
}

static bool have_move_pages(void)
{
	return !syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0) || errno != ENOSYS;
}

/* The server may see that or not, but it is not undone. */
static void with_write(struct meddle *m)
{
	fill(m->in, SIZE, SEED_LATER);
}

/* Its child gets copies, so what the server writes does not get there. */
static void with_fork(struct meddle *m)
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(holds(m->in, SIZE, SEED_IN));
		CHECK(holds(m->out, 10, SEED_OUT));
		memset(m->in, CANARY, SIZE);
		memset(m->out, CANARY, SIZE);
		_exit(0);
	}
	CHECK(child_end(pid) == 0);
	/* The parent writes to its own pages still. */
	m->in[0] = pattern(SEED_IN, 0);
}

FIXTURE(meddle) {
	struct server srv;
};

FIXTURE_VARIANT(meddle) {
	void (*with)(struct meddle *m);
	int left, answered;
};

#define MEDDLE(_name, _left, _answered)						\
	FIXTURE_VARIANT_ADD(meddle, _name) {					\
		.with = with_##_name, .left = _left, .answered = _answered,	\
	}

MEDDLE(nothing, SEED_IN, SEED_ANSWER);
MEDDLE(munmap, -1, -1);
MEDDLE(mremap, SEED_IN, SEED_ANSWER);
MEDDLE(dontneed, -1, -1);
MEDDLE(mprotect, SEED_IN, SEED_ANSWER);
MEDDLE(free, -1, SEED_ANSWER);
MEDDLE(collapse, SEED_IN, SEED_ANSWER);
MEDDLE(move_pages, SEED_IN, SEED_ANSWER);
MEDDLE(write, SEED_LATER, SEED_ANSWER);
MEDDLE(fork, SEED_IN, SEED_ANSWER);

FIXTURE_SETUP(meddle)
{
	SERVER_OR_SKIP(&self->srv, MIB, 64 * PAGE);
}

FIXTURE_TEARDOWN(meddle)
{
	server_close(&self->srv);
}

TEST_F(meddle, while_it_is_lent)
{
	atomic_int *flags = shared_memory(PAGE);
	struct meddle m = {
		.port = self->srv.port, .held = flags, .meddled = flags + 1,
		.with = variant->with, .left = variant->left, .answered = variant->answered,
	};
	struct phx_ioc_recv got;
	pid_t pid;

	if (variant->with == with_move_pages && !have_move_pages())
		SKIP(return, "this kernel has no NUMA, and so no move_pages");
	pid = child_run(self->srv.fd, meddle_main, &m);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_TRUE(holds_from(in_of(&got.msg), SIZE - 20, SEED_IN, 10));
	atomic_store(m.held, 1);
	ASSERT_TRUE(wait_for(m.meddled, 1));
	EXPECT_TRUE(variant->with == with_write ||
		    holds_from(in_of(&got.msg), SIZE - 20, SEED_IN, 10));
	EXPECT_TRUE(holds_from(out_of(&got.msg), SIZE - 20, SEED_OUT, 10));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

/* Two messages at a time whose buffers lie in the same page, side by side. */
struct neighbour {
	__u32 port;
	char *at;
	size_t first, size;
};

static void *neighbour_send(void *arg)
{
	struct neighbour *n = arg;

	CHECK(send_buffers(n->port, n->at + n->first, n->size, n->at + n->first, n->size) == 0);
	return NULL;
}

static int neighbours_main(void *arg)
{
	struct neighbour n[2] = {
		{ .first = 100, .size = PAGE + 900 },
		{ .first = PAGE + 1000, .size = PAGE + 1 },
	};
	char *p = memory(4 * PAGE);
	pthread_t threads[2];
	int i;

	fill(p, 4 * PAGE, SEED_OUT);
	for (i = 0; i < 2; i++) {
		n[i].port = *(__u32 *)arg;
		n[i].at = p;
		CHECK(!pthread_create(&threads[i], NULL, neighbour_send, &n[i]));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		CHECK(holds(p + n[i].first, n[i].size, SEED_ANSWER));
	}
	CHECK(holds(p, 100, SEED_OUT));
	CHECK(holds_from(p + 2 * PAGE + 1001, PAGE, SEED_OUT, 2 * PAGE + 1001));
	return 0;
}

TEST_F(sender, two_in_a_page)
{
	int i, order;

	for (order = 0; order < 4; order++) {
		size_t room = order / 2 * 64 * PAGE;
		struct phx_ioc_recv got[2];
		pid_t pid = child_run(self->srv.fd, neighbours_main, &self->srv.port);

		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, server_recv_room(&self->srv, i ? 0 : room, &got[i]));
			fill(out_of(&got[i].msg), got[i].msg.o.size, SEED_ANSWER);
		}
		ASSERT_EQ(0, server_respond(&self->srv, &got[order % 2]));
		ASSERT_EQ(0, server_respond(&self->srv, &got[1 - order % 2]));
		EXPECT_EQ(0, child_end(pid));
	}
}

/* An output that is a file: its pages are written to the disk in the end. */
static int disk_main(void *arg)
{
	int fd = open("/mnt/phx_out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p, *copy = memory(SIZE);

	if (fd < 0 || !disk_is_there())
		return CHILD_SKIP;
	CHECK(ftruncate(fd, SIZE) == 0);
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(p, SIZE, SEED_OUT);
	CHECK(fsync(fd) == 0);
	CHECK(send_out(*(__u32 *)arg, p, SIZE) == 0);
	munmap(p, SIZE);
	CHECK(fsync(fd) == 0);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	CHECK(pread(fd, copy, SIZE, 0) == SIZE);
	CHECK(holds(copy, SIZE, SEED_ANSWER));
	unlink("/mnt/phx_out");
	return 0;
}

TEST_F(sender, output_reaches_the_disk)
{
	pid_t pid = child_run(self->srv.fd, disk_main, &self->srv.port);
	struct phx_ioc_recv got;
	int status;

	while (!poll_readable(self->srv.fd, 100)) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			ASSERT_EQ(CHILD_SKIP, WEXITSTATUS(status));
			SKIP(return, NO_DISK);
		}
	}
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

/*
 * A sender whose time is over has its memory back, though the server does not
 * know it yet.
 */
static int impatient_main(void *arg)
{
	struct sending *s = arg;
	char *out = memory(SIZE);
	struct phx_ioc_send send = { .timeout_ns = s->timeout_ns };
	int fd = dev_open(0);

	fill(out, SIZE, SEED_OUT);
	set_output(&send.msg, out, SIZE);
	CHECK(msg_send_arg(fd, s->port, &send) == -ETIMEDOUT);
	atomic_store(&s->sent, 1);
	CHECK(wait_for(&s->sent, 2));
	CHECK(holds(out, SIZE, SEED_OUT));
	return 0;
}

/* Returns whether the server had its message, before its time was over. */
static bool time_out(struct __test_metadata *_metadata, struct server *srv,
		     struct sending *s, size_t room)
{
	struct phx_ioc_recv got = { .flags = PHX_RECV_NONBLOCK, .rid = PHX_RID_NONE };
	pid_t pid;
	bool had;

	atomic_store(&s->sent, 0);
	pid = child_run(srv->fd, impatient_main, s);
	while (!poll_readable(srv->fd, 10) && !atomic_load(&s->sent))
		;
	got.buf = room ? addr(srv->copy) : 0;
	got.buf_size = room;
	had = !msg_recv_arg(srv->fd, srv->port, &got);
	if (had) {
		EXPECT_TRUE(wait_for(&s->sent, 1));
		EXPECT_TRUE(holds(out_of(&got.msg), SIZE, SEED_OUT));
		EXPECT_ERR(ESRCH, server_answer(srv, &got));
	}
	atomic_store(&s->sent, 2);
	EXPECT_EQ(0, child_end(pid));
	return had;
}

/* It may be over before it was seen, on a slow machine. */
TEST_F(sender, timed_out)
{
	struct sending *s = shared_memory(sizeof(*s));
	size_t room;

	s->port = self->srv.port;
	for (room = 0; room <= 64 * PAGE; room += 64 * PAGE) {
		s->timeout_ns = 100000000;
		while (!time_out(_metadata, &self->srv, s, room)) {
			s->timeout_ns *= 4;
			ASSERT_GT(10000000000ULL, s->timeout_ns);
		}
	}
}

TEST_HARNESS_MAIN
