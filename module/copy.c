// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "copy.h"
#include "compat.h"

#include <linux/fault-inject-usercopy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/uaccess.h>

enum { WAY_MEASURE = -1, WAY_KERNEL, WAY_WORDS };

static int copy_words __ro_after_init = WAY_MEASURE;
module_param(copy_words, int, 0444);
MODULE_PARM_DESC(copy_words,
		 "How buffers are copied: 0 as the kernel does, 1 by words, -1 as is faster, which is measured now (default -1; then reads 0 or 1)");

/* Loops of words are left to machines that take them wherever they begin. */
static const bool has_words = IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS);

#define CHUNK	8	/* words between two looks at how far it is */

/* Both return how many bytes, from the first, have been copied for sure. */

__phx_hot
static size_t words_to_user(void __user *to, const void *from, size_t n)
{
	const unsigned long *src = from, *last = src + n / (CHUNK * sizeof(*src)) * CHUNK;
	unsigned long __user *dst = to;
	int i;

	if (!user_write_access_begin(to, n))
		return 0;
	for (; src < last; src += CHUNK, dst += CHUNK) {
#pragma GCC unroll 8
		for (i = 0; i < CHUNK; i++)
			unsafe_put_user(src[i], dst + i, fault);
	}
fault:
	user_write_access_end();
	return (const void *)src - from;
}

__phx_hot
static size_t words_from_user(void *to, const void __user *from, size_t n)
{
	const unsigned long __user *src = from, *last = src + n / (CHUNK * sizeof(*src)) * CHUNK;
	unsigned long *dst = to;
	int i;

	if (!user_read_access_begin(from, n))
		return 0;
	for (; src < last; src += CHUNK, dst += CHUNK) {
#pragma GCC unroll 8
		for (i = 0; i < CHUNK; i++)
			unsafe_get_user(dst[i], src + i, fault);
	}
fault:
	user_read_access_end();
	return (const void __user *)src - from;
}

/**
 * phx_copy_to_user() - copy to the current process
 * @to: where to
 * @from: where from, within a page
 * @n: bytes
 *
 * Return: 0 or -EFAULT.
 */
__phx_hot
int phx_copy_to_user(void __user *to, const void *from, size_t n)
{
	size_t done = 0;

	if (copy_words == WAY_WORDS) {
		if (should_fail_usercopy())
			return -EFAULT;
		done = words_to_user(to, from, n);
	}
	/* What is left, if only because a fault has yet to be found. */
	return done < n && copy_to_user(to + done, from + done, n - done) ? -EFAULT : 0;
}

/**
 * phx_copy_from_user() - copy from the current process
 * @to: where to, within a page
 * @from: where from
 * @n: bytes
 *
 * Return: 0 or -EFAULT; what could be read is copied then, and the rest of @to
 * is zero.
 */
__phx_hot
int phx_copy_from_user(void *to, const void __user *from, size_t n)
{
	size_t done = 0;

	if (copy_words == WAY_WORDS) {
		if (should_fail_usercopy()) {
			memset(to, 0, n);
			return -EFAULT;
		}
		done = words_from_user(to, from, n);
	}
	return done < n && copy_from_user(to + done, from + done, n - done) ? -EFAULT : 0;
}

/* Time of the fastest of a few copies of a page in each direction. */
static u64 __init fastest(int way, void __user *user, void *page)
{
	u64 best = U64_MAX, began;
	int i, err = 0;

	copy_words = way;
	for (i = 0; i < 8 && !err; i++) {
		began = local_clock();
		err = phx_copy_to_user(user, page, PAGE_SIZE) ?:
		      phx_copy_from_user(page, user, PAGE_SIZE);
		best = min(best, local_clock() - began);
	}
	return err ? U64_MAX : best;
}

/* The loop has to be faster by a fourth to be worth it. */
static int __init measure(void __user *user, void *page)
{
	u64 kernel = fastest(WAY_KERNEL, user, page);
	u64 words = fastest(WAY_WORDS, user, page);

	return words < kernel - kernel / 4 ? WAY_WORDS : WAY_KERNEL;
}

static int __init choose(void)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);
	unsigned long at;
	int way = WAY_KERNEL;

	/* Memory of who loads the module; there is none in a kernel thread. */
	at = page && current->mm ? vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, 0) : -ENOMEM;
	if (!IS_ERR_VALUE(at)) {
		way = measure((void __user *)at, page);
		vm_munmap(at, PAGE_SIZE);
	}
	free_page((unsigned long)page);
	return way;
}

/**
 * phx_copy_init() - choose how to copy
 *
 * Return: 0 or -EINVAL if the parameter is none of its values.
 */
int __init phx_copy_init(void)
{
	if (copy_words < WAY_MEASURE || copy_words > WAY_WORDS) {
		pr_err("copy_words=%d: it is 0, 1 or -1\n", copy_words);
		return -EINVAL;
	}
	if (!has_words)
		copy_words = WAY_KERNEL;
	if (copy_words == WAY_MEASURE)
		copy_words = choose();
	return 0;
}
