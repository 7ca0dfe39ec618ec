/* SPDX-License-Identifier: MIT */
/*
 * The structure of a message.
 */
#ifndef _PHX_KIT_PHOENIX_MSG_H
#define _PHX_KIT_PHOENIX_MSG_H

#include <phxport/phoenix.h>

#endif /* _PHX_KIT_PHOENIX_MSG_H */
