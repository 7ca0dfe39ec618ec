// SPDX-License-Identifier: MIT
/*
 * Small buffers travel in the raw area of a message, behind what the message's
 * type keeps there. Servers count on it: they find such data inside their own
 * msg_t, and what they answer there reaches the client's buffer.
 */
#include "shim.h"

#define I_SIZE(part)	sizeof(((msg_t *)0)->i.part)
#define O_SIZE(part)	sizeof(((msg_t *)0)->o.part)

/* A type whose buffers are never packed */
#define NEVER	-1

static const struct {
	signed char i;
	signed char o;
} offsets[mtCount] = {
	[mtOpen]	= { I_SIZE(openclose),	0 },
	[mtClose]	= { I_SIZE(openclose),	0 },
	[mtRead]	= { I_SIZE(io),		0 },
	[mtWrite]	= { I_SIZE(io),		0 },
	[mtTruncate]	= { I_SIZE(io),		0 },
	[mtDevCtl]	= { NEVER,		NEVER },
	[mtCreate]	= { I_SIZE(create),	O_SIZE(create) },
	[mtDestroy]	= { 0,			0 },
	[mtSetAttr]	= { I_SIZE(attr),	O_SIZE(attr) },
	[mtGetAttr]	= { I_SIZE(attr),	O_SIZE(attr) },
	[mtGetAttrAll]	= { 0,			0 },
	[mtLookup]	= { 0,			O_SIZE(lookup) },
	[mtLink]	= { I_SIZE(ln),		0 },
	[mtUnlink]	= { I_SIZE(ln),		0 },
	[mtReaddir]	= { I_SIZE(readdir),	0 },
};

static bool fits(int off, const void *data, size_t size, uint16_t *res)
{
	if (off == NEVER || !data || size > PHX_RAW_SIZE - (size_t)off)
		return false;
	*res = (uint16_t)off;
	return true;
}

/**
 * phx_pho_pack_input - does an input travel in i.raw?
 * @type: of the message
 * @data: the input, NULL none
 * @size: its bytes; even 0 is packed, the server then has an address
 * @off: out: where in i.raw
 *
 * Return: whether it does.
 */
bool phx_pho_pack_input(int type, const void *data, size_t size, uint16_t *off)
{
	if (type < 0 || type >= mtCount)
		return false;
	return fits(offsets[type].i, data, size, off);
}

/**
 * phx_pho_pack_output - does an output travel in o.raw?
 * @type: of the message
 * @data: where the output shall go, NULL none
 * @size: its bytes
 * @off: out: where in o.raw
 *
 * Return: whether it does.
 */
bool phx_pho_pack_output(int type, const void *data, size_t size, uint16_t *off)
{
	if (type < 0 || type >= mtCount)
		return false;
	return fits(offsets[type].o, data, size, off);
}
