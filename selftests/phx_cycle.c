// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two servers that wait for each other, until they are killed or one of the messages
 * is aborted; says "ready" when both are about to.
 */
#include "phx_call.h"

int main(void)
{
	struct phx_msg msg = { .type = 2 };
	int fd = dev_open(0), mine, rid, err;
	__u32 port, other;
	struct call *call;

	(void)test_harness_run;
	if (fd < 0 || port_create(fd, &port))
		return 1;
	call = call_new();
	call->pid = fork_child();
	if (!call->pid) {
		mine = dev_open(0);
		if (port_create(mine, &other))
			return 1;
		call->param = other;
		atomic_store(&call->tid, getpid());
		msg.type = 1;
		return msg_send(mine, port, &msg) ? 3 : 0;
	}
	if (msg_recv(fd, port, &msg, &rid))
		return 1;
	puts("ready");
	fflush(stdout);
	msg.type = 2;
	err = msg_send(fd, call->param, &msg);
	printf("send gave %d\n", err);
	msg_respond(fd, port, &msg, rid);
	wait_child(call->pid);
	return 0;
}
