// SPDX-License-Identifier: GPL-2.0-only
/*
 * The form of every command: what its structure may look like, what is refused
 * and with which error. Built for 32 bits, too.
 */
#include "phx_call.h"

#include <stddef.h>

#define PAGE 4096

_Static_assert(sizeof(struct phx_msg) == 200, "as in Phoenix-RTOS");
_Static_assert(sizeof(struct phx_ioc_info) == 80, "ABI");
_Static_assert(sizeof(struct phx_ioc_port) == 16, "ABI");
_Static_assert(sizeof(struct phx_ioc_name) == 40, "ABI");
_Static_assert(sizeof(struct phx_ioc_send) == 224, "ABI");
_Static_assert(sizeof(struct phx_ioc_recv) == 248, "ABI");
_Static_assert(sizeof(struct phx_ioc_respond) == 104, "ABI");
_Static_assert(sizeof(struct phx_ioc_buffer) == 32, "ABI");

FIXTURE(abi)
{
	int fd;
	__u32 port;
	char *mem;	/* two pages; nothing behind them */
	__u8 arg[PAGE];
};

FIXTURE_VARIANT(abi)
{
	unsigned long cmd;
	size_t size;
	__u32 flags;	/* that are known */
	int reserved;	/* where the reserved word is, or 0 */
	int good;	/* result of what setup makes */
};

FIXTURE_VARIANT_ADD(abi, info)
{
	.cmd = PHX_IOC_INFO, .size = sizeof(struct phx_ioc_info),
};

FIXTURE_VARIANT_ADD(abi, port_create)
{
	.cmd = PHX_IOC_PORT_CREATE, .size = sizeof(struct phx_ioc_port),
	.flags = PHX_PORT_BUFFERS,
	.reserved = offsetof(struct phx_ioc_port, __reserved),
};

FIXTURE_VARIANT_ADD(abi, port_destroy)
{
	.cmd = PHX_IOC_PORT_DESTROY, .size = sizeof(struct phx_ioc_port),
	.reserved = offsetof(struct phx_ioc_port, __reserved),
};

FIXTURE_VARIANT_ADD(abi, name_register)
{
	.cmd = PHX_IOC_NAME_REGISTER, .size = sizeof(struct phx_ioc_name),
};

FIXTURE_VARIANT_ADD(abi, name_unregister)
{
	.cmd = PHX_IOC_NAME_UNREGISTER, .size = sizeof(struct phx_ioc_name),
	.good = -ENOENT,
};

FIXTURE_VARIANT_ADD(abi, name_lookup)
{
	.cmd = PHX_IOC_NAME_LOOKUP, .size = sizeof(struct phx_ioc_name),
	.flags = PHX_LOOKUP_PREFIX, .good = -ENOENT,
};

FIXTURE_VARIANT_ADD(abi, send)
{
	.cmd = PHX_IOC_SEND, .size = sizeof(struct phx_ioc_send),
	.flags = PHX_SEND_NONBLOCK | PHX_SEND_I_INLINE | PHX_SEND_O_INLINE |
		 PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED,
	.good = -EAGAIN,
};

FIXTURE_VARIANT_ADD(abi, recv)
{
	.cmd = PHX_IOC_RECV, .size = sizeof(struct phx_ioc_recv),
	.flags = PHX_RECV_NONBLOCK,
	.reserved = offsetof(struct phx_ioc_recv, __reserved), .good = -EAGAIN,
};

FIXTURE_VARIANT_ADD(abi, respond)
{
	.cmd = PHX_IOC_RESPOND, .size = sizeof(struct phx_ioc_respond),
	.flags = PHX_RESPOND_UNREGISTER,
	.good = -ENOENT,
};

FIXTURE_VARIANT_ADD(abi, respond_recv)
{
	.cmd = PHX_IOC_RESPOND_RECV, .size = sizeof(struct phx_ioc_recv),
	.flags = PHX_RECV_NONBLOCK,
	.reserved = offsetof(struct phx_ioc_recv, __reserved), .good = -EAGAIN,
};

FIXTURE_VARIANT_ADD(abi, buffer_register)
{
	.cmd = PHX_IOC_BUFFER_REGISTER, .size = sizeof(struct phx_ioc_buffer),
	.flags = PHX_BUFFER_IN | PHX_BUFFER_OUT,
};

FIXTURE_VARIANT_ADD(abi, buffer_unregister)
{
	.cmd = PHX_IOC_BUFFER_UNREGISTER, .size = sizeof(struct phx_ioc_buffer),
	.good = -ENOENT,
};

/* A call that does no harm; its result is variant->good. */
static void make_valid(unsigned long cmd, size_t size, __u32 port, void *to)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	static const char name[] = "test_abi";
	union {
		struct phx_ioc_port port;
		struct phx_ioc_name name;
		struct phx_ioc_send send;
		struct phx_ioc_recv recv;
		struct phx_ioc_respond respond;
		struct phx_ioc_buffer buffer;
	} arg = { .port = { .size = size } };

	switch (cmd) {
	case PHX_IOC_PORT_DESTROY:
		arg.port.port = port;
		break;
	case PHX_IOC_NAME_REGISTER:
	case PHX_IOC_NAME_UNREGISTER:
	case PHX_IOC_NAME_LOOKUP:
		arg.name.name = addr(name);
		arg.name.name_size = sizeof(name);
		arg.name.oid.port = port;
		break;
	case PHX_IOC_SEND:
		arg.send.flags = PHX_SEND_NONBLOCK;
		arg.send.port = port;
		break;
	case PHX_IOC_RECV:
	case PHX_IOC_RESPOND_RECV:
		arg.recv.flags = PHX_RECV_NONBLOCK;
		arg.recv.port = port;
		arg.recv.rid = PHX_RID_NONE;
		break;
	case PHX_IOC_RESPOND:
		arg.respond.port = port;
		arg.respond.rid = 1;
		break;
	case PHX_IOC_BUFFER_REGISTER:
		arg.buffer.flags = PHX_BUFFER_IN;
		arg.buffer.port = port;
		arg.buffer.addr = addr(page);
		arg.buffer.len = PAGE;
		break;
	}
	memcpy(to, &arg, size);
}

FIXTURE_SETUP(abi)
{
	/* An open port waits for nobody. */
	OPEN_OR_SKIP(self->fd);
	ASSERT_EQ(0, port_create_flags(self->fd, PHX_PORT_BUFFERS, &self->port));
	self->mem = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->mem != MAP_FAILED);
	ASSERT_EQ(0, mprotect(self->mem + 2 * PAGE, PAGE, PROT_NONE));
	memset(self->arg, 0, sizeof(self->arg));
	if (variant->size)
		make_valid(variant->cmd, variant->size, self->port, self->arg);
}

FIXTURE_TEARDOWN(abi)
{
	close(self->fd);
}

static void set_u32(void *arg, size_t at, __u32 value)
{
	memcpy((char *)arg + at, &value, sizeof(value));
}

static __u32 get_u32(const void *arg, size_t at)
{
	__u32 value;

	memcpy(&value, (const char *)arg + at, sizeof(value));
	return value;
}

TEST_F(abi, exact_size_works)
{
	EXPECT_EQ(variant->good, dev_ioctl(self->fd, variant->cmd, self->arg));
}

TEST_F(abi, address_that_cannot_be_read_is_efault)
{
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, NULL));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, (void *)16));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, self->mem + 2 * PAGE));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, (void *)-4096L));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, (void *)-4L));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, (void *)-1L));
}

TEST_F(abi, structure_that_is_readable_only_in_part_is_efault)
{
	size_t n;

	for (n = 1; n < variant->size; n++) {
		char *at = self->mem + 2 * PAGE - n;

		memcpy(at, self->arg, n);
		EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, at));
	}
	memcpy(self->mem + 2 * PAGE - n, self->arg, n);
	EXPECT_EQ(variant->good,
		  dev_ioctl(self->fd, variant->cmd, self->mem + 2 * PAGE - n));
}

TEST_F(abi, any_shorter_size_is_einval)
{
	__u32 size;

	for (size = 0; size < variant->size; size++) {
		set_u32(self->arg, 0, size);
		EXPECT_ERR(EINVAL, dev_ioctl(self->fd, variant->cmd, self->arg));
	}
}

/* What is done once can't be done again by some. */
static int again(unsigned long cmd, int good)
{
	switch (cmd) {
	case PHX_IOC_PORT_DESTROY:
		return -EINVAL;
	case PHX_IOC_NAME_REGISTER:
		return -EEXIST;
	default:
		return good;
	}
}

TEST_F(abi, longer_size_with_zeroes_behind_works)
{
	set_u32(self->arg, 0, variant->size + 1);
	EXPECT_EQ(variant->good, dev_ioctl(self->fd, variant->cmd, self->arg));
	make_valid(variant->cmd, variant->size, self->port, self->arg);
	set_u32(self->arg, 0, PAGE);
	EXPECT_EQ(again(variant->cmd, variant->good),
		  dev_ioctl(self->fd, variant->cmd, self->arg));
}

TEST_F(abi, longer_size_with_anything_else_behind_is_e2big)
{
	set_u32(self->arg, 0, variant->size + 1);
	self->arg[variant->size] = 1;
	EXPECT_ERR(E2BIG, dev_ioctl(self->fd, variant->cmd, self->arg));
	self->arg[variant->size] = 0;
	set_u32(self->arg, 0, PAGE);
	self->arg[PAGE - 1] = 0x80;
	EXPECT_ERR(E2BIG, dev_ioctl(self->fd, variant->cmd, self->arg));
}

TEST_F(abi, longer_size_whose_rest_cannot_be_read_is_efault)
{
	char *at = self->mem + 2 * PAGE - variant->size;

	memcpy(at, self->arg, variant->size);
	set_u32(at, 0, variant->size + 1);
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, variant->cmd, at));
}

TEST_F(abi, size_above_a_page_is_e2big)
{
	static const __u32 sizes[] = { PAGE + 1, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_u32(self->arg, 0, sizes[i]);
		EXPECT_ERR(E2BIG, dev_ioctl(self->fd, variant->cmd, self->arg));
	}
}

TEST_F(abi, unknown_flags_are_einval)
{
	__u32 flags = get_u32(self->arg, 4);
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (variant->flags & 1U << bit)
			continue;
		set_u32(self->arg, 4, flags | 1U << bit);
		EXPECT_ERR(EINVAL, dev_ioctl(self->fd, variant->cmd, self->arg));
	}
}

TEST_F(abi, reserved_members_that_are_set_are_einval)
{
	int bit;

	for (bit = 0; bit < 32 && variant->reserved; bit++) {
		set_u32(self->arg, variant->reserved, 1U << bit);
		EXPECT_ERR(EINVAL, dev_ioctl(self->fd, variant->cmd, self->arg));
	}
}

TEST_F(abi, structure_may_lie_at_any_address)
{
	size_t i;

	for (i = 1; i < 8; i++) {
		char *at = self->mem + PAGE + i;

		make_valid(variant->cmd, variant->size, self->port, at);
		EXPECT_EQ(i == 1 ? variant->good : again(variant->cmd, variant->good),
			  dev_ioctl(self->fd, variant->cmd, at));
	}
}

TEST_F(abi, nothing_behind_the_structure_is_written)
{
	memset(self->mem, 0x5a, 2 * PAGE);
	memcpy(self->mem, self->arg, variant->size);
	set_u32(self->mem, 0, variant->size);
	EXPECT_EQ(variant->good, dev_ioctl(self->fd, variant->cmd, self->mem));
	EXPECT_EQ(0x5a, self->mem[variant->size]);
	EXPECT_EQ(0, memcmp(self->mem + variant->size, self->mem + variant->size + 1,
			    2 * PAGE - variant->size - 1));
}

TEST_F(abi, number_with_other_magic_direction_or_size_is_enotty)
{
	unsigned int nr = _IOC_NR(variant->cmd);
	const unsigned long cmds[] = {
		_IO(PHX_IOC_MAGIC - 1, nr), _IO(PHX_IOC_MAGIC + 1, nr),
		_IOC(_IOC_READ, PHX_IOC_MAGIC, nr, 0), _IOC(_IOC_WRITE, PHX_IOC_MAGIC, nr, 0),
		_IOC(_IOC_READ | _IOC_WRITE, PHX_IOC_MAGIC, nr, variant->size),
		_IOC(_IOC_NONE, PHX_IOC_MAGIC, nr, variant->size),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		EXPECT_ERR(ENOTTY, dev_ioctl(self->fd, cmds[i], self->arg));
}

TEST_F(abi, another_process_gets_ebadfd_except_for_info)
{
	int good = variant->cmd == PHX_IOC_INFO ? 0 : -EBADFD;
	pid_t pid = fork();

	if (!pid)
		_exit(dev_ioctl(self->fd, variant->cmd, self->arg) != good);
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(variant->good, dev_ioctl(self->fd, variant->cmd, self->arg));
}

FIXTURE(dev)
{
	int fd;
	__u32 port;
	char *page;
};

FIXTURE_SETUP(dev)
{
	OPEN_OR_SKIP(self->fd);
	ASSERT_EQ(0, port_create(self->fd, &self->port));
	self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->page != MAP_FAILED);
}

FIXTURE_TEARDOWN(dev)
{
	close(self->fd);
}

TEST_F(dev, unknown_numbers_are_enotty)
{
	__u8 arg[512] = { sizeof(arg) & 0xff, sizeof(arg) >> 8 };
	unsigned int nr;

	for (nr = _IOC_NR(PHX_IOC_BUFFER_UNREGISTER) + 1; nr < 256; nr++)
		EXPECT_ERR(ENOTTY, dev_ioctl(self->fd, _IO(PHX_IOC_MAGIC, nr), arg));
	EXPECT_ERR(ENOTTY, dev_ioctl(self->fd, 0, arg));
	EXPECT_ERR(ENOTTY, dev_ioctl(self->fd, ~0UL, arg));
	EXPECT_ERR(ENOTTY, dev_ioctl(self->fd, 0x5401, arg));
}

TEST_F(dev, info_tells_what_the_header_says)
{
	struct phx_ioc_info info = { .size = sizeof(info) };

	memset(info.version, 'x', sizeof(info.version));
	ASSERT_EQ(0, dev_ioctl(self->fd, PHX_IOC_INFO, &info));
	EXPECT_EQ(PHX_ABI_VERSION, info.abi);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), info.page_size);
	EXPECT_EQ(PHX_FEATURE_BUFFERS, info.features);
	EXPECT_EQ(PHX_WINDOW_MAX, info.window_max);
	EXPECT_EQ(PHX_MESSAGE_MAX, info.message_max);
	EXPECT_TRUE(!!memchr(info.version, 0, sizeof(info.version)));
	EXPECT_NE(0, info.version[0]);
	EXPECT_EQ(0, info.version[sizeof(info.version) - 1]);
}

TEST_F(dev, buffer_whose_number_cannot_be_told_is_not_kept)
{
	struct phx_ioc_buffer *arg = (void *)self->page;
	long long regions = stat_read("regions_live");

	ASSERT_EQ(0, port_create_flags(self->fd, PHX_PORT_BUFFERS, &self->port));
	arg->size = sizeof(*arg);
	arg->flags = PHX_BUFFER_IN;
	arg->port = self->port;
	arg->addr = addr(self->page);
	arg->len = PAGE;
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, PHX_IOC_BUFFER_REGISTER, arg));
	if (regions < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	EXPECT_TRUE(stat_becomes("regions_live", regions));
}

TEST_F(dev, there_is_no_read_write_or_seek)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

TEST_F(dev, port_whose_number_cannot_be_told_is_not_kept)
{
	struct phx_ioc_port *arg = (void *)self->page;
	long long ports = stat_read("ports_live");

	arg->size = sizeof(*arg);
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, PHX_IOC_PORT_CREATE, arg));
	if (ports < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	EXPECT_TRUE(stat_becomes("ports_live", ports));
}

TEST_F(dev, outputs_into_read_only_memory_are_efault)
{
	struct phx_ioc_info *info = (void *)self->page;
	struct phx_ioc_name *name = (void *)(self->page + 256);

	info->size = sizeof(*info);
	strcpy(self->page + 512, "test_abi");
	name->size = sizeof(*name);
	name->name = addr(self->page + 512);
	name->name_size = sizeof("test_abi");
	ASSERT_EQ(0, name_register(self->fd, "test_abi", self->port, 0));
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, PHX_IOC_INFO, info));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, PHX_IOC_NAME_LOOKUP, name));
}

TEST_F(dev, message_that_cannot_be_told_goes_to_the_next_receive)
{
	unsigned long cmds[] = { PHX_IOC_RECV, PHX_IOC_RESPOND_RECV };
	struct phx_ioc_recv *arg = (void *)self->page;
	struct call *c = call_send(self->port);
	struct phx_msg msg;
	int rid, i;

	c->send.msg.type = 4711;
	arg->size = sizeof(*arg);
	arg->port = self->port;
	arg->rid = PHX_RID_NONE;
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	call_process(c);
	ASSERT_TRUE(call_waits(c));
	for (i = 0; i < 10; i++) {
		EXPECT_ERR(EFAULT, dev_ioctl(self->fd, cmds[i & 1], arg));
		EXPECT_TRUE(message_waits(self->fd));
	}
	ASSERT_EQ(0, msg_recv_now(self->fd, self->port, &msg, &rid));
	EXPECT_EQ(4711, msg.type);
	EXPECT_EQ(0, msg_respond(self->fd, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(dev, message_that_can_be_told_only_in_part_leaves_no_rid)
{
	struct call *c = call_send(self->port);
	struct phx_ioc_recv *arg;
	struct phx_msg msg;
	char *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rid;

	ASSERT_TRUE(mem != MAP_FAILED);
	arg = (void *)(mem + PAGE - offsetof(struct phx_ioc_recv, msg.i.size));
	arg->size = sizeof(*arg);
	arg->port = self->port;
	arg->rid = PHX_RID_NONE;
	ASSERT_EQ(0, mprotect(mem + PAGE, PAGE, PROT_READ));
	call_process(c);
	ASSERT_TRUE(call_waits(c));
	EXPECT_ERR(EFAULT, dev_ioctl(self->fd, PHX_IOC_RESPOND_RECV, arg));
	EXPECT_EQ(PHX_RID_NONE, arg->rid);
	ASSERT_EQ(0, msg_recv_now(self->fd, self->port, &msg, &rid));
	EXPECT_EQ(0, msg_respond(self->fd, self->port, &msg, rid));
	EXPECT_EQ(0, call_end_free(c));
}

TEST_F(dev, copy_buffer_must_be_addresses_of_a_process)
{
	struct phx_ioc_recv arg = { .flags = PHX_RECV_NONBLOCK };

	arg.buf = ~0ULL;
	arg.buf_size = 1;
	EXPECT_ERR(EFAULT, msg_recv_arg(self->fd, self->port, &arg));
	arg.buf = addr(self->page);
	arg.buf_size = ~0ULL;
	EXPECT_ERR(EFAULT, msg_recv_arg(self->fd, self->port, &arg));
	arg.buf_size = PAGE;
	EXPECT_ERR(EAGAIN, msg_recv_arg(self->fd, self->port, &arg));
}

TEST_HARNESS_MAIN
