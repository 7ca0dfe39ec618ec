// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace events: each is made to fire, and what it tells is compared with what was
 * done. They are read from an instance of tracefs of the test's own.
 *
 * To enable an event the kernel changes its code. Names of threads would have it change
 * the scheduler's, too, which other CPUs are in at any time: emulated ones may stumble
 * over that, and nothing here needs names.
 */
#include "phx_netlink.h"
#include "phx_peer.h"

#include <sys/stat.h>

#define TRACEFS		"/sys/kernel/tracing"
#define EVENTS		TRACEFS "/events/phxport"
#define INSTANCE	TRACEFS "/instances/phxport-test"
#define RECORD_CMD	TRACEFS "/options/record-cmd"
#define WINDOW		(64 * PAGE)
#define TYPE		4711
#define MANY		64

/* Every event there is; another one needs a test, too. */
static const char *const names[] = {
	"phx_send", "phx_receive", "phx_respond", "phx_withdraw", "phx_orphan",
	"phx_abort", "phx_lend", "phx_unlend",
};

/**
 * struct seen - an event that fired
 * @tid: of the thread
 * @event: its name
 * @text: what it says
 */
struct seen {
	int tid;
	char event[32];
	char text[256];
};

FIXTURE(trace) {
	struct server srv;
	struct nl nl;
	struct seen all[MANY];
	int n;
};

static int put_at(const char *path, const char *text)
{
	int n, fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

static int put(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	return put_at(path, text);
}

/* Whether names of threads are recorded, of instances that are made from now on. */
static char record_names(const char *value)
{
	char had = 0;
	int fd = open(RECORD_CMD, O_RDONLY);

	if (fd < 0 || read(fd, &had, 1) != 1 || put_at(RECORD_CMD, value))
		had = 0;
	close(fd);
	return had;
}

static int enable(const char *event, const char *value)
{
	char file[64];

	snprintf(file, sizeof(file), "events/phxport/%s%senable", event, *event ? "/" : "");
	return put(file, value);
}

/* "  comm-TID  [CPU] FLAGS TIME: EVENT: TEXT", where comm may be anything. */
static bool parse(const char *line, struct seen *seen)
{
	const char *cpu = strstr(line, " ["), *event = strstr(line, ": phx_");

	if (!cpu || !event)
		return false;
	while (cpu > line && *cpu != '-')
		cpu--;
	seen->tid = atoi(cpu + 1);
	return sscanf(event, ": %31[a-z_]: %255[^\n]", seen->event, seen->text) == 2;
}

/* Have a look at what fired until now; how many events that are. */
static int look(FIXTURE_DATA(trace) *self)
{
	FILE *f = fopen(INSTANCE "/trace", "r");
	char line[1024];

	self->n = 0;
	while (f && self->n < MANY && fgets(line, sizeof(line), f))
		self->n += parse(line, &self->all[self->n]);
	if (f)
		fclose(f);
	return self->n;
}

/* The one event of a name (and with a word), or NULL if there is none, or several. */
static const struct seen *one(const FIXTURE_DATA(trace) *self, const char *event, const char *word)
{
	const struct seen *found = NULL;
	int i;

	for (i = 0; i < self->n; i++) {
		if (strcmp(self->all[i].event, event) || !strstr(self->all[i].text, word))
			continue;
		if (found)
			return NULL;
		found = &self->all[i];
	}
	return found;
}

/* The number behind KEY=, or -1000. */
static long long value(const struct seen *seen, const char *key)
{
	size_t len = strlen(key);
	const char *at = seen->text;

	while (at && (strncmp(at, key, len) || at[len] != '=')) {
		at = strchr(at, ' ');
		at += !!at;
	}
	return at ? strtoll(at + len + 1, NULL, 10) : -1000;
}

static bool says(const struct seen *seen, const char *words)
{
	return seen && strstr(seen->text, words);
}

static pid_t my_tid(void)
{
	return syscall(SYS_gettid);
}

FIXTURE_SETUP(trace)
{
	char had_names;
	int err;

	SERVER_OR_SKIP(&self->srv, WINDOW, 16 * PAGE);
	self->nl.fd = -1;
	if (access(EVENTS, R_OK))
		SKIP(return, "there is no " EVENTS ": no tracefs, or not root");
	rmdir(INSTANCE);
	/* What an instance is made with it keeps. */
	had_names = record_names("0");
	ASSERT_NE(0, had_names);
	err = mkdir(INSTANCE, 0700);
	if (had_names == '1')
		record_names("1");
	if (err)
		SKIP(return, "tracefs has no room for an instance of the test's own");
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, enable("", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	if (!access(INSTANCE, F_OK)) {
		enable("", "0");
		EXPECT_EQ(0, rmdir(INSTANCE));
	}
	if (self->nl.fd >= 0)
		close(self->nl.fd);
	server_close(&self->srv);
}

/* A process that sends buffers of these sizes; 0 bytes is none. */
static struct call *send_sizes(__u32 port, size_t in, size_t out, __u64 timeout_ns)
{
	struct call *c = call_send(port);

	c->send.msg.type = TYPE;
	set_input(&c->send.msg, c->in, in);
	set_output(&c->send.msg, c->out, out);
	c->send.timeout_ns = timeout_ns;
	return call_process(c);
}

TEST_F(trace, from_send_to_respond_by_copies)
{
	struct call *call = send_sizes(self->srv.port, 100, 200, 3600000000000ULL);
	const struct seen *send, *receive, *respond;
	struct phx_ioc_recv got;
	struct nl_message m;

	ASSERT_TRUE(call_waits(call));
	ASSERT_EQ(0, server_recv_room(&self->srv, PAGE, &got));
	ASSERT_EQ(1, nl_message(&self->nl, TYPE, &m));
	got.msg.o.err = -5;
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(3, look(self));
	send = one(self, "phx_send", "");
	receive = one(self, "phx_receive", "");
	respond = one(self, "phx_respond", "");
	ASSERT_TRUE(send && receive && respond);

	EXPECT_EQ(m.id, value(send, "id"));
	EXPECT_EQ(self->srv.port, value(send, "port"));
	EXPECT_EQ(TYPE, value(send, "type"));
	EXPECT_EQ(got.msg.priority, value(send, "priority"));
	EXPECT_EQ(100, value(send, "in_size"));
	EXPECT_EQ(200, value(send, "out_size"));
	EXPECT_EQ(3600000000000LL, value(send, "timeout_ns"));
	EXPECT_EQ(call->tid, send->tid);

	EXPECT_EQ(m.id, value(receive, "id"));
	EXPECT_EQ(self->srv.port, value(receive, "port"));
	EXPECT_EQ(got.rid, value(receive, "rid"));
	EXPECT_EQ(call->pid, value(receive, "sender"));
	EXPECT_EQ(TYPE, value(receive, "type"));
	EXPECT_TRUE(says(receive, " in=copy:100 out=copy:200 "));
	EXPECT_LT(0, value(receive, "queued_ns"));
	EXPECT_EQ(my_tid(), receive->tid);

	EXPECT_EQ(m.id, value(respond, "id"));
	EXPECT_EQ(self->srv.port, value(respond, "port"));
	EXPECT_EQ(got.rid, value(respond, "rid"));
	EXPECT_EQ(-5, value(respond, "err"));
	EXPECT_FALSE(says(respond, "orphan"));
	EXPECT_LE(value(receive, "queued_ns"), value(respond, "latency_ns"));
	EXPECT_EQ(my_tid(), respond->tid);
	EXPECT_EQ(0, call_end_free(call));
}

TEST_F(trace, pages_are_lent_and_taken_back)
{
	struct call *call = send_sizes(self->srv.port, 4 * PAGE, 2 * PAGE + 100, 0);
	const struct seen *in, *out, *receive;
	struct phx_ioc_recv got;

	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(4, look(self));
	receive = one(self, "phx_receive", "");
	in = one(self, "phx_lend", " in ");
	out = one(self, "phx_lend", " out ");
	ASSERT_TRUE(receive && in && out);
	EXPECT_TRUE(says(receive, " in=lend:16384 out=lend:8292 "));
	EXPECT_EQ(value(receive, "id"), value(in, "id"));
	EXPECT_EQ(self->srv.port, value(in, "port"));
	EXPECT_EQ(4 * PAGE, value(in, "size"));
	EXPECT_EQ(4, value(in, "pages"));
	EXPECT_EQ(2 * PAGE + 100, value(out, "size"));
	EXPECT_EQ(3, value(out, "pages"));
	EXPECT_EQ(my_tid(), in->tid);
	ASSERT_EQ(0, server_respond(&self->srv, &got));

	ASSERT_EQ(7, look(self));
	receive = one(self, "phx_receive", "");
	in = one(self, "phx_unlend", " in ");
	out = one(self, "phx_unlend", " out ");
	ASSERT_TRUE(in && out && one(self, "phx_respond", ""));
	EXPECT_EQ(value(receive, "id"), value(in, "id"));
	EXPECT_EQ(4 * PAGE, value(in, "size"));
	EXPECT_EQ(3, value(out, "pages"));
	EXPECT_EQ(0, call_end_free(call));
}

TEST_F(trace, classes_that_take_no_pages)
{
	struct call *call = call_send(self->srv.port);
	struct phx_ioc_recv got;

	call->send.flags = PHX_SEND_I_INLINE;
	call->send.msg.i.size = 10;
	call_process(call);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, call_end_free(call));
	look(self);
	EXPECT_TRUE(says(one(self, "phx_receive", ""), " in=inline:10 out=none:0 "));

	call = call_send(self->srv.port);
	set_output(&call->send.msg, call->out, 3 * PAGE);
	call_thread(call, self->srv.fd);
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, call_end_free(call));
	look(self);
	EXPECT_NE(NULL, one(self, "phx_receive", " in=none:0 out=same:12288 "));
	EXPECT_EQ(NULL, one(self, "phx_lend", ""));
}

TEST_F(trace, class_of_a_registered_buffer)
{
	struct phx_ioc_recv got;
	struct server srv;
	struct peer *peer;
	int id;

	ASSERT_EQ(0, region_server_open(&srv, WINDOW));
	peer = peer_start(srv.fd, srv.port);
	ASSERT_NE(NULL, peer);
	id = lane_register(&peer->lanes[0], PHX_BUFFER_IN, 0, 4 * PAGE);
	ASSERT_LE(0, id);
	lane_send(&peer->lanes[0], (struct part) { id, 0, 2 * PAGE }, NO_PART);
	ASSERT_EQ(0, server_recv(&srv, &got));
	ASSERT_EQ(0, server_respond(&srv, &got));
	EXPECT_EQ(0, lane_answer(&peer->lanes[0]));
	look(self);
	EXPECT_TRUE(says(one(self, "phx_receive", ""), " in=registered:8192 out=none:0 "));
	EXPECT_EQ(-SIGKILL, peer_kill(peer));
	server_close(&srv);
}

TEST_F(trace, sender_that_gives_up_in_the_queue)
{
	struct call *call = send_sizes(self->srv.port, 10, 0, 1000000);
	const struct seen *send, *end;
	pid_t tid;

	EXPECT_ERR(ETIMEDOUT, call_end(call));
	tid = call->tid;
	call_free(call);
	ASSERT_EQ(2, look(self));
	send = one(self, "phx_send", "");
	end = one(self, "phx_withdraw", "");
	ASSERT_TRUE(send && end);
	EXPECT_EQ(value(send, "id"), value(end, "id"));
	EXPECT_EQ(self->srv.port, value(end, "port"));
	EXPECT_EQ(tid, end->tid);
}

TEST_F(trace, sender_that_is_killed_while_a_server_has_it)
{
	struct call *call = send_sizes(self->srv.port, 10, 0, 0);
	const struct seen *send, *end;
	struct phx_ioc_recv got;

	ASSERT_EQ(0, server_recv_room(&self->srv, PAGE, &got));
	EXPECT_EQ(-1000 - SIGKILL, call_kill(call));
	look(self);
	send = one(self, "phx_send", "");
	end = one(self, "phx_orphan", "");
	ASSERT_TRUE(send && end);
	EXPECT_EQ(value(send, "id"), value(end, "id"));
	EXPECT_EQ(self->srv.port, value(end, "port"));
	EXPECT_EQ(NULL, one(self, "phx_withdraw", ""));
	EXPECT_ERR(ESRCH, server_respond(&self->srv, &got));
	look(self);
	EXPECT_TRUE(says(one(self, "phx_respond", ""), " orphan "));
	call_free(call);
}

TEST_F(trace, operator_ends_a_message)
{
	struct call *call = send_sizes(self->srv.port, 0, 0, 0);
	const struct seen *end;
	struct nl_message m;

	ASSERT_TRUE(call_waits(call));
	ASSERT_EQ(1, nl_message(&self->nl, TYPE, &m));
	ASSERT_EQ(0, nl_abort(&self->nl, &m, false));
	EXPECT_ERR(ECANCELED, call_end_free(call));
	look(self);
	end = one(self, "phx_abort", "");
	ASSERT_NE(NULL, end);
	EXPECT_EQ(m.id, value(end, "id"));
	EXPECT_EQ(self->srv.port, value(end, "port"));
	EXPECT_EQ(my_tid(), end->tid);
}

TEST_F(trace, times_are_0_for_what_was_sent_before_anybody_looked)
{
	struct phx_ioc_recv got;
	const struct seen *seen;
	struct call *call;

	ASSERT_EQ(0, enable("", "0"));
	call = send_sizes(self->srv.port, 0, 0, 0);
	ASSERT_TRUE(call_waits(call));
	EXPECT_EQ(0, look(self));
	ASSERT_EQ(0, enable("", "1"));
	ASSERT_EQ(0, server_recv(&self->srv, &got));
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	EXPECT_EQ(0, call_end_free(call));
	ASSERT_EQ(2, look(self));
	seen = one(self, "phx_receive", "");
	ASSERT_NE(NULL, seen);
	EXPECT_EQ(0, value(seen, "queued_ns"));
	seen = one(self, "phx_respond", "");
	ASSERT_NE(NULL, seen);
	EXPECT_EQ(0, value(seen, "latency_ns"));
}

/* How many messages are sent and answered while one event alone is enabled */
static int send_one(FIXTURE_DATA(trace) *self)
{
	struct call *call = send_sizes(self->srv.port, 4 * PAGE, 0, 0);
	struct phx_ioc_recv got;
	int err;

	err = server_recv(&self->srv, &got);
	if (!err)
		err = server_respond(&self->srv, &got);
	call_end_free(call);
	return err;
}

TEST_F(trace, each_is_enabled_by_itself)
{
	static const char *const often[] = {
		"phx_send", "phx_receive", "phx_respond", "phx_lend", "phx_unlend"
	};
	size_t i;

	ASSERT_EQ(0, enable("", "0"));
	for (i = 0; i < ARRAY_SIZE(often); i++) {
		ASSERT_EQ(0, put("trace", ""));
		ASSERT_EQ(0, enable(often[i], "1"));
		ASSERT_EQ(0, send_one(self));
		EXPECT_EQ(1, look(self));
		EXPECT_NE(NULL, one(self, often[i], ""));
		ASSERT_EQ(0, enable(often[i], "0"));
	}
}

/* What perf and bpftrace go by; a filter needs the fields as well. */
TEST_F(trace, fields_have_the_names_that_the_manual_has)
{
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), EVENTS "/%s/format", names[i]);
		EXPECT_EQ(0, access(path, R_OK)) TH_LOG("%s", path);
	}
	ASSERT_EQ(0, put("events/phxport/phx_respond/filter",
			 "latency_ns > 0 && port == 2147483647"));
	ASSERT_EQ(0, put("events/phxport/phx_send/filter", "port == 2147483647"));
	ASSERT_EQ(0, send_one(self));
	look(self);
	EXPECT_EQ(NULL, one(self, "phx_send", ""));
	EXPECT_EQ(NULL, one(self, "phx_respond", ""));
	EXPECT_NE(NULL, one(self, "phx_receive", ""));
	EXPECT_EQ(-EINVAL, put("events/phxport/phx_send/filter", "stones == 1"));
}

TEST_HARNESS_MAIN
