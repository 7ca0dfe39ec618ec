// SPDX-License-Identifier: GPL-2.0-only
#include "netns.h"
#include "name.h"
#include "table.h"

#include <linux/rhashtable.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

static unsigned int phx_net_id __read_mostly;

/**
 * phx_ns() - our part of a network namespace
 * @net: the namespace
 *
 * Return: it, for as long as @net is held.
 */
struct phx_ns *phx_ns(const struct net *net)
{
	return net_generic(net, phx_net_id);
}

static int __net_init phx_net_init(struct net *net)
{
	struct phx_ns *ns = phx_ns(net);

	xa_init_flags(&ns->ports, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&ns->clients, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&ns->name_numbers, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	mutex_init(&ns->names_lock);
	mutex_init(&ns->look_lock);
	return phx_names_init(ns);
}

static void __net_exit phx_net_exit(struct net *net)
{
	struct phx_ns *ns = phx_ns(net);

	phx_table_fini(&ns->ports);
	phx_table_fini(&ns->clients);
	phx_table_fini(&ns->name_numbers);
	phx_names_fini(ns);
}

static struct pernet_operations phx_net_ops = {
	.init = phx_net_init,
	.exit = phx_net_exit,
	.id = &phx_net_id,
	.size = sizeof(struct phx_ns),
};

/**
 * phx_netns_init() - have tables in every network namespace
 *
 * Return: 0 or a negative errno.
 */
int phx_netns_init(void)
{
	return register_pernet_subsys(&phx_net_ops);
}

/**
 * phx_netns_exit() - drop them
 */
void phx_netns_exit(void)
{
	unregister_pernet_subsys(&phx_net_ops);
}
