/* SPDX-License-Identifier: MIT */
/*
 * What the files of libphxport-phoenix share. Names begin with phx_pho_, since
 * a static library can't hide them.
 */
#ifndef PHX_SHIM_H
#define PHX_SHIM_H

#include <phxport.h>
#include <phxport/phoenix.h>

#include <stdbool.h>

/* port.c */
int phx_pho_handle(struct phx **h);

/* message.c */
int phx_pho_send(struct phx *h, uint32_t port, msg_t *msg);

/* lookup.c */
int phx_pho_lookup(const char *name, oid_t *file, oid_t *dev, bool again);

/* pack.c */
bool phx_pho_pack_input(int type, const void *data, size_t size, uint16_t *off);
bool phx_pho_pack_output(int type, const void *data, size_t size,
			 uint16_t *off);

/* probe.c */
bool phx_pho_readable(const void *mem, size_t size);
bool phx_pho_writable(void *mem, size_t size);
bool phx_pho_string(const char *text);

#endif /* PHX_SHIM_H */
