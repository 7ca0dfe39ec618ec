/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wait chain: a thread waits for the response to its message; who received that
 * may itself wait for the response to another one. A chain that comes back to where it
 * was is a cycle: nobody in it goes on by itself.
 *
 * A message that is held leads on to what the thread sent that received it. One
 * that is queued leads on to what any thread of the receiving process sent, and so
 * a cycle with such a step is certain only if all threads of that process wait.
 */
#ifndef PHXCTL_CHAIN_H
#define PHXCTL_CHAIN_H

#include <jansson.h>

/* The chains of a list of messages: an array of {cycle, certain, messages}. */
json_t *chains_of(const json_t *messages);

/* Prints them, each step in a line. */
void chains_print(const json_t *chains);

#endif /* PHXCTL_CHAIN_H */
