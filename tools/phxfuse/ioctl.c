// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctls of devices. The kernel copies as much as the number of an ioctl says and no
 * more, so there are none with pointers to more memory. Phoenix' numbers say the same
 * as Linux', in other bits: PORTING.md tells drivers' users which to use.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "call.h"
#include "handle.h"
#include "reply.h"
#include "wire.h"

/* Size, group and number lie where Linux has them, but a size has a bit less. */
#define SAME_BITS	0x1fffffffU
#define MAX_SIZE	0x1fffU

/* What terminals had before numbers said anything; isatty(3) tries them on all. */
static bool is_of_terminals(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == 'T' && !_IOC_SIZE(cmd);
}

/*
 * Some ioctls the kernel makes itself, with another size than their number has: to get and
 * to set the flags of files. They are not meant for a driver, which goes by the number.
 */
static bool is_as_its_number(unsigned int cmd, size_t in_size, size_t out_size)
{
	size_t in = _IOC_DIR(cmd) & _IOC_WRITE ? _IOC_SIZE(cmd) : 0;
	size_t out = _IOC_DIR(cmd) & _IOC_READ ? _IOC_SIZE(cmd) : 0;

	return in_size == in && out_size == out;
}

static unsigned long phoenix_request(unsigned int cmd)
{
	unsigned long request = cmd & SAME_BITS;

	if (_IOC_DIR(cmd) & _IOC_WRITE)
		request |= PHOENIX_IOC_IN;
	if (_IOC_DIR(cmd) & _IOC_READ)
		request |= PHOENIX_IOC_OUT;
	return request;
}

/* Also with an error what the server answered reaches the caller. */
static void do_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
		     struct fuse_file_info *fi, unsigned int flags, const void *in,
		     size_t in_size, size_t out_size)
{
	char out[MAX_SIZE];
	int err = -ENOTTY, res = 0;

	(void)flags;
	call_begin(req);
	if (_IOC_SIZE(cmd) > MAX_SIZE)
		err = -EINVAL;
	else if (node_of(ino)->special && !is_of_terminals(cmd) &&
		 is_as_its_number(cmd, in_size, out_size))
		err = wire_ioctl(handle_of(fi)->oid, phoenix_request(cmd),
				 in_size ? in : &arg, out, &res);
	if (err) {
		reply_error(req, err);
		return;
	}
	if (res < 0)
		res = res == -ENOSYS ? -ENOTTY : call_error(res);
	call_end();
	fuse_reply_ioctl(req, res, out, out_size);
}

void ioctl_operations(struct fuse_lowlevel_ops *ops)
{
	ops->ioctl = do_ioctl;
}
