/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies in a message of the fuzzer and its answer, so that both sides can tell
 * whether it is the right one.
 */
#ifndef FUZZ_MESSAGE_H
#define FUZZ_MESSAGE_H

#include "fuzz.h"

/* The buffers are the lane's own, their contents known. */
#define FZ_MARK_IN	0x1
#define FZ_MARK_OUT	0x2
/* The sender may be gone before the answer; within its process it shows. */
#define FZ_MARK_TIMED	0x4

/* In i.raw. @cookie is 0 if others may have changed the message. */
struct fz_mark {
	__u64 cookie;
	__u64 flags;
};

/* In o.raw. @filled: the output holds ~@cookie */
struct fz_echo {
	__u64 cookie;
	__u64 filled;
};

__u64 fz_cookie(unsigned int lane, unsigned int seq);
bool fz_cookie_find(__u64 cookie, int *lane, int *seq);
void fz_check_error(const struct fz_call *call, int err);

#endif /* FUZZ_MESSAGE_H */
