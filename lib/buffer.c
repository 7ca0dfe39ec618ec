// SPDX-License-Identifier: MIT
/*
 * Registered buffers. The kernel has the list of them; a child of a fork opens
 * the device anew and so begins with none.
 */
#include "internal.h"

int phx_buffer_register(struct phx *h, uint32_t port, void *data, size_t size,
			uint32_t flags, uint16_t *id)
{
	struct phx_ioc_buffer arg = {
		.size = sizeof(arg),
		.flags = flags,
		.port = port,
		.addr = (uintptr_t)data,
		.len = size,
	};
	int err;

	err = phx_call(h, PHX_IOC_BUFFER_REGISTER, &arg);
	if (!err)
		*id = (uint16_t)arg.id;
	return err;
}

int phx_buffer_unregister(struct phx *h, uint16_t id)
{
	struct phx_ioc_buffer arg = { .size = sizeof(arg), .id = id };

	return phx_call(h, PHX_IOC_BUFFER_UNREGISTER, &arg);
}
