/* SPDX-License-Identifier: MIT */
/*
 * How a subscription to events is changed.
 */
#ifndef _PHX_KIT_PHOENIX_EVENTS_H
#define _PHX_KIT_PHOENIX_EVENTS_H

enum {
	evAdd = 0x1,
	evDelete = 0x2,
	evEnable = 0x4,
	evDisable = 0x8,
	evOneshot = 0x10,
	evClear = 0x20,
	evDispatch = 0x40,
};

#endif /* _PHX_KIT_PHOENIX_EVENTS_H */
