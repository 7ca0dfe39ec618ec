/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream: file descriptors on which bytes go to another process and come from
 * it. Both know how many make a message.
 */
#ifndef PHXBENCH_STREAM_H
#define PHXBENCH_STREAM_H

#include "bench.h"

struct stream {
	int in, out;
};

int stream_serve(const struct stream *stream, const struct job *job, int (*ready)(void));
int stream_call(const struct stream *stream, const struct job *job, const struct call *call);

#endif
