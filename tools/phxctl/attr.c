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

const struct attr attrs_client[] = {
	{ "id",		PHX_A_CLIENT_ID,	ATTR_U32 },
	{ "pid",	PHX_A_CLIENT_PID,	ATTR_U32 },
	{ "uid",	PHX_A_CLIENT_UID,	ATTR_U32 },
	{ "comm",	PHX_A_CLIENT_COMM,	ATTR_STRING },
	{ "ports",	PHX_A_CLIENT_PORTS,	ATTR_U32 },
	{ "queued",	PHX_A_CLIENT_QUEUED,	ATTR_U32 },
	{ "held",	PHX_A_CLIENT_HELD,	ATTR_U32 },
	{ "names",	PHX_A_CLIENT_NAMES,	ATTR_U32 },
	{ "window_in",	PHX_A_CLIENT_WINDOW_IN,	ATTR_U64 },
	{ "window_out",	PHX_A_CLIENT_WINDOW_OUT, ATTR_U64 },
	{ "age",	PHX_A_CLIENT_AGE,	ATTR_U64 },
	{ }
};

static const char *const states[] = { "queued", "held", "orphan", "aborted", NULL };
static const char *const classes[] = {
	"none", "inline", "same", "copy", "lend", "registered", NULL
};

const struct attr attrs_message[] = {
	{ "id",		PHX_A_MESSAGE_ID,	ATTR_U64 },
	{ "port",	PHX_A_MESSAGE_PORT,	ATTR_U32 },
	{ "state",	PHX_A_MESSAGE_STATE,	ATTR_ENUM,	states },
	{ "type",	PHX_A_MESSAGE_TYPE,	ATTR_S32 },
	{ "priority",	PHX_A_MESSAGE_PRIORITY,	ATTR_U32 },
	{ "age",	PHX_A_MESSAGE_AGE,	ATTR_U64 },
	{ "held",	PHX_A_MESSAGE_HELD,	ATTR_U64 },
	{ "sender",	PHX_A_MESSAGE_SENDER,	ATTR_U32 },
	{ "sender_pid",	PHX_A_MESSAGE_SENDER_PID, ATTR_U32 },
	{ "sender_tid",	PHX_A_MESSAGE_SENDER_TID, ATTR_U32 },
	{ "sender_comm", PHX_A_MESSAGE_SENDER_COMM, ATTR_STRING },
	{ "client",	PHX_A_MESSAGE_CLIENT,	ATTR_U32 },
	{ "pid",	PHX_A_MESSAGE_PID,	ATTR_U32 },
	{ "tid",	PHX_A_MESSAGE_TID,	ATTR_U32 },
	{ "comm",	PHX_A_MESSAGE_COMM,	ATTR_STRING },
	{ "rid",	PHX_A_MESSAGE_RID,	ATTR_S32 },
	{ "in_size",	PHX_A_MESSAGE_IN_SIZE,	ATTR_U64 },
	{ "in_class",	PHX_A_MESSAGE_IN_CLASS,	ATTR_ENUM,	classes },
	{ "out_size",	PHX_A_MESSAGE_OUT_SIZE,	ATTR_U64 },
	{ "out_class",	PHX_A_MESSAGE_OUT_CLASS, ATTR_ENUM,	classes },
	{ "loans",	PHX_A_MESSAGE_LOANS,	ATTR_U32 },
	{ }
};

const struct attr attrs_name[] = {
	{ "name",	PHX_A_NAME_NAME,	ATTR_STRING },
	{ "port",	PHX_A_NAME_PORT,	ATTR_U32 },
	{ "object",	PHX_A_NAME_OBJECT,	ATTR_U64 },
	{ "client",	PHX_A_NAME_CLIENT,	ATTR_U32 },
	{ "pid",	PHX_A_NAME_PID,		ATTR_U32 },
	{ "uid",	PHX_A_NAME_UID,		ATTR_U32 },
	{ "stale",	PHX_A_NAME_STALE,	ATTR_FLAG },
	{ }
};

static const char *const directions[] = { "in", "out", NULL };

const struct attr attrs_buffer[] = {
	{ "client",	PHX_A_BUFFER_CLIENT,	ATTR_U32 },
	{ "id",		PHX_A_BUFFER_ID,	ATTR_U32 },
	{ "pid",	PHX_A_BUFFER_PID,	ATTR_U32 },
	{ "uid",	PHX_A_BUFFER_UID,	ATTR_U32 },
	{ "port",	PHX_A_BUFFER_PORT,	ATTR_U32 },
	{ "flags",	PHX_A_BUFFER_FLAGS,	ATTR_BITS,	directions },
	{ "size",	PHX_A_BUFFER_SIZE,	ATTR_U64 },
	{ "messages",	PHX_A_BUFFER_MESSAGES,	ATTR_U32 },
	{ "ended",	PHX_A_BUFFER_ENDED,	ATTR_FLAG },
	{ }
};

const char *const limit_words[] = { "ports", "names", "messages", "pages", NULL };

const struct attr attrs_limit[] = {
	{ "id",		PHX_A_LIMIT_ID,		ATTR_ENUM,	limit_words },
	{ "max",	PHX_A_LIMIT_MAX,	ATTR_U32 },
	{ "uid",	PHX_A_LIMIT_UID,	ATTR_U32 },
	{ "client",	PHX_A_LIMIT_CLIENT,	ATTR_U32 },
	{ "pid",	PHX_A_LIMIT_PID,	ATTR_U32 },
	{ }
};

const struct attr attrs_user[] = {
	{ "uid",	PHX_A_USER_UID,		ATTR_U32 },
	{ "ports",	PHX_A_USER_PORTS,	ATTR_U64 },
	{ "names",	PHX_A_USER_NAMES,	ATTR_U64 },
	{ "messages",	PHX_A_USER_MESSAGES,	ATTR_U64 },
	{ "pages",	PHX_A_USER_PAGES,	ATTR_U64 },
	{ "hits",	PHX_A_USER_HITS,	ATTR_U64 },
	{ }
};

const struct attr attrs_stats[] = {
	{ "clients_live",	PHX_A_STATS_CLIENTS_LIVE,	ATTR_U64 },
	{ "ports_live",		PHX_A_STATS_PORTS_LIVE,		ATTR_U64 },
	{ "names_live",		PHX_A_STATS_NAMES_LIVE,		ATTR_U64 },
	{ "users_live",		PHX_A_STATS_USERS_LIVE,		ATTR_U64 },
	{ "messages_live",	PHX_A_STATS_MESSAGES_LIVE,	ATTR_U64 },
	{ "regions_live",	PHX_A_STATS_REGIONS_LIVE,	ATTR_U64 },
	{ "pages_pinned_live",	PHX_A_STATS_PAGES_PINNED_LIVE,	ATTR_U64 },
	{ "pages_shadow_live",	PHX_A_STATS_PAGES_SHADOW_LIVE,	ATTR_U64 },
	{ "pages_kept_live",	PHX_A_STATS_PAGES_KEPT_LIVE,	ATTR_U64 },
	{ "messages_sent",	PHX_A_STATS_MESSAGES_SENT,	ATTR_U64 },
	{ "messages_received",	PHX_A_STATS_MESSAGES_RECEIVED,	ATTR_U64 },
	{ "messages_answered",	PHX_A_STATS_MESSAGES_ANSWERED,	ATTR_U64 },
	{ "messages_withdrawn",	PHX_A_STATS_MESSAGES_WITHDRAWN,	ATTR_U64 },
	{ "messages_orphaned",	PHX_A_STATS_MESSAGES_ORPHANED,	ATTR_U64 },
	{ "messages_requeued",	PHX_A_STATS_MESSAGES_REQUEUED,	ATTR_U64 },
	{ "messages_aborted",	PHX_A_STATS_MESSAGES_ABORTED,	ATTR_U64 },
	{ "buffers_inline",	PHX_A_STATS_BUFFERS_INLINE,	ATTR_U64 },
	{ "buffers_same",	PHX_A_STATS_BUFFERS_SAME,	ATTR_U64 },
	{ "buffers_copied",	PHX_A_STATS_BUFFERS_COPIED,	ATTR_U64 },
	{ "buffers_lent",	PHX_A_STATS_BUFFERS_LENT,	ATTR_U64 },
	{ "buffers_relent",	PHX_A_STATS_BUFFERS_RELENT,	ATTR_U64 },
	{ "buffers_bounced",	PHX_A_STATS_BUFFERS_BOUNCED,	ATTR_U64 },
	{ "buffers_registered",	PHX_A_STATS_BUFFERS_REGISTERED,	ATTR_U64 },
	{ "pages_huge",		PHX_A_STATS_PAGES_HUGE,		ATTR_U64 },
	{ "waits_spun",		PHX_A_STATS_WAITS_SPUN,		ATTR_U64 },
	{ "waits_slept",	PHX_A_STATS_WAITS_SLEPT,	ATTR_U64 },
	{ "pages_pinned",	PHX_A_STATS_PAGES_PINNED,	ATTR_U64 },
	{ "pages_unpinned",	PHX_A_STATS_PAGES_UNPINNED,	ATTR_U64 },
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
