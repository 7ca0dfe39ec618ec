// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <err.h>
#include <stdint.h>

#include "run.h"
#include "work.h"

/* Odd, so that all words differ for a long time, and with bits everywhere. */
#define NEXT_WORD	0x9e3779b97f4a7c15

static void *own_in, *own_out;
static uint64_t filled_with;	/* the first word of the last filling of @own_in */
static uint64_t last_word;

/* After the servers were forked: pages that are shared with them would be copied. */
void client_init(void)
{
	own_in = buffer_new();
	own_out = buffer_new();
	if (!own_in || !own_out)
		err(1, "two buffers of %zu bytes", buffer_size);
	work_fill(own_in, buffer_size, filled_with);
}

/* Before calls with another job. */
int client_begin(const struct server *server)
{
	const struct peer *peer = server->peer;

	return peer->begin ? peer->begin(server->job, own_in, own_out) : 0;
}

/* The rest of the input is as it was filled last. */
static inline int call(const struct peer *peer, const struct job *job, struct call *message,
		       uint64_t rest_sum)
{
	uint64_t word = last_word += NEXT_WORD;
	int error;

	memcpy((void *)(uintptr_t)message->in, &word, WORD);
	message->reply = message->out;
	error = peer->call(job, message);
	if (error)
		return error;
	return work_is_right(job, message->reply, rest_sum + word, word) ? 0 : CLIENT_WRONG;
}

static inline int call_filled(const struct peer *peer, const struct job *job,
			      struct call *message)
{
	work_fill((void *)(uintptr_t)message->in, job->in_size, last_word + NEXT_WORD);
	return call(peer, job, message,
		    work_filled_sum(job->in_size, last_word + NEXT_WORD) -
		    (last_word + NEXT_WORD));
}

/*
 * Calls with data that is all new, and the server looks at all of it: what came the
 * last time, or in part, would be wrong. 0, a negative errno or CLIENT_WRONG.
 */
int client_prove(const struct server *server)
{
	struct job *job = server->job;
	struct call message = { .in = own_in, .out = own_out };
	bool touch = job->touch;
	int result = 0;

	job->touch = true;
	for (int i = 0; i < 2 && !result; i++)
		result = call_filled(server->peer, job, &message);
	job->touch = touch;
	filled_with = last_word;
	return result;
}

/*
 * Calls @n times; where each took how long goes to @took unless it is NULL. The
 * time of a call ends where that of the next begins. As client_prove().
 */
int client_calls(const struct server *server, bool fill, size_t n, double *took)
{
	const struct peer *peer = server->peer;
	const struct job *job = server->job;
	struct call message = { .in = own_in, .out = own_out };
	uint64_t rest = work_filled_sum(job->in_size, filled_with) - filled_with;
	uint64_t before, after;
	int result = 0;

	if (fill && peer->room)
		message.in = peer->room();
	before = now_ns();
	for (size_t i = 0; i < n && !result; i++) {
		result = fill ? call_filled(peer, job, &message) :
				call(peer, job, &message, rest);
		if (!took)
			continue;
		after = now_ns();
		took[i] = after - before;
		before = after;
	}
	return result;
}
