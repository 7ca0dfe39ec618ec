/* SPDX-License-Identifier: MIT */
/*
 * How the number of an ioctl says what goes with it: other bits than Linux'.
 */
#ifndef _PHX_KIT_PHOENIX_IOCTL_H
#define _PHX_KIT_PHOENIX_IOCTL_H

#include <phoenix/numbers.h>

#define IOCPARM_MASK	PHX_IOC_SIZE_MASK
#define IOCPARM_LEN(x)	PHX_IOC_SIZE(x)
#define IOCBASECMD(x)	((x) & ~(IOCPARM_MASK << 16))
#define IOCGROUP(x)	(((x) >> 8) & 0xffUL)

#define IOC_VOID	PHX_IOC_VOID
#define IOC_NESTED	PHX_IOC_NESTED
#define IOC_OUT		PHX_IOC_OUT
#define IOC_IN		PHX_IOC_IN
#define IOC_INOUT	(IOC_IN | IOC_OUT)
#define IOC_DIRMASK	(IOC_IN | IOC_OUT)

#define _IOC(dir, group, number, size) PHX_IOC(dir, group, number, size)

#define TTY_IOC_TYPE	't'
#define SOCK_IOC_TYPE	'S'

#endif /* _PHX_KIT_PHOENIX_IOCTL_H */
