/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client: it makes the input, calls, and looks at the output.
 */
#ifndef PHXBENCH_CLIENT_H
#define PHXBENCH_CLIENT_H

#include "bench.h"
#include "servers.h"

#define CLIENT_WRONG	1	/* other bytes came back than should have */

void client_init(void);
int client_begin(const struct server *server);
int client_prove(const struct server *server);
int client_calls(const struct server *server, bool fill, size_t n, double *took);

#endif
