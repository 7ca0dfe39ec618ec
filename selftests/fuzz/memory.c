// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory with contents that can be told, accesses that may fail, and all places
 * that a call may name.
 */
#include "fuzz.h"

#define HOLE (2UL << 30)

static __u64 word(__u64 cookie, size_t k)
{
	return (cookie + k * 0x9e3779b97f4a7c15) | 0x0101010101010101;
}

/**
 * fz_fill() - write contents
 * @at: where to
 * @n: bytes
 * @cookie: which contents
 */
void fz_fill(char *at, size_t n, __u64 cookie)
{
	size_t k;
	__u64 w;

	for (k = 0; k < n; k += sizeof(w)) {
		w = word(cookie, k);
		memcpy(at + k, &w, n - k < sizeof(w) ? n - k : sizeof(w));
	}
}

/**
 * fz_holds() - are those contents there?
 * @at: where
 * @n: bytes
 * @cookie: which contents
 *
 * Return: whether all of them are.
 */
bool fz_holds(const char *at, size_t n, __u64 cookie)
{
	size_t k;
	__u64 w;

	for (k = 0; k < n; k += sizeof(w)) {
		w = word(cookie, k);
		if (memcmp(at + k, &w, n - k < sizeof(w) ? n - k : sizeof(w)))
			return false;
	}
	return true;
}

/**
 * fz_is_canary() - was nothing written there?
 * @at: where
 * @n: bytes
 *
 * Return: whether all are FZ_CANARY.
 */
bool fz_is_canary(const char *at, size_t n)
{
	return !n || ((unsigned char)*at == FZ_CANARY && !memcmp(at, at + 1, n - 1));
}

/**
 * fz_reserve() - addresses where nothing is
 * @n: bytes
 *
 * Return: the first; without any this does not return.
 */
char *fz_reserve(size_t n)
{
	char *at = mmap(NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

/**
 * fz_memory() - memory of one's own, with nothing behind it
 * @n: bytes of it, whole pages
 *
 * Return: where it is; without memory this does not return.
 */
char *fz_memory(size_t n)
{
	char *at = fz_reserve(n + HOLE);

	CHECK(!mprotect(at, n, PROT_READ | PROT_WRITE));
	memset(at, FZ_CANARY, n);
	return at;
}

static const __u64 wild[] = {
	0, 1, PAGE, 0xffff, (1UL << 47) - PAGE, (1UL << 47) - 1, 1UL << 47, 1UL << 56,
	0xffff800000000000, 0xffff888000000000, 0xffffffff81000000, 0xffffffffff600000,
	-1UL, -PAGE, -8UL,
};

/*
 * Where a held message is, even if it is no longer. Not what belongs to another
 * lane: that counts on it.
 */
static char *held(struct fz_lane *lane, bool out, __u64 off)
{
	struct fz_held *h = &world.held[fz_below(&lane->rand, FZ_RIDS)];
	int class = out ? h->got.o_class : h->got.i_class;

	if (class == PHX_CLASS_SAME || class == PHX_CLASS_INLINE)
		return lane->scratch + off;
	return (out ? out_of(&h->got.msg) : in_of(&h->got.msg)) + off;
}

/**
 * fz_where() - an address
 * @lane: who asks
 * @where: enum fz_where
 * @out: it is for an output
 * @off: bytes from its begin; for a held message and wild addresses also which
 * @arg: the structure of the call
 *
 * Return: the address.
 */
char *fz_where(struct fz_lane *lane, unsigned int where, bool out, __u64 off, void *arg)
{
	switch (where) {
	case FZ_OWN:
		return (out ? lane->out : lane->in) + off;
	case FZ_SCRATCH:
		return lane->scratch + off;
	case FZ_HELD_IN:
	case FZ_HELD_OUT:
		return held(lane, where == FZ_HELD_OUT, off);
	case FZ_WINDOW:
		return world.client[0].room[out] + off;
	case FZ_REGISTERED:
		return world.registered + off;
	case FZ_READ_ONLY:
		return world.read_only + off;
	case FZ_ARGUMENT:
		return (char *)arg + off;
	case FZ_WILD:
		return (char *)wild[off % ARRAY_SIZE(wild)];
	default:
		return NULL;
	}
}

/**
 * fz_in_input_window() - is it where only inputs are shown?
 * @at: the address
 *
 * Without its window a room is memory as any other: nobody may access it, but who
 * writes to /proc/self/mem may.
 *
 * Return: whether it is.
 */
bool fz_in_input_window(const char *at)
{
	int i;

	for (i = 0; i < FZ_CLIENTS; i++)
		if (addr(at) - addr(world.client[i].room[0]) < FZ_ROOM)
			return world.client[i].mapped[0];
	return false;
}

/**
 * fz_try_init() - before fz_try() and its kin
 */
void fz_try_init(void)
{
	struct sigaction sa = { .sa_handler = probe_caught, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/**
 * fz_try() - do what may access memory that is gone
 * @fn: does it
 * @arg: for it
 *
 * Return: false if that was so, else what @fn returned.
 */
bool fz_try(bool (*fn)(void *arg), void *arg)
{
	bool value = false;

	if (!sigsetjmp(probe_env, 0)) {
		probing = true;
		value = fn(arg);
	}
	probing = false;
	return value;
}

static bool read_byte(void *at)
{
	*(volatile unsigned char *)at;
	return true;
}

static bool write_byte(void *at)
{
	*(volatile unsigned char *)at = 0x5a;
	return true;
}

/**
 * fz_can_read() - read a byte
 * @at: where
 *
 * Return: whether that could be done.
 */
bool fz_can_read(char *at)
{
	return fz_try(read_byte, at);
}

/**
 * fz_can_write() - write a byte
 * @at: where
 *
 * Return: whether that could be done.
 */
bool fz_can_write(char *at)
{
	return fz_try(write_byte, at);
}
