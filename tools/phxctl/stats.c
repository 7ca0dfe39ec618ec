// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>

static int show(int argc, char **argv)
{
	json_t *list, *stats;

	if (argc)
		return no_more(argc, argv);
	list = kernel_get(PHX_CMD_STATS_GET, 0, 0, attrs_stats, "counters");
	stats = json_incref(json_array_get(list, 0));
	json_decref(list);
	return output_one(stats);
}

static const struct command commands[] = {
	{ "show", show, "", "counters of the whole module, see phxport(4)" },
	{ }
};

const struct object object_stats = { "stats", "counters", commands };
