// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

static const struct column limit_columns[] = {
	{ "LIMIT", "id", NULL, true },
	{ "MAX", "max" },
	{ }
};

static const struct column user_columns[] = {
	{ "USER", NULL, text_user, true },
	{ "PORTS", "ports" },
	{ "NAMES", "names" },
	{ "MESSAGES", "messages" },
	{ "PAGES", "pages" },
	{ "HITS", "hits" },
	{ }
};

static int show(int argc, char **argv)
{
	if (argc)
		return no_more(argc, argv);
	return output_list(kernel_dump(PHX_CMD_LIMIT_GET, attrs_limit, "limits"), limit_columns);
}

static int users(int argc, char **argv)
{
	if (argc)
		return no_more(argc, argv);
	return output_list(kernel_dump(PHX_CMD_USER_GET, attrs_user, "users"), user_columns);
}

static int find_limit(const char *word)
{
	int i;

	for (i = 0; limit_words[i]; i++) {
		if (!strcmp(word, limit_words[i]))
			return i;
	}
	usage_error("a limit is one of ports, names, messages and pages, not '%s'", word);
	return -1;
}

static int set(int argc, char **argv)
{
	unsigned long long max;
	struct kernel kernel;
	struct nl_msg *msg;
	int limit, status;

	if (argc < 2)
		return usage_error("which limit, and how many? limit set LIMIT MAX");
	if (argc > 2)
		return no_more(argc - 2, argv + 2);
	limit = find_limit(argv[0]);
	if (limit < 0 || !parse_number(argv[1], "a limit's MAX", 0, 0xffffffff, &max))
		return EXIT_USAGE;
	if (!kernel_open(&kernel))
		return EXIT_FAILED;
	msg = kernel_request(&kernel, PHX_CMD_LIMIT_SET, 0);
	if (msg) {
		nla_put_u32(msg, PHX_A_LIMIT_ID, limit);
		nla_put_u32(msg, PHX_A_LIMIT_MAX, max);
	}
	status = kernel_do(&kernel, msg, argv[0]);
	kernel_close(&kernel);
	return status;
}

static const struct command commands[] = {
	{ "show", show, "", "how much each user may have" },
	{ "users", users, "", "how much each user has" },
	{ "set", set, "LIMIT MAX", "let each user have so many, until the module is unloaded" },
	{ }
};

const struct object object_limit = { "limit", "limits of each user", commands };
