// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memory can be registered, who pays for it, and that it is the very memory
 * of its owner for as long as it is registered, whatever happens to that: not a
 * copy that was made when it was pinned, or when it was written later.
 */
#include "phx_peer.h"

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define WINDOW (256 * PAGE)
#define BOTH (PHX_BUFFER_IN | PHX_BUFFER_OUT)
#define NOBODY 65534

FIXTURE(memory) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
};

FIXTURE_SETUP(memory)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
}

FIXTURE_TEARDOWN(memory)
{
	peer_kill(self->peer);
	server_close(&self->srv);
}

static int wrong_arguments(struct lane *lane)
{
	char *mem = lane->peer->mem;
	const struct phx_ioc_buffer good = {
		.size = sizeof(good), .flags = BOTH, .port = lane->peer->port,
		.addr = addr(mem + PAGE), .len = 2 * PAGE,
	};

#define WITH(_member, _value, _err) do {					\
	lane->reg = good;							\
	lane->reg._member = _value;						\
	CHECK(do_register(lane) == -(_err));					\
} while (0)

	WITH(flags, 0, EINVAL);
	WITH(flags, 4, EINVAL);
	WITH(flags, BOTH | 1U << 31, EINVAL);
	WITH(len, 0, EINVAL);
	WITH(len, 1, EINVAL);
	WITH(len, PAGE - 1, EINVAL);
	WITH(len, PAGE + 1, EINVAL);
	WITH(addr, good.addr + 1, EINVAL);
	WITH(addr, good.addr - 8, EINVAL);
	WITH(addr, 0, EFAULT);
	WITH(addr, -PAGE, EFAULT);
	WITH(addr, 1ULL << 63, EFAULT);
	WITH(len, -PAGE, EMSGSIZE);
	WITH(len, 1ULL << 62, EMSGSIZE);
	WITH(len, PHX_MESSAGE_MAX + PAGE, EMSGSIZE);
	WITH(port, 0, EINVAL);
	WITH(port, 0x7fffffff, EINVAL);
	WITH(port, 0x80000000 | good.port, EINVAL);
	lane->reg = good;
	return do_register(lane);
}

TEST_F(memory, wrong_arguments)
{
	__u32 flagged = self->srv.port, plain;

	ASSERT_LE(0, lane_do(self->lane, wrong_arguments));
	ASSERT_EQ(0, port_create(self->srv.fd, &plain));
	self->peer->port = plain;
	EXPECT_ERR(EACCES, lane_register(self->lane, BOTH, 0, PAGE));
	ASSERT_EQ(0, port_destroy(self->srv.fd, flagged));
	self->peer->port = flagged;
	EXPECT_ERR(EINVAL, lane_register(self->lane, BOTH, 0, PAGE));
}

static int reg_at(struct lane *lane, __u32 flags, const void *at, size_t len)
{
	return buffer_register(lane->peer->fd, lane->peer->port, flags, at, len);
}

/* Which direction, and what is to come of it: 0 is any number. */
#define REG(_flags, _at, _len, _err) do {					\
	int _got = reg_at(lane, _flags, _at, _len);				\
										\
	CHECK((_got < 0 ? _got : 0) == -(_err));				\
	if (_got >= 0)								\
		CHECK(buffer_unregister(lane->peer->fd, _got) == 0);		\
} while (0)

static int protections(struct lane *lane)
{
	char *mem = memory(8 * PAGE);

	CHECK(mprotect(mem + 2 * PAGE, PAGE, PROT_READ) == 0);
	CHECK(mprotect(mem + 4 * PAGE, PAGE, PROT_NONE) == 0);
	CHECK(munmap(mem + 6 * PAGE, PAGE) == 0);
	REG(PHX_BUFFER_IN, mem, 4 * PAGE, 0);
	REG(PHX_BUFFER_OUT, mem, 4 * PAGE, EFAULT);
	REG(BOTH, mem, 3 * PAGE, EFAULT);
	REG(BOTH, mem, 2 * PAGE, 0);
	REG(PHX_BUFFER_IN, mem, 5 * PAGE, EFAULT);
	REG(PHX_BUFFER_OUT, mem + 4 * PAGE, PAGE, EFAULT);
	REG(PHX_BUFFER_IN, mem + 5 * PAGE, 2 * PAGE, EFAULT);
	REG(BOTH, mem + 5 * PAGE, PAGE, 0);
	return 0;
}

TEST_F(memory, protections)
{
	EXPECT_EQ(0, lane_do(self->lane, protections));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

/* A file's pages must not get dirty unknown to its file system. */
static int files(struct lane *lane)
{
	int rw = PROT_READ | PROT_WRITE, fd = open("/proc/self/exe", O_RDONLY);
	char *shm = mmap(NULL, 4 * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *text = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	char *data = mmap(NULL, 4 * PAGE, rw, MAP_PRIVATE, fd, 0);
	char path[] = "test_region.XXXXXX";
	struct statfs fs;
	char *file;

	close(fd);
	fd = mkstemp(path);
	CHECK(fd >= 0 && unlink(path) == 0 && ftruncate(fd, 4 * PAGE) == 0);
	CHECK(fstatfs(fd, &fs) == 0);
	file = mmap(NULL, 4 * PAGE, rw, MAP_SHARED, fd, 0);
	CHECK(file != MAP_FAILED && data != MAP_FAILED && text != MAP_FAILED);
	REG(BOTH, shm, 4 * PAGE, 0);
	REG(PHX_BUFFER_IN, text, 4 * PAGE, 0);
	REG(PHX_BUFFER_OUT, text, 4 * PAGE, EFAULT);
	REG(BOTH, data, 4 * PAGE, 0);
	REG(PHX_BUFFER_IN, file, 4 * PAGE, 0);
	REG(PHX_BUFFER_OUT, file, 4 * PAGE, fs.f_type == TMPFS_MAGIC ? 0 : EOPNOTSUPP);
	return 0;
}

TEST_F(memory, files)
{
	EXPECT_EQ(0, lane_do(self->lane, files));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

/* Many, so that the kernel looks at them at once. Written again they are as any other. */
static int freed_and_used_again(struct lane *lane)
{
	char *mem = memory(64 * PAGE);

	fill(mem, 64 * PAGE, SEED_IN);
	CHECK(madvise(mem, 64 * PAGE, MADV_FREE) == 0);
	REG(BOTH, mem, 16 * PAGE, 0);
	fill(mem, 64 * PAGE, SEED_LATER);
	REG(BOTH, mem, 16 * PAGE, 0);
	return 0;
}

TEST_F(memory, freed_and_used_again)
{
	EXPECT_EQ(0, lane_do(self->lane, freed_and_used_again));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

/* What was lent to a process is not its own to register. */
static int lent_main(struct lane *lane)
{
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	lane->param = srv.port;
	CHECK(server_recv(&srv, &got) == 0);
	CHECK(reg_at(lane, PHX_BUFFER_IN, in_of(&got.msg), PAGE) == -EOPNOTSUPP);
	CHECK(reg_at(lane, PHX_BUFFER_OUT, out_of(&got.msg), PAGE) == -EOPNOTSUPP);
	CHECK(reg_at(lane, PHX_BUFFER_OUT, in_of(&got.msg), PAGE) == -EFAULT);
	CHECK(reg_at(lane, PHX_BUFFER_IN, srv.win.in + WINDOW - PAGE, PAGE) == -EFAULT);
	CHECK(server_respond(&srv, &got) == 0);
	server_close(&srv);
	return 0;
}

TEST_F(memory, what_was_lent)
{
	struct phx_msg msg = { 0 };
	char *mem = memory(2 * PAGE);
	int i;

	self->lane->param = 0;
	lane_ask(self->lane, lent_main);
	for (i = 0; i < PATIENCE_MS && !*(volatile long *)&self->lane->param; i++)
		usleep(1000);
	set_input(&msg, mem, PAGE);
	set_output(&msg, mem + PAGE, PAGE);
	EXPECT_EQ(0, msg_send(self->srv.fd, self->lane->param, &msg));
	EXPECT_EQ(0, lane_answer(self->lane));
}

/* Register, have a message received, then write: does the server see it? */
static int write_part_later(struct lane *lane, char *all, size_t len, char *mem)
{
	int id = reg_at(lane, PHX_BUFFER_IN, all, len);

	if (id < 0)
		return id;
	memset(&lane->send, 0, sizeof(lane->send));
	lane->send.flags = PHX_SEND_I_REGISTERED;
	lane->send.i_off = id;
	set_input(&lane->send.msg, mem, 4 * PAGE);
	CHECK(do_send(lane) == 0);
	fill(mem, 4 * PAGE, SEED_LATER);
	return do_send(lane);
}

static int write_later(struct lane *lane, char *mem)
{
	return write_part_later(lane, mem, 4 * PAGE, mem);
}

static int untouched_memory(struct lane *lane)
{
	return write_later(lane, memory(4 * PAGE));
}

static int memory_read_before(struct lane *lane)
{
	char *mem = memory(4 * PAGE);

	CHECK(all_are(mem, 4 * PAGE, 0));
	return write_later(lane, mem);
}

static int private_file(struct lane *lane)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	CHECK(mem != MAP_FAILED);
	return write_later(lane, mem);
}

static int shared_with_a_child(struct lane *lane)
{
	char *mem = memory(4 * PAGE);
	pid_t pid;
	int err;

	fill(mem, 4 * PAGE, SEED_IN);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	err = write_later(lane, mem);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return err;
}

static int partly_read_only(struct lane *lane)
{
	char *mem = memory(6 * PAGE);

	CHECK(mprotect(mem, PAGE, PROT_READ) == 0);
	CHECK(mprotect(mem + 5 * PAGE, PAGE, PROT_READ) == 0);
	return write_part_later(lane, mem, 6 * PAGE, mem + PAGE);
}

FIXTURE(later) {
	struct server srv;
	struct peer *peer;
};

FIXTURE_VARIANT(later) {
	int (*fn)(struct lane *lane);
};

FIXTURE_VARIANT_ADD(later, untouched_memory) { .fn = untouched_memory, };
FIXTURE_VARIANT_ADD(later, memory_read_before) { .fn = memory_read_before, };
FIXTURE_VARIANT_ADD(later, private_file) { .fn = private_file, };
FIXTURE_VARIANT_ADD(later, shared_with_a_child) { .fn = shared_with_a_child, };
FIXTURE_VARIANT_ADD(later, partly_read_only) { .fn = partly_read_only, };

FIXTURE_SETUP(later)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
}

FIXTURE_TEARDOWN(later)
{
	peer_kill(self->peer);
	server_close(&self->srv);
}

TEST_F(later, is_seen)
{
	struct lane *lane = &self->peer->lanes[0];
	struct phx_ioc_recv got;

	lane_ask(lane, variant->fn);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_FALSE(holds(in_of(&got.msg), PAGE, SEED_LATER));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(4 * PAGE, right_from(in_of(&got.msg), 4 * PAGE, SEED_LATER, 0));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, lane_answer(lane));
}

/* Forks, and writes on both sides: the server sees what the parent does. */
static int fork_and_write(struct lane *lane)
{
	char *mem = lane->peer->mem;
	pid_t pid = fork();

	if (!pid) {
		CHECK(holds(mem, PEER_SIZE, SEED_IN));
		fill(mem, PEER_SIZE, 77);
		CHECK(buffer_unregister(lane->peer->fd, 0) == -EBADFD);
		_exit(0);
	}
	fill(mem, PEER_SIZE / 2, SEED_LATER);
	return child_end(pid);
}

TEST_F(memory, fork)
{
	int id = lane_register(self->lane, BOTH, 0, PEER_SIZE);
	struct part all = { id, 0, PEER_SIZE };
	int round;

	for (round = 0; round < 3; round++) {
		lane_send(self->lane, all, all);
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
		EXPECT_EQ(0, lane_do(&self->peer->lanes[1], fork_and_write));
		EXPECT_TRUE(holds(in_of(&self->got.msg), PEER_SIZE / 2, SEED_LATER));
		EXPECT_TRUE(holds_from(in_of(&self->got.msg) + PEER_SIZE / 2, PEER_SIZE / 2,
				       SEED_IN, PEER_SIZE / 2));
		fill(out_of(&self->got.msg), PEER_SIZE, SEED_IN);
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		ASSERT_EQ(0, lane_answer(self->lane));
		self->lane->send.o_off = 0;
		self->lane->param = SEED_IN;
		EXPECT_EQ(1, lane_do(self->lane, do_compare));
	}
}

/* Unmapped, and something else at its address: what was registered stays. */
static int replace_memory(struct lane *lane)
{
	char *mem = lane->peer->mem;

	CHECK(munmap(mem, PEER_SIZE) == 0);
	CHECK(mmap(mem, PEER_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == mem);
	fill(mem, PEER_SIZE, SEED_LATER);
	return 0;
}

TEST_F(memory, number_means_the_old_pages)
{
	int id = lane_register(self->lane, BOTH, 0, PEER_SIZE);
	struct part all = { id, 0, PEER_SIZE };

	ASSERT_EQ(0, lane_do(self->lane, replace_memory));
	lane_send(self->lane, all, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_TRUE(holds(in_of(&self->got.msg), PEER_SIZE, SEED_IN));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->lane));
	all.id = PLAIN;
	lane_send(self->lane, all, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_TRUE(holds(in_of(&self->got.msg), PEER_SIZE, SEED_LATER));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, lane_answer(self->lane));
}

/* In the peer: nobody special from here on, with a file of that user. */
static int become_nobody(struct lane *lane)
{
	struct rlimit limit = { lane->param, lane->param };

	close(lane->peer->fd);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	/* By system calls: the library would do it in all threads. */
	CHECK(syscall(SYS_setgroups, 0, NULL) == 0);
	CHECK(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) == 0);
	CHECK(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0);
	lane->peer->fd = dev_open(0);
	return lane->peer->fd < 0 ? lane->peer->fd : 0;
}

FIXTURE(limit) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	mode_t mode;
	long max_pages;
};

static long max_pages(long value)
{
	const char *path = "/sys/module/phxport/parameters/max_pages";
	long before = -1;
	FILE *f = fopen(path, "r+");

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &before) == 1 && value >= 0) {
		rewind(f);
		fprintf(f, "%ld\n", value);
	}
	fclose(f);
	return before;
}

FIXTURE_SETUP(limit)
{
	struct stat st;
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	if (geteuid())
		SKIP(return, "only root may change the limits");
	self->max_pages = max_pages(-1);
	ASSERT_LT(0, self->max_pages);
	ASSERT_EQ(0, stat(PHX_DEV, &st));
	self->mode = st.st_mode & 07777;
	ASSERT_EQ(0, chmod(PHX_DEV, 0666));
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
}

FIXTURE_TEARDOWN(limit)
{
	if (geteuid())
		return;
	peer_kill(self->peer);
	EXPECT_EQ(0, chmod(PHX_DEV, self->mode));
	max_pages(self->max_pages);
	server_close(&self->srv);
}

/* Pages are charged once, whatever the directions, until they are unpinned. */
TEST_F_TIMEOUT(limit, max_pages, 120)
{
	int i, a, b;

	self->lane->param = 64 * MIB;
	ASSERT_EQ(0, lane_do(self->lane, become_nobody));
	max_pages(10);
	for (i = 0; i < 20; i++) {
		EXPECT_ERR(EDQUOT, lane_register(self->lane, BOTH, 0, 11 * PAGE));
		a = lane_register(self->lane, BOTH, 0, 6 * PAGE);
		b = lane_register(self->lane, PHX_BUFFER_IN, 0, 4 * PAGE);
		ASSERT_LE(0, a);
		ASSERT_LE(0, b);
		EXPECT_ERR(EDQUOT, lane_register(self->lane, BOTH, 0, PAGE));
		ASSERT_EQ(0, lane_unregister(self->lane, a));
		ASSERT_EQ(0, lane_unregister(self->lane, b));
	}
}

/* The kernel counts two pages more for each, as the worst case. */
TEST_F_TIMEOUT(limit, memlock, 120)
{
	int i, a;

	self->lane->param = 10 * PAGE;
	ASSERT_EQ(0, lane_do(self->lane, become_nobody));
	for (i = 0; i < 20; i++) {
		EXPECT_ERR(ENOBUFS, lane_register(self->lane, BOTH, 0, 9 * PAGE));
		a = lane_register(self->lane, BOTH, 0, 8 * PAGE);
		ASSERT_LE(0, a);
		EXPECT_ERR(ENOBUFS, lane_register(self->lane, BOTH, 0, PAGE));
		ASSERT_EQ(0, lane_unregister(self->lane, a));
	}
}

/* What a server keeps of a sender that is gone is not at that user's expense. */
TEST_F(limit, server_pays_for_what_it_keeps)
{
	struct part in = { 0, 0, 8 * PAGE };
	struct phx_ioc_recv got;

	self->lane->param = 10 * PAGE;
	ASSERT_EQ(0, lane_do(self->lane, become_nobody));
	max_pages(16);
	in.id = lane_register(self->lane, BOTH, 0, 8 * PAGE);
	lane_send(self->lane, in, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(-SIGKILL, peer_kill(self->peer));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
	self->lane->param = 18 * PAGE;
	ASSERT_EQ(0, lane_do(self->lane, become_nobody));
	EXPECT_LE(0, lane_register(self->lane, BOTH, 0, 16 * PAGE));
	EXPECT_TRUE(holds(in_of(&got.msg), 8 * PAGE, SEED_IN));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &got));
}

TEST_HARNESS_MAIN
