/* SPDX-License-Identifier: MIT */
/*
 * Numbers of Phoenix-RTOS that differ from Linux', by names that do not clash with
 * those, for the headers that define them under their own names and for the kit.
 */
#ifndef _PHX_KIT_PHOENIX_NUMBERS_H
#define _PHX_KIT_PHOENIX_NUMBERS_H

/* open() */
#define PHX_O_RDONLY	0x00001
#define PHX_O_WRONLY	0x00002
#define PHX_O_RDWR	0x00004
#define PHX_O_APPEND	0x00008
#define PHX_O_CREAT	0x00100
#define PHX_O_TRUNC	0x00200
#define PHX_O_EXCL	0x00400
#define PHX_O_SYNC	0x00800
#define PHX_O_NONBLOCK	0x01000
#define PHX_O_NOCTTY	0x02000
#define PHX_O_CLOEXEC	0x04000
#define PHX_O_RSYNC	0x08000
#define PHX_O_DSYNC	0x10000
#define PHX_O_ACCMODE	0x00007

/* fcntl() */
#define PHX_F_DUPFD		0
#define PHX_F_DUPFD_CLOEXEC	1
#define PHX_F_GETFD		2
#define PHX_F_SETFD		3
#define PHX_F_GETFL		4
#define PHX_F_SETFL		5
#define PHX_F_GETOWN		6
#define PHX_F_SETOWN		7
#define PHX_F_GETLK		8
#define PHX_F_SETLK		9
#define PHX_F_SETLKW		10

/* ioctl(): direction, size, group, number */
#define PHX_IOC_VOID		0x00000000UL
#define PHX_IOC_NESTED		0x20000000UL
#define PHX_IOC_OUT		0x40000000UL
#define PHX_IOC_IN		0x80000000UL
#define PHX_IOC_SIZE_MASK	0x1fffUL
#define PHX_IOC_SIZE(request)	(((request) >> 16) & PHX_IOC_SIZE_MASK)
#define PHX_IOC(dir, group, number, size)				\
	((unsigned long)((dir) | (((size) & PHX_IOC_SIZE_MASK) << 16) |	\
			 ((unsigned long)(group) << 8) | (number)))

#define PHX_TIOCGPTN	PHX_IOC(PHX_IOC_OUT, 'T', 0x30, sizeof(unsigned int))
#define PHX_TIOCSPTLCK	PHX_IOC(PHX_IOC_IN, 'T', 0x31, sizeof(int))
#define PHX_FIONREAD	PHX_IOC(PHX_IOC_OUT, 'f', 127, sizeof(int))
#define PHX_FIONBIO	PHX_IOC(PHX_IOC_IN, 'f', 126, sizeof(unsigned long))

/* What an mtDevCtl has in i.raw */
typedef struct {
	unsigned long request;
	unsigned long size;
	char data[];
} ioctl_in_t;

/* A name's longest, of a file and in all */
#define PHX_NAME_LEN	256
#define PHX_LINKS_MAX	8

#endif /* _PHX_KIT_PHOENIX_NUMBERS_H */
