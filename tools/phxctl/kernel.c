// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"
#include "phxctl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/phxport_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Enough for a burst of events. */
#define RCVBUF (1 << 20)

/**
 * struct answer - what came back
 * @attrs: what is looked for in it
 * @list: the objects
 * @error: -errno
 * @complete: nothing more will come
 * @text: the kernel's words, if any
 */
struct answer {
	const struct attr *attrs;
	json_t *list;
	int error;
	bool complete;
	char text[256];
};

static bool no_family(int err)
{
	if (err == -NLE_OBJ_NOTFOUND)
		fail("the module phxport is not loaded: run 'modprobe phxport' as root, or 'phxctl doctor' if that fails");
	else
		fail("generic netlink can't be used: %s", nl_geterror(err));
	return false;
}

bool kernel_open(struct kernel *kernel)
{
	int on = 1, err;

	kernel->sk = nl_socket_alloc();
	if (!kernel->sk) {
		fail("out of memory");
		return false;
	}
	err = genl_connect(kernel->sk);
	if (!err) {
		/* They make errors better, but are no condition. */
		int fd = nl_socket_get_fd(kernel->sk);

		setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
		setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
		nl_socket_set_buffer_size(kernel->sk, RCVBUF, 0);
		nl_socket_set_msg_buf_size(kernel->sk, 32768);
		kernel->family = genl_ctrl_resolve(kernel->sk, PHX_GENL_NAME);
		err = kernel->family < 0 ? kernel->family : 0;
	}
	if (!err)
		return true;
	kernel_close(kernel);
	return no_family(err);
}

void kernel_close(struct kernel *kernel)
{
	nl_socket_free(kernel->sk);
}

struct nl_msg *kernel_request(const struct kernel *kernel, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, kernel->family, 0, flags, cmd,
				PHX_GENL_VERSION)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

/* The kernel's words are attributes behind the error. */
static void keep_text(struct answer *answer, struct nlmsghdr *nlh, size_t offset)
{
	int len = nlh->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(offset);
	struct nlattr *first = (void *)((char *)nlmsg_data(nlh) + NLMSG_ALIGN(offset));
	struct nlattr *nla;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || len <= 0)
		return;
	nla = nla_find(first, len, NLMSGERR_ATTR_MSG);
	if (nla && nla_len(nla) > 0)
		snprintf(answer->text, sizeof(answer->text), "%.*s", nla_len(nla),
			 (char *)nla_data(nla));
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)err - 1;
	struct answer *answer = arg;
	size_t offset = sizeof(*err);

	(void)from;
	answer->complete = true;
	answer->error = err->error;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - NLMSG_HDRLEN;
	keep_text(answer, nlh, offset);
	return NL_STOP;
}

/* The end of a dump, which may be one before its time. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct answer *answer = arg;

	answer->complete = true;
	if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(int))) {
		memcpy(&answer->error, nlmsg_data(nlh), sizeof(int));
		keep_text(answer, nlh, sizeof(int));
	}
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	json_array_append_new(answer->list, attrs_to_json(answer->attrs, nlmsg_hdr(msg)));
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	(void)msg;
	answer->complete = true;
	return NL_STOP;
}

/* Sends it, and takes what comes back until that is complete. */
static int exchange(const struct kernel *kernel, struct nl_msg *msg, struct answer *answer)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err;

	if (!cb) {
		nlmsg_free(msg);
		return -NLE_NOMEM;
	}
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, answer);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, answer);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, answer);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, answer);
	/* With an acknowledgment there is a last message whatever it is. */
	err = nl_send_auto(kernel->sk, msg);
	nlmsg_free(msg);
	while (err >= 0 && !answer->complete)
		err = nl_recvmsgs(kernel->sk, cb);
	nl_cb_put(cb);
	return err;
}

json_t *kernel_ask(const struct kernel *kernel, struct nl_msg *msg, const struct attr *attrs,
		   const char *what)
{
	struct answer answer = { .attrs = attrs, .list = json_array() };
	int err = msg ? exchange(kernel, msg, &answer) : -NLE_NOMEM;

	if (!answer.error && err >= 0)
		return answer.list;
	json_decref(answer.list);
	if (answer.text[0])
		fail("%s: %s", what, answer.text);
	else if (answer.error)
		fail("%s: %s", what, strerror(-answer.error));
	else
		fail("%s: %s", what, nl_geterror(err));
	return NULL;
}

json_t *kernel_dump(int cmd, const struct attr *attrs, const char *what)
{
	json_t *list;
	struct kernel kernel;

	if (!kernel_open(&kernel))
		return NULL;
	list = kernel_ask(&kernel, kernel_request(&kernel, cmd, NLM_F_DUMP), attrs, what);
	kernel_close(&kernel);
	return list;
}

json_t *kernel_get(int cmd, int attr, uint32_t id, const struct attr *attrs,
		   const char *what)
{
	struct kernel kernel;
	struct nl_msg *msg;
	json_t *list;

	if (!kernel_open(&kernel))
		return NULL;
	msg = kernel_request(&kernel, cmd, 0);
	if (msg && attr)
		nla_put_u32(msg, attr, id);
	list = kernel_ask(&kernel, msg, attrs, what);
	kernel_close(&kernel);
	return list;
}

int kernel_do(const struct kernel *kernel, struct nl_msg *msg, const char *what)
{
	json_t *list = kernel_ask(kernel, msg, attrs_module, what);

	json_decref(list);
	return list ? EXIT_OK : EXIT_FAILED;
}
