// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

DEFINE_PER_CPU(struct phx_stats, phx_stats);

static struct dentry *phx_debugfs;

static const char *const stat_names[PHX_STAT_NR] = {
	[PHX_STAT_CLIENTS_LIVE]		= "clients_live",
	[PHX_STAT_PORTS_LIVE]		= "ports_live",
	[PHX_STAT_NAMES_LIVE]		= "names_live",
	[PHX_STAT_USERS_LIVE]		= "users_live",
	[PHX_STAT_MESSAGES_LIVE]	= "messages_live",
	[PHX_STAT_REGIONS_LIVE]		= "regions_live",
	[PHX_STAT_PAGES_PINNED_LIVE]	= "pages_pinned_live",
	[PHX_STAT_PAGES_SHADOW_LIVE]	= "pages_shadow_live",
	[PHX_STAT_PAGES_KEPT_LIVE]	= "pages_kept_live",
	[PHX_STAT_MESSAGES_SENT]	= "messages_sent",
	[PHX_STAT_MESSAGES_RECEIVED]	= "messages_received",
	[PHX_STAT_MESSAGES_ANSWERED]	= "messages_answered",
	[PHX_STAT_MESSAGES_WITHDRAWN]	= "messages_withdrawn",
	[PHX_STAT_MESSAGES_ORPHANED]	= "messages_orphaned",
	[PHX_STAT_MESSAGES_REQUEUED]	= "messages_requeued",
	[PHX_STAT_BUFFERS_INLINE]	= "buffers_inline",
	[PHX_STAT_BUFFERS_SAME]		= "buffers_same",
	[PHX_STAT_BUFFERS_COPIED]	= "buffers_copied",
	[PHX_STAT_BUFFERS_LENT]		= "buffers_lent",
	[PHX_STAT_BUFFERS_RELENT]	= "buffers_relent",
	[PHX_STAT_BUFFERS_BOUNCED]	= "buffers_bounced",
	[PHX_STAT_BUFFERS_REGISTERED]	= "buffers_registered",
	[PHX_STAT_PAGES_HUGE]		= "pages_huge",
	[PHX_STAT_WAITS_SPUN]		= "waits_spun",
	[PHX_STAT_WAITS_SLEPT]		= "waits_slept",
	[PHX_STAT_PAGES_PINNED]		= "pages_pinned",
	[PHX_STAT_PAGES_UNPINNED]	= "pages_unpinned",
	[PHX_STAT_MESSAGES_ABORTED]	= "messages_aborted",
};

/**
 * phx_stat_sum() - read a counter
 * @stat: which
 *
 * CPUs go on counting meanwhile.
 *
 * Return: its sum over all CPUs.
 */
s64 phx_stat_sum(enum phx_stat stat)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(phx_stats, cpu).count[stat]);
	return sum;
}

static int stats_show(struct seq_file *s, void *unused)
{
	enum phx_stat stat;

	for (stat = 0; stat < PHX_STAT_NR; stat++)
		seq_printf(s, "%s %lld\n", stat_names[stat], phx_stat_sum(stat));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/**
 * phx_stats_init() - show the counters in debugfs
 *
 * Nothing depends on debugfs, so its errors are ignored, as is its habit.
 */
void phx_stats_init(void)
{
	phx_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("stats", 0400, phx_debugfs, NULL, &stats_fops);
}

/**
 * phx_stats_exit() - take them away
 */
void phx_stats_exit(void)
{
	debugfs_remove_recursive(phx_debugfs);
}
