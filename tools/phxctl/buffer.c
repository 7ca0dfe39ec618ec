// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>

static const struct column columns[] = {
	{ "CLIENT", "client" },
	{ "BUFFER", "id" },
	{ "PID", "pid" },
	{ "USER", NULL, text_user, true },
	{ "PORT", "port" },
	{ "BYTES", "size" },
	{ "MESSAGES", "messages" },
	{ "ENDED", "ended", NULL, true },
	{ "FLAGS", "flags", NULL, true },
	{ }
};

static int show(int argc, char **argv)
{
	if (argc)
		return no_more(argc, argv);
	return output_list(kernel_dump(PHX_CMD_BUFFER_GET, attrs_buffer, "registered buffers"),
			   columns);
}

static const struct command commands[] = {
	{ "show", show, "", "registered buffers" },
	{ }
};

const struct object object_buffer = {
	"buffer", "memory that is registered with a port", commands
};
