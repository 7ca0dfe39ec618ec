// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that get to other processes, processes that become others, and
 * threads that close what others use.
 */
#include "phx_map.h"

#include <linux/sched.h>
#include <sys/socket.h>

#define WINDOW (64 * PAGE)

FIXTURE(fork) {
	struct server srv;
};

FIXTURE_SETUP(fork)
{
	SERVER_OR_SKIP(&self->srv, WINDOW, PAGE);
}

FIXTURE_TEARDOWN(fork)
{
	server_close(&self->srv);
}

/* Nothing but asking what the module is works with another process' file. */
static int stranger_main(void *arg)
{
	struct server *srv = arg;
	struct phx_ioc_info info = { .size = sizeof(info) };
	struct phx_ioc_recv recv = { .rid = PHX_RID_NONE };
	struct phx_msg msg = { 0 };
	__u32 port;
	int rid, fd = srv->fd;

	CHECK(dev_ioctl(fd, PHX_IOC_INFO, &info) == 0);
	CHECK(port_create(fd, &port) == -EBADFD);
	CHECK(port_destroy(fd, srv->port) == -EBADFD);
	CHECK(name_register(fd, "/stranger", srv->port, 0) == -EBADFD);
	CHECK(name_unregister(fd, "/stranger") == -EBADFD);
	CHECK(name_lookup(fd, "/stranger", 0, NULL, NULL) == -EBADFD);
	CHECK(msg_send(fd, srv->port, &msg) == -EBADFD);
	CHECK(msg_recv(fd, srv->port, &msg, &rid) == -EBADFD);
	CHECK(msg_respond(fd, srv->port, &msg, 0) == -EBADFD);
	CHECK(msg_respond_recv(fd, srv->port, &recv) == -EBADFD);
	CHECK(mmap(NULL, WINDOW, PROT_READ, MAP_SHARED, fd, PHX_WINDOW_INPUT) == MAP_FAILED);
	CHECK(errno == EBADFD);
	close(fd);
	fd = dev_open(0);
	CHECK(fd >= 0 && port_create(fd, &port) == 0);
	return 0;
}

TEST_F(fork, child_has_another_file)
{
	struct phx_ioc_recv got;
	struct sending s = { .port = self->srv.port, .in_size = PAGE, .out_size = PAGE };
	pid_t pid;

	EXPECT_EQ(0, child_end(child_run(-1, stranger_main, &self->srv)));
	pid = child_run(self->srv.fd, sending_main, &s);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_EQ(0, child_end(child_run(-1, stranger_main, &self->srv)));
	EXPECT_TRUE(sending_is_seen(&s, &got.msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

union fd_control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int fd_pass(int sock, int fd)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	union fd_control control = { .buf = { 0 } };
	struct msghdr hdr = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &hdr, 0) == 1 ? 0 : -errno;
}

static int fd_take(int sock)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union fd_control control;
	struct msghdr hdr = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	int fd;

	if (recvmsg(sock, &hdr, 0) != 1 || !CMSG_FIRSTHDR(&hdr))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&hdr)), sizeof(fd));
	return fd;
}

static int passed_main(void *arg)
{
	struct server srv = *(struct server *)arg;

	srv.fd = fd_take(srv.copy_size);
	CHECK(srv.fd >= 0);
	CHECK(fcntl(srv.fd, F_SETFL, O_NONBLOCK) == 0);
	return stranger_main(&srv);
}

TEST_F(fork, passed_to_another_process)
{
	struct server passed = self->srv;
	struct phx_ioc_recv got;
	int socks[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	passed.copy_size = socks[1];
	pid = child_run(self->srv.fd, passed_main, &passed);
	ASSERT_EQ(0, fd_pass(socks[0], self->srv.fd));
	EXPECT_EQ(0, child_end(pid));
	/* That is all it could do to it. */
	EXPECT_ERR(EAGAIN, server_recv(&self->srv, &got));
}

/* A server that ends in some way while others have its file still. */
struct ends {
	__u32 port;
	bool windows;
	atomic_int stage;	/* 1: there is a port; 2: it has a message; 3: end */
	atomic_int heir;	/* who has the file then */
};

static int queue_and_take(struct ends *ends, struct server *srv)
{
	struct phx_ioc_recv got;

	CHECK(server_open(srv, ends->windows ? WINDOW : 0, WINDOW) == 0);
	ends->port = srv->port;
	atomic_store(&ends->stage, 1);
	CHECK(server_recv_room(srv, WINDOW, &got) == 0);
	atomic_store(&ends->stage, 2);
	CHECK(wait_for(&ends->stage, 3));
	return 0;
}

/* The child stays; only the parent, which goes, tells who that is. */
static void heir_is(struct ends *ends, pid_t pid)
{
	if (!pid) {
		for (;;)
			pause();
	}
	CHECK(pid > 0);
	atomic_store(&ends->heir, pid);
}

static int ends_with_fork(void *arg)
{
	struct ends *ends = arg;
	struct server srv;

	queue_and_take(ends, &srv);
	heir_is(ends, fork());
	_exit(0);
}

/* The table of descriptors is shared, though not the memory. */
static int ends_with_shared_files(void *arg)
{
	struct ends *ends = arg;
	struct server srv;

	queue_and_take(ends, &srv);
	heir_is(ends, syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
	_exit(0);
}

static int ends_with_exec(void *arg)
{
	struct ends *ends = arg;
	struct server srv;

	queue_and_take(ends, &srv);
	ends->heir = getpid();
	CHECK(fcntl(srv.fd, F_SETFD, 0) == 0);
	CHECK(dup2(srv.fd, 9) == 9);
	execl("/bin/sleep", "sleep", "1000", NULL);
	return CHILD_SKIP;
}

static int ends_with_exec_cloexec(void *arg)
{
	struct ends *ends = arg;
	struct server srv;

	queue_and_take(ends, &srv);
	ends->heir = getpid();
	execl("/bin/sleep", "sleep", "1000", NULL);
	return CHILD_SKIP;
}

static int ends_with_passed_on(void *arg)
{
	struct ends *ends = arg;
	struct server srv;
	int socks[2];
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, socks) == 0);
	pid = fork();
	if (!pid)
		CHECK(fd_take(socks[1]) >= 0);
	heir_is(ends, pid);
	queue_and_take(ends, &srv);
	CHECK(fd_pass(socks[0], srv.fd) == 0);
	_exit(0);
}

static int ends_with_kill(void *arg)
{
	struct ends *ends = arg;
	struct server srv;

	queue_and_take(ends, &srv);
	heir_is(ends, fork());
	kill(getpid(), SIGKILL);
	return 1;
}

FIXTURE(end) {
	struct ends *ends;
};

FIXTURE_VARIANT(end) {
	int (*fn)(void *arg);
	bool windows;
};

#define END(_name, _fn, _windows)						\
	FIXTURE_VARIANT_ADD(end, _name) { .fn = ends_with_##_fn, .windows = _windows }

END(fork, fork, false);
END(fork_with_windows, fork, true);
END(shared_files, shared_files, false);
END(shared_files_with_windows, shared_files, true);
END(exec, exec, false);
END(exec_with_windows, exec, true);
END(exec_cloexec, exec_cloexec, false);
END(exec_cloexec_with_windows, exec_cloexec, true);
END(passed_on, passed_on, false);
END(passed_on_with_windows, passed_on, true);
END(kill, kill, false);
END(kill_with_windows, kill, true);

FIXTURE_SETUP(end)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	self->ends = shared_memory(sizeof(*self->ends));
	self->ends->windows = variant->windows;
}

FIXTURE_TEARDOWN(end)
{
	if (self->ends->heir > 0)
		kill(self->ends->heir, SIGKILL);
}

TEST_F_TIMEOUT(end, senders_are_told, 20)
{
	struct sending *taken = shared_memory(PAGE), *queued = taken + 1;
	struct ends *ends = self->ends;
	pid_t server, pids[2];

	server = child_run(-1, variant->fn, ends);
	ASSERT_TRUE(wait_for(&ends->stage, 1));
	*taken = (struct sending) {
		.port = ends->port, .in_size = PAGE, .out_size = PAGE, .result = -EPIPE,
	};
	*queued = *taken;
	queued->result = -EINVAL;
	pids[0] = child_run(-1, sending_main, taken);
	ASSERT_TRUE(wait_for(&ends->stage, 2));
	pids[1] = child_run(-1, sending_main, queued);
	EXPECT_TRUE(wait_asleep(pids[0]));
	EXPECT_TRUE(wait_asleep(pids[1]));
	EXPECT_EQ(0, atomic_load(&taken->sent));
	EXPECT_EQ(0, atomic_load(&queued->sent));
	atomic_store(&ends->stage, 3);
	EXPECT_TRUE(wait_for(&taken->sent, 1));
	EXPECT_TRUE(wait_for(&queued->sent, 1));
	EXPECT_EQ(0, child_end(pids[0]));
	EXPECT_EQ(0, child_end(pids[1]));
	if (ends->heir > 0)
		kill(ends->heir, SIGKILL);
	kill(server, SIGKILL);
}

/* A child that has the same memory may do as a thread may. */
static int vfork_fd;
static __u32 vfork_port;

TEST_F(fork, vfork)
{
	__u32 port = 0;
	pid_t pid = vfork();

	if (!pid)
		_exit(port_create(self->srv.fd, &vfork_port) ? 1 : 0);
	EXPECT_EQ(0, child_end(pid));
	/* It ended, but that was not the end of the file or its ports. */
	vfork_fd = self->srv.fd;
	EXPECT_EQ(0, port_destroy(vfork_fd, vfork_port));
	EXPECT_EQ(0, port_create(vfork_fd, &port));
}

static int vm_main(void *unused)
{
	return port_create(vfork_fd, &vfork_port) ? 1 : 0;
}

TEST_F(fork, clone_with_the_memory)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t pid;

	vfork_fd = self->srv.fd;
	pid = clone(vm_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	EXPECT_EQ(0, child_end(pid));
	EXPECT_EQ(0, port_destroy(self->srv.fd, vfork_port));
}

struct receiver {
	struct server *srv;
	struct phx_ioc_recv got;
	atomic_int tid;
	int err;
};

static void *receive(void *arg)
{
	struct receiver *r = arg;

	atomic_store(&r->tid, syscall(SYS_gettid));
	r->err = server_recv(r->srv, &r->got);
	return NULL;
}

static void receiver_start(struct receiver *r, struct server *srv, pthread_t *thread)
{
	*r = (struct receiver) { .srv = srv };
	pthread_create(thread, NULL, receive, r);
	while (!atomic_load(&r->tid))
		usleep(1000);
	wait_asleep(r->tid);
}

/*
 * The call has the file for as long as it lasts, and gets its message. Then the
 * file is gone, and so is whom to respond to.
 */
TEST_F(fork, closed_while_receiving)
{
	struct sending s = {
		.port = self->srv.port, .in_size = PAGE, .out_size = PAGE, .result = -EPIPE,
	};
	struct receiver r;
	pthread_t thread;
	pid_t pid;

	receiver_start(&r, &self->srv, &thread);
	close(self->srv.fd);
	pid = child_run(-1, sending_main, &s);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.err);
	EXPECT_EQ(0, child_end(pid));
	EXPECT_EQ(SIGBUS, probe_read(in_of(&r.got.msg)));
	self->srv.fd = dev_open(0);
	EXPECT_ERR(EINVAL, send_buffers(self->srv.port, "x", 1, NULL, 0));
}

/* Another file under the same number is not what the call is about. */
TEST_F(fork, replaced_while_receiving)
{
	struct sending s = {
		.port = self->srv.port, .in_size = PAGE, .out_size = PAGE, .result = -EPIPE,
	};
	struct receiver r;
	pthread_t thread;
	int fd = dev_open(0);
	pid_t pid;

	receiver_start(&r, &self->srv, &thread);
	ASSERT_EQ(self->srv.fd, dup2(fd, self->srv.fd));
	close(fd);
	pid = child_run(-1, sending_main, &s);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.err);
	EXPECT_EQ(0, child_end(pid));
	EXPECT_ERR(EINVAL, server_respond(&self->srv, &r.got));
}

/* A window does not keep the client: its ports end with the file. */
TEST_F(fork, closed_with_windows)
{
	struct sending *s = shared_memory(2 * sizeof(*s));
	struct phx_ioc_recv got;
	pid_t pids[2];
	int i;

	for (i = 0; i < 2; i++) {
		s[i] = (struct sending) {
			.port = self->srv.port, .in_size = 3 * PAGE, .out_size = PAGE,
			.result = i ? -EINVAL : -EPIPE,
		};
		pids[i] = child_run(self->srv.fd, sending_main, &s[i]);
		ASSERT_TRUE(poll_readable(self->srv.fd, PATIENCE_MS));
		if (!i) {
			ASSERT_EQ(0, server_recv(&self->srv, &got));
		}
	}
	close(self->srv.fd);
	EXPECT_EQ(SIGBUS, probe_read(in_of(&got.msg)));
	EXPECT_EQ(SIGBUS, probe_write(out_of(&got.msg)));
	EXPECT_EQ(0, child_end(pids[0]));
	EXPECT_EQ(0, child_end(pids[1]));
	windows_unmap(&self->srv.win);
	self->srv.fd = dev_open(0);
}

TEST_HARNESS_MAIN
