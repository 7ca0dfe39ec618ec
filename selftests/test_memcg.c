// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the module takes for a process counts in that process' control group:
 * when it comes to an end there, that is its own affair.
 */
#include "phx_map.h"

#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/phx_memcg"

static bool group_write(const char *file, const char *text)
{
	char path[100];
	bool fine;
	FILE *f;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	f = fopen(path, "w");
	if (!f)
		return false;
	fine = fputs(text, f) >= 0;
	return !fclose(f) && fine;
}

/* A number in a file of the group, behind @key if that is not NULL; -1 if there is none. */
static long long group_read(const char *file, const char *key)
{
	char path[100], name[40] = "";
	long long n = -1, found = -1;
	FILE *f;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (!key)
		found = fscanf(f, "%lld", &n) == 1 ? n : -1;
	while (key && fscanf(f, "%39s %lld", name, &n) == 2)
		if (!strcmp(name, key))
			found = n;
	fclose(f);
	return found;
}

static bool group_has_come_to(long long most)
{
	int i;

	for (i = 0; i < 5000; i++) {
		if (group_read("memory.current", NULL) <= most)
			return true;
		usleep(1000);
	}
	return false;
}

FIXTURE(memcg) {
	struct server srv;
	bool made;
};

FIXTURE_SETUP(memcg)
{
	FILE *f;

	SERVER_OR_SKIP(&self->srv, 256 * MIB, PAGE);
	if (geteuid())
		SKIP(return, "only root may make control groups");
	f = fopen(ROOT "/cgroup.subtree_control", "w");
	if (f) {
		fputs("+memory", f);
		fclose(f);
	}
	self->made = !mkdir(GROUP, 0755);
	if (!group_write("memory.max", "33554432"))
		SKIP(return, "no memory controller");
	group_write("memory.swap.max", "0");
}

FIXTURE_TEARDOWN(memcg)
{
	int i;

	server_close(&self->srv);
	for (i = 0; i < 5000 && self->made && rmdir(GROUP); i++)
		usleep(1000);
}

static void join(void)
{
	CHECK(group_write("cgroup.procs", "0"));
}

struct copies {
	__u32 port;
	size_t size;
	int result;
	atomic_int step;
};

/* The input is the page of zeroes, again and again: only its copy takes memory. */
static int sends_copies(void *arg)
{
	struct copies *c = arg;
	struct phx_ioc_send send = { .timeout_ns = 600 * 1000000000ULL };
	char *in = memory(c->size);
	int fd = dev_open(0);

	join();
	CHECK(fd >= 0 && in);
	madvise(in, c->size, MADV_NOHUGEPAGE);
	set_input(&send.msg, in, c->size);
	CHECK(msg_send_arg(fd, c->port, &send) == c->result);
	atomic_store(&c->step, 1);
	CHECK(wait_for(&c->step, 2));
	/* It lives on, and has what it needs for less. */
	CHECK(send_buffers(c->port, in, 20 * PAGE, NULL, 0) == 0);
	return 0;
}

static int answer_one(struct server *srv)
{
	struct phx_ioc_recv got;
	int err = server_recv(srv, &got);

	return err ? err : server_respond(srv, &got);
}

TEST_F_TIMEOUT(memcg, copies_count_for_the_sender, 120)
{
	struct copies *c = shared_memory(sizeof(*c));
	struct phx_ioc_recv got;
	long long before;
	pid_t pid;

	c->port = self->srv.port;
	c->size = 16 * MIB;
	before = group_read("memory.current", NULL);
	pid = child_run(self->srv.fd, sends_copies, c);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_LE(before + 15 * (long long)MIB, group_read("memory.current", NULL));
	EXPECT_TRUE(all_are(in_of(&got.msg), c->size, 0));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	ASSERT_TRUE(wait_for(&c->step, 1));
	EXPECT_TRUE(group_has_come_to(before + 8 * (long long)MIB));
	atomic_store(&c->step, 2);
	EXPECT_EQ(0, answer_one(&self->srv));
	EXPECT_EQ(0, child_end(pid));
}

TEST_F_TIMEOUT(memcg, too_much_is_the_senders_enomem, 120)
{
	struct copies *c = shared_memory(sizeof(*c));
	int round;

	c->port = self->srv.port;
	c->size = 128 * MIB;
	c->result = -ENOMEM;
	for (round = 0; round < 3; round++) {
		pid_t pid;

		atomic_store(&c->step, 0);
		pid = child_run(self->srv.fd, sends_copies, c);
		ASSERT_TRUE(wait_for(&c->step, 1));
		EXPECT_FALSE(poll_readable(self->srv.fd, 0));
		atomic_store(&c->step, 2);
		EXPECT_EQ(0, answer_one(&self->srv));
		EXPECT_EQ(0, child_end(pid));
	}
	EXPECT_EQ(0, group_read("memory.events", "oom_kill"));
	EXPECT_EQ(0, stat_read("pages_shadow_live"));
}

/* Small changes wait on their CPU, and to read this has all that wait summed up. */
static long long slab_now(void)
{
	group_read("cpu.stat", "usage_usec");
	return group_read("memory.stat", "slab");
}

/* What was freed is given back a little later. */
static long long slab_at_rest(void)
{
	long long now = slab_now(), before;
	int i = 0;

	do {
		before = now;
		usleep(200000);
		now = slab_now();
	} while (now < before && i++ < 100);
	return now;
}

#define SMALL_WINDOW (64 * MIB)

static bool takes_name(int fd, __u32 port, int i)
{
	char name[900];

	snprintf(name, sizeof(name), "/memcg/%0880d", i);
	return name_register(fd, name, port, 1) == 0;
}

static bool takes_file(int fd, __u32 port, int i)
{
	return dev_open(0) >= 0;
}

static bool takes_window(int fd, __u32 port, int i)
{
	struct windows win;

	return windows_map(dev_open(0), &win, SMALL_WINDOW) == 0;
}

/* Within one address space, where nothing is pinned. */
static bool takes_buffer(int fd, __u32 port, int i)
{
	static char *mem;

	mem = mem ?: memory(PAGE);
	return buffer_register(fd, port, PHX_BUFFER_IN, mem, PAGE) >= 0;
}

/* A number of its own node in the tree of numbers has each port that is kept. */
#define NODE_NUMBERS 64
#define NODE_SIZE 576

static bool takes_far_number(int fd, __u32 port, int i)
{
	__u32 next;
	int n;

	for (n = 0; n < NODE_NUMBERS; n++)
		if (port_create(fd, &next) || (n && port_destroy(fd, next)))
			return false;
	return true;
}

struct small {
	bool (*take)(int fd, __u32 port, int i);
	int nr;
	atomic_int step;
};

static int takes_small(void *arg)
{
	struct small *s = arg;
	__u32 port;
	int fd, i;

	join();
	fd = dev_open(0);
	CHECK(fd >= 0 && port_create_flags(fd, PHX_PORT_BUFFERS, &port) == 0);
	atomic_store(&s->step, 1);
	CHECK(wait_for(&s->step, 2));
	for (i = 0; i < s->nr; i++)
		CHECK(s->take(fd, port, i));
	atomic_store(&s->step, 3);
	CHECK(wait_for(&s->step, 4));
	return 0;
}

/* Bytes of the kernel's memory that each of some counts for, or -1. */
static long long bytes_each(FIXTURE_DATA(memcg) *self, int nr,
			    bool (*take)(int fd, __u32 port, int i))
{
	struct small *s = shared_memory(sizeof(*s));
	long long before, after;
	pid_t pid;

	s->nr = nr;
	s->take = take;
	pid = child_run(self->srv.fd, takes_small, s);
	wait_for(&s->step, 1);
	before = slab_at_rest();
	atomic_store(&s->step, 2);
	wait_for(&s->step, 3);
	after = slab_at_rest();
	atomic_store(&s->step, 4);
	return child_end(pid) || before < 0 ? -1 : (after - before) / nr;
}

TEST_F_TIMEOUT(memcg, numbers_far_apart_count_for_who_has_them, 120)
{
	EXPECT_LE(NODE_SIZE, bytes_each(self, rounds(1000), takes_far_number));
}

TEST_F_TIMEOUT(memcg, names_count_for_who_has_them, 120)
{
	EXPECT_LE(880, bytes_each(self, 500, takes_name));
}

TEST_F_TIMEOUT(memcg, files_and_windows_count_for_who_opened_them, 120)
{
	long long file = bytes_each(self, 300, takes_file);

	EXPECT_LE(512, file);
	EXPECT_LE(file + 2 * (int)(SMALL_WINDOW / PAGE / 8),
		  bytes_each(self, 300, takes_window));
}

TEST_F_TIMEOUT(memcg, registered_buffers_count_for_who_did_that, 120)
{
	EXPECT_LE(256, bytes_each(self, 500, takes_buffer));
}

/* What the console shows, so that a death that is meant is not taken for a fault. */
static void console(const char *level)
{
	FILE *f = fopen("/proc/sys/kernel/printk", "w");

	if (f) {
		fputs(level, f);
		fclose(f);
	}
}

/*
 * Ports are memory, too. No limit of the module's is met: it ends when the group has no
 * more, by ENOMEM or killed.
 */
static int takes_all(void *arg)
{
	__u32 port;
	int fd = dev_open(0), err;

	join();
	do {
		err = port_create(fd, &port);
	} while (!err);
	return err == -ENOMEM ? 0 : 1;
}

TEST_F_TIMEOUT(memcg, who_takes_too_much_is_alone_in_that, 240)
{
	long long ports = stat_read("ports_live"), max_ports = param_read("max_ports");
	struct copies *c = shared_memory(sizeof(*c));
	long long refused, killed;
	int status;
	pid_t pid;

	ASSERT_EQ(0, param_write("max_ports", 1000000));
	ASSERT_TRUE(group_write("memory.max", "8388608"));
	refused = group_read("memory.events", "max");
	killed = group_read("memory.events", "oom_kill");
	console("1");
	status = child_end(child_run(self->srv.fd, takes_all, NULL));
	console("6");
	param_write("max_ports", max_ports);
	EXPECT_TRUE(status == 0 || status == -SIGKILL);
	EXPECT_LT(refused, group_read("memory.events", "max"));
	EXPECT_EQ(killed + (status == -SIGKILL), group_read("memory.events", "oom_kill"));
	EXPECT_TRUE(ports < 0 || stat_becomes("ports_live", ports));
	ASSERT_TRUE(group_write("memory.max", "33554432"));
	c->port = self->srv.port;
	c->size = 20 * PAGE;
	pid = child_run(self->srv.fd, sends_copies, c);
	EXPECT_EQ(0, answer_one(&self->srv));
	ASSERT_TRUE(wait_for(&c->step, 1));
	atomic_store(&c->step, 2);
	EXPECT_EQ(0, answer_one(&self->srv));
	EXPECT_EQ(0, child_end(pid));
}

TEST_HARNESS_MAIN
