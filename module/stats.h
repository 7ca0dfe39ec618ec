/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of the whole module, one set per CPU so that counting costs no
 * shared cache line. Their sums are read from debugfs, phxport/stats, a line
 * "key value" each.
 *
 * The keys that end in _live go up and down. When nothing of the module is in
 * use all of them are zero; the tests hold it to that. Sums are exact only
 * while nothing happens.
 */
#ifndef PHX_STATS_H
#define PHX_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

enum phx_stat {
	PHX_STAT_CLIENTS_LIVE,
	PHX_STAT_PORTS_LIVE,
	PHX_STAT_NAMES_LIVE,
	PHX_STAT_USERS_LIVE,
	PHX_STAT_MESSAGES_LIVE,
	PHX_STAT_REGIONS_LIVE,
	PHX_STAT_PAGES_PINNED_LIVE,	/* pages of senders */
	PHX_STAT_PAGES_SHADOW_LIVE,	/* pages of our own in their place */
	PHX_STAT_PAGES_KEPT_LIVE,	/* the same, from message to message */
	PHX_STAT_MESSAGES_SENT,
	PHX_STAT_MESSAGES_RECEIVED,
	PHX_STAT_MESSAGES_ANSWERED,
	PHX_STAT_MESSAGES_WITHDRAWN,	/* by the sender, never seen */
	PHX_STAT_MESSAGES_ORPHANED,	/* sender gone while a server had it */
	PHX_STAT_MESSAGES_REQUEUED,	/* the receiver could not take it */
	PHX_STAT_BUFFERS_INLINE,
	PHX_STAT_BUFFERS_SAME,
	PHX_STAT_BUFFERS_COPIED,
	PHX_STAT_BUFFERS_LENT,
	PHX_STAT_BUFFERS_RELENT,	/* lent on by a receiver */
	PHX_STAT_BUFFERS_BOUNCED,	/* could not be pinned */
	PHX_STAT_BUFFERS_REGISTERED,
	PHX_STAT_PAGES_HUGE,		/* lent as huge pages */
	PHX_STAT_WAITS_SPUN,		/* waits that ended while spinning */
	PHX_STAT_WAITS_SLEPT,		/* waits in which a thread slept */
	PHX_STAT_PAGES_PINNED,
	PHX_STAT_PAGES_UNPINNED,
	PHX_STAT_NR
};

struct phx_stats {
	s64 count[PHX_STAT_NR];
};

DECLARE_PER_CPU(struct phx_stats, phx_stats);

static inline void phx_stat_add(enum phx_stat stat, s64 n)
{
	this_cpu_add(phx_stats.count[stat], n);
}

static inline void phx_stat_inc(enum phx_stat stat)
{
	phx_stat_add(stat, 1);
}

static inline void phx_stat_dec(enum phx_stat stat)
{
	phx_stat_add(stat, -1);
}

void phx_stats_init(void);
void phx_stats_exit(void);

#endif /* PHX_STATS_H */
