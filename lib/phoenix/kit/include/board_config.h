/* SPDX-License-Identifier: MIT */
/*
 * A Phoenix-RTOS project says here what its board has. This one has nothing.
 */
#ifndef _PHX_KIT_BOARD_CONFIG_H
#define _PHX_KIT_BOARD_CONFIG_H


#endif /* _PHX_KIT_BOARD_CONFIG_H */
