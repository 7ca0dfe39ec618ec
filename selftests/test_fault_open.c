// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of numbers for which there is no memory. The kernel tries twice for it, so
 * that no single fault makes it fail.
 */
#include "phx_fault.h"

#define NODES "radix_tree_node"

/* More than one node takes, and less than two. */
#define ONE_NODE "800"

static bool nodes_fail(const char *after)
{
	return cache_choose(NODES, true) && caches_fail(after);
}

static bool nodes_are_there(void)
{
	return caches_are_there() && cache_choose(NODES, false);
}

static int module_refs(void)
{
	FILE *f = fopen("/sys/module/phxport/refcnt", "r");
	int refs = -1;

	if (f && fscanf(f, "%d", &refs) != 1)
		refs = -1;
	if (f)
		fclose(f);
	return refs;
}

FIXTURE(fault_open) {
	struct limits_kept kept;
	struct live before;
	int fd;
};

FIXTURE_SETUP(fault_open)
{
	FAULTS_OR_SKIP(&self->kept);
	self->fd = dev_open(0);
	ASSERT_LE(0, self->fd);
	live_read(&self->before);
}

FIXTURE_TEARDOWN(fault_open)
{
	nodes_are_there();
	close(self->fd);
}

/* In a network namespace that has no file yet, and so an empty table. */
TEST_F(fault_open, without_a_number_leaves_nothing)
{
	int refs, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	refs = module_refs();
	ASSERT_LT(0, refs);
	ASSERT_TRUE(nodes_fail("0"));
	EXPECT_EQ(-ENOMEM, dev_open(0));
	ASSERT_TRUE(nodes_are_there());
	EXPECT_EQ(refs, module_refs());
	EXPECT_TRUE(live_becomes(&self->before));
	fd = dev_open(0);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(refs, module_refs());
}

/* The first number that takes two nodes, when there is but one: that stays in the table. */
#define DEEP 64

TEST_F(fault_open, table_that_could_not_grow_goes_with_its_file)
{
	char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, fd = dev_open(0);
	__u32 port;

	ASSERT_EQ(0, port_create_flags(fd, PHX_PORT_BUFFERS, &port));
	for (i = 0; i < DEEP; i++) {
		ASSERT_EQ(i, buffer_register(fd, port, PHX_BUFFER_IN, mem, PAGE));
		ASSERT_EQ(0, buffer_unregister(fd, i));
	}
	ASSERT_TRUE(nodes_fail(ONE_NODE));
	EXPECT_EQ(-ENOMEM, buffer_register(fd, port, PHX_BUFFER_IN, mem, PAGE));
	ASSERT_TRUE(nodes_are_there());
	close(fd);
	EXPECT_TRUE(live_becomes(&self->before));
	munmap(mem, PAGE);
}

/* Who gets none does not get one that was given back a moment ago either. */
TEST_F(fault_open, next_number_without_memory_is_none)
{
	__u32 port, next;
	int i, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = dev_open(0);
	ASSERT_EQ(0, port_create(fd, &port));
	ASSERT_EQ(1, port);
	for (i = 2; i < DEEP; i++) {
		ASSERT_EQ(0, port_create(fd, &port));
		ASSERT_EQ(i, port);
		ASSERT_EQ(0, port_destroy(fd, port));
	}
	ASSERT_TRUE(nodes_fail("0"));
	EXPECT_EQ(-ENOMEM, port_create(fd, &next));
	ASSERT_TRUE(nodes_are_there());
	EXPECT_EQ(0, port_create(fd, &next));
	EXPECT_EQ(DEEP, next);
	close(fd);
	EXPECT_TRUE(live_becomes(&self->before));
}

TEST_HARNESS_MAIN
