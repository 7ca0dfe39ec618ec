// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports. What fits into a message's raw areas travels there. In the second peer the
 * client has registered its buffers with the server's port, which must be trusted
 * with them.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <phxport.h>

#include "bench.h"
#include "work.h"

/* One for each of the peers, and in each process. */
struct state {
	struct phx *phx;
	uint32_t port;
	struct phx_msg msg;
	uint16_t in_id, out_id;		/* of registered buffers */
};

static struct state plain, registered;

static const char *no_device(void)
{
	struct phx *phx;

	if (phx_open(&phx, 0))
		return phx_explain();
	phx_close(phx);
	return NULL;
}

static int handle(struct phx *phx, uint32_t port, struct phx_msg *msg, int rid, void *job)
{
	void *out = msg->o.size ? (void *)(uintptr_t)msg->o.data : msg->o.raw;

	(void)phx, (void)port, (void)rid;
	work_serve(job, (void *)(uintptr_t)msg->i.data, out);
	return 0;
}

static int serve_port(struct state *state, struct job *job, int (*ready)(void))
{
	job->note = state->port;
	return ready() ?: phx_server_run(state->phx, state->port, handle, job, NULL);
}

static int serve_plain(struct job *job, int (*ready)(void))
{
	return phx_open(&plain.phx, 0) ?: phx_port_create(plain.phx, &plain.port) ?:
	       serve_port(&plain, job, ready);
}

static int connect_port(struct state *state, const struct job *job)
{
	state->port = job->note;
	return phx_open(&state->phx, 0);
}

static int connect_plain(struct job *job, pid_t server)
{
	(void)server;
	return connect_port(&plain, job);
}

/* What is small goes in the raw areas, and is then no buffer. */
static void set_message(struct phx_msg *msg, const struct job *job, const struct call *call)
{
	msg->i.size = job->in_size;
	msg->i.data = (uintptr_t)call->in;
	if (job->in_size <= PHX_RAW_SIZE) {
		memcpy(msg->i.raw, call->in, job->in_size);
		msg->i.data = (uintptr_t)msg->i.raw;
	}
	msg->o.size = job->out_size <= PHX_RAW_SIZE ? 0 : job->out_size;
	msg->o.data = (uintptr_t)call->out;
}

static void set_reply(struct call *call, const struct phx_msg *msg)
{
	if (!msg->o.size)
		call->reply = msg->o.raw;
}

static int call_plain(const struct job *job, struct call *call)
{
	set_message(&plain.msg, job, call);
	set_reply(call, &plain.msg);
	return phx_send(plain.phx, plain.port, &plain.msg);
}

const struct peer peer_phxport = {
	.name = "phxport",
	.heading = { "phxport", "" },
	.spin = SPIN_PARAMETER,
	.obstacle = no_device,
	.serve = serve_plain,
	.connect = connect_plain,
	.call = call_plain,
};

#ifdef PHX_SEND_I_REGISTERED

static const char *no_registering(void)
{
	struct phx_ioc_info info;
	const char *why = no_device();
	struct phx *phx;
	int error;

	if (why)
		return why;
	error = phx_open(&phx, 0);
	if (error)
		return phx_explain();
	error = phx_info(phx, &info);
	phx_close(phx);
	if (error || !(info.features & PHX_FEATURE_BUFFERS))
		return "the module that is loaded can't register buffers: load a newer one";
	return NULL;
}

static int serve_registered(struct job *job, int (*ready)(void))
{
	PHX_OPTS(phx_port_opts, opts, .flags = PHX_PORT_BUFFERS);

	return phx_open(&registered.phx, 0) ?:
	       phx_port_create_with(registered.phx, &registered.port, &opts) ?:
	       serve_port(&registered, job, ready);
}

static int connect_registered(struct job *job, pid_t server)
{
	(void)server;
	return connect_port(&registered, job);
}

/* All of the client's buffers, once. */
static int begin_registered(const struct job *job, const void *in, void *out)
{
	static bool done;
	int error;

	(void)job;
	if (done)
		return 0;
	error = phx_buffer_register(registered.phx, registered.port, (void *)(uintptr_t)in,
				    buffer_size, PHX_BUFFER_IN, &registered.in_id) ?:
		phx_buffer_register(registered.phx, registered.port, out, buffer_size,
				    PHX_BUFFER_OUT, &registered.out_id);
	done = !error;
	return error;
}

static const char *explain_registered(int error)
{
	if (error == ENOBUFS)
		return "RLIMIT_MEMLOCK is too low (ulimit -l), or the --sizes too large";
	if (error == EDQUOT)
		return "the module's parameter max_pages is too low, or the --sizes too large";
	return NULL;
}

static int call_registered(const struct job *job, struct call *call)
{
	PHX_OPTS(phx_send_opts, opts, .flags = 0);
	struct phx_msg *msg = &registered.msg;

	set_message(msg, job, call);
	set_reply(call, msg);
	if (job->in_size > PHX_RAW_SIZE) {
		opts.flags |= PHX_SEND_I_REGISTERED;
		opts.i_off = registered.in_id;
	}
	if (msg->o.size) {
		opts.flags |= PHX_SEND_O_REGISTERED;
		opts.o_off = registered.out_id;
	}
	return phx_send_with(registered.phx, registered.port, msg, &opts);
}

#else

static const char *no_registering(void)
{
	return "this phxbench was built with a library that can't register buffers";
}

static int serve_registered(struct job *job, int (*ready)(void))
{
	(void)job, (void)ready, (void)registered;
	return -EOPNOTSUPP;
}

#define connect_registered	NULL
#define begin_registered	NULL
#define call_registered		NULL
#define explain_registered	NULL

#endif

const struct peer peer_registered = {
	.name = "phxport-registered",
	.heading = { "regis-", "tered" },
	.spin = SPIN_PARAMETER,
	.obstacle = no_registering,
	.serve = serve_registered,
	.connect = connect_registered,
	.begin = begin_registered,
	.call = call_registered,
	.explain = explain_registered,
};
