/* SPDX-License-Identifier: MIT */
/*
 * Phoenix-RTOS' own names for ports and messages, over libphxport.
 *
 * Link with -lphxport-phoenix -lphxport. The calls give 0 or a negative errno
 * number (Linux' numbers) and never change errno; phxport-phoenix(3) says where
 * they differ from Phoenix-RTOS.
 *
 * Layouts are those of Phoenix-RTOS' 64-bit ABIs on every machine, so 32-bit
 * and 64-bit programs understand each other. glibc's id_t has 32 bits and is
 * left alone: the id of an oid_t is an uint64_t here.
 */
#ifndef _PHXPORT_PHOENIX_H
#define _PHXPORT_PHOENIX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* i386 would align 64-bit members to 4 bytes, and a pointer to no more */
#define PHX_ALIGN8 __attribute__((__aligned__(8)))

/* Object: the port of its server and the server's own number of it */
typedef struct _oid_t {
	uint32_t port;
	uint64_t id PHX_ALIGN8;
} oid_t;

/* What msgRecv() gives and msgRespond() needs */
typedef int msg_rid_t;

/* Message types; sizes of the typed parts of i and o stand beside the union */
enum {
	/* files */
	mtOpen = 0,
	mtClose = 1,
	mtRead = 2,
	mtWrite = 3,
	mtTruncate = 4,
	mtDevCtl = 5,
	/* objects */
	mtCreate = 6,
	mtDestroy = 7,
	mtSetAttr = 8,
	mtGetAttr = 9,
	mtGetAttrAll = 10,
	/* directories */
	mtLookup = 11,
	mtLink = 12,
	mtUnlink = 13,
	mtReaddir = 14,

	mtCount = 15,

	/* file systems */
	mtMount = 0xf50,
	mtUmount = 0xf51,
	mtSync = 0xf52,
	mtStat = 0xf53,
	mtMountPoint = 0xf54,
};

/* Object types: mtCreate, atType */
enum {
	otDir = 0,
	otFile = 1,
	otDev = 2,
	otSymlink = 3,
	otUnknown = 4,
};

/* Attributes: mtSetAttr, mtGetAttr */
enum {
	atMode = 0,
	atUid = 1,
	atGid = 2,
	atSize = 3,
	atBlocks = 4,
	atIOBlock = 5,
	atType = 6,
	atPort = 7,
	atPollStatus = 8,
	atEventMask = 9,
	atCTime = 10,
	atMTime = 11,
	atATime = 12,
	atLinks = 13,
	atDev = 14,
};

/* One attribute: a value, or why there is none (0 or -errno) */
struct _attr {
	long long val PHX_ALIGN8;
	int err;
};

/* Output of mtGetAttrAll, in the order of at* */
struct _attrAll {
	struct _attr mode;
	struct _attr uid;
	struct _attr gid;
	struct _attr size;
	struct _attr blocks;
	struct _attr ioblock;
	struct _attr type;
	struct _attr port;
	struct _attr pollStatus;
	struct _attr eventMask;
	struct _attr cTime;
	struct _attr mTime;
	struct _attr aTime;
	struct _attr links;
	struct _attr dev;
};

/*
 * Output of mtReaddir: one entry. d_type is one of DT_* of <dirent.h>; the next
 * entry is asked for at the offset of this one plus d_reclen.
 */
struct phx_dirent {
	uint64_t d_ino PHX_ALIGN8;
	uint32_t d_type;
	uint16_t d_reclen;
	uint16_t d_namlen;
	char d_name[];
};

/* i.raw and o.raw of mtMount */
typedef struct {
	oid_t mnt;
	uint64_t mode PHX_ALIGN8;
	char fstype[16];
} mount_i_msg_t;

typedef struct {
	oid_t oid;
} mount_o_msg_t;

/* One message, 200 bytes */
typedef struct _msg_t {
	int type;
	int pid;		/* of the sender; set by msgRecv() */
	unsigned int priority;	/* of the sender, 0 (high) to 7; the same */
	oid_t oid;

	struct {
		__extension__ union {
			struct {
				unsigned int flags;
			} openclose;		/* 4: mtOpen, mtClose */

			struct {
				int64_t offs PHX_ALIGN8;
				uint64_t len PHX_ALIGN8;
				unsigned int mode;
			} io;			/* 24: mtRead, -Write, -Truncate */

			struct {
				int type;
				unsigned int mode;
				oid_t dev;
			} create;		/* 24: mtCreate */

			struct {
				long long val PHX_ALIGN8;
				int type;
			} attr;			/* 16: mtSetAttr, mtGetAttr */

			struct {
				oid_t oid;
			} ln;			/* 16: mtLink, mtUnlink */

			struct {
				int64_t offs PHX_ALIGN8;
			} readdir;		/* 8: mtReaddir */

			unsigned char raw[64];
		};

		size_t size PHX_ALIGN8;
		const void *data PHX_ALIGN8;
	} i;

	struct {
		__extension__ union {
			struct {
				long long val PHX_ALIGN8;
			} attr;			/* 8: mtSetAttr, mtGetAttr */

			struct {
				oid_t oid;
			} create;		/* 16: mtCreate */

			struct {
				oid_t fil;
				oid_t dev;
			} lookup;		/* 32: mtLookup */

			unsigned char raw[64];
		};

		int err;
		size_t size PHX_ALIGN8;
		void *data PHX_ALIGN8;
	} o;
} msg_t;

/* For the shared library of the porting kit, which has them, too */
#pragma GCC visibility push(default)

/* A new port of this process */
int portCreate(uint32_t *port);

/* Nothing happens if the port is not this process' */
void portDestroy(uint32_t port);

/* Let name stand for object oid->id (0 if oid is NULL) of the port */
int portRegister(uint32_t port, const char *name, oid_t *oid);

int portUnregister(const char *name);

/*
 * Find an object by its path, asking servers for what the names of ports leave
 * over. file and dev differ for device nodes and mount points; either may be
 * NULL, not both.
 */
int lookup(const char *name, oid_t *file, oid_t *dev);

/* Send and wait until the server responded */
int msgSend(uint32_t port, msg_t *msg);

/* Wait for a message */
int msgRecv(uint32_t port, msg_t *msg, msg_rid_t *rid);

/* Answer it */
int msgRespond(uint32_t port, msg_t *msg, msg_rid_t rid);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _PHXPORT_PHOENIX_H */
