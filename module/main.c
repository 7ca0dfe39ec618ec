// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "client.h"
#include "copy.h"
#include "device.h"
#include "message.h"
#include "netlink.h"
#include "netns.h"
#include "stats.h"
#include "user.h"

#include <linux/module.h>
#include <linux/rcupdate.h>

static int __init phx_init(void)
{
	int err;

	err = phx_copy_init();
	if (err)
		return err;
	phx_users_init();
	err = phx_message_cache_init();
	if (err)
		return err;
	err = phx_netns_init();
	if (err)
		goto err_cache;
	phx_stats_init();
	err = phx_netlink_init();
	if (err)
		goto err_stats;
	err = phx_device_init();
	if (err)
		goto err_netlink;
	pr_info("version " PHX_VERSION "\n");
	return 0;

err_netlink:
	phx_netlink_exit();
err_stats:
	phx_stats_exit();
	phx_netns_exit();
err_cache:
	phx_message_cache_exit();
	return err;
}

static void __exit phx_exit(void)
{
	phx_device_exit();
	phx_netlink_exit();
	phx_clients_exit();
	phx_stats_exit();
	phx_netns_exit();
	phx_message_cache_exit();
	phx_users_exit();
}

module_init(phx_init);
module_exit(phx_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The phxport authors");
MODULE_DESCRIPTION("Phoenix-RTOS ports: send, receive and respond between processes");
MODULE_VERSION(PHX_VERSION);
