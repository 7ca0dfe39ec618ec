/* SPDX-License-Identifier: MIT */
/*
 * Messages to Phoenix-RTOS' network stack. Sockets are Linux' here.
 */
#ifndef _PHX_KIT_SYS_SOCKPORT_H
#define _PHX_KIT_SYS_SOCKPORT_H

#include <sys/msg.h>
#include <sys/socket.h>

#endif /* _PHX_KIT_SYS_SOCKPORT_H */
