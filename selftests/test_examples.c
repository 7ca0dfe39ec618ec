// SPDX-License-Identifier: GPL-2.0-only
/*
 * What servers among the examples answer to messages that no well-behaved client
 * sends: they must stay, whatever it is. What they are for is in examples.bats,
 * phoenix.bats and test_fuse.
 */
#include "phx_fuse.h"

#include <phxport/phoenix.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ioctl() of Phoenix: its numbers, and what lies in a message */
#define COUNTER_SET	0x80046301UL
#define COUNTER_GET	0x40046302UL
#define COUNTER_SWAP	0xc0046304UL

struct ioctl_in {
	unsigned long request;
	unsigned long size;
	unsigned int value;
};

#define LONGEST_PATH	4096

FIXTURE(example)
{
	char name[32];
	pid_t pid;
	oid_t root;
};

FIXTURE_SETUP(example)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	snprintf(self->name, sizeof(self->name), "/example-%d", getpid());
}

/* Starts one of the examples, and waits until it serves. */
static bool begin(FIXTURE_DATA(example) *self, char **argv)
{
	char where[64], path[PATH_MAX];
	int i;

	snprintf(where, sizeof(where), "../examples/%s", argv[0]);
	if (!program(path, where, where))
		return false;
	argv[0] = path;
	self->pid = start(argv);
	for (i = 0; i < 1000 && lookup(self->name, NULL, &self->root); i++)
		usleep(10000);
	return true;
}

#define START_OR_SKIP(...) do {							\
	if (!begin(self, (char *[]){ __VA_ARGS__, self->name, NULL }))		\
		SKIP(return, "the examples are not built: make examples");	\
	ASSERT_NE(0, self->root.port);						\
} while (0)

FIXTURE_TEARDOWN(example)
{
	int status;

	if (!self->pid)
		return;
	kill(self->pid, SIGTERM);
	EXPECT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(!status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
}

/* What sending says, or else the server. */
static int ask(msg_t *msg)
{
	int err = msgSend(msg->oid.port, msg);

	return err ? err : msg->o.err;
}

static int simply(int type, oid_t oid)
{
	msg_t msg = { .type = type, .oid = oid };

	return ask(&msg);
}

static int make(oid_t dir, const char *name, int type, oid_t *oid)
{
	msg_t msg = { .type = mtCreate, .oid = dir, .i.create = { .type = type, .mode = 0755 } };
	int err;

	msg.i.data = name;
	msg.i.size = strlen(name) + 1;
	err = ask(&msg);
	*oid = msg.o.create.oid;
	return err;
}

static int name_it(int type, oid_t dir, const char *name, oid_t oid)
{
	msg_t msg = { .type = type, .oid = dir };

	msg.i.ln.oid = oid;
	msg.i.data = name;
	msg.i.size = strlen(name) + 1;
	return ask(&msg);
}

static int look_up(oid_t dir, const void *path, size_t size, oid_t *oid)
{
	msg_t msg = { .type = mtLookup, .oid = dir };
	int err;

	msg.i.data = path;
	msg.i.size = size;
	err = ask(&msg);
	if (oid)
		*oid = msg.o.lookup.fil;
	return err;
}

static int write_at(oid_t oid, off_t offs, const void *data, size_t size)
{
	msg_t msg = { .type = mtWrite, .oid = oid };

	msg.i.io.offs = offs;
	msg.i.data = data;
	msg.i.size = size;
	return ask(&msg);
}

TEST_F(example, a_directory_without_a_name_is_given_another_one)
{
	oid_t root, dir, found;

	START_OR_SKIP("ramfs", "--limit", "16", "--name");
	root = self->root;
	ASSERT_EQ(0, make(root, "a", otDir, &dir));
	ASSERT_EQ(0, simply(mtOpen, dir));
	ASSERT_EQ(0, name_it(mtUnlink, root, "a", dir));
	EXPECT_EQ(0, name_it(mtLink, root, "x", dir));
	EXPECT_EQ(0, simply(mtClose, dir));
	EXPECT_EQ(1, look_up(root, "x", 2, &found));
	EXPECT_EQ(dir.id, found.id);
	EXPECT_EQ(4, look_up(root, "x/..", 5, &found));
	EXPECT_EQ(root.id, found.id);
	EXPECT_EQ(-EINVAL, name_it(mtLink, root, "y", dir));
}

TEST_F(example, a_directory_without_a_name_leads_nowhere)
{
	oid_t root, above, dir, lost;

	START_OR_SKIP("ramfs", "--limit", "16", "--name");
	root = self->root;
	ASSERT_EQ(0, make(root, "above", otDir, &above));
	ASSERT_EQ(0, make(above, "dir", otDir, &dir));
	ASSERT_EQ(0, simply(mtOpen, dir));
	ASSERT_EQ(0, name_it(mtUnlink, above, "dir", dir));
	ASSERT_EQ(0, name_it(mtUnlink, root, "above", above));
	EXPECT_EQ(-ENOENT, simply(mtOpen, above));
	EXPECT_EQ(-ENOENT, look_up(dir, "../x", 5, NULL));
	EXPECT_EQ(-ENOENT, make(dir, "lost", otFile, &lost));
	EXPECT_EQ(-ENOENT, name_it(mtLink, dir, "itself", dir));
	EXPECT_EQ(0, simply(mtClose, dir));
	EXPECT_EQ(-ENOENT, simply(mtOpen, dir));
}

TEST_F(example, a_limit_counts_holes_too)
{
	static char data[1 << 20];
	oid_t file, other;

	START_OR_SKIP("ramfs", "--limit", "16", "--name");
	ASSERT_EQ(0, make(self->root, "file", otFile, &file));
	ASSERT_EQ(0, make(self->root, "other", otFile, &other));
	EXPECT_EQ(-ENOSPC, write_at(file, 1LL << 40, "x", 1));
	/* 16 MB are enough for a hole of 4 GB, and not for two of them. */
	EXPECT_EQ(1, write_at(file, 4LL << 30, "x", 1));
	EXPECT_EQ(-ENOSPC, write_at(other, 4LL << 30, "x", 1));
	/* When the file goes, all comes back. */
	EXPECT_EQ(0, name_it(mtUnlink, self->root, "file", file));
	EXPECT_EQ(1, write_at(other, 4LL << 30, "x", 1));
	EXPECT_EQ(sizeof(data), write_at(other, 0, data, sizeof(data)));
}

TEST_F(example, a_name_that_has_no_end_or_is_too_long)
{
	static char longest[LONGEST_PATH + 1];
	oid_t root, oid;

	START_OR_SKIP("flatfs");
	root = self->root;
	memset(longest, 'x', LONGEST_PATH);
	EXPECT_EQ(-ENAMETOOLONG, make(root, longest, otFile, &oid));
	EXPECT_EQ(-ENAMETOOLONG, make(root, longest + LONGEST_PATH - 256, otFile, &oid));
	EXPECT_EQ(0, make(root, longest + LONGEST_PATH - 255, otFile, &oid));
	EXPECT_EQ(-EINVAL, look_up(root, longest, 100, NULL));
	EXPECT_EQ(-EINVAL, look_up(root, NULL, 0, NULL));
	EXPECT_EQ(-ENAMETOOLONG, look_up(root, longest, sizeof(longest), NULL));
	EXPECT_EQ(-ENOENT, look_up(root, longest + 1, LONGEST_PATH, NULL));
	EXPECT_EQ(-ENAMETOOLONG, name_it(mtUnlink, root, longest, oid));
	EXPECT_EQ(0, name_it(mtUnlink, root, longest + LONGEST_PATH - 255, oid));
}

static int counter_ioctl(oid_t dev, unsigned long request, unsigned long size,
			 unsigned int value, msg_t *msg)
{
	struct ioctl_in in = { request, size, value };

	memset(msg, 0, sizeof(*msg));
	msg->type = mtDevCtl;
	msg->oid = dev;
	memcpy(msg->i.raw, &in, sizeof(in));
	return ask(msg);
}

TEST_F(example, an_ioctl_whose_size_is_a_lie)
{
	unsigned int value;
	msg_t msg;

	START_OR_SKIP("counter");
	EXPECT_EQ(0, counter_ioctl(self->root, COUNTER_SET, 4, 42, &msg));
	EXPECT_EQ(-EINVAL, counter_ioctl(self->root, COUNTER_SET, 49, 1, &msg));
	EXPECT_EQ(-EINVAL, counter_ioctl(self->root, COUNTER_SET, 3, 1, &msg));
	EXPECT_EQ(-EINVAL, counter_ioctl(self->root, COUNTER_SWAP, 49, 1, &msg));
	EXPECT_EQ(-EINVAL, counter_ioctl(self->root, COUNTER_SWAP, 0, 1, &msg));
	EXPECT_EQ(0, counter_ioctl(self->root, COUNTER_GET, 4, 0, &msg));
	memcpy(&value, msg.o.raw, sizeof(value));
	EXPECT_EQ(42, value);
}

TEST_HARNESS_MAIN
