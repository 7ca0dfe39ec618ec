// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

static void text_buffers(const json_t *row, char *buf, size_t size)
{
	char in[32], out[32];

	member_text(row, "in_size", in, sizeof(in));
	member_text(row, "out_size", out, sizeof(out));
	snprintf(buf, size, "%s/%s", in, out);
}

static void text_process(const json_t *row, const char *pid, const char *comm, char *buf,
			 size_t size)
{
	const char *name = member_string(row, comm);
	long long nr = member_int(row, pid, 0);

	if (nr)
		snprintf(buf, size, "%lld %s", nr, name ? name : "");
	else
		snprintf(buf, size, "-");
}

static void text_sender(const json_t *row, char *buf, size_t size)
{
	text_process(row, "sender_tid", "sender_comm", buf, size);
}

static void text_receiver(const json_t *row, char *buf, size_t size)
{
	const char *pid = member_int(row, "tid", 0) ? "tid" : "pid";

	text_process(row, pid, "comm", buf, size);
}

static const struct column columns[] = {
	{ "MESSAGE", "id" },
	{ "PORT", "port" },
	{ "STATE", "state", NULL, true },
	{ "AGE", NULL, text_age },
	{ "RID", "rid" },
	{ "TYPE", "type" },
	{ "IN/OUT", NULL, text_buffers },
	{ "SENDER", NULL, text_sender, true },
	{ "WAITS FOR", NULL, text_receiver, true },
	{ }
};

/* One that changed its place during the dump may come twice. */
static json_t *without_twins(json_t *list)
{
	json_t *seen = json_object(), *unique = json_array(), *row;
	char key[32];
	size_t i;

	json_array_foreach(list, i, row) {
		long long id = member_int(row, "id", 0);

		snprintf(key, sizeof(key), "%lld", id);
		if (id && json_object_get(seen, key))
			continue;
		json_object_set_new(seen, key, json_true());
		json_array_append(unique, row);
	}
	json_decref(seen);
	json_decref(list);
	return unique;
}

static json_t *messages_of(const struct kernel *kernel, unsigned long long port)
{
	struct nl_msg *msg = kernel_request(kernel, PHX_CMD_MESSAGE_GET, NLM_F_DUMP);
	json_t *list;

	if (msg && port)
		nla_put_u32(msg, PHX_A_MESSAGE_PORT, port);
	list = kernel_ask(kernel, msg, attrs_message, "messages");
	return list ? without_twins(list) : NULL;
}

static json_t *get_messages(unsigned long long port)
{
	struct kernel kernel;
	json_t *list;

	if (!kernel_open(&kernel))
		return NULL;
	list = messages_of(&kernel, port);
	kernel_close(&kernel);
	return list;
}

static int show(int argc, char **argv)
{
	unsigned long long port = 0;

	if (argc && !strcmp(argv[0], "port")) {
		if (argc < 2)
			return usage_error("which port? message show port PORT");
		if (!parse_number(argv[1], "a port", 1, 0x7fffffff, &port))
			return EXIT_USAGE;
		argc -= 2;
		argv += 2;
	}
	if (argc)
		return no_more(argc, argv);
	return output_list(get_messages(port), columns);
}

static int chain(int argc, char **argv)
{
	json_t *list, *chains;

	if (argc)
		return no_more(argc, argv);
	list = get_messages(0);
	if (!list)
		return EXIT_FAILED;
	chains = chains_of(list);
	if (options.json)
		output_json(chains);
	else
		chains_print(chains);
	json_decref(chains);
	json_decref(list);
	return EXIT_OK;
}

static json_t *find_message(json_t *list, long long id)
{
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row) {
		if (member_int(row, "id", 0) == id)
			return row;
	}
	return NULL;
}

static int abort_one(const struct kernel *kernel, const json_t *row, bool force,
		     const char *what)
{
	struct nl_msg *msg = kernel_request(kernel, PHX_CMD_MESSAGE_ABORT, 0);

	if (msg) {
		nla_put_u64(msg, PHX_A_MESSAGE_ID, member_int(row, "id", 0));
		nla_put_u32(msg, PHX_A_MESSAGE_PORT, member_int(row, "port", 0));
		nla_put_u32(msg, PHX_A_MESSAGE_CLIENT, member_int(row, "client", 0));
		if (force)
			nla_put_flag(msg, PHX_A_MESSAGE_FORCE);
	}
	return kernel_do(kernel, msg, what);
}

static int abort_message(int argc, char **argv)
{
	bool force = argc > 1 && !strcmp(argv[1], "force");
	unsigned long long id;
	struct kernel kernel;
	json_t *list, *row;
	int status = EXIT_FAILED;

	if (!argc)
		return usage_error("which message? message abort MESSAGE");
	if (argc > 1 + force)
		return no_more(argc - 1 - force, argv + 1 + force);
	if (!parse_number(argv[0], "a message", 1, 0x7fffffffffffffff, &id))
		return EXIT_USAGE;
	if (!kernel_open(&kernel))
		return EXIT_FAILED;
	list = messages_of(&kernel, 0);
	row = find_message(list, id);
	if (row)
		status = abort_one(&kernel, row, force, argv[0]);
	else if (list)
		fail("there is no message %llu, or it is over; see phxctl message", id);
	json_decref(list);
	kernel_close(&kernel);
	return status;
}

static const struct command commands[] = {
	{ "show", show, "[port PORT]", "messages that nobody has responded to" },
	{ "chain", chain, "", "who waits for whom, and cycles in that" },
	{ "abort", abort_message, "MESSAGE [force]", "end one; its sender gets ECANCELED" },
	{ }
};

const struct object object_message = { "message", "messages on their way", commands };
