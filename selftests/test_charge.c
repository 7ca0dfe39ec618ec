// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else counts against max_pages: pages shown instead of those of which a buffer
 * has a part only, slots of large windows, and what is registered without pages.
 */
#include "phx_call.h"
#include "phx_limits.h"
#include "phx_stuck.h"

#include <sched.h>
#include <sys/resource.h>

#define NOBODY 65534
#define WINDOW (1024 * PAGE)
#define LARGE_WINDOW (64UL << 30)
#define LARGE_WINDOW_PAGES 512

FIXTURE(charge) {
	struct server srv;
	struct limits_kept kept;
};

FIXTURE_SETUP(charge)
{
	LIMITED_SERVER_OR_SKIP(&self->srv, &self->kept, WINDOW);
}

FIXTURE_TEARDOWN_PARENT(charge)
{
	EXPECT_EQ(0, limits_put_back(&self->kept));
}

/* Outputs, as inputs of one page are copied: begin and size, pages, and those in part. */
static const struct {
	size_t off, size;
	unsigned int pages, parts;
} parts[] = {
	{ 0, 2 * PAGE, 2, 0 },
	{ 1, 2 * PAGE - 1, 2, 1 },
	{ 0, 2 * PAGE - 1, 2, 1 },
	{ PAGE - 1, 2, 2, 2 },
	{ 100, 3 * PAGE, 4, 2 },
	{ 0, PAGE, 1, 0 },
	{ 0, PAGE - 1, 1, 1 },
	{ 1, PAGE - 2, 1, 1 },
};

struct part {
	__u32 port, next;
	size_t off, size;
	int result;
	atomic_int step, refused;
};

static void step(struct part *part, int now)
{
	atomic_store(&part->step, now);
}

static int part_main(void *arg)
{
	struct part *part = arg;
	char *mem = memory(4 * PAGE);
	int i;

	CHECK(become(NOBODY) == 0);
	/* Until it closes this the user stays, and what is charged to it. */
	CHECK(dev_open(0) >= 0);
	for (i = 0; i < 2; i++)
		CHECK(send_buffers(part->port, NULL, 0, mem + part->off, part->size) ==
		      part->result);
	return 0;
}

/* One page too few, and enough. */
TEST_F_TIMEOUT(charge, pages_that_are_shown_in_part, 120)
{
	struct part *part = shared_memory(sizeof(*part));
	struct phx_ioc_recv got;
	pid_t pid;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		unsigned int all = parts[i].pages + parts[i].parts;

		*part = (struct part) {
			.port = self->srv.port, .off = parts[i].off, .size = parts[i].size,
			.result = -EDQUOT,
		};
		ASSERT_EQ(0, param_write("max_pages", all - 1));
		EXPECT_EQ(0, child_end(child_run(self->srv.fd, part_main, part)));
		ASSERT_EQ(0, param_write("max_pages", all));
		part->result = 0;
		pid = child_run(self->srv.fd, part_main, part);
		for (n = 0; n < 2; n++) {
			ASSERT_EQ(0, server_recv_room(&self->srv, 0, &got));
			EXPECT_EQ(PHX_CLASS_LEND, got.o_class);
			EXPECT_EQ(parts[i].parts, stat_read("pages_shadow_live"));
			ASSERT_EQ(0, server_answer(&self->srv, &got));
		}
		EXPECT_EQ(0, child_end(pid));
	}
}

#define MANY 20

/* Of one page that is lent to it, each byte but two; their pages are charged to others. */
struct onward {
	int fd, result;
	__u32 port;
	char *at;
	atomic_int *refused;
	pthread_t thread;
};

static void *onward_main(void *arg)
{
	struct onward *on = arg;
	struct phx_msg msg = { 0 };

	set_output(&msg, on->at, 2);
	on->result = msg_send(on->fd, on->port, &msg);
	if (on->result == -EDQUOT)
		atomic_fetch_add(on->refused, 1);
	return NULL;
}

static int sends_on_main(void *arg)
{
	struct part *part = arg;
	struct onward on[MANY] = { };
	struct phx_ioc_recv got;
	struct server srv;
	int i, sent = 0;

	CHECK(become(NOBODY) == 0);
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	part->port = srv.port;
	step(part, 1);
	CHECK(server_recv_room(&srv, 0, &got) == 0);
	for (i = 0; i < MANY; i++) {
		on[i] = (struct onward) {
			.fd = srv.fd, .port = part->next, .at = out_of(&got.msg) + PAGE - 1,
			.refused = &part->refused,
		};
		CHECK(!pthread_create(&on[i].thread, NULL, onward_main, &on[i]));
	}
	for (i = 0; i < MANY; i++) {
		pthread_join(on[i].thread, NULL);
		sent += on[i].result == 0;
	}
	CHECK(sent == part->result);
	CHECK(server_respond(&srv, &got) == 0);
	return 0;
}

/* Root, whom no limit holds, lends it two pages; it may have ten of its own. */
TEST_F_TIMEOUT(charge, pages_that_are_shown_in_part_of_what_is_sent_on, 120)
{
	struct part *part = shared_memory(sizeof(*part));
	struct phx_ioc_recv got[MANY];
	struct call *call;
	int i;
	pid_t pid;

	part->next = self->srv.port;
	part->result = 10 / 2;
	ASSERT_EQ(0, param_write("max_pages", 10));
	pid = child_run(self->srv.fd, sends_on_main, part);
	ASSERT_TRUE(wait_for(&part->step, 1));
	call = call_send(part->port);
	set_output(&call->send.msg, memory(2 * PAGE), 2 * PAGE);
	call = call_thread(call, self->srv.fd);
	for (i = 0; i < part->result; i++)
		ASSERT_EQ(0, server_recv_room(&self->srv, 0, &got[i]));
	ASSERT_TRUE(wait_for(&part->refused, MANY - part->result));
	EXPECT_EQ(10, stat_read("pages_shadow_live"));
	EXPECT_FALSE(poll_readable(self->srv.fd, 0));
	for (i = 0; i < part->result; i++)
		ASSERT_EQ(0, server_respond(&self->srv, &got[i]));
	EXPECT_EQ(0, child_end(pid));
	EXPECT_EQ(0, call_end_free(call));
}

static char *window_map(int fd)
{
	return mmap(NULL, LARGE_WINDOW, PROT_READ, MAP_SHARED, fd, PHX_WINDOW_INPUT);
}

/* Each of them takes two megabytes, for a bit a page. */
static int windows_main(void *arg)
{
	int fd[2], i;
	char *win;

	CHECK(become(NOBODY) == 0);
	for (i = 0; i < 2; i++) {
		fd[i] = dev_open(0);
		CHECK(fd[i] >= 0);
	}
	for (i = 0; i < 3; i++) {
		win = window_map(fd[0]);
		CHECK(win != MAP_FAILED);
		CHECK(window_map(fd[0]) == MAP_FAILED && errno == EDQUOT);
		CHECK(window_map(fd[1]) == MAP_FAILED && errno == EDQUOT);
		CHECK(munmap(win, LARGE_WINDOW) == 0);
		/* What was there stays until there is another, or the file is closed. */
		CHECK(window_map(fd[1]) == MAP_FAILED && errno == EDQUOT);
		close(fd[0]);
		fd[0] = fd[1];
		fd[1] = dev_open(0);
	}
	return 0;
}

static int no_window_main(void *unused)
{
	CHECK(become(NOBODY) == 0);
	CHECK(window_map(dev_open(0)) == MAP_FAILED && errno == EDQUOT);
	return 0;
}

TEST_F(charge, large_windows)
{
	ASSERT_EQ(0, param_write("max_pages", LARGE_WINDOW_PAGES));
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, windows_main, NULL)));
	ASSERT_EQ(0, param_write("max_pages", LARGE_WINDOW_PAGES - 1));
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, no_window_main, NULL)));
}

/* A server that has all it may have: a port, slots, and a page for what it sends. */
static int window_server_main(void *arg)
{
	struct part *part = arg;
	struct phx_msg msg = { .type = 1 };
	int fd, i;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	CHECK(window_map(fd) != MAP_FAILED && port_create(fd, &part->port) == 0);
	set_input(&msg, memory(PAGE), PAGE);
	for (i = 0; i < 2; i++)
		CHECK(msg_send(fd, part->next, &msg) == 0);
	CHECK(window_map(dev_open(0)) == MAP_FAILED && errno == EDQUOT);
	step(part, 1);
	pause();
	return 0;
}

/* The reaper may have been first, and let go of the windows a moment later. */
static int window_main(void *arg)
{
	struct part *part = arg;
	char *win;
	int fd, i;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	for (i = 0; i < PATIENCE_MS; i++) {
		win = window_map(fd);
		if (win != MAP_FAILED || errno != EDQUOT)
			break;
		usleep(1000);
	}
	CHECK(win != MAP_FAILED);
	CHECK(port_create(fd, &part->port) == 0);
	return 0;
}

static int stuck_sender_main(void *arg)
{
	struct part *part = arg;
	char *mem = memory_without_answer(16 * PAGE, &part->result);

	step(part, mem ? 2 : 3);
	return send_buffers(part->port, mem, 16 * PAGE, NULL, 0) != -EINVAL;
}

/* Nobody would know when it answers its own faults. */
TEST_F(charge, a_dead_server_whose_sender_is_stuck)
{
	struct part *part = shared_memory(sizeof(*part));
	struct phx_ioc_recv got;
	pid_t server, sender;
	int i;

	part->next = self->srv.port;
	ASSERT_EQ(0, param_write("max_pages", LARGE_WINDOW_PAGES + 1));
	ASSERT_EQ(0, param_write("max_ports", 1));
	server = child_run(self->srv.fd, window_server_main, part);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, server_recv_room(&self->srv, 0, &got));
		ASSERT_EQ(0, server_answer(&self->srv, &got));
	}
	ASSERT_TRUE(wait_for(&part->step, 1));
	EXPECT_EQ(1, stat_read("pages_kept_live"));
	ASSERT_EQ(0, param_write("max_pages", LARGE_WINDOW_PAGES));
	sender = child_run(self->srv.fd, stuck_sender_main, part);
	while (atomic_load(&part->step) < 2)
		usleep(1000);
	if (atomic_load(&part->step) > 2)
		SKIP(return, "no userfaultfd");
	ASSERT_TRUE(wait_stuck(sender));
	kill(server, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(server));
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, window_main, part)));
	EXPECT_EQ(0, stat_read("pages_kept_live"));
	EXPECT_EQ(0, waitpid(sender, NULL, WNOHANG));
	kill(sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(sender));
}

/* Within one process there is nothing to pin. */
static int registers_main(void *arg)
{
	char *mem = memory(4 * PAGE);
	int fd, i, id[4];
	__u32 port;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	CHECK(port_create_flags(fd, PHX_PORT_BUFFERS, &port) == 0);
	for (i = 0; i < 3; i++)
		CHECK((id[i] = buffer_register(fd, port, PHX_BUFFER_IN, mem, 4 * PAGE)) >= 0);
	CHECK(buffer_register(fd, port, PHX_BUFFER_IN, mem, 4 * PAGE) == -EDQUOT);
	CHECK(buffer_unregister(fd, id[1]) == 0);
	CHECK(buffer_register(fd, port, PHX_BUFFER_IN, mem, 4 * PAGE) >= 0);
	CHECK(buffer_register(fd, port, PHX_BUFFER_IN, mem, 4 * PAGE) == -EDQUOT);
	return 0;
}

TEST_F(charge, buffers_registered_within_a_process)
{
	int i;

	ASSERT_EQ(0, param_write("max_pages", 3));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, child_end(child_run(self->srv.fd, registers_main, NULL)));
}

/* A server that has not taken the message yet may register as much as ever. */
static int untaken_server_main(void *arg)
{
	struct part *part = arg;
	char *mem = memory(PAGE);
	int fd, i;

	CHECK(become(NOBODY - 1) == 0);
	fd = dev_open(0);
	CHECK(port_create_flags(fd, PHX_PORT_BUFFERS, &part->port) == 0);
	step(part, 1);
	CHECK(poll_readable(fd, PATIENCE_MS));
	step(part, 2);
	CHECK(wait_for(&part->step, 3));
	for (i = 0; i < 8; i++)
		CHECK(buffer_register(fd, part->port, PHX_BUFFER_IN, mem, PAGE) >= 0);
	CHECK(buffer_register(fd, part->port, PHX_BUFFER_IN, mem, PAGE) == -EDQUOT);
	return 0;
}

static struct phx_ioc_send untaken;
static int untaken_fd;

static int send_untaken(void *part)
{
	return msg_send_arg(untaken_fd, ((struct part *)part)->port, &untaken);
}

/* Its memory lives on with another process, as does its message. */
static int untaken_sender_main(void *arg)
{
	char *mem = memory(4 * PAGE), *stack = memory(16 * PAGE) + 16 * PAGE;
	struct part *part = arg;
	int id;

	CHECK(become(NOBODY) == 0);
	untaken_fd = dev_open(0);
	id = buffer_register(untaken_fd, part->port, PHX_BUFFER_IN, mem, 3 * PAGE);
	CHECK(id >= 0);
	untaken.flags = PHX_SEND_I_REGISTERED;
	untaken.i_off = id;
	set_input(&untaken.msg, mem, 3 * PAGE);
	CHECK(clone(send_untaken, stack, CLONE_VM | SIGCHLD, part) > 0);
	CHECK(wait_for(&part->step, 2));
	return 0;
}

TEST_F_TIMEOUT(charge, registered_buffers_of_messages_that_were_not_taken, 120)
{
	struct part *part = shared_memory(sizeof(*part));
	pid_t server, sender;

	ASSERT_EQ(0, param_write("max_pages", 8));
	server = child_run(self->srv.fd, untaken_server_main, part);
	ASSERT_TRUE(wait_for(&part->step, 1));
	sender = child_run(self->srv.fd, untaken_sender_main, part);
	ASSERT_TRUE(wait_for(&part->step, 2));
	EXPECT_EQ(0, child_end(sender));
	step(part, 3);
	EXPECT_EQ(0, child_end(server));
}

/* Root's, which for now can't have the input, and so was not shown the output yet. */
static int stuck_server_main(void *arg)
{
	struct phx_ioc_recv got = { .buf_size = PAGE };
	struct part *part = arg;
	int fd = dev_open(0), faults;
	__u32 port;

	CHECK(port_create_flags(fd, PHX_PORT_BUFFERS, &port) == 0);
	part->port = port;
	got.buf = addr(memory_without_answer(PAGE, &faults));
	step(part, got.buf ? 1 : -1);
	msg_recv_arg(fd, port, &got);
	return 1;
}

static int taken_sender_main(void *arg)
{
	struct phx_ioc_send send = { .flags = PHX_SEND_O_REGISTERED };
	char *in = memory(PAGE), *out = memory(40 * PAGE);
	struct part *part = arg;
	int fd;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	send.o_off = buffer_register(fd, part->port, PHX_BUFFER_OUT, out, 40 * PAGE);
	set_input(&send.msg, in, 100);
	set_output(&send.msg, out, 40 * PAGE);
	return msg_send_arg(fd, part->port, &send);
}

/* The same user as the sender. Its charges are forgotten with its last file only. */
static int same_user_main(void *arg)
{
	struct part *part = arg;
	int fd;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	step(part, 2);
	CHECK(wait_for(&part->step, 3));
	CHECK(buffer_register(fd, part->next, PHX_BUFFER_IN, memory(80 * PAGE), 80 * PAGE) >= 0);
	return 0;
}

TEST_F_TIMEOUT(charge, registered_buffers_of_a_message_that_is_just_taken, 120)
{
	struct part *part = shared_memory(sizeof(*part));
	pid_t server, sender, same;

	ASSERT_EQ(0, port_create_flags(self->srv.fd, PHX_PORT_BUFFERS, &part->next));
	ASSERT_EQ(0, param_write("max_pages", 100));
	server = child_run(self->srv.fd, stuck_server_main, part);
	while (!atomic_load(&part->step))
		usleep(1000);
	if (atomic_load(&part->step) < 0)
		SKIP(return, "no userfaultfd");
	same = child_run(self->srv.fd, same_user_main, part);
	ASSERT_TRUE(wait_for(&part->step, 2));
	sender = child_run(self->srv.fd, taken_sender_main, part);
	ASSERT_TRUE(wait_stuck(server));
	kill(sender, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(sender));
	step(part, 3);
	EXPECT_EQ(0, child_end(same));
	kill(server, SIGKILL);
	EXPECT_EQ(-SIGKILL, child_end(server));
}

TEST_HARNESS_MAIN
