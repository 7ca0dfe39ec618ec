/* SPDX-License-Identifier: MIT */
/*
 * ioctl() to Phoenix-RTOS' servers, and how they unpack it.
 */
#ifndef _PHX_KIT_SYS_IOCTL_H
#define _PHX_KIT_SYS_IOCTL_H

#include <sys/msg.h>
#include <sys/types.h>
#include <phoenix/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

#define _IO(g, n)	_IOC(IOC_VOID, (g), (n), 0)
#define _IOR(g, n, t)	_IOC(IOC_OUT, (g), (n), sizeof(t))
#define _IOW(g, n, t)	_IOC(IOC_IN, (g), (n), sizeof(t))
#define _IOWR(g, n, t)	_IOC(IOC_INOUT, (g), (n), sizeof(t))
/* The argument is a value, not where it is */
#define _IOV(g, n, t)	_IOC(IOC_VOID, (g), (n), sizeof(t))
/* A structure with pointers in it */
#define _IOC_NESTED(dir, g, n, t) _IOC((dir) | IOC_NESTED, (g), (n), sizeof(t))

#define TIOCGPTN	PHX_TIOCGPTN
#define TIOCSPTLCK	PHX_TIOCSPTLCK
#define FIONREAD	PHX_FIONREAD
#define FIONBIO		PHX_FIONBIO
#define KIOEN		_IOV('k', 0, unsigned int)

int ioctl(int fd, unsigned long request, ...);

/*
 * What came with a message of type mtDevCtl: where it is, or itself if it is a
 * value. request and id (NULL or) say which, and of which object.
 */
const void *ioctl_unpack(msg_t *msg, unsigned long *request, id_t *id);

/* Also where the answer is to be written; what came is there already */
const void *ioctl_unpackEx(msg_t *msg, unsigned long *request, id_t *id,
			   void **response_buf);

/* The answer: what ioctl() returns, and (NULL or) the data that goes with it */
void ioctl_setResponse(msg_t *msg, unsigned long request, int err,
		       const void *data);

static inline pid_t ioctl_getSenderPid(const msg_t *msg)
{
	return (pid_t)msg->pid;
}

/* No structures with pointers are sent: -ENOSYS */
int ioctl_getPointerField(unsigned long request, void **subptr, const void *val,
			  size_t offset);

#define IOC_NESTED_GET_PTR_FIELD(request, subptr, val, field)		\
	ioctl_getPointerField(request, subptr, val,			\
			      offsetof(__typeof__(*(val)), field))

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_IOCTL_H */
