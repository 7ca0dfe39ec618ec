// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink family: what it shows, to whom, and what it refuses.
 */
#include "phx_netlink.h"

#include <sys/stat.h>

#define BOB 1001

FIXTURE(netlink) {
	int fd;
	struct nl nl;
	__u32 port;
};

FIXTURE_SETUP(netlink)
{
	OPEN_OR_SKIP(self->fd);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, port_create(self->fd, &self->port));
}

FIXTURE_TEARDOWN(netlink)
{
	close(self->nl.fd);
	close(self->fd);
}

static int on_module(struct nlmsghdr *nlh, void *arg)
{
	*(long long *)arg = nl_get_u32(nlh, PHX_A_MODULE_ABI);
	return 0;
}

TEST_F(netlink, tells_its_abi)
{
	long long abi = 0;

	EXPECT_EQ(0, nl_ask(&self->nl, 0, PHX_CMD_MODULE_GET, 0, 0, on_module, &abi));
	EXPECT_EQ(PHX_ABI_VERSION, abi);
}

TEST_F(netlink, refuses_what_it_does_not_know)
{
	struct nl *nl = &self->nl;

	EXPECT_EQ(-EOPNOTSUPP, nl_ask(nl, 0, PHX_CMD_MAX + 1, 0, 0, NULL, NULL));
	EXPECT_EQ(-EOPNOTSUPP, nl_ask(nl, 0, PHX_CMD_PORT_CREATE_NTF, 0, 0, NULL, NULL));
	EXPECT_EQ(-EOPNOTSUPP, nl_ask(nl, 0, PHX_CMD_MESSAGE_GET, 0, 0, NULL, NULL));
	EXPECT_EQ(-EOPNOTSUPP, nl_dump(nl, PHX_CMD_MESSAGE_ABORT, NULL, NULL));
}

TEST_F(netlink, refuses_attributes_that_a_command_does_not_have)
{
	struct nl *nl = &self->nl;
	int type;

	for (type = 1; type < 40; type++) {
		EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_MODULE_GET, type, 1, NULL, NULL));
		EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_STATS_GET, type, 1, NULL, NULL));
		EXPECT_EQ(-EINVAL, nl_ask(nl, NLM_F_DUMP, PHX_CMD_NAME_GET, type, 1, NULL, NULL));
		if (type != PHX_A_PORT_ID)
			EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_PORT_GET, type, 1, NULL, NULL));
		if (type != PHX_A_MESSAGE_PORT)
			EXPECT_EQ(-EINVAL, nl_ask(nl, NLM_F_DUMP, PHX_CMD_MESSAGE_GET, type, 1,
						  NULL, NULL));
	}
	EXPECT_NE(0, nl->text[0]);
}

TEST_F(netlink, refuses_attributes_that_are_malformed)
{
	struct nl *nl = &self->nl;
	struct nlattr *nla;

	EXPECT_EQ(-ERANGE, nl_ask(nl, 0, PHX_CMD_PORT_GET, PHX_A_PORT_ID, 0, NULL, NULL));
	EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_PORT_GET, 0, 0, NULL, NULL));
	EXPECT_NE(NULL, strstr(nl->text, "which port?"));
	EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_CLIENT_GET, 0, 0, NULL, NULL));
	EXPECT_NE(NULL, strstr(nl->text, "which client?"));
	EXPECT_EQ(-EINVAL, nl_ask(nl, 0, PHX_CMD_LIMIT_SET, PHX_A_LIMIT_ID, 1, NULL, NULL));
	EXPECT_NE(NULL, strstr(nl->text, "which limit, and how many?"));

	nl_begin(nl, nl->family, 0, PHX_CMD_PORT_GET);
	nl_attr(nl, PHX_A_PORT_ID, "\1", 2);
	EXPECT_EQ(-EINVAL, nl_talk(nl, NULL, NULL));
	nl_begin(nl, nl->family, 0, PHX_CMD_PORT_GET);
	nl_u64(nl, PHX_A_PORT_ID, self->port);
	EXPECT_EQ(-EINVAL, nl_talk(nl, NULL, NULL));

	/* One that says it is longer than the message. */
	nl_begin(nl, nl->family, 0, PHX_CMD_PORT_GET);
	nl_u32(nl, PHX_A_PORT_ID, self->port);
	nla = (void *)((char *)&nl->req + NLMSG_LENGTH(GENL_HDRLEN));
	nla->nla_len = 4000;
	EXPECT_EQ(-EINVAL, nl_talk(nl, NULL, NULL));
	EXPECT_EQ(-ERANGE, nl_ask(nl, 0, PHX_CMD_LIMIT_SET, PHX_A_LIMIT_ID, 4, NULL, NULL));
	EXPECT_EQ(-EINVAL, nl_ask(nl, NLM_F_DUMP, PHX_CMD_PORT_GET, PHX_A_PORT_ID, 1, NULL, NULL));
}

static int on_port(struct nlmsghdr *nlh, void *arg)
{
	long long *values = arg;
	int i;

	for (i = 0; i <= PHX_A_PORT_WAITING; i++)
		values[i] = nl_get_u32(nlh, i);
	values[PHX_A_PORT_RECEIVED] = nl_get_u64(nlh, PHX_A_PORT_RECEIVED);
	return 0;
}

static int get_port(struct nl *nl, __u32 port, long long *values)
{
	return nl_ask(nl, 0, PHX_CMD_PORT_GET, PHX_A_PORT_ID, port, on_port, values);
}

/* Some counts are right only when a thread sleeps. */
static bool port_comes_to(struct nl *nl, __u32 port, int attr, long long value)
{
	long long values[PHX_A_PORT_MAX + 1];
	int i;

	for (i = 0; i < 5000; i++) {
		if (!get_port(nl, port, values) && values[attr] == value)
			return true;
		usleep(1000);
	}
	return false;
}

TEST_F(netlink, shows_who_waits_at_a_port)
{
	long long values[PHX_A_PORT_MAX + 1];
	struct phx_msg msg = { };
	struct call *sender, *receiver;
	int rid;

	ASSERT_EQ(0, get_port(&self->nl, self->port, values));
	EXPECT_EQ(self->port, values[PHX_A_PORT_ID]);
	EXPECT_EQ(getpid(), values[PHX_A_PORT_PID]);
	EXPECT_EQ(0, values[PHX_A_PORT_UID]);
	EXPECT_EQ(0, values[PHX_A_PORT_QUEUED]);
	sender = send_type(-1, self->port, 1);
	EXPECT_TRUE(port_comes_to(&self->nl, self->port, PHX_A_PORT_QUEUED, 1));
	ASSERT_EQ(0, msg_recv(self->fd, self->port, &msg, &rid));
	EXPECT_TRUE(port_comes_to(&self->nl, self->port, PHX_A_PORT_QUEUED, 0));
	EXPECT_TRUE(port_comes_to(&self->nl, self->port, PHX_A_PORT_RECEIVED, 1));
	EXPECT_EQ(0, msg_respond(self->fd, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(sender));

	receiver = call_recv(self->port);
	receiver->recv.timeout_ns = 100 * 1000 * 1000;
	call_thread(receiver, self->fd);
	EXPECT_ERR(ETIMEDOUT, call_end_free(receiver));
	EXPECT_TRUE(port_comes_to(&self->nl, self->port, PHX_A_PORT_WAITING, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, self->port, values));
}

#define MANY 2000

struct seen {
	__u32 first;
	int times[MANY];
	int others;
};

static int on_many(struct nlmsghdr *nlh, void *arg)
{
	long long id = nl_get_u32(nlh, PHX_A_PORT_ID);
	struct seen *seen = arg;

	if (id >= seen->first && id < seen->first + MANY)
		seen->times[id - seen->first]++;
	else
		seen->others++;
	return 0;
}

static atomic_int churning;

static void *churn(void *arg)
{
	int fd = dev_open(0);
	__u32 port;

	while (atomic_load(&churning)) {
		if (!port_create(fd, &port))
			port_destroy(fd, port);
	}
	close(fd);
	return arg;
}

TEST_F(netlink, dumps_all_ports_that_stay_while_others_come_and_go)
{
	static struct seen seen;
	pthread_t thread;
	__u32 port;
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, port_create(self->fd, &port));
		if (!i)
			seen.first = port;
	}
	ASSERT_EQ(seen.first + MANY - 1, port);
	atomic_store(&churning, 1);
	pthread_create(&thread, NULL, churn, NULL);
	EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_PORT_GET, on_many, &seen));
	EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_PORT_GET, on_many, &seen));
	atomic_store(&churning, 0);
	pthread_join(thread, NULL);
	for (i = 0; i < MANY && seen.times[i] == 2; i++)
		;
	EXPECT_EQ(MANY, i);
}

static int on_name(struct nlmsghdr *nlh, void *arg)
{
	const char *name = nl_find(nlh, PHX_A_NAME_NAME);

	*(int *)arg += name && strlen(name) == PHX_NAME_MAX - 1;
	return 0;
}

TEST_F(netlink, dumps_the_longest_names)
{
	char name[PHX_NAME_MAX];
	int i, n = 0;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i < 40; i++) {
		name[0] = 'A' + i;
		ASSERT_EQ(0, name_register(self->fd, name, self->port, i));
	}
	EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_NAME_GET, on_name, &n));
	EXPECT_EQ(40, n);
}

static int on_queued(struct nlmsghdr *nlh, void *arg)
{
	int type = nl_get_u32(nlh, PHX_A_MESSAGE_TYPE);

	if (type >= 1000 && type < 1100)
		((int *)arg)[type - 1000]++;
	return 0;
}

TEST_F(netlink, dumps_queued_and_held_messages_each_once)
{
	struct call *calls[100];
	struct phx_msg msg;
	int times[100] = { }, rids[100], i;

	for (i = 0; i < 100; i++) {
		calls[i] = send_type(self->fd, self->port, 1000 + i);
		ASSERT_TRUE(call_waits(calls[i]));
	}
	for (i = 0; i < 30; i++)
		ASSERT_EQ(0, msg_recv(self->fd, self->port, &msg, &rids[i]));
	EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_MESSAGE_GET, on_queued, times));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(1, times[i]);
	EXPECT_EQ(0, nl_ask(&self->nl, NLM_F_DUMP, PHX_CMD_MESSAGE_GET, PHX_A_MESSAGE_PORT,
			    self->port, on_queued, times));
	EXPECT_EQ(2, times[0]);
	EXPECT_EQ(2, times[99]);
	EXPECT_EQ(0, nl_ask(&self->nl, NLM_F_DUMP, PHX_CMD_MESSAGE_GET, PHX_A_MESSAGE_PORT,
			    self->port + 1, on_queued, times));
	EXPECT_EQ(2, times[0]);
	port_destroy(self->fd, self->port);
	for (i = 0; i < 30; i++)
		EXPECT_EQ(0, msg_respond(self->fd, self->port, &msg, rids[i]));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(i < 30 ? 0 : -EINVAL, call_end_free(calls[i]));
}

TEST_F(netlink, tells_who_waits_for_whom)
{
	struct nl_message m;
	struct phx_msg msg;
	struct call *call;
	int rid;

	call = send_type(-1, self->port, 7);
	ASSERT_TRUE(call_waits(call));
	ASSERT_EQ(1, nl_message(&self->nl, 7, &m));
	EXPECT_EQ(PHX_MESSAGE_QUEUED, m.state);
	EXPECT_EQ(call->tid, m.sender_tid);
	EXPECT_EQ(-1, m.tid);
	ASSERT_EQ(0, msg_recv(self->fd, self->port, &msg, &rid));
	usleep(20000);
	ASSERT_EQ(1, nl_message(&self->nl, 7, &m));
	EXPECT_EQ(PHX_MESSAGE_HELD, m.state);
	EXPECT_EQ(syscall(SYS_gettid), m.tid);
	EXPECT_EQ(rid, m.rid);
	EXPECT_LE(8, m.age);
	EXPECT_EQ(-1000 - SIGKILL, call_kill(call));
	ASSERT_EQ(1, nl_message(&self->nl, 7, &m));
	EXPECT_EQ(PHX_MESSAGE_ORPHAN, m.state);
	EXPECT_EQ(-1, m.sender_tid);
	EXPECT_ERR(ESRCH, msg_respond(self->fd, self->port, &msg, rid));
	EXPECT_EQ(0, nl_message(&self->nl, 7, &m));
}

static int as_bob(int (*fn)(__u32 port), __u32 port)
{
	pid_t pid = fork_child();

	if (!pid) {
		if (setgid(BOB) || setuid(BOB))
			_exit(99);
		_exit(fn(port));
	}
	return wait_child(pid);
}

static int count(struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(int *)arg;
	return 0;
}

/* Everything but what is public. The number of the first that is wrong. */
static int sees_nothing(__u32 port)
{
	long long values[PHX_A_PORT_MAX + 1];
	static const int cmds[] = {
		PHX_CMD_PORT_GET, PHX_CMD_CLIENT_GET, PHX_CMD_MESSAGE_GET, PHX_CMD_NAME_GET,
		PHX_CMD_BUFFER_GET, PHX_CMD_USER_GET,
	};
	static struct nl nl;
	unsigned int i;
	int n = 0;

	if (nl_open(&nl))
		return 1;
	for (i = 0; i < sizeof(cmds) / sizeof(*cmds); i++) {
		if (nl_dump(&nl, cmds[i], count, &n) || n)
			return 10 + i;
	}
	if (get_port(&nl, port, values) != -ENOENT)
		return 2;
	nl_begin(&nl, nl.family, 0, PHX_CMD_LIMIT_SET);
	nl_u32(&nl, PHX_A_LIMIT_ID, 0);
	nl_u32(&nl, PHX_A_LIMIT_MAX, 7);
	return nl_talk(&nl, NULL, NULL) != -EPERM ? 3 : 0;
}

static int may_nothing(__u32 port)
{
	struct nl_message m = { .id = 1, .port = port, .client = 1 };
	static struct nl nl;
	int wrong = sees_nothing(port);

	if (wrong)
		return wrong;
	if (nl_open(&nl) || nl_abort(&nl, &m, true) != -EPERM)
		return 4;
	return nl_join(&nl) == -EPERM ? 0 : 5;
}

TEST_F(netlink, another_user_sees_and_may_nothing)
{
	struct phx_msg msg;
	struct call *call;
	int rid;

	ASSERT_EQ(0, name_register(self->fd, "secret", self->port, 1));
	call = send_type(-1, self->port, 1);
	ASSERT_EQ(0, msg_recv(self->fd, self->port, &msg, &rid));
	EXPECT_EQ(0, as_bob(may_nothing, self->port));
	EXPECT_EQ(0, msg_respond(self->fd, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(call));
}

static int sees_its_own(__u32 port)
{
	static struct nl nl;
	__u32 mine;
	int fd = dev_open(0), n = 0;

	(void)port;
	if (fd < 0 || port_create(fd, &mine) || nl_open(&nl))
		return 1;
	if (nl_dump(&nl, PHX_CMD_PORT_GET, count, &n) || n != 1)
		return 2;
	n = 0;
	return nl_dump(&nl, PHX_CMD_USER_GET, count, &n) || n != 1 ? 3 : 0;
}

TEST_F(netlink, another_user_sees_its_own)
{
	ASSERT_EQ(0, chmod(PHX_DEV, 0666));
	EXPECT_EQ(0, as_bob(sees_its_own, self->port));
	EXPECT_EQ(0, chmod(PHX_DEV, 0600));
}

static int in_other_netns(__u32 port)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) ? 98 : sees_nothing(port);
}

TEST_F(netlink, another_network_namespace_sees_nothing)
{
	/* Bob is the administrator there. */
	EXPECT_EQ(0, as_bob(in_other_netns, self->port));
}

/* The next event; 0 after a while without one, or -errno. */
static int next_event(struct nl *nl, struct nlmsghdr **nlh)
{
	struct pollfd pfd = { .fd = nl->fd, .events = POLLIN };
	struct genlmsghdr *genl;

	if (poll(&pfd, 1, 5000) != 1)
		return 0;
	if (recv(nl->fd, nl->buf, sizeof(nl->buf), 0) < 0)
		return -errno;
	*nlh = (void *)nl->buf;
	genl = NLMSG_DATA(*nlh);
	return genl->cmd;
}

TEST_F(netlink, tells_of_events)
{
	static struct nl nl;
	struct nlmsghdr *nlh;
	__u32 port;
	int fd;

	ASSERT_EQ(0, nl_open(&nl));
	ASSERT_EQ(0, nl_join(&nl));
	fd = dev_open(0);
	ASSERT_EQ(0, port_create(fd, &port));
	ASSERT_EQ(0, name_register(fd, "event", port, 1));
	close(fd);
	EXPECT_EQ(PHX_CMD_CLIENT_OPEN_NTF, next_event(&nl, &nlh));
	EXPECT_EQ(getpid(), nl_get_u32(nlh, PHX_A_CLIENT_PID));
	EXPECT_EQ(PHX_CMD_PORT_CREATE_NTF, next_event(&nl, &nlh));
	EXPECT_EQ(port, nl_get_u32(nlh, PHX_A_PORT_ID));
	EXPECT_EQ(PHX_CMD_NAME_REGISTER_NTF, next_event(&nl, &nlh));
	EXPECT_STREQ("event", nl_find(nlh, PHX_A_NAME_NAME));
	EXPECT_EQ(PHX_CMD_PORT_DESTROY_NTF, next_event(&nl, &nlh));
	EXPECT_EQ(PHX_CMD_NAME_UNREGISTER_NTF, next_event(&nl, &nlh));
	EXPECT_EQ(PHX_CMD_CLIENT_CLOSE_NTF, next_event(&nl, &nlh));
	close(nl.fd);
}

TEST_F(netlink, who_does_not_read_events_is_told_that_they_are_lost)
{
	static struct nl nl;
	struct nlmsghdr *nlh;
	int small = 2048, i, n;
	__u32 port;

	ASSERT_EQ(0, nl_open(&nl));
	ASSERT_EQ(0, setsockopt(nl.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	ASSERT_EQ(0, nl_join(&nl));
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(0, port_create(self->fd, &port));
		ASSERT_EQ(0, port_destroy(self->fd, port));
	}
	for (i = 0; i < 1000 && (n = next_event(&nl, &nlh)) > 0; i++)
		;
	EXPECT_EQ(-ENOBUFS, n);
	close(nl.fd);
}

static int runs_into_the_limit(__u32 port)
{
	int fd = dev_open(0);

	return port_create(fd, &port) == 0 && port_create(fd, &port) == -EDQUOT ? 0 : 1;
}

TEST_F(netlink, sets_a_limit_and_tells_who_reaches_it)
{
	long long before = param_read("max_ports");
	static struct nl nl;
	struct nlmsghdr *nlh;
	int cmd;

	ASSERT_EQ(0, chmod(PHX_DEV, 0666));
	ASSERT_EQ(0, nl_open(&nl));
	ASSERT_EQ(0, nl_join(&nl));
	nl_begin(&self->nl, self->nl.family, 0, PHX_CMD_LIMIT_SET);
	nl_u32(&self->nl, PHX_A_LIMIT_ID, PHX_LIMIT_ID_PORTS);
	nl_u32(&self->nl, PHX_A_LIMIT_MAX, 1);
	EXPECT_EQ(0, nl_talk(&self->nl, NULL, NULL));
	EXPECT_EQ(1, param_read("max_ports"));
	EXPECT_EQ(0, as_bob(runs_into_the_limit, 0));
	do {
		cmd = next_event(&nl, &nlh);
	} while (cmd > 0 && cmd != PHX_CMD_LIMIT_HIT_NTF);
	ASSERT_EQ(PHX_CMD_LIMIT_HIT_NTF, cmd);
	EXPECT_EQ(PHX_LIMIT_ID_PORTS, nl_get_u32(nlh, PHX_A_LIMIT_ID));
	EXPECT_EQ(BOB, nl_get_u32(nlh, PHX_A_LIMIT_UID));
	EXPECT_EQ(0, param_write("max_ports", before));
	EXPECT_EQ(0, chmod(PHX_DEV, 0600));
	close(nl.fd);
}

TEST_HARNESS_MAIN
