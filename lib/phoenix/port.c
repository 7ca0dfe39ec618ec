// SPDX-License-Identifier: MIT
/*
 * Ports and their names, on one handle for the whole process.
 */
#include "shim.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

static struct phx *_Atomic process_handle;

/**
 * phx_pho_handle - the process' handle, opened when first asked for
 * @h: out: the handle
 *
 * It is never closed: it goes with the process. Without a lock, so that a fork
 * at any time leaves nothing locked in the child.
 *
 * Return: 0 or what phx_open() gave; then the next call tries again.
 */
int phx_pho_handle(struct phx **h)
{
	struct phx *mine, *first = NULL;
	int err;

	*h = atomic_load_explicit(&process_handle, memory_order_acquire);
	if (*h)
		return 0;
	err = phx_open(&mine, 0);
	if (err)
		return err;
	*h = mine;
	if (!atomic_compare_exchange_strong(&process_handle, &first, mine)) {
		phx_close(mine);
		*h = first;
	}
	return 0;
}

int portCreate(uint32_t *port)
{
	struct phx *h;
	int err;

	if (!phx_pho_writable(port, sizeof(*port)))
		return -EFAULT;
	err = phx_pho_handle(&h);
	return err ? err : phx_port_create(h, port);
}

void portDestroy(uint32_t port)
{
	struct phx *h;

	if (!phx_pho_handle(&h))
		phx_port_destroy(h, port);
}

int portRegister(uint32_t port, const char *name, oid_t *oid)
{
	struct phx_oid object = { .port = port };
	struct phx *h;
	int err;

	if (!name)
		return -EINVAL;
	if (!phx_pho_string(name) ||
	    (oid && !phx_pho_readable(oid, sizeof(*oid))))
		return -EFAULT;
	if (oid)
		object.id = oid->id;
	err = phx_pho_handle(&h);
	return err ? err : phx_name_register(h, name, &object);
}

int portUnregister(const char *name)
{
	struct phx *h;
	int err;

	if (!name)
		return -EINVAL;
	if (!phx_pho_string(name))
		return -EFAULT;
	err = phx_pho_handle(&h);
	if (!err)
		err = phx_name_unregister(h, name);
	return strcmp(name, "/") ? err : 0;
}
