/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures of the user: their size, and copies of those that are part of every
 * message. Such a copy goes a word at a time, because what copy_from_user() does
 * to find the best way for any size costs more than it takes to copy. It can be made
 * to fail where that can.
 */
#ifndef PHX_WORDS_H
#define PHX_WORDS_H

#include <linux/build_bug.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/*
 * The size that the caller gives for its structure, which begins with it, or a
 * negative errno; @min is that of the structure as first published.
 */
static inline int phx_struct_size(const void __user *user, size_t min)
{
	u32 size;

	if (get_user(size, (const u32 __user *)user))
		return -EFAULT;
	if (size < min)
		return -EINVAL;
	return size > PAGE_SIZE ? -E2BIG : size;
}

/* Is the caller's structure one that may be read as if it had @size bytes? */
static inline int phx_struct_check(const void __user *user, size_t size, size_t min)
{
	int given = phx_struct_size(user, min), zero;

	if (given < 0)
		return given;
	if (given <= size)
		return 0;
	zero = check_zeroed_user(user + size, given - size);
	return zero < 0 ? zero : zero ? 0 : -E2BIG;
}

/* All three return whether what is to be accessed can be; it is whole words. */

/* Copy the first @bytes of @size, and see that the rest is readable, too. */
static __always_inline bool phx_words_get_first(void *to, const void __user *from,
						size_t bytes, size_t size)
{
	u64 *word = to, last __maybe_unused;
	size_t i;

	BUILD_BUG_ON(bytes % sizeof(*word) || size % sizeof(*word) || size > PAGE_SIZE);
	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return false;
#pragma GCC unroll 32
	for (i = 0; i < bytes / sizeof(*word); i++)
		unsafe_get_user(word[i], (const u64 __user *)from + i, fault);
	if (bytes < size)
		unsafe_get_user(last, (const u64 __user *)(from + size) - 1, fault);
	user_read_access_end();
	return true;

fault:
	user_read_access_end();
	return false;
}

static __always_inline bool phx_words_get(void *to, const void __user *from,
					  size_t bytes)
{
	return phx_words_get_first(to, from, bytes, bytes);
}

/* This may end with half a word. */
static __always_inline bool phx_words_put(void __user *to, const void *from,
					  size_t bytes)
{
	const u64 *word = from;
	size_t i;

	BUILD_BUG_ON(bytes % sizeof(u32));
	if (should_fail_usercopy() || !user_write_access_begin(to, bytes))
		return false;
#pragma GCC unroll 32
	for (i = 0; i < bytes / sizeof(*word); i++)
		unsafe_put_user(word[i], (u64 __user *)to + i, fault);
	if (bytes % sizeof(*word))
		unsafe_put_user(*(u32 *)(word + i), (u32 __user *)((u64 __user *)to + i),
				fault);
	user_write_access_end();
	return true;

fault:
	user_write_access_end();
	return false;
}

/*
 * Read @bytes of a structure that has @size bytes, since it was first published.
 * The usual case is that the caller knows the same.
 */
static __always_inline int phx_struct_get(void *to, size_t bytes,
					  const void __user *user, size_t size)
{
	int err;

	if (likely(phx_words_get_first(to, user, bytes, size) && *(u32 *)to == size))
		return 0;
	err = phx_struct_check(user, size, size);
	if (!err && !phx_words_get_first(to, user, bytes, size))
		err = -EFAULT;
	return err;
}

#endif /* PHX_WORDS_H */
