// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who do not trust each other: none receives or answers for another, none
 * uses up what another may have, and what one had is given back whatever becomes of
 * it. New namespaces give nobody more than that.
 */
#include "phx_limits.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/resource.h>

#define ALICE 1000
#define BOB 1001
#define WINDOW (64 * PAGE)

FIXTURE(users) {
	struct server srv;
	struct limits_kept kept;
};

FIXTURE_SETUP(users)
{
	LIMITED_SERVER_OR_SKIP(&self->srv, &self->kept, WINDOW);
}

FIXTURE_TEARDOWN_PARENT(users)
{
	EXPECT_EQ(0, limits_put_back(&self->kept));
}

/* Two processes that take turns. */
struct turns {
	__u32 port;
	int fd;
	atomic_int step;
	atomic_int rid;
};

static void step(struct turns *t, int now)
{
	atomic_store(&t->step, now);
}

static int alice_serves(void *arg)
{
	struct turns *t = arg;
	struct phx_ioc_recv got;
	struct server srv;

	CHECK(become(ALICE) == 0);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	CHECK(name_register(srv.fd, "/alice", srv.port, 1) == 0);
	t->port = srv.port;
	step(t, 1);
	CHECK(server_recv(&srv, &got) == 0);
	atomic_store(&t->rid, got.rid);
	step(t, 2);
	CHECK(wait_for(&t->step, 3));
	CHECK(holds_from(in_of(&got.msg), 3 * PAGE, SEED_IN, 0));
	CHECK(server_answer(&srv, &got) == 0);
	return 0;
}

/* All that bob can say about what is alice's. */
static int bob_tries(void *arg)
{
	struct turns *t = arg;
	struct phx_ioc_recv recv = { .flags = PHX_RECV_NONBLOCK };
	struct phx_msg msg = { 0 };
	__u32 mine;
	int fd, rid;

	CHECK(become(BOB) == 0);
	fd = dev_open(0);
	CHECK(fd >= 0 && port_create(fd, &mine) == 0);
	CHECK(msg_recv_arg(fd, t->port, &recv) == -EPERM);
	recv.rid = atomic_load(&t->rid);
	CHECK(msg_respond_recv(fd, t->port, &recv) == -ENOENT);
	CHECK(port_destroy(fd, t->port) == -EPERM);
	CHECK(name_unregister(fd, "/alice") == -EPERM);
	CHECK(name_register(fd, "/alice", mine, 2) == -EEXIST);
	for (rid = -1; rid < 5000; rid++) {
		CHECK(msg_respond(fd, t->port, &msg, rid) == -ENOENT);
		CHECK(msg_respond(fd, mine, &msg, rid) == -ENOENT);
	}
	return 0;
}

TEST_F_TIMEOUT(users, do_not_receive_or_answer_for_each_other, 120)
{
	struct turns *t = shared_memory(sizeof(*t));
	struct sending s = { .in_size = 3 * PAGE, .out_size = 2 * PAGE };
	pid_t alice = child_run(self->srv.fd, alice_serves, t), sender, bob;

	ASSERT_TRUE(wait_for(&t->step, 1));
	s.port = t->port;
	sender = child_run(self->srv.fd, sending_main, &s);
	ASSERT_TRUE(wait_for(&t->step, 2));
	bob = child_run(self->srv.fd, bob_tries, t);
	EXPECT_EQ(0, child_end(bob));
	step(t, 3);
	EXPECT_EQ(0, child_end(sender));
	EXPECT_EQ(0, child_end(alice));
}

/* A file that was alice's when it was opened is still, in bob's hands. */
static int bob_has_a_file(void *arg)
{
	struct turns *t = arg;
	struct phx_ioc_recv recv = { .flags = PHX_RECV_NONBLOCK };
	struct phx_msg msg = { 0 };
	__u32 port;

	CHECK(become(BOB) == 0);
	CHECK(msg_recv_arg(t->fd, t->port, &recv) == -EBADFD);
	CHECK(msg_respond(t->fd, t->port, &msg, atomic_load(&t->rid)) == -EBADFD);
	CHECK(port_create(t->fd, &port) == -EBADFD);
	CHECK(port_destroy(t->fd, t->port) == -EBADFD);
	CHECK(msg_send(t->fd, t->port, &msg) == -EBADFD);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, t->fd, PHX_WINDOW_INPUT) == MAP_FAILED);
	return 0;
}

TEST_F(users, inherit_a_file_in_vain)
{
	struct turns *t = shared_memory(sizeof(*t));
	struct sending s = { .port = self->srv.port, .in_size = PAGE, .out_size = PAGE };
	pid_t sender = child_run(self->srv.fd, sending_main, &s);
	struct phx_ioc_recv got;

	ASSERT_EQ(0, server_recv(&self->srv, &got));
	t->fd = self->srv.fd;
	t->port = self->srv.port;
	atomic_store(&t->rid, got.rid);
	EXPECT_EQ(0, child_end(child_run(-1, bob_has_a_file, t)));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(sender));
}

/* Takes of one thing as much as it gets; -errno of the first that it does not. */
struct taker {
	__u32 port;
	int (*take)(struct taker *t, int i);
	int max, error;
	int fd;
	atomic_int full;
};

static int take_ports(struct taker *t, int i)
{
	__u32 port;

	return port_create(t->fd, &port);
}

static int take_names(struct taker *t, int i)
{
	char name[32];

	sprintf(name, "/%d/%d", geteuid(), i);
	return name_register(t->fd, name, 1, 0);
}

struct waiting {
	struct taker *t;
	atomic_int tid;
};

static void *sends_until_killed(void *arg)
{
	struct waiting *w = arg;
	struct phx_msg msg = { 0 };

	atomic_store(&w->tid, syscall(SYS_gettid));
	CHECK(msg_send(w->t->fd, w->t->port, &msg) == 0);
	return NULL;
}

/* Nobody receives them. The last one is refused at once. */
static int take_messages(struct taker *t, int i)
{
	struct phx_ioc_send send = { .timeout_ns = 1 };
	struct waiting w = { .t = t };
	pthread_t thread;

	if (i == t->max - 1)
		return msg_send_arg(t->fd, t->port, &send);
	CHECK(!pthread_create(&thread, NULL, sends_until_killed, &w));
	while (!atomic_load(&w.tid))
		usleep(100);
	CHECK(wait_asleep(atomic_load(&w.tid)));
	return 0;
}

static int take_pages(struct taker *t, int i)
{
	int id = buffer_register(t->fd, t->port, PHX_BUFFER_IN, memory(PAGE), PAGE);

	return id < 0 ? id : 0;
}

static int taker_main(void *arg)
{
	struct taker *t = arg;
	int i, err = 0;

	t->fd = dev_open(0);
	CHECK(t->fd >= 0);
	for (i = 0; i < t->max && !err; i++)
		err = t->take(t, i);
	CHECK(i == t->max && err == t->error);
	atomic_store(&t->full, 1);
	pause();
	return 0;
}

static int alice_takes(void *arg)
{
	CHECK(become(ALICE) == 0);
	return taker_main(arg);
}

static int bob_takes(void *arg)
{
	CHECK(become(BOB) == 0);
	return taker_main(arg);
}

/* Alice has all she may; bob gets all he may; then she is killed, and can again. */
static void fill_up(struct __test_metadata *_metadata, struct taker *t)
{
	int round;

	for (round = 0; round < 3; round++) {
		pid_t alice, bob;

		atomic_store(&t[0].full, 0);
		atomic_store(&t[1].full, 0);
		alice = child_run(-1, alice_takes, &t[0]);
		ASSERT_TRUE(wait_for(&t[0].full, 1));
		bob = child_run(-1, bob_takes, &t[1]);
		ASSERT_TRUE(wait_for(&t[1].full, 1));
		kill(alice, SIGKILL);
		kill(bob, SIGKILL);
		EXPECT_EQ(-SIGKILL, child_end(alice));
		EXPECT_EQ(-SIGKILL, child_end(bob));
	}
}

static struct taker *takers(const struct taker *like)
{
	struct taker *t = shared_memory(2 * sizeof(*t));

	t[0] = *like;
	t[1] = *like;
	return t;
}

TEST_F_TIMEOUT(users, ports_of_one_are_not_anothers, 120)
{
	struct taker like = { .take = take_ports, .max = 8, .error = -EDQUOT };

	ASSERT_EQ(0, param_write("max_ports", 7));
	fill_up(_metadata, takers(&like));
}

TEST_F_TIMEOUT(users, names_of_one_are_not_anothers, 120)
{
	struct taker like = { .take = take_names, .max = 8, .error = -EDQUOT };

	ASSERT_EQ(0, param_write("max_names", 7));
	fill_up(_metadata, takers(&like));
}

TEST_F_TIMEOUT(users, pages_of_one_are_not_anothers, 120)
{
	struct taker like = { .take = take_pages, .max = 8, .error = -EDQUOT };

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &like.port));
	ASSERT_EQ(0, param_write("max_pages", 7));
	fill_up(_metadata, takers(&like));
}

TEST_F_TIMEOUT(users, messages_of_one_are_not_anothers, 120)
{
	struct taker like = {
		.take = take_messages, .port = self->srv.port, .max = 8, .error = -EDQUOT,
	};

	ASSERT_EQ(0, param_write("max_messages", 7));
	fill_up(_metadata, takers(&like));
}

/* Two messages of half of what a user may have, whose senders do not wait for the end. */
static int bob_is_left_with_them(void *arg)
{
	struct turns *t = arg;
	struct phx_ioc_recv got[2];
	struct server srv;
	int i;

	CHECK(become(BOB) == 0);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	t->port = srv.port;
	step(t, 1);
	for (i = 0; i < 2; i++) {
		CHECK(server_recv(&srv, &got[i]) == 0);
		step(t, 2 + i);
	}
	CHECK(wait_for(&t->step, 4));
	i = buffer_register(srv.fd, t->fd, PHX_BUFFER_IN, memory(4 * PAGE), 4 * PAGE);
	CHECK(i >= 0);
	for (i = 0; i < 2; i++)
		CHECK(server_respond(&srv, &got[i]) == -ESRCH);
	return 0;
}

static int alice_sends(void *arg)
{
	CHECK(become(ALICE) == 0);
	return sending_main(arg);
}

static int alice_has_all_but_half(void *arg)
{
	struct turns *t = arg;
	int fd;

	CHECK(become(ALICE) == 0);
	fd = dev_open(0);
	CHECK(buffer_register(fd, t->fd, PHX_BUFFER_IN, memory(5 * PAGE), 5 * PAGE) == -EDQUOT);
	CHECK(buffer_register(fd, t->fd, PHX_BUFFER_IN, memory(4 * PAGE), 4 * PAGE) >= 0);
	return 0;
}

TEST_F(users, senders_that_are_killed_leave_the_server_half)
{
	struct turns *t = shared_memory(sizeof(*t));
	struct sending s = { .in_size = 4 * PAGE };
	__u32 registers;
	pid_t bob, alice;
	int i;

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &registers));
	ASSERT_EQ(0, param_write("max_pages", 8));
	t->fd = registers;
	bob = child_run(-1, bob_is_left_with_them, t);
	ASSERT_TRUE(wait_for(&t->step, 1));
	s.port = t->port;
	for (i = 0; i < 2; i++) {
		alice = child_run(self->srv.fd, alice_sends, &s);
		ASSERT_TRUE(wait_for(&t->step, 2 + i));
		kill(alice, SIGKILL);
		EXPECT_EQ(-SIGKILL, child_end(alice));
	}
	/* The first is bob's to pay for, the second alice's. */
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, alice_has_all_but_half, t)));
	step(t, 4);
	EXPECT_EQ(0, child_end(bob));
}

/* Files, tables of rids and windows are kernel memory, and go with the process. */
static int opens_files(void *arg)
{
	struct rlimit limit = { 256, 256 };
	int fd, n = 0;

	CHECK(become(ALICE) == 0);
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = dev_open(0)) >= 0) {
		struct windows win;

		n++;
		CHECK(windows_map(fd, &win, 16 * MIB) == 0);
	}
	CHECK(fd == -EMFILE && n > 200);
	kill(getpid(), SIGKILL);
	return 0;
}

TEST_F_TIMEOUT(users, files_come_to_an_end_and_are_given_back, 120)
{
	long long clients = stat_read("clients_live");

	EXPECT_EQ(-SIGKILL, child_end(child_run(-1, opens_files, NULL)));
	EXPECT_TRUE(clients < 0 || stat_becomes("clients_live", clients));
}

/* A user namespace makes one root of it, and no more than a user of the machine. */
static int root_of_a_namespace(void *arg)
{
	struct turns *t = arg;
	struct rlimit limit = { 4 * PAGE, 4 * PAGE };
	__u32 port;
	int fd, i;

	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	CHECK(become(ALICE) == 0);
	if (unshare(CLONE_NEWUSER))
		return CHILD_SKIP;
	fd = dev_open(0);
	CHECK(fd >= 0);
	CHECK(name_unregister(fd, "/root") == -EPERM);
	for (i = 0; i < 5; i++)
		CHECK(port_create(fd, &port) == 0);
	CHECK(port_create(fd, &port) == -EDQUOT);
	CHECK(buffer_register(fd, t->port, PHX_BUFFER_IN, memory(8 * PAGE), 8 * PAGE) == -ENOBUFS);
	/* Nor does a network namespace of its own, in which it may do all. */
	if (unshare(CLONE_NEWNET))
		return CHILD_SKIP;
	i = dev_open(0);
	CHECK(i >= 0 && port_create(i, &port) == -EDQUOT);
	close(fd);
	CHECK(port_create(i, &port) == 0);
	CHECK(name_register(i, "/root", port, 1) == 0);
	CHECK(name_unregister(i, "/root") == 0);
	return 0;
}

TEST_F(users, of_a_namespace_of_their_own_get_no_more)
{
	struct turns *t = shared_memory(sizeof(*t));
	int status;

	ASSERT_EQ(0, name_register(self->srv.fd, "/root", self->srv.port, 1));
	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &t->port));
	ASSERT_EQ(0, param_write("max_ports", 5));
	status = child_end(child_run(-1, root_of_a_namespace, t));
	if (status == CHILD_SKIP)
		SKIP(return, "users may make no namespaces here");
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, name_lookup(self->srv.fd, "/root", 0, NULL, NULL));
}

static int opens_the_device(void *arg)
{
	int fd;

	CHECK(become(ALICE) == 0);
	fd = dev_open(0);
	if (fd >= 0 || unshare(CLONE_NEWUSER))
		return fd >= 0 ? 1 : CHILD_SKIP;
	/* Root there is nobody here. */
	return dev_open(0) == -EACCES ? 0 : 1;
}

TEST_F(users, root_of_a_namespace_can_not_open_what_is_not_for_it)
{
	int status;

	ASSERT_EQ(0, chmod(PHX_DEV, 0600));
	status = child_end(child_run(-1, opens_the_device, NULL));
	if (status == CHILD_SKIP)
		SKIP(return, "users may make no namespaces here");
	EXPECT_EQ(0, status);
}

/* Allows all but the device's commands that are not @cmd, which get @action. */
static int filter(unsigned long cmd, __u32 action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, cmd, 2, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PHX_IOC_INFO >> 8, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return -errno;
	return 0;
}

static int may_only_send(void *arg)
{
	struct turns *t = arg;
	struct phx_msg msg = { 0 };
	int fd = dev_open(0), err;
	__u32 port;

	err = filter(PHX_IOC_SEND, SECCOMP_RET_ERRNO | EPERM);
	if (err == -EINVAL || err == -ENOSYS)
		return CHILD_SKIP;
	CHECK(!err && fd >= 0);
	CHECK(port_create(fd, &port) == -EPERM);
	CHECK(name_register(fd, "/x", t->port, 1) == -EPERM);
	CHECK(msg_send(fd, t->port, &msg) == 0 && msg.o.err == 7);
	return 0;
}

/* Each command has a number of its own, so that a filter can tell them. */
TEST_F(users, filtered_to_one_command_can_still_give_that)
{
	struct turns *t = shared_memory(sizeof(*t));
	pid_t pid;
	struct phx_msg msg;
	int rid, status;

	t->port = self->srv.port;
	pid = child_run(self->srv.fd, may_only_send, t);
	while (!poll_readable(self->srv.fd, 20) && thread_state(pid) != 'Z')
		;
	if (poll_readable(self->srv.fd, 0)) {
		ASSERT_EQ(0, msg_recv(self->srv.fd, self->srv.port, &msg, &rid));
		msg.o.err = 7;
		ASSERT_EQ(0, msg_respond(self->srv.fd, self->srv.port, &msg, rid));
	}
	status = child_end(pid);
	if (status == CHILD_SKIP)
		SKIP(return, "this kernel has no seccomp filters");
	EXPECT_EQ(0, status);
}

static int is_killed_by_a_filter(void *arg)
{
	struct turns *t = arg;
	struct phx_ioc_recv got;
	struct server srv;
	int err;

	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	t->port = srv.port;
	step(t, 1);
	CHECK(server_recv(&srv, &got) == 0);
	err = filter(PHX_IOC_SEND, SECCOMP_RET_KILL_PROCESS);
	if (err)
		return CHILD_SKIP;
	server_respond(&srv, &got);
	return 1;
}

TEST_F(users, server_killed_by_its_filter_leaves_nobody_waiting)
{
	struct turns *t = shared_memory(sizeof(*t));
	struct sending s = { .in_size = 9 * PAGE, .out_size = PAGE, .result = -EPIPE };
	pid_t pid = child_run(self->srv.fd, is_killed_by_a_filter, t), sender;
	int status;

	ASSERT_TRUE(wait_for(&t->step, 1));
	s.port = t->port;
	sender = child_run(self->srv.fd, sending_main, &s);
	EXPECT_EQ(0, child_end(sender));
	status = child_end(pid);
	if (status == CHILD_SKIP)
		SKIP(return, "this kernel has no seccomp filters");
	EXPECT_EQ(-SIGSYS, status);
}

TEST_HARNESS_MAIN
