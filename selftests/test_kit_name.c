// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the porting kit's calls on paths, names and directories say to a server,
 * and what they make of its answers.
 */
#include "phx_kit_server.h"

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

TEST_F(file, entry_is_as_long_as_it_is)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir("/kit");
	ASSERT_NE(NULL, dir);
	longer_by = 60000;
	readdir(dir);
	entry = readdir(dir);
	longer_by = 0;
	ASSERT_NE(NULL, entry);
	EXPECT_EQ(0, strcmp(entry->d_name, "file"));
	EXPECT_EQ(4, entry->d_namlen);
	closedir(dir);
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

TEST_HARNESS_MAIN
