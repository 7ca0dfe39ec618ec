// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open for which there is no number. The kernel tries twice for the memory of the
 * table of those, so that no single fault makes it fail.
 */
#include "phx_fault.h"

#define NODES "/sys/kernel/slab/radix_tree_node/failslab"

/* Nodes of tables are not to be had, for this process. */
static bool nodes_fail(void)
{
	return fault_write(NODES, "1") &&
	       fault_write(FAULT_DEBUGFS "failslab/cache-filter", "Y") &&
	       fault_write(FAULT_DEBUGFS "failslab/task-filter", "Y") &&
	       fault_write(FAULT_DEBUGFS "failslab/times", "-1") &&
	       fault_write(FAULT_DEBUGFS "failslab/probability", "100") &&
	       fault_write("/proc/self/make-it-fail", "1");
}

/* In the other order: without the filter all memory would fail. */
static bool nodes_are_there(void)
{
	return fault_write("/proc/self/make-it-fail", "0") &&
	       fault_write(FAULT_DEBUGFS "failslab/probability", "0") &&
	       fault_write(FAULT_DEBUGFS "failslab/times", "1") &&
	       fault_write(FAULT_DEBUGFS "failslab/task-filter", "N") &&
	       fault_write(FAULT_DEBUGFS "failslab/cache-filter", "N") &&
	       fault_write(NODES, "0");
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
	ASSERT_TRUE(nodes_fail());
	EXPECT_EQ(-ENOMEM, dev_open(0));
	ASSERT_TRUE(nodes_are_there());
	EXPECT_EQ(refs, module_refs());
	EXPECT_TRUE(live_becomes(&self->before));
	fd = dev_open(0);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(refs, module_refs());
}

TEST_HARNESS_MAIN
