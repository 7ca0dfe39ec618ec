// SPDX-License-Identifier: GPL-2.0-only
/*
 * What netlink shows of things that others use, end and take away meanwhile.
 */
#include "phx_limits.h"
#include "phx_netlink.h"

#define BOB 1001
#define SIZE (3 * 4096)

FIXTURE(look) {
	int srv, cli;
	struct nl nl;
	__u32 port;
	char *mem;
};

FIXTURE_SETUP(look)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, port_create_flags(self->srv, PHX_PORT_BUFFERS, &self->port));
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->mem != MAP_FAILED);
}

FIXTURE_TEARDOWN(look)
{
	if (self->srv < 0)
		return;
	close(self->nl.fd);
	close(self->cli);
	close(self->srv);
}

struct shown {
	int n;
	long long client, id, pid, uid, port, flags, size, messages;
	bool ended;
};

static int on_buffer(struct nlmsghdr *nlh, void *arg)
{
	struct shown *shown = arg;

	*shown = (struct shown) {
		.n = shown->n + 1,
		.client = nl_get_u32(nlh, PHX_A_BUFFER_CLIENT),
		.id = nl_get_u32(nlh, PHX_A_BUFFER_ID),
		.pid = nl_get_u32(nlh, PHX_A_BUFFER_PID),
		.uid = nl_get_u32(nlh, PHX_A_BUFFER_UID),
		.port = nl_get_u32(nlh, PHX_A_BUFFER_PORT),
		.flags = nl_get_u32(nlh, PHX_A_BUFFER_FLAGS),
		.size = nl_get_u64(nlh, PHX_A_BUFFER_SIZE),
		.messages = nl_get_u32(nlh, PHX_A_BUFFER_MESSAGES),
		.ended = nl_find(nlh, PHX_A_BUFFER_ENDED),
	};
	return 0;
}

/* Returns how many there are, and the last of them. */
static int buffers(struct nl *nl, struct shown *shown)
{
	shown->n = 0;
	return nl_dump(nl, PHX_CMD_BUFFER_GET, on_buffer, shown) ?: shown->n;
}

static struct call *send_registered(int fd, __u32 port, int id, char *mem)
{
	struct call *c = call_send(port);

	c->send.flags = PHX_SEND_I_REGISTERED;
	c->send.i_off = id;
	set_input(&c->send.msg, mem + 8, 4096);
	return call_thread(c, fd);
}

TEST_F(look, registered_buffer_before_while_and_after_it_is_used)
{
	struct shown shown;
	struct phx_msg msg;
	struct call *call;
	int id, rid;

	EXPECT_EQ(0, buffers(&self->nl, &shown));
	id = buffer_register(self->cli, self->port, PHX_BUFFER_IN, self->mem, SIZE);
	ASSERT_LE(0, id);
	ASSERT_EQ(1, buffers(&self->nl, &shown));
	EXPECT_LT(0, shown.client);
	EXPECT_EQ(id, shown.id);
	EXPECT_EQ(getpid(), shown.pid);
	EXPECT_EQ(geteuid(), shown.uid);
	EXPECT_EQ(self->port, shown.port);
	EXPECT_EQ(PHX_BUFFER_IN, shown.flags);
	EXPECT_EQ(SIZE, shown.size);
	EXPECT_EQ(0, shown.messages);
	EXPECT_FALSE(shown.ended);

	call = send_registered(self->cli, self->port, id, self->mem);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	ASSERT_EQ(1, buffers(&self->nl, &shown));
	EXPECT_EQ(1, shown.messages);
	EXPECT_FALSE(shown.ended);

	ASSERT_EQ(0, buffer_unregister(self->cli, id));
	ASSERT_EQ(1, buffers(&self->nl, &shown));
	EXPECT_EQ(id, shown.id);
	EXPECT_EQ(1, shown.messages);
	EXPECT_TRUE(shown.ended);

	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(call));
	EXPECT_EQ(0, buffers(&self->nl, &shown));
}

#define MANY 500

static int on_many_buffers(struct nlmsghdr *nlh, void *arg)
{
	int id = nl_get_u32(nlh, PHX_A_BUFFER_ID);

	if (id >= 0 && id < MANY)
		((int *)arg)[id]++;
	return 0;
}

/* They do not fit into one part of a dump, which goes on where it was. */
TEST_F(look, many_registered_buffers_each_once)
{
	int times[MANY] = { }, i;

	for (i = 0; i < MANY; i++)
		ASSERT_EQ(i, buffer_register(self->cli, self->port, PHX_BUFFER_OUT,
					     self->mem, 4096));
	EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_BUFFER_GET, on_many_buffers, times));
	for (i = 0; i < MANY && times[i] == 1; i++)
		;
	EXPECT_EQ(MANY, i);
}

/* In a process of Bob's: how it ended. */
static int as_bob(int (*fn)(__u32 port), __u32 port)
{
	pid_t pid = fork_child();

	if (!pid)
		_exit(become(BOB) ? 99 : fn(port));
	return wait_child(pid);
}

/* Bob sees his own, with a port of root's, and not root's. */
static int bob_looks(__u32 port)
{
	static struct nl nl;
	struct shown shown;
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = dev_open(0), id;

	if (fd < 0 || mem == MAP_FAILED || nl_open(&nl))
		return 1;
	if (buffers(&nl, &shown) != 0)
		return 2;
	id = buffer_register(fd, port, PHX_BUFFER_OUT, mem, SIZE);
	if (id < 0 || buffers(&nl, &shown) != 1)
		return 3;
	return shown.uid == BOB && shown.id == id && shown.pid == getpid() ? 0 : 4;
}

TEST_F(look, registered_buffers_of_another_user_are_not_there)
{
	struct limits_kept kept;

	if (geteuid() || !limits_keep(&kept))
		SKIP(return, "only root may become another user");
	ASSERT_LE(0, buffer_register(self->cli, self->port, PHX_BUFFER_IN, self->mem, SIZE));
	ASSERT_EQ(0, limits_let_all_in());
	EXPECT_EQ(0, as_bob(bob_looks, self->port));
	EXPECT_EQ(0, limits_put_back(&kept));
}

/*
 * What root sees by a socket that Bob opened: with the kernel's address it asks for
 * itself, without it may only write to what it was given.
 */
static int root_asks_for_bob(bool by_address)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	socklen_t len = by_address ? sizeof(kernel) : 0;
	struct shown shown = { };
	static struct nl nl;
	int result = 1;

	if (setresuid(BOB, BOB, 0) || nl_open(&nl) || setresuid(0, 0, 0) ||
	    cap_drop(CAP_NET_ADMIN))
		return 90;
	nl_begin(&nl, nl.family, NLM_F_DUMP, PHX_CMD_BUFFER_GET);
	if (sendto(nl.fd, &nl.req, nl.req.nlmsg_len, 0, (void *)&kernel, len) < 0)
		return 91;
	while (result == 1)
		result = nl_take(&nl, on_buffer, &shown);
	return result ? 92 : shown.n;
}

TEST_F(look, who_writes_what_another_user_asks_tells_nothing)
{
	int by_address;
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root may become another user");
	ASSERT_LE(0, buffer_register(self->cli, self->port, PHX_BUFFER_IN, self->mem, SIZE));
	for (by_address = 0; by_address < 2; by_address++) {
		pid = fork_child();
		if (!pid)
			_exit(root_asks_for_bob(by_address));
		EXPECT_EQ(by_address, wait_child(pid));
	}
}

#define ROUNDS 5000

static void *look_on(void *arg)
{
	atomic_int *stop = arg;
	struct shown shown;
	struct nl nl;
	long looks = 0;

	if (nl_open(&nl))
		return NULL;
	for (; !atomic_load(stop); looks++)
		if (buffers(&nl, &shown) < 0)
			return NULL;
	close(nl.fd);
	return (void *)looks;
}

/* As many pages as it has at a time: what is kept has the next one refused. */
static int bob_registers(__u32 port)
{
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = dev_open(0), i, id, kept = 0;
	atomic_int stop = 0;
	pthread_t thread;
	void *looks;

	if (fd < 0 || mem == MAP_FAILED || pthread_create(&thread, NULL, look_on, &stop))
		return 1;
	for (i = 0; i < ROUNDS; i++) {
		id = buffer_register(fd, port, PHX_BUFFER_OUT, mem, SIZE);
		kept += id == -EDQUOT;
		if (id >= 0 ? buffer_unregister(fd, id) : id != -EDQUOT)
			return 2;
	}
	atomic_store(&stop, 1);
	pthread_join(thread, &looks);
	return kept ? 3 : (long)looks < 10 ? 4 : 0;
}

/* When a buffer was ended its pages are nobody's any more, whoever looks at it. */
TEST_F_TIMEOUT(look, who_looks_keeps_no_pages, 120)
{
	struct limits_kept kept;

	if (geteuid() || !limits_keep(&kept))
		SKIP(return, "only root may become another user");
	ASSERT_EQ(0, limits_let_all_in());
	ASSERT_EQ(0, param_write("max_pages", SIZE / 4096));
	EXPECT_EQ(0, as_bob(bob_registers, self->port));
	EXPECT_EQ(0, limits_put_back(&kept));
}

#define STAY 40
#define LEAVE 8
#define DUMPS 150

struct leaver {
	__u32 port;
	atomic_int stop;
	atomic_long left;
};

/* One message after the other that does not wait for long, and is no more then. */
static void *leave(void *arg)
{
	struct leaver *l = arg;

	while (!atomic_load(&l->stop)) {
		struct phx_ioc_send send = { .msg.type = 1, .timeout_ns = 200000 };
		int fd = dev_open(0);

		if (fd < 0 || msg_send_arg(fd, l->port, &send) != -ETIMEDOUT)
			abort();
		close(fd);
		atomic_fetch_add(&l->left, 1);
	}
	return NULL;
}

static int on_stayer(struct nlmsghdr *nlh, void *arg)
{
	int type = nl_get_u32(nlh, PHX_A_MESSAGE_TYPE);

	if (type >= 1000 && type < 1000 + STAY)
		((int *)arg)[type - 1000]++;
	return 0;
}

/* A dump lets go of the queue between two messages, and the next may leave then. */
TEST_F_TIMEOUT(look, queue_that_messages_leave_meanwhile, 120)
{
	struct leaver l = { .port = self->port };
	int times[STAY] = { }, i;
	pthread_t threads[LEAVE];
	struct call *calls[STAY];

	for (i = 0; i < LEAVE; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, leave, &l));
	for (i = 0; i < STAY; i++) {
		calls[i] = send_type(self->cli, self->port, 1000 + i);
		ASSERT_TRUE(call_waits(calls[i]));
	}
	for (i = 0; i < DUMPS; i++)
		EXPECT_EQ(0, nl_dump(&self->nl, PHX_CMD_MESSAGE_GET, on_stayer, times));
	EXPECT_LT(DUMPS, atomic_load(&l.left));
	atomic_store(&l.stop, 1);
	for (i = 0; i < LEAVE; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < STAY; i++)
		EXPECT_EQ(DUMPS, times[i]);
	port_destroy(self->srv, self->port);
	for (i = 0; i < STAY; i++)
		EXPECT_EQ(-EINVAL, call_end_free(calls[i]));
}

TEST_HARNESS_MAIN
