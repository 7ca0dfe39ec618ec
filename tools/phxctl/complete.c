// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxctl complete WORD...: what may follow these words, a line each. The last word is
 * the one that is being typed; it is for the shell to choose among them.
 */
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <linux/phxport_netlink.h>
#include <stdio.h>
#include <string.h>

static void print_ids(json_t *list, const char *key)
{
	char text[64];
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row) {
		member_text(row, key, text, sizeof(text));
		puts(text);
	}
	json_decref(list);
}

static void print_words(const struct object *object)
{
	const struct command *c;

	for (c = object->commands; c->name; c++)
		puts(c->name);
	puts("help");
}

static void after_command(const char *object, const char *command, int nr)
{
	bool show = !strcmp(command, "show");
	int i;

	if (nr == 1 && show && !strcmp(object, "port"))
		print_ids(kernel_dump(PHX_CMD_PORT_GET, attrs_port, "ports"), "id");
	else if (nr == 1 && show && !strcmp(object, "client"))
		print_ids(kernel_dump(PHX_CMD_CLIENT_GET, attrs_client, "clients"), "id");
	else if (nr == 1 && show && !strcmp(object, "message"))
		puts("port");
	else if (nr == 2 && show && !strcmp(object, "message"))
		print_ids(kernel_dump(PHX_CMD_PORT_GET, attrs_port, "ports"), "id");
	else if (nr == 1 && !strcmp(command, "abort"))
		print_ids(kernel_dump(PHX_CMD_MESSAGE_GET, attrs_message, "messages"), "id");
	else if (nr == 2 && !strcmp(command, "abort"))
		puts("force");
	else if (show && !strcmp(object, "top"))
		puts("--batch\n--delay\n--count\n--sort");
	for (i = 0; nr == 1 && !strcmp(command, "set") && limit_words[i]; i++)
		puts(limit_words[i]);
}

int complete(int argc, char **argv)
{
	const struct object *const *o;

	while (argc > 1 && argv[0][0] == '-') {
		argc--;
		argv++;
	}
	for (o = objects; *o; o++) {
		if (argc <= 1)
			puts((*o)->name);
		else if (strcmp((*o)->name, argv[0]))
			continue;
		else if (argc == 2)
			print_words(*o);
		else
			after_command(argv[0], argv[1], argc - 2);
	}
	if (argc <= 1)
		puts("help\n--json\n--pretty\n--numeric\n--version\n--help");
	return EXIT_OK;
}
