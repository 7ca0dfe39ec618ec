// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses the module in one way, says "ready", and goes on until it is killed:
 *
 *   phx_hold file|window|recv|send|held|traffic|message|unload
 *
 * file: has the device open. window: has a window of a file that it closed.
 * recv, send: is in such a call. held: holds a message and its sender waits.
 * traffic: one process sends to another, one message after the other.
 * message: sends one to itself, through a window, and ends.
 * unload: asks the kernel to unload the module, which rmmod does not if that is in use;
 * fails if the kernel will not.
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

static int sends_on_and_on(void *arg)
{
	struct server *srv = arg;
	char *in = memory(4 * PAGE);

	while (send_buffers(srv->port, in, 4 * PAGE, NULL, 0) == 0)
		;
	return 0;
}

static int traffic(struct server *srv)
{
	struct phx_ioc_recv got;

	child_run(srv->fd, sends_on_and_on, srv);
	ready();
	for (;;) {
		CHECK(server_recv(srv, &got) == 0);
		CHECK(all_are(in_of(&got.msg), 4 * PAGE, 0));
		CHECK(server_respond(srv, &got) == 0);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct phx_msg msg = { 0 };
	struct server srv;
	int rid;

	(void)test_harness_run;
	if (!strcmp(what, "unload"))
		return syscall(SYS_delete_module, "phxport", O_NONBLOCK) ? 1 : 0;
	CHECK(server_open(&srv, WINDOW, PAGE) == 0);
	if (!strcmp(what, "message"))
		return hold_message(&srv, true);
	if (!strcmp(what, "traffic"))
		return traffic(&srv);
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
