// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory: the least that a call can cost, for those who trust each other and
 * make their data where the other finds it. If it lies elsewhere (without fill) the
 * client copies its input there. Who waits sleeps on a futex, or spins.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "channel.h"
#include "work.h"

struct area {
	struct channel request;
	struct channel answer;
	/* The input, and from @out on the output. */
	char *out;
	char in[] __attribute__((aligned(4096)));
};

static struct area *sleeping, *spinning;
static const uint32_t *awake;		/* the client is, while it waits */

static int new_area(struct area **area)
{
	*area = mmap(NULL, sizeof(**area) + 2 * buffer_size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (*area == MAP_FAILED)
		return -errno;
	(*area)->out = (*area)->in + buffer_size;
	return 0;
}

/* The area is the buffer, unless the input lies elsewhere. */
static void put_input(struct area *area, const struct job *job, const struct call *call)
{
	if (call->in != area->in)
		memcpy(area->in, call->in, job->in_size);
}

static int prepare_sleeping(void)
{
	return new_area(&sleeping);
}

static int serve_sleeping(struct job *job, int (*ready)(void))
{
	int error = ready();

	while (!error) {
		channel_take(&sleeping->request);
		work_serve(job, sleeping->in, sleeping->out);
		channel_post(&sleeping->answer);
	}
	return error;
}

static void *room_sleeping(void)
{
	return sleeping->in;
}

static int call_sleeping(const struct job *job, struct call *call)
{
	put_input(sleeping, job, call);
	channel_post(&sleeping->request);
	channel_take(&sleeping->answer);
	call->reply = sleeping->out;
	return 0;
}

const struct peer peer_shm_futex = {
	.name = "shm-futex",
	.heading = { "shm", "futex" },
	.prepare = prepare_sleeping,
	.serve = serve_sleeping,
	.room = room_sleeping,
	.call = call_sleeping,
};

static int prepare_spinning(void)
{
	static const uint32_t always = 1;

	awake = &always;
	return new_area(&spinning);
}

/* Nobody spins while others are measured. */
static int serve_spinning(struct job *job, int (*ready)(void))
{
	int error = ready();

	while (!error) {
		if (!channel_take_spinning(&spinning->request, &job->awake)) {
			futex_wait(&job->awake, 0);
			continue;
		}
		work_serve(job, spinning->in, spinning->out);
		channel_post(&spinning->answer);
	}
	return error;
}

static const char *would_spin_alone(const struct job *job, enum placement placement)
{
	(void)job;
	if (placement == PLACEMENT_SAME)
		return "who spins keeps the other from the only CPU";
	return NULL;
}

static void *room_spinning(void)
{
	return spinning->in;
}

static int call_spinning(const struct job *job, struct call *call)
{
	put_input(spinning, job, call);
	channel_post(&spinning->request);
	channel_take_spinning(&spinning->answer, awake);
	call->reply = spinning->out;
	return 0;
}

const struct peer peer_shm_spin = {
	.name = "shm-spin",
	.heading = { "shm", "spin" },
	.spin = SPIN_ALWAYS,
	.left_out = would_spin_alone,
	.prepare = prepare_spinning,
	.serve = serve_spinning,
	.room = room_spinning,
	.call = call_spinning,
};
