/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table: an XArray from numbers to objects, under its own lock or RCU.
 */
#ifndef PHX_TABLE_H
#define PHX_TABLE_H

#include <linux/bug.h>
#include <linux/xarray.h>

/**
 * phx_table_add() - enter an object under the next number
 * @table: where to
 * @id: out: the number, set before the object can be found
 * @entry: the object
 * @limit: the lowest and the highest number
 * @next: where to look for a free one first, which goes on with each
 *
 * As xa_alloc_cyclic(), which begins anew at the lowest also when it has no memory,
 * so that a number could come again that was given back a moment ago.
 *
 * Return: 0, -ENOMEM, or -ENOSPC if all numbers are taken.
 */
static inline int phx_table_add(struct xarray *table, u32 *id, void *entry,
				struct xa_limit limit, u32 *next)
{
	struct xa_limit rest = limit;
	u32 from;
	int err;

	xa_lock(table);
	from = *next;
	if (from > limit.min && from <= limit.max)
		rest.min = from;
	err = __xa_alloc(table, id, entry, rest, GFP_KERNEL_ACCOUNT);
	if (err == -EBUSY)
		err = __xa_alloc(table, id, entry, limit, GFP_KERNEL_ACCOUNT);
	/* It drops the lock to get memory: others may be further by now. */
	if (!err && (*next == from || *id >= *next))
		*next = *id + 1;
	xa_unlock(table);
	return err == -EBUSY ? -ENOSPC : err;
}

/*
 * An insertion that runs out of memory can leave nodes behind in which nothing is:
 * such a table is not xa_empty(), and they have to be freed.
 */
static inline void phx_table_fini(struct xarray *table)
{
	unsigned long index = 0;

	WARN_ON_ONCE(xa_find(table, &index, ULONG_MAX, XA_PRESENT));
	xa_destroy(table);
}

#endif /* PHX_TABLE_H */
