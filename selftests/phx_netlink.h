/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink family without a library: messages are made byte by byte, so that they
 * can be wrong in any way.
 */
#ifndef PHX_NETLINK_H
#define PHX_NETLINK_H

#include "phx_call.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/phxport_netlink.h>
#include <sys/socket.h>

#define NL_SPACE 65536

/**
 * struct nl - a socket, the request that is being made, and its answer
 * @fd: the socket
 * @family: number of the family
 * @group: number of its multicast group
 * @seq: of the last request
 * @req: the request
 * @buf: what was received last
 * @text: the kernel's words with an error
 */
struct nl {
	int fd;
	int family;
	__u32 group;
	__u32 seq;
	union {
		struct nlmsghdr req;
		char req_space[8192];
	};
	char buf[NL_SPACE] __attribute__((aligned(8)));
	char text[256];
};

/* Is called for each answer; returns 0 to go on. */
typedef int (*nl_fn)(struct nlmsghdr *nlh, void *arg);

static inline void nl_begin(struct nl *nl, int type, int flags, int cmd)
{
	struct genlmsghdr *genl;

	memset(&nl->req, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	nl->req.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	nl->req.nlmsg_type = type;
	nl->req.nlmsg_flags = NLM_F_REQUEST | flags;
	nl->req.nlmsg_seq = ++nl->seq;
	genl = NLMSG_DATA(&nl->req);
	genl->cmd = cmd;
	genl->version = 1;
}

static inline void nl_attr(struct nl *nl, int type, const void *data, int len)
{
	struct nlattr *nla = (void *)((char *)&nl->req + NLMSG_ALIGN(nl->req.nlmsg_len));

	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	memset((char *)nla + NLA_HDRLEN, 0, NLA_ALIGN(len));
	memcpy((char *)nla + NLA_HDRLEN, data, len);
	nl->req.nlmsg_len = NLMSG_ALIGN(nl->req.nlmsg_len) + NLA_ALIGN(nla->nla_len);
}

static inline void nl_u32(struct nl *nl, int type, __u32 value)
{
	nl_attr(nl, type, &value, sizeof(value));
}

static inline void nl_u64(struct nl *nl, int type, __u64 value)
{
	nl_attr(nl, type, &value, sizeof(value));
}

/* An attribute of an answer, NULL if it is not there. */
static inline const void *nl_find_in(const void *at, int len, int type, int *found_len)
{
	const struct nlattr *nla = at;

	while (len >= NLA_HDRLEN && nla->nla_len >= NLA_HDRLEN && nla->nla_len <= len) {
		if ((nla->nla_type & NLA_TYPE_MASK) == type) {
			if (found_len)
				*found_len = nla->nla_len - NLA_HDRLEN;
			return (const char *)nla + NLA_HDRLEN;
		}
		len -= NLA_ALIGN(nla->nla_len);
		nla = (const void *)((const char *)nla + NLA_ALIGN(nla->nla_len));
	}
	return NULL;
}

static inline const void *nl_find(struct nlmsghdr *nlh, int type)
{
	return nl_find_in((char *)NLMSG_DATA(nlh) + GENL_HDRLEN,
			  nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), type, NULL);
}

/* -1 if it is not there. */
static inline long long nl_get_u32(struct nlmsghdr *nlh, int type)
{
	const __u32 *value = nl_find(nlh, type);

	return value ? (long long)*value : -1;
}

static inline long long nl_get_u64(struct nlmsghdr *nlh, int type)
{
	long long value;
	const void *at = nl_find(nlh, type);

	if (!at)
		return -1;
	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void nl_keep_text(struct nl *nl, struct nlmsghdr *nlh, int offset)
{
	const char *text;

	nl->text[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	text = nl_find_in((char *)NLMSG_DATA(nlh) + offset,
			  nlh->nlmsg_len - NLMSG_HDRLEN - offset, NLMSGERR_ATTR_MSG, NULL);
	if (text)
		snprintf(nl->text, sizeof(nl->text), "%s", text);
}

/* Returns 1 to go on, else the result. */
static inline int nl_one(struct nl *nl, struct nlmsghdr *nlh, nl_fn fn, void *arg)
{
	struct nlmsgerr *err = NLMSG_DATA(nlh);

	if (nlh->nlmsg_seq != nl->seq)
		return 1;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		nl_keep_text(nl, nlh, sizeof(*err));
		return err->error;
	}
	if (nlh->nlmsg_type == NLMSG_DONE) {
		nl_keep_text(nl, nlh, sizeof(int));
		return *(int *)NLMSG_DATA(nlh);
	}
	if (fn && fn(nlh, arg))
		return -ECANCELED;
	return 1;
}

/* Takes what there is; 1 if more is to come. */
static inline int nl_take(struct nl *nl, nl_fn fn, void *arg)
{
	int len = recv(nl->fd, nl->buf, sizeof(nl->buf), 0), result = 1;
	struct nlmsghdr *nlh;

	if (len < 0)
		return -errno;
	for (nlh = (void *)nl->buf; result == 1 && NLMSG_OK(nlh, (unsigned int)len);
	     nlh = NLMSG_NEXT(nlh, len))
		result = nl_one(nl, nlh, fn, arg);
	return result;
}

/* Sends the request and takes all of the answer. 0 or -errno. */
static inline int nl_talk(struct nl *nl, nl_fn fn, void *arg)
{
	int result = 1;

	if (!(nl->req.nlmsg_flags & NLM_F_DUMP))
		nl->req.nlmsg_flags |= NLM_F_ACK;
	if (send(nl->fd, &nl->req, nl->req.nlmsg_len, 0) < 0)
		return -errno;
	while (result == 1)
		result = nl_take(nl, fn, arg);
	return result;
}

static inline int nl_on_family(struct nlmsghdr *nlh, void *arg)
{
	const void *id = nl_find(nlh, CTRL_ATTR_FAMILY_ID), *groups, *group, *nr;
	struct nl *nl = arg;
	int len, inner;

	if (id)
		nl->family = *(const __u16 *)id;
	groups = nl_find_in((char *)NLMSG_DATA(nlh) + GENL_HDRLEN,
			    nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN),
			    CTRL_ATTR_MCAST_GROUPS, &len);
	group = groups ? nl_find_in(groups, len, 1, &inner) : NULL;
	nr = group ? nl_find_in(group, inner, CTRL_ATTR_MCAST_GRP_ID, NULL) : NULL;
	if (nr)
		nl->group = *(const __u32 *)nr;
	return 0;
}

static inline int nl_open(struct nl *nl)
{
	int on = 1, err;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	nl_begin(nl, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	nl_attr(nl, CTRL_ATTR_FAMILY_NAME, PHX_GENL_NAME, sizeof(PHX_GENL_NAME));
	err = nl_talk(nl, nl_on_family, nl);
	if (err)
		close(nl->fd);
	return err;
}

static inline int nl_join(struct nl *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

/* A command with at most one attribute, that is a u32; type 0 for none. */
static inline int nl_ask(struct nl *nl, int flags, int cmd, int type, __u32 value,
			 nl_fn fn, void *arg)
{
	nl_begin(nl, nl->family, flags, cmd);
	if (type)
		nl_u32(nl, type, value);
	return nl_talk(nl, fn, arg);
}

static inline int nl_dump(struct nl *nl, int cmd, nl_fn fn, void *arg)
{
	return nl_ask(nl, NLM_F_DUMP, cmd, 0, 0, fn, arg);
}

/* What the tests look at of a message. */
struct nl_message {
	int type;		/* looked for */
	int found;
	long long id, port, client, state, sender_tid, tid, rid, age, in_size, in_class;
};

static inline int nl_on_message(struct nlmsghdr *nlh, void *arg)
{
	struct nl_message *m = arg;

	if (nl_get_u32(nlh, PHX_A_MESSAGE_STATE) == PHX_MESSAGE_ABORTED ||
	    (int)nl_get_u32(nlh, PHX_A_MESSAGE_TYPE) != m->type)
		return 0;
	m->found++;
	m->id = nl_get_u64(nlh, PHX_A_MESSAGE_ID);
	m->port = nl_get_u32(nlh, PHX_A_MESSAGE_PORT);
	m->client = nl_get_u32(nlh, PHX_A_MESSAGE_CLIENT);
	m->state = nl_get_u32(nlh, PHX_A_MESSAGE_STATE);
	m->sender_tid = nl_get_u32(nlh, PHX_A_MESSAGE_SENDER_TID);
	m->tid = nl_get_u32(nlh, PHX_A_MESSAGE_TID);
	m->rid = nl_get_u32(nlh, PHX_A_MESSAGE_RID);
	m->age = nl_get_u64(nlh, PHX_A_MESSAGE_AGE);
	m->in_size = nl_get_u64(nlh, PHX_A_MESSAGE_IN_SIZE);
	m->in_class = nl_get_u32(nlh, PHX_A_MESSAGE_IN_CLASS);
	return 0;
}

/* The message of a type; how many of them there are, or -errno. */
static inline int nl_message(struct nl *nl, int type, struct nl_message *m)
{
	int err;

	*m = (struct nl_message) { .type = type };
	err = nl_dump(nl, PHX_CMD_MESSAGE_GET, nl_on_message, m);
	return err ? err : m->found;
}

static inline int nl_abort(struct nl *nl, const struct nl_message *m, bool force)
{
	nl_begin(nl, nl->family, 0, PHX_CMD_MESSAGE_ABORT);
	nl_u64(nl, PHX_A_MESSAGE_ID, m->id);
	nl_u32(nl, PHX_A_MESSAGE_PORT, m->port);
	nl_u32(nl, PHX_A_MESSAGE_CLIENT, m->client);
	if (force)
		nl_attr(nl, PHX_A_MESSAGE_FORCE, NULL, 0);
	return nl_talk(nl, NULL, NULL);
}

#endif /* PHX_NETLINK_H */
