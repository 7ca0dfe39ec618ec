// SPDX-License-Identifier: GPL-2.0-only
/*
 * One message from send to respond: what arrives, what comes back, and what
 * is refused.
 */
#include "phx_call.h"

FIXTURE(msg)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(msg)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(msg)
{
	close(self->cli);
	close(self->srv);
}

static void fill(void *mem, size_t size, unsigned int seed)
{
	__u8 *p = mem;

	while (size--)
		*p++ = seed = seed * 167 + 13;
}

TEST_F(msg, everything_the_sender_gave_arrives)
{
	struct call *c = call_send(self->port);
	struct phx_msg msg, *sent = &c->send.msg;
	int rid;

	fill(sent, sizeof(*sent), 1);
	sent->i.size = 3;
	sent->i.data = addr(c->in);
	sent->o.size = 5;
	sent->o.data = addr(c->out);
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_LE(0, rid);
	EXPECT_EQ(sent->type, msg.type);
	EXPECT_EQ(sent->oid.port, msg.oid.port);
	EXPECT_EQ(sent->oid.id, msg.oid.id);
	EXPECT_EQ(0, memcmp(sent->i.raw, msg.i.raw, PHX_RAW_SIZE));
	EXPECT_EQ(0, memcmp(sent->o.raw, msg.o.raw, PHX_RAW_SIZE));
	EXPECT_EQ(sent->o.err, msg.o.err);
	EXPECT_EQ(3, msg.i.size);
	EXPECT_EQ(5, msg.o.size);
	EXPECT_EQ(addr(c->in), msg.i.data);
	EXPECT_EQ(addr(c->out), msg.o.data);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(msg, response_brings_raw_and_err_and_nothing_else)
{
	struct call *c = call_send(self->port);
	struct phx_ioc_send before;
	struct phx_msg msg;
	int rid;

	fill(&c->send.msg, sizeof(c->send.msg), 2);
	c->send.msg.i.size = 0;
	c->send.msg.o.size = 0;
	before = c->send;
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	fill(&msg, sizeof(msg), 3);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(0, memcmp(c->send.msg.o.raw, msg.o.raw, PHX_RAW_SIZE));
	EXPECT_EQ(msg.o.err, c->send.msg.o.err);
	memcpy(before.msg.o.raw, msg.o.raw, PHX_RAW_SIZE);
	before.msg.o.err = msg.o.err;
	EXPECT_EQ(0, memcmp(&before, &c->send, sizeof(before)));
	call_free(c);
}

TEST_F(msg, response_that_changes_nothing_returns_the_senders_raw_and_err)
{
	struct call *c = call_send(self->port);
	struct phx_ioc_send before;
	struct phx_msg msg;
	int rid;

	fill(&c->send.msg.o.raw, PHX_RAW_SIZE, 4);
	c->send.msg.o.err = -12345;
	before = c->send;
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end(c));
	EXPECT_EQ(0, memcmp(&before, &c->send, sizeof(before)));
	call_free(c);
}

TEST_F(msg, err_of_the_server_is_not_the_result_of_send)
{
	static const int errs[] = { 0, 1, -1, -EINTR, 0x7fffffff, -0x7fffffff - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		struct call *c = call_thread(call_send(self->port), self->cli);
		struct phx_msg msg;
		int rid;

		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		msg.o.err = errs[i];
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
		EXPECT_EQ(0, call_end(c));
		EXPECT_EQ(errs[i], c->send.msg.o.err);
		call_free(c);
	}
}

TEST_F(msg, any_type_and_oid_is_let_through)
{
	static const int types[] = { 0, -1, 5, 15, 0xf53, 0x50c30000, -0x7fffffff - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct call *c = call_send(self->port);
		struct phx_msg msg;
		int rid;

		c->send.msg.type = types[i];
		c->send.msg.oid.port = 0xffffffff;
		c->send.msg.oid.id = ~0ULL;
		call_thread(c, self->cli);
		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
		EXPECT_EQ(types[i], msg.type);
		EXPECT_EQ(0xffffffff, msg.oid.port);
		EXPECT_EQ(~0ULL, msg.oid.id);
		EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
		EXPECT_EQ(0, call_end_free(c));
	}
}

TEST_F(msg, data_without_size_is_no_buffer)
{
	struct call *c = call_send(self->port);
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };

	/* Addresses that can't be read do not matter then. */
	c->send.msg.i.data = 1;
	c->send.msg.o.data = ~0ULL;
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
	EXPECT_EQ(0, arg.msg.i.data);
	EXPECT_EQ(0, arg.msg.o.data);
	EXPECT_EQ(PHX_CLASS_NONE, arg.i_class);
	EXPECT_EQ(PHX_CLASS_NONE, arg.o_class);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(msg, bad_buffer_is_the_senders_efault_and_never_seen_by_the_server)
{
	char *none = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const __u64 bad[] = { 0, 8, addr(none), addr(none) + 8191, ~0ULL, ~0ULL - 4095,
			      1ULL << 63, 0x7fffffffffff };
	struct phx_msg msg;
	int rid;
	size_t i;

	ASSERT_NE(MAP_FAILED, none);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct phx_msg in = { .i = { .data = bad[i], .size = 2 } };
		struct phx_msg out = { .o = { .data = bad[i], .size = 2 } };

		EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &in));
		EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &out));
	}
	EXPECT_FALSE(message_waits(self->srv));
	EXPECT_ERR(EAGAIN, msg_recv_now(self->srv, self->port, &msg, &rid));
}

TEST_F(msg, read_only_memory_is_an_input_but_no_output)
{
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct phx_msg out = { };
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid;

	ASSERT_NE(MAP_FAILED, ro);
	set_output(&out, ro, 10);
	EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &out));
	set_input(&c->send.msg, ro, 10);
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(msg, buffer_that_is_mapped_only_at_its_begin_is_efault)
{
	char *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct phx_msg msg = { };

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + 4096, 4096));
	set_input(&msg, mem + 4000, 97);
	EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &msg));
	set_input(&msg, NULL, 0);
	set_output(&msg, mem + 4095, 2);
	EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &msg));
}

TEST_F(msg, buffer_longer_than_the_longest_is_emsgsize)
{
	size_t size = 0x80000000;
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct phx_msg msg = { };

	if (mem == MAP_FAILED)
		SKIP(return, "2 GiB of address space can't be had");
	set_input(&msg, mem, PHX_MESSAGE_MAX + 1UL);
	EXPECT_ERR(EMSGSIZE, msg_send(self->cli, self->port, &msg));
	set_input(&msg, NULL, 0);
	set_output(&msg, mem, PHX_MESSAGE_MAX + 1UL);
	EXPECT_ERR(EMSGSIZE, msg_send(self->cli, self->port, &msg));
}

TEST_F(msg, size_that_wraps_around_is_efault)
{
	char byte;
	const __u64 sizes[] = { ~0ULL, ~0ULL - 4095, 1ULL << 63, 0ULL - addr(&byte) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct phx_msg in = { .i = { .data = addr(&byte), .size = sizes[i] } };
		struct phx_msg out = { .o = { .data = addr(&byte), .size = sizes[i] } };

		EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &in));
		EXPECT_ERR(EFAULT, msg_send(self->cli, self->port, &out));
	}
}

TEST_F(msg, inline_offset_and_size_must_lie_in_raw)
{
	static const struct {
		__u16 off;
		__u64 size;
	} bad[] = { { 0, 65 }, { 64, 1 }, { 65, 0 }, { 1, 64 }, { 0xffff, 0 }, { 0, ~0ULL },
		    { 63, ~0ULL - 1 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct phx_ioc_send in = { .flags = PHX_SEND_I_INLINE | PHX_SEND_NONBLOCK,
					   .i_off = bad[i].off, .msg.i.size = bad[i].size };
		struct phx_ioc_send out = { .flags = PHX_SEND_O_INLINE | PHX_SEND_NONBLOCK,
					    .o_off = bad[i].off, .msg.o.size = bad[i].size };

		EXPECT_ERR(EINVAL, msg_send_arg(self->cli, self->port, &in));
		EXPECT_ERR(EINVAL, msg_send_arg(self->cli, self->port, &out));
	}
}

TEST_F(msg, inline_offset_without_its_flag_is_einval)
{
	struct phx_ioc_send in = { .flags = PHX_SEND_O_INLINE | PHX_SEND_NONBLOCK, .i_off = 1 };
	struct phx_ioc_send out = { .flags = PHX_SEND_I_INLINE | PHX_SEND_NONBLOCK, .o_off = 1 };

	EXPECT_ERR(EINVAL, msg_send_arg(self->cli, self->port, &in));
	EXPECT_ERR(EINVAL, msg_send_arg(self->cli, self->port, &out));
}

TEST_F(msg, inline_buffers_lie_in_the_receivers_own_structure)
{
	struct call *c = call_send(self->port);
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };

	c->send.flags = PHX_SEND_I_INLINE | PHX_SEND_O_INLINE;
	c->send.i_off = 24;
	c->send.o_off = 16;
	c->send.msg.i.size = 40;
	c->send.msg.o.size = 48;
	/* Addresses mean nothing then. */
	c->send.msg.i.data = 1;
	c->send.msg.o.data = 1;
	call_thread(c, self->cli);
	ASSERT_EQ(0, msg_recv_arg(self->srv, self->port, &arg));
	EXPECT_EQ(PHX_CLASS_INLINE, arg.i_class);
	EXPECT_EQ(PHX_CLASS_INLINE, arg.o_class);
	EXPECT_EQ(addr(arg.msg.i.raw + 24), arg.msg.i.data);
	EXPECT_EQ(addr(arg.msg.o.raw + 16), arg.msg.o.data);
	EXPECT_EQ(40, arg.msg.i.size);
	EXPECT_EQ(48, arg.msg.o.size);
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, arg.rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(msg, response_with_an_address_that_cannot_be_read_leaves_the_message)
{
	struct call *c = call_thread(call_send(self->port), self->cli);
	struct phx_ioc_respond answer = { .size = sizeof(answer), .port = self->port };
	struct phx_msg msg;

	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &answer.rid));
	answer.o.size = 8;
	answer.o.data = 16;
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv, PHX_IOC_RESPOND, &answer));
	answer.o.data = ~0ULL;
	EXPECT_ERR(EFAULT, dev_ioctl(self->srv, PHX_IOC_RESPOND, &answer));
	EXPECT_TRUE(call_waits(c));
	/* Without a size, or without an address, it says nothing. */
	answer.o.size = 0;
	EXPECT_EQ(0, dev_ioctl(self->srv, PHX_IOC_RESPOND, &answer));
	EXPECT_EQ(0, call_end_free(c));
}

struct unwritable {
	int fd;
	struct phx_ioc_send *send;
	int err;
};

static void *send_unwritable(void *arg)
{
	struct unwritable *u = arg;

	u->err = dev_ioctl(u->fd, PHX_IOC_SEND, u->send);
	return NULL;
}

TEST_F(msg, sender_who_cannot_take_the_response_gets_efault)
{
	struct unwritable u = { .fd = self->cli };
	struct phx_msg msg;
	pthread_t thread;
	int rid;

	u.send = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, u.send);
	u.send->size = sizeof(*u.send);
	u.send->port = self->port;
	ASSERT_EQ(0, mprotect(u.send, 4096, PROT_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_unwritable, &u));
	ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->srv, self->port, &msg, rid));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_ERR(EFAULT, u.err);
	munmap(u.send, 4096);
}

TEST_HARNESS_MAIN
