// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"
#include "client.h"
#include "compat.h"
#include "netns.h"
#include "user.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/sock.h>

/*
 * Who is given a socket of somebody else's as its output would ask for that user, and
 * does not mean to unless it says where to send; as netlink_ns_capable() has it.
 */
static bool means_to_ask(const struct sk_buff *request, kuid_t uid)
{
	const struct netlink_skb_parms *from = &NETLINK_CB(request);

	return from->flags & NETLINK_SKB_DST ||
	       uid_eq(from->sk->sk_socket->file->f_cred->uid, uid);
}

/**
 * phx_viewer_init() - find out who asks
 * @viewer: to be filled in
 * @request: what it sent
 *
 * To be called again in every part of a dump: another process may read that.
 */
void phx_viewer_init(struct phx_viewer *viewer, const struct sk_buff *request)
{
	viewer->net = sock_net(request->sk);
	viewer->ns = phx_ns(viewer->net);
	viewer->pid_ns = task_active_pid_ns(current);
	viewer->user_ns = sk_user_ns(NETLINK_CB(request).sk);
	viewer->uid = NETLINK_CREDS(request)->uid;
	if (!means_to_ask(request, viewer->uid))
		viewer->uid = INVALID_UID;
	viewer->admin = netlink_ns_capable(request, viewer->net->user_ns, CAP_NET_ADMIN);
}

/**
 * phx_viewer_sees() - is a viewer told of what belongs to a user?
 * @viewer: the viewer
 * @user: the user
 *
 * Return: whether it is.
 */
bool phx_viewer_sees(const struct phx_viewer *viewer, const struct phx_user *user)
{
	return viewer->admin || uid_eq(viewer->uid, user->uid);
}

/* Torn at worst, as it is for everybody who reads it without a lock. */
static int put_comm(struct sk_buff *skb, int attr, struct pid *tgid)
{
	char comm[TASK_COMM_LEN] = "";
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(tgid, PIDTYPE_TGID);
	if (task)
		memcpy(comm, task->comm, sizeof(comm) - 1);
	rcu_read_unlock();
	return comm[0] ? nla_put_string(skb, attr, comm) : 0;
}

/**
 * phx_put_uid() - put a user's number into a message
 * @skb: the message
 * @viewer: for whom
 * @attr: as which attribute
 * @uid: the user
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_uid(struct sk_buff *skb, const struct phx_viewer *viewer, int attr,
		kuid_t uid)
{
	return nla_put_u32(skb, attr, from_kuid_munged(viewer->user_ns, uid));
}

/**
 * phx_put_identity() - put into a message who a client is
 * @skb: the message
 * @viewer: for whom
 * @client: the client
 * @attr: as which attributes
 *
 * A process that the viewer's pid namespace does not have is not told of.
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_put_identity(struct sk_buff *skb, const struct phx_viewer *viewer,
		     const struct phx_client *client,
		     const struct phx_identity *attr)
{
	pid_t pid = pid_nr_ns(client->tgid, viewer->pid_ns);

	if (nla_put_u32(skb, attr->client, client->id))
		return -EMSGSIZE;
	if (pid && nla_put_u32(skb, attr->pid, pid))
		return -EMSGSIZE;
	if (attr->uid && phx_put_uid(skb, viewer, attr->uid, client->user->uid))
		return -EMSGSIZE;
	return attr->comm && pid ? put_comm(skb, attr->comm, client->tgid) : 0;
}

/**
 * phx_netlink_put() - put something into a message
 * @skb: what the message is added to
 * @portid: whom it is for
 * @seq: of the request
 * @flags: NLM_F_*
 * @cmd: PHX_CMD_*
 * @viewer: who looks
 * @put: puts the attributes
 * @what: of this
 *
 * Return: 0 or -EMSGSIZE.
 */
int phx_netlink_put(struct sk_buff *skb, u32 portid, u32 seq, int flags, u8 cmd,
		    const struct phx_viewer *viewer, phx_put_fn put, const void *what)
{
	void *hdr = genlmsg_put(skb, portid, seq, &phx_genl_family, flags, cmd);
	int err = hdr ? put(skb, viewer, what) : -EMSGSIZE;

	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/**
 * phx_netlink_add() - add something to a dump
 * @skb: what there is of the dump
 * @cb: the dump
 * @cmd: PHX_CMD_*
 * @viewer: who looks
 * @put: puts the attributes
 * @what: of this
 *
 * Return: 0 or -EMSGSIZE: it is to be the first in the next part.
 */
int phx_netlink_add(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    const struct phx_viewer *viewer, phx_put_fn put, const void *what)
{
	return phx_netlink_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			       NLM_F_MULTI, cmd, viewer, put, what);
}

/**
 * phx_netlink_pause() - between two things that a dump looks at
 *
 * There may be any number that are not to be shown before one is.
 *
 * Return: 0, or -EINTR for a thread that is killed.
 */
int phx_netlink_pause(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * phx_netlink_dump_all() - refuse to dump but one thing
 * @cb: the dump
 * @attr: what names one
 *
 * Return: 0 or -EINVAL.
 */
int phx_netlink_dump_all(struct netlink_callback *cb, int attr)
{
	const struct nlattr *one = phx_dump_attrs(cb)[attr];

	if (!one)
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, one,
			    "a dump is of all there are; ask without NLM_F_DUMP for one");
	return -EINVAL;
}

/**
 * phx_netlink_reply() - answer a request
 * @info: the request
 * @cmd: PHX_CMD_*
 * @viewer: who looks
 * @put: puts the attributes
 * @what: of this
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_reply(struct genl_info *info, u8 cmd, const struct phx_viewer *viewer,
		      phx_put_fn put, const void *what)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	int err;

	if (!skb)
		return -ENOMEM;
	err = phx_netlink_put(skb, info->snd_portid, info->snd_seq, 0, cmd, viewer, put,
			      what);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return genlmsg_reply(skb, info);
}

static int put_module(struct sk_buff *skb, const struct phx_viewer *viewer,
		      const void *what)
{
	if (nla_put_string(skb, PHX_A_MODULE_VERSION, PHX_VERSION) ||
	    nla_put_u32(skb, PHX_A_MODULE_ABI, PHX_ABI_VERSION) ||
	    nla_put_u64_64bit(skb, PHX_A_MODULE_FEATURES, PHX_FEATURE_BUFFERS,
			      PHX_A_MODULE_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * phx_netlink_module() - PHX_CMD_MODULE_GET
 * @skb: the request
 * @info: the same, parsed
 *
 * Return: 0 or a negative errno.
 */
int phx_netlink_module(struct sk_buff *skb, struct genl_info *info)
{
	struct phx_viewer viewer;

	phx_viewer_init(&viewer, skb);
	return phx_netlink_reply(info, PHX_CMD_MODULE_GET, &viewer, put_module, NULL);
}

static const struct nla_policy port_policy[] = {
	[PHX_A_PORT_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy client_policy[] = {
	[PHX_A_CLIENT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy messages_policy[] = {
	[PHX_A_MESSAGE_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy abort_policy[] = {
	[PHX_A_MESSAGE_ID]	= { .type = NLA_U64 },
	[PHX_A_MESSAGE_PORT]	= NLA_POLICY_MIN(NLA_U32, 1),
	[PHX_A_MESSAGE_CLIENT]	= NLA_POLICY_MIN(NLA_U32, 1),
	[PHX_A_MESSAGE_FORCE]	= { .type = NLA_FLAG },
};

static const struct nla_policy limit_policy[] = {
	[PHX_A_LIMIT_ID]	= NLA_POLICY_MAX(NLA_U32, PHX_LIMIT_NR - 1),
	[PHX_A_LIMIT_MAX]	= { .type = NLA_U32 },
};

static const struct genl_ops ops[] = {
	{
		.cmd = PHX_CMD_MODULE_GET,
		.doit = phx_netlink_module,
	},
	{
		.cmd = PHX_CMD_PORT_GET,
		.doit = phx_netlink_port,
		.dumpit = phx_netlink_ports,
		.policy = port_policy,
		.maxattr = ARRAY_SIZE(port_policy) - 1,
	},
	{
		.cmd = PHX_CMD_CLIENT_GET,
		.doit = phx_netlink_client,
		.dumpit = phx_netlink_clients,
		.policy = client_policy,
		.maxattr = ARRAY_SIZE(client_policy) - 1,
	},
	{
		.cmd = PHX_CMD_MESSAGE_GET,
		.dumpit = phx_netlink_messages,
		.policy = messages_policy,
		.maxattr = ARRAY_SIZE(messages_policy) - 1,
	},
	{
		.cmd = PHX_CMD_NAME_GET,
		.start = phx_netlink_names_start,
		.dumpit = phx_netlink_names,
	},
	{
		.cmd = PHX_CMD_BUFFER_GET,
		.dumpit = phx_netlink_buffers,
	},
	{
		.cmd = PHX_CMD_LIMIT_GET,
		.dumpit = phx_netlink_limits,
	},
	{
		.cmd = PHX_CMD_USER_GET,
		.dumpit = phx_netlink_users,
	},
	{
		.cmd = PHX_CMD_STATS_GET,
		.doit = phx_netlink_stats,
	},
	{
		.cmd = PHX_CMD_MESSAGE_ABORT,
		.doit = phx_netlink_abort,
		.policy = abort_policy,
		.maxattr = ARRAY_SIZE(abort_policy) - 1,
	},
	{
		.cmd = PHX_CMD_LIMIT_SET,
		.doit = phx_netlink_limit_set,
		.policy = limit_policy,
		.maxattr = ARRAY_SIZE(limit_policy) - 1,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = PHX_GENL_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

/* Of commands without attributes. None at all would mean that they go unchecked. */
static const struct nla_policy no_policy[] = {
	[1] = { .type = NLA_REJECT },
};

struct genl_family phx_genl_family __ro_after_init = {
	.name = PHX_GENL_NAME,
	.version = PHX_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.maxattr = ARRAY_SIZE(no_policy) - 1,
	.policy = no_policy,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = PHX_CMD_UNSPEC + 1,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * phx_netlink_init() - have the family
 *
 * Return: 0 or a negative errno.
 */
int __init phx_netlink_init(void)
{
	return genl_register_family(&phx_genl_family);
}

/**
 * phx_netlink_exit() - have it no longer
 */
void phx_netlink_exit(void)
{
	genl_unregister_family(&phx_genl_family);
}

MODULE_ALIAS_GENL_FAMILY(PHX_GENL_NAME);
