// SPDX-License-Identifier: GPL-2.0-only
/*
 * The porting kit's structures, and what its headers say: no device is needed.
 */
#include "phx_harness.h"

#include <board_config.h>
#include <dirent.h>
#include <fcntl.h>
#include <phoenix/attribute.h>
#include <poll.h>
#include <posix/idtree.h>
#include <posix/utils.h>
#include <sys/file.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/list.h>
#include <sys/minmax.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/rb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#if _PAGE_SIZE != 4096
#error "programs ask for the size of a page in #if"
#endif

struct item {
	struct item *next, *prev;
	rbnode_t node;
	int key;
	int count;	/* of nodes below it and itself */
};

TEST(types_have_the_sizes_of_phoenix)
{
	EXPECT_EQ(8, sizeof(id_t));
	EXPECT_EQ(4, sizeof(handle_t));
	EXPECT_EQ(8, sizeof(addr_t));
	EXPECT_EQ(16, sizeof(oid_t));
	EXPECT_EQ(200, sizeof(msg_t));
	EXPECT_EQ(16, offsetof(struct dirent, d_name));
	EXPECT_EQ(12, offsetof(struct dirent, d_reclen));
	EXPECT_EQ(14, offsetof(struct dirent, d_namlen));
	EXPECT_EQ(16, sizeof(ioctl_in_t));
	EXPECT_EQ(0, EOK);
}

TEST(flags_of_files_are_those_of_phoenix)
{
	EXPECT_EQ(1, O_RDONLY);
	EXPECT_EQ(2, O_WRONLY);
	EXPECT_EQ(4, O_RDWR);
	EXPECT_EQ(8, O_APPEND);
	EXPECT_EQ(0x100, O_CREAT);
	EXPECT_EQ(0x200, O_TRUNC);
	EXPECT_EQ(0x400, O_EXCL);
	EXPECT_EQ(0x1000, O_NONBLOCK);
	EXPECT_EQ(7, O_ACCMODE);
	EXPECT_EQ(4, F_GETFL);
	EXPECT_EQ(2, F_GETFD);
}

TEST(numbers_of_ioctls_have_the_bits_of_phoenix)
{
	EXPECT_EQ(0x80047402UL, _IOW('t', 2, int));
	EXPECT_EQ(0x40047402UL, _IOR('t', 2, int));
	EXPECT_EQ(0xc0047402UL, _IOWR('t', 2, int));
	EXPECT_EQ(0x00047402UL, _IOV('t', 2, int));
	EXPECT_EQ(0x00007402UL, _IO('t', 2));
	EXPECT_EQ(300, IOCPARM_LEN(_IOW('t', 2, char[300])));
	EXPECT_EQ('t', IOCGROUP(TCGETS));
}

TEST(minmax_evaluates_once)
{
	int a = 1, b = 5;

	EXPECT_EQ(5, max(a++, b++));
	EXPECT_EQ(2, a);
	EXPECT_EQ(6, b);
	EXPECT_EQ(2, min(a, b));
}

TEST(a_list_is_a_ring_whose_first_element_it_is)
{
	struct item it[3] = { { 0 } }, *list = NULL;
	int i;

	for (i = 0; i < 3; i++)
		LIST_ADD(&list, &it[i]);
	EXPECT_EQ(&it[0], list);
	EXPECT_EQ(&it[1], list->next);
	EXPECT_EQ(&it[2], list->prev);
	EXPECT_EQ(list, it[2].next);
	LIST_REMOVE(&list, &it[0]);
	EXPECT_EQ(&it[1], list);
	EXPECT_EQ(NULL, it[0].next);
	EXPECT_EQ(NULL, it[0].prev);
	LIST_REMOVE(&list, &it[2]);
	EXPECT_EQ(&it[1], it[1].next);
	EXPECT_EQ(&it[1], it[1].prev);
	LIST_REMOVE(&list, &it[1]);
	EXPECT_EQ(NULL, list);
	LIST_ADD(&list, (struct item *)NULL);
	EXPECT_EQ(NULL, list);
}

static struct item *item_of(rbnode_t *node)
{
	return lib_treeof(struct item, node, node);
}

static int by_key(rbnode_t *a, rbnode_t *b)
{
	return item_of(a)->key - item_of(b)->key;
}

static int count_of(rbnode_t *node)
{
	return node ? item_of(node)->count : 0;
}

static void count(rbnode_t *node)
{
	item_of(node)->count = count_of(node->left) + count_of(node->right) + 1;
}

/* Returns the height in black nodes, or -1 if anything is wrong. */
static int check_below(rbnode_t *node)
{
	int left, right;

	if (!node)
		return 0;
	left = check_below(node->left);
	right = check_below(node->right);
	if (left < 0 || left != right)
		return -1;
	if (node->left && (node->left->parent != node || by_key(node->left, node) >= 0))
		return -1;
	if (node->right && (node->right->parent != node || by_key(node->right, node) <= 0))
		return -1;
	if (node->color == RB_RED && ((node->left && node->left->color == RB_RED) ||
				      (node->right && node->right->color == RB_RED)))
		return -1;
	if (item_of(node)->count != count_of(node->left) + count_of(node->right) + 1)
		return -1;
	return left + (node->color == RB_BLACK);
}

#define ITEMS 500

TEST(a_tree_stays_balanced_and_augmented_whatever_comes_and_goes)
{
	static struct item it[ITEMS];
	bool in[ITEMS] = { false };
	unsigned int seed = 7;
	rbtree_t tree;
	int i, k, members = 0;

	lib_rbInit(&tree, by_key, count);
	for (i = 0; i < ITEMS; i++)
		it[i].key = i;
	for (i = 0; i < 20 * ITEMS; i++) {
		k = rand_r(&seed) % ITEMS;
		if (in[k]) {
			lib_rbRemove(&tree, &it[k].node);
			members--;
		} else {
			EXPECT_EQ(NULL, lib_rbInsert(&tree, &it[k].node));
			members++;
		}
		in[k] = !in[k];
		ASSERT_LE(0, check_below(tree.root));
		ASSERT_EQ(members, count_of(tree.root));
	}
}

TEST(a_tree_says_who_is_equal_and_who_is_next)
{
	struct item it[4] = { { .key = 1 }, { .key = 2 }, { .key = 3 }, { .key = 2 } };
	rbtree_t tree;
	int i;

	lib_rbInit(&tree, by_key, NULL);
	EXPECT_EQ(NULL, lib_rbMinimum(tree.root));
	EXPECT_EQ(NULL, lib_rbFind(&tree, &it[0].node));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(NULL, lib_rbInsert(&tree, &it[i].node));
	EXPECT_EQ(&it[1].node, lib_rbInsert(&tree, &it[3].node));
	EXPECT_EQ(&it[1].node, lib_rbFind(&tree, &it[3].node));
	EXPECT_EQ(&it[0].node, lib_rbMinimum(tree.root));
	EXPECT_EQ(&it[2].node, lib_rbMaximum(tree.root));
	EXPECT_EQ(&it[1].node, lib_rbNext(&it[0].node));
	EXPECT_EQ(&it[1].node, lib_rbPrev(&it[2].node));
	EXPECT_EQ(NULL, lib_rbNext(&it[2].node));
	EXPECT_EQ(NULL, lib_rbPrev(&it[0].node));
	EXPECT_EQ(NULL, item_of(NULL));
}

TEST(the_smallest_free_number_is_given)
{
	static idnode_t nodes[200], again[3];
	idtree_t tree;
	int i;

	idtree_init(&tree);
	EXPECT_EQ(NULL, idtree_find(&tree, 0));
	for (i = 0; i < 200; i++)
		ASSERT_EQ(i, idtree_alloc(&tree, &nodes[i]));
	EXPECT_EQ(&nodes[77], idtree_find(&tree, 77));
	EXPECT_EQ(77, idtree_id(&nodes[77]));
	EXPECT_EQ(NULL, idtree_find(&tree, 200));
	idtree_remove(&tree, &nodes[150]);
	idtree_remove(&tree, &nodes[3]);
	EXPECT_EQ(NULL, idtree_find(&tree, 3));
	EXPECT_EQ(3, idtree_alloc(&tree, &again[0]));
	EXPECT_EQ(150, idtree_alloc(&tree, &again[1]));
	EXPECT_EQ(200, idtree_alloc(&tree, &again[2]));
}

TEST(attributes_begin_with_an_error)
{
	struct _attrAll all;

	memset(&all, 0xff, sizeof(all));
	_phoenix_initAttrsStruct(&all, -ENOSYS);
	EXPECT_EQ(-ENOSYS, all.mode.err);
	EXPECT_EQ(-ENOSYS, all.dev.err);
	EXPECT_EQ(0, all.size.val);
}

/* A message as a client makes it, by hand. */
static void devctl(msg_t *msg, unsigned long request, const void *inline_data, size_t size)
{
	ioctl_in_t *in = (ioctl_in_t *)msg->i.raw;

	memset(msg, 0, sizeof(*msg));
	msg->type = mtDevCtl;
	msg->oid.id = 0x123456789abULL;
	in->request = request;
	in->size = IOCPARM_LEN(request);
	if (inline_data)
		memcpy(in->data, inline_data, size);
}

TEST(ioctls_are_unpacked_from_where_they_are)
{
	char large[200];
	unsigned long request;
	int value = 42, *got;
	void *to = NULL;
	msg_t msg;
	id_t id;

	devctl(&msg, _IOW('x', 1, int), &value, sizeof(value));
	got = (int *)ioctl_unpack(&msg, &request, &id);
	EXPECT_EQ(42, *got);
	EXPECT_EQ(_IOW('x', 1, int), request);
	EXPECT_EQ(0x123456789abULL, id);

	devctl(&msg, _IOV('x', 1, int), &value, sizeof(value));
	EXPECT_EQ((void *)42, ioctl_unpack(&msg, NULL, NULL));
	devctl(&msg, _IO('x', 1), NULL, 0);
	EXPECT_EQ(NULL, ioctl_unpack(&msg, NULL, NULL));

	devctl(&msg, _IOW('x', 1, char[200]), NULL, 0);
	msg.i.data = large;
	msg.i.size = sizeof(large);
	EXPECT_EQ((void *)large, ioctl_unpack(&msg, NULL, NULL));

	devctl(&msg, _IOWR('x', 1, int), &value, sizeof(value));
	ioctl_unpackEx(&msg, NULL, NULL, &to);
	EXPECT_EQ((void *)msg.o.raw, to);
	EXPECT_EQ(42, *(int *)to);
}

TEST(answers_of_ioctls_go_where_the_client_looks)
{
	char large[200] = { 0 }, answer[200];
	int value = 43;
	msg_t msg;

	memset(answer, 'a', sizeof(answer));
	devctl(&msg, _IOR('x', 1, int), NULL, 0);
	ioctl_setResponse(&msg, _IOR('x', 1, int), 7, &value);
	EXPECT_EQ(7, msg.o.err);
	EXPECT_EQ(43, *(int *)msg.o.raw);
	devctl(&msg, _IOR('x', 1, char[200]), NULL, 0);
	msg.o.data = large;
	msg.o.size = sizeof(large);
	ioctl_setResponse(&msg, _IOR('x', 1, char[200]), 0, answer);
	EXPECT_EQ(0, memcmp(large, answer, sizeof(large)));
	ioctl_setResponse(&msg, _IOW('x', 1, int), -EINVAL, NULL);
	EXPECT_EQ(-EINVAL, msg.o.err);
}

/* Sizes that the client lies about must not make the server go too far. */
TEST(a_client_that_lies_about_sizes_gets_nowhere)
{
	char small[80], answer[200];
	void *to = small;
	msg_t msg;

	memset(small, 's', sizeof(small));
	memset(answer, 'a', sizeof(answer));
	devctl(&msg, _IOW('x', 1, char[200]), NULL, 0);
	msg.i.data = small;
	msg.i.size = sizeof(small);
	EXPECT_EQ(NULL, ioctl_unpack(&msg, NULL, NULL));
	devctl(&msg, _IOWR('x', 1, char[200]), NULL, 0);
	msg.o.data = small;
	msg.o.size = sizeof(small);
	ioctl_unpackEx(&msg, NULL, NULL, &to);
	EXPECT_EQ(NULL, to);
	ioctl_setResponse(&msg, _IOR('x', 1, char[200]), 0, answer);
	EXPECT_EQ('s', small[79]);
	EXPECT_EQ('s', small[0]);
}

/* A driver goes by the request: it writes as much as that says. */
TEST(a_size_that_is_less_than_the_request_says_gives_nothing)
{
	char some[100];
	msg_t msg;
	ioctl_in_t *in = (ioctl_in_t *)msg.i.raw;
	void *to = some;

	devctl(&msg, _IOR('x', 1, char[4096]), NULL, 0);
	in->size = 8;
	ioctl_unpackEx(&msg, NULL, NULL, &to);
	EXPECT_EQ(NULL, to);
	to = some;
	in->size = msg.o.size = sizeof(some);
	msg.o.data = some;
	ioctl_unpackEx(&msg, NULL, NULL, &to);
	EXPECT_EQ(NULL, to);
	devctl(&msg, _IOW('x', 1, char[4096]), NULL, 0);
	in->size = 8;
	EXPECT_EQ(NULL, ioctl_unpack(&msg, NULL, NULL));
	in->size = msg.i.size = sizeof(some);
	msg.i.data = some;
	EXPECT_EQ(NULL, ioctl_unpack(&msg, NULL, NULL));
	/* What has more in it than the request says is nested. */
	devctl(&msg, _IOC_NESTED(IOC_IN, 'x', 1, int), NULL, 0);
	in->size = 40;
	EXPECT_EQ((void *)in->data, ioctl_unpack(&msg, NULL, NULL));
}

TEST(names_are_split_at_the_last_slash)
{
	char abs[] = "/dev/a/b", rel[] = "x", root[] = "/x", *base, *dir;

	splitname(abs, &base, &dir);
	EXPECT_STREQ("b", base);
	EXPECT_STREQ("/dev/a", dir);
	splitname(rel, &base, &dir);
	EXPECT_STREQ("x", base);
	EXPECT_STREQ(".", dir);
	splitname(root, &base, &dir);
	EXPECT_STREQ("x", base);
	EXPECT_STREQ("/", dir);
}

TEST(events_and_poll_are_told_apart)
{
	EXPECT_EQ(POLLIN, eventPollFromType(evtDataIn));
	EXPECT_EQ(-EINVAL, eventPollFromType(99));
	EXPECT_EQ(1 << evtDataIn | 1 << evtDataOut, eventMaskFromPoll(POLLIN | POLLOUT));
	EXPECT_EQ(POLLHUP | POLLERR, eventPollFromMask(1 << evtGone | 1 << evtError));
}

TEST(what_hardware_would_give_is_an_error)
{
	void *mem;

	EXPECT_EQ(0, syspageprog(NULL, -1));
	EXPECT_EQ(0, va2pa(&mem));
	mem = mmap(NULL, _PAGE_SIZE, PROT_READ, MAP_PHYSMEM | MAP_ANONYMOUS, -1, 0x10000000);
	EXPECT_EQ(MAP_FAILED, mem);
	EXPECT_EQ(ENOTSUP, errno);
}

TEST(anonymous_memory_needs_no_other_flag)
{
	char *mem = mmap(NULL, 2 * _PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_ANONYMOUS | MAP_UNCACHED, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	mem[_PAGE_SIZE] = 1;
	EXPECT_EQ(0, munmap(mem, 2 * _PAGE_SIZE));
}

TEST(a_file_stands_in_for_physical_memory)
{
	char path[] = "/tmp/phx_kit_XXXXXX", where[64], *mem;
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	ASSERT_EQ(4, pwrite(fd, "abcd", 4, _PAGE_SIZE));
	setenv("PHX_PHYSMEM", "", 1);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4, PROT_READ, MAP_PHYSMEM, -1, 0x1000));
	EXPECT_EQ(EINVAL, errno);
	snprintf(where, sizeof(where), "0x10000000:%s", path);
	setenv("PHX_PHYSMEM", where, 1);
	mem = mmap(NULL, _PAGE_SIZE, PROT_READ, MAP_PHYSMEM, -1, 0x10001000);
	EXPECT_NE(MAP_FAILED, (void *)mem);
	if (mem != MAP_FAILED) {
		EXPECT_EQ(0, memcmp(mem, "abcd", 4));
	}
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4, PROT_READ, MAP_PHYSMEM, -1, 0x0ffff000));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4, PROT_READ, MAP_PHYSMEM, -1, 0x20000000));
	unlink(path);
}

/* This program once more, for one test, as one that gives rights. */
static int run_with_rights(const char *path, const char *test)
{
	char copy[200];
	int status;

	snprintf(copy, sizeof(copy), "cp /proc/%d/exe %s", getpid(), path);
	if (system(copy) || chown(path, 0, 12345) || chmod(path, 02755))
		return -1;
	if (!fork()) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execl(path, path, "-t", test, NULL);
		_exit(127);
	}
	wait(&status);
	unlink(path);
	return status;
}

TEST(who_has_more_rights_does_not_heed_the_environment)
{
	char path[] = "/tmp/phx_kit_XXXXXX";
	int fd;

	setenv("PHX_PHYSMEM", "0:/dev/zero", 1);
	if (getauxval(AT_SECURE)) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4, PROT_READ, MAP_PHYSMEM, -1, 0));
		EXPECT_EQ(ENOTSUP, errno);
		return;
	}
	if (getuid() || getenv("PHX_KIT_AGAIN"))
		SKIP(return, "no program can be given rights here: be root");
	setenv("PHX_KIT_AGAIN", "1", 1);
	fd = mkstemp(path);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, run_with_rights(path, "who_has_more_rights_does_not_heed_the_environment"));
}

TEST(files_of_linux_are_reached_by_flags_of_phoenix)
{
	char path[] = "/tmp/phx_kit_XXXXXX", buf[8] = "";
	char *text = buf;
	int fd = mkstemp(path), other;
	struct stat st;

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(EEXIST, errno);
	fd = open(path, O_RDWR | O_APPEND);
	ASSERT_LE(0, fd);
	EXPECT_EQ(O_RDWR | O_APPEND, fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND));
	EXPECT_EQ(3, write(fd, "abc", 3));
	other = fcntl(fd, F_DUPFD, 100);
	EXPECT_EQ(100, other);
	EXPECT_EQ(3, pread(other, buf, sizeof(buf), 0));
	EXPECT_STREQ("abc", text);
	EXPECT_EQ(0, fstat(other, &st));
	EXPECT_EQ(3, st.st_size);
	close(fd);
	close(other);
	EXPECT_EQ(-1, read(other, buf, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, unlink(path));
}

TEST(directories_of_linux_have_entries_of_phoenix)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir("/proc/self");

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		if (!strcmp(entry->d_name, "stat"))
			found = entry->d_type == DT_REG && entry->d_namlen == 4;
	EXPECT_TRUE(found);
	EXPECT_EQ(0, closedir(dir));
	EXPECT_EQ(NULL, opendir("/proc/self/stat"));
	EXPECT_EQ(ENOTDIR, errno);
}

TEST(terminals_of_linux_have_attributes_of_phoenix)
{
	struct termios attr, back;
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int master = posix_openpt(2 /* Linux' O_RDWR */), tty;
	char name[64];

	ASSERT_LE(0, master);
	ASSERT_EQ(0, grantpt(master));
	ASSERT_EQ(0, unlockpt(master));
	ASSERT_EQ(0, ptsname_r(master, name, sizeof(name)));
	tty = open(name, O_RDWR | O_NOCTTY);
	ASSERT_LE(0, tty);
	EXPECT_EQ(1, isatty(tty));
	ASSERT_EQ(0, tcgetattr(tty, &attr));
	EXPECT_EQ(CS8, attr.c_cflag & CSIZE);
	EXPECT_TRUE(attr.c_lflag & ICANON);
	EXPECT_EQ(3, attr.c_cc[VINTR]);
	EXPECT_EQ(38400, attr.c_ospeed);
	cfmakeraw(&attr);
	cfsetspeed(&attr, B115200);
	attr.c_cc[VMIN] = 5;
	ASSERT_EQ(0, tcsetattr(tty, TCSANOW, &attr));
	ASSERT_EQ(0, tcgetattr(tty, &back));
	EXPECT_FALSE(back.c_lflag & (ICANON | ECHO));
	EXPECT_EQ(115200, back.c_ospeed);
	EXPECT_EQ(5, back.c_cc[VMIN]);
	EXPECT_EQ(0, ioctl(tty, TIOCSWINSZ, &size));
	memset(&size, 0, sizeof(size));
	EXPECT_EQ(0, ioctl(tty, TIOCGWINSZ, &size));
	EXPECT_EQ(80, size.ws_col);
	EXPECT_EQ(-1, ioctl(tty, _IO('q', 1)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, tcsetattr(tty, 9, &attr));
	EXPECT_EQ(-1, ioctl(12345, _IO('q', 1)));
	EXPECT_EQ(EBADF, errno);
}

TEST_HARNESS_MAIN
