// SPDX-License-Identifier: GPL-2.0-only
#include "attr.h"

#include <linux/phxport_netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct attr attrs_module[] = {
	{ "version",	PHX_A_MODULE_VERSION,	ATTR_STRING },
	{ "abi",	PHX_A_MODULE_ABI,	ATTR_U32 },
	{ "features",	PHX_A_MODULE_FEATURES,	ATTR_U64 },
	{ }
};

static const char *const port_flags[] = { "buffers", NULL };

const struct attr attrs_port[] = {
	{ "id",		PHX_A_PORT_ID,		ATTR_U32 },
	{ "client",	PHX_A_PORT_CLIENT,	ATTR_U32 },
	{ "pid",	PHX_A_PORT_PID,		ATTR_U32 },
	{ "uid",	PHX_A_PORT_UID,		ATTR_U32 },
	{ "comm",	PHX_A_PORT_COMM,	ATTR_STRING },
	{ "flags",	PHX_A_PORT_FLAGS,	ATTR_BITS,	port_flags },
	{ "queued",	PHX_A_PORT_QUEUED,	ATTR_U32 },
	{ "waiting",	PHX_A_PORT_WAITING,	ATTR_U32 },
	{ "received",	PHX_A_PORT_RECEIVED,	ATTR_U64 },
	{ }
};

/*
 * Names are chosen by programs, and may hold what a terminal would obey. A
 * backslash is doubled, so that no two texts look the same.
 */
json_t *json_text(const char *bytes)
{
	size_t size = 4 * strlen(bytes) + 1, n = 0;
	char *text = malloc(size);
	const unsigned char *p;
	json_t *json;

	if (!text)
		return NULL;
	for (p = (const unsigned char *)bytes; *p; p++) {
		if (*p == '\\')
			n += snprintf(text + n, size - n, "\\\\");
		else if (*p >= ' ' && *p <= '~')
			text[n++] = *p;
		else
			n += snprintf(text + n, size - n, "\\x%02x", *p);
	}
	json = json_stringn(text, n);
	free(text);
	return json;
}

/* A number that has no word yet is shown as a number. */
static json_t *enum_word(const char *const *words, uint32_t value)
{
	uint32_t i;

	for (i = 0; words[i]; i++) {
		if (i == value)
			return json_string(words[i]);
	}
	return json_integer(value);
}

static json_t *bit_words(const char *const *words, uint32_t value)
{
	json_t *list = json_array();
	bool known = true;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		known = known && words[bit];
		if (!(value & 1U << bit))
			continue;
		json_array_append_new(list, known ? json_string(words[bit]) :
						    json_integer(1U << bit));
	}
	return list;
}

static json_t *value_of(const struct attr *attr, struct nlattr *nla)
{
	switch (attr->kind) {
	case ATTR_U32:
		return json_integer(nla_get_u32(nla));
	case ATTR_S32:
		return json_integer(nla_get_s32(nla));
	case ATTR_U64:
		return json_integer(nla_get_u64(nla));
	case ATTR_STRING:
		return json_text(nla_get_string(nla));
	case ATTR_ENUM:
		return enum_word(attr->words, nla_get_u32(nla));
	case ATTR_BITS:
		return bit_words(attr->words, nla_get_u32(nla));
	case ATTR_FLAG:
		break;
	}
	return json_true();
}

/* Short ones would be read beyond their end. */
static bool long_enough(const struct attr *attr, struct nlattr *nla)
{
	switch (attr->kind) {
	case ATTR_U64:
		return nla_len(nla) >= 8;
	case ATTR_STRING:
		return nla_len(nla) > 0 && !((char *)nla_data(nla))[nla_len(nla) - 1];
	case ATTR_FLAG:
		return true;
	default:
		return nla_len(nla) >= 4;
	}
}

json_t *attrs_to_json(const struct attr *attrs, struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	const struct attr *attr;
	json_t *json = json_object();

	for (attr = attrs; attr->key; attr++) {
		struct nlattr *nla = nla_find(genlmsg_attrdata(genl, 0),
					      genlmsg_attrlen(genl, 0), attr->type);

		if (nla && long_enough(attr, nla))
			json_object_set_new(json, attr->key, value_of(attr, nla));
		else if (attr->kind == ATTR_FLAG)
			json_object_set_new(json, attr->key, json_false());
	}
	return json;
}
