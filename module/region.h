/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A region: memory that a client registered with a port once, so that messages
 * to that port can use it at no more cost than a message without buffers. It is
 * pinned all the time, and the receiver sees it between messages, too: less
 * isolation than a buffer that is lent, so both sides ask for it, the port's
 * owner with PHX_PORT_BUFFERS and the sender by registering.
 *
 *	          register                end             last message over
 *	(created) --------> registered ---------> ended -------------------> (freed)
 *
 *  registered	messages may use it. The first that is received puts its pages into
 *		the receiver's window, for each direction by itself, and later ones find
 *		them there. If that window is unmapped they are put into the next.
 *  ended	no message can begin to use it. Whoever has one that does keeps what
 *		it sees: a server that holds a message never faults.
 *
 * It is ended by unregistering it, by a response that says so, by the death of
 * its port and by the shutdown of either client. What is charged for it is
 * charged to who registered it, until that client is shut down: what a server
 * took lasts longer because it likes to, and is then its own up to half of its
 * limits.
 *
 * Users: the registration, until it is ended, and each buffer that uses it, until the
 * receiver is done with the message: if that was aborted meanwhile its gap is the user.
 * With the last one the pages leave the window and all TLBs, are unpinned, and the
 * number is free. All users together have one of the references, as those of an
 * address space have. Who only looks has one, too: that keeps what a region is and
 * was, but not its pages, so that nobody can prolong by looking what others see.
 *
 * A region refers to its port, so to the receiver, and to the client that registered
 * it. Each of them drops all registrations, and gaps, when it is shut down, so this
 * makes no circle that lasts.
 *
 * Within one address space there are no pages and nothing to show: the region
 * only says where buffers may lie.
 *
 * Locks: @ended, @taken and @node are under the receiver's srv.lock. @lock is for the one
 * receiver that puts the pages into the window. All else is constant, or belongs
 * to who was the last user. Clients' tables of regions are read under RCU.
 */
#ifndef PHX_REGION_H
#define PHX_REGION_H

#include "window.h"

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>	/* struct mmpin */

struct phx_client;
struct phx_ioc_buffer;
struct phx_message;
struct phx_port;
struct phx_user;

/* Beyond all numbers that are given. */
#define PHX_REGION_NO_ID U32_MAX

/**
 * struct phx_region - memory that is registered with a port
 * @users: users, see above
 * @refs: references
 * @rcu: to free it
 * @owner: who registered it, referred to
 * @port: with which port, referred to
 * @user: who is charged for the pages, referred to
 * @pin: what is charged to the owner's RLIMIT_MEMLOCK
 * @nr: pages
 * @itself: charged to @user for a region without pages, as there may be very many
 * @id: its number in the owner's table, PHX_REGION_NO_ID if it is not there
 * @flags: PHX_BUFFER_*
 * @view: how the receiver sees it, by enum phx_dir. One of them has the pages,
 *	  see pages_of(), the other only points to them
 * @lock: of those who put a view into a window
 * @node: in port->regions while it is registered
 * @ended: see above
 * @taken: a receiver took a message that uses it, even if it put that back
 */
struct phx_region {
	refcount_t users;
	refcount_t refs;
	struct rcu_head rcu;
	struct phx_client *owner;
	struct phx_port *port;
	struct phx_user *user;
	struct mmpin pin;
	unsigned int nr;
	unsigned int itself;
	u32 id;
	u32 flags;
	struct phx_view view[PHX_DIR_NR];
	struct mutex lock; /* puts views into windows */
	/* under port->client->srv.lock */
	struct list_head node;
	bool ended;
	bool taken;
};

struct phx_region *phx_region_next(struct phx_client *owner, unsigned long *from);
struct phx_region *phx_region_create(struct phx_client *owner,
				     const struct phx_ioc_buffer *arg);
int phx_region_unregister(struct phx_client *owner, u32 id);
bool phx_region_end(struct phx_region *region);
void phx_regions_end_at(struct phx_port *port);
void phx_regions_end_in(const struct phx_message *msg);
void phx_regions_taken_locked(const struct phx_message *msg);
void phx_regions_disown(struct phx_client *owner);
void phx_region_put(struct phx_region *region);
void phx_region_drop(struct phx_region *region);

int phx_region_use(struct phx_message *msg, enum phx_dir dir, struct phx_client *owner);
void phx_region_unuse(struct phx_buffer *buf);
int phx_region_show(struct phx_buffer *buf, struct phx_client *receiver);

static inline struct phx_region *phx_region_get(struct phx_region *region)
{
	refcount_inc(&region->users);
	return region;
}

#endif /* PHX_REGION_H */
