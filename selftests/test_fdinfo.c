// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo of a client: what it tells, that it stays short however much there
 * is, who may read it, and that it can be read while everything comes and goes.
 */
#include "phx_peer.h"

#include <sys/prctl.h>

#define WINDOW (64 * PAGE)
#define LINES_MAX 32
/* The totals, the windows, and what the kernel says of any file. */
#define MORE_LINES 24
#define TEXT_MAX 65536

static FILE *fdinfo_open(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fopen(path, "r");
}

/* All that is in there, which is closed then; NULL, or to be freed. */
static char *text_of(FILE *f)
{
	char *text = calloc(1, TEXT_MAX);
	size_t n = 0, got;

	if (!f || !text) {
		free(text);
		return NULL;
	}
	while (n < TEXT_MAX - 1 && (got = fread(text + n, 1, TEXT_MAX - 1 - n, f)) > 0)
		n += got;
	fclose(f);
	return text;
}

/* What fdinfo says of a file, or NULL; to be freed. */
static char *fdinfo(int fd)
{
	return text_of(fdinfo_open(fd));
}

/* The number behind a key, -1 if it is not there. */
static long value(int fd, const char *key)
{
	char *text = fdinfo(fd), *line, *save = NULL;
	size_t len = strlen(key);
	long n = -1;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ':')
			n = atol(line + len + 1);
	free(text);
	return n;
}

/* Lines that begin with something. */
static int lines(int fd, const char *begin)
{
	char *text = fdinfo(fd), *line, *save = NULL;
	int n = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		n += !strncmp(line, begin, strlen(begin));
	free(text);
	return n;
}

static bool says(int fd, const char *what)
{
	char *text = fdinfo(fd);
	bool found = text && strstr(text, what);

	free(text);
	return found;
}

FIXTURE(fdinfo) {
	struct server srv;
	struct peer *peer;
	struct lane *lane;
	struct phx_ioc_recv got;
};

FIXTURE_SETUP(fdinfo)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, region_server_open(&self->srv, WINDOW));
	self->peer = peer_start(self->srv.fd, self->srv.port);
	ASSERT_NE(NULL, self->peer);
	self->lane = &self->peer->lanes[0];
}

FIXTURE_TEARDOWN(fdinfo)
{
	peer_kill(self->peer);
	server_close(&self->srv);
	EXPECT_TRUE(stat_becomes("pages_pinned_live", 0));
}

/* region_server_open() makes two. */
TEST_F(fdinfo, ports_are_counted_as_they_come_and_go)
{
	__u32 ports[3];
	char line[64];
	int i;

	EXPECT_EQ(2, value(self->srv.fd, "phx-ports"));
	snprintf(line, sizeof(line), "phx-port:\t%u\n", self->srv.port);
	EXPECT_TRUE(says(self->srv.fd, line));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, port_create(self->srv.fd, &ports[i]));
	EXPECT_EQ(5, value(self->srv.fd, "phx-ports"));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, port_destroy(self->srv.fd, ports[i]));
	EXPECT_EQ(2, value(self->srv.fd, "phx-ports"));
	EXPECT_FALSE(port_destroy(self->srv.fd, ports[0]) == 0);
	EXPECT_EQ(2, value(self->srv.fd, "phx-ports"));
}

TEST_F(fdinfo, message_is_shown_while_it_is_held_with_its_sender_and_pages)
{
	struct part in = { PLAIN, 0, 16 * PAGE };
	int fd = self->srv.fd;
	char line[128];

	EXPECT_EQ(0, value(fd, "phx-held"));
	lane_send(self->lane, in, NO_PART);
	ASSERT_TRUE(message_comes(&self->srv));
	EXPECT_EQ(1, value(fd, "phx-queued"));
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(0, value(fd, "phx-queued"));
	EXPECT_EQ(1, value(fd, "phx-held"));
	EXPECT_EQ(0, value(fd, "phx-held-orphans"));
	EXPECT_EQ(16, value(fd, "phx-held-pages"));
	snprintf(line, sizeof(line), "phx-message:\trid %d port %u pid %d taken pages 16 loans 0 in lend out none\n",
		 self->got.rid, self->srv.port, self->peer->pid);
	EXPECT_TRUE(says(fd, line));
	EXPECT_TRUE(says(fd, "phx-window:\tinput pages 64 used 16\n"));
	EXPECT_TRUE(says(fd, "phx-window:\toutput pages 64 used 0\n"));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	ASSERT_EQ(0, lane_answer(self->lane));
	EXPECT_EQ(0, value(fd, "phx-held"));
	EXPECT_EQ(0, lines(fd, "phx-message:"));
	EXPECT_TRUE(says(fd, "phx-window:\tinput pages 64 used 0\n"));
}

TEST_F(fdinfo, message_shows_its_buffers_as_the_server_has_them)
{
	int fd = self->srv.fd;
	char line[128];

	lane_set_send(self->lane, NO_PART, NO_PART);
	self->lane->send.flags = PHX_SEND_I_INLINE;
	self->lane->send.msg.i.size = 16;
	lane_ask(self->lane, do_send);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	ASSERT_EQ(PHX_CLASS_INLINE, self->got.i_class);
	snprintf(line, sizeof(line), "phx-message:\trid %d port %u pid %d taken pages 0 loans 0 in inline out none\n",
		 self->got.rid, self->srv.port, self->peer->pid);
	EXPECT_TRUE(says(fd, line));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	ASSERT_EQ(0, lane_answer(self->lane));
}

TEST_F(fdinfo, message_whose_sender_was_killed_is_an_orphan_with_its_pages)
{
	struct part in = { PLAIN, 0, 16 * PAGE };

	lane_send(self->lane, in, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(-SIGKILL, peer_kill(self->peer));
	EXPECT_EQ(1, value(self->srv.fd, "phx-held-orphans"));
	EXPECT_EQ(16, value(self->srv.fd, "phx-held-pages"));
	EXPECT_TRUE(says(self->srv.fd, " orphan pages 16 "));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &self->got));
	EXPECT_EQ(0, value(self->srv.fd, "phx-held-orphans"));
}

TEST_F(fdinfo, registered_buffer_takes_room_in_the_window_until_it_ends)
{
	int id = lane_register(self->lane, PHX_BUFFER_IN, 0, 4 * PAGE);
	struct part in = { id, 0, 4 * PAGE };

	ASSERT_LE(0, id);
	lane_send(self->lane, in, NO_PART);
	ASSERT_EQ(0, server_recv(&self->srv, &self->got));
	EXPECT_EQ(0, value(self->srv.fd, "phx-held-pages"));
	ASSERT_EQ(0, server_respond(&self->srv, &self->got));
	ASSERT_EQ(0, lane_answer(self->lane));
	EXPECT_TRUE(says(self->srv.fd, "phx-window:\tinput pages 64 used 4\n"));
	EXPECT_EQ(0, lane_unregister(self->lane, id));
	EXPECT_TRUE(says(self->srv.fd, "phx-window:\tinput pages 64 used 0\n"));
}

TEST_F(fdinfo, what_the_file_itself_registered_is_shown)
{
	char *mem = memory(4 * PAGE);
	int id = buffer_register(self->srv.fd, self->srv.port, PHX_BUFFER_OUT, mem, 4 * PAGE);
	char line[64];

	ASSERT_LE(0, id);
	EXPECT_EQ(1, value(self->srv.fd, "phx-buffers"));
	snprintf(line, sizeof(line), "phx-buffer:\tid %d port %u ", id, self->srv.port);
	EXPECT_TRUE(says(self->srv.fd, line));
	ASSERT_EQ(0, buffer_unregister(self->srv.fd, id));
	EXPECT_EQ(0, value(self->srv.fd, "phx-buffers"));
}

TEST_F(fdinfo, thousands_of_ports_and_buffers_take_no_more_lines_than_a_few)
{
	char *mem = memory(PAGE);
	__u32 port;
	int i;

	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(0, port_create(self->srv.fd, &port));
		ASSERT_LE(0, buffer_register(self->srv.fd, self->srv.port, PHX_BUFFER_IN,
					     mem, PAGE));
	}
	EXPECT_EQ(3002, value(self->srv.fd, "phx-ports"));
	EXPECT_EQ(3000, value(self->srv.fd, "phx-buffers"));
	EXPECT_EQ(LINES_MAX, lines(self->srv.fd, "phx-port:"));
	EXPECT_EQ(LINES_MAX, lines(self->srv.fd, "phx-buffer:"));
	EXPECT_GE(2 * LINES_MAX + MORE_LINES, lines(self->srv.fd, ""));
}

/* Another user who has the very file open learns nothing, though root does. */
static int look_as_stranger(void *arg)
{
	int fd = *(int *)arg, own;

	CHECK(lines(fd, "phx-") > 0);
	CHECK(!setgid(1000) && !setuid(1000) && !prctl(PR_SET_DUMPABLE, 1));
	own = lines(fd, "phx-");
	CHECK(lines(fd, "flags:") == 1);
	CHECK(own == 0);
	return 0;
}

TEST_F(fdinfo, another_user_with_the_descriptor_learns_nothing)
{
	EXPECT_EQ(0, child_end(child_run(-1, look_as_stranger, &self->srv.fd)));
}

/* Root reads what another user opened. */
static int look_for_stranger(void *arg)
{
	int fd = *(int *)arg;
	char *text;
	FILE *f;

	CHECK(!setresuid(1000, 1000, 0) && !prctl(PR_SET_DUMPABLE, 1));
	f = fdinfo_open(fd);
	CHECK(f && !setresuid(0, 0, 0));
	text = text_of(f);
	CHECK(text && strstr(text, "flags:") && !strstr(text, "phx-"));
	CHECK(lines(fd, "phx-") > 0);
	return 0;
}

TEST_F(fdinfo, who_reads_for_another_user_tells_nothing)
{
	EXPECT_EQ(0, child_end(child_run(-1, look_for_stranger, &self->srv.fd)));
}

static void *read_on(void *arg)
{
	int fd = *(int *)arg;
	long n = 0;

	while (lines(fd, "phx-ports:") == 1)
		n++;
	return (void *)n;
}

TEST_F(fdinfo, is_read_while_ports_and_messages_come_and_go)
{
	struct part in = { PLAIN, 0, 16 * PAGE };
	pthread_t thread;
	int fd = dup(self->srv.fd), copy = fd, i;
	__u32 port;
	void *n;

	ASSERT_EQ(0, pthread_create(&thread, NULL, read_on, &copy));
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, port_create(fd, &port));
		lane_send(self->lane, in, NO_PART);
		ASSERT_EQ(0, server_recv(&self->srv, &self->got));
		ASSERT_EQ(0, port_destroy(fd, port));
		ASSERT_EQ(0, server_respond(&self->srv, &self->got));
		ASSERT_EQ(0, lane_answer(self->lane));
	}
	close(fd);
	ASSERT_EQ(0, pthread_join(thread, &n));
	EXPECT_LT(0, (long)n);
	EXPECT_EQ(0, value(self->srv.fd, "phx-held"));
	EXPECT_EQ(2, value(self->srv.fd, "phx-ports"));
}

TEST_HARNESS_MAIN
