// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxfuse on a device: ioctls, and waiting until it is ready.
 */
#include "phx_fuse.h"

#include <dirent.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <phxport/phoenix.h>

struct big {
	unsigned char bytes[400];
};

#define SET	_IOW('x', 1, unsigned int)
#define GET	_IOR('x', 2, unsigned int)
#define VALUE	_IOC(_IOC_NONE, 'x', 3, sizeof(unsigned int))
#define SWAP	_IOWR('x', 4, unsigned int)
#define INVERT	_IOWR('x', 5, struct big)
#define COUNT	_IO('x', 6)
#define REFUSE	_IOR('x', 7, unsigned int)
#define LARGE	_IOC(_IOC_WRITE, 'x', 8, 0x2001)

/* The same in Phoenix' numbers */
#define P_IN	0x80000000UL
#define P_OUT	0x40000000UL
#define P(dir, nr, size) ((dir) | (size) << 16 | 'x' << 8 | (nr))

#define NO_POLL	0x10000	/* the driver does not know of it */

/**
 * struct device - what server and test share
 * @ready: POLL* that it is ready for, or NO_POLL
 * @asked: for which it was asked last
 * @asks: how often
 * @hangs: it answers the first ask of who opened it, and no other
 * @ioctls: how many there were
 * @flags: those to get or set a file's flags
 */
struct device {
	atomic_int ready;
	atomic_int asked;
	atomic_int asks;
	atomic_int hangs;
	atomic_int ioctls;
	atomic_int flags;
};

FIXTURE(device) {
	char name[32];
	char file[32];
	char phxfuse[PATH_MAX];
	struct device *device;
	pid_t server;
	pid_t fuse;
	int fd;
};

struct ioctl_in {
	unsigned long request;
	unsigned long size;
	unsigned int data[12];
};

static int invert(const msg_t *msg, const struct ioctl_in *in)
{
	const struct big *from = msg->i.data;
	struct big *to = msg->o.data;
	size_t i;

	if (in->size != sizeof(*from) || msg->i.size != in->size || msg->o.size != in->size)
		return -EBADMSG;
	for (i = 0; i < sizeof(*to); i++)
		to->bytes[i] = ~from->bytes[i];
	return 0;
}

static int device_ioctl(struct device *device, msg_t *msg)
{
	const struct ioctl_in *in = (const void *)msg->i.raw;
	unsigned int *out = (void *)msg->o.raw;
	static unsigned int value;

	device->ioctls++;
	device->flags += (in->request >> 8 & 0xff) == 'f';
	switch (in->request) {
	case P(P_IN, 1, 4UL):
	case P(0, 3, 4UL):
		value = in->data[0];
		return in->size == 4 ? 0 : -EBADMSG;
	case P(P_OUT, 2, 4UL):
		*out = value;
		return 0;
	case P(P_IN | P_OUT, 4, 4UL):
		*out = value;
		value = in->data[0];
		return 0;
	case P(P_IN | P_OUT, 5, sizeof(struct big)):
		return invert(msg, in);
	case P(0, 6, 0UL):
		return 1234;
	case P_OUT | (FS_IOC_FSGETXATTR & 0x1fffffff):
		return 0;
	case P(P_OUT, 7, 4UL):
		*out = 99;
		return -EBUSY;
	default:
		return -ENOSYS;
	}
}

static int device_attr(struct device *device, msg_t *msg)
{
	int ready = device->ready;

	if (msg->i.attr.type != atPollStatus || ready == NO_POLL)
		return -ENOSYS;
	device->asked = msg->i.attr.val;
	device->asks++;
	msg->o.attr.val = ready;
	return 0;
}

static bool was_asked_before(const msg_t *msg)
{
	static bool asked[1000];
	bool before;

	if (msg->type != mtGetAttr || msg->i.attr.type != atPollStatus)
		return false;
	before = asked[msg->oid.id];
	asked[msg->oid.id] = true;
	return before;
}

static int device_main(const char *name, struct device *device)
{
	msg_rid_t rid;
	uint32_t port;
	int id = 0;
	msg_t msg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (portCreate(&port) || portRegister(port, name, NULL))
		return 1;
	for (;;) {
		if (msgRecv(port, &msg, &rid))
			continue;
		msg.o.err = -ENOSYS;
		if (msg.type == mtOpen)
			msg.o.err = device->hangs ? ++id : 0;
		else if (msg.type == mtClose)
			msg.o.err = 0;
		else if (msg.type == mtDevCtl)
			msg.o.err = device_ioctl(device, &msg);
		else if (msg.type == mtGetAttr)
			msg.o.err = device_attr(device, &msg);
		if (!device->hangs || !was_asked_before(&msg))
			msgRespond(port, &msg, rid);
	}
}

FIXTURE_SETUP(device)
{
	char *const fuse[] = { self->phxfuse, "-f", self->name, self->file, NULL };
	int fd, i;

	OPEN_OR_SKIP(fd);
	if (access("/dev/fuse", R_OK | W_OK))
		SKIP(return, "no /dev/fuse to open: load the module fuse, be root");
	if (!program(self->phxfuse, "../bin/phxfuse", "../tools/phxfuse"))
		SKIP(return, "phxfuse is not built: make tools");
	self->device = mmap(NULL, sizeof(*self->device), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->device);
	snprintf(self->name, sizeof(self->name), "/device-%d", getpid());
	snprintf(self->file, sizeof(self->file), "/tmp/device-XXXXXX");
	self->fd = mkstemp(self->file);
	ASSERT_LE(0, self->fd);
	close(self->fd);
	self->server = fork();
	if (!self->server)
		_exit(device_main(self->name, self->device));
	for (i = 0; i < 1000 && name_lookup(fd, self->name, 0, NULL, NULL); i++)
		usleep(10000);
	close(fd);
	self->fuse = start(fuse);
	wait_mounted(self->file, true);
	ASSERT_TRUE(is_mounted(self->file));
	self->fd = open(self->file, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	int status;

	if (!self->fuse)
		return;
	close(self->fd);
	EXPECT_EQ(0, umount2(self->file, 0));
	EXPECT_EQ(self->fuse, waitpid(self->fuse, &status, 0));
	EXPECT_EQ(0, status);
	kill(self->server, SIGKILL);
	waitpid(self->server, &status, 0);
	unlink(self->file);
}

TEST_F(device, arguments_go_both_ways)
{
	unsigned int n = 41;
	struct big big;
	size_t i;

	EXPECT_EQ(0, ioctl(self->fd, SET, &n));
	n = 0;
	EXPECT_EQ(0, ioctl(self->fd, GET, &n));
	EXPECT_EQ(41, n);
	n = 43;
	EXPECT_EQ(0, ioctl(self->fd, SWAP, &n));
	EXPECT_EQ(41, n);
	EXPECT_EQ(0, ioctl(self->fd, VALUE, 44));
	EXPECT_EQ(0, ioctl(self->fd, GET, &n));
	EXPECT_EQ(44, n);
	for (i = 0; i < sizeof(big); i++)
		big.bytes[i] = i;
	EXPECT_EQ(0, ioctl(self->fd, INVERT, &big));
	for (i = 0; i < sizeof(big) && big.bytes[i] == (unsigned char)~i; i++)
		;
	EXPECT_EQ(sizeof(big), i);
}

TEST_F(device, results_and_errors_are_the_servers)
{
	unsigned int n = 1;

	EXPECT_EQ(1234, ioctl(self->fd, COUNT));
	EXPECT_EQ(-1, ioctl(self->fd, REFUSE, &n));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(99, n);
	EXPECT_EQ(-1, ioctl(self->fd, _IO('x', 77)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, SET, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(device, what_numbers_of_phoenix_can_not_say_never_reaches_the_server)
{
	static char large[0x2001];

	EXPECT_EQ(-1, ioctl(self->fd, LARGE, large));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, isatty(self->fd));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(0, self->device->ioctls);
}

/* The kernel has 4 bytes of them, and the number says 8. */
TEST_F(device, flags_of_files_are_none_of_the_drivers)
{
	unsigned long flags = 0;

	EXPECT_EQ(-1, ioctl(self->fd, FS_IOC_GETFLAGS, &flags));
	EXPECT_EQ(-1, ioctl(self->fd, FS_IOC_SETFLAGS, &flags));
	EXPECT_EQ(0, self->device->flags);
}

TEST_F(device, server_that_ends_is_an_error)
{
	unsigned int n;

	kill(self->server, SIGKILL);
	waitpid(self->server, NULL, 0);
	EXPECT_EQ(-1, ioctl(self->fd, GET, &n));
	EXPECT_TRUE(errno == ENOTCONN || errno == EIO);
}

static int poll_for(FIXTURE_DATA(device) *self, short events, int ms)
{
	struct pollfd pfd = { .fd = self->fd, .events = events };
	int n = poll(&pfd, 1, ms);

	return n < 0 ? -errno : n ? pfd.revents : 0;
}

TEST_F(device, ready_or_not)
{
	EXPECT_EQ(0, poll_for(self, POLLIN, 0));
	EXPECT_EQ(POLLIN, self->device->asked & POLLIN);
	EXPECT_EQ(0, self->device->asked & POLLOUT);
	EXPECT_EQ(0, poll_for(self, POLLIN | POLLOUT, 300));
	self->device->ready = POLLOUT | POLLWRNORM;
	EXPECT_EQ(0, poll_for(self, POLLIN, 300));
	EXPECT_EQ(POLLOUT, poll_for(self, POLLIN | POLLOUT, 0));
	self->device->ready = POLLHUP;
	EXPECT_EQ(POLLHUP, poll_for(self, POLLIN, 0));
}

TEST_F(device, driver_that_knows_nothing_of_it_is_always_ready)
{
	self->device->ready = NO_POLL;
	EXPECT_EQ(POLLIN | POLLOUT, poll_for(self, POLLIN | POLLOUT, 0));
}

/* Waits until the driver was asked a few times more: somebody waits. */
static void let_it_be_asked(struct device *device)
{
	int i, asks = device->asks;

	for (i = 0; i < 10000 && device->asks < asks + 3; i++)
		usleep(1000);
}

/* Is it asked no more? Somebody may just be about to stop. */
static bool is_left_alone(struct device *device)
{
	int i, asks = -1;

	for (i = 0; i < 20 && asks != device->asks; i++) {
		asks = device->asks;
		usleep(500000);
	}
	return asks == device->asks;
}

static void *make_ready(void *arg)
{
	struct device *device = arg;

	let_it_be_asked(device);
	device->ready = POLLIN;
	return NULL;
}

/* Longer than a watch lasts, too. */
TEST_F_TIMEOUT(device, who_waits_is_woken, 120)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, make_ready, self->device));
	EXPECT_EQ(POLLIN, poll_for(self, POLLIN, 60000));
	pthread_join(thread, NULL);
	self->device->ready = 0;
	EXPECT_EQ(0, poll_for(self, POLLIN, 15000));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_ready, self->device));
	EXPECT_EQ(POLLIN, poll_for(self, POLLIN, 60000));
	pthread_join(thread, NULL);
}

TEST_F(device, nobody_asks_any_more_when_the_file_is_closed)
{
	EXPECT_EQ(0, poll_for(self, POLLIN, 250));
	close(self->fd);
	EXPECT_TRUE(is_left_alone(self->device));
	self->fd = open(self->file, O_RDWR);
	EXPECT_EQ(0, poll_for(self, POLLIN, 0));
}

TEST_F(device, who_waits_when_the_server_ends_is_told)
{
	pid_t pid = fork();

	if (!pid) {
		let_it_be_asked(self->device);
		kill(self->server, SIGKILL);
		_exit(0);
	}
	EXPECT_TRUE(poll_for(self, POLLIN, 60000) & (POLLHUP | POLLERR));
	waitpid(pid, NULL, 0);
}

/* Somebody who waits, and does not ask himself when he stops, as poll(2) does */
static int wait_for(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : epoll;
}

static bool was_asked(struct device *device, int asks)
{
	int i;

	for (i = 0; i < 20000 && device->asks < asks; i++)
		usleep(1000);
	return device->asks >= asks;
}

static int count_threads(pid_t pid)
{
	char path[64];
	int n = -2;	/* "." and ".." */
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST_F_TIMEOUT(device, driver_that_does_not_answer_is_asked_again, 120)
{
	struct epoll_event event;
	int fd = open(self->file, O_RDWR), epoll;

	self->device->hangs = true;
	epoll = wait_for(fd);
	ASSERT_LE(0, epoll);
	EXPECT_TRUE(was_asked(self->device, 3));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	self->device->ready = POLLIN;
	self->device->hangs = false;
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 30000));
	EXPECT_EQ(EPOLLIN, event.events);
	close(epoll);
	close(fd);
}

/* Of the library's own threads there are no more than some ten that are idle. */
TEST_F_TIMEOUT(device, nobody_waits_for_an_answer_when_the_file_is_closed, 120)
{
	int fd, epoll, i, n = 24;

	self->device->hangs = true;
	for (i = 0; i < n; i++) {
		fd = open(self->file, O_RDWR);
		epoll = wait_for(fd);
		ASSERT_LE(0, epoll);
		ASSERT_TRUE(was_asked(self->device, 2 * i + 2));
		close(epoll);
		close(fd);
	}
	for (i = 0; i < 6000 && count_threads(self->fuse) >= n; i++)
		usleep(10000);
	EXPECT_GT(n, count_threads(self->fuse));
}

TEST_F_TIMEOUT(device, not_more_than_256_are_waited_for_at_a_time, 120)
{
	int fds[260], epolls[260], i, refused = 0;
	struct epoll_event event;

	self->device->hangs = true;
	for (i = 0; i < 260; i++) {
		fds[i] = open(self->file, O_RDWR);
		epolls[i] = wait_for(fds[i]);
		ASSERT_LE(0, epolls[i]);
	}
	self->device->hangs = false;
	for (i = 0; i < 260; i++)
		refused += epoll_wait(epolls[i], &event, 1, 0);
	EXPECT_EQ(4, refused);
	EXPECT_EQ(EPOLLERR, event.events);
	for (i = 0; i < 260; i++) {
		close(epolls[i]);
		close(fds[i]);
	}
}

TEST_HARNESS_MAIN
