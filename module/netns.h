/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a network namespace has: the numbers of its ports and its names. It is
 * the one kind of namespace whose life a module can follow, and that of
 * abstract unix sockets, which are the nearest thing to ports.
 *
 * A client holds the namespace it was opened in, so that both tables are empty
 * when the namespace goes.
 */
#ifndef PHX_NETNS_H
#define PHX_NETNS_H

#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/siphash.h>
#include <linux/xarray.h>

struct net;

/**
 * struct phx_ns - our part of a network namespace
 * @ports: number to struct phx_port; changed under its own lock, read under RCU
 * @next_port: where the search for a free number goes on
 * @clients: number to struct phx_client; read and changed under its own lock
 * @next_client: where the search for a free number goes on
 * @names_lock: held to change @names and the clients' lists of names
 * @name_numbers: number to struct phx_name, under @names_lock
 * @next_name: where the search for a free number goes on
 * @look_lock: of the one viewer without rights over others who looks at messages
 * @names: struct phx_name by its text; read under RCU
 * @names_key: what texts are hashed with
 */
struct phx_ns {
	struct xarray ports;
	u32 next_port;
	struct xarray clients;
	u32 next_client;
	struct mutex names_lock; /* changes of names */
	struct xarray name_numbers;
	u32 next_name;
	struct mutex look_lock; /* see phx_netlink_messages() */
	struct rhashtable names;
	hsiphash_key_t names_key;
};

struct phx_ns *phx_ns(const struct net *net);
int phx_netns_init(void);
void phx_netns_exit(void);

#endif /* PHX_NETNS_H */
