// SPDX-License-Identifier: MIT
/*
 * ioctl(): how its argument travels. Small ones lie in the message itself, behind
 * the header that says how long they are.
 */
#include "px.h"

#include <stdarg.h>
#include <string.h>

#define INLINE_SIZE	(PHX_RAW_SIZE - sizeof(ioctl_in_t))

static void pack(msg_t *msg, unsigned long request, void *arg)
{
	size_t size = PHX_IOC_SIZE(request);
	ioctl_in_t *in = (ioctl_in_t *)msg->i.raw;

	in->request = request;
	in->size = size;
	if ((request & PHX_IOC_IN) && size <= INLINE_SIZE) {
		memcpy(in->data, arg, size);
	} else if (request & PHX_IOC_IN) {
		msg->i.data = arg;
		msg->i.size = size;
	}
	if ((request & PHX_IOC_OUT) && size > sizeof(msg->o.raw)) {
		msg->o.data = arg;
		msg->o.size = size;
	}
	/* Neither in nor out: it is a value. */
	if (!(request & (PHX_IOC_IN | PHX_IOC_OUT)))
		memcpy(in->data, &arg, size < sizeof(arg) ? size : sizeof(arg));
}

static int send_ioctl(oid_t oid, unsigned long request, void *arg)
{
	msg_t msg = { .type = mtDevCtl, .oid = oid };
	size_t size = PHX_IOC_SIZE(request);
	int res;

	if (request & PHX_IOC_NESTED)
		return -ENOSYS;
	if ((request & (PHX_IOC_IN | PHX_IOC_OUT)) && size && !arg)
		return -EFAULT;
	pack(&msg, request, arg);
	res = msgSend(oid.port, &msg);
	if (res)
		return res == -EINVAL || res == -EPIPE ? -EIO : res;
	/* Also with an error: it is up to the server what it answers then. */
	if ((request & PHX_IOC_OUT) && size <= sizeof(msg.o.raw))
		memcpy(arg, msg.o.raw, size);
	return msg.o.err;
}

PX_API int phx_px_ioctl(int fd, unsigned long request, ...)
{
	struct px_file *file = px_fd_get(fd);
	va_list args;
	void *arg;
	int res;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!file)
		return (int)px_result(px_tty_ioctl(fd, request, arg));
	res = send_ioctl(file->oid, request, arg);
	px_file_put(file);
	return (int)px_result(res);
}

/*
 * The server goes by the request, and the size is what the client says: it must not
 * be less. Of a nested one it is more.
 */
static bool is_too_small(const ioctl_in_t *in)
{
	return in->size < PHX_IOC_SIZE(in->request);
}

/*
 * Where the server finds what came: inline, or lent. What is said of the size is
 * the client's, and need not be true.
 */
static const void *unpack(msg_t *msg, const ioctl_in_t *in)
{
	void *value = NULL;

	if (is_too_small(in))
		return NULL;
	if ((in->request & PHX_IOC_IN) && in->size <= INLINE_SIZE)
		return in->data;
	if (in->request & PHX_IOC_IN)
		return in->size <= msg->i.size ? msg->i.data : NULL;
	if (!(in->request & PHX_IOC_OUT) && in->size)
		memcpy(&value, in->data,
		       in->size < sizeof(value) ? in->size : sizeof(value));
	return value;
}

/* Where an answer of that size goes; NULL if the client has no room for it. */
static void *response_of(msg_t *msg, size_t size)
{
	if (size <= sizeof(msg->o.raw))
		return msg->o.raw;
	return size <= msg->o.size ? msg->o.data : NULL;
}

PX_API const void *ioctl_unpackEx(msg_t *msg, unsigned long *request, uint64_t *id,
				  void **response)
{
	const ioctl_in_t *in = (const ioctl_in_t *)msg->i.raw;
	const void *data = unpack(msg, in);

	if (request)
		*request = in->request;
	if (id)
		*id = msg->oid.id;
	if (!response || !(in->request & PHX_IOC_OUT))
		return data;
	*response = is_too_small(in) ? NULL : response_of(msg, in->size);
	if ((in->request & PHX_IOC_IN) && *response && data)
		memmove(*response, data, in->size);
	return data;
}

PX_API const void *ioctl_unpack(msg_t *msg, unsigned long *request, uint64_t *id)
{
	return ioctl_unpackEx(msg, request, id, NULL);
}

PX_API void ioctl_setResponse(msg_t *msg, unsigned long request, int err,
			      const void *data)
{
	size_t size = PHX_IOC_SIZE(request);
	void *to = response_of(msg, size);

	msg->o.err = err;
	if ((request & PHX_IOC_OUT) && data && to)
		memmove(to, data, size);
}

PX_API int ioctl_getPointerField(unsigned long request, void **subptr,
				 const void *val, size_t offset)
{
	(void)request;
	(void)subptr;
	(void)val;
	(void)offset;
	return -ENOSYS;
}
