/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of the netlink family and their names in JSON: those of phxport.yaml,
 * with underscores. What the kernel knows and this does not is left out.
 */
#ifndef PHXCTL_ATTR_H
#define PHXCTL_ATTR_H

#include <jansson.h>
#include <netlink/netlink.h>

enum attr_kind {
	ATTR_U32,
	ATTR_S32,
	ATTR_U64,
	ATTR_STRING,
	ATTR_FLAG,
	ATTR_ENUM,	/* a u32, shown as a word */
	ATTR_BITS,	/* a u32, shown as a list of words */
};

/**
 * struct attr - one attribute
 * @key: its name in JSON; NULL ends a list
 * @type: its number
 * @kind: what it holds
 * @words: of ATTR_ENUM and ATTR_BITS: the words, from 0 or bit 0 on; ends with NULL
 */
struct attr {
	const char *key;
	int type;
	enum attr_kind kind;
	const char *const *words;
};

extern const struct attr attrs_module[], attrs_port[], attrs_client[], attrs_message[],
	attrs_name[], attrs_buffer[], attrs_limit[], attrs_user[], attrs_stats[];

extern const char *const limit_words[];

/* An object with the attributes of a message that are in @attrs. */
json_t *attrs_to_json(const struct attr *attrs, struct nlmsghdr *nlh);

/* Bytes as a JSON string: what is not UTF-8 or does not print is written \xNN. */
json_t *json_text(const char *bytes);

#endif /* PHXCTL_ATTR_H */
