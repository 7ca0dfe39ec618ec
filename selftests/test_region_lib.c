// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered buffers through the library: options, numbers, forks, and flags that
 * must not be mistaken for others.
 */
#include "phx_map.h"

#include <phxport.h>

#define SIZE (8 * PAGE)

FIXTURE(lib) {
	struct phx *h;
	uint32_t port;
	char *mem;
};

FIXTURE_SETUP(lib)
{
	PHX_OPTS(phx_port_opts, opts, .flags = PHX_PORT_BUFFERS);
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	self->mem = memory(SIZE);
	ASSERT_EQ(0, phx_open(&self->h, 0));
	ASSERT_EQ(0, phx_port_create_with(self->h, &self->port, &opts));
}

FIXTURE_TEARDOWN(lib)
{
	phx_close(self->h);
}

TEST_F(lib, options)
{
	PHX_OPTS(phx_port_opts, port_opts);
	PHX_OPTS(phx_respond_opts, respond_opts);
	struct {
		struct phx_port_opts opts;
		uint64_t later;
	} longer = { { .sz = sizeof(longer) } };
	struct phx_msg msg = { 0 };
	uint32_t port;

	EXPECT_EQ(0, phx_port_create_with(self->h, &port, &port_opts));
	EXPECT_EQ(0, phx_port_destroy(self->h, port));
	EXPECT_EQ(0, phx_port_create_with(self->h, &port, NULL));
	EXPECT_EQ(0, phx_port_create_with(self->h, &port, &longer.opts));
	longer.later = 1;
	EXPECT_ERR(E2BIG, phx_port_create_with(self->h, &port, &longer.opts));
	port_opts.flags = 2;
	EXPECT_ERR(EINVAL, phx_port_create_with(self->h, &port, &port_opts));
	port_opts.flags = 0;
	port_opts.__reserved = 1;
	EXPECT_ERR(EINVAL, phx_port_create_with(self->h, &port, &port_opts));
	port_opts.sz--;
	EXPECT_ERR(EINVAL, phx_port_create_with(self->h, &port, &port_opts));

	EXPECT_ERR(ENOENT, phx_respond_with(self->h, self->port, &msg, 1, &respond_opts));
	EXPECT_ERR(ENOENT, phx_respond_with(self->h, self->port, &msg, 1, NULL));
	respond_opts.flags = 2;
	EXPECT_ERR(EINVAL, phx_respond_with(self->h, self->port, &msg, 1, &respond_opts));
	respond_opts.flags = PHX_RESPOND_UNREGISTER;
	respond_opts.__reserved = 1;
	EXPECT_ERR(EINVAL, phx_respond_with(self->h, self->port, &msg, 1, &respond_opts));
}

TEST_F(lib, errors)
{
	uint32_t plain;
	uint16_t id = 4711;

	ASSERT_EQ(0, phx_port_create(self->h, &plain));
	EXPECT_ERR(EACCES, phx_buffer_register(self->h, plain, self->mem, SIZE,
					       PHX_BUFFER_IN, &id));
	EXPECT_ERR(EINVAL, phx_buffer_register(self->h, 0, self->mem, SIZE,
					       PHX_BUFFER_IN, &id));
	EXPECT_ERR(EINVAL, phx_buffer_register(self->h, self->port, self->mem, SIZE, 0, &id));
	EXPECT_ERR(EINVAL, phx_buffer_register(self->h, self->port, self->mem + 1, SIZE,
					       PHX_BUFFER_IN, &id));
	EXPECT_EQ(4711, id);
	EXPECT_ERR(ENOENT, phx_buffer_unregister(self->h, id));
	EXPECT_EQ(0, phx_buffer_register(self->h, self->port, self->mem, SIZE,
					 PHX_BUFFER_IN, &id));
	EXPECT_EQ(0, phx_buffer_unregister(self->h, id));
	EXPECT_ERR(ENOENT, phx_buffer_unregister(self->h, id));
}

/* In shared memory. */
struct client {
	struct phx *h;
	uint32_t port;
	uint16_t parents;	/* number of a buffer of the parent's */
};

/* By the handle of the parent, which has nothing registered here. */
static int client_main(void *arg)
{
	PHX_OPTS(phx_send_opts, opts, .flags = PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED);
	struct client *c = arg;
	char *mem = memory(SIZE);
	struct phx_msg msg = { .type = 1 }, *within = (struct phx_msg *)mem;
	uint16_t id;

	fill(mem, SIZE, SEED_IN);
	set_input(&msg, mem + 10, SIZE - 10);
	set_output(&msg, mem, PAGE);
	opts.i_off = c->parents;
	opts.o_off = c->parents;
	CHECK(phx_send_with(c->h, c->port, &msg, &opts) == -ENOENT);
	CHECK(phx_buffer_unregister(c->h, c->parents) == -ENOENT);
	CHECK(phx_buffer_register(c->h, c->port, mem, SIZE,
				  PHX_BUFFER_IN | PHX_BUFFER_OUT, &id) == 0);
	opts.i_off = id;
	opts.o_off = id;
	CHECK(phx_send_with(c->h, c->port, &msg, &opts) == 0);
	CHECK(holds(mem, PAGE, SEED_ANSWER));
	/* What lies in the message is inline, unless it is said to be registered. */
	*within = msg;
	within->type = 2;
	set_input(within, within->i.raw, 10);
	set_output(within, NULL, 0);
	CHECK(phx_send_with(c->h, c->port, within, &opts) == 0);
	CHECK(phx_send_with(c->h, c->port, &msg, &opts) == -ENOENT);
	return 0;
}

TEST_F(lib, from_end_to_end)
{
	PHX_OPTS(phx_respond_opts, respond_opts, .flags = PHX_RESPOND_UNREGISTER);
	PHX_OPTS(phx_recv_opts, opts);
	struct client *c = shared_memory(sizeof(*c));
	struct phx_msg msg;
	pid_t pid;
	int rid;

	c->h = self->h;
	c->port = self->port;
	ASSERT_EQ(0, phx_buffer_register(self->h, self->port, self->mem, SIZE,
					 PHX_BUFFER_IN | PHX_BUFFER_OUT, &c->parents));
	pid = child_run(-1, client_main, c);
	ASSERT_EQ(0, phx_recv_with(self->h, self->port, &msg, &rid, &opts));
	EXPECT_EQ(1, msg.type);
	EXPECT_EQ(PHX_CLASS_REGISTERED, opts.i_class);
	EXPECT_EQ(PHX_CLASS_REGISTERED, opts.o_class);
	EXPECT_TRUE(holds_from(in_of(&msg), SIZE - 10, SEED_IN, 10));
	fill(out_of(&msg), PAGE, SEED_ANSWER);
	ASSERT_EQ(0, phx_respond(self->h, self->port, &msg, rid));
	ASSERT_EQ(0, phx_recv_with(self->h, self->port, &msg, &rid, &opts));
	EXPECT_EQ(2, msg.type);
	EXPECT_EQ(PHX_CLASS_REGISTERED, opts.i_class);
	EXPECT_EQ(PHX_CLASS_NONE, opts.o_class);
	ASSERT_EQ(0, phx_respond_with(self->h, self->port, &msg, rid, &respond_opts));
	EXPECT_EQ(0, child_end(pid));
	/* The parent has its own still. */
	EXPECT_EQ(0, phx_buffer_unregister(self->h, c->parents));
}

TEST_HARNESS_MAIN
