// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses the module in one way, says "ready", and goes on until it is killed:
 *
 *   phx_hold file|window|recv|send|held|message
 *
 * file: has the device open. window: has a window of a file that it closed.
 * recv, send: is in such a call. held: holds a message and its sender waits.
 * message: sends one to itself, through a window, and ends.
 */
#include "phx_map.h"

#define WINDOW (64 * PAGE)

static int ready(void)
{
	puts("ready");
	fflush(stdout);
	return 0;
}

static int hold_message(struct server *srv, bool answer)
{
	static struct sending s = { .in_size = 4 * PAGE, .out_size = 100 };
	struct phx_ioc_recv got;
	pid_t pid;

	s.port = srv->port;
	pid = child_run(srv->fd, sending_main, &s);
	CHECK(server_recv(srv, &got) == 0);
	CHECK(sending_is_seen(&s, &got.msg));
	if (!answer)
		return ready();
	CHECK(server_answer(srv, &got) == 0);
	return child_end(pid);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct phx_msg msg = { 0 };
	struct server srv;
	int rid;

	(void)test_harness_run;
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	if (!strcmp(what, "message"))
		return hold_message(&srv, true);
	if (!strcmp(what, "held"))
		hold_message(&srv, false);
	else
		ready();
	if (!strcmp(what, "window"))
		close(srv.fd);
	else if (!strcmp(what, "recv"))
		msg_recv(srv.fd, srv.port, &msg, &rid);
	else if (!strcmp(what, "send"))
		msg_send(srv.fd, srv.port, &msg);
	pause();
	return 0;
}
