// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>
#include <stdio.h>

static void text_bytes(const json_t *row, const char *key, char *buf, size_t size)
{
	long long n = member_int(row, key, 0);

	if (!n)
		snprintf(buf, size, "-");
	else if (n % (1 << 30) == 0)
		snprintf(buf, size, "%lldG", n >> 30);
	else if (n % (1 << 20) == 0)
		snprintf(buf, size, "%lldM", n >> 20);
	else
		snprintf(buf, size, "%lldK", n >> 10);
}

static void text_windows(const json_t *row, char *buf, size_t size)
{
	char in[32], out[32];

	text_bytes(row, "window_in", in, sizeof(in));
	text_bytes(row, "window_out", out, sizeof(out));
	snprintf(buf, size, "%s/%s", in, out);
}

static const struct column columns[] = {
	{ "CLIENT", "id" },
	{ "PID", "pid" },
	{ "USER", NULL, text_user, true },
	{ "PORTS", "ports" },
	{ "NAMES", "names" },
	{ "QUEUED", "queued" },
	{ "HELD", "held" },
	{ "WINDOWS", NULL, text_windows },
	{ "AGE", NULL, text_age },
	{ "COMMAND", "comm", NULL, true },
	{ }
};

static int show(int argc, char **argv)
{
	unsigned long long id;

	if (!argc)
		return output_list(kernel_dump(PHX_CMD_CLIENT_GET, attrs_client, "clients"),
				   columns);
	if (argc > 1)
		return no_more(argc - 1, argv + 1);
	if (!parse_number(argv[0], "a client", 1, 0x7fffffff, &id))
		return EXIT_USAGE;
	return output_list(kernel_get(PHX_CMD_CLIENT_GET, PHX_A_CLIENT_ID, id, attrs_client,
				      argv[0]), columns);
}

static const struct command commands[] = {
	{ "show", show, "[CLIENT]", "open files of the device, and what they have" },
	{ }
};

const struct object object_client = { "client", "open files of the device", commands };
