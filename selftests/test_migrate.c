// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the kernel would move: what is lent stays pinned for long, so it must
 * leave the zone where all can be moved, and does not go to another node. Made for a
 * machine with `movablecore=512M numa=fake=2`.
 */
#include "phx_map.h"

#include <linux/mempolicy.h>

#define PAGES 64
#define SIZE (PAGES * PAGE)

/* The zones Movable of all nodes: numbers of pages, the last not included. */
struct zones {
	unsigned long first[4], end[4];
	int nr;
};

static void read_zones(struct zones *zones)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	unsigned long n, spanned = 0;
	bool movable = false;
	char line[256];

	zones->nr = 0;
	while (f && fgets(line, sizeof(line), f) && zones->nr < (int)ARRAY_SIZE(zones->end)) {
		if (!strncmp(line, "Node", 4))
			movable = strstr(line, "Movable");
		if (sscanf(line, " spanned %lu", &n) == 1)
			spanned = n;
		if (!movable || !spanned || sscanf(line, " start_pfn: %lu", &n) != 1)
			continue;
		zones->first[zones->nr] = n;
		zones->end[zones->nr++] = n + spanned;
	}
	if (f)
		fclose(f);
}

/* What a sender in a process of its own has, and how far it is. */
struct sender {
	__u32 port;
	char *(*make)(void);
	char *in, *out;
	atomic_int step;
};

/* How many pages of a process' memory lie in these zones, -1 if that is not to be known. */
static int movable_in(const struct zones *zones, pid_t pid, const char *at)
{
	__u64 pfn[PAGES];
	char path[64];
	int fd, i, j, n = 0;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (pread(fd, pfn, sizeof(pfn), addr(at) / PAGE * 8) != sizeof(pfn))
		n = -1;
	close(fd);
	for (i = 0; i < PAGES && n >= 0; i++) {
		if (!(pfn[i] & 1ULL << 63))
			return -1;
		pfn[i] &= (1ULL << 55) - 1;
		for (j = 0; j < zones->nr; j++)
			n += pfn[i] >= zones->first[j] && pfn[i] < zones->end[j];
	}
	return n;
}

static char *anonymous(void)
{
	return memory(SIZE);
}

static char *shared(void)
{
	return shared_memory(SIZE);
}

static char *memory_file(void)
{
	int fd = memfd_create("phxport", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, SIZE))
		return NULL;
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void make_memory(struct sender *s)
{
	s->in = s->make();
	s->out = s->make();
	CHECK(s->in && s->out);
	fill(s->in, SIZE, SEED_IN);
	fill(s->out, SIZE, SEED_OUT);
}

static void step(struct sender *s, int from)
{
	atomic_store(&s->step, from);
	CHECK(wait_for(&s->step, from + 1));
}

static int sender_main(void *arg)
{
	struct sender *s = arg;

	make_memory(s);
	step(s, 1);
	CHECK(!send_buffers(s->port, s->in, SIZE, s->out, SIZE));
	step(s, 3);
	CHECK(holds(s->in, SIZE, SEED_IN));
	CHECK(holds(s->out, SIZE, SEED_ANSWER));
	return 0;
}

static int register_main(void *arg)
{
	struct sender *s = arg;
	int fd = dev_open(0), id[2];

	make_memory(s);
	step(s, 1);
	id[0] = buffer_register(fd, s->port, PHX_BUFFER_IN, s->in, SIZE);
	id[1] = buffer_register(fd, s->port, PHX_BUFFER_OUT, s->out, SIZE);
	CHECK(id[0] >= 0 && id[1] >= 0);
	step(s, 3);
	CHECK(!buffer_unregister(fd, id[0]) && !buffer_unregister(fd, id[1]));
	CHECK(holds(s->in, SIZE, SEED_IN));
	CHECK(holds(s->out, SIZE, SEED_OUT));
	return 0;
}

FIXTURE(movable) {
	struct server srv;
	struct sender *s;
	struct zones zones;
	long long pinned;
};

FIXTURE_VARIANT(movable) {
	char *(*make)(void);
};

FIXTURE_VARIANT_ADD(movable, anonymous) { .make = anonymous };
FIXTURE_VARIANT_ADD(movable, shared) { .make = shared };
FIXTURE_VARIANT_ADD(movable, memory_file) { .make = memory_file };

FIXTURE_SETUP(movable)
{
	SERVER_OR_SKIP(&self->srv, MIB, PAGE);
	if (geteuid())
		SKIP(return, "only root may know where pages are");
	self->s = shared_memory(sizeof(*self->s));
	self->s->port = self->srv.port;
	self->s->make = variant->make;
	self->pinned = stat_read("pages_pinned_live");
	read_zones(&self->zones);
}

FIXTURE_TEARDOWN(movable)
{
	server_close(&self->srv);
}

#define NO_ZONE "this machine has no zone Movable: give its kernel movablecore=512M"
#define NO_NODE "this machine has one node: give its kernel numa=fake=2"

#define EXPECT_MOVABLE(_n, _pid) do {						\
	EXPECT_EQ(_n, movable_in(&self->zones, _pid, self->s->in));		\
	EXPECT_EQ(_n, movable_in(&self->zones, _pid, self->s->out));		\
} while (0)

TEST_F(movable, what_is_lent_is_moved_out_and_intact)
{
	struct phx_ioc_recv got;
	pid_t pid;

	if (!self->zones.nr)
		SKIP(return, NO_ZONE);
	pid = child_run(self->srv.fd, sender_main, self->s);
	ASSERT_TRUE(wait_for(&self->s->step, 1));
	EXPECT_MOVABLE(PAGES, pid);
	atomic_store(&self->s->step, 2);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_MOVABLE(0, pid);
	EXPECT_EQ(self->pinned + 2 * PAGES, stat_read("pages_pinned_live"));
	EXPECT_TRUE(holds(in_of(&got.msg), SIZE, SEED_IN));
	EXPECT_TRUE(holds(out_of(&got.msg), SIZE, SEED_OUT));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	ASSERT_TRUE(wait_for(&self->s->step, 3));
	EXPECT_EQ(self->pinned, stat_read("pages_pinned_live"));
	atomic_store(&self->s->step, 4);
	EXPECT_EQ(0, child_end(pid));
}

TEST_F(movable, what_is_registered_is_moved_out_and_intact)
{
	pid_t pid;

	if (!self->zones.nr)
		SKIP(return, NO_ZONE);
	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &self->s->port));
	pid = child_run(self->srv.fd, register_main, self->s);
	ASSERT_TRUE(wait_for(&self->s->step, 1));
	EXPECT_MOVABLE(PAGES, pid);
	atomic_store(&self->s->step, 2);
	ASSERT_TRUE(wait_for(&self->s->step, 3));
	EXPECT_MOVABLE(0, pid);
	EXPECT_EQ(self->pinned + 2 * PAGES, stat_read("pages_pinned_live"));
	atomic_store(&self->s->step, 4);
	EXPECT_EQ(0, child_end(pid));
	EXPECT_TRUE(stat_becomes("pages_pinned_live", self->pinned));
}

/* Nodes of pages, and the others; there are two. */
struct nodes {
	int is[PAGES], other[PAGES];
};

static bool read_nodes(pid_t pid, char *at, struct nodes *nodes)
{
	void *pages[PAGES];
	int i;

	for (i = 0; i < PAGES; i++)
		pages[i] = at + i * PAGE;
	if (syscall(SYS_move_pages, pid, (long)PAGES, pages, NULL, nodes->is, 0))
		return false;
	for (i = 0; i < PAGES; i++)
		nodes->other[i] = !nodes->is[i];
	return true;
}

/* How many pages are elsewhere after all were told to go to the other node. */
static int moved(pid_t pid, char *at)
{
	unsigned long node[2] = { 1, 2 };
	struct nodes before, after;
	void *pages[PAGES];
	int i, n = 0;

	for (i = 0; i < PAGES; i++)
		pages[i] = at + i * PAGE;
	if (!read_nodes(pid, at, &before))
		return -1;
	syscall(SYS_move_pages, pid, (long)PAGES, pages, before.other, after.is,
		MPOL_MF_MOVE_ALL);
	if (!read_nodes(pid, at, &after))
		return -1;
	for (i = 0; i < PAGES; i++)
		n += before.is[i] != after.is[i];
	/* By the other call, too, in both directions. */
	for (i = 0; i < 2 && !n; i++)
		syscall(SYS_migrate_pages, pid, 64UL, &node[i], &node[!i]);
	if (!read_nodes(pid, at, &after))
		return -1;
	for (i = 0; i < PAGES && !n; i++)
		n += before.is[i] != after.is[i];
	return n;
}

TEST_F(movable, what_is_lent_stays_on_its_node_until_it_is_back)
{
	struct phx_ioc_recv got;
	pid_t pid;

	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, NO_NODE);
	pid = child_run(self->srv.fd, sender_main, self->s);
	ASSERT_TRUE(wait_for(&self->s->step, 1));
	atomic_store(&self->s->step, 2);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(0, moved(pid, self->s->in));
	EXPECT_EQ(0, moved(pid, self->s->out));
	EXPECT_TRUE(holds(in_of(&got.msg), SIZE, SEED_IN));
	EXPECT_TRUE(holds(out_of(&got.msg), SIZE, SEED_OUT));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	ASSERT_TRUE(wait_for(&self->s->step, 3));
	EXPECT_EQ(PAGES, moved(pid, self->s->in));
	EXPECT_EQ(PAGES, moved(pid, self->s->out));
	atomic_store(&self->s->step, 4);
	EXPECT_EQ(0, child_end(pid));
}

TEST_HARNESS_MAIN
