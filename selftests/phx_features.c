// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says of which version the library is that it is built with, and the module that
 * is loaded, and tries whether that can do what it says it can. Fails if not; or if
 * a message does not get through.
 */
#include <phxport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static int fail(const char *what, int err)
{
	printf("%s: %s\n", what, strerror(-err));
	return 1;
}

static int answer(struct phx *h, uint32_t port, struct phx_msg *msg, int rid, void *arg)
{
	(void)rid;
	(void)arg;
	msg->o.err = msg->i.size;
	return msg->type == 1 ? phx_port_destroy(h, port) : 0;
}

static void child_sends(uint32_t port)
{
	static char data[8 * PAGE];
	struct phx_msg msg = { .i = { .data = (uintptr_t)data, .size = sizeof(data) } };
	struct phx *h;
	int err = phx_open(&h, 0);

	if (!err)
		err = phx_send(h, port, &msg);
	if (!err && msg.o.err != sizeof(data))
		_exit(fail("the answer is not the server's", 0));
	msg.type = 1;
	if (!err)
		err = phx_send(h, port, &msg);
	_exit(err ? fail("send", err) : 0);
}

static int message(struct phx *h)
{
	uint32_t port;
	int err = phx_port_create(h, &port);
	int status = 0;

	if (err)
		return fail("create a port", err);
	fflush(stdout);
	if (!fork())
		child_sends(port);
	err = phx_server_run(h, port, answer, NULL, NULL);
	wait(&status);
	return err ? fail("serve", err) : status != 0;
}

/* A module that does not know the flag or the command must say so. */
static int registers(struct phx *h)
{
	PHX_OPTS(phx_port_opts, opts, .flags = PHX_PORT_BUFFERS);
	void *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t port;
	uint16_t id;
	int err = phx_port_create_with(h, &port, &opts);

	if (!err)
		err = phx_buffer_register(h, port, data, PAGE, PHX_BUFFER_IN, &id);
	printf("register: %s\n", err ? strerror(-err) : "done");
	return err;
}

int main(void)
{
	struct phx_ioc_info info;
	struct phx *h;
	int err = phx_open(&h, 0);

	printf("library %s\n", phx_version());
	if (err) {
		printf("%s\n", phx_explain());
		return 1;
	}
	err = phx_info(h, &info);
	if (err)
		return fail("info", err);
	printf("module %s abi %u features %#llx\n", info.version, info.abi,
	       (unsigned long long)info.features);
	if (!registers(h) != !!(info.features & PHX_FEATURE_BUFFERS)) {
		puts("the module's features are not what it can do");
		return 1;
	}
	return message(h);
}
