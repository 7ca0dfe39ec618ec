// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"
#include "client.h"
#include "message.h"
#include "port.h"
#include "stats.h"
#include "table.h"
#include "user.h"

#include <linux/phxport.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

static const u32 flag_of[PHX_DIR_NR] = {
	[PHX_IN]	= PHX_BUFFER_IN,
	[PHX_OUT]	= PHX_BUFFER_OUT,
};

/* The view that has the pages: as an output they are pinned to be written. */
static struct phx_buffer *pages_of(struct phx_region *region)
{
	return &region->view[region->flags & PHX_BUFFER_OUT ? PHX_OUT : PHX_IN].buf;
}

/* Under its number nobody gets to be a user any more, though some may still look. */
static void let_go(struct phx_region *region)
{
	enum phx_dir dir;

	/* model: free_region */
	for (dir = 0; dir < PHX_DIR_NR; dir++)
		phx_window_drop(region->port->client, &region->view[dir]);
	/* Out of all TLBs: now the pages may be anybody's. */
	phx_buffer_release(pages_of(region), region->user);
	phx_user_uncharge(region->user, PHX_LIMIT_PAGES, region->itself);
	mm_unaccount_pinned_pages(&region->pin);
	if (region->id != PHX_REGION_NO_ID)
		xa_erase(&region->owner->regions, region->id);
	phx_user_put(region->user);
	mutex_destroy(&region->lock);
	phx_stat_dec(PHX_STAT_REGIONS_LIVE);
	phx_region_drop(region);
}

/**
 * phx_region_put() - be no longer a user of a region
 * @region: the region
 */
void phx_region_put(struct phx_region *region)
{
	if (refcount_dec_and_test(&region->users))
		let_go(region);
}

/**
 * phx_region_drop() - let go of a region that was only looked at
 * @region: the region, of phx_region_next()
 */
void phx_region_drop(struct phx_region *region)
{
	if (!refcount_dec_and_test(&region->refs))
		return;
	phx_client_put(region->owner);
	phx_port_put(region->port);
	kfree_rcu(region, rcu);
}

/**
 * phx_region_end() - let no more messages use a region
 * @region: the region, of which the caller is a user
 *
 * Return: whether it was registered until now.
 */
bool phx_region_end(struct phx_region *region)
{
	struct phx_client *receiver = region->port->client;
	bool ended;

	/* model: end_region */
	spin_lock(&receiver->srv.lock);
	ended = region->ended;
	WRITE_ONCE(region->ended, true);
	list_del_init(&region->node);
	spin_unlock(&receiver->srv.lock);
	if (!ended)
		phx_region_put(region);
	return !ended;
}

static struct phx_region *region_alloc(struct phx_client *owner, struct phx_port *port,
				       const struct phx_ioc_buffer *arg)
{
	struct phx_region *region;
	enum phx_dir dir;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return NULL;
	refcount_set(&region->users, 1);
	refcount_set(&region->refs, 1);
	region->owner = phx_client_ref(owner);
	region->port = phx_port_ref(port);
	region->user = phx_user_ref(owner->user);
	region->id = PHX_REGION_NO_ID;
	region->flags = arg->flags;
	mutex_init(&region->lock);
	INIT_LIST_HEAD(&region->node);
	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		region->view[dir].buf.dir = dir;
		region->view[dir].buf.addr = arg->addr;
		region->view[dir].buf.len = arg->len;
	}
	phx_stat_inc(PHX_STAT_REGIONS_LIVE);
	return region;
}

static int get_pages(struct phx_region *region)
{
	struct phx_buffer *from = pages_of(region);
	enum phx_dir dir;
	int err;

	if (region->port->client->mm == region->owner->mm) {
		err = phx_user_charge(region->user, PHX_LIMIT_PAGES, 1);
		region->itself = !err;
		return err;
	}
	err = phx_buffer_pin(from, region->user, &region->pin);
	if (err)
		return err;
	region->nr = from->nr;
	for (dir = 0; dir < PHX_DIR_NR; dir++) {
		region->view[dir].buf.nr = from->nr;
		region->view[dir].buf.pages = from->pages;
	}
	return 0;
}

/*
 * Once it is in the owner's table it can be used and ended, even before it is on
 * the port's list. Who shuts down a client or a port first says so, and then
 * looks for regions: either we find that it was said, or they find ours.
 */
static int publish(struct phx_region *region)
{
	struct phx_client *owner = region->owner, *receiver = region->port->client;
	bool closed;
	int err;

	phx_region_get(region);
	err = phx_table_add(&owner->regions, &region->id, region, XA_LIMIT(0, U16_MAX),
			    &owner->next_region);
	if (err) {
		/* A number that was only tried belongs to another. */
		region->id = PHX_REGION_NO_ID;
		phx_region_put(region);
		return err;
	}

	spin_lock(&owner->srv.lock);
	closed = owner->srv.closed;
	spin_unlock(&owner->srv.lock);
	err = closed ? -EBADFD : 0;
	spin_lock(&receiver->srv.lock);
	if (region->port->dead)
		err = err ?: -EINVAL;
	else if (!region->ended)
		list_add_tail(&region->node, &region->port->regions);
	spin_unlock(&receiver->srv.lock);
	if (err)
		phx_region_end(region);
	return err;
}

static int check(const struct phx_ioc_buffer *arg)
{
	if (!arg->flags || arg->flags & ~(PHX_BUFFER_IN | PHX_BUFFER_OUT))
		return -EINVAL;
	if (!arg->len || (arg->addr | arg->len) & ~PAGE_MASK)
		return -EINVAL;
	if (arg->len > PHX_MESSAGE_MAX)
		return -EMSGSIZE;
	if (arg->addr != (unsigned long)arg->addr ||
	    !access_ok((void __user *)(unsigned long)arg->addr, arg->len))
		return -EFAULT;
	return 0;
}

static struct phx_region *create(struct phx_client *owner, struct phx_port *port,
				 const struct phx_ioc_buffer *arg)
{
	struct phx_region *region;
	int err;

	if (phx_client_abandoned(port->client))
		return ERR_PTR(-EINVAL);
	if (!(port->flags & PHX_PORT_BUFFERS))
		return ERR_PTR(-EACCES);
	region = region_alloc(owner, port, arg);
	if (!region)
		return ERR_PTR(-ENOMEM);
	err = get_pages(region);
	if (!err)
		err = publish(region);
	if (!err)
		return region;
	phx_region_put(region);
	return ERR_PTR(err);
}

/**
 * phx_region_create() - register memory of the current process
 * @owner: its client
 * @arg: the call
 *
 * Return: the region, with the caller as a user, or an ERR_PTR.
 */
struct phx_region *phx_region_create(struct phx_client *owner,
				     const struct phx_ioc_buffer *arg)
{
	struct phx_region *region;
	struct phx_port *port;
	int err;

	err = check(arg);
	if (err)
		return ERR_PTR(err);
	port = phx_port_find(owner->ns, arg->port);
	if (!port)
		return ERR_PTR(-EINVAL);
	region = create(owner, port, arg);
	phx_port_put(port);
	return region;
}

static struct phx_region *find(struct phx_client *owner, u32 id)
{
	struct phx_region *region;

	rcu_read_lock();
	region = xa_load(&owner->regions, id);
	if (region && !refcount_inc_not_zero(&region->users))
		region = NULL;
	rcu_read_unlock();
	return region;
}

/**
 * phx_region_next() - look up a client's regions one after the other
 * @owner: the client
 * @from: number to begin at; out: that of the region
 *
 * Return: the region with the next number, for phx_region_drop(), or NULL.
 */
struct phx_region *phx_region_next(struct phx_client *owner, unsigned long *from)
{
	struct phx_region *region;

	rcu_read_lock();
	region = xa_find(&owner->regions, from, ULONG_MAX, XA_PRESENT);
	while (region && !refcount_inc_not_zero(&region->refs))
		region = xa_find_after(&owner->regions, from, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return region;
}

/**
 * phx_region_unregister() - end a region by its number
 * @owner: who registered it
 * @id: the number
 *
 * Return: 0, or -ENOENT if there is none, or it was ended.
 */
int phx_region_unregister(struct phx_client *owner, u32 id)
{
	struct phx_region *region = find(owner, id);
	bool ended;

	if (!region)
		return -ENOENT;
	ended = phx_region_end(region);
	phx_region_put(region);
	return ended ? 0 : -ENOENT;
}

/**
 * phx_regions_end_at() - end all regions of a port
 * @port: the port, which is dead: there will be no more
 */
void phx_regions_end_at(struct phx_port *port)
{
	struct phx_region *region;

	for (;;) {
		spin_lock(&port->client->srv.lock);
		region = list_first_entry_or_null(&port->regions, struct phx_region, node);
		/* On the list it is registered, and that is a user. */
		if (region)
			phx_region_get(region);
		spin_unlock(&port->client->srv.lock);
		if (!region)
			return;
		phx_region_end(region);
		phx_region_put(region);
		cond_resched();
	}
}

/**
 * phx_regions_end_in() - end the regions that a message uses
 * @msg: the message, which the caller is about to answer
 */
void phx_regions_end_in(const struct phx_message *msg)
{
	enum phx_dir dir;

	for (dir = 0; dir < PHX_DIR_NR; dir++)
		if (msg->buf[dir].region)
			phx_region_end(msg->buf[dir].region);
}

/* As long as we are a user it is ours to change: others read nothing of this. */
static void charge_receiver(struct phx_region *region)
{
	struct phx_user *from = region->user, *to = region->port->client->user;
	long pages = phx_buffer_charged(pages_of(region)) + region->itself;

	if (from == to || !phx_user_move(from, to, PHX_LIMIT_PAGES, pages))
		return;
	region->user = phx_user_ref(to);
	phx_user_put(from);
	mm_unaccount_pinned_pages(&region->pin);
	memset(&region->pin, 0, sizeof(region->pin));
}

/**
 * phx_regions_taken_locked() - a receiver takes a message
 * @msg: the message, which may use regions
 */
void phx_regions_taken_locked(const struct phx_message *msg)
{
	enum phx_dir dir;

	lockdep_assert_held(&msg->port->client->srv.lock);
	for (dir = 0; dir < PHX_DIR_NR; dir++)
		if (msg->buf[dir].region)
			WRITE_ONCE(msg->buf[dir].region->taken, true);
}

/**
 * phx_regions_disown() - end all regions of a client
 * @owner: who registered them, and is shut down: there will be no more
 *
 * Those that messages still use are the receivers' to pay for, if they ever took one: a
 * message that waits has them from its sender alone.
 */
void phx_regions_disown(struct phx_client *owner)
{
	struct phx_region *region;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&owner->regions, id, region) {
		if (!refcount_inc_not_zero(&region->users))
			continue;
		rcu_read_unlock();
		phx_region_end(region);
		if (refcount_read(&region->users) > 1 && READ_ONCE(region->taken))
			charge_receiver(region);
		phx_region_put(region);
		cond_resched();
		rcu_read_lock();
	}
	rcu_read_unlock();
}

static int check_use(const struct phx_region *region, const struct phx_buffer *buf,
		     const struct phx_port *port)
{
	const struct phx_buffer *all = &region->view[buf->dir].buf;

	/* Who ends it may have still to take it out of the table. */
	if (READ_ONCE(region->ended))
		return -ENOENT;
	if (region->port != port || !(region->flags & flag_of[buf->dir]))
		return -EACCES;
	/* One that begins before it is far behind it by this difference, too. */
	if (buf->len > all->len || buf->addr - all->addr > all->len - buf->len)
		return -EFAULT;
	return 0;
}

/**
 * phx_region_use() - let a buffer of a message use the region that it names
 * @msg: the message
 * @dir: which of its buffers; its address and length are set
 * @owner: the sender
 *
 * Return: 0, also if it names none; -ENOENT if there is no such region, -EACCES
 * if it is another port's or not for this direction, -EFAULT if the buffer is not
 * within it.
 */
int phx_region_use(struct phx_message *msg, enum phx_dir dir, struct phx_client *owner)
{
	bool in = dir == PHX_IN;
	struct phx_buffer *buf = &msg->buf[dir];
	struct phx_region *region;
	int err;

	if (!(msg->call.flags & (in ? PHX_SEND_I_REGISTERED : PHX_SEND_O_REGISTERED)))
		return 0;
	/* model: use */
	region = find(owner, in ? msg->call.i_off : msg->call.o_off);
	if (!region)
		return -ENOENT;
	err = check_use(region, buf, msg->port);
	if (err) {
		phx_region_put(region);
		return err;
	}
	buf->region = region;
	buf->source = PHX_SRC_REGION;
	return 0;
}

/**
 * phx_region_unuse() - a buffer needs its region no longer
 * @buf: the buffer; if it uses none nothing happens
 */
void phx_region_unuse(struct phx_buffer *buf)
{
	struct phx_region *region = buf->region;

	buf->region = NULL;
	if (region)
		phx_region_put(region);
}

/* Of several receivers at once the first puts it there. */
static int put_into_window(struct phx_region *region, struct phx_view *view,
			   struct phx_client *receiver)
{
	int err = 0;

	/* model: show */
	if (mutex_lock_killable(&region->lock))
		return -EINTR;
	if (!phx_window_has(receiver, view))
		err = phx_window_keep(receiver, view);
	mutex_unlock(&region->lock);
	return err;
}

/**
 * phx_region_show() - show a buffer that uses a region to the receiver
 * @buf: the buffer
 * @receiver: the receiver, of the current process
 *
 * Return: as phx_window_lend().
 */
int phx_region_show(struct phx_buffer *buf, struct phx_client *receiver)
{
	struct phx_region *region = buf->region;
	struct phx_view *view = &region->view[buf->dir];
	int err;

	if (!phx_window_has(receiver, view)) {
		err = put_into_window(region, view, receiver);
		if (err)
			return err;
	}
	buf->at = view->buf.at + (buf->addr - view->buf.addr);
	buf->class = PHX_CLASS_REGISTERED;
	phx_stat_inc(PHX_STAT_BUFFERS_REGISTERED);
	return 0;
}
