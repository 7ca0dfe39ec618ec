// SPDX-License-Identifier: MIT
/*
 * Which buffers of which messages are packed, and where: no device needed.
 * Prints TAP.
 */
#include "phoenix/shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define NO	-1

/* Offsets as Phoenix-RTOS' 64-bit ABIs have them, written down by hand */
static const struct {
	const char *name;
	int type;
	int i;
	int o;
} rules[] = {
	{ "mtOpen",		0,	4,	0 },
	{ "mtClose",		1,	4,	0 },
	{ "mtRead",		2,	24,	0 },
	{ "mtWrite",		3,	24,	0 },
	{ "mtTruncate",		4,	24,	0 },
	{ "mtDevCtl",		5,	NO,	NO },
	{ "mtCreate",		6,	24,	16 },
	{ "mtDestroy",		7,	0,	0 },
	{ "mtSetAttr",		8,	16,	8 },
	{ "mtGetAttr",		9,	16,	8 },
	{ "mtGetAttrAll",	10,	0,	0 },
	{ "mtLookup",		11,	0,	32 },
	{ "mtLink",		12,	16,	0 },
	{ "mtUnlink",		13,	16,	0 },
	{ "mtReaddir",		14,	8,	0 },
	{ "mtCount",		15,	NO,	NO },
	{ "mtStat",		0xf53,	NO,	NO },
	{ "negative",		-1,	NO,	NO },
	{ "private",		0x50c30000, NO,	NO },
};

static unsigned int count, failed;

static void check(bool good, const char *name, const char *what)
{
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++count, name, what);
	if (!good)
		failed++;
}

typedef bool (*pack_fn)(int type, const void *data, size_t size, uint16_t *off);

/* Every size around the limit, and no data at all. */
static bool follows(pack_fn pack, int type, int offset)
{
	size_t size, room = offset == NO ? 0 : 64 - (size_t)offset;
	uint16_t off;
	char data;

	for (size = 0; size < 130; size++) {
		bool expect = offset != NO && size <= room;

		off = 0xffff;
		if (pack(type, &data, size, &off) != expect)
			return false;
		if (expect && off != offset)
			return false;
		if (pack(type, NULL, size, &off))
			return false;
	}
	return !pack(type, &data, SIZE_MAX, &off);
}

static void check_probe(void)
{
	char *mem = mmap(NULL, 3 * 65536, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(mem + 65536, 65536, PROT_READ);
	mprotect(mem + 2 * 65536, 65536, PROT_NONE);
	check(phx_pho_writable(mem + 1, 65535), "probe", "writable");
	check(!phx_pho_writable(mem + 65535, 2), "probe", "end not writable");
	check(phx_pho_readable(mem + 65535, 65537), "probe", "readable");
	check(!phx_pho_readable(mem + 2 * 65536 - 1, 2), "probe",
	      "end not readable");
	check(!phx_pho_readable(NULL, 1), "probe", "null");
	check(phx_pho_readable(NULL, 0), "probe", "nothing of null");
	check(!phx_pho_writable((void *)-8, 8), "probe", "last bytes");
	check(!phx_pho_writable((void *)-8, 16), "probe", "around the end");
	check(phx_pho_string("abc"), "probe", "string");
	memset(mem, 'x', 65536);
	check(phx_pho_string(mem), "probe", "string over pages");
	check(!phx_pho_string(mem + 2 * 65536), "probe", "no string");
	check(!phx_pho_string((char *)1), "probe", "no string at 1");
}

int main(void)
{
	size_t i, n = sizeof(rules) / sizeof(rules[0]);

	printf("TAP version 13\n1..%zu\n", 2 * n + 12);
	for (i = 0; i < n; i++) {
		check(follows(phx_pho_pack_input, rules[i].type, rules[i].i),
		      rules[i].name, "input");
		check(follows(phx_pho_pack_output, rules[i].type, rules[i].o),
		      rules[i].name, "output");
	}
	check_probe();
	return failed ? 1 : 0;
}
