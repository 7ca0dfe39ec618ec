// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>
#include <netlink/attr.h>

static const struct column columns[] = {
	{ "PORT", "id" },
	{ "CLIENT", "client" },
	{ "PID", "pid" },
	{ "USER", NULL, text_user, true },
	{ "QUEUED", "queued" },
	{ "WAITING", "waiting" },
	{ "RECEIVED", "received" },
	{ "FLAGS", "flags", NULL, true },
	{ "COMMAND", "comm", NULL, true },
	{ }
};

static json_t *one_port(const char *word)
{
	unsigned long long id;
	struct nl_msg *msg;
	json_t *list;
	struct kernel kernel;

	if (!parse_number(word, "a port", 1, 0x7fffffff, &id) || !kernel_open(&kernel))
		return NULL;
	msg = kernel_request(&kernel, PHX_CMD_PORT_GET, 0);
	if (msg)
		nla_put_u32(msg, PHX_A_PORT_ID, id);
	list = kernel_ask(&kernel, msg, attrs_port, word);
	kernel_close(&kernel);
	return list;
}

static int show(int argc, char **argv)
{
	if (argc > 1)
		return no_more(argc - 1, argv + 1);
	if (argc)
		return output_list(one_port(argv[0]), columns);
	return output_list(kernel_dump(PHX_CMD_PORT_GET, attrs_port, "ports"), columns);
}

static const struct command commands[] = {
	{ "show", show, "[PORT]", "ports, and who receives at them" },
	{ }
};

const struct object object_port = { "port", "numbers that messages are sent to", commands };
