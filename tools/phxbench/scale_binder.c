// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <string.h>

#include "bench.h"
#include "binder.h"
#include "scale_peers.h"

#define BUFFER_SIZE	(1 << 20)

static int device = -1;
static struct binder_thread caller;

static const char *binder_obstacle(void)
{
	return peer_binder.obstacle();
}

static void binder_prepare(unsigned int clients, unsigned int threads)
{
	(void)clients;
	(void)threads;
}

static void *binder_thread_run(void *arg)
{
	struct binder_transaction_data got;
	struct binder_thread thread;
	uint64_t word = 0;
	int error = binder_enter(&thread, device);

	(void)arg;
	while (!error) {
		error = binder_reply_next(&thread, &word, sizeof(word), &got);
		if (!error) {
			memcpy(&word, (void *)(uintptr_t)got.data.ptr.buffer, sizeof(word));
			word++;
		}
	}
	errx(1, "binder: the server ended: %s", strerror(-error));
}

static void binder_serve(unsigned int clients, unsigned int threads, void (*ready)(void))
{
	int error;

	(void)clients;
	device = binder_open(BUFFER_SIZE);
	error = device < 0 ? device : binder_manage(device);
	if (error)
		errx(1, "binder: %s: is another program binder's context manager?",
		     strerror(-error));
	ready();
	scale_threads(threads, binder_thread_run);
}

static void binder_connect(unsigned int client)
{
	(void)client;
	caller.fd = binder_open(BUFFER_SIZE);
	if (caller.fd < 0)
		errx(1, "binder: %s", strerror(-caller.fd));
}

static int binder_ask(const struct scale_request *request, uint64_t *answer)
{
	struct binder_transaction_data reply;
	int error = binder_call(&caller, request, sizeof(*request), &reply);

	if (!error)
		memcpy(answer, (void *)(uintptr_t)reply.data.ptr.buffer, sizeof(*answer));
	return error;
}

static void binder_finish(unsigned int clients)
{
	(void)clients;
}

const struct scale_peer scale_binder = {
	.name = "binder",
	.obstacle = binder_obstacle,
	.prepare = binder_prepare,
	.serve = binder_serve,
	.connect = binder_connect,
	.call = binder_ask,
	.finish = binder_finish,
};
