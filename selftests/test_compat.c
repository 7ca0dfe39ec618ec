// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of 32 and 64 bits talk to each other. This is built for both, as
 * test_compat and test_compat32; each has the other as its server.
 */
#include "phx_call.h"

#include <limits.h>

#define WINDOW (16UL << 20)
#define ROOM (128 * 1024)
#define TYPE_END 99

/* What the server puts into o.raw. */
struct report {
	__u64 sum;
	__u32 width;
	__u16 i_class;
	__u16 o_class;
};

static __u64 sum_of(const __u8 *p, size_t size)
{
	__u64 sum = size;

	while (size--)
		sum = sum * 31 + *p++;
	return sum;
}

static __u8 pattern(size_t i)
{
	return i * 7 + (i >> 8) + 1;
}

static void answer(struct phx_ioc_recv *arg)
{
	struct report report = {
		.sum = sum_of((__u8 *)(uintptr_t)arg->msg.i.data, arg->msg.i.size),
		.width = sizeof(void *),
		.i_class = arg->i_class,
		.o_class = arg->o_class,
	};
	__u8 *out = (__u8 *)(uintptr_t)arg->msg.o.data;
	size_t i;

	/* An inline output is behind the report. */
	for (i = 0; i < arg->msg.o.size; i++)
		out[i] = pattern(i);
	memcpy(arg->msg.o.raw, &report, sizeof(report));
	arg->msg.o.err = arg->msg.o.size;
}

/* The other program: tells its port by its standard output. */
static int serve(void)
{
	static char room[ROOM];
	struct phx_ioc_recv arg = { .rid = PHX_RID_NONE };
	struct windows win;
	__u32 port;
	int fd = dev_open(0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || windows_map(fd, &win, WINDOW) || port_create(fd, &port) ||
	    write(1, &port, sizeof(port)) != sizeof(port))
		return 1;
	do {
		arg.buf = addr(room);
		arg.buf_size = sizeof(room);
		if (msg_respond_recv(fd, port, &arg))
			return 2;
		answer(&arg);
	} while (arg.msg.type != TYPE_END);
	return -msg_respond(fd, port, &arg.msg, arg.rid);
}

/* NAME has the sibling NAME32, and the other way round. */
static void sibling(char *path)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 3);

	if (n < 0)
		n = 0;
	path[n] = 0;
	if (n > 2 && !strcmp(path + n - 2, "32"))
		path[n - 2] = 0;
	else
		strcat(path, "32");
}

FIXTURE(compat)
{
	int fd;
	pid_t pid;
	__u32 port;
	__u8 *in;
	__u8 *out;
};

FIXTURE_VARIANT(compat)
{
	size_t size;
	size_t off;	/* in the page */
	int class;
	__u32 flags;
	__u64 timeout_ns;
};

FIXTURE_VARIANT_ADD(compat, none) { .class = PHX_CLASS_NONE, };

FIXTURE_VARIANT_ADD(compat, inline)
{
	.size = 32, .class = PHX_CLASS_INLINE, .flags = PHX_SEND_I_INLINE | PHX_SEND_O_INLINE,
};

FIXTURE_VARIANT_ADD(compat, copy_of_a_byte)
{
	.size = 1, .class = PHX_CLASS_COPY, .off = 4095,
};

FIXTURE_VARIANT_ADD(compat, copy) { .size = 20000, .class = PHX_CLASS_COPY, .off = 123, };
FIXTURE_VARIANT_ADD(compat, lend_whole_pages) { .size = 65536, .class = PHX_CLASS_LEND, };

FIXTURE_VARIANT_ADD(compat, lend_with_edges)
{
	.size = 100001, .class = PHX_CLASS_LEND, .off = 77,
};

FIXTURE_VARIANT_ADD(compat, lend_with_time_limit)
{
	.size = 100001, .class = PHX_CLASS_LEND, .off = 77, .timeout_ns = 20000000000ULL,
};

FIXTURE_SETUP(compat)
{
	char path[PATH_MAX];
	int told[2];

	OPEN_OR_SKIP(self->fd);
	sibling(path);
	if (access(path, X_OK))
		SKIP(return, "the program of the other width is not there: %.100s", path);
	ASSERT_EQ(0, pipe2(told, O_CLOEXEC));
	self->pid = fork();
	if (!self->pid) {
		dup2(told[1], 1);
		execl(path, path, "--serve", NULL);
		_exit(127);
	}
	close(told[1]);
	if (read(told[0], &self->port, sizeof(self->port)) != sizeof(self->port))
		SKIP(return, "the program of the other width does not run here");
	self->in = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	ASSERT_TRUE(self->in != MAP_FAILED);
	self->out = self->in + ROOM;
}

FIXTURE_TEARDOWN(compat)
{
	struct phx_msg end = { .type = TYPE_END };

	EXPECT_EQ(0, msg_send(self->fd, self->port, &end));
	EXPECT_EQ(0, wait_child(self->pid));
	close(self->fd);
}

TEST_F(compat, buffers_arrive_and_come_back_whichever_way_they_go)
{
	struct phx_ioc_send arg = { .flags = variant->flags, .timeout_ns = variant->timeout_ns };
	__u8 *in = self->in + variant->off, *out = self->out + variant->off;
	size_t i, size = variant->size, wrong = 0;
	struct report report;

	for (i = 0; i < size; i++)
		in[i] = pattern(i + 5);
	set_input(&arg.msg, in, size);
	set_output(&arg.msg, out, size);
	if (variant->flags) {
		arg.o_off = 32;
		memcpy(arg.msg.i.raw, in, size);
	}
	ASSERT_EQ(0, msg_send_arg(self->fd, self->port, &arg));
	EXPECT_EQ(size, arg.msg.o.err);
	memcpy(&report, arg.msg.o.raw, sizeof(report));
	EXPECT_EQ(sizeof(void *) == 8 ? 4 : 8, report.width);
	EXPECT_EQ(variant->class, report.i_class);
	EXPECT_EQ(variant->class, report.o_class);
	EXPECT_EQ(sum_of(in, size), report.sum);
	if (variant->flags)
		out = arg.msg.o.raw + 32;
	for (i = 0; i < size; i++)
		wrong += out[i] != pattern(i);
	EXPECT_EQ(0, wrong);
}

TEST_F(compat, rest_of_an_address_is_not_lost)
{
	struct phx_msg msg = { };

	/* Above all memory of a process of either width. */
	msg.i.data = (1ULL << 56) + addr(self->in);
	msg.i.size = 1;
	EXPECT_ERR(EFAULT, msg_send(self->fd, self->port, &msg));
	msg.i.data = addr(self->in);
	msg.i.size = (1ULL << 32) + 1;
	EXPECT_NE(0, msg_send(self->fd, self->port, &msg));
	msg.i.size = 0;
	msg.o.data = (1ULL << 56) + addr(self->out);
	msg.o.size = 1;
	EXPECT_ERR(EFAULT, msg_send(self->fd, self->port, &msg));
}

FIXTURE(x32)
{
	int fd;
};

FIXTURE_SETUP(x32)
{
	OPEN_OR_SKIP(self->fd);
}

FIXTURE_TEARDOWN(x32)
{
	close(self->fd);
}

/* Numbers of the third kind of programs; Debian's kernels have them if told so only. */
TEST_F(x32, system_calls_are_enosys_and_do_nothing)
{
#ifdef __x86_64__
	struct phx_ioc_info info = { .size = sizeof(info) };

	if (!system("grep -q syscall.x32=y /proc/cmdline"))
		SKIP(return, "this kernel was told to run x32 programs");
	errno = 0;
	EXPECT_EQ(-1, syscall(__X32_SYSCALL_BIT | 514, self->fd, PHX_IOC_INFO, &info));
	EXPECT_EQ(ENOSYS, errno);
	EXPECT_EQ(0, info.abi);
	EXPECT_EQ(0, dev_ioctl(self->fd, PHX_IOC_INFO, &info));
	EXPECT_EQ(PHX_ABI_VERSION, info.abi);
#else
	SKIP(return, "programs of 32 bits can't make them");
#endif
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--serve"))
		return serve();
	return test_harness_run(argc, argv);
}
