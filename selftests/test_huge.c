// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of some MiB whose buffers have huge pages: they are lent as such where
 * the kernel can, and look as any other message does.
 */
#include "phx_huge.h"

FIXTURE(huge) {
	struct server srv;
	struct huge *what;
	struct phx_ioc_recv got;
	pid_t sender;
};

FIXTURE_VARIANT(huge) {
	long window;		/* see windows_map_at() */
	struct huge what;
	int pages;		/* lent as huge ones, of both buffers; -1 any number */
};

#define HUGE_VARIANT(_name, ...) FIXTURE_VARIANT_ADD(huge, _name) { __VA_ARGS__ }
#define SIZES(_kind, _off, _in, _out) \
	.what = { .kind = _kind, .off = _off, .in_size = _in, .out_size = _out }

HUGE_VARIANT(one, SIZES(THP, 0, HUGE, HUGE), .pages = 2);
HUGE_VARIANT(four, SIZES(THP, 0, 8 * MIB, 8 * MIB), .pages = 8);
HUGE_VARIANT(input_alone, SIZES(THP, 0, 4 * MIB, 0), .pages = 2);
HUGE_VARIANT(output_alone, SIZES(THP, 0, 0, 4 * MIB), .pages = 2);
HUGE_VARIANT(a_page_too_short, SIZES(THP, 0, HUGE - PAGE, HUGE - PAGE), .pages = 0);
HUGE_VARIANT(from_the_second_page, SIZES(THP, PAGE, 6 * MIB, 6 * MIB), .pages = 4);
HUGE_VARIANT(begins_within_the_first_page, SIZES(THP, 100, 6 * MIB, 6 * MIB), .pages = 4);
HUGE_VARIANT(without_its_first_byte, SIZES(THP, 1, 4 * MIB - 1, 4 * MIB - 1), .pages = 2);
HUGE_VARIANT(without_its_last_byte, SIZES(THP, 0, 4 * MIB - 1, 4 * MIB - 1), .pages = 2);
HUGE_VARIANT(without_both, SIZES(THP, 1, 4 * MIB - 2, 4 * MIB - 2), .pages = 0);
HUGE_VARIANT(a_byte_more_at_both_ends, SIZES(THP, HUGE - 1, 4 * MIB + 2, 4 * MIB + 2),
	     .pages = 4);
HUGE_VARIANT(every_second, SIZES(PARTLY, 0, 6 * MIB, 6 * MIB), .pages = -1);
HUGE_VARIANT(every_second_unaligned, SIZES(PARTLY, 12345, 7 * MIB, 7 * MIB), .pages = -1);
HUGE_VARIANT(hugetlb, SIZES(HUGETLB, 0, 4 * MIB, 4 * MIB), .pages = 4);
HUGE_VARIANT(hugetlb_second_half, SIZES(HUGETLB, HUGE, HUGE, HUGE), .pages = 2);
HUGE_VARIANT(hugetlb_from_the_second_page, SIZES(HUGETLB, PAGE, 3 * MIB, 3 * MIB), .pages = 0);
HUGE_VARIANT(hugetlb_unaligned, SIZES(HUGETLB, 77, 4 * MIB - 77, 4 * MIB - 77), .pages = 2);
HUGE_VARIANT(none, SIZES(SMALL, 0, 6 * MIB, 6 * MIB), .pages = -1);
HUGE_VARIANT(none_unaligned, SIZES(SMALL, 100, 6 * MIB, 6 * MIB), .pages = -1);
/* Pages of a copy may lie in a row by chance. */
HUGE_VARIANT(copy, SIZES(THP, 100, 5 * MIB, 5 * MIB), .pages = -1,
	     .what.timeout_ns = 3600ULL * 1000000000);
HUGE_VARIANT(window_off_by_pages, SIZES(THP, 0, 6 * MIB, 6 * MIB), .pages = 6,
	     .window = 3 * PAGE);
/* Where another table of huge pages begins, the first is small. */
HUGE_VARIANT(at_a_tables_begin, SIZES(THP, 0, 6 * MIB, 6 * MIB), .pages = 4,
	     .window = -(long)WINDOW / 2);
HUGE_VARIANT(over_a_tables_begin, SIZES(THP, 0, 6 * MIB, 6 * MIB), .pages = 4,
	     .window = -(long)WINDOW / 2 - (long)HUGE);

FIXTURE_SETUP(huge)
{
	SERVER_OR_SKIP(&self->srv, 0, PAGE);
	ASSERT_EQ(0, windows_map_at(&self->srv, variant->window, WINDOW));
	self->what = shared_memory(2 * sizeof(*self->what));
	*self->what = variant->what;
	self->what->port = self->srv.port;
}

FIXTURE_TEARDOWN(huge)
{
	server_close(&self->srv);
}

static void expect_seen(struct __test_metadata *_metadata, const struct huge *what,
			const struct phx_ioc_recv *got)
{
	EXPECT_EQ(what->in_size ? PHX_CLASS_LEND : PHX_CLASS_NONE, got->i_class);
	EXPECT_EQ(what->out_size ? PHX_CLASS_LEND : PHX_CLASS_NONE, got->o_class);
	EXPECT_TRUE(huge_is_seen(what, &got->msg));
}

/* Every so often, and the last byte: no access of these may go well. */
static void expect_no_access(struct __test_metadata *_metadata, const char *at, size_t size,
			     bool write, int sig)
{
	size_t i;

	for (i = 0; i < size; i += size - i > 64 * PAGE ? 64 * PAGE : 1 + (size - i - 1) / 2)
		EXPECT_EQ(sig, probe(at + i, write, NULL));
}

#define EXPECT_GONE() do {							\
	expect_no_access(_metadata, in_of(&self->got.msg), self->what->in_size, false, SIGBUS);	\
	expect_no_access(_metadata, out_of(&self->got.msg), self->what->out_size, true, SIGBUS); \
} while (0)

#define ANSWER_FINE() do {							\
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));			\
	EXPECT_GONE();								\
	EXPECT_EQ(0, child_end(self->sender));					\
} while (0)

TEST_F_TIMEOUT(huge, contents, 120)
{
	RECEIVE(&self->srv, self->what, &self->sender, &self->got);
	expect_seen(_metadata, self->what, &self->got);
	expect_no_access(_metadata, in_of(&self->got.msg), self->what->in_size, true, SIGSEGV);
	EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
	ANSWER_FINE();
}

TEST_F_TIMEOUT(huge, as_such, 120)
{
	long long before = stat_read("pages_huge");

	if (no_huge())
		SKIP(return, "%s", no_huge());
	if (before < 0)
		SKIP(return, "counters of the module can't be read: not root, or no debugfs");
	RECEIVE(&self->srv, self->what, &self->sender, &self->got);
	if (variant->pages >= 0) {
		EXPECT_EQ(variant->pages, stat_read("pages_huge") - before);
	} else if (variant->what.kind == PARTLY) {
		EXPECT_LT(before, stat_read("pages_huge"));
	}
	ASSERT_EQ(0, server_answer(&self->srv, &self->got));
	EXPECT_EQ(0, child_end(self->sender));
}

/*
 * Small pages in the same places before, after, and between: page tables stay
 * in a window when pages are gone.
 */
TEST_F_TIMEOUT(huge, places_change_hands, 240)
{
	struct huge *other = &self->what[1];
	int i;

	for (i = 0; i < 2; i++) {
		struct phx_ioc_recv got;
		pid_t pid;

		RECEIVE(&self->srv, self->what, &self->sender, &self->got);
		*other = (struct huge) {
			.port = self->srv.port, .kind = SMALL, .off = i * 777,
			.in_size = 3 * MIB, .out_size = 100 * PAGE,
		};
		pid = child_run(self->srv.fd, huge_main, other);
		ASSERT_EQ(0, server_recv(&self->srv, &got));
		expect_seen(_metadata, self->what, &self->got);
		expect_seen(_metadata, other, &got);
		if (i % 2) {
			ANSWER_FINE();
			EXPECT_TRUE(huge_is_seen(other, &got.msg));
		}
		ASSERT_EQ(0, server_answer(&self->srv, &got));
		EXPECT_EQ(0, child_end(pid));
		if (i % 2 == 0) {
			EXPECT_TRUE(huge_is_seen(self->what, &self->got.msg));
			ANSWER_FINE();
		}
	}
}

TEST_HARNESS_MAIN
