/* SPDX-License-Identifier: MIT */
/*
 * Attributes of objects.
 */
#ifndef _PHX_KIT_PHOENIX_ATTRIBUTE_H
#define _PHX_KIT_PHOENIX_ATTRIBUTE_H

#include <sys/msg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set the error of every attribute */
void _phoenix_initAttrsStruct(struct _attrAll *attrs, int err);

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_PHOENIX_ATTRIBUTE_H */
