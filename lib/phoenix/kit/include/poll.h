/* SPDX-License-Identifier: MIT */
/*
 * glibc's, with Linux' numbers on both ends of a message, and from those to the
 * numbers of events.
 */
#ifndef _PHX_KIT_POLL_H
#define _PHX_KIT_POLL_H

#include <sys/events.h>
#include <errno.h>

#include_next <poll.h>

#define POLLIN_SET	(POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define POLLOUT_SET	(POLLWRNORM | POLLWRBAND | POLLOUT | POLLHUP)
#define POLLEX_SET	(POLLPRI)
#define POLLIGN_SET	(POLLERR | POLLHUP | POLLNVAL)

static inline int eventPollFromType(int type)
{
	switch (type) {
	case evtDataOut:
		return POLLOUT;
	case evtDataIn:
		return POLLIN;
	case evtError:
		return POLLERR;
	case evtGone:
		return POLLHUP;
	default:
		return -EINVAL;
	}
}

static inline int eventPollFromMask(unsigned short types)
{
	int type, events = 0;

	for (type = evtDataOut; type <= evtGone; type++)
		if (types & (1 << type))
			events |= eventPollFromType(type);
	return events;
}

static inline unsigned short eventMaskFromPoll(int events)
{
	unsigned short types = 0;
	int type;

	for (type = evtDataOut; type <= evtGone; type++)
		if (events & eventPollFromType(type))
			types |= (unsigned short)(1 << type);
	return types;
}

#endif /* _PHX_KIT_POLL_H */
