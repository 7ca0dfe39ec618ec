// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: what may be one, what they lead to, and when they no longer do.
 */
#include "phx_call.h"
#include "phx_limits.h"


FIXTURE(name)
{
	int srv;
	int cli;
	__u32 port;
};

FIXTURE_SETUP(name)
{
	OPEN_OR_SKIP(self->srv);
	self->cli = dev_open(0);
	ASSERT_LE(0, self->cli);
	ASSERT_EQ(0, port_create(self->srv, &self->port));
}

FIXTURE_TEARDOWN(name)
{
	close(self->cli);
	close(self->srv);
}

static int lookup_is(int fd, const char *name, __u32 flags, __u32 port, __u64 id, int matched)
{
	struct phx_oid oid = { .__pad = 1 };
	__u32 found = 0;
	int err = name_lookup(fd, name, flags, &oid, &found);

	if (err)
		return err;
	return oid.port == port && oid.id == id && !oid.__pad && found == matched ? 0 : 1;
}

TEST_F(name, any_string_is_found_as_it_was_registered)
{
	static const char *const names[] = { "a", "/", "devfs", "/dev/x", "a b\n\xff", "//", "a/",
					     ".", "..", "/dev/", "/dev" };
	size_t i, n = ARRAY_SIZE(names);

	for (i = 0; i < n; i++)
		EXPECT_EQ(0, name_register(self->srv, names[i], self->port, i));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, lookup_is(self->cli, names[i], 0, self->port, i, strlen(names[i])));
		EXPECT_ERR(EEXIST, name_register(self->cli, names[i], self->port, 0));
	}
	EXPECT_ERR(ENOENT, name_lookup(self->cli, "A", 0, NULL, NULL));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, name_unregister(self->srv, names[i]));
		EXPECT_ERR(ENOENT, name_lookup(self->cli, names[i], 0, NULL, NULL));
		EXPECT_ERR(ENOENT, name_unregister(self->srv, names[i]));
	}
}

TEST_F(name, id_of_64_bits_comes_back)
{
	EXPECT_EQ(0, name_register(self->srv, "t", self->port, 0xfedcba9876543210ULL));
	EXPECT_EQ(0, lookup_is(self->cli, "t", 0, self->port, 0xfedcba9876543210ULL, 1));
}

static int three(int fd, __u64 name, __u32 size)
{
	static const unsigned long cmds[] = {
		PHX_IOC_NAME_REGISTER, PHX_IOC_NAME_UNREGISTER, PHX_IOC_NAME_LOOKUP
	};
	int i, err = 0;

	for (i = 0; i < 3; i++) {
		struct phx_ioc_name arg = { .size = sizeof(arg), .name = name, .name_size = size };
		int now = dev_ioctl(fd, cmds[i], &arg);

		if (i && now != err)
			return 1;
		err = now;
	}
	return err;
}

TEST_F(name, name_must_be_a_string_that_ends_where_it_says)
{
	char text[8] = "abc";
	char *none = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(none != MAP_FAILED);
	ASSERT_EQ(0, mprotect(none + 4096, 4096, PROT_NONE));
	EXPECT_ERR(EINVAL, three(self->srv, addr(text), 0));
	EXPECT_ERR(EINVAL, three(self->srv, addr(text), 1));
	EXPECT_ERR(EINVAL, three(self->srv, addr(""), 1));
	EXPECT_ERR(EINVAL, three(self->srv, addr(text), 2));
	EXPECT_ERR(EINVAL, three(self->srv, addr(text), 3));
	EXPECT_ERR(EINVAL, three(self->srv, addr(text), 5));
	EXPECT_ERR(EINVAL, three(self->srv, addr("\0\0"), 2));
	EXPECT_ERR(EFAULT, three(self->srv, 0, 4));
	EXPECT_ERR(EFAULT, three(self->srv, ~0ULL, 4));
	EXPECT_ERR(EFAULT, three(self->srv, 1ULL << 63, 4));
	memset(none, 'x', 4096);
	EXPECT_ERR(EFAULT, three(self->srv, addr(none + 4093), 4));
}

TEST_F(name, longest_name_works_and_a_longer_one_does_not)
{
	char text[PHX_NAME_MAX + 2];

	memset(text, 'n', sizeof(text));
	text[PHX_NAME_MAX - 1] = 0;
	EXPECT_EQ(0, name_register(self->srv, text, self->port, 1));
	EXPECT_EQ(0, lookup_is(self->cli, text, 0, self->port, 1, PHX_NAME_MAX - 1));
	EXPECT_EQ(0, name_unregister(self->srv, text));
	text[PHX_NAME_MAX - 1] = 'n';
	text[PHX_NAME_MAX] = 0;
	EXPECT_ERR(ENAMETOOLONG, three(self->srv, addr(text), PHX_NAME_MAX + 1));
	EXPECT_ERR(ENAMETOOLONG, three(self->srv, addr(text), ~0U));
}

TEST_F(name, prefix_lookup_finds_the_longest_that_ends_at_a_slash)
{
	const __u32 p = self->port;
	int fd = self->cli;

	ASSERT_EQ(0, name_register(self->srv, "/", p, 1));
	ASSERT_EQ(0, name_register(self->srv, "/dev", p, 2));
	ASSERT_EQ(0, name_register(self->srv, "/dev/tty", p, 3));
	ASSERT_EQ(0, name_register(self->srv, "fs", p, 4));
	EXPECT_EQ(0, lookup_is(fd, "/dev/tty", PHX_LOOKUP_PREFIX, p, 3, 8));
	EXPECT_EQ(0, lookup_is(fd, "/dev/tty/0/a", PHX_LOOKUP_PREFIX, p, 3, 8));
	EXPECT_EQ(0, lookup_is(fd, "/dev/tty0", PHX_LOOKUP_PREFIX, p, 2, 4));
	EXPECT_EQ(0, lookup_is(fd, "/dev/", PHX_LOOKUP_PREFIX, p, 2, 4));
	EXPECT_EQ(0, lookup_is(fd, "/devil/x", PHX_LOOKUP_PREFIX, p, 1, 0));
	EXPECT_EQ(0, lookup_is(fd, "/x", PHX_LOOKUP_PREFIX, p, 1, 0));
	EXPECT_EQ(0, lookup_is(fd, "/", PHX_LOOKUP_PREFIX, p, 1, 1));
	EXPECT_EQ(0, lookup_is(fd, "fs/x/y", PHX_LOOKUP_PREFIX, p, 4, 2));
	EXPECT_EQ(0, lookup_is(fd, "fs", PHX_LOOKUP_PREFIX, p, 4, 2));
	/* The root leads nothing that does not begin there. */
	EXPECT_ERR(ENOENT, lookup_is(fd, "fsx", PHX_LOOKUP_PREFIX, p, 0, 0));
	EXPECT_ERR(ENOENT, lookup_is(fd, "x/dev", PHX_LOOKUP_PREFIX, p, 0, 0));
	/* Without the flag only all of it counts. */
	EXPECT_ERR(ENOENT, lookup_is(fd, "/dev/tty/0", 0, p, 3, 8));
	EXPECT_EQ(0, name_unregister(self->srv, "/"));
	EXPECT_ERR(ENOENT, lookup_is(fd, "/x", PHX_LOOKUP_PREFIX, p, 1, 0));
}

/* Texts of letters and slashes, all there are up to this length, by number. */
#define SHORT_MAX 6
#define SHORT_TEXTS ((2 << SHORT_MAX) - 2)

static const char *short_text(int nr, char *text)
{
	int i, len;

	for (len = 1; nr >= 1 << len; len++)
		nr -= 1 << len;
	for (i = 0; i < len; i++)
		text[i] = nr >> i & 1 ? '/' : 'a';
	text[len] = 0;
	return text;
}

static bool is_registered(const char *text, int len)
{
	char other[SHORT_MAX + 1];
	int i;

	for (i = 0; i < SHORT_TEXTS; i += 3)
		if (!strncmp(short_text(i, other), text, len) && (int)strlen(other) == len)
			return true;
	return false;
}

/* How much of it is led, as the rules say it; -1 if nothing leads. */
static int led(const char *text)
{
	int len = strlen(text);

	for (; len > 0; len--)
		if ((!text[len] || text[len] == '/') && is_registered(text, len))
			return len;
	return text[0] == '/' && is_registered("/", 1) ? 0 : -1;
}

TEST_F(name, prefix_is_the_same_whatever_letters_and_slashes_there_are)
{
	char text[SHORT_MAX + 1];
	int i, len;

	for (i = 0; i < SHORT_TEXTS; i += 3) {
		len = strlen(short_text(i, text));
		ASSERT_EQ(0, name_register(self->srv, text, self->port, len));
	}
	for (i = 0; i < SHORT_TEXTS; i++) {
		len = led(short_text(i, text));
		EXPECT_EQ(len < 0 ? -ENOENT : 0,
			  lookup_is(self->cli, text, PHX_LOOKUP_PREFIX, self->port, len ?: 1, len))
			TH_LOG("\"%s\" is led by %d bytes", text, len);
	}
}

TEST_F(name, path_of_slashes_alone_is_led_by_any_of_them)
{
	char text[PHX_NAME_MAX];
	int len;

	memset(text, '/', sizeof(text));
	text[sizeof(text) - 1] = 0;
	EXPECT_ERR(ENOENT, name_lookup(self->cli, text, PHX_LOOKUP_PREFIX, NULL, NULL));
	for (len = 1; len < PHX_NAME_MAX; len = 2 * len + 1) {
		text[len] = 0;
		ASSERT_EQ(0, name_register(self->srv, text, self->port, len));
		text[len] = len < PHX_NAME_MAX - 1 ? '/' : 0;
		EXPECT_EQ(0, lookup_is(self->cli, text, PHX_LOOKUP_PREFIX, self->port, len, len));
	}
}

TEST_F(name, port_need_not_exist_nor_be_ones_own)
{
	EXPECT_EQ(0, name_register(self->cli, "theirs", self->port, 1));
	EXPECT_EQ(0, lookup_is(self->cli, "theirs", 0, self->port, 1, 6));
	EXPECT_EQ(0, name_register(self->cli, "none", 0x7ffffff0, 2));
	EXPECT_EQ(0, lookup_is(self->srv, "none", 0, 0x7ffffff0, 2, 4));
	EXPECT_EQ(0, name_register(self->cli, "odd", 0xffffffff, 3));
	EXPECT_EQ(0, lookup_is(self->srv, "odd", 0, 0xffffffff, 3, 3));
}

TEST_F(name, name_outlives_its_port)
{
	struct phx_msg msg = { };

	ASSERT_EQ(0, name_register(self->srv, "late", self->port, 5));
	ASSERT_EQ(0, port_destroy(self->srv, self->port));
	EXPECT_EQ(0, lookup_is(self->cli, "late", 0, self->port, 5, 4));
	EXPECT_ERR(EINVAL, msg_send(self->cli, self->port, &msg));
	EXPECT_ERR(EEXIST, name_register(self->srv, "late", self->port, 6));
}

/*
 * A number comes again only after 2^31 others, so the other way round: the name
 * is bound to the number before there is a port, which then is a stranger.
 */
TEST_F(name, name_never_leads_to_a_stranger_with_the_number)
{
	__u32 next, port = 0;

	ASSERT_EQ(0, port_create(self->srv, &next));
	next += 20;
	ASSERT_EQ(0, name_register(self->cli, "/future", next, 5));
	EXPECT_EQ(0, lookup_is(self->cli, "/future", 0, next, 5, 7));
	while (port < next)
		ASSERT_EQ(0, port_create(self->srv, &port));
	if (port != next)
		SKIP(return, "somebody else creates ports");
	EXPECT_ERR(ENOENT, name_lookup(self->cli, "/future", 0, NULL, NULL));
	EXPECT_ERR(ENOENT, name_lookup(self->cli, "/future/x", PHX_LOOKUP_PREFIX, NULL, NULL));
	/* It is still taken, and can be unregistered. */
	EXPECT_ERR(EEXIST, name_register(self->cli, "/future", port, 6));
	EXPECT_EQ(0, name_unregister(self->cli, "/future"));
	EXPECT_EQ(0, name_register(self->cli, "/future", port, 6));
	EXPECT_EQ(0, lookup_is(self->cli, "/future", 0, port, 6, 7));
	/* Gone again, the number is nobody's. */
	EXPECT_EQ(0, port_destroy(self->srv, port));
	EXPECT_EQ(0, lookup_is(self->cli, "/future", 0, port, 6, 7));
}

TEST_F(name, names_go_when_their_file_is_closed_and_not_before)
{
	int fd = dev_open(0);

	ASSERT_EQ(0, name_register(fd, "mine", self->port, 1));
	ASSERT_EQ(0, name_register(fd, "too", self->port, 2));
	ASSERT_EQ(0, name_register(self->srv, "other", self->port, 3));
	EXPECT_EQ(0, lookup_is(self->cli, "mine", 0, self->port, 1, 4));
	close(fd);
	EXPECT_ERR(ENOENT, name_lookup(self->cli, "mine", 0, NULL, NULL));
	EXPECT_ERR(ENOENT, name_lookup(self->cli, "too", 0, NULL, NULL));
	EXPECT_EQ(0, lookup_is(self->cli, "other", 0, self->port, 3, 5));
	EXPECT_EQ(0, name_register(self->cli, "mine", self->port, 4));
}

TEST_F(name, any_file_of_the_user_may_unregister)
{
	ASSERT_EQ(0, name_register(self->srv, "n", self->port, 1));
	EXPECT_EQ(0, name_unregister(self->cli, "n"));
	ASSERT_EQ(0, name_register(self->cli, "n", self->port, 1));
	EXPECT_EQ(0, name_unregister(self->srv, "n"));
}

TEST_F(name, many_names_at_once)
{
	char text[32];
	int i;

	for (i = 0; i < 3000; i++) {
		sprintf(text, "/many/%d", i);
		ASSERT_EQ(0, name_register(i & 1 ? self->srv : self->cli, text, self->port, i));
	}
	for (i = 0; i < 3000; i += 7) {
		sprintf(text, "/many/%d", i);
		EXPECT_EQ(0, lookup_is(self->cli, text, 0, self->port, i, strlen(text)));
	}
	/* Only those of the file that is closed go, and all of them. */
	close(self->srv);
	for (i = 0; i < 3000; i++) {
		sprintf(text, "/many/%d", i);
		EXPECT_EQ(i & 1 ? -ENOENT : 0,
			  lookup_is(self->cli, text, 0, self->port, i, strlen(text)));
	}
}

TEST_F(name, names_of_another_network_namespace_are_not_there)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, name_register(self->srv, "/ns", self->port, 1));
	pid = fork_child();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(4);
		fd = dev_open(0);
		if (name_lookup(fd, "/ns", 0, NULL, NULL) != -ENOENT ||
		    name_unregister(fd, "/ns") != -ENOENT ||
		    name_register(fd, "/ns", 1, 2) || lookup_is(fd, "/ns", 0, 1, 2, 3))
			_exit(1);
		_exit(0);
	}
	fd = wait_child(pid);
	if (fd == 4)
		SKIP(return, "a network namespace needs root");
	EXPECT_EQ(0, fd);
	EXPECT_EQ(0, lookup_is(self->cli, "/ns", 0, self->port, 1, 3));
}

FIXTURE(user)
{
	int fd;
	struct limits_kept kept;
};

FIXTURE_SETUP(user)
{
	OPEN_OR_SKIP(self->fd);
	if (geteuid() || !limits_keep(&self->kept))
		SKIP(return, "other users and limits need root");
	ASSERT_EQ(0, limits_let_all_in());
}

FIXTURE_TEARDOWN_PARENT(user)
{
	if (!geteuid() && self->kept.mode)
		EXPECT_EQ(0, limits_put_back(&self->kept));
	close(self->fd);
}

static int as_user(uid_t uid, int (*fn)(int fd))
{
	pid_t pid = fork_child();
	int fd;

	if (pid)
		return wait_child(pid);
	if (setgid(uid) || setuid(uid))
		_exit(100);
	fd = dev_open(0);
	_exit(fd < 0 ? 101 : fn(fd) & 0xff);
}

static int unregister_name(int fd)
{
	return -name_unregister(fd, "/user");
}

static int register_twice(int fd)
{
	return name_register(fd, "/a", 1, 0) ?: -name_register(fd, "/b", 1, 0);
}

TEST_F(user, unregister_by_another_user_is_eperm)
{
	ASSERT_EQ(0, name_register(self->fd, "/user", 1, 0));
	EXPECT_EQ(EPERM, as_user(1000, unregister_name));
	EXPECT_EQ(0, name_lookup(self->fd, "/user", 0, NULL, NULL));
}

TEST_F(user, net_admin_unregisters_anybodys)
{
	pid_t pid;
	int fd, ready[2], status;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		if (setuid(1000))
			_exit(1);
		fd = dev_open(0);
		byte = name_register(fd, "/user", 1, 0);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(EPERM, as_user(1001, unregister_name));
	/* root without the capability is nobody special. */
	if (!fork_child())
		_exit(cap_drop(CAP_NET_ADMIN) || unregister_name(dev_open(0)) != EPERM);
	wait(&status);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, name_unregister(self->fd, "/user"));
	kill(pid, SIGKILL);
}

TEST_F(user, names_of_a_user_are_limited)
{
	ASSERT_EQ(0, param_write("max_names", 1));
	EXPECT_EQ(EDQUOT, as_user(1000, register_twice));
	/* Each user for itself; what failed counts for nothing. */
	ASSERT_EQ(0, cap_drop(CAP_SYS_RESOURCE));
	EXPECT_EQ(0, name_register(self->fd, "/1", 1, 0));
	EXPECT_ERR(EDQUOT, name_register(self->fd, "/2", 1, 0));
	EXPECT_EQ(0, name_unregister(self->fd, "/1"));
	EXPECT_ERR(EINVAL, name_register(self->fd, "", 1, 0));
	EXPECT_EQ(0, name_register(self->fd, "/2", 1, 0));
	EXPECT_EQ(0, name_unregister(self->fd, "/2"));
}

TEST_HARNESS_MAIN
