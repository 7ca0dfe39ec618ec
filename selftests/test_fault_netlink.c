// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests by netlink, each of which fails in every place where it can. Who is not
 * told how it went asks again with another socket: of a dump that was broken off the
 * rest would come. A dump that says it is whole has all.
 */
#include "phx_fault.h"
#include "phx_netlink.h"
#include "phx_peer.h"

#include <fcntl.h>
#include <glob.h>

#define WINDOW (64 * PAGE)
/* More than one part of a dump can hold. */
#define PORTS 600
#define WAITING 12
#define TYPE 5

/* A socket, and what there is to be told of. */
struct desk {
	struct nl nl;
	struct server srv;
	struct call *call;
	struct phx_ioc_recv got;
	struct nl_message msg;
	bool held;		/* the message is */
	bool aborted;		/* it is over although that was not told */
	int cmd, flags;
	int answers, wanted;
};

/* All that is to be received is there as soon as the request was sent. */
static int talk_begin(struct desk *d)
{
	int err = nl_open(&d->nl);

	return err ?: fcntl(d->nl.fd, F_SETFL, O_NONBLOCK);
}

/* What it came to. After a failure, which was the one that was to be, begin anew. */
static int talk_end(struct desk *d, int err)
{
	if (!err)
		return 0;
	close(d->nl.fd);
	if (talk_begin(d))
		return STEP_WRONG;
	return err == -ENOBUFS ? -ENOMEM : err;
}

static int on_answer(struct nlmsghdr *nlh, void *arg)
{
	struct desk *d = arg;

	d->answers++;
	return 0;
}

static int ask(struct desk *d)
{
	bool one = d->cmd == PHX_CMD_PORT_GET && !d->flags;

	d->answers = 0;
	return nl_ask(&d->nl, d->flags, d->cmd, one ? PHX_A_PORT_ID : 0, d->srv.port,
		      on_answer, d);
}

static int call_ask(void *world)
{
	struct desk *d = world;
	int err = talk_end(d, ask(d));

	return err ?: d->answers == d->wanted ? 0 : STEP_WRONG;
}

FIXTURE(fault_ask) {
	struct limits_kept kept;
	struct desk desk;
	struct call *calls[WAITING];
	int fd;
};

FIXTURE_VARIANT(fault_ask) {
	int cmd, flags, least;
};

#define DUMP(_name, _cmd, _least)						\
	FIXTURE_VARIANT_ADD(fault_ask, _name) {					\
		.cmd = (_cmd), .flags = NLM_F_DUMP, .least = (_least),		\
	}

DUMP(ports, PHX_CMD_PORT_GET, PORTS);
DUMP(clients, PHX_CMD_CLIENT_GET, 2);
DUMP(messages, PHX_CMD_MESSAGE_GET, WAITING);
DUMP(names, PHX_CMD_NAME_GET, 1);
DUMP(buffers, PHX_CMD_BUFFER_GET, 1);
DUMP(limits, PHX_CMD_LIMIT_GET, 4);
DUMP(users, PHX_CMD_USER_GET, 1);

FIXTURE_VARIANT_ADD(fault_ask, one_port) {
	.cmd = PHX_CMD_PORT_GET, .least = 1,
};

FIXTURE_VARIANT_ADD(fault_ask, module) {
	.cmd = PHX_CMD_MODULE_GET, .least = 1,
};

FIXTURE_VARIANT_ADD(fault_ask, stats) {
	.cmd = PHX_CMD_STATS_GET, .least = 1,
};

/* Something of everything; one message is held, the others are queued. */
FIXTURE_SETUP(fault_ask)
{
	struct desk *d = &self->desk;
	struct phx_msg msg;
	__u32 port;
	int i, rid;

	FAULTS_OR_SKIP(&self->kept);
	self->fd = dev_open(0);
	ASSERT_EQ(0, region_server_open(&d->srv, WINDOW));
	for (i = 0; i < PORTS; i++)
		ASSERT_EQ(0, port_create(d->srv.fd, &port));
	ASSERT_EQ(0, name_register(d->srv.fd, "/fault/a name", d->srv.port, 7));
	ASSERT_LE(0, buffer_register(self->fd, d->srv.port, PHX_BUFFER_IN, memory(PAGE), PAGE));
	for (i = 0; i < WAITING; i++) {
		self->calls[i] = send_type(self->fd, d->srv.port, TYPE);
		ASSERT_TRUE(call_waits(self->calls[i]));
	}
	ASSERT_EQ(0, msg_recv_now(d->srv.fd, d->srv.port, &msg, &rid));
	d->cmd = variant->cmd;
	d->flags = variant->flags;
	ASSERT_EQ(0, talk_begin(d));
	ASSERT_EQ(0, ask(d));
	ASSERT_LE(variant->least, d->answers);
	d->wanted = d->answers;
}

FIXTURE_TEARDOWN(fault_ask)
{
	int i;

	server_close(&self->desk.srv);
	for (i = 0; i < WAITING; i++)
		call_end_free(self->calls[i]);
	close(self->fd);
	close(self->desk.nl.fd);
}

TEST_F_TIMEOUT(fault_ask, everywhere, 300)
{
	const struct step step = { .call = call_ask };

	EXPECT_SWEEP(&step, &self->desk);
}

#define MAX_BEFORE 1000
#define MAX_AFTER 2000

static int prepare_limit(void *world)
{
	return param_write("max_names", MAX_BEFORE);
}

static int call_limit(void *world)
{
	struct desk *d = world;
	long long max;
	int err;

	nl_begin(&d->nl, d->nl.family, 0, PHX_CMD_LIMIT_SET);
	nl_u32(&d->nl, PHX_A_LIMIT_ID, PHX_LIMIT_ID_NAMES);
	nl_u32(&d->nl, PHX_A_LIMIT_MAX, MAX_AFTER);
	err = talk_end(d, nl_talk(&d->nl, NULL, NULL));
	if (!err)
		return 0;
	/* It may be set although that was not told. */
	max = param_read("max_names");
	return max == MAX_BEFORE || max == MAX_AFTER ? err : STEP_WRONG;
}

static int undo_limit(void *world)
{
	return param_read("max_names") == MAX_AFTER ? 0 : STEP_WRONG;
}

/* A message of a process, that is queued or held, and whose buffers are lent then. */
static int prepare_abort(void *world)
{
	struct desk *d = world;
	struct call *call = call_send(d->srv.port);
	int err = 0;

	d->call = call;
	d->aborted = false;
	call->send.msg.type = TYPE;
	set_input(&call->send.msg, call->in, 8 * PAGE);
	set_output(&call->send.msg, call->out, 8 * PAGE);
	call_process(call);
	if (!call_waits(call))
		return STEP_WRONG;
	if (d->held)
		err = server_recv(&d->srv, &d->got);
	return err ?: nl_message(&d->nl, TYPE, &d->msg) == 1 ? 0 : STEP_WRONG;
}

/* Is it what it was, after an abort that failed? */
static bool is_as_before(struct desk *d)
{
	struct nl_message now;

	return nl_message(&d->nl, TYPE, &now) == 1 && now.state == d->msg.state &&
	       !atomic_load(&d->call->done) && (!d->held || !probe_read(in_of(&d->got.msg)));
}

static int call_abort(void *world)
{
	struct desk *d = world;
	struct nl_message now;
	int err;

	if (d->aborted)
		return 0;
	err = talk_end(d, nl_abort(&d->nl, &d->msg, true));
	if (!err)
		return 0;
	d->aborted = nl_message(&d->nl, TYPE, &now) == 0;
	return d->aborted || is_as_before(d) ? err : STEP_WRONG;
}

static bool is_aborted(void *world)
{
	return ((struct desk *)world)->aborted;
}

static int undo_abort(void *world)
{
	struct desk *d = world;

	if (call_end_free(d->call) != -ECANCELED)
		return STEP_WRONG;
	if (!d->held)
		return poll_readable(d->srv.fd, 0) ? STEP_WRONG : 0;
	return probe_read(in_of(&d->got.msg)) == SIGBUS &&
	       server_respond(&d->srv, &d->got) == -ESRCH ? 0 : STEP_WRONG;
}

FIXTURE(fault_change) {
	struct limits_kept kept;
	struct desk desk;
};

FIXTURE_SETUP(fault_change)
{
	FAULTS_OR_SKIP(&self->kept);
	ASSERT_EQ(0, server_open(&self->desk.srv, WINDOW, PAGE));
	ASSERT_EQ(0, talk_begin(&self->desk));
}

FIXTURE_TEARDOWN(fault_change)
{
	caches_are_there();
	limits_put_back(&self->kept);
	server_close(&self->desk.srv);
	close(self->desk.nl.fd);
}

TEST_F_TIMEOUT(fault_change, limit, 300)
{
	const struct step step = {
		.prepare = prepare_limit, .call = call_limit, .undo = undo_limit,
	};

	EXPECT_SWEEP(&step, &self->desk);
}

static const struct step abort_step = {
	.prepare = prepare_abort, .call = call_abort, .undo = undo_abort,
	.partly = is_aborted,
};

TEST_F_TIMEOUT(fault_change, abort_of_a_queued_message, 300)
{
	EXPECT_SWEEP(&abort_step, &self->desk);
}

TEST_F_TIMEOUT(fault_change, abort_of_a_held_message, 300)
{
	self->desk.held = true;
	EXPECT_SWEEP(&abort_step, &self->desk);
}

/* All caches of memory that is charged to a cgroup, as that for an abort is. */
static bool charged_caches_choose(bool chosen)
{
	bool ok = true;
	glob_t found;
	size_t i;

	if (glob("/sys/kernel/slab/kmalloc-cg-*", 0, NULL, &found))
		return false;
	for (i = 0; i < found.gl_pathc; i++)
		ok &= cache_choose(strrchr(found.gl_pathv[i], '/') + 1, chosen);
	globfree(&found);
	return ok;
}

TEST_F(fault_change, abort_without_memory_leaves_the_message_to_its_server)
{
	struct desk *d = &self->desk;
	struct live before;
	int err;

	d->held = true;
	ASSERT_EQ(0, prepare_abort(d));
	live_read(&before);
	ASSERT_TRUE(charged_caches_choose(true) && caches_fail("0"));
	err = nl_abort(&d->nl, &d->msg, true);
	ASSERT_TRUE(caches_are_there() && charged_caches_choose(false));
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_TRUE(live_becomes(&before));
	EXPECT_TRUE(is_as_before(d));
	EXPECT_EQ(0, nl_abort(&d->nl, &d->msg, true));
	EXPECT_EQ(0, undo_abort(d));
}

TEST_HARNESS_MAIN
