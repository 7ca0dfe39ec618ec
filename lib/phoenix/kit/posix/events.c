// SPDX-License-Identifier: MIT
#include "px.h"

/* The layout of event_t is between programs and /dev/event: here it is bytes. */
#define EVENT_SIZE	32

PX_API int eventsSend(void *events, int count)
{
	msg_t msg = { .type = mtWrite };
	oid_t sink;

	if (count < 0)
		return -EINVAL;
	if (px_lookup("/dev/event/sink", NULL, &sink))
		return -ENOSYS;
	msg.oid = sink;
	msg.i.data = events;
	msg.i.size = (size_t)count * EVENT_SIZE;
	return msgSend(sink.port, &msg);
}
