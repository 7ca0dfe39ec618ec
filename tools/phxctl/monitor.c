// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "output.h"
#include "phxctl.h"

#include <errno.h>
#include <linux/phxport_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/**
 * struct event - how an event is shown
 * @name: its name
 * @attrs: what it has
 */
struct event {
	const char *name;
	const struct attr *attrs;
};

static const struct event events[PHX_CMD_MAX + 1] = {
	[PHX_CMD_PORT_CREATE_NTF]	= { "port-create", attrs_port },
	[PHX_CMD_PORT_DESTROY_NTF]	= { "port-destroy", attrs_port },
	[PHX_CMD_NAME_REGISTER_NTF]	= { "name-register", attrs_name },
	[PHX_CMD_NAME_UNREGISTER_NTF]	= { "name-unregister", attrs_name },
	[PHX_CMD_CLIENT_OPEN_NTF]	= { "client-open", attrs_client },
	[PHX_CMD_CLIENT_CLOSE_NTF]	= { "client-close", attrs_client },
	[PHX_CMD_LIMIT_HIT_NTF]		= { "limit-hit", attrs_limit },
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Programs choose names: a blank in one must not look like the next field. */
static void print_word(const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			fputs("\\x20", stdout);
		else
			putchar(*text);
	}
}

static void print_plain(const char *name, const json_t *event)
{
	static const char *const shown[] = {
		"id", "port", "max", "client", "pid", "uid", "comm", "name", NULL
	};
	struct timespec now;
	char text[4200];
	struct tm tm;
	int i;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%03ld %-15s", text, now.tv_nsec / 1000000, name);
	for (i = 0; shown[i]; i++) {
		if (!json_object_get(event, shown[i]))
			continue;
		member_text(event, shown[i], text, sizeof(text));
		printf(" %s=", shown[i]);
		print_word(text);
	}
	putchar('\n');
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct genlmsghdr *genl = nlmsg_data(nlh);
	const struct event *event;
	json_t *json, *named;

	(void)arg;
	if (genl->cmd > PHX_CMD_MAX || !events[genl->cmd].name)
		return NL_OK;
	event = &events[genl->cmd];
	json = attrs_to_json(event->attrs, nlh);
	if (options.json) {
		named = json_pack("{s:s}", "event", event->name);
		json_object_update(named, json);
		output_json(named);
		json_decref(named);
	} else {
		print_plain(event->name, json);
	}
	fflush(stdout);
	json_decref(json);
	return NL_OK;
}

static int join(struct kernel *kernel)
{
	int group = genl_ctrl_resolve_grp(kernel->sk, PHX_GENL_NAME, PHX_GENL_EVENTS);
	int err = group < 0 ? group : nl_socket_add_membership(kernel->sk, group);

	if (err == -NLE_PERM)
		return fail("to see events takes CAP_NET_ADMIN in this network namespace: be root");
	if (err)
		return fail("events can't be had: %s", nl_geterror(err));
	return EXIT_OK;
}

/*
 * Until a signal, or the terminal or pipe is gone. Signals come in ppoll() alone: the
 * library would go on waiting after one.
 */
static int follow(struct kernel *kernel, const sigset_t *unblocked)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(kernel->sk), .events = POLLIN };
	int err;

	while (!stopped && !ferror(stdout)) {
		if (ppoll(&pfd, 1, NULL, unblocked) < 0)
			continue;
		err = nl_recvmsgs_default(kernel->sk);
		if (err == -NLE_NOMEM)
			fail("events were lost: there were more than this program could read");
		else if (err < 0 && err != -NLE_AGAIN)
			return fail("no more events: %s", nl_geterror(err));
	}
	return EXIT_OK;
}

static int monitor(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	sigset_t blocked, before;
	struct kernel kernel;
	int status;

	if (argc)
		return no_more(argc, argv);
	if (!kernel_open(&kernel))
		return EXIT_FAILED;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	nl_socket_disable_seq_check(kernel.sk);
	nl_socket_modify_cb(kernel.sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, NULL);
	status = join(&kernel);
	if (!status) {
		/* So that who started this knows from when on nothing is missed. */
		fputs("phxctl: listening\n", stderr);
		nl_socket_set_nonblocking(kernel.sk);
		status = follow(&kernel, &before);
	}
	kernel_close(&kernel);
	return status;
}

static const struct command commands[] = {
	{ "show", monitor, "", "events as they come, until it is interrupted" },
	{ }
};

const struct object object_monitor = { "monitor", "events", commands };
