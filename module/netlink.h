/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: what there is, and the few verbs of an operator. Each
 * noun has a file netlink_NOUN.c that puts it into messages; netlink.c has the
 * family, and what they share.
 *
 * A dump goes on in many calls, while all may change in between: what is kept from
 * one to the next are numbers, never pointers, and nothing is held. Each thing has
 * a number that is found in order, so that what stays during a dump is in it.
 *
 * Who asks is the viewer: it decides what is seen, and in which namespaces' numbers.
 *
 * No lock is held while a message is filled but phx_ns.names_lock, which sleeps;
 * what is under a client's srv.lock is copied first. Nobody on the way of a message
 * waits for a viewer for longer than that takes.
 */
#ifndef PHX_NETLINK_H
#define PHX_NETLINK_H

#include "user.h"

#include <linux/phxport.h>
#include <linux/phxport_netlink.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>

struct net;
struct phx_client;
struct phx_ns;
struct pid;
struct pid_namespace;
struct user_namespace;

/**
 * struct phx_viewer - who looks, for as long as the current call lasts
 * @net: network namespace of its socket, or of an event
 * @ns: our part of that
 * @pid_ns: in which it is told numbers of processes
 * @user_ns: in which it is told numbers of users
 * @uid: who it is
 * @admin: it sees what belongs to others
 */
struct phx_viewer {
	struct net *net;
	struct phx_ns *ns;
	struct pid_namespace *pid_ns;
	struct user_namespace *user_ns;
	kuid_t uid;
	bool admin;
};

/* Puts the attributes of something into a message. Returns 0 or -EMSGSIZE. */
typedef int (*phx_put_fn)(struct sk_buff *skb, const struct phx_viewer *viewer,
			  const void *what);

void phx_viewer_init(struct phx_viewer *viewer, const struct sk_buff *request);
bool phx_viewer_sees(const struct phx_viewer *viewer, const struct phx_user *user);

/**
 * struct phx_identity - attributes that tell who somebody is, 0 for none
 * @client: number of the client
 * @pid: number of the process
 * @uid: number of the user
 * @comm: name of the process
 */
struct phx_identity {
	int client;
	int pid;
	int uid;
	int comm;
};

int phx_put_identity(struct sk_buff *skb, const struct phx_viewer *viewer,
		     const struct phx_client *client,
		     const struct phx_identity *attr);
int phx_put_uid(struct sk_buff *skb, const struct phx_viewer *viewer, int attr,
		kuid_t uid);
int phx_netlink_put(struct sk_buff *skb, u32 portid, u32 seq, int flags, u8 cmd,
		    const struct phx_viewer *viewer, phx_put_fn put, const void *what);
int phx_netlink_add(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    const struct phx_viewer *viewer, phx_put_fn put, const void *what);
int phx_netlink_pause(void);
int phx_netlink_dump_all(struct netlink_callback *cb, int attr);
int phx_netlink_reply(struct genl_info *info, u8 cmd, const struct phx_viewer *viewer,
		      phx_put_fn put, const void *what);

int phx_netlink_module(struct sk_buff *skb, struct genl_info *info);
int phx_netlink_port(struct sk_buff *skb, struct genl_info *info);
int phx_netlink_ports(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_client(struct sk_buff *skb, struct genl_info *info);
int phx_netlink_clients(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_messages(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_abort(struct sk_buff *skb, struct genl_info *info);
int phx_netlink_names_start(struct netlink_callback *cb);
int phx_netlink_names(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_buffers(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_limits(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_limit_set(struct sk_buff *skb, struct genl_info *info);
int phx_netlink_users(struct sk_buff *skb, struct netlink_callback *cb);
int phx_netlink_stats(struct sk_buff *skb, struct genl_info *info);

/**
 * struct phx_limit_hit - a limit was reached
 * @what: which
 * @client: whose call failed
 */
struct phx_limit_hit {
	enum phx_limit what;
	struct phx_client *client;
};

int phx_put_port(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what);
int phx_put_client(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what);
int phx_put_name(struct sk_buff *skb, const struct phx_viewer *viewer, const void *what);
int phx_put_limit_hit(struct sk_buff *skb, const struct phx_viewer *viewer,
		      const void *what);

extern struct genl_family phx_genl_family;
int phx_netlink_init(void);
void phx_netlink_exit(void);

#endif /* PHX_NETLINK_H */
