/* SPDX-License-Identifier: MIT */
/*
 * What the system has: programs beside the kernel, threads, memory.
 */
#ifndef _PHX_KIT_PHOENIX_SYSINFO_H
#define _PHX_KIT_PHOENIX_SYSINFO_H

#include <phoenix/types.h>

typedef struct _syspageprog_t {
	char name[32];
	addr_t addr;
	size_t size;
} syspageprog_t;

typedef struct _threadinfo_t {
	pid_t pid;
	unsigned int tid;
	pid_t ppid;
	int load;		/* tenths of a percent */
	time_t cpuTime;		/* microseconds */
	int priority;		/* 0 to 7 */
	int state;		/* 0 ready, 1 sleeping */
	int vmem;		/* bytes */
	time_t wait;		/* microseconds */
	char name[128];
} __attribute__((packed)) threadinfo_t;

typedef struct _entryinfo_t {
	void *vaddr;
	size_t size;
	size_t anonsz;
	unsigned char flags;
	unsigned char prot;
	unsigned char protOrig;
	unsigned long long offs;
	enum {
		OBJECT_ANONYMOUS,
		OBJECT_MEMORY,
		OBJECT_OID,
	} object;
	oid_t oid;
} entryinfo_t;

typedef struct _pageinfo_t {
	unsigned int count;
	addr_t addr;
	char marker;
} pageinfo_t;

typedef struct {
	int id;
	addr_t pstart;
	addr_t pend;
	addr_t vstart;
	addr_t vend;
	size_t alloc;
	size_t free;
	char name[16];
} mapinfo_t;

/* The sizes of the arrays are -1 if nothing is to be written to them */
typedef struct _meminfo_t {
	struct {
		unsigned int alloc;
		unsigned int free;
		unsigned int boot;
		unsigned int sz;
		int mapsz;
		pageinfo_t *map;
	} page;
	struct {
		unsigned int pid;
		unsigned int total;
		unsigned int free;
		unsigned int sz;
		int mapsz;
		int kmapsz;
		entryinfo_t *kmap;
		entryinfo_t *map;
	} entry;
	struct {
		size_t total;
		size_t free;
		int mapsz;
		mapinfo_t *map;
	} maps;
} meminfo_t;

#endif /* _PHX_KIT_PHOENIX_SYSINFO_H */
