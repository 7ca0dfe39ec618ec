/* SPDX-License-Identifier: MIT */
/*
 * What threads have that Linux' do not: a priority of 0 (highest) to 7.
 */
#ifndef PHX_KIT_THREAD_H
#define PHX_KIT_THREAD_H

#define PHX_KIT_PRIORITY_MAX		7
#define PHX_KIT_PRIORITY_DEFAULT	4

/* A thread begins with what who started it has from Linux */
void phx_kit_priority_inherit(int priority);

#endif /* PHX_KIT_THREAD_H */
