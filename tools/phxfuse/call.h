/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call: one request of FUSE while a thread serves it, and the messages that
 * it sends meanwhile.
 *
 * Somebody who waits for the request may be interrupted. Until a message of the
 * call has changed something, that withdraws the message that waits for the
 * server, and the call ends with EINTR. Afterwards it is too late: the call goes
 * on to its end, so that nothing is left half done.
 *
 * The kernel's interrupt may come just before the thread starts to wait, so one
 * signal is not enough: a thread of its own sends it again and again until the
 * call is over. One lock is for the list of the calls that are interrupted.
 */
#ifndef CALL_H
#define CALL_H

#include "phxfuse.h"

/** call_open - open the device; phx_explain() tells of errors */
int call_open(void);

/**
 * call_start - prepare for interrupts
 *
 * To be called after the last fork().
 *
 * Return: 0 or a negative errno number.
 */
int call_start(void);

/**
 * call_begin - this thread begins to serve a request
 * @req: the request
 */
void call_begin(fuse_req_t req);

/** call_end - it will send no more messages for it; before the answer */
void call_end(void);

/** call_interrupted - has who waits for the request been interrupted? */
bool call_interrupted(void);

/** call_commit - from here on it is not to be interrupted */
void call_commit(void);

/**
 * call_limit - no message of this thread takes longer
 * @seconds: the longest time, where the option timeout does not give a shorter one
 */
void call_limit(double seconds);

/**
 * call_send - send a message and wait for its response
 * @port: of the server
 * @msg: the message; @msg->o.err is the server's answer
 *
 * Servers leave o.err as it was where they don't know a type, so it is set to
 * -ENOSYS before.
 *
 * Return: 0 if the server answered, whatever that is, or
 *  -ENOTCONN	there is no such port; nothing was done
 *  -EIO	the server ended before it answered; it may have been done
 *  -EINTR	the request was interrupted; nothing was done
 *  -ETIMEDOUT	it took too long; it may have been done
 *  -ENOMEM	the memory or the limits of the user don't suffice
 */
int call_send(uint32_t port, msg_t *msg);

/**
 * call_error - the error that the kernel takes for an error of a server
 * @err: what a server answered, negative
 *
 * Return: a negative errno number. ENOSYS would tell it
 * never to ask again, so that is EOPNOTSUPP; no errno number at all is EIO.
 */
int call_error(int err);

#endif /* CALL_H */
