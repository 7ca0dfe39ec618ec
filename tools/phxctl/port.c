// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>

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

static int show(int argc, char **argv)
{
	unsigned long long id;

	if (!argc)
		return output_list(kernel_dump(PHX_CMD_PORT_GET, attrs_port, "ports"), columns);
	if (argc > 1)
		return no_more(argc - 1, argv + 1);
	if (!parse_number(argv[0], "a port", 1, 0x7fffffff, &id))
		return EXIT_USAGE;
	return output_list(kernel_get(PHX_CMD_PORT_GET, PHX_A_PORT_ID, id, attrs_port, argv[0]),
			   columns);
}

static const struct command commands[] = {
	{ "show", show, "[PORT]", "ports, and who receives at them" },
	{ }
};

const struct object object_port = { "port", "numbers that messages are sent to", commands };
