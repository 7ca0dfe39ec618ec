/* SPDX-License-Identifier: MIT */
/*
 * What the driver counter understands.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <sys/ioctl.h>

struct counter_stats {
	unsigned long long reads;
	unsigned long long writes;
	unsigned int histogram[64];	/* of the bytes written: too long for a message */
};

#define COUNTER_SET	_IOW('c', 1, unsigned int)
#define COUNTER_GET	_IOR('c', 2, unsigned int)
#define COUNTER_STEP	_IOV('c', 3, int)
#define COUNTER_SWAP	_IOWR('c', 4, unsigned int)
#define COUNTER_STATS	_IOR('c', 5, struct counter_stats)
#define COUNTER_RESET	_IO('c', 6)

#endif /* COUNTER_H */
