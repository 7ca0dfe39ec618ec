// SPDX-License-Identifier: GPL-2.0-only
/*
 * Structures of the calls that every message is made of, which lie partly in
 * memory that can't be read or written, with each byte of theirs on the border:
 * the right error, and nothing is lost. And what one message leaves behind never
 * shows up in the next. Built for 32 bits, too.
 */
#include "phx_call.h"

#include <stddef.h>

#define PAGE 4096

/* What the structure's first part, or the part behind it, lies in. */
struct border {
	int first, second;
};

FIXTURE(border) {
	int srv, cli;
	__u32 port;
	char *mem;	/* two pages, and one on either side that is not there */
};

FIXTURE_VARIANT(border) {
	struct border prot;
};

#define RW (PROT_READ | PROT_WRITE)
#define BORDER(_name, _first, _second) \
	FIXTURE_VARIANT_ADD(border, _name) { .prot = { _first, _second } }

BORDER(rest_is_not_there, RW, PROT_NONE);
BORDER(begin_is_not_there, PROT_NONE, RW);
BORDER(rest_is_read_only, RW, PROT_READ);
BORDER(begin_is_read_only, PROT_READ, RW);
/* On x86 what can be written can be read. */
BORDER(both_are_write_only, PROT_WRITE, PROT_WRITE);

FIXTURE_SETUP(border)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
	self->mem = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->mem != MAP_FAILED);
	self->mem += PAGE;
}

FIXTURE_TEARDOWN(border)
{
	close(self->cli);
	close(self->srv);
}

/* A structure of which @n bytes lie before the border. */
static void *lay_out(char *mem, struct border prot, const void *arg, size_t size, size_t n)
{
	char *at = mem + PAGE - n;

	mprotect(mem, 2 * PAGE, RW);
	memcpy(at, arg, size);
	mprotect(mem, PAGE, prot.first);
	mprotect(mem + PAGE, PAGE, prot.second);
	return at;
}

static void take_back(char *mem, const void *at, void *arg, size_t size)
{
	mprotect(mem, 2 * PAGE, RW);
	memcpy(arg, at, size);
}

/* Can all bytes of [@from, @to) be accessed, with @n of the structure before the border? */
static bool accessible(struct border prot, int how, size_t n, size_t from, size_t to)
{
	return (from >= n || prot.first & how) && (to <= n || prot.second & how);
}

static bool readable(struct border prot, size_t n, size_t size)
{
	return accessible(prot, RW, n, 0, size);
}

/* The members that a call writes. */
static bool send_writable(struct border prot, size_t n)
{
	return accessible(prot, PROT_WRITE, n, offsetof(struct phx_ioc_send, msg.o.raw),
			  offsetof(struct phx_ioc_send, msg.o.__pad));
}

static bool recv_writable(struct border prot, size_t n)
{
	return accessible(prot, PROT_WRITE, n, offsetof(struct phx_ioc_recv, rid),
			  sizeof(struct phx_ioc_recv));
}

static bool rid_writable(struct border prot, size_t n)
{
	return accessible(prot, PROT_WRITE, n, offsetof(struct phx_ioc_recv, rid),
			  offsetof(struct phx_ioc_recv, i_class));
}

/* Contents of message number @i, different in each byte from that of the last. */
static void make(struct phx_msg *msg, int i)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = i;
	msg->oid.port = ~i;
	msg->oid.id = i * 1000000007ULL;
	memset(msg->i.raw, i, PHX_RAW_SIZE);
	memset(msg->o.raw, i + 1, PHX_RAW_SIZE);
	msg->o.err = -i;
}

static bool raw_is(const __u8 *raw, int c)
{
	size_t i;

	for (i = 0; i < PHX_RAW_SIZE; i++)
		if (raw[i] != (c & 0xff))
			return false;
	return true;
}

static bool is_made(const struct phx_msg *msg, int i)
{
	return msg->type == i && msg->oid.port == (__u32)~i &&
	       msg->oid.id == i * 1000000007ULL && raw_is(msg->i.raw, i) &&
	       raw_is(msg->o.raw, i + 1) && msg->o.err == -i && !msg->i.data &&
	       !msg->o.data && !msg->i.size && !msg->o.size;
}

static void make_answer(struct phx_msg_out *o, int i)
{
	memset(o->raw, i + 2, PHX_RAW_SIZE);
	o->err = i + 3;
}

static bool is_answer(const struct phx_msg_out *o, int i)
{
	return raw_is(o->raw, i + 2) && o->err == i + 3;
}

/* Answers whatever comes, and counts. */
struct echo {
	int srv;
	__u32 port;
	int served, wrong;
};

static void *echo_main(void *arg)
{
	struct echo *e = arg;
	struct phx_msg msg;
	int rid;

	while (!msg_recv(e->srv, e->port, &msg, &rid)) {
		int type = msg.type;

		e->served++;
		e->wrong += !is_made(&msg, type);
		make_answer(&msg.o, type);
		e->wrong += !!msg_respond(e->srv, e->port, &msg, rid);
	}
	return NULL;
}

/* Send number @i, all of it in good memory. */
static bool send_fine(int fd, __u32 port, int i)
{
	struct phx_msg msg;

	make(&msg, i);
	return !msg_send(fd, port, &msg) && is_answer(&msg.o, i);
}

TEST_F_TIMEOUT(border, of_send, 120)
{
	struct phx_ioc_send arg = { .size = sizeof(arg), .port = self->port };
	struct echo echo = { .srv = self->srv, .port = self->port };
	int good = 0, seen = 0, i = 0, err;
	pthread_t thread;
	size_t n;

	ASSERT_EQ(0, pthread_create(&thread, NULL, echo_main, &echo));
	for (n = 0; n <= sizeof(arg); n++) {
		struct phx_ioc_send *at;

		make(&arg.msg, ++i);
		at = lay_out(self->mem, variant->prot, &arg, sizeof(arg), n);
		err = dev_ioctl(self->cli, PHX_IOC_SEND, at);
		take_back(self->mem, at, &arg, sizeof(arg));
		seen += readable(variant->prot, n, sizeof(arg));
		if (readable(variant->prot, n, sizeof(arg)) && send_writable(variant->prot, n)) {
			ASSERT_EQ(0, err);
			EXPECT_TRUE(is_answer(&arg.msg.o, i));
		} else {
			ASSERT_ERR(EFAULT, err);
		}
		/* What is left of it must not be in the next one. */
		ASSERT_TRUE(send_fine(self->cli, self->port, ++i));
		good++;
	}
	EXPECT_EQ(0, port_destroy(self->srv, self->port));
	pthread_join(thread, NULL);
	EXPECT_EQ(good + seen, echo.served);
	EXPECT_EQ(0, echo.wrong);
}

/* Sends on and on, numbers from 0, until the port is destroyed. */
struct source {
	int fd;
	__u32 port;
	int sent, wrong;
};

static void *source_main(void *arg)
{
	struct source *s = arg;
	struct phx_msg msg;
	int err;

	do {
		make(&msg, s->sent);
		err = msg_send(s->fd, s->port, &msg);
		if (!err)
			s->wrong += !is_answer(&msg.o, s->sent++);
	} while (!err);
	s->wrong += err != -EINVAL;
	return NULL;
}

static bool comes(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, CALL_PATIENCE_MS) == 1 && pfd.revents & POLLIN;
}

/* Answer number @i, which was received well. */
static int answer(int fd, __u32 port, struct phx_msg *msg, int rid, int i)
{
	if (!is_made(msg, i))
		return -1000;
	make_answer(&msg->o, i);
	return msg_respond(fd, port, msg, rid);
}

#define SOURCE_BEGIN() \
	struct source source = { .fd = self->cli, .port = self->port };		\
	pthread_t thread;							\
										\
	ASSERT_EQ(0, pthread_create(&thread, NULL, source_main, &source))

#define SOURCE_END(_sent) do {							\
	EXPECT_EQ(0, port_destroy(self->srv, self->port));			\
	pthread_join(thread, NULL);						\
	EXPECT_EQ(_sent, source.sent);						\
	EXPECT_EQ(0, source.wrong);						\
} while (0)

TEST_F_TIMEOUT(border, of_recv, 120)
{
	size_t n, size = sizeof(struct phx_ioc_recv);
	int err, i = 0;

	SOURCE_BEGIN();
	for (n = 0; n <= size; n++) {
		struct phx_ioc_recv arg = {
			.size = size, .port = self->port, .rid = PHX_RID_NONE,
		};
		void *at;

		ASSERT_TRUE(comes(self->srv));
		at = lay_out(self->mem, variant->prot, &arg, size, n);
		err = dev_ioctl(self->srv, PHX_IOC_RECV, at);
		take_back(self->mem, at, &arg, size);
		if (!readable(variant->prot, n, size) || !recv_writable(variant->prot, n)) {
			ASSERT_ERR(EFAULT, err);
			/* It is the first in the queue again, and nothing is told of it. */
			EXPECT_EQ(PHX_RID_NONE, arg.rid);
			ASSERT_TRUE(message_waits(self->srv));
			ASSERT_EQ(0, msg_recv_now(self->srv, self->port, &arg.msg, &arg.rid));
		} else {
			ASSERT_EQ(0, err);
			EXPECT_EQ(PHX_CLASS_NONE, arg.i_class);
			EXPECT_EQ(PHX_CLASS_NONE, arg.o_class);
		}
		ASSERT_EQ(0, answer(self->srv, self->port, &arg.msg, arg.rid, i++));
	}
	SOURCE_END(i);
}

TEST_F_TIMEOUT(border, of_respond, 120)
{
	size_t n, size = sizeof(struct phx_ioc_respond);
	int err, i = 0;

	SOURCE_BEGIN();
	for (n = 0; n <= size; n++) {
		struct phx_ioc_respond arg = { .size = size, .port = self->port };
		struct phx_msg msg;
		void *at;

		ASSERT_EQ(0, msg_recv(self->srv, self->port, &msg, &arg.rid));
		ASSERT_TRUE(is_made(&msg, i));
		/* Not what the sender is to get, if it is not taken. */
		make_answer(&arg.o, readable(variant->prot, n, size) ? i : i + 100);
		at = lay_out(self->mem, variant->prot, &arg, size, n);
		err = dev_ioctl(self->srv, PHX_IOC_RESPOND, at);
		take_back(self->mem, at, &arg, size);
		if (readable(variant->prot, n, size)) {
			ASSERT_EQ(0, err);
		} else {
			ASSERT_ERR(EFAULT, err);
			ASSERT_EQ(0, answer(self->srv, self->port, &msg, arg.rid, i));
		}
		ASSERT_ERR(ENOENT, msg_respond(self->srv, self->port, &msg, arg.rid));
		i++;
	}
	SOURCE_END(i);
}

TEST_F_TIMEOUT(border, of_respond_recv, 120)
{
	size_t n, size = sizeof(struct phx_ioc_recv);
	int err, i = 0;

	SOURCE_BEGIN();
	for (n = 0; n <= size; n++) {
		struct phx_ioc_recv arg = { .size = size, .port = self->port };
		bool could_read = readable(variant->prot, n, size);
		int rid;
		void *at;

		ASSERT_EQ(0, msg_recv(self->srv, self->port, &arg.msg, &arg.rid));
		ASSERT_TRUE(is_made(&arg.msg, i));
		rid = arg.rid;
		make_answer(&arg.msg.o, i);
		at = lay_out(self->mem, variant->prot, &arg, size, n);
		err = dev_ioctl(self->srv, PHX_IOC_RESPOND_RECV, at);
		take_back(self->mem, at, &arg, size);
		if (!could_read) {
			/* Neither was done. */
			ASSERT_ERR(EFAULT, err);
			ASSERT_EQ(0, msg_respond(self->srv, self->port, &arg.msg, rid));
			i++;
			continue;
		}
		i++;
		ASSERT_ERR(ENOENT, msg_respond(self->srv, self->port, &arg.msg, rid));
		if (recv_writable(variant->prot, n)) {
			ASSERT_EQ(0, err);
		} else {
			/* Its first half was done; that is told where it can be. */
			ASSERT_ERR(EFAULT, err);
			EXPECT_EQ(rid_writable(variant->prot, n) ? PHX_RID_NONE : rid, arg.rid);
			ASSERT_EQ(0, msg_recv(self->srv, self->port, &arg.msg, &arg.rid));
		}
		ASSERT_EQ(0, answer(self->srv, self->port, &arg.msg, arg.rid, i++));
	}
	SOURCE_END(i);
}

/* Time that is left can't be told: still no message is lost. */
TEST_F(border, of_a_time_limit)
{
	struct phx_ioc_send arg = {
		.size = sizeof(arg), .port = self->port, .timeout_ns = 1000000,
	};
	size_t n;

	for (n = 0; n <= sizeof(arg); n += 8) {
		void *at;
		int err;

		make(&arg.msg, n);
		at = lay_out(self->mem, variant->prot, &arg, sizeof(arg), n);
		err = dev_ioctl(self->cli, PHX_IOC_SEND, at);
		take_back(self->mem, at, &arg, sizeof(arg));
		EXPECT_ERR(readable(variant->prot, n, sizeof(arg)) ? ETIMEDOUT : EFAULT, err);
		EXPECT_FALSE(message_waits(self->srv));
	}
}

TEST_HARNESS_MAIN
