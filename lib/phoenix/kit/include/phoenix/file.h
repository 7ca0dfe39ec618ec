/* SPDX-License-Identifier: MIT */
/*
 * Numbers of attributes and types of objects.
 */
#ifndef _PHX_KIT_PHOENIX_FILE_H
#define _PHX_KIT_PHOENIX_FILE_H

#include <phxport/phoenix.h>

#endif /* _PHX_KIT_PHOENIX_FILE_H */
