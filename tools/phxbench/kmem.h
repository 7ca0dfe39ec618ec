/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory the kernel uses, by its own count (/proc/meminfo). The cost of
 * an object is found as a difference over many of them. So that the difference is
 * theirs alone, the counters of the CPUs are summed up and slabs without objects
 * are given back before each look; both takes root, and a quiet machine.
 */
#ifndef PHXBENCH_KMEM_H
#define PHXBENCH_KMEM_H

/* In bytes. */
struct kmem {
	double objects;		/* slabs, vmalloc, per-CPU memory */
	double page_tables;	/* of all processes */
};

const char *kmem_obstacle(void);
struct kmem kmem_now(void);
struct kmem kmem_since(const struct kmem *before);

#endif
