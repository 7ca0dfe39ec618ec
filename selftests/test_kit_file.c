// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the porting kit's calls on open files say to a server, message by message,
 * and what they make of its answers.
 */
#include "phx_kit_server.h"

TEST_F(file, open_says_the_flags_and_close_those_that_stay)
{
	struct record *rec;
	int fd;

	forget();
	fd = open("/kit/file", O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	ASSERT_LE(0, fd);
	rec = only(mtOpen);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(101, rec->oid.id);
	EXPECT_EQ(O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, raw32(rec, 0));
	EXPECT_EQ(NULL, nth(mtCreate, 0));
	EXPECT_EQ(0, close(fd));
	rec = only(mtClose);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(101, rec->oid.id);
	EXPECT_EQ(O_RDWR | O_NONBLOCK, raw32(rec, 0));
	EXPECT_EQ(-1, close(fd));
	EXPECT_EQ(EBADF, errno);
}

/* A file that was made and can't be opened is taken away again. */
TEST_F(file, reads_and_writes_carry_the_offset)
{
	int fd = open("/kit/file", O_RDWR);
	struct record *rec;
	char buf[3000], *volatile nowhere = NULL;

	ASSERT_LE(0, fd);
	forget();
	EXPECT_EQ(10, read(fd, buf, 10));
	EXPECT_EQ(2000, read(fd, buf, 2000));
	EXPECT_EQ('a' + 10, buf[1999]);
	EXPECT_EQ(5, pread(fd, buf, 5, 1LL << 40));
	EXPECT_EQ(7, write(fd, "1234567", 7));
	EXPECT_EQ(7, pwrite(fd, "abcdefg", 7, 3));
	EXPECT_EQ(0, raw64(nth(mtRead, 0), 0));
	EXPECT_EQ(0, raw64(nth(mtRead, 0), 8));
	EXPECT_EQ(O_RDWR, raw32(nth(mtRead, 0), 16));
	EXPECT_EQ(10, nth(mtRead, 0)->osize);
	EXPECT_EQ(10, raw64(nth(mtRead, 1), 0));
	EXPECT_EQ(1LL << 40, raw64(nth(mtRead, 2), 0));
	rec = nth(mtWrite, 0);
	EXPECT_EQ(2010, raw64(rec, 0));
	EXPECT_EQ(0, memcmp(rec->data, "1234567", 7));
	EXPECT_EQ(3, raw64(nth(mtWrite, 1), 0));
	EXPECT_EQ(2017, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(990, lseek(fd, -10, SEEK_END));
	EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(fd, buf, 1, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(fd, nowhere, 5));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
}

TEST_F(file, access_modes_are_kept)
{
	int rd = open("/kit/file", O_RDONLY), wr = open("/kit/file", O_WRONLY);
	char byte;

	EXPECT_EQ(-1, write(rd, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, read(wr, &byte, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, ftruncate(rd, 1));
	EXPECT_EQ(EBADF, errno);
	close(rd);
	close(wr);
}

TEST_F(file, append_and_truncate_come_after_open)
{
	int fd;

	forget();
	fd = open("/kit/file", O_WRONLY | O_APPEND | O_TRUNC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, raw64(only(mtTruncate), 8));
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(1000, raw64(only(mtWrite), 0));
	forget();
	EXPECT_EQ(0, ftruncate(fd, 12345));
	EXPECT_EQ(12345, raw64(only(mtTruncate), 8));
	EXPECT_EQ(-1, ftruncate(fd, -1));
	EXPECT_EQ(0, truncate("/kit/file", 5));
	EXPECT_EQ(5, raw64(nth(mtTruncate, 1), 8));
	close(fd);
}

TEST_F(file, a_device_is_spoken_to_not_its_node)
{
	int fd;

	forget();
	fd = open("/kit/dev", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(200, only(mtOpen)->oid.id);
	close(fd);
	EXPECT_EQ(200, only(mtClose)->oid.id);
}

TEST_F(file, opening_may_give_another_object)
{
	int a = open("/kit/multi", O_RDWR), b = open("/kit/multi", O_RDWR);
	id_t first;

	forget();
	write(a, "x", 1);
	write(b, "x", 1);
	first = nth(mtWrite, 0)->oid.id;
	EXPECT_LE(500, first);
	EXPECT_EQ(first + 1, nth(mtWrite, 1)->oid.id);
	close(a);
	EXPECT_EQ(first, only(mtClose)->oid.id);
	close(b);
}

TEST_F(file, numbers_can_be_doubled_and_close_comes_last)
{
	int fd = open("/kit/file", O_RDWR), other, fixed;
	char byte;

	forget();
	other = dup(fd);
	EXPECT_NE(fd, other);
	fixed = dup2(fd, 77);
	EXPECT_EQ(77, fixed);
	EXPECT_EQ(fd, dup2(fd, fd));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(1, read(other, &byte, 1));
	EXPECT_EQ(1, lseek(fixed, 0, SEEK_CUR));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(NULL, nth(mtClose, 0));
	/* Linux' file takes the place: that closes it */
	other = open("/dev/zero", O_RDONLY);
	EXPECT_EQ(77, dup2(other, 77));
	EXPECT_NE(NULL, only(mtClose));
	EXPECT_EQ(1, read(77, &byte, 1));
	EXPECT_EQ(0, byte);
	close(77);
	close(other);
	EXPECT_EQ(-1, dup(77));
}

TEST_F(file, linux_never_reaches_the_number)
{
	int fd = open("/kit/file", O_RDWR);
	char byte = 0;

	EXPECT_EQ(-1, syscall(0 /* read */, fd, &byte, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, syscall(1 /* write */, fd, &byte, 1));
	EXPECT_EQ(EBADF, errno);
	close(fd);
}

TEST_F(file, ioctls_travel_inline_or_lent)
{
	int fd = open("/kit/dev", O_RDWR), value = 42;
	char mid[48] = "mid", large[300] = "large";
	struct record *rec;

	forget();
	EXPECT_EQ(77, ioctl(fd, _IOW('x', 1, int), &value));
	rec = nth(mtDevCtl, 0);
	EXPECT_EQ(_IOW('x', 1, int), (unsigned long)raw64(rec, 0));
	EXPECT_EQ(4, raw64(rec, 8));
	EXPECT_EQ(42, (int)raw32(rec, 16));
	EXPECT_EQ(77, ioctl(fd, _IOV('x', 2, int), 43));
	EXPECT_EQ(43, (int)raw32(nth(mtDevCtl, 1), 16));
	EXPECT_EQ(77, ioctl(fd, _IOW('x', 3, char[48]), mid));
	EXPECT_EQ(0, nth(mtDevCtl, 2)->isize);
	EXPECT_EQ('m', nth(mtDevCtl, 2)->raw[16]);
	EXPECT_EQ(77, ioctl(fd, _IOW('x', 4, char[300]), large));
	EXPECT_EQ(300, nth(mtDevCtl, 3)->isize);
	EXPECT_EQ('l', nth(mtDevCtl, 3)->data[0]);
	EXPECT_EQ(77, ioctl(fd, _IOR('x', 5, char[48]), mid));
	EXPECT_EQ(0, strcmp(mid, "answer"));
	EXPECT_EQ(77, ioctl(fd, _IOWR('x', 6, char[300]), large));
	EXPECT_EQ(300, nth(mtDevCtl, 5)->osize);
	EXPECT_EQ('z', large[299]);
	EXPECT_EQ(-1, ioctl(fd, _IOW('x', 1, int), NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, _IOC_NESTED(IOC_IN, 'S', 1, int), &value));
	EXPECT_EQ(ENOSYS, errno);
	close(fd);
}

TEST_F(file, poll_asks_servers_and_linux)
{
	int fd = open("/kit/dev", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	struct pollfd fds[3] = {
		{ .fd = fd, .events = POLLIN }, { .fd = -1 }, { .fd = zero },
	};

	forget();
	poll_answer = 0;
	EXPECT_EQ(0, poll(fds, 3, 10));
	EXPECT_EQ(POLLIN, raw64(nth(mtGetAttr, 0), 0));
	EXPECT_EQ(atPollStatus, (int)raw32(nth(mtGetAttr, 0), 8));
	poll_answer = POLLIN | POLLOUT;
	fds[2].events = POLLIN;
	EXPECT_EQ(2, poll(fds, 3, -1));
	EXPECT_EQ(POLLIN, fds[0].revents);
	EXPECT_EQ(POLLIN, fds[2].revents);
	fail_type = mtGetAttr;
	fail_err = -EINVAL;
	EXPECT_EQ(1, poll(fds, 1, -1));
	EXPECT_EQ(POLLHUP, fds[0].revents);
	close(zero);
	close(fd);
}

TEST_F(file, streams)
{
	FILE *stream = fopen("/kit/file", "r+");
	char buf[5000];

	ASSERT_NE(NULL, stream);
	EXPECT_EQ(5000, fread(buf, 1, 5000, stream));
	EXPECT_EQ(0, fseek(stream, 100, SEEK_SET));
	forget();
	EXPECT_EQ(8, fprintf(stream, "line %d\n", 42));
	EXPECT_EQ(0, fclose(stream));
	EXPECT_EQ(100, raw64(only(mtWrite), 0));
	EXPECT_EQ(0, memcmp(only(mtWrite)->data, "line 42\n", 8));
	EXPECT_NE(NULL, only(mtClose));
	EXPECT_EQ(NULL, fopen("/kit/nothing", "r"));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(NULL, fopen("/kit/file", "q"));
}

TEST_F(file, a_server_that_boasts_is_not_believed)
{
	int fd = open("/kit/file", O_RDWR);
	char buf[10];

	fail_type = mtRead;
	fail_err = 11;
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, readlink("/kit/link", buf, sizeof(buf)));
	EXPECT_EQ(EIO, errno);
	fail_type = mtWrite;
	EXPECT_EQ(-1, write(fd, buf, sizeof(buf)));
	EXPECT_EQ(EIO, errno);
	close(fd);
}

TEST_F(file, a_server_that_says_eintr_is_not_asked_again)
{
	struct stat st;

	forget();
	fail_err = -EINTR;
	fail_type = mtLookup;
	EXPECT_EQ(-1, open("/kit/file", O_RDONLY));
	EXPECT_EQ(EINTR, errno);
	EXPECT_NE(NULL, only(mtLookup));
	fail_type = mtGetAttrAll;
	EXPECT_EQ(-1, stat("/kit/file", &st));
	EXPECT_EQ(EINTR, errno);
	EXPECT_NE(NULL, only(mtGetAttrAll));
}

static volatile bool disturb;

static void *disturber(void *main_thread)
{
	while (disturb) {
		pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
		usleep(300);
	}
	return NULL;
}

static void nothing(int sig)
{
}

TEST_F(file, signals_do_not_keep_anybody_from_attributes)
{
	struct sigaction act = { .sa_handler = nothing };
	pthread_t self_thread = pthread_self(), thread;
	struct stat st;
	int i, failed = 0;

	sigaction(SIGUSR1, &act, NULL);
	disturb = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, disturber, &self_thread));
	for (i = 0; i < rounds(1000); i++)
		failed += stat("/kit/file", &st) != 0;
	disturb = false;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, failed);
}

/* A server counts: the child opens what it uses, and only that. */
TEST_F(file, a_child_opens_again_what_it_uses)
{
	int used = open("/kit/file", O_RDWR), unused = open("/kit/file", O_RDWR);
	int status;
	char byte;
	pid_t pid;

	forget();
	pid = fork();
	if (!pid)
		exit(read(used, &byte, 1) != 1);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_NE(NULL, only(mtOpen));
	EXPECT_NE(NULL, only(mtClose));
	close(used);
	close(unused);
	EXPECT_NE(NULL, nth(mtClose, 2));
	EXPECT_EQ(NULL, nth(mtClose, 3));
}

TEST_F(file, a_server_that_is_gone_is_an_io_error)
{
	int fd = open("/kit/file", O_RDWR);
	char byte;

	portDestroy(port);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, close(fd));
	/* Its name is there as long as its process. */
	EXPECT_EQ(-1, open("/kit/file", O_RDONLY));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, portUnregister("/kit"));
	EXPECT_EQ(-1, open("/kit/file", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
}

TEST_HARNESS_MAIN
