// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of users, of windows, and of how much may be on its way at a time. What
 * was refused can be had again later.
 */
#include "phx_limits.h"

#include <sys/resource.h>

#define WINDOW (64 * PAGE)
#define NOBODY 65534

FIXTURE(limits) {
	struct server srv;
	struct limits_kept kept;
};

FIXTURE_SETUP(limits)
{
	LIMITED_SERVER_OR_SKIP(&self->srv, &self->kept, WINDOW);
}

FIXTURE_TEARDOWN_PARENT(limits)
{
	EXPECT_EQ(0, limits_put_back(&self->kept));
}

static int ports_main(void *arg)
{
	__u32 ports[6];
	int fd, fd2, i, round;

	CHECK(become(NOBODY) == 0);
	fd = dev_open(0);
	fd2 = dev_open(0);
	CHECK(fd >= 0 && fd2 >= 0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 5; i++)
			CHECK(port_create(i % 2 ? fd : fd2, &ports[i]) == 0);
		CHECK(port_create(fd, &ports[5]) == -EDQUOT);
		CHECK(port_create(fd2, &ports[5]) == -EDQUOT);
		CHECK(port_destroy(fd, ports[1]) == 0);
		CHECK(port_create(fd2, &ports[1]) == 0);
		CHECK(port_create(fd2, &ports[5]) == -EDQUOT);
		close(fd);
		close(fd2);
		fd = dev_open(0);
		fd2 = dev_open(0);
	}
	return 0;
}

/* Of a user, in all files together. */
TEST_F(limits, ports)
{
	ASSERT_EQ(0, param_write("max_ports", 5));
	EXPECT_EQ(0, child_end(child_run(self->srv.fd, ports_main, NULL)));
}

struct poor {
	__u32 port;
	int first, second;	/* results */
	rlim_t memlock;
	size_t size;
	atomic_int sent;
};

static void *poor_thread(void *arg)
{
	struct poor *poor = arg;
	char *out = memory(poor->size + PAGE);

	fill(out, poor->size, SEED_OUT);
	CHECK(send_buffers(poor->port, NULL, 0, out, poor->size) == 0);
	CHECK(holds(out, poor->size, SEED_ANSWER));
	return NULL;
}

/* One message is on its way, and then there is the next. */
static int poor_main(void *arg)
{
	struct poor *poor = arg;
	struct rlimit limit = { poor->memlock, poor->memlock };
	char *out = memory(poor->size + PAGE);
	pthread_t thread;

	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	CHECK(become(NOBODY) == 0);
	CHECK(!pthread_create(&thread, NULL, poor_thread, poor));
	CHECK(wait_for(&poor->sent, 1));
	CHECK(send_buffers(poor->port, NULL, 0, out, poor->size) == poor->first);
	atomic_store(&poor->sent, 2);
	pthread_join(thread, NULL);
	CHECK(send_buffers(poor->port, NULL, 0, out, poor->size) == poor->second);
	CHECK(poor->second || holds(out, poor->size, SEED_ANSWER));
	return 0;
}

/* The first is taken and kept until the second was refused. */
static void serve_poor(struct __test_metadata *_metadata, FIXTURE_DATA(limits) *self,
		       struct poor *poor)
{
	struct phx_ioc_recv got;
	pid_t pid;

	poor->port = self->srv.port;
	pid = child_run(self->srv.fd, poor_main, poor);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	atomic_store(&poor->sent, 1);
	ASSERT_TRUE(wait_for(&poor->sent, 2));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(pid));
}

TEST_F(limits, messages)
{
	struct poor *poor = shared_memory(sizeof(*poor));

	poor->memlock = RLIM_INFINITY;
	poor->size = 100;
	poor->first = -EDQUOT;
	ASSERT_EQ(0, param_write("max_messages", 1));
	serve_poor(_metadata, self, poor);
}

#define MODEST 5000

struct modest {
	__u32 port;
	atomic_int done;
};

/* Asks for more than there is, again and again. */
static void *greedy_thread(void *arg)
{
	struct modest *modest = arg;
	char *out = memory(64 * PAGE);

	while (!atomic_load(&modest->done))
		CHECK(send_buffers(modest->port, NULL, 0, out, 64 * PAGE) == -EDQUOT);
	return NULL;
}

static int modest_main(void *arg)
{
	struct modest *modest = arg;
	char *out = memory(8 * PAGE);
	pthread_t thread;
	int i;

	CHECK(become(NOBODY) == 0);
	CHECK(!pthread_create(&thread, NULL, greedy_thread, modest));
	for (i = 0; i < MODEST; i++) {
		fill(out, 8 * PAGE, SEED_OUT);
		CHECK(send_buffers(modest->port, NULL, 0, out, 8 * PAGE) == 0);
	}
	atomic_store(&modest->done, 1);
	pthread_join(thread, NULL);
	return 0;
}

/* Who asks for too much gets nothing, and takes nothing from others meanwhile. */
TEST_F_TIMEOUT(limits, a_refused_call_has_no_other_refused, 120)
{
	struct modest *modest = shared_memory(sizeof(*modest));
	struct phx_ioc_recv got;
	pid_t pid;
	int i;

	ASSERT_EQ(0, param_write("max_pages", 40));
	modest->port = self->srv.port;
	pid = child_run(self->srv.fd, modest_main, modest);
	for (i = 0; i < MODEST && poll_readable(self->srv.fd, 5000); i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		ASSERT_EQ(0, server_answer(&self->srv, &got));
	}
	EXPECT_EQ(0, child_end(pid));
}

#define FILES 8
#define ALLOWED 3

struct horde {
	__u32 port;
	atomic_int go, refused;
};

struct horde_file {
	struct horde *horde;
	int fd;
};

static void *horde_thread(void *arg)
{
	struct horde_file *file = arg;
	struct phx_msg msg = { 0 };
	int err = msg_send(file->fd, file->horde->port, &msg);

	CHECK(!err || err == -EDQUOT);
	atomic_fetch_add(&file->horde->refused, err != 0);
	return NULL;
}

/* First one after the other, so that each file keeps the memory of a message. */
static int horde_main(void *arg)
{
	struct horde_file files[FILES];
	struct horde *horde = arg;
	pthread_t threads[FILES];
	int i, round;

	CHECK(become(NOBODY) == 0);
	for (i = 0; i < FILES; i++) {
		files[i] = (struct horde_file) { .horde = horde, .fd = dev_open(0) };
		horde_thread(&files[i]);
	}
	CHECK(atomic_load(&horde->refused) == 0);
	for (round = 1; round <= 3; round++) {
		CHECK(wait_for(&horde->go, round));
		for (i = 0; i < FILES; i++)
			CHECK(!pthread_create(&threads[i], NULL, horde_thread, &files[i]));
		for (i = 0; i < FILES; i++)
			pthread_join(threads[i], NULL);
	}
	return 0;
}

/* What a file keeps for its next message counts as none. */
TEST_F(limits, messages_of_many_files)
{
	struct horde *horde = shared_memory(sizeof(*horde));
	struct phx_ioc_recv got[ALLOWED];
	int i, round;
	pid_t pid;

	horde->port = self->srv.port;
	ASSERT_EQ(0, param_write("max_messages", ALLOWED));
	pid = child_run(self->srv.fd, horde_main, horde);
	for (i = 0; i < FILES; i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &got[0]));
		ASSERT_EQ(0, server_respond(&self->srv, &got[0]));
	}
	for (round = 1; round <= 3; round++) {
		atomic_store(&horde->go, round);
		for (i = 0; i < ALLOWED; i++)
			ASSERT_EQ(0, server_recv(&self->srv, &got[i]));
		ASSERT_TRUE(wait_for(&horde->refused, round * (FILES - ALLOWED)));
		EXPECT_FALSE(poll_readable(self->srv.fd, 0));
		for (i = 0; i < ALLOWED; i++)
			ASSERT_EQ(0, server_respond(&self->srv, &got[i]));
	}
	EXPECT_EQ(0, child_end(pid));
}

TEST_F(limits, pages)
{
	struct poor *poor = shared_memory(sizeof(*poor));

	poor->memlock = RLIM_INFINITY;
	poor->size = 5 * PAGE;
	poor->first = -EDQUOT;
	ASSERT_EQ(0, param_write("max_pages", 9));
	serve_poor(_metadata, self, poor);
}

/* Who may not lock memory gets copies, and the same result. */
TEST_F(limits, memlock)
{
	static const rlim_t locks[] = { 0, PAGE, 4 * PAGE, 7 * PAGE, 9 * PAGE, 64 * PAGE };
	struct sending *s = shared_memory(sizeof(*s));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(locks); i++) {
		long long bounced = stat_read("buffers_bounced");
		struct rlimit limit = { locks[i], locks[i] };
		struct phx_ioc_recv got;
		pid_t pid;

		*s = (struct sending) {
			.port = self->srv.port, .off = 17,
			.in_size = 4 * PAGE, .out_size = 3 * PAGE,
		};
		fflush(NULL);
		pid = fork();
		if (!pid) {
			close(self->srv.fd);
			CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
			CHECK(become(NOBODY) == 0);
			_exit(sending_main(s));
		}
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		EXPECT_EQ(PHX_CLASS_LEND, got.i_class);
		EXPECT_TRUE(sending_is_seen(s, &got.msg));
		ASSERT_EQ(0, server_answer(&self->srv, &got));
		EXPECT_EQ(0, child_end(pid));
		if (locks[i] == 0 && bounced >= 0) {
			EXPECT_EQ(bounced + 2, stat_read("buffers_bounced"));
		}
		if (locks[i] == 64 * PAGE && bounced >= 0) {
			EXPECT_EQ(bounced, stat_read("buffers_bounced"));
		}
	}
}

/* The size from which on buffers are lent, at any time. */
TEST_F(limits, lend_min)
{
	static const unsigned int sizes[] = { 0, 1, 1000, 5 * PAGE, 5 * PAGE + 1, -1U };
	struct sending s = {
		.port = self->srv.port, .in_size = 5 * PAGE, .out_size = 999,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct phx_ioc_recv got;
		pid_t pid;

		ASSERT_EQ(0, param_write("lend_min", sizes[i]));
		pid = child_run(self->srv.fd, sending_main, &s);
		ASSERT_EQ(0, server_recv_room(&self->srv, WINDOW, &got));
		EXPECT_EQ(5 * PAGE >= sizes[i] ? PHX_CLASS_LEND : PHX_CLASS_COPY, got.i_class);
		EXPECT_EQ(999 >= sizes[i] ? PHX_CLASS_LEND : PHX_CLASS_COPY, got.o_class);
		EXPECT_TRUE(sending_is_seen(&s, &got.msg));
		ASSERT_EQ(0, server_answer(&self->srv, &got));
		EXPECT_EQ(0, child_end(pid));
	}
}

static int recv_now(struct server *srv, struct phx_ioc_recv *got)
{
	*got = (struct phx_ioc_recv) { .flags = PHX_RECV_NONBLOCK, .rid = PHX_RID_NONE };
	return msg_recv_arg(srv->fd, srv->port, got);
}

/* Three senders, of which two fill the window. The third learns that it is full. */
static void fill_window(struct __test_metadata *_metadata, struct server *srv,
			struct sending *half, pid_t *pids, struct phx_ioc_recv *got)
{
	int i;

	for (i = 0; i < 3; i++) {
		struct phx_ioc_recv none;

		half[i] = (struct sending) {
			.port = srv->port, .in_size = WINDOW / 2, .out_size = WINDOW / 4,
		};
		half[i].result = i < 2 ? 0 : -ENOBUFS;
		pids[i] = child_run(srv->fd, sending_main, &half[i]);
		ASSERT_TRUE(poll_readable(srv->fd, PATIENCE_MS));
		if (i < 2) {
			ASSERT_EQ(0, server_recv(srv, &got[i]));
			ASSERT_EQ(PHX_CLASS_LEND, got[i].i_class);
		} else {
			ASSERT_ERR(EAGAIN, recv_now(srv, &none));
			ASSERT_EQ(0, child_end(pids[i]));
		}
	}
}

/* Who needs no room is served, and who does once there is some. */
TEST_F(limits, window_is_full)
{
	struct sending *half = shared_memory(4 * sizeof(*half)), *small = &half[3];
	struct phx_ioc_recv got[3];
	pid_t pids[4];

	fill_window(_metadata, &self->srv, half, pids, got);
	*small = (struct sending) { .port = self->srv.port, .out_size = PAGE };
	pids[3] = child_run(self->srv.fd, sending_main, small);
	ASSERT_EQ(0, server_recv(&self->srv, &got[2]));
	EXPECT_TRUE(sending_is_seen(small, &got[2].msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got[2]));
	EXPECT_EQ(0, child_end(pids[3]));

	EXPECT_TRUE(sending_is_seen(&half[0], &got[0].msg));
	EXPECT_TRUE(sending_is_seen(&half[1], &got[1].msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got[0]));
	half[2].result = 0;
	pids[2] = child_run(self->srv.fd, sending_main, &half[2]);
	ASSERT_EQ(0, server_recv(&self->srv, &got[2]));
	EXPECT_TRUE(sending_is_seen(&half[2], &got[2].msg));
	EXPECT_TRUE(sending_is_seen(&half[1], &got[1].msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got[2]));
	ASSERT_EQ(0, server_answer(&self->srv, &got[1]));
	EXPECT_EQ(0, child_end(pids[0]));
	EXPECT_EQ(0, child_end(pids[1]));
	EXPECT_EQ(0, child_end(pids[2]));
}

TEST_F(limits, window_is_full_and_server_ends)
{
	struct sending *half = shared_memory(3 * sizeof(*half));
	struct phx_ioc_recv got[3];
	pid_t pids[3];

	fill_window(_metadata, &self->srv, half, pids, got);
	half[0].result = -EPIPE;
	half[1].result = -EPIPE;
	close(self->srv.fd);
	EXPECT_EQ(0, child_end(pids[0]));
	EXPECT_EQ(0, child_end(pids[1]));
	self->srv.fd = dev_open(0);
}

/* What would never fit is no use waiting for. */
TEST_F(limits, window_is_too_small)
{
	struct sending s = {
		.port = self->srv.port, .in_size = WINDOW + 1, .result = -EMSGSIZE,
	};
	struct phx_ioc_recv got;
	pid_t big, fits;

	big = child_run(self->srv.fd, sending_main, &s);
	ASSERT_TRUE(poll_readable(self->srv.fd, PATIENCE_MS));
	s.in_size = WINDOW;
	s.result = 0;
	fits = child_run(self->srv.fd, sending_main, &s);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	EXPECT_TRUE(sending_is_seen(&s, &got.msg));
	ASSERT_EQ(0, server_answer(&self->srv, &got));
	EXPECT_EQ(0, child_end(big));
	EXPECT_EQ(0, child_end(fits));
}

#define CROWD 1500

static void *crowd_thread(void *arg)
{
	struct phx_msg msg = { 0 };
	char buf[300];
	int fd = ((int *)arg)[0];

	memset(buf, 7, sizeof(buf));
	set_input(&msg, buf, 150);
	set_output(&msg, buf + 150, 150);
	CHECK(msg_send(fd, ((int *)arg)[1], &msg) == 0);
	CHECK(all_are(buf, 150, 7));
	CHECK(all_are(buf + 150, 150, msg.o.err & 0xff));
	return NULL;
}

static int crowd_main(void *arg)
{
	int what[2] = { dev_open(0), *(__u32 *)arg };
	pthread_t threads[CROWD];
	pthread_attr_t attr;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 * 1024);
	for (i = 0; i < CROWD; i++)
		CHECK(!pthread_create(&threads[i], &attr, crowd_thread, what));
	for (i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* All held at once, each with a page of its own in the windows. */
TEST_F_TIMEOUT(limits, a_crowd, 60)
{
	struct phx_ioc_recv *got = (void *)memory(CROWD * sizeof(*got));
	pid_t pid;
	int i;

	windows_unmap(&self->srv.win);
	ASSERT_EQ(0, windows_map(self->srv.fd, &self->srv.win, 2 * CROWD * PAGE));
	pid = child_run(self->srv.fd, crowd_main, &self->srv.port);
	for (i = 0; i < CROWD; i++) {
		ASSERT_EQ(0, server_recv(&self->srv, &got[i]));
		memset(out_of(&got[i].msg), i, 150);
		got[i].msg.o.err = i;
	}
	for (i = 0; i < CROWD; i++) {
		int n = (i * 701) % CROWD;

		EXPECT_TRUE(all_are(in_of(&got[n].msg), 150, 7));
		ASSERT_EQ(0, server_respond(&self->srv, &got[n]));
	}
	EXPECT_EQ(0, child_end(pid));
}

TEST_HARNESS_MAIN
