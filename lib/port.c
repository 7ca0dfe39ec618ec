// SPDX-License-Identifier: MIT
/*
 * Ports and names.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

int phx_port_create_with(struct phx *h, uint32_t *port,
			 const struct phx_port_opts *opts)
{
	struct phx_ioc_port arg = { .size = sizeof(arg) };
	struct phx_port_opts o;
	int err;

	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (err)
		return err;
	arg.flags = o.flags;
	arg.__reserved = o.__reserved;
	err = phx_call(h, PHX_IOC_PORT_CREATE, &arg);
	if (err)
		return err;
	/* Nobody can receive from the port before its number is out. */
	phx_windows_map(h);
	*port = arg.port;
	return 0;
}

int phx_port_create(struct phx *h, uint32_t *port)
{
	return phx_port_create_with(h, port, NULL);
}

int phx_port_destroy(struct phx *h, uint32_t port)
{
	struct phx_ioc_port arg = { .size = sizeof(arg), .port = port };

	return phx_call(h, PHX_IOC_PORT_DESTROY, &arg);
}

static int name_call(struct phx *h, unsigned long cmd, const char *name,
		     struct phx_ioc_name *arg)
{
	size_t len;

	if (!name || !name[0])
		return -EINVAL;
	len = strnlen(name, PHX_NAME_MAX);
	if (len == PHX_NAME_MAX)
		return -ENAMETOOLONG;
	arg->size = sizeof(*arg);
	arg->name = (uintptr_t)name;
	arg->name_size = (uint32_t)len + 1;
	return phx_call(h, cmd, arg);
}

int phx_name_register(struct phx *h, const char *name,
		      const struct phx_oid *oid)
{
	struct phx_ioc_name arg = { .oid = { .port = oid->port, .id = oid->id } };

	return name_call(h, PHX_IOC_NAME_REGISTER, name, &arg);
}

int phx_name_unregister(struct phx *h, const char *name)
{
	struct phx_ioc_name arg = { 0 };

	return name_call(h, PHX_IOC_NAME_UNREGISTER, name, &arg);
}

static int name_lookup(struct phx *h, const char *name, uint32_t flags,
		       struct phx_oid *oid, size_t *matched)
{
	struct phx_ioc_name arg = { .flags = flags };
	int err;

	err = name_call(h, PHX_IOC_NAME_LOOKUP, name, &arg);
	if (err)
		return err;
	*oid = arg.oid;
	if (matched)
		*matched = arg.matched;
	return 0;
}

int phx_name_lookup(struct phx *h, const char *name, struct phx_oid *oid)
{
	return name_lookup(h, name, 0, oid, NULL);
}

int phx_name_lookup_prefix(struct phx *h, const char *name,
			   struct phx_oid *oid, size_t *matched)
{
	return name_lookup(h, name, PHX_LOOKUP_PREFIX, oid, matched);
}
