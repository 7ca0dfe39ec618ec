/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers to the kernel. Each ends the call that the thread began.
 */
#ifndef REPLY_H
#define REPLY_H

#include "node.h"

/** reply_error - an error, negative, or 0 for success */
void reply_error(fuse_req_t req, int err);

/**
 * reply_attr - attributes
 * @req: the request
 * @err: an error, then @st is not looked at
 * @st: the attributes
 */
void reply_attr(fuse_req_t req, int err, const struct stat *st);

/**
 * entry_get - find out what the kernel wants to know of a name
 * @oid: the object that it stands for
 * @dev: who serves it
 * @entry: out: with a reference of its node, see entry_put()
 */
int entry_get(oid_t oid, oid_t dev, struct fuse_entry_param *entry);

/** entry_put - the kernel was not told of it after all */
void entry_put(const struct fuse_entry_param *entry);

/**
 * reply_entry - the object that a name stands for
 * @req: the request
 * @err: an error, then the rest is not looked at
 * @oid: the object
 * @dev: who serves it
 */
void reply_entry(fuse_req_t req, int err, oid_t oid, oid_t dev);

#endif /* REPLY_H */
