// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of memory that a sender may have its buffers in. Each is given as input,
 * and as output where it can be written, by all ways to the server; what can't
 * be read or written is refused at once and no server is bothered.
 */
#include "phx_disk.h"

#include <sys/auxv.h>
#include <sys/shm.h>

#define SIZE (28 * 1024)	/* too small to be lent, if there is room to copy it */
#define ROOM (2 * SIZE)		/* of the memory; the buffer lies in the middle */
#define OFF 3000
#define HUGE (2 * MIB)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* Memory of ROOM bytes with SEED_IN in it; NULL if there is none of the kind. */
typedef char *make_fn(void);

static char *filled(char *p)
{
	if (p == MAP_FAILED || !p)
		return NULL;
	fill(p, ROOM, SEED_IN);
	return p;
}

static char *anonymous(void)
{
	return filled(memory(ROOM));
}

static char *from_malloc(void)
{
	return filled((char *)malloc(ROOM) + 24);
}

static char *on_stack(void)
{
	static char *p;

	/* Of the first thread, far below where it is now. */
	p = (char *)page_begin(addr(__builtin_frame_address(0))) - 64 * PAGE;
	return filled(p);
}

static char *shared_anonymous(void)
{
	return filled(shared_memory(ROOM));
}

static char *mlocked(void)
{
	char *p = anonymous();

	return mlock(p, ROOM) ? NULL : p;
}

static char *huge_page(void)
{
	char *p = memory(2 * HUGE);

	p = (char *)((addr(p) + HUGE - 1) & ~(HUGE - 1));
	if (madvise(p, HUGE, MADV_HUGEPAGE))
		return NULL;
	memset(p, 1, HUGE);
	return filled(p + HUGE / 2 - ROOM / 2 - 5);
}

static char *hugetlb(void)
{
	char *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return filled(p == MAP_FAILED ? NULL : p + HUGE / 2);
}

static char *hugetlb_shared(void)
{
	char *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return filled(p == MAP_FAILED ? NULL : p + HUGE / 2);
}

static bool have_swap(void)
{
	char line[256];
	int lines = 0;
	FILE *f = fopen("/proc/swaps", "r");

	while (f && fgets(line, sizeof(line), f))
		lines++;
	if (f)
		fclose(f);
	return lines > 1;
}

static char *swapped_out(void)
{
	char *p = anonymous();

	if (!have_swap() || madvise(p, ROOM, MADV_PAGEOUT))
		return NULL;
	return p;
}

static char *paged_out_shared(void)
{
	char *p = shared_anonymous();

	if (!have_swap() || madvise(p, ROOM, MADV_PAGEOUT))
		return NULL;
	return p;
}

static char *to_be_freed(void)
{
	char *p = anonymous();

	return madvise(p, ROOM, MADV_FREE) ? NULL : p;
}

static char *after_fork(void)
{
	char *p = anonymous();
	pid_t parent = getpid(), pid = fork();

	/* It shares the pages for as long as this process lives, which may be over. */
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			pause();
		_exit(0);
	}
	return pid < 0 ? NULL : p;
}

static char *system_v(void)
{
	int id = shmget(IPC_PRIVATE, ROOM, IPC_CREAT | 0600);
	char *p = id < 0 ? NULL : shmat(id, NULL, 0);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return p == (void *)-1 ? NULL : filled(p);
}

/* A file with SEED_IN in it. */
static int file_in(const char *dir)
{
	char path[64];
	char *p = anonymous();
	int fd;

	snprintf(path, sizeof(path), "%s/phx_test.XXXXXX", dir ?: "");
	fd = dir ? mkstemp(path) : memfd_create("phxport", MFD_ALLOW_SEALING);
	if (dir && fd >= 0)
		unlink(path);
	if (fd >= 0 && write(fd, p, ROOM) != ROOM) {
		close(fd);
		fd = -1;
	}
	munmap(p, ROOM);
	return fd;
}

static char *map_file(int fd, int prot, int flags)
{
	char *p = mmap(NULL, ROOM, prot, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static char *private_file(void)
{
	return map_file(file_in("/tmp"), PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static char *tmpfs_file(void)
{
	return map_file(file_in("/dev/shm"), PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *memory_file(void)
{
	return map_file(file_in(NULL), PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *disk_file(void)
{
	if (!disk_is_there())
		return NULL;
	return map_file(file_in("/mnt"), PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *disk_file_private(void)
{
	if (!disk_is_there())
		return NULL;
	return map_file(file_in("/mnt"), PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static char *read_only(void)
{
	char *p = anonymous();

	return mprotect(p, ROOM, PROT_READ) ? NULL : p;
}

static char *read_only_file(void)
{
	return map_file(file_in("/tmp"), PROT_READ, MAP_SHARED);
}

static char *sealed_file(void)
{
	int fd = file_in(NULL);

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return NULL;
	return map_file(fd, PROT_READ, MAP_SHARED);
}

static char *hugetlb_read_only(void)
{
	char *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED || !filled(p + HUGE / 2))
		return NULL;
	return mprotect(p, HUGE, PROT_READ) ? NULL : p + HUGE / 2;
}

/* Pages of four kinds one after the other. */
static char *of_all_kinds(void)
{
	char *p = anonymous();
	int flags = MAP_FIXED | MAP_SHARED, rw = PROT_READ | PROT_WRITE;

	if (mmap(p + 2 * PAGE, 2 * PAGE, rw, flags, file_in(NULL), 2 * PAGE) == MAP_FAILED ||
	    mmap(p + 5 * PAGE, PAGE, rw, flags | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ||
	    mmap(p + 6 * PAGE, PAGE, rw, flags, file_in("/tmp"), 0) == MAP_FAILED)
		return NULL;
	mlock(p + PAGE, PAGE);
	return filled(p);
}

FIXTURE(source) {
	struct server srv;
};

FIXTURE_VARIANT(source) {
	make_fn *make;
	const char *missing;	/* why there may be none */
	bool only_in;		/* can't be written */
};

#define SOURCE(...) FIXTURE_VARIANT_ADD(source, __VA_ARGS__)

SOURCE(anonymous) { .make = anonymous };
SOURCE(malloc) { .make = from_malloc };
SOURCE(stack) { .make = on_stack };
SOURCE(shared_anonymous) { .make = shared_anonymous };
SOURCE(mlocked) { .make = mlocked, .missing = "RLIMIT_MEMLOCK is too low" };
SOURCE(huge_page) { .make = huge_page, .missing = "no transparent huge pages" };
SOURCE(hugetlb) { .make = hugetlb, .missing = "no huge pages are reserved" };
SOURCE(hugetlb_shared) { .make = hugetlb_shared, .missing = "no huge pages are reserved" };
SOURCE(swapped_out) { .make = swapped_out, .missing = "no swap" };
SOURCE(paged_out_shared) { .make = paged_out_shared, .missing = "no swap" };
SOURCE(to_be_freed) { .make = to_be_freed };
SOURCE(after_fork) { .make = after_fork };
SOURCE(system_v) { .make = system_v, .missing = "no System V shared memory" };
SOURCE(private_file) { .make = private_file };
SOURCE(tmpfs_file) { .make = tmpfs_file, .missing = "no /dev/shm" };
SOURCE(memory_file) { .make = memory_file };
SOURCE(disk_file) { .make = disk_file, .missing = NO_DISK };
SOURCE(disk_file_private) { .make = disk_file_private, .missing = NO_DISK };
SOURCE(of_all_kinds) { .make = of_all_kinds };
SOURCE(read_only) { .make = read_only, .only_in = true };
SOURCE(read_only_file) { .make = read_only_file, .only_in = true };
SOURCE(sealed_file) { .make = sealed_file, .only_in = true };
SOURCE(hugetlb_read_only) {
	.make = hugetlb_read_only, .only_in = true, .missing = "no huge pages are reserved",
};

FIXTURE_SETUP(source)
{
	SERVER_OR_SKIP(&self->srv, MIB, ROOM);
}

FIXTURE_TEARDOWN(source)
{
	server_close(&self->srv);
}

struct use {
	make_fn *make;
	__u32 port;
	__u64 timeout_ns;
	bool only_in;
};

static int use_main(void *arg)
{
	struct use *use = arg;
	struct phx_ioc_send send = { .timeout_ns = use->timeout_ns };
	char *p = use->make();
	int fd = dev_open(0);

	if (!p)
		return CHILD_SKIP;
	CHECK(fd >= 0);
	set_input(&send.msg, p + OFF, SIZE);
	CHECK(msg_send_arg(fd, use->port, &send) == 0);
	CHECK(holds(p, ROOM, SEED_IN));
	set_input(&send.msg, NULL, 0);
	set_output(&send.msg, p + OFF, SIZE);
	send.timeout_ns = use->timeout_ns;
	if (use->only_in) {
		CHECK(msg_send_arg(fd, use->port, &send) == -EFAULT);
		CHECK(holds(p, ROOM, SEED_IN));
		return 0;
	}
	CHECK(msg_send_arg(fd, use->port, &send) == 0);
	CHECK(holds(p, OFF + 100, SEED_IN));
	CHECK(holds(p + OFF + 100, SIZE - 200, SEED_ANSWER));
	CHECK(holds_from(p + OFF + SIZE - 100, ROOM - OFF - SIZE + 100, SEED_IN,
			 OFF + SIZE - 100));
	return 0;
}

/* The server changes all but a hundred bytes at each end. */
static void serve(struct __test_metadata *_metadata, FIXTURE_DATA(source) *self,
		  const FIXTURE_VARIANT(source) *variant, __u64 timeout_ns, size_t room)
{
	struct use use = {
		.make = variant->make, .port = self->srv.port, .timeout_ns = timeout_ns,
		.only_in = variant->only_in,
	};
	pid_t pid = child_run(self->srv.fd, use_main, &use);
	struct phx_ioc_recv got = { .timeout_ns = 0 };
	int status, i, n = variant->only_in ? 1 : 2;

	for (i = 0; i < n; i++) {
		while (!poll_readable(self->srv.fd, 100))
			if (waitpid(pid, &status, WNOHANG) == pid)
				goto out_ended;
		ASSERT_EQ(0, server_recv_room(&self->srv, room, &got));
		ASSERT_EQ(i ? SIZE : 0, got.msg.o.size);
		if (!i) {
			ASSERT_TRUE(holds_from(in_of(&got.msg), SIZE, SEED_IN, OFF));
		} else {
			ASSERT_TRUE(holds_from(out_of(&got.msg), SIZE, SEED_IN, OFF));
			fill(out_of(&got.msg) + 100, SIZE - 200, SEED_ANSWER);
		}
		ASSERT_EQ(0, server_respond(&self->srv, &got));
	}
	EXPECT_EQ(0, child_end(pid));
	return;

out_ended:
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP && variant->missing)
		SKIP(return, "%s", variant->missing);
	ASSERT_EQ(0, status);
}

TEST_F(source, lent)
{
	serve(_metadata, self, variant, 0, 0);
}

TEST_F(source, bounced)
{
	serve(_metadata, self, variant, 60000000000ULL, 0);
}

TEST_F(source, copied)
{
	serve(_metadata, self, variant, 0, ROOM);
}

TEST_F(source, bounced_and_copied)
{
	serve(_metadata, self, variant, 60000000000ULL, ROOM);
}

TEST_HARNESS_MAIN
