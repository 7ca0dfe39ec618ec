// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: open files, and from a command to the function that does it. Most
 * are given the command's structure as a copy, and what comes back to the user
 * is copied here. Those that are part of every message do that by themselves.
 */
#include "device.h"
#include "client.h"
#include "compat.h"
#include "event.h"
#include "name.h"
#include "place.h"
#include "port.h"
#include "region.h"
#include "verbs.h"
#include "words.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/phxport.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

/* The layout is a promise, and Phoenix-RTOS' own in struct phx_msg. */
static_assert(sizeof(struct phx_msg) == 200);
static_assert(offsetof(struct phx_msg, oid) == 16);
static_assert(offsetof(struct phx_msg, i) == 32);
static_assert(offsetof(struct phx_msg, i.size) == 96);
static_assert(offsetof(struct phx_msg, i.data) == 104);
static_assert(offsetof(struct phx_msg, o) == 112);
static_assert(offsetof(struct phx_msg, o.err) == 176);
static_assert(offsetof(struct phx_msg, o.size) == 184);
static_assert(offsetof(struct phx_msg, o.data) == 192);
static_assert(sizeof(struct phx_ioc_info) == 80);
static_assert(sizeof(struct phx_ioc_port) == 16);
static_assert(sizeof(struct phx_ioc_name) == 40);
static_assert(sizeof(struct phx_ioc_send) == 224);
static_assert(sizeof(struct phx_ioc_recv) == 248);
static_assert(sizeof(struct phx_ioc_respond) == 104);
static_assert(sizeof(struct phx_ioc_buffer) == 32);

union phx_ioc {
	struct phx_ioc_info info;
	struct phx_ioc_port port;
	struct phx_ioc_name name;
	struct phx_ioc_buffer buffer;
};

/* A command: its argument as a copy, and where that came from. */
struct call {
	struct phx_client *client;
	void __user *user;
	union phx_ioc arg;
	u32 size;
};

/* Give the structure back, no more of it than the caller knows. */
static int copy_back(const struct call *call, size_t size)
{
	if (copy_to_user(call->user, &call->arg, min_t(size_t, size, call->size)))
		return -EFAULT;
	return 0;
}

static int ioctl_info(struct call *call)
{
	struct phx_ioc_info *info = &call->arg.info;

	if (info->flags)
		return -EINVAL;
	info->abi = PHX_ABI_VERSION;
	info->page_size = PAGE_SIZE;
	info->features = PHX_FEATURE_BUFFERS;
	info->lend_min = phx_lend_min();
	info->window_max = PHX_WINDOW_MAX;
	info->message_max = PHX_MESSAGE_MAX;
	strscpy_pad(info->version, PHX_VERSION, sizeof(info->version));
	return copy_back(call, sizeof(*info));
}

static int ioctl_port_create(struct call *call)
{
	struct phx_ioc_port *arg = &call->arg.port;
	struct phx_port *port;
	int err;

	if (arg->flags & ~PHX_PORT_BUFFERS || arg->__reserved)
		return -EINVAL;
	port = phx_port_create(call->client, arg->flags);
	if (IS_ERR(port))
		return PTR_ERR(port);
	arg->port = port->id;
	err = copy_back(call, sizeof(*arg));
	if (err)
		phx_port_kill(port);
	phx_port_put(port);
	return err;
}

static int ioctl_port_destroy(struct call *call)
{
	struct phx_ioc_port *arg = &call->arg.port;

	if (arg->flags || arg->__reserved)
		return -EINVAL;
	return phx_port_destroy(call->client, arg->port);
}

static int ioctl_name_register(struct call *call)
{
	return phx_name_register(call->client, &call->arg.name);
}

static int ioctl_name_unregister(struct call *call)
{
	return phx_name_unregister(call->client, &call->arg.name);
}

static int ioctl_name_lookup(struct call *call)
{
	int err = phx_name_lookup(call->client, &call->arg.name);

	return err ?: copy_back(call, sizeof(call->arg.name));
}

/*
 * Those that make the life of a message read their arguments themselves, and no
 * more of them than they need.
 */
__phx_hot
static int ioctl_send(struct phx_client *client, void __user *user, bool nonblock)
{
	return phx_send(client, user, nonblock);
}

__phx_hot
static int ioctl_recv(struct phx_client *client, void __user *user, bool nonblock)
{
	struct phx_recv_head arg;
	int err;

	err = phx_receive_read(&arg, user);
	return err ?: phx_receive(client, &arg, user, nonblock);
}

/* What precedes the response. */
struct respond_head {
	u32 size;
	u32 flags;
	u32 port;
	s32 rid;
};

static_assert(sizeof(struct respond_head) == offsetof(struct phx_ioc_respond, o));

__phx_hot
static int ioctl_respond(struct phx_client *client, void __user *param, bool nonblock)
{
	struct phx_ioc_respond __user *user = param;
	struct respond_head arg;
	int err;

	err = phx_struct_get(&arg, sizeof(arg), user, sizeof(*user));
	return err ?: phx_respond(client, arg.port, arg.rid, arg.flags, &user->o);
}

/*
 * If the second half fails, the first must not be done again when the caller
 * tries once more, or the kernel does after a signal.
 */
__phx_hot
static int ioctl_respond_recv(struct phx_client *client, void __user *param,
			      bool nonblock)
{
	struct phx_ioc_recv __user *user = param;
	struct phx_recv_head arg;
	bool answered;
	int err;

	err = phx_receive_read(&arg, user);
	if (err)
		return err;
	answered = arg.rid != PHX_RID_NONE;
	if (answered) {
		err = phx_respond(client, arg.port, arg.rid, 0, &user->msg.o);
		if (err && err != -ESRCH)
			return err;
	}
	err = phx_receive(client, &arg, user, nonblock);
	if (err && answered && put_user(PHX_RID_NONE, &user->rid))
		return -EFAULT;
	return err;
}

static int ioctl_buffer_register(struct call *call)
{
	struct phx_ioc_buffer *arg = &call->arg.buffer;
	struct phx_region *region;
	int err;

	region = phx_region_create(call->client, arg);
	if (IS_ERR(region))
		return PTR_ERR(region);
	arg->id = region->id;
	err = copy_back(call, sizeof(*arg));
	if (err)
		phx_region_end(region);
	phx_region_put(region);
	return err;
}

static int ioctl_buffer_unregister(struct call *call)
{
	const struct phx_ioc_buffer *arg = &call->arg.buffer;

	return arg->flags ? -EINVAL : phx_region_unregister(call->client, arg->id);
}

/**
 * struct op - a command
 * @size: of its structure now
 * @min_size: of its structure as first published
 * @fn: does it
 * @direct: or this does, with the argument where it is
 * @anybody: may be called by other processes than the client's
 */
struct op {
	u32 size;
	u32 min_size;
	int (*fn)(struct call *call);
	int (*direct)(struct phx_client *client, void __user *user, bool nonblock);
	bool anybody;
};

#define OP(_nr, _type, _last, _fn)					\
	[_IOC_NR(_nr)] = {						\
		.size = sizeof(_type),					\
		.min_size = offsetofend(_type, _last),			\
		.fn = _fn,						\
	}

static const struct op ops[] = {
	[_IOC_NR(PHX_IOC_INFO)] = {
		.size = sizeof(struct phx_ioc_info),
		.min_size = offsetofend(struct phx_ioc_info, version),
		.fn = ioctl_info,
		.anybody = true,
	},
	OP(PHX_IOC_PORT_CREATE, struct phx_ioc_port, __reserved, ioctl_port_create),
	OP(PHX_IOC_PORT_DESTROY, struct phx_ioc_port, __reserved, ioctl_port_destroy),
	OP(PHX_IOC_NAME_REGISTER, struct phx_ioc_name, oid, ioctl_name_register),
	OP(PHX_IOC_NAME_UNREGISTER, struct phx_ioc_name, oid, ioctl_name_unregister),
	OP(PHX_IOC_NAME_LOOKUP, struct phx_ioc_name, oid, ioctl_name_lookup),
	[_IOC_NR(PHX_IOC_SEND)] = { .direct = ioctl_send },
	[_IOC_NR(PHX_IOC_RECV)] = { .direct = ioctl_recv },
	[_IOC_NR(PHX_IOC_RESPOND)] = { .direct = ioctl_respond },
	[_IOC_NR(PHX_IOC_RESPOND_RECV)] = { .direct = ioctl_respond_recv },
	OP(PHX_IOC_BUFFER_REGISTER, struct phx_ioc_buffer, len, ioctl_buffer_register),
	OP(PHX_IOC_BUFFER_UNREGISTER, struct phx_ioc_buffer, len, ioctl_buffer_unregister),
};

static noinline int copy_and_call(const struct op *op, struct phx_client *client,
				  void __user *user)
{
	struct call call = { .client = client, .user = user };
	int size = phx_struct_size(user, op->min_size);
	int err;

	if (size < 0)
		return size;
	call.size = size;
	err = copy_struct_from_user(&call.arg, op->size, user, size);
	return err ?: op->fn(&call);
}

__phx_hot
static long phx_ioctl(struct file *file, unsigned int cmd, unsigned long param)
{
	struct phx_client *client = file->private_data;
	void __user *user = (void __user *)param;
	unsigned int nr = _IOC_NR(cmd);
	const struct op *op;
	int err;

	if (nr >= ARRAY_SIZE(ops) || cmd != _IO(PHX_IOC_MAGIC, nr))
		return -ENOTTY;
	op = &ops[array_index_nospec(nr, ARRAY_SIZE(ops))];
	if (!op->anybody && current->mm != client->mm)
		return -EBADFD;
	if (op->direct)
		err = op->direct(client, user, file->f_flags & O_NONBLOCK);
	else
		err = copy_and_call(op, client, user);
	if (unlikely(err == -EDQUOT))
		phx_event_limits(client);
	return err;
}

static __poll_t phx_poll(struct file *file, poll_table *wait)
{
	struct phx_client *client = file->private_data;

	poll_wait(file, &client->srv.poll, wait);
	/*
	 * model: poll. Who queues a message looks for us after that, and we look for
	 * messages after we can be found. Not every 6.1 has this in poll_wait().
	 */
	smp_mb();
	if (READ_ONCE(client->srv.closed))
		return EPOLLHUP;
	return READ_ONCE(client->srv.queued) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int phx_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct phx_client *client = file->private_data;
	int err;

	if (vma->vm_mm != client->mm)
		return -EBADFD;
	err = phx_window_mmap(client, vma);
	if (err == -EDQUOT)
		phx_event_limits(client);
	return err;
}

static int phx_open(struct inode *inode, struct file *file)
{
	struct phx_client *client = phx_client_create();

	if (IS_ERR(client))
		return PTR_ERR(client);
	file->private_data = client;
	return nonseekable_open(inode, file);
}

/*
 * Has the current process begun another program, or is its last thread on its
 * way out? A single thread may have descriptors of its own to close.
 */
static bool left_address_space(const struct phx_client *client)
{
	if (current->mm)
		return current->mm != client->mm;
	return !atomic_read(&current->signal->live);
}

/*
 * A descriptor is closed. If the client's own process does that at its end, or
 * at the end of its program, that ends the client, whoever else has the file.
 */
static int phx_flush(struct file *file, fl_owner_t id)
{
	struct phx_client *client = file->private_data;

	if (task_tgid(current) == client->tgid && left_address_space(client))
		phx_client_shutdown(client);
	return 0;
}

static int phx_release(struct inode *inode, struct file *file)
{
	struct phx_client *client = file->private_data;

	phx_client_shutdown(client);
	phx_windows_close(client);
	phx_client_put(client);
	return 0;
}

static const struct file_operations phx_fops = {
	.owner = THIS_MODULE,
	.open = phx_open,
	.flush = phx_flush,
	.release = phx_release,
	.unlocked_ioctl = phx_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = phx_poll,
	.mmap = phx_mmap,
	.show_fdinfo = phx_fdinfo,
};

static struct miscdevice phx_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &phx_fops,
	.mode = 0600,
};

/**
 * phx_device_init() - let there be /dev/phxport
 *
 * Return: 0 or a negative errno.
 */
int phx_device_init(void)
{
	return misc_register(&phx_misc);
}

/**
 * phx_device_exit() - take it away
 */
void phx_device_exit(void)
{
	misc_deregister(&phx_misc);
}
