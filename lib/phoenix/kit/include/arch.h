/* SPDX-License-Identifier: MIT */
/*
 * The machine.
 */
#ifndef _PHX_KIT_ARCH_H
#define _PHX_KIT_ARCH_H

#include <phoenix/page.h>

#endif /* _PHX_KIT_ARCH_H */
