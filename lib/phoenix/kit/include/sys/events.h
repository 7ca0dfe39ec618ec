/* SPDX-License-Identifier: MIT */
/*
 * Events of devices, for the server /dev/event.
 */
#ifndef _PHX_KIT_SYS_EVENTS_H
#define _PHX_KIT_SYS_EVENTS_H

#include <sys/msg.h>
#include <phoenix/events.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	evtDataOut,
	evtDataIn,
	evtError,
	evtGone,
};

typedef struct {
	oid_t oid;
	unsigned int flags;
	unsigned short types;
} evsub_t;

typedef struct _event_t {
	oid_t oid;
	unsigned int type;
	unsigned int flags;
	unsigned int count;
	unsigned int data;
} event_t;

typedef struct _event_ioctl_t {
	int eventcnt;
	int subcnt;
	int timeout;
	evsub_t subs[];
} event_ioctl_t;

/* Tell /dev/event/sink; -ENOSYS if there is none */
int eventsSend(event_t *event, int count);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_EVENTS_H */
