/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talk with the family "phxport" of generic netlink. Errors are told to the user
 * right here, in the kernel's words if it gave any.
 */
#ifndef PHXCTL_KERNEL_H
#define PHXCTL_KERNEL_H

#include "attr.h"

#include <netlink/netlink.h>
#include <stdbool.h>

/**
 * struct kernel - a socket
 * @sk: of libnl
 * @family: number of the family
 */
struct kernel {
	struct nl_sock *sk;
	int family;
};

/* Returns false, having said why, if there is no such family. */
bool kernel_open(struct kernel *kernel);
void kernel_close(struct kernel *kernel);

/* A request, to be given attributes and to one of the following, which frees it. */
struct nl_msg *kernel_request(const struct kernel *kernel, int cmd, int flags);

/*
 * The answers as an array of objects, NULL if it failed. What @what names is part
 * of the sentence that tells of that.
 */
json_t *kernel_ask(const struct kernel *kernel, struct nl_msg *msg, const struct attr *attrs,
		   const char *what);

/* The same for a verb, that gives no answer but its success; the exit code. */
int kernel_do(const struct kernel *kernel, struct nl_msg *msg, const char *what);

/* A dump, of its own socket. */
json_t *kernel_dump(int cmd, const struct attr *attrs, const char *what);

/* One thing, by a u32 attribute that is its number; 0 for none. */
json_t *kernel_get(int cmd, int attr, uint32_t id, const struct attr *attrs,
		   const char *what);

#endif /* PHXCTL_KERNEL_H */
