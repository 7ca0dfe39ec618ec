// SPDX-License-Identifier: GPL-2.0-only
/*
 * For so many seconds one process after the other sends megabytes, of huge pages where
 * the kernel has some, to this one, which looks at them more than once; for soak.sh.
 *
 *   phx_large SECONDS
 *
 * Prints "large_messages N", and "large_huge N", how many huge pages were lent as such.
 */
#include "phx_huge.h"

/* So long a message is held: enough for somebody to want its pages. */
#define HELD_US 20000

static void one(struct server *srv, struct huge *what)
{
	struct phx_ioc_recv got;
	pid_t sender = child_run(srv->fd, huge_main, what);

	CHECK(huge_comes(srv, sender) && server_recv(srv, &got) == 0);
	CHECK(huge_is_seen(what, &got.msg));
	usleep(HELD_US);
	CHECK(huge_is_seen(what, &got.msg));
	CHECK(server_answer(srv, &got) == 0);
	CHECK(child_end(sender) == 0);
}

int main(int argc, char **argv)
{
	long long huge = stat_read("pages_huge");
	time_t until = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	struct huge *what = shared_memory(sizeof(*what));
	struct server srv;
	int n;

	(void)test_harness_run;
	CHECK(server_open(&srv, 0, PAGE) == 0 && windows_map_at(&srv, 0, WINDOW) == 0);
	*what = (struct huge) {
		.port = srv.port, .kind = THP, .off = 100,
		.in_size = 4 * MIB, .out_size = 3 * MIB,
	};
	for (n = 0; time(NULL) < until; n++)
		one(&srv, what);
	printf("large_messages %d\n", n);
	if (no_huge())
		printf("large_huge none\n");
	else
		printf("large_huge %lld\n", stat_read("pages_huge") - huge);
	return 0;
}
