// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_vm_readv and process_vm_writev: the server fetches the input and brings
 * the output. They wake nobody, so flags in shared memory do, with futexes; what is
 * as small as a port's raw area is put beside the flags.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "channel.h"
#include "work.h"

#define SMALL_MAX	64

static struct shared {
	struct channel request;
	const void *in;		/* in the client */
	void *out;
	char small_in[SMALL_MAX];
	struct channel answer;
	int error;
	char small_out[SMALL_MAX];
} *shared;

static pid_t client;

static int prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	client = getpid();
	return shared == MAP_FAILED ? -errno : 0;
}

static int move(ssize_t (*how)(pid_t pid, const struct iovec *local, unsigned long n_local,
			       const struct iovec *remote, unsigned long n_remote,
			       unsigned long flags),
		void *here, const void *there, size_t size)
{
	const struct iovec local = { here, size }, remote = { (void *)(uintptr_t)there, size };
	ssize_t n = how(client, &local, 1, &remote, 1, 0);

	if (n == (ssize_t)size)
		return 0;
	return n < 0 ? -errno : -EFAULT;
}

/* An error is the client's to know: it may be that it must not be looked into. */
static int answer_one(const struct job *job, void *in, void *out)
{
	const void *input = shared->small_in;
	void *output = shared->small_out;
	int error = 0;

	if (job->in_size > SMALL_MAX) {
		error = move(process_vm_readv, in, shared->in, job->in_size);
		input = in;
	}
	if (job->out_size > SMALL_MAX)
		output = out;
	if (error)
		return error;
	work_serve(job, input, output);
	if (job->out_size > SMALL_MAX)
		error = move(process_vm_writev, out, shared->out, job->out_size);
	return error;
}

static int serve(struct job *job, int (*ready)(void))
{
	void *in = buffer_new(), *out = buffer_new();
	int error = in && out ? ready() : -ENOMEM;

	while (!error) {
		channel_take(&shared->request);
		shared->error = answer_one(job, in, out);
		channel_post(&shared->answer);
	}
	return error;
}

/* Where only parents may look into their children, the server must be allowed to. */
static int let_in(struct job *job, pid_t server)
{
	(void)job;
	prctl(PR_SET_PTRACER, server);
	return 0;
}

static int call(const struct job *job, struct call *message)
{
	shared->in = message->in;
	shared->out = message->out;
	if (job->in_size <= SMALL_MAX)
		memcpy(shared->small_in, message->in, job->in_size);
	channel_post(&shared->request);
	channel_take(&shared->answer);
	if (job->out_size <= SMALL_MAX)
		message->reply = shared->small_out;
	return shared->error;
}

static const char *explain(int error)
{
	if (error == EPERM)
		return "kernel.yama.ptrace_scope forbids to look into processes: run as root";
	return NULL;
}

const struct peer peer_cma = {
	.name = "cma",
	.heading = { "cma", "" },
	.prepare = prepare,
	.serve = serve,
	.connect = let_in,
	.call = call,
	.explain = explain,
};
