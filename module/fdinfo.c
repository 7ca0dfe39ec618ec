// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client has, for whoever looks into /proc/PID/fdinfo: totals of all, and a
 * line each for the first of them. It is read while all of it changes, so it is
 * no snapshot: the lock is held for one batch of slots at a time.
 */
#include "device.h"
#include "client.h"
#include "gap.h"
#include "message.h"
#include "port.h"
#include "region.h"
#include "user.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

/* Lines of each kind. */
#define SHOWN_MAX	32
/* Slots of the table of held messages that are looked at under one hold of the lock. */
#define SLOT_BATCH	256

static const char *const class_names[] = {
	[PHX_CLASS_NONE]	= "none",
	[PHX_CLASS_INLINE]	= "inline",
	[PHX_CLASS_SAME]	= "same",
	[PHX_CLASS_COPY]	= "copy",
	[PHX_CLASS_LEND]	= "lend",
	[PHX_CLASS_REGISTERED]	= "registered",
};

/**
 * struct held_line - a message, as it was when the lock was held
 * @rid: what it is known by
 * @port: number of its port
 * @pid: its sender's, in the pid namespace of the client
 * @orphan: the sender is gone
 * @loans: messages that borrow its buffers
 * @pages: that it keeps pinned or copied
 * @class: of its buffers
 */
struct held_line {
	s32 rid;
	u32 port;
	s32 pid;
	bool orphan;
	unsigned int loans;
	unsigned long pages;
	u16 class[PHX_DIR_NR];
};

/**
 * struct held_sum - all messages that were seen
 * @messages: their number
 * @orphans: those of them whose sender is gone
 * @pages: pages that they keep
 * @nr: lines in @line
 * @line: the first of them
 */
struct held_sum {
	unsigned long messages;
	unsigned long orphans;
	unsigned long pages;
	unsigned int nr;
	struct held_line line[SHOWN_MAX];
};

static void add_held_locked(struct held_sum *sum, const struct phx_message *msg, s32 rid)
{
	const struct phx_buffer *in = &msg->buf[PHX_IN], *out = &msg->buf[PHX_OUT];
	unsigned long pages = phx_buffer_charged(in) + phx_buffer_charged(out);

	lockdep_assert_held(&msg->port->client->srv.lock);
	sum->messages++;
	sum->orphans += msg->state == PHX_ORPHAN;
	sum->pages += pages;
	if (sum->nr == SHOWN_MAX)
		return;
	sum->line[sum->nr++] = (struct held_line) {
		.rid = rid,
		.port = msg->port->id,
		.pid = msg->call.msg.pid,
		.orphan = msg->state == PHX_ORPHAN,
		.loans = msg->loans,
		.pages = pages,
		.class = { phx_message_class(msg, PHX_IN), phx_message_class(msg, PHX_OUT) },
	};
}

/* A message in the table is nobody's to change but the lock's holder's. */
static bool add_slots(struct phx_client *client, u32 *slot, struct held_sum *sum)
{
	u32 end = *slot + SLOT_BATCH;
	struct phx_message *msg;
	s32 rid;

	spin_lock(&client->srv.lock);
	while ((msg = phx_held_next_locked(client, slot, end, &rid)))
		/* One that was aborted is not there any more. */
		if (!phx_is_gap(msg))
			add_held_locked(sum, msg, rid);
	spin_unlock(&client->srv.lock);
	return *slot == end;
}

static void show_held(struct seq_file *m, struct phx_client *client)
{
	struct held_sum *sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	unsigned int i;
	u32 slot = 0;

	if (!sum)
		return;
	while (add_slots(client, &slot, sum) && !fatal_signal_pending(current))
		cond_resched();
	seq_printf(m, "phx-held:\t%lu\n", sum->messages);
	seq_printf(m, "phx-held-orphans:\t%lu\n", sum->orphans);
	seq_printf(m, "phx-held-pages:\t%lu\n", sum->pages);
	for (i = 0; i < sum->nr; i++) {
		const struct held_line *line = &sum->line[i];

		seq_printf(m, "phx-message:\trid %d port %u pid %d %s pages %lu loans %u in %s out %s\n",
			   line->rid, line->port, line->pid,
			   line->orphan ? "orphan" : "taken", line->pages, line->loans,
			   class_names[line->class[PHX_IN]],
			   class_names[line->class[PHX_OUT]]);
	}
	kfree(sum);
}

static void show_ports(struct seq_file *m, struct phx_client *client)
{
	u32 ids[SHOWN_MAX];
	unsigned int i, n = 0;
	unsigned long queued, nr;
	struct phx_port *port;

	spin_lock(&client->srv.lock);
	queued = client->srv.queued;
	nr = client->srv.nr_ports;
	list_for_each_entry(port, &client->srv.ports, node) {
		if (n == SHOWN_MAX)
			break;
		ids[n++] = port->id;
	}
	spin_unlock(&client->srv.lock);

	seq_printf(m, "phx-ports:\t%lu\n", nr);
	seq_printf(m, "phx-queued:\t%lu\n", queued);
	for (i = 0; i < n; i++)
		seq_printf(m, "phx-port:\t%u\n", ids[i]);
}

static void show_windows(struct seq_file *m, struct phx_client *client)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		struct phx_window *win = &client->win[dir];
		unsigned long pages, used;
		bool mapped;

		spin_lock(&win->lock);
		mapped = win->addr;
		pages = win->nr;
		used = win->used;
		spin_unlock(&win->lock);
		if (mapped)
			seq_printf(m, "phx-window:\t%s pages %lu used %lu\n",
				   dir == PHX_IN ? "input" : "output", pages, used);
	}
}

static void show_region(struct seq_file *m, const struct phx_region *region)
{
	bool in = region->flags & PHX_BUFFER_IN, out = region->flags & PHX_BUFFER_OUT;

	seq_printf(m, "phx-buffer:\tid %u port %u pages %u%s%s%s\n", region->id,
		   region->port->id, region->nr,
		   in ? " in" : "", out ? " out" : "",
		   READ_ONCE(region->ended) ? " ended" : "");
}

/* Those that the client registered. */
static void show_regions(struct seq_file *m, struct phx_client *client)
{
	unsigned long id = 0, n = 0, pages = 0;
	struct phx_region *region;

	for (; (region = phx_region_next(client, &id)); id++) {
		pages += region->nr;
		if (n++ < SHOWN_MAX)
			show_region(m, region);
		phx_region_drop(region);
		cond_resched();
	}
	seq_printf(m, "phx-buffers:\t%lu\n", n);
	seq_printf(m, "phx-buffers-pages:\t%lu\n", pages);
}

/*
 * A descriptor may be with another user's process, which can do nothing with it.
 * It is not to learn who sends what, either. Who opened @m counts, not whom that was
 * given to read from.
 */
static bool may_look(const struct seq_file *m, const struct phx_client *client)
{
	return uid_eq(m->file->f_cred->euid, client->user->uid) ||
	       file_ns_capable(m->file, &init_user_ns, CAP_SYS_PTRACE);
}

/**
 * phx_fdinfo() - tell what a client has
 * @m: where to
 * @file: the client's file
 */
void phx_fdinfo(struct seq_file *m, struct file *file)
{
	struct phx_client *client = file->private_data;

	if (!may_look(m, client))
		return;
	show_ports(m, client);
	show_held(m, client);
	show_windows(m, client);
	show_regions(m, client);
}
