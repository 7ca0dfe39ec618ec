// SPDX-License-Identifier: MIT
/*
 * Is this memory of ours? Phoenix-RTOS' calls answer a bad address with -EFAULT
 * where this library would crash when it copies from there, so it asks the
 * kernel first. Both questions change nothing and cost as much as the cheapest
 * system calls; none is asked about the page that the stack is on.
 *
 * They work on a message's windows, too, which madvise() and
 * process_vm_readv() know nothing of.
 */
#include "shim.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No larger than any real page */
#define PAGE	4096UL

static bool on_our_page(uintptr_t addr)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return (addr & ~(PAGE - 1)) == (here & ~(PAGE - 1));
}

static bool faults(long ret)
{
	return ret < 0 && errno == EFAULT;
}

/* The kernel reads the set of signals before it finds that the rest is wrong. */
static bool can_read(uintptr_t addr)
{
	int saved = errno;
	bool bad;

	if (on_our_page(addr))
		return true;
	if (addr < PAGE)
		return false;	/* a set at NULL is no set at all */
	bad = faults(syscall(SYS_rt_sigprocmask, ~0, addr & ~7UL, NULL, 8));
	errno = saved;
	return !bad;
}

/* "Or" the word with 0, atomically, and wake nobody. */
static bool can_write(uintptr_t addr)
{
	static uint32_t nobody_waits;
	int saved = errno;
	bool bad;

	if (on_our_page(addr))
		return true;
	bad = faults(syscall(SYS_futex, &nobody_waits, FUTEX_WAKE_OP_PRIVATE, 0,
			     NULL, addr & ~3UL,
			     FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 2047)));
	errno = saved;
	return !bad;
}

static bool each_page(const void *mem, size_t size, bool (*can)(uintptr_t addr))
{
	uintptr_t addr = (uintptr_t)mem, last = addr + size - 1;

	if (!size)
		return true;
	if (last < addr)
		return false;
	while (can(addr)) {
		if ((addr | (PAGE - 1)) >= last)
			return true;
		addr = (addr | (PAGE - 1)) + 1;
	}
	return false;
}

/**
 * phx_pho_readable - can memory be read?
 * @mem: begin
 * @size: bytes
 *
 * Return: whether it can, all of it.
 */
bool phx_pho_readable(const void *mem, size_t size)
{
	return each_page(mem, size, can_read);
}

/**
 * phx_pho_writable - can memory be written?
 * @mem: begin
 * @size: bytes
 *
 * Return: whether it can, all of it.
 */
bool phx_pho_writable(void *mem, size_t size)
{
	return each_page(mem, size, can_write);
}

/**
 * phx_pho_string - can a string be read to its end?
 * @text: the string
 *
 * Return: whether it can.
 */
bool phx_pho_string(const char *text)
{
	size_t left;

	while (can_read((uintptr_t)text)) {
		left = PAGE - ((uintptr_t)text & (PAGE - 1));
		if (memchr(text, '\0', left))
			return true;
		text += left;
	}
	return false;
}
