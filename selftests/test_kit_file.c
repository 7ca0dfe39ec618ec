// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the porting kit's calls on files say to a server, message by message, and
 * what they make of its answers. The server is a thread here that writes down what
 * comes:
 *
 *   /kit        100 directory     /kit/file   101 file of 1000 bytes
 *   /kit/link   102 -> file       /kit/dev    103, whose device is 200
 *   /kit/multi  104, of which each that is opened is another
 *   /kit/loop   105 -> loop       /kit/out    106 -> /proc/self
 */
#include "kselftest_harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/threads.h>
#include <sys/wait.h>

#define LOG_MAX 256

struct record {
	int type;
	oid_t oid;
	unsigned char raw[64];
	size_t isize, osize;
	char data[64];
};

static struct record records[LOG_MAX];
static volatile int count;
static volatile int fail_type = -1, fail_err;
static volatile short poll_answer;
static uint32_t port;

static const struct {
	const char *name;
	int id, dev;
	mode_t mode;
	const char *target;
} nodes[] = {
	{ "", 100, 100, S_IFDIR | 0755, NULL },
	{ "file", 101, 101, S_IFREG | 0644, NULL },
	{ "link", 102, 102, S_IFLNK | 0777, "file" },
	{ "dev", 103, 200, S_IFCHR | 0666, NULL },
	{ "multi", 104, 104, S_IFCHR | 0666, NULL },
	{ "loop", 105, 105, S_IFLNK | 0777, "loop" },
	{ "out", 106, 106, S_IFLNK | 0777, "/proc/self" },
};

#define NODES (int)(sizeof(nodes) / sizeof(*nodes))

static void log_message(const msg_t *msg)
{
	struct record *rec = &records[count % LOG_MAX];

	memset(rec, 0, sizeof(*rec));
	rec->type = msg->type;
	rec->oid = msg->oid;
	memcpy(rec->raw, msg->i.raw, sizeof(rec->raw));
	rec->isize = msg->i.size;
	rec->osize = msg->o.size;
	if (msg->i.data)
		memcpy(rec->data, msg->i.data,
		       msg->i.size < sizeof(rec->data) ? msg->i.size : sizeof(rec->data));
	count++;
}

static int serve_lookup(msg_t *msg)
{
	int i;

	for (i = 1; i < NODES; i++) {
		if (strcmp(nodes[i].name, msg->i.data))
			continue;
		msg->o.lookup.fil = (oid_t){ port, nodes[i].id };
		msg->o.lookup.dev = (oid_t){ port, nodes[i].dev };
		return strlen(nodes[i].name);
	}
	return -ENOENT;
}

static int node_of(id_t id)
{
	int i;

	for (i = 0; i < NODES; i++)
		if (nodes[i].id == (int)id)
			return i;
	return -1;
}

static int serve_attr(msg_t *msg)
{
	int node = node_of(msg->oid.id);

	switch (msg->i.attr.type) {
	case atMode:
		msg->o.attr.val = node < 0 ? S_IFCHR : nodes[node].mode;
		return 0;
	case atType:
		msg->o.attr.val = node == 0 ? otDir : otFile;
		return 0;
	case atSize:
		msg->o.attr.val = 1000;
		return msg->oid.id == 101 ? 0 : -EINVAL;
	case atPollStatus:
		msg->o.attr.val = poll_answer;
		return 0;
	default:
		return -EINVAL;
	}
}

static int serve_attrs(msg_t *msg)
{
	struct _attrAll *all = msg->o.data;
	int node = node_of(msg->oid.id);

	if (node < 0 || msg->o.size < sizeof(*all))
		return -EINVAL;
	memset(all, 0, sizeof(*all));
	all->mode.val = nodes[node].mode;
	all->size.val = 1000;
	all->links.val = 2;
	all->mTime.val = 1234;
	all->uid.val = 17;
	return 0;
}

static int serve_read(msg_t *msg)
{
	int node = node_of(msg->oid.id);
	int len;

	if (node >= 0 && nodes[node].target) {
		len = strlen(nodes[node].target);
		len = len < (int)msg->o.size ? len : (int)msg->o.size;
		memcpy(msg->o.data, nodes[node].target, len);
		return len;
	}
	memset(msg->o.data, 'a' + msg->i.io.offs % 26, msg->o.size);
	return msg->o.size;
}

static int serve_readdir(msg_t *msg)
{
	struct dirent *entry = msg->o.data;
	int i = msg->i.readdir.offs / 10;

	if (i >= NODES || msg->i.readdir.offs % 10)
		return -ENOENT;
	entry->d_ino = nodes[i].id;
	entry->d_reclen = 10;
	entry->d_type = DT_REG;
	strcpy(entry->d_name, i ? nodes[i].name : ".");
	entry->d_namlen = strlen(entry->d_name);
	return 0;
}

static int serve(msg_t *msg)
{
	static int next_multi = 500;

	switch (msg->type) {
	case mtLookup:
		return serve_lookup(msg);
	case mtGetAttr:
		return serve_attr(msg);
	case mtGetAttrAll:
		return serve_attrs(msg);
	case mtRead:
		return serve_read(msg);
	case mtWrite:
		return msg->i.size;
	case mtReaddir:
		return serve_readdir(msg);
	case mtOpen:
		return msg->oid.id == 104 ? next_multi++ : 0;
	case mtCreate:
		msg->o.create.oid = (oid_t){ port, 300 };
		return 0;
	case mtDevCtl:
		memcpy(msg->o.raw, "answer", 7);
		if (msg->o.data)
			memset(msg->o.data, 'z', msg->o.size);
		return 77;
	case mtStat:
		((struct statvfs *)msg->o.data)->f_bsize = 512;
		return 0;
	default:
		return 0;
	}
}

static void *server(void *arg)
{
	msg_rid_t rid;
	msg_t msg;

	(void)arg;
	while (!msgRecv(port, &msg, &rid)) {
		log_message(&msg);
		msg.o.err = msg.type == fail_type ? fail_err : serve(&msg);
		msgRespond(port, &msg, rid);
	}
	return NULL;
}

FIXTURE(file)
{
	pthread_t thread;
};

FIXTURE_SETUP(file)
{
	oid_t root = { 0 };
	int err = portCreate(&port);

	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		SKIP(return, "/dev/phxport is not there: load the module phxport");
	if (err == -EACCES)
		SKIP(return, "no permission to open /dev/phxport");
	ASSERT_EQ(0, err);
	root.id = 100;
	ASSERT_EQ(0, portRegister(port, "/kit", &root));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, server, NULL));
}

FIXTURE_TEARDOWN(file)
{
	portDestroy(port);
	if (self->thread)
		pthread_join(self->thread, NULL);
}

static void forget(void)
{
	count = 0;
	fail_type = -1;
}

/* The n-th message of a type since forget(), NULL if there was none. */
static struct record *nth(int type, int n)
{
	int i;

	for (i = 0; i < count; i++)
		if (records[i].type == type && !n--)
			return &records[i];
	return NULL;
}

static struct record *only(int type)
{
	return nth(type, 1) ? NULL : nth(type, 0);
}

static int64_t raw64(const struct record *rec, int at)
{
	int64_t val;

	memcpy(&val, rec->raw + at, sizeof(val));
	return val;
}

static unsigned int raw32(const struct record *rec, int at)
{
	unsigned int val;

	memcpy(&val, rec->raw + at, sizeof(val));
	return val;
}

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

TEST_F(file, what_is_missing_is_made_in_its_directory)
{
	struct record *rec;
	int fd;

	forget();
	fd = open("/kit/new", O_WRONLY | O_CREAT, 0640);
	ASSERT_LE(0, fd);
	rec = only(mtCreate);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(100, rec->oid.id);
	EXPECT_EQ(otFile, (int)raw32(rec, 0));
	EXPECT_EQ(S_IFREG | 0640, raw32(rec, 4));
	EXPECT_EQ(4, rec->isize);
	EXPECT_STREQ("new", (char *)rec->data);
	EXPECT_EQ(300, only(mtOpen)->oid.id);
	close(fd);
	EXPECT_EQ(-1, open("/kit/new", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, open("/kit/file", O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, open("/kit", O_RDWR));
	EXPECT_EQ(EISDIR, errno);
}

/* A file that was made and can't be opened is taken away again. */
TEST_F(file, a_file_that_cannot_be_opened_is_not_left_behind)
{
	forget();
	fail_type = mtOpen;
	fail_err = -EMFILE;
	EXPECT_EQ(-1, open("/kit/new", O_WRONLY | O_CREAT, 0640));
	EXPECT_EQ(EMFILE, errno);
	ASSERT_NE(NULL, only(mtUnlink));
	EXPECT_STREQ("new", (char *)only(mtUnlink)->data);
	EXPECT_EQ(300, only(mtDestroy)->oid.id);
}

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

TEST_F(file, links_are_followed_here)
{
	char buf[32] = "", *text = buf;
	struct stat st;
	int fd;

	fd = open("/kit/link", O_RDONLY);
	ASSERT_LE(0, fd);
	forget();
	read(fd, buf, 1);
	EXPECT_EQ(101, only(mtRead)->oid.id);
	close(fd);
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(4, readlink("/kit/link", buf, sizeof(buf)));
	EXPECT_STREQ("file", text);
	EXPECT_EQ(-1, readlink("/kit/file", buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, lstat("/kit/link", &st));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	EXPECT_EQ(0, stat("/kit/link", &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(-1, open("/kit/loop", O_RDONLY));
	EXPECT_EQ(ELOOP, errno);
	/* Out of the server and into Linux' files */
	fd = open("/kit/out/stat", O_RDONLY);
	EXPECT_LE(0, fd);
	forget();
	EXPECT_EQ(1, read(fd, buf, 1));
	EXPECT_EQ(NULL, nth(mtRead, 0));
	close(fd);
}

TEST_F(file, attributes)
{
	struct stat st;
	int fd;

	forget();
	EXPECT_EQ(0, stat("/kit/file", &st));
	EXPECT_EQ(sizeof(struct _attrAll), only(mtGetAttrAll)->osize);
	EXPECT_EQ(S_IFREG | 0644, st.st_mode);
	EXPECT_EQ(1000, st.st_size);
	EXPECT_EQ(2, st.st_nlink);
	EXPECT_EQ(17, st.st_uid);
	EXPECT_EQ(1234, st.st_mtime);
	EXPECT_EQ(port, st.st_dev);
	EXPECT_EQ(101, st.st_ino);
	fd = open("/kit/dev", O_RDWR);
	forget();
	/* The device doesn't know them: it is a device all the same. */
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(200, only(mtGetAttrAll)->oid.id);
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(103, st.st_ino);
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	close(fd);
	forget();
	EXPECT_EQ(0, chmod("/kit/file", S_IFREG | 0751));
	EXPECT_EQ(0751, raw64(only(mtSetAttr), 0));
	EXPECT_EQ(atMode, (int)raw32(only(mtSetAttr), 8));
	EXPECT_EQ(0, chown("/kit/file", 1, 1));
	EXPECT_EQ(0, access("/kit/file", W_OK));
	EXPECT_EQ(-1, access("/kit/nothing", 0));
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

TEST_F(file, entries_of_directories)
{
	struct dirent *entry;
	int found = 0;
	DIR *dir;
	long pos;

	forget();
	dir = opendir("/kit");
	ASSERT_NE(NULL, dir);
	EXPECT_EQ(0, raw32(only(mtOpen), 0));
	while ((entry = readdir(dir))) {
		if (!found++) {
			EXPECT_EQ('.', entry->d_name[0]);
		}
	}
	EXPECT_EQ(NODES, found);
	EXPECT_EQ(273, nth(mtReaddir, 0)->osize);
	EXPECT_EQ(20, raw64(nth(mtReaddir, 2), 0));
	rewinddir(dir);
	readdir(dir);
	pos = telldir(dir);
	entry = readdir(dir);
	EXPECT_EQ(0, strcmp(entry->d_name, "file"));
	seekdir(dir, pos);
	EXPECT_EQ(0, strcmp(readdir(dir)->d_name, "file"));
	EXPECT_EQ(0, closedir(dir));
	EXPECT_NE(NULL, only(mtClose));
	EXPECT_EQ(NULL, opendir("/kit/file"));
	EXPECT_EQ(ENOTDIR, errno);
}

TEST_F(file, making_and_removing)
{
	struct record *rec;

	forget();
	EXPECT_EQ(0, mkdir("/kit/d", 0750));
	rec = only(mtCreate);
	EXPECT_EQ(otDir, (int)raw32(rec, 0));
	EXPECT_EQ(S_IFDIR | 0750, raw32(rec, 4));
	EXPECT_EQ(-1, mkdir("/kit/file", 0750));
	EXPECT_EQ(EEXIST, errno);
	forget();
	EXPECT_EQ(0, symlink("to/there", "/kit/s"));
	rec = only(mtCreate);
	EXPECT_EQ(otSymlink, (int)raw32(rec, 0));
	EXPECT_EQ(11, rec->isize);
	EXPECT_EQ(0, memcmp(rec->data, "s\0to/there", 11));
	forget();
	EXPECT_EQ(0, link("/kit/file", "/kit/hard"));
	rec = only(mtLink);
	EXPECT_EQ(100, rec->oid.id);
	EXPECT_EQ(101, raw64(rec, 8));
	EXPECT_STREQ("hard", (char *)rec->data);
	forget();
	EXPECT_EQ(0, unlink("/kit/link"));
	rec = only(mtUnlink);
	EXPECT_EQ(100, rec->oid.id);
	EXPECT_EQ(102, raw64(rec, 8));
	EXPECT_STREQ("link", (char *)rec->data);
	forget();
	EXPECT_EQ(0, rename("/kit/file", "/kit/other"));
	EXPECT_STREQ("other", (char *)only(mtLink)->data);
	EXPECT_STREQ("file", (char *)only(mtUnlink)->data);
	EXPECT_EQ(-1, rmdir("/kit/file"));
	EXPECT_EQ(ENOTDIR, errno);
	EXPECT_EQ(-1, rename("/kit/file", "/tmp/phx_kit_other"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(-1, unlink("/kit/nothing"));
	EXPECT_EQ(ENOENT, errno);
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

TEST_F(file, the_current_directory_is_one_for_both)
{
	char buf[64], *res;
	int fd;

	ASSERT_EQ(0, chdir("/kit"));
	EXPECT_STREQ("/kit", getcwd(buf, sizeof(buf)));
	fd = open("file", O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(NULL, getcwd(buf, 3));
	EXPECT_EQ(ERANGE, errno);
	res = resolve_path("../kit/./link", NULL, 1, 0);
	EXPECT_STREQ("/kit/file", res);
	free(res);
	res = resolve_path("link", NULL, 0, 0);
	EXPECT_STREQ("/kit/link", res);
	free(res);
	EXPECT_EQ(NULL, resolve_path("missing", NULL, 1, 0));
	EXPECT_EQ(ENOENT, errno);
	res = resolve_path("missing", NULL, 1, 1);
	EXPECT_STREQ("/kit/missing", res);
	free(res);
	EXPECT_EQ(NULL, resolve_path("", NULL, 1, 1));
	EXPECT_EQ(-1, chdir("/kit/file"));
	EXPECT_EQ(ENOTDIR, errno);
	ASSERT_EQ(0, chdir("/proc"));
	fd = open("self/stat", O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(file, paths_that_nobody_should_give)
{
	static char many[8000];

	memset(many, '/', sizeof(many) - 1);
	EXPECT_EQ(-1, open(many, O_RDONLY));
	EXPECT_EQ(ENAMETOOLONG, errno);
	memset(many, 'x', sizeof(many) - 1);
	memcpy(many, "/kit/", 5);
	many[3000] = '\0';
	EXPECT_EQ(-1, open(many, O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(ENAMETOOLONG, errno);
	EXPECT_EQ(-1, open("", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, open(NULL, O_RDONLY));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, access("/../..//kit/./../kit/file", 0));
}

TEST_F(file, statvfs_and_sync_ask_the_server)
{
	struct statvfs st;
	int fd;

	forget();
	EXPECT_EQ(0, statvfs("/kit/file", &st));
	EXPECT_EQ(512, st.f_bsize);
	EXPECT_EQ(sizeof(struct statvfs), only(mtStat)->osize);
	fd = open("/kit/file", O_RDWR);
	EXPECT_EQ(0, fsync(fd));
	EXPECT_EQ(101, only(mtSync)->oid.id);
	EXPECT_EQ(101, raw64(only(mtSync), 8));
	close(fd);
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
