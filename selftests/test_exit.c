// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers that end, in every way a process can, with senders queued and taken.
 */
#include "phx_call.h"

#define FD 100	/* the server's file, to be kept by exec */

/* What a server and the test tell each other. */
struct shared {
	atomic_int port;
	atomic_int held;	/* messages */
	atomic_int go;
	pid_t heir;
};

FIXTURE(exit)
{
	struct shared *sh;
	struct call *taken;
	struct call *queued;
	pid_t srv;
};

FIXTURE_VARIANT(exit)
{
	void (*end)(struct shared *sh);
	bool windows;
	bool inherited;	/* a child of the server has its file, and lives on */
};

static void wait_for(atomic_int *flag)
{
	int i;

	for (i = 0; i < CALL_PATIENCE_MS && !atomic_load(flag); i++)
		usleep(1000);
}

static void end_by_close(struct shared *sh)
{
	close(FD);
	pause();
}

static void end_by_exit(struct shared *sh)
{
	_exit(0);
}

static void end_by_kill(struct shared *sh)
{
	raise(SIGKILL);
}

static void end_by_crash(struct shared *sh)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void end_by_exec(struct shared *sh)
{
	fcntl(FD, F_SETFD, FD_CLOEXEC);
	execl("/proc/self/exe", "test_exit", "--pause", NULL);
	_exit(1);
}

static void end_by_exec_that_keeps_the_file(struct shared *sh)
{
	fcntl(FD, F_SETFD, 0);
	execl("/proc/self/exe", "test_exit", "--pause", NULL);
	_exit(1);
}

static void end_by_exec_that_uses_the_file(struct shared *sh)
{
	fcntl(FD, F_SETFD, 0);
	execl("/proc/self/exe", "test_exit", "--use", NULL);
	_exit(1);
}

static atomic_int receiver;

static void *wait_in_receive(void *arg)
{
	struct phx_msg msg;
	__u32 *port = arg;
	int rid;

	atomic_store(&receiver, syscall(SYS_gettid));
	msg_recv(FD, *port, &msg, &rid);
	return NULL;
}

static void end_by_kill_while_receiving(struct shared *sh)
{
	pthread_t thread;
	__u32 port;

	if (port_create(FD, &port))
		_exit(1);
	pthread_create(&thread, NULL, wait_in_receive, &port);
	while (!atomic_load(&receiver))
		sched_yield();
	if (!wait_asleep(atomic_load(&receiver)))
		_exit(1);
	raise(SIGKILL);
}

FIXTURE_VARIANT_ADD(exit, close) { .end = end_by_close, };
FIXTURE_VARIANT_ADD(exit, exit) { .end = end_by_exit, };
FIXTURE_VARIANT_ADD(exit, kill) { .end = end_by_kill, };
FIXTURE_VARIANT_ADD(exit, crash_with_windows) { .end = end_by_crash, .windows = true, };
FIXTURE_VARIANT_ADD(exit, exec) { .end = end_by_exec, };
FIXTURE_VARIANT_ADD(exit, exec_with_windows) { .end = end_by_exec, .windows = true, };
FIXTURE_VARIANT_ADD(exit, exec_that_keeps_the_file_with_windows)
{
	.end = end_by_exec_that_keeps_the_file, .windows = true,
};

FIXTURE_VARIANT_ADD(exit, exec_that_keeps_and_uses_the_file)
{
	.end = end_by_exec_that_uses_the_file,
};

FIXTURE_VARIANT_ADD(exit, exit_with_the_file_inherited)
{
	.end = end_by_exit, .inherited = true,
};

FIXTURE_VARIANT_ADD(exit, kill_with_the_file_inherited)
{
	.end = end_by_kill, .inherited = true, .windows = true,
};

FIXTURE_VARIANT_ADD(exit, kill_while_receiving)
{
	.end = end_by_kill_while_receiving,
};

/* A child that has all files of the server, until the test ends. */
static pid_t bequeath(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, 0);
		alarm(60);
		pause();
		_exit(0);
	}
	return pid;
}

static void serve(struct shared *sh, const FIXTURE_VARIANT(exit) *variant)
{
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	static char buf[65536];
	struct windows win;
	__u32 port;
	int fd = dev_open(0);

	if (fd < 0 || dup2(fd, FD) != FD || close(fd) || port_create(FD, &port))
		_exit(1);
	if (variant->windows && windows_map(FD, &win, 1 << 20))
		_exit(1);
	name_register(FD, "test_exit", port, 0);
	if (variant->inherited)
		sh->heir = bequeath();
	arg.buf = addr(buf);
	arg.buf_size = sizeof(buf);
	atomic_store(&sh->port, port);
	if (msg_recv_arg(FD, port, &arg))
		_exit(1);
	atomic_store(&sh->held, 1);
	wait_for(&sh->go);
	variant->end(sh);
	_exit(1);
}

FIXTURE_SETUP(exit)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	self->sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->sh != MAP_FAILED);
	self->srv = fork_child();
	if (!self->srv)
		serve(self->sh, variant);
	wait_for(&self->sh->port);
	self->taken = call_send(self->sh->port);
	set_input(&self->taken->send.msg, self->taken->in, 5000);
	set_output(&self->taken->send.msg, self->taken->out, 5000);
	call_process(self->taken);
	wait_for(&self->sh->held);
	ASSERT_EQ(1, self->sh->held);
	self->queued = call_process(call_send(self->sh->port));
	ASSERT_TRUE(call_waits(self->queued));
}

FIXTURE_TEARDOWN(exit)
{
	kill(self->srv, SIGKILL);
	if (self->sh->heir)
		kill(self->sh->heir, SIGKILL);
	kill(self->taken->pid, SIGKILL);
	kill(self->queued->pid, SIGKILL);
	call_free(self->taken);
	call_free(self->queued);
}

TEST_F(exit, queued_gets_einval_taken_gets_epipe)
{
	struct phx_msg msg = { };
	int fd = dev_open(0);

	atomic_store(&self->sh->go, 1);
	EXPECT_ERR(EINVAL, call_end(self->queued));
	EXPECT_ERR(EPIPE, call_end(self->taken));
	EXPECT_ERR(EINVAL, msg_send(fd, self->sh->port, &msg));
	EXPECT_ERR(ENOENT, name_lookup(fd, "test_exit", 0, NULL, NULL));
	close(fd);
}

/*
 * Without windows the module is not told of an exec that keeps the file, until
 * the new program closes it or makes a call.
 */
TEST(kept_over_exec_without_windows_it_serves_nobody_new)
{
	static const FIXTURE_VARIANT(exit) variant = { .end = end_by_exec_that_keeps_the_file };
	struct shared *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct phx_ioc_send arg = { .timeout_ns = 1000000 };
	struct call *taken;
	pid_t pid;
	int fd, i;

	OPEN_OR_SKIP(fd);
	pid = fork_child();
	if (!pid)
		serve(sh, &variant);
	wait_for(&sh->port);
	taken = call_process(call_send(sh->port));
	wait_for(&sh->held);
	atomic_store(&sh->go, 1);
	for (i = 0; i < CALL_PATIENCE_MS; i++) {
		if (msg_send_arg(fd, sh->port, &arg) == -EINVAL)
			break;
	}
	EXPECT_NE(CALL_PATIENCE_MS, i);
	kill(pid, SIGKILL);
	EXPECT_ERR(EPIPE, call_end_free(taken));
	close(fd);
}

/* More than the module looks at in one go. */
#define MANY 100

static void open_many(__u32 *ports, bool keep)
{
	int i, fd;

	for (i = 0; i < MANY; i++) {
		fd = dev_open(0);
		if (fd < 0 || port_create(fd, &ports[i]))
			_exit(1);
		if (keep && fcntl(fd, F_SETFD, 0))
			_exit(1);
	}
}

/* All are found, however many are alive, and nobody else is taken for one. */
TEST(many_are_kept_over_exec_among_those_that_live)
{
	__u32 *gone = mmap(NULL, MANY * sizeof(*gone), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0), ports[2][MANY];
	struct phx_ioc_send arg = { .timeout_ns = 1000000 };
	long long before;
	int fd, i, n = 0;
	pid_t pid;

	OPEN_OR_SKIP(fd);
	open_many(ports[0], false);
	before = stat_read("ports_live");
	pid = fork_child();
	if (!pid) {
		open_many(gone, true);
		execl("/proc/self/exe", "kept", "--keep", NULL);
		_exit(1);
	}
	open_many(ports[1], false);
	for (i = 0; i < CALL_PATIENCE_MS && n < MANY; i++) {
		if (gone[n] && msg_send_arg(fd, gone[n], &arg) == -EINVAL)
			n++;
		else
			usleep(1000);
	}
	EXPECT_EQ(MANY, n);
	/* That was found by who sent. The ports go when the module finds it, too. */
	EXPECT_TRUE(stat_becomes("ports_live", before < 0 ? before : before + MANY));
	for (i = 0; i < MANY; i++) {
		EXPECT_ERR(ETIMEDOUT, msg_send_arg(fd, ports[0][i], &arg));
		EXPECT_ERR(ETIMEDOUT, msg_send_arg(fd, ports[1][i], &arg));
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, wait_child(pid));
	close(fd);
}

int main(int argc, char **argv)
{
	__u32 port;

	if (argc > 1 && *argv[1] == '-' && argv[1][1] == '-') {
		/* A command, which is refused, tells the module of the exec. */
		if (!strcmp(argv[1], "--use") && port_create(FD, &port) != -EBADFD)
			return 1;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(25);
		pause();
		return 0;
	}
	return test_harness_run(argc, argv);
}
