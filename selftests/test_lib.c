// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native library: handles, forks, options, copies of buffers that are held,
 * and what it says about errors.
 */
#include "phx_call.h"
#include "phx_limits.h"

#include <phxport.h>

#include <sys/stat.h>

#define NOBODY 65534

FIXTURE(lib)
{
	struct phx *h;
	uint32_t port;
};

FIXTURE_SETUP(lib)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, phx_open(&self->h, 0));
	ASSERT_EQ(0, phx_port_create(self->h, &self->port));
}

FIXTURE_TEARDOWN(lib)
{
	phx_close(self->h);
}

/* A process that sends one message with buffers, and what came back. */
struct client {
	unsigned char in[CALL_BUF];
	unsigned char out[CALL_BUF];
	struct phx_msg msg;
	atomic_int go;
};

static struct client *client_new(int type, size_t i_size, size_t o_size)
{
	struct client *cl = mmap(NULL, sizeof(*cl), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (cl == MAP_FAILED)
		abort();
	memset(cl->in, 0x40 + type, i_size);
	cl->msg.type = type;
	set_input(&cl->msg, cl->in, i_size);
	set_output(&cl->msg, cl->out, o_size);
	return cl;
}

/* By the handle that the child has of the parent. */
static pid_t client_start(struct phx *h, uint32_t port, struct client *cl)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(-phx_send(h, port, &cl->msg));
	}
	return pid;
}

TEST_F(lib, handle_of_a_forked_child_is_its_own)
{
	struct phx_oid oid = { .port = self->port, .id = 3 };
	pid_t pid;

	ASSERT_EQ(0, phx_name_register(self->h, "/lib", &oid));
	pid = fork();
	if (!pid) {
		struct phx_msg msg;
		uint32_t port;
		int rid;

		/* Whatever comes first opens it anew, and the names stay. */
		if (phx_name_lookup(self->h, "/lib", &oid) || oid.port != self->port)
			_exit(1);
		if (phx_port_destroy(self->h, self->port) != -EPERM ||
		    phx_recv(self->h, self->port, &msg, &rid) != -EPERM)
			_exit(2);
		if (phx_port_create(self->h, &port) || phx_port_destroy(self->h, port))
			_exit(3);
		phx_close(self->h);
		_exit(0);
	}
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(0, phx_name_lookup(self->h, "/lib", &oid));
	EXPECT_EQ(0, phx_port_destroy(self->h, self->port));
}

TEST_F(lib, child_of_a_child_and_threads_of_a_child_may_use_the_handle)
{
	struct client *cl = client_new(1, 10, 0);
	struct phx_msg msg;
	pid_t pid;
	int rid;

	pid = fork();
	if (!pid) {
		pid = client_start(self->h, self->port, cl);
		_exit(wait_child(pid));
	}
	ASSERT_EQ(0, phx_recv(self->h, self->port, &msg, &rid));
	EXPECT_EQ(0x41, *(unsigned char *)(uintptr_t)msg.i.data);
	EXPECT_EQ(0, phx_respond(self->h, self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(lib, child_does_not_disturb_messages_that_the_parent_holds)
{
	struct client *cl = client_new(2, 100, 100);
	pid_t sender = client_start(self->h, self->port, cl), pid;
	struct phx_msg msg;
	int rid;

	ASSERT_EQ(0, phx_recv(self->h, self->port, &msg, &rid));
	pid = fork();
	if (!pid)
		_exit(phx_respond(self->h, self->port, &msg, rid) != -ENOENT);
	EXPECT_EQ(0, wait_child(pid));
	memset((void *)(uintptr_t)msg.o.data, 0x99, 100);
	EXPECT_EQ(0, phx_respond(self->h, self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(sender));
	EXPECT_EQ(0x99, cl->out[99]);
	EXPECT_EQ(0, cl->out[100]);
}

#define HELD 100

/* Small ones are copied, into memory of the library's that is not shared out twice. */
TEST_F(lib, many_held_messages_keep_their_copies_apart)
{
	struct client *cl[HELD];
	struct phx_msg msg[HELD];
	int rid[HELD], i, j, bad = 0;
	pid_t pid[HELD];

	for (i = 0; i < HELD; i++) {
		cl[i] = client_new(i, 700 + i, 500);
		pid[i] = client_start(self->h, self->port, cl[i]);
		ASSERT_EQ(0, phx_recv(self->h, self->port, &msg[i], &rid[i]));
		memset((void *)(uintptr_t)msg[i].o.data, i, 500);
	}
	for (i = 0; i < HELD; i++) {
		const unsigned char *in = (void *)(uintptr_t)msg[i].i.data;

		for (j = 0; j < 700 + i; j++)
			bad += in[j] != (unsigned char)(0x40 + i);
	}
	EXPECT_EQ(0, bad);
	for (i = HELD - 1; i >= 0; i--) {
		EXPECT_EQ(0, phx_respond(self->h, self->port, &msg[i], rid[i]));
		EXPECT_EQ(0, wait_child(pid[i]));
		for (j = 0; j < 500; j++)
			bad += cl[i]->out[j] != (unsigned char)i;
		munmap(cl[i], sizeof(*cl[i]));
	}
	EXPECT_EQ(0, bad);
}

TEST_F(lib, respond_recv_reuses_the_buffer_after_it_was_read)
{
	struct client *cl[2] = { client_new(1, 300, 300), client_new(2, 300, 300) };
	struct phx_msg msg;
	pid_t pid[2];
	int i, rid = PHX_RID_NONE;

	pid[0] = client_start(self->h, self->port, cl[0]);
	ASSERT_EQ(0, phx_respond_recv(self->h, self->port, &msg, &rid));
	memset((void *)(uintptr_t)msg.o.data, 0x61, 300);
	pid[1] = client_start(self->h, self->port, cl[1]);
	ASSERT_EQ(0, phx_respond_recv(self->h, self->port, &msg, &rid));
	EXPECT_EQ(2, msg.type);
	EXPECT_EQ(0x42, *(unsigned char *)(uintptr_t)msg.i.data);
	memset((void *)(uintptr_t)msg.o.data, 0x62, 300);
	EXPECT_EQ(0, phx_respond(self->h, self->port, &msg, rid));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, wait_child(pid[i]));
		EXPECT_EQ(0x61 + i, cl[i]->out[299]);
	}
}

TEST_F(lib, large_buffers_are_lent_and_small_ones_copied)
{
	PHX_OPTS(phx_recv_opts, opts);
	struct phx_ioc_info info;
	struct client *cl;
	struct phx_msg msg;
	pid_t pid;
	int rid;

	ASSERT_EQ(0, phx_info(self->h, &info));
	cl = client_new(1, info.lend_min, info.lend_min - 1);
	pid = client_start(self->h, self->port, cl);
	ASSERT_EQ(0, phx_recv_with(self->h, self->port, &msg, &rid, &opts));
	EXPECT_EQ(PHX_CLASS_LEND, opts.i_class);
	EXPECT_EQ(PHX_CLASS_COPY, opts.o_class);
	EXPECT_EQ(0, phx_respond(self->h, self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(pid));
}

/* A page is charged for each 128 MiB of them, and this user may have none. */
static int few_pages_main(void *unused)
{
	char line[256];
	struct phx *h;
	uint32_t port;
	int windows = 0;
	FILE *f;

	CHECK(become(NOBODY) == 0);
	CHECK(phx_open(&h, 0) == 0 && phx_port_create(h, &port) == 0);
	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", phx_fd(h));
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		windows += !strncmp(line, "phx-window:", 11);
	CHECK(windows == 2);
	return 0;
}

TEST_F(lib, windows_are_smaller_if_the_user_may_have_no_pages)
{
	struct limits_kept kept;

	if (geteuid() || !limits_keep(&kept))
		SKIP(return, "only root may change the limits, and become other users");
	EXPECT_EQ(0, limits_let_all_in());
	EXPECT_EQ(0, param_write("max_pages", 1));
	EXPECT_EQ(0, child_end(child_run(-1, few_pages_main, NULL)));
	EXPECT_EQ(0, limits_put_back(&kept));
}

TEST_F(lib, without_windows_what_has_no_room_is_the_senders_emsgsize)
{
	PHX_OPTS(phx_open_opts, opts, .flags = PHX_OPEN_NO_WINDOW | PHX_OPEN_NONBLOCK);
	struct client *cl = client_new(1, CALL_BUF, 0);
	struct phx_msg msg;
	struct phx *h;
	uint32_t port;
	pid_t pid;
	int rid, err, status = 0;

	ASSERT_EQ(0, phx_open_with(&h, &opts));
	ASSERT_EQ(0, phx_port_create(h, &port));
	/* The child's handle is the other one, which waits. */
	pid = client_start(self->h, port, cl);
	do {
		err = phx_recv(h, port, &msg, &rid);
		usleep(1000);
	} while (err == -EAGAIN && !waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_EQ(EMSGSIZE, WEXITSTATUS(status));
	phx_close(h);
}

TEST_F(lib, options_grow_at_their_end)
{
	struct {
		struct phx_recv_opts opts;
		uint64_t later;
	} new = { { .sz = sizeof(new), .flags = PHX_RECV_NONBLOCK }, 0 };
	PHX_OPTS(phx_open_opts, open_opts, .flags = 1U << 31);
	struct phx_recv_opts old = { .sz = 4 };
	struct phx_msg msg;
	struct phx *h;
	int rid;

	EXPECT_EQ(-EAGAIN, phx_recv_with(self->h, self->port, &msg, &rid, &new.opts));
	new.later = 1;
	EXPECT_EQ(-E2BIG, phx_recv_with(self->h, self->port, &msg, &rid, &new.opts));
	EXPECT_EQ(-EINVAL, phx_recv_with(self->h, self->port, &msg, &rid, &old));
	EXPECT_EQ(-EINVAL, phx_open_with(&h, &open_opts));
	EXPECT_EQ(NULL, h);
}

TEST_F(lib, inline_message_can_be_copied_and_forwarded)
{
	PHX_OPTS(phx_send_opts, opts, .flags = PHX_SEND_I_INLINE, .i_off = 8);
	struct phx_msg msg, copy;
	pid_t pid;
	int rid;

	pid = fork();
	if (!pid) {
		memset(&msg, 0, sizeof(msg));
		strcpy((char *)msg.i.raw + 8, "inline");
		msg.i.size = 7;
		_exit(-phx_send_with(self->h, self->port, &msg, &opts));
	}
	ASSERT_EQ(0, phx_recv(self->h, self->port, &msg, &rid));
	EXPECT_EQ((uintptr_t)msg.i.raw + 8, msg.i.data);
	phx_msg_copy(&copy, &msg);
	EXPECT_EQ((uintptr_t)copy.i.raw + 8, copy.i.data);
	memset(&msg, 0, sizeof(msg));
	EXPECT_STREQ("inline", (char *)(uintptr_t)copy.i.data);
	EXPECT_EQ(0, phx_respond(self->h, self->port, &copy, rid));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(lib, errno_is_never_changed)
{
	struct phx_msg msg = { };
	struct phx *h;
	int rid;

	errno = 1234;
	EXPECT_EQ(-EINVAL, phx_send(self->h, 0, &msg));
	EXPECT_EQ(-EINVAL, phx_recv(self->h, 0, &msg, &rid));
	EXPECT_EQ(-EINVAL, phx_port_destroy(self->h, 0));
	EXPECT_EQ(-EINVAL, phx_name_unregister(self->h, NULL));
	PHX_OPTS(phx_open_opts, opts, .path = "/nonexistent");
	EXPECT_EQ(-ENOENT, phx_open_with(&h, &opts));
	EXPECT_EQ(1234, errno);
}

static bool explains(const char *path, int err, const char *part)
{
	PHX_OPTS(phx_open_opts, opts, .path = path);
	struct phx *h;
	int got = phx_open_with(&h, &opts);
	bool good = got == err && !h && strstr(phx_explain(), part) &&
		    !strchr(phx_explain(), '\n');

	if (!good)
		fprintf(stderr, "# %s: %d, '%s'\n", path, got, phx_explain());
	return good;
}

TEST_F(lib, failed_open_says_what_to_do)
{
	struct phx *h;

	EXPECT_TRUE(explains("/dev/null", -ENOTTY, "/dev/null is not a device of the module"));
	EXPECT_TRUE(explains("/nonexistent", -ENOENT, "/nonexistent does not exist"));
	EXPECT_TRUE(explains("/dev", -EISDIR, "/dev"));
	ASSERT_EQ(0, phx_open(&h, 0));
	EXPECT_STREQ("", phx_explain());
	phx_close(h);
}

TEST_F(lib, denied_open_names_who_may)
{
	pid_t pid;

	if (geteuid())
		SKIP(return, "another user needs root");
	pid = fork();
	if (!pid) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		_exit(!explains(PHX_DEVICE, -EACCES, "only "));
	}
	EXPECT_EQ(0, wait_child(pid));
}

TEST_HARNESS_MAIN
