/* SPDX-License-Identifier: MIT */
/*
 * filemsg: Phoenix' file messages, answered from a directory tree.
 */
#ifndef FILEMSG_H
#define FILEMSG_H

#include <phxport/phoenix.h>

/* Serve one message; returns what goes to o.err. @port is the server's own. */
int filemsg_serve(uint32_t port, msg_t *msg);

/* Name of a message type, for people */
const char *filemsg_name(int type);

#endif
