// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a round reached: where in the module its calls were, if the kernel tells
 * (KCOV), and which results they had.
 */
#include "fuzz.h"

#include <linux/kcov.h>

#define COVER_PCS (64 << 10)

static unsigned long module_base, module_size;

/**
 * fz_cover_module() - find out where the module is
 */
void fz_cover_module(void)
{
	FILE *f = fopen("/proc/modules", "r");
	unsigned long size, base;
	char name[64];

	while (f && fscanf(f, "%63s %lu %*s %*s %*s %lx%*[^\n]", name, &size, &base) == 3) {
		if (strcmp(name, "phxport"))
			continue;
		module_base = base;
		module_size = size;
	}
	if (f)
		fclose(f);
}

/**
 * fz_cover_open() - have the kernel tell where the current thread is
 * @lane: the thread's
 */
void fz_cover_open(struct fz_lane *lane)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	void *area;

	if (fd < 0)
		return;
	if (ioctl(fd, KCOV_INIT_TRACE, COVER_PCS))
		return;
	area = mmap(NULL, COVER_PCS * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return;
	lane->cover = area;
}

static bool first_time(atomic_uchar *bits, unsigned int bit)
{
	unsigned char mask = 1 << bit % 8;

	if (atomic_load_explicit(&bits[bit / 8], memory_order_relaxed) & mask)
		return false;
	return !(atomic_fetch_or(&bits[bit / 8], mask) & mask);
}

/**
 * fz_signal() - this round reached something
 * @what: what that is
 */
void fz_signal(__u64 what)
{
	what *= 0x9e3779b97f4a7c15;
	if (first_time(shared->seen, what >> 32 & (FZ_SIGNALS - 1)))
		atomic_fetch_add(&shared->fresh, 1);
}

/**
 * fz_cover_begin() - look at what comes from here on
 * @lane: of the current thread
 */
void fz_cover_begin(struct fz_lane *lane)
{
	if (lane->cover)
		__atomic_store_n(&lane->cover[0], 0, __ATOMIC_RELAXED);
}

/**
 * fz_cover_end() - account for what was reached since fz_cover_begin()
 * @lane: of the current thread
 */
void fz_cover_end(struct fz_lane *lane)
{
	unsigned long i, n, at, before = 0;

	if (!lane->cover)
		return;
	n = __atomic_load_n(&lane->cover[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < COVER_PCS; i++) {
		at = lane->cover[i] - module_base;
		if (at >= module_size)
			continue;
		if (at < FZ_PCS && first_time(shared->pcs, at))
			fz_count(FZ_COUNT_PCS);
		fz_signal(before << 32 | at);
		before = at;
	}
}

/**
 * fz_signals() - how much was reached
 *
 * Return: a number that tells more from less.
 */
unsigned int fz_signals(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(shared->seen); i++)
		n += __builtin_popcount(shared->seen[i]);
	return n;
}
