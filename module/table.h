/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table: an XArray from numbers to objects, under its own lock or RCU.
 */
#ifndef PHX_TABLE_H
#define PHX_TABLE_H

#include <linux/bug.h>
#include <linux/xarray.h>

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
