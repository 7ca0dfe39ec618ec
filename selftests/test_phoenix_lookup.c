// SPDX-License-Identifier: GPL-2.0-only
/*
 * lookup(): which server is asked for what, and what becomes of the answers.
 */
#include "phx_call.h"

#include <phxport/phoenix.h>

#define STEPS 4

/* What a server is to answer, and what it was asked. */
struct step {
	int err;		/* o.err: bytes that it knows, or -errno */
	oid_t fil;
	oid_t dev;
	char asked[64];
	size_t asked_size;
	oid_t oid;
	int type;
};

FIXTURE(lookup)
{
	uint32_t port;
	struct step step[STEPS];
	int steps;		/* that were made */
	pthread_t thread;
	oid_t fil;
	oid_t dev;
};

FIXTURE_SETUP(lookup)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, portCreate(&self->port));
	memset(&self->fil, 0xaa, sizeof(self->fil));
	memset(&self->dev, 0xaa, sizeof(self->dev));
}

FIXTURE_TEARDOWN(lookup)
{
	portDestroy(self->port);
}

static void *serve(void *arg)
{
	FIXTURE_DATA(lookup) *self = arg;
	msg_rid_t rid;
	msg_t msg;

	while (self->steps < STEPS && !msgRecv(self->port, &msg, &rid)) {
		struct step *st = &self->step[self->steps++];

		st->type = msg.type;
		st->oid = msg.oid;
		st->asked_size = msg.i.size;
		if (msg.i.size < sizeof(st->asked))
			memcpy(st->asked, msg.i.data, msg.i.size);
		msg.o.err = st->err;
		msg.o.lookup.fil = st->fil;
		msg.o.lookup.dev = st->dev;
		msgRespond(self->port, &msg, rid);
	}
	return NULL;
}

/* Ends with the port, which ends the server. */
static int look_up(FIXTURE_DATA(lookup) *self, const char *path)
{
	int err;

	if (pthread_create(&self->thread, NULL, serve, self))
		abort();
	err = lookup(path, &self->fil, &self->dev);
	portDestroy(self->port);
	pthread_join(self->thread, NULL);
	return err;
}

static oid_t obj(uint32_t port, uint64_t id)
{
	oid_t oid = { .port = port, .id = id };

	return oid;
}

static int name_root(uint32_t port, const char *name, uint64_t id)
{
	oid_t oid = obj(0, id);

	return portRegister(port, name, &oid);
}

static bool same(oid_t a, oid_t b)
{
	return a.port == b.port && a.id == b.id;
}

/* Programs compare objects as bytes. */
static bool padding_is_zero(const oid_t *oid)
{
	static const unsigned char zero[4];

	return !memcmp((const char *)oid + 4, zero, 4);
}

TEST_F(lookup, exact_name_asks_nobody)
{
	ASSERT_EQ(0, name_root(self->port, "/dev", 7));
	EXPECT_EQ(0, look_up(self, "/dev"));
	EXPECT_TRUE(same(self->fil, obj(self->port, 7)));
	EXPECT_TRUE(same(self->dev, obj(self->port, 7)));
	EXPECT_EQ(0, self->steps);
}

TEST_F(lookup, objects_found_have_no_rubbish_between_their_members)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	EXPECT_EQ(0, lookup("/", &self->fil, &self->dev));
	EXPECT_TRUE(padding_is_zero(&self->fil));
	EXPECT_TRUE(padding_is_zero(&self->dev));
	memset(&self->fil, 0xaa, sizeof(self->fil));
	memset(&self->dev, 0xaa, sizeof(self->dev));
	self->step[0] = (struct step){ .err = 2, .fil = obj(5, 6), .dev = obj(7, 8) };
	EXPECT_EQ(0, look_up(self, "/ab"));
	EXPECT_TRUE(padding_is_zero(&self->fil));
	EXPECT_TRUE(padding_is_zero(&self->dev));
}

TEST_F(lookup, name_without_a_slash_can_be_found_too)
{
	ASSERT_EQ(0, name_root(self->port, "devfs", 7));
	EXPECT_EQ(0, look_up(self, "devfs"));
	EXPECT_TRUE(same(self->fil, obj(self->port, 7)));
}

TEST_F(lookup, longest_prefix_is_asked_for_the_rest)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	ASSERT_EQ(0, name_root(self->port, "/a", 2));
	ASSERT_EQ(0, name_root(self->port, "/a/b", 3));
	self->step[0] = (struct step){ .err = 3, .fil = obj(50, 51), .dev = obj(60, 61) };
	EXPECT_EQ(0, look_up(self, "/a/b/c/d"));
	EXPECT_EQ(1, self->steps);
	EXPECT_EQ(mtLookup, self->step[0].type);
	EXPECT_STREQ("c/d", self->step[0].asked);
	EXPECT_EQ(4, self->step[0].asked_size);
	EXPECT_TRUE(same(self->step[0].oid, obj(self->port, 3)));
	EXPECT_TRUE(same(self->fil, obj(50, 51)));
	EXPECT_TRUE(same(self->dev, obj(60, 61)));
}

TEST_F(lookup, root_is_asked_when_no_other_name_leads)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	ASSERT_EQ(0, name_root(self->port, "/dev", 2));
	self->step[0] = (struct step){ .err = 5, .fil = obj(self->port, 9),
				       .dev = obj(self->port, 9) };
	EXPECT_EQ(0, look_up(self, "/devil"));
	EXPECT_STREQ("devil", self->step[0].asked);
	EXPECT_EQ(6, self->step[0].asked_size);
	EXPECT_TRUE(same(self->step[0].oid, obj(self->port, 1)));
}

TEST_F(lookup, each_answer_says_who_is_asked_next)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	self->step[0] = (struct step){ .err = 3, .fil = obj(1, 1), .dev = obj(self->port, 20) };
	self->step[1] = (struct step){ .err = 5, .fil = obj(1, 2), .dev = obj(self->port, 30) };
	self->step[2] = (struct step){ .err = 1, .fil = obj(1, 3), .dev = obj(self->port, 40) };
	EXPECT_EQ(0, look_up(self, "/usr/bin/x/y"));
	EXPECT_EQ(3, self->steps);
	EXPECT_STREQ("usr/bin/x/y", self->step[0].asked);
	EXPECT_STREQ("bin/x/y", self->step[1].asked);
	EXPECT_TRUE(same(self->step[1].oid, obj(self->port, 20)));
	EXPECT_STREQ("y", self->step[2].asked);
	EXPECT_EQ(2, self->step[2].asked_size);
	EXPECT_TRUE(same(self->step[2].oid, obj(self->port, 30)));
	EXPECT_TRUE(same(self->fil, obj(1, 3)));
	EXPECT_TRUE(same(self->dev, obj(self->port, 40)));
}

TEST_F(lookup, rest_longer_than_a_raw_area_arrives)
{
	char path[48 + 40];

	memset(path, 'p', sizeof(path));
	memcpy(path, "/root/", 6);
	path[6 + 60] = 0;
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	self->step[0] = (struct step){ .err = 4, .dev = obj(self->port, 2) };
	self->step[1] = (struct step){ .err = 60, .dev = obj(self->port, 3) };
	EXPECT_EQ(0, look_up(self, path));
	EXPECT_EQ(66, self->step[0].asked_size);
	EXPECT_STREQ(path + 6, self->step[1].asked);
}

TEST_F(lookup, error_of_the_server_is_the_result_and_objects_are_written_all_the_same)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	self->step[0] = (struct step){ .err = -ENOENT, .fil = obj(4, 5), .dev = obj(6, 7) };
	EXPECT_EQ(-ENOENT, look_up(self, "/no"));
	EXPECT_TRUE(same(self->fil, obj(4, 5)));
	EXPECT_TRUE(same(self->dev, obj(6, 7)));
}

TEST_F(lookup, server_that_knows_more_than_it_was_asked_is_einval)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	self->step[0] = (struct step){ .err = 4, .dev = obj(self->port, 2) };
	EXPECT_EQ(-EINVAL, look_up(self, "/abc"));
}

TEST_F(lookup, largest_count_a_server_can_claim_is_einval)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	self->step[0] = (struct step){ .err = 0x7fffffff, .dev = obj(self->port, 2) };
	EXPECT_EQ(-EINVAL, look_up(self, "/abc"));
}

TEST_F(lookup, nothing_that_leads_is_enoent_and_writes_nothing)
{
	oid_t before = self->fil;

	EXPECT_EQ(-ENOENT, lookup("/", &self->fil, &self->dev));
	EXPECT_EQ(-ENOENT, lookup("/x/y", &self->fil, &self->dev));
	EXPECT_EQ(-ENOENT, lookup("x", &self->fil, &self->dev));
	EXPECT_TRUE(same(before, self->fil));
	EXPECT_TRUE(same(before, self->dev));
}

/* Phoenix-RTOS drops the first character and asks the root for the rest. */
TEST_F(lookup, relative_name_does_not_lead_to_the_root)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	EXPECT_EQ(-ENOENT, look_up(self, "xdev/null"));
	EXPECT_EQ(0, self->steps);
}

TEST_F(lookup, bad_arguments)
{
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(none != MAP_FAILED);
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	EXPECT_EQ(-EINVAL, lookup(NULL, &self->fil, &self->dev));
	EXPECT_EQ(-EINVAL, lookup("/", NULL, NULL));
	EXPECT_EQ(-EFAULT, lookup(none, &self->fil, NULL));
	EXPECT_EQ(-EFAULT, lookup("/", (oid_t *)none, NULL));
	EXPECT_EQ(-EFAULT, lookup("/", NULL, (oid_t *)none));
	EXPECT_EQ(0, lookup("/", NULL, &self->dev));
	EXPECT_EQ(0, lookup("/", &self->fil, NULL));
	EXPECT_TRUE(same(self->fil, obj(self->port, 1)));
}

TEST_F(lookup, server_that_is_gone_is_einval)
{
	ASSERT_EQ(0, name_root(self->port, "/", 1));
	portDestroy(self->port);
	EXPECT_EQ(-EINVAL, lookup("/x", &self->fil, &self->dev));
	EXPECT_EQ(0, lookup("/", &self->fil, &self->dev));
	EXPECT_EQ(self->port, self->fil.port);
}

TEST_HARNESS_MAIN
