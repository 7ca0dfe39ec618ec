// SPDX-License-Identifier: MIT
/*
 * echo: the smallest server and client.
 *
 *	echo			serves under the name "echo" until it is killed
 *	echo SOME TEXT		asks the server, who answers in capitals
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <phxport.h>

/* The text is not copied here: its bytes are read where the client has them. */
static int shout(struct phx *h, uint32_t port, struct phx_msg *msg, int rid,
		 void *arg)
{
	const char *text = (const char *)(uintptr_t)msg->i.data;
	char *answer = (char *)(uintptr_t)msg->o.data;
	size_t n = msg->i.size < msg->o.size ? msg->i.size : msg->o.size;

	(void)h, (void)port, (void)rid, (void)arg;
	for (size_t i = 0; i < n; i++)
		answer[i] = toupper((unsigned char)text[i]);
	msg->o.err = n;
	return 0;
}

static int server(struct phx *h)
{
	struct phx_oid oid = { 0 };
	int err = phx_port_create(h, &oid.port);

	if (!err)
		err = phx_name_register(h, "echo", &oid);
	if (!err)
		err = phx_server_run(h, oid.port, shout, NULL, NULL);
	return err;
}

static int client(struct phx *h, const char *text)
{
	char answer[4096] = "";
	struct phx_msg msg = {
		.i = { .data = (uintptr_t)text, .size = strlen(text) },
		.o = { .data = (uintptr_t)answer, .size = sizeof(answer) - 1 },
	};
	struct phx_oid oid;
	int err = phx_name_lookup(h, "echo", &oid);

	if (!err)
		err = phx_send(h, oid.port, &msg);
	if (!err)
		printf("%d bytes: %s\n", msg.o.err, answer);
	return err;
}

int main(int argc, char **argv)
{
	struct phx *h;
	int err = phx_open(&h, 0);

	if (err) {
		fprintf(stderr, "echo: %s\n", phx_explain());
		return 1;
	}
	err = argc > 1 ? client(h, argv[1]) : server(h);
	if (err)
		fprintf(stderr, "echo: %s\n", strerror(-err));
	phx_close(h);
	return err != 0;
}
