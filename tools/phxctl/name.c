// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>

static const struct column columns[] = {
	{ "PORT", "port" },
	{ "OBJECT", "object" },
	{ "CLIENT", "client" },
	{ "PID", "pid" },
	{ "USER", NULL, text_user, true },
	{ "STALE", "stale", NULL, true },
	{ "NAME", "name", NULL, true },
	{ }
};

static int show(int argc, char **argv)
{
	if (argc)
		return no_more(argc, argv);
	return output_list(kernel_dump(PHX_CMD_NAME_GET, attrs_name, "names"), columns);
}

static const struct command commands[] = {
	{ "show", show, "", "names, and what they stand for" },
	{ }
};

const struct object object_name = { "name", "names of objects at ports", commands };
