// SPDX-License-Identifier: MIT
/*
 * A server that passes on: what it is sent, it sends to another, and the answer
 * back. Buffers are not touched: they are lent on as they came.
 *
 *   relay NAME TARGET    serves NAME as what TARGET is
 *
 * Objects that the other one names are its own; so that clients keep asking here,
 * the port in answers to lookups is replaced.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>

static struct {
	uint32_t port;
	oid_t target;
	unsigned long passed;
} relay;

static void mine(oid_t *oid)
{
	if (oid->port == relay.target.port)
		oid->port = relay.port;
}

static int pass(msg_t *msg)
{
	int err;

	if (msg->oid.port == relay.port)
		msg->oid.port = relay.target.port;
	if ((msg->type == mtLink || msg->type == mtUnlink) && msg->i.ln.oid.port == relay.port)
		msg->i.ln.oid.port = relay.target.port;
	err = msgSend(relay.target.port, msg);
	if (err < 0)
		return err;
	relay.passed++;
	if (msg->type == mtLookup && msg->o.err >= 0) {
		mine(&msg->o.lookup.fil);
		mine(&msg->o.lookup.dev);
	}
	if (msg->type == mtCreate && msg->o.err >= 0)
		mine(&msg->o.create.oid);
	return msg->o.err;
}

int main(int argc, char **argv)
{
	msg_rid_t rid;
	msg_t msg;
	oid_t own;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: relay NAME TARGET\n");
		return 2;
	}
	err = lookup(argv[2], NULL, &relay.target);
	if (!err)
		err = portCreate(&relay.port);
	own.port = relay.port;
	own.id = relay.target.id;
	if (err >= 0)
		err = portRegister(relay.port, argv[1], &own);
	if (err < 0) {
		fprintf(stderr, "relay: %s to %s: %s\n", argv[1], argv[2], strerror(-err));
		return 1;
	}
	printf("relay: serves %s as %s\n", argv[1], argv[2]);
	fflush(stdout);
	for (;;) {
		err = msgRecv(relay.port, &msg, &rid);
		if (err == -EINTR)
			continue;
		if (err < 0)
			return 1;
		msg.o.err = pass(&msg);
		msgRespond(relay.port, &msg, rid);
	}
}
