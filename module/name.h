/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name: text that stands for a port and an id, in one network namespace. It
 * goes when it is unregistered or its client is closed, whichever is first.
 * The death of the port does not end it: senders then learn from the port's
 * number that it is gone, as in Phoenix-RTOS. But a name is bound to the port
 * that had the number when it was registered (its serial), so that it never
 * leads to another one.
 *
 * Names change under phx_ns.names_lock and are looked up under RCU.
 */
#ifndef PHX_NAME_H
#define PHX_NAME_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

struct phx_client;
struct phx_ioc_name;
struct phx_ns;
struct phx_user;

/**
 * struct phx_name - one name
 * @hash: in phx_ns.names
 * @rcu: to free it
 * @node: in phx_client.names
 * @nr: its number in phx_ns.name_numbers
 * @client: who registered it, there for as long as this is in the tables
 * @user: of that, referred to
 * @serial: of the port, 0 if that was gone already
 * @port: the port's number
 * @id: the object's
 * @len: bytes of @text without NUL
 * @text_hash: of @text
 * @text: the name
 */
struct phx_name {
	struct rhash_head hash;
	struct rcu_head rcu;
	struct list_head node;
	u32 nr;
	struct phx_client *client;
	struct phx_user *user;
	u64 serial;
	u32 port;
	u64 id;
	size_t len;
	u32 text_hash;
	char text[];
};

int phx_name_register(struct phx_client *client, const struct phx_ioc_name *arg);
int phx_name_unregister(struct phx_client *client, const struct phx_ioc_name *arg);
int phx_name_lookup(struct phx_client *client, struct phx_ioc_name *arg);
void phx_names_drop(struct phx_client *client);
int phx_names_init(struct phx_ns *ns);
void phx_names_fini(struct phx_ns *ns);

#endif /* PHX_NAME_H */
