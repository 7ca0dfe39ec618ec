// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxfuse on a file server in memory: what programs expect of a file system,
 * above all where the server's ways differ from Linux'.
 */
#include "phx_fuse.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define OLD	1000000000	/* a time long ago */
#define MANY	150

/* What is at a path of the mounted file system. */
#define AT(name) (snprintf(self->path, sizeof(self->path), "%s/%s",	\
			   self->dir, (name)), self->path)

FIXTURE(fs)
{
	char dir[32];
	char path[PATH_MAX];
	char ramfs[PATH_MAX];
	char phxfuse[PATH_MAX];
	char name[32];
	pid_t server;
	pid_t fuse;
	int fd;
};

FIXTURE_VARIANT(fs)
{
	const char *options;
	char *strict;
};

FIXTURE_VARIANT_ADD(fs, plain) { .options = "rw" };

/* The server does not let a new name take the place of an old one. */
FIXTURE_VARIANT_ADD(fs, strict_writeback) {
	.options = "writeback_cache", .strict = "--strict",
};

FIXTURE_SETUP(fs)
{
	char *const server[] = { self->ramfs, "--name", self->name, variant->strict, NULL };
	char *const fuse[] = { self->phxfuse, "-f", "-o", (char *)variant->options,
			 self->name, self->dir, NULL };
	int fd, i;

	OPEN_OR_SKIP(fd);
	self->fd = fd;
	if (access("/dev/fuse", R_OK | W_OK))
		SKIP(return, "no /dev/fuse to open: load the module fuse, be root");
	if (!program(self->ramfs, "../examples/ramfs", "../examples/ramfs") ||
	    !program(self->phxfuse, "../bin/phxfuse", "../tools/phxfuse"))
		SKIP(return, "ramfs or phxfuse is not built: make examples tools");
	snprintf(self->name, sizeof(self->name), "/fuse-%d", getpid());
	snprintf(self->dir, sizeof(self->dir), "/tmp/fuse-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	self->server = start(server);
	for (i = 0; i < 1000 && name_lookup(fd, self->name, 0, NULL, NULL); i++)
		usleep(10000);
	self->fuse = start(fuse);
	wait_mounted(self->dir, true);
	ASSERT_TRUE(is_mounted(self->dir));
}

FIXTURE_TEARDOWN(fs)
{
	int status;

	if (!self->fuse)
		return;
	EXPECT_EQ(0, umount2(self->dir, 0));
	EXPECT_EQ(self->fuse, waitpid(self->fuse, &status, 0));
	EXPECT_EQ(0, status);
	kill(self->server, SIGTERM);
	EXPECT_EQ(self->server, waitpid(self->server, &status, 0));
	EXPECT_EQ(0, status);
	rmdir(self->dir);
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return close(fd) || n != (ssize_t)strlen(text) ? -EIO : 0;
}

/* The file's text, valid until the next call; or the error's name */
static const char *get(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return strerrorname_np(errno);
	close(fd);
	text[n] = '\0';
	return text;
}

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	lstat(path, &st);
	return st;
}

static int set_old(const char *path)
{
	struct timespec times[] = { { .tv_sec = OLD }, { .tv_sec = OLD } };

	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static int count(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST_F(fs, what_is_written_is_read)
{
	ASSERT_EQ(0, put(AT("file"), "hello"));
	EXPECT_STREQ("hello", get(AT("file")));
	EXPECT_EQ(5, stat_of(AT("file")).st_size);
	ASSERT_EQ(0, put(AT("file"), "bye"));
	EXPECT_STREQ("bye", get(AT("file")));
	EXPECT_STREQ("ENOENT", get(AT("other")));
	ASSERT_EQ(0, put(AT("empty"), ""));
	EXPECT_STREQ("", get(AT("empty")));
}

TEST_F_TIMEOUT(fs, large_and_odd_pieces, 120)
{
	size_t size = 3 * 1024 * 1024 + 17, piece = 70001, at;
	unsigned char *out = malloc(size), *in = malloc(size);
	int fd = open(AT("big"), O_RDWR | O_CREAT, 0644);

	for (at = 0; at < size; at++)
		out[at] = at * 7 + at / 4096;
	for (at = 0; at < size; at += piece)
		ASSERT_LT(0, pwrite(fd, out + at, size - at < piece ? size - at : piece, at));
	fsync(fd);
	close(fd);
	fd = open(self->path, O_RDONLY);
	ASSERT_EQ((ssize_t)size, pread(fd, in, size, 0));
	EXPECT_EQ(0, memcmp(in, out, size));
	for (at = 0; at < size; at += 99991)
		ASSERT_LT(0, pread(fd, in, 4097, at));
	EXPECT_EQ(0, pread(fd, in, 1, size));
	close(fd);
	fd = open(self->path, O_RDONLY | O_DIRECT);
	ASSERT_EQ((ssize_t)size, pread(fd, in, size, 0));
	EXPECT_EQ(0, memcmp(in, out, size));
	close(fd);
	free(in);
	free(out);
}

TEST_F(fs, holes_read_as_zeros)
{
	char byte = 'x', block[4096], none[4096] = { 0 };
	int fd = open(AT("sparse"), O_RDWR | O_CREAT, 0644);

	ASSERT_EQ(1, pwrite(fd, &byte, 1, 10 << 20));
	ASSERT_EQ(4096, pread(fd, block, 4096, 5 << 20));
	EXPECT_EQ(0, memcmp(block, none, 4096));
	ASSERT_EQ(0, ftruncate(fd, 100));
	ASSERT_EQ(0, ftruncate(fd, 11 << 20));
	ASSERT_EQ(1, pread(fd, &byte, 1, 10 << 20));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(11 << 20, stat_of(self->path).st_size);
	ASSERT_EQ(0, truncate(self->path, 3));
	EXPECT_EQ(3, stat_of(self->path).st_size);
	close(fd);
}

TEST_F(fs, mapped_memory)
{
	int fd = open(AT("map"), O_RDWR | O_CREAT, 0644);
	char *mem;

	ASSERT_EQ(0, ftruncate(fd, 3 * 4096));
	mem = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	strcpy(mem + 4090, "across a page");
	ASSERT_EQ(0, msync(mem, 3 * 4096, MS_SYNC));
	munmap(mem, 3 * 4096);
	close(fd);
	fd = open(self->path, O_RDONLY);
	mem = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_STREQ("across a page", mem + 4090);
	munmap(mem, 3 * 4096);
	close(fd);
}

TEST_F(fs, append)
{
	int one, two;

	ASSERT_EQ(0, put(AT("log"), "0"));
	one = open(self->path, O_WRONLY | O_APPEND);
	two = open(self->path, O_WRONLY | O_APPEND);
	EXPECT_EQ(1, write(one, "1", 1));
	EXPECT_EQ(1, write(two, "2", 1));
	EXPECT_EQ(1, write(one, "3", 1));
	close(one);
	close(two);
	EXPECT_STREQ("0123", get(self->path));
}

TEST_F(fs, exclusive_creation)
{
	int fd = open(AT("new"), O_WRONLY | O_CREAT | O_EXCL, 0600);

	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-1, open(AT("new"), O_WRONLY | O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(S_IFREG | 0600, stat_of(AT("new")).st_mode);
}

TEST_F(fs, directories)
{
	char dir[PATH_MAX];

	ASSERT_EQ(0, mkdir(AT("d"), 0750));
	EXPECT_EQ(S_IFDIR | 0750, stat_of(AT("d")).st_mode);
	EXPECT_EQ(2, stat_of(AT("d")).st_nlink);
	strcpy(dir, AT("d"));
	ASSERT_EQ(0, put(AT("d/f"), "x"));
	ASSERT_EQ(-1, rmdir(dir));
	EXPECT_EQ(ENOTEMPTY, errno);
	ASSERT_EQ(-1, mkdir(dir, 0750));
	EXPECT_EQ(EEXIST, errno);
	ASSERT_EQ(-1, unlink(dir));
	EXPECT_EQ(EISDIR, errno);
	EXPECT_EQ(3, count(dir));
	EXPECT_STREQ("ENOTDIR", get(AT("d/f/x")));
	ASSERT_EQ(0, unlink(AT("d/f")));
	ASSERT_EQ(0, rmdir(dir));
	EXPECT_STREQ("ENOENT", get(AT("d/f")));
}

/* The server's offsets shift when entries go: none must be missed for that. */
TEST_F_TIMEOUT(fs, entries_are_removed_while_they_are_read, 120)
{
	struct dirent *entry;
	char name[64];
	DIR *dir;
	int i;

	ASSERT_EQ(0, mkdir(AT("many"), 0755));
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many/a-longer-name-of-number-%d", i);
		ASSERT_EQ(0, mknod(AT(name), S_IFREG | 0644, 0));
	}
	EXPECT_EQ(MANY + 2, count(AT("many")));
	dir = opendir(AT("many"));
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ASSERT_EQ(0, unlinkat(dirfd(dir), entry->d_name, 0));
	rewinddir(dir);
	for (i = 0; readdir(dir); i++)
		;
	EXPECT_EQ(2, i);
	closedir(dir);
	EXPECT_EQ(0, rmdir(AT("many")));
}

TEST_F(fs, seekdir_goes_back_to_the_same_entry)
{
	char second[256], name[32];
	struct dirent *entry;
	DIR *dir;
	long at;
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(0, put(AT(name), ""));
	}
	dir = opendir(self->dir);
	readdir(dir);
	at = telldir(dir);
	entry = readdir(dir);
	strcpy(second, entry->d_name);
	while (readdir(dir))
		;
	seekdir(dir, at);
	entry = readdir(dir);
	EXPECT_STREQ(second, entry->d_name);
	closedir(dir);
}

TEST_F(fs, long_names)
{
	char name[300];
	nlink_t links;

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	EXPECT_EQ(0, put(AT(name), "long"));
	EXPECT_STREQ("long", get(AT(name)));
	links = stat_of(self->dir).st_nlink;
	name[255] = 'n';
	name[256] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, put(AT(name), ""));
	EXPECT_EQ(-1, mkdir(AT(name), 0755));
	EXPECT_EQ(ENAMETOOLONG, errno);
	EXPECT_STREQ("ENAMETOOLONG", get(AT(name)));
	EXPECT_EQ(links, stat_of(self->dir).st_nlink);
}

TEST_F_TIMEOUT(fs, deep_directories, 120)
{
	int fd = open(self->dir, O_RDONLY | O_DIRECTORY), below, i;
	char name[60], command[100];

	memset(name, 'd', sizeof(name));
	name[59] = '\0';
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, mkdirat(fd, name, 0755));
		below = openat(fd, name, O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, below);
		close(fd);
		fd = below;
	}
	below = openat(fd, "bottom", O_CREAT | O_WRONLY, 0644);
	EXPECT_LE(0, below);
	close(below);
	snprintf(command, sizeof(command), "rm -r %s/ddd*", self->dir);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(-1, openat(fd, "more", O_CREAT | O_WRONLY, 0644));
	close(fd);
}

TEST_F(fs, hard_links_are_one_inode)
{
	char other[PATH_MAX];

	ASSERT_EQ(0, put(AT("a"), "one"));
	strcpy(other, AT("b"));
	ASSERT_EQ(0, link(AT("a"), other));
	EXPECT_EQ(stat_of(AT("a")).st_ino, stat_of(other).st_ino);
	EXPECT_EQ(2, stat_of(other).st_nlink);
	ASSERT_EQ(0, put(other, "two"));
	EXPECT_STREQ("two", get(AT("a")));
	EXPECT_EQ(-1, link(AT("a"), other));
	EXPECT_EQ(EEXIST, errno);
	ASSERT_EQ(0, unlink(AT("a")));
	EXPECT_STREQ("two", get(other));
	EXPECT_EQ(1, stat_of(other).st_nlink);
	EXPECT_EQ(-1, link(self->dir, other));
}

TEST_F(fs, symbolic_links)
{
	char target[3000], back[PATH_MAX];

	ASSERT_EQ(0, put(AT("file"), "text"));
	ASSERT_EQ(0, symlink("file", AT("link")));
	EXPECT_STREQ("text", get(AT("link")));
	EXPECT_EQ(S_IFLNK, stat_of(AT("link")).st_mode & S_IFMT);
	EXPECT_EQ(4, stat_of(AT("link")).st_size);
	memset(target, 't', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	ASSERT_EQ(0, symlink(target, AT("far")));
	ASSERT_EQ((ssize_t)sizeof(target) - 1, readlink(AT("far"), back, sizeof(back)));
	EXPECT_EQ(0, memcmp(target, back, sizeof(target) - 1));
	ASSERT_EQ(0, symlink("loop", AT("loop")));
	EXPECT_STREQ("ELOOP", get(AT("loop")));
	EXPECT_EQ(-1, symlink("x", AT("link")));
	EXPECT_EQ(EEXIST, errno);
	ASSERT_EQ(0, unlink(AT("link")));
	EXPECT_STREQ("text", get(AT("file")));
}

TEST_F(fs, rename_takes_the_place_of_another)
{
	char to[PATH_MAX];
	int fd;

	ASSERT_EQ(0, put(AT("old"), "old"));
	ASSERT_EQ(0, put(AT("new"), "new"));
	fd = open(AT("new"), O_RDONLY);
	strcpy(to, AT("new"));
	ASSERT_EQ(0, rename(AT("old"), to));
	EXPECT_STREQ("old", get(to));
	EXPECT_STREQ("ENOENT", get(AT("old")));
	EXPECT_EQ(3, read(fd, self->path, 3));
	EXPECT_EQ(0, memcmp("new", self->path, 3));
	EXPECT_EQ(1, stat_of(to).st_nlink);
	close(fd);
}

/* The server still says what kind the first object of that name was. */
TEST_F(fs, rename_of_another_kind)
{
	struct dirent *entry;
	char to[PATH_MAX];
	DIR *dir;

	ASSERT_EQ(0, put(AT("name"), "file"));
	ASSERT_EQ(0, symlink("nowhere", AT("link")));
	strcpy(to, AT("name"));
	ASSERT_EQ(0, rename(AT("link"), to));
	EXPECT_EQ(S_IFLNK, stat_of(to).st_mode & S_IFMT);
	dir = opendir(self->dir);
	while ((entry = readdir(dir)))
		if (!strcmp(entry->d_name, "name"))
			EXPECT_NE(DT_REG, entry->d_type);
	closedir(dir);
}

TEST_F(fs, rename_between_directories)
{
	char to[PATH_MAX];

	ASSERT_EQ(0, mkdir(AT("d"), 0755));
	ASSERT_EQ(0, put(AT("f"), "f"));
	strcpy(to, AT("d/g"));
	ASSERT_EQ(0, rename(AT("f"), to));
	EXPECT_STREQ("f", get(to));
	ASSERT_EQ(0, put(AT("f"), "other"));
	EXPECT_EQ(-1, renameat2(AT_FDCWD, AT("f"), AT_FDCWD, to, RENAME_NOREPLACE));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, renameat2(AT_FDCWD, AT("f"), AT_FDCWD, to, RENAME_EXCHANGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_STREQ("f", get(to));
	strcpy(to, AT("e"));
	EXPECT_EQ(-1, rename(AT("d"), to));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_STREQ("f", get(AT("d/g")));
}

TEST_F(fs, rename_to_a_link_of_itself_does_nothing)
{
	char to[PATH_MAX];

	ASSERT_EQ(0, put(AT("a"), "x"));
	strcpy(to, AT("b"));
	ASSERT_EQ(0, link(AT("a"), to));
	ASSERT_EQ(0, rename(AT("a"), to));
	EXPECT_STREQ("x", get(AT("a")));
	EXPECT_EQ(2, stat_of(to).st_nlink);
}

/* The server uses the id again at once. */
TEST_F(fs, deleted_files_are_not_their_successors)
{
	int path_fd, fd;
	struct stat st;
	char text[8];

	ASSERT_EQ(0, put(AT("secret"), "first"));
	path_fd = open(self->path, O_PATH);
	ASSERT_EQ(0, unlink(self->path));
	ASSERT_EQ(0, put(AT("other"), "second"));
	snprintf(self->path, sizeof(self->path), "/proc/self/fd/%d", path_fd);
	EXPECT_EQ(-1, open(self->path, O_RDONLY));
	EXPECT_EQ(-1, truncate(self->path, 0));
	EXPECT_EQ(-1, chmod(self->path, 0777));
	EXPECT_EQ(0644, stat_of(AT("other")).st_mode & 0777);
	EXPECT_STREQ("second", get(AT("other")));
	close(path_fd);

	fd = open(AT("other"), O_RDWR);
	ASSERT_EQ(0, unlink(self->path));
	ASSERT_EQ(0, put(AT("third"), "third"));
	ASSERT_EQ(6, pread(fd, text, sizeof(text), 0));
	EXPECT_EQ(0, memcmp("second", text, 6));
	ASSERT_EQ(1, pwrite(fd, "S", 1, 0));
	ASSERT_EQ(0, ftruncate(fd, 2));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(2, st.st_size);
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_STREQ("third", get(AT("third")));
	EXPECT_NE(stat_of(AT("third")).st_ino, st.st_ino);
	snprintf(self->path, sizeof(self->path), "/proc/self/fd/%d", fd);
	EXPECT_STREQ("Se", get(self->path));
	close(fd);
}

TEST_F_TIMEOUT(fs, many_generations_of_an_id, 120)
{
	char name[32];
	int i, fds[20];

	for (i = 0; i < 60; i++) {
		int slot = i % 20;

		if (i >= 20) {
			char text[8] = "";
			char want[8];

			snprintf(want, sizeof(want), "%d", i - 20);
			EXPECT_EQ((ssize_t)strlen(want), pread(fds[slot], text, 7, 0));
			EXPECT_STREQ(want, text);
			close(fds[slot]);
		}
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(0, put(AT("tmp"), name));
		fds[slot] = open(self->path, O_RDONLY);
		ASSERT_EQ(0, unlink(self->path));
	}
	for (i = 0; i < 20; i++)
		close(fds[i]);
}

TEST_F(fs, directory_that_is_gone)
{
	int fd;

	ASSERT_EQ(0, mkdir(AT("d"), 0755));
	fd = open(self->path, O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(0, rmdir(self->path));
	ASSERT_EQ(0, mkdir(AT("e"), 0755));
	ASSERT_EQ(0, put(AT("e/file"), ""));
	EXPECT_EQ(-1, openat(fd, "file", O_RDONLY));
	EXPECT_EQ(-1, openat(fd, "new", O_WRONLY | O_CREAT, 0644));
	EXPECT_EQ(3, count(AT("e")));
	close(fd);
}

TEST_F(fs, times_and_modes)
{
	struct stat st;

	ASSERT_EQ(0, put(AT("f"), "x"));
	ASSERT_EQ(0, set_old(AT("f")));
	st = stat_of(self->path);
	EXPECT_EQ(OLD, st.st_mtime);
	EXPECT_EQ(OLD, st.st_atime);
	ASSERT_EQ(0, chmod(self->path, 04711));
	ASSERT_EQ(0, chown(self->path, 1000, 1001));
	st = stat_of(self->path);
	EXPECT_EQ(1000, st.st_uid);
	EXPECT_EQ(1001, st.st_gid);
	EXPECT_EQ(0711, st.st_mode & 0777);
	/* the server sets it, Linux doesn't */
	EXPECT_EQ(OLD, st.st_mtime);
	ASSERT_EQ(0, utimensat(AT_FDCWD, self->path, NULL, 0));
	EXPECT_LT(time(NULL) - 100, stat_of(self->path).st_mtime);
}

/* The server doesn't set the modification time on a write, Linux does. */
TEST_F(fs, a_write_changes_the_modification_time)
{
	char link_to[PATH_MAX];
	int fd;

	ASSERT_EQ(0, put(AT("f"), "x"));
	ASSERT_EQ(0, set_old(self->path));
	fd = open(self->path, O_WRONLY);
	ASSERT_EQ(1, write(fd, "y", 1));
	EXPECT_LT(OLD, stat_of(self->path).st_mtime);
	close(fd);
	EXPECT_LT(OLD, stat_of(self->path).st_mtime);
	/* a time that is set after the write, before the close */
	fd = open(self->path, O_WRONLY);
	ASSERT_EQ(1, write(fd, "z", 1));
	ASSERT_EQ(0, set_old(self->path));
	close(fd);
	EXPECT_EQ(OLD, stat_of(self->path).st_mtime);
	/* names are not contents */
	strcpy(link_to, AT("g"));
	ASSERT_EQ(0, link(AT("f"), link_to));
	EXPECT_EQ(OLD, stat_of(link_to).st_mtime);
	ASSERT_EQ(0, unlink(AT("f")));
	EXPECT_EQ(OLD, stat_of(link_to).st_mtime);
	ASSERT_EQ(0, rename(link_to, AT("h")));
	EXPECT_EQ(OLD, stat_of(AT("h")).st_mtime);
}

TEST_F(fs, owners)
{
	int status;

	ASSERT_EQ(0, chmod(self->dir, 0777));
	if (!fork()) {
		if (setgid(1001) || setuid(1000))
			_exit(1);
		/* others than who mounted it are kept out */
		_exit(put(AT("mine"), "x") == -EACCES ? 0 : 2);
	}
	wait(&status);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mkdir(AT("d"), 0755));
	EXPECT_EQ(0, chown(AT("d"), 0, 1001));
	EXPECT_EQ(0, chmod(AT("d"), 02755));
	EXPECT_EQ(0, put(AT("d/f"), ""));
	EXPECT_EQ(1001, stat_of(AT("d/f")).st_gid);
	EXPECT_EQ(0, mkdir(AT("d/e"), 0755));
	EXPECT_EQ(02755, stat_of(AT("d/e")).st_mode & 07777);
}

TEST_F(fs, special_files)
{
	int fd;

	ASSERT_EQ(0, mkfifo(AT("fifo"), 0600));
	EXPECT_EQ(S_IFIFO | 0600, stat_of(AT("fifo")).st_mode);
	fd = open(AT("fifo"), O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(4, write(fd, "pipe", 4));
	EXPECT_EQ(4, read(fd, self->path, 10));
	close(fd);
	ASSERT_EQ(0, unlink(AT("fifo")));
	EXPECT_EQ(-1, mknod(AT("null"), S_IFCHR | 0666, makedev(1, 3)));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(fs, the_file_system_as_a_whole)
{
	struct statfs st;

	ASSERT_EQ(0, statfs(self->dir, &st));
	EXPECT_EQ(255, st.f_namelen);
	EXPECT_EQ(1L << 30, (long)(st.f_blocks * st.f_bsize));
	EXPECT_LT(0, st.f_bfree);
}

TEST_HARNESS_MAIN
