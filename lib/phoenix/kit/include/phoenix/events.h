/* SPDX-License-Identifier: MIT */
/*
 * Events.
 */
#ifndef _PHX_KIT_PHOENIX_EVENTS_H
#define _PHX_KIT_PHOENIX_EVENTS_H

#include <sys/types.h>

#endif /* _PHX_KIT_PHOENIX_EVENTS_H */
