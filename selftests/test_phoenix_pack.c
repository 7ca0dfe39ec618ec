// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small buffers lie in the message itself, behind the typed part that belongs
 * to the message's type. Servers of Phoenix-RTOS rely on where, in both
 * directions; clients on what comes back.
 */
#include "phx_call.h"

#include <phxport/phoenix.h>

#define NEVER -1

FIXTURE(pack)
{
	uint32_t port;
};

FIXTURE_VARIANT(pack)
{
	int type;
	int i_off;
	int o_off;
};

#define PACK(_type, _i_off, _o_off)						\
	FIXTURE_VARIANT_ADD(pack, _type)					\
	{									\
		.type = _type, .i_off = _i_off, .o_off = _o_off,		\
	}

/* The offsets of the 64-bit ABIs. */
PACK(mtOpen, 4, 0);
PACK(mtClose, 4, 0);
PACK(mtRead, 24, 0);
PACK(mtWrite, 24, 0);
PACK(mtTruncate, 24, 0);
PACK(mtDevCtl, NEVER, NEVER);
PACK(mtCreate, 24, 16);
PACK(mtDestroy, 0, 0);
PACK(mtSetAttr, 16, 8);
PACK(mtGetAttr, 16, 8);
PACK(mtGetAttrAll, 0, 0);
PACK(mtLookup, 0, 32);
PACK(mtLink, 16, 0);
PACK(mtUnlink, 16, 0);
PACK(mtReaddir, 8, 0);
PACK(mtMount, NEVER, NEVER);
PACK(mtStat, NEVER, NEVER);
PACK(mtCount, NEVER, NEVER);

FIXTURE_VARIANT_ADD(pack, negative)
{
	.type = -1, .i_off = NEVER, .o_off = NEVER,
};

FIXTURE_VARIANT_ADD(pack, private)
{
	.type = 0x50c30000, .i_off = NEVER, .o_off = NEVER,
};

/* The port is another process' than the sender's, or addresses would do. */
FIXTURE_SETUP(pack)
{
	int fd;

	OPEN_OR_SKIP(fd);
	close(fd);
	ASSERT_EQ(0, portCreate(&self->port));
}

FIXTURE_TEARDOWN(pack)
{
	portDestroy(self->port);
}

/* What a client does, and how it goes, in memory that both see. */
struct client {
	unsigned char in[256];
	unsigned char out[256];
	msg_t msg;
};

static struct client *client_start(uint32_t port, int type, size_t i_size, size_t o_size,
				   pid_t *pid)
{
	struct client *cl = mmap(NULL, sizeof(*cl), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (cl == MAP_FAILED)
		abort();
	for (i = 0; i < 256; i++)
		cl->in[i] = 1 + i;
	memset(cl->out, 0xee, 256);
	memset(cl->msg.o.raw, 0x5a, sizeof(cl->msg.o.raw));
	cl->msg.type = type;
	cl->msg.i.data = cl->in;
	cl->msg.i.size = i_size;
	cl->msg.o.data = cl->out;
	cl->msg.o.size = o_size;
	*pid = fork();
	if (*pid)
		return cl;
	_exit(-msgSend(port, &cl->msg));
}

/* Where in the raw area data lies; NEVER if not in the message at all. */
static int offset_in(const msg_t *msg, const unsigned char *raw, const void *data)
{
	if ((uintptr_t)data - (uintptr_t)msg >= sizeof(*msg))
		return NEVER;
	return (int)((uintptr_t)data - (uintptr_t)raw);
}

#define CLIENT(_cl, _i_size, _o_size)						\
	pid_t pid;								\
	struct client *_cl = client_start(self->port, variant->type, _i_size,	\
					  _o_size, &pid);			\
	msg_rid_t rid;								\
	msg_t msg;								\
	ASSERT_EQ(0, msgRecv(self->port, &msg, &rid))

#define CLIENT_END(_cl) do {							\
	EXPECT_EQ(0, wait_child(pid));					\
	munmap(_cl, sizeof(*(_cl)));						\
} while (0)

TEST_F(pack, input_that_fits_lies_behind_the_typed_part)
{
	size_t size = variant->i_off == NEVER ? 10 : 64 - variant->i_off;
	CLIENT(cl, size, 0);

	EXPECT_EQ(variant->i_off, offset_in(&msg, msg.i.raw, msg.i.data));
	EXPECT_EQ(size, msg.i.size);
	EXPECT_EQ(0, memcmp(msg.i.data, cl->in, size));
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	CLIENT_END(cl);
}

TEST_F(pack, input_one_byte_longer_does_not_lie_in_the_message)
{
	size_t size = variant->i_off == NEVER ? 65 : 65 - variant->i_off;
	CLIENT(cl, size, 0);

	EXPECT_EQ(NEVER, offset_in(&msg, msg.i.raw, msg.i.data));
	EXPECT_EQ(0, memcmp(msg.i.data, cl->in, size));
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	CLIENT_END(cl);
}

TEST_F(pack, output_that_fits_lies_in_raw_and_comes_back_whole)
{
	size_t size = variant->o_off == NEVER ? 10 : 64 - variant->o_off, i, wrong = 0;
	CLIENT(cl, 0, size);

	EXPECT_EQ(variant->o_off, offset_in(&msg, msg.o.raw, msg.o.data));
	/* Packed, the server sees o.raw as the client left it, else the client's buffer. */
	EXPECT_EQ(variant->o_off == NEVER ? 0xee : 0x5a, *((unsigned char *)msg.o.data + size - 1));
	memset(msg.o.data, 0x11, size - 1);
	/* All of it comes back whatever the server claims. */
	msg.o.err = -EIO;
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(-EIO, cl->msg.o.err);
	for (i = 0; i < size - 1; i++)
		wrong += cl->out[i] != 0x11;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(variant->o_off == NEVER ? 0xee : 0x5a, cl->out[size - 1]);
	EXPECT_EQ(0xee, cl->out[size]);
	EXPECT_EQ(size, cl->msg.o.size);
	EXPECT_EQ((uintptr_t)cl->out, (uintptr_t)cl->msg.o.data);
	munmap(cl, sizeof(*cl));
}

TEST_F(pack, output_one_byte_longer_keeps_what_is_not_written)
{
	size_t size = variant->o_off == NEVER ? 65 : 65 - variant->o_off;
	CLIENT(cl, 0, size);

	EXPECT_EQ(NEVER, offset_in(&msg, msg.o.raw, msg.o.data));
	memset(msg.o.data, 0x22, 3);
	memset(msg.o.raw, 0x33, sizeof(msg.o.raw));
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(0x22, cl->out[2]);
	EXPECT_EQ(0xee, cl->out[3]);
	EXPECT_EQ(0xee, cl->out[size - 1]);
	EXPECT_EQ(0x33, cl->msg.o.raw[63]);
	munmap(cl, sizeof(*cl));
}

TEST_F(pack, typed_part_and_packed_output_do_not_touch)
{
	size_t i, wrong = 0;

	/* Other types have no typed output beside data. */
	if (variant->o_off <= 0)
		return;
	{
		CLIENT(cl, 0, 64 - variant->o_off);

		memset(msg.o.raw, 0x77, variant->o_off);
		memset(msg.o.data, 0x88, msg.o.size);
		EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
		EXPECT_EQ(0, wait_child(pid));
		for (i = 0; i < 64; i++)
			wrong += cl->msg.o.raw[i] != (i < (size_t)variant->o_off ? 0x77 : 0x88);
		EXPECT_EQ(0, wrong);
		EXPECT_EQ(0x88, cl->out[0]);
		EXPECT_EQ(0x88, cl->out[63 - variant->o_off]);
		munmap(cl, sizeof(*cl));
	}
}

TEST_F(pack, size_0_with_data_is_an_address_only_where_packed)
{
	CLIENT(cl, 0, 0);

	EXPECT_EQ(variant->i_off == NEVER, !msg.i.data);
	EXPECT_EQ(variant->o_off == NEVER, !msg.o.data);
	EXPECT_EQ(0, msgRespond(self->port, &msg, rid));
	CLIENT_END(cl);
}

TEST_HARNESS_MAIN
