// SPDX-License-Identifier: MIT
/*
 * fileserver: shows a directory of Linux to Phoenix' file messages, read-only.
 *
 * An example of a server that receives for itself, to see how each buffer
 * reached it; phx_server_run() is simpler where this is not of interest. The
 * messages have Phoenix' layout: filemsg.c would compile there as well.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <phxport.h>

#include "filemsg.h"
#include "fstree.h"

#define MAX_THREADS	64
#define N_CLASSES	(PHX_CLASS_LEND + 1)

/* A message as the native calls and as Phoenix' programs see it */
union message {
	struct phx_msg native;
	msg_t phoenix;
};

_Static_assert(sizeof(struct phx_msg) == sizeof(msg_t), "same layout");

static struct {
	const char *dir;
	const char *name;
	long threads;
	bool verbose;
} config = { .name = "/", .threads = 4 };

static struct phx *phx;
static uint32_t port;

struct worker {
	pthread_t thread;
	uint64_t classes[N_CLASSES];	/* messages */
	uint64_t bytes;			/* read from files */
	bool failed;
};

/* A message is of the class of its most expensive buffer. */
static void count(struct worker *w, const struct phx_recv_opts *opts,
		  const msg_t *msg)
{
	unsigned int class = opts->i_class > opts->o_class ? opts->i_class :
							     opts->o_class;

	if (class < N_CLASSES)
		w->classes[class]++;
	if (msg->type == mtRead && msg->o.err > 0)
		w->bytes += msg->o.err;
	if (config.verbose)
		fprintf(stderr, "%s %" PRIu64 " from %d: %d\n",
			filemsg_name(msg->type), msg->oid.id, msg->pid,
			msg->o.err);
}

/*
 * Every round answers one message and waits for the next, in one call. The
 * loop ends when main() has destroyed the port.
 */
static void *serve(void *arg)
{
	PHX_OPTS(phx_recv_opts, opts);
	struct worker *w = arg;
	union message m;
	int rid = PHX_RID_NONE;
	int err;

	for (;;) {
		err = phx_respond_recv_with(phx, port, &m.native, &rid, &opts);
		if (!err) {
			m.phoenix.o.err = filemsg_serve(port, &m.phoenix);
			count(w, &opts, &m.phoenix);
		} else if (err != -EINTR) {
			break;
		}
	}
	if (err != -EINVAL) {
		fprintf(stderr, "fileserver: receive: %s\n", strerror(-err));
		w->failed = true;
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

static void wait_for_signal(const sigset_t *signals)
{
	int sig;

	printf("fileserver: serves %s as %s, port %" PRIu32 ", %ld threads\n",
	       config.dir, config.name, port, config.threads);
	fflush(stdout);
	sigwait(signals, &sig);
}

static void print_totals(const struct worker *workers, int n)
{
	uint64_t classes[N_CLASSES] = { 0 }, all = 0, bytes = 0;

	for (int i = 0; i < n; i++) {
		bytes += workers[i].bytes;
		for (int c = 0; c < N_CLASSES; c++) {
			classes[c] += workers[i].classes[c];
			all += workers[i].classes[c];
		}
	}
	printf("fileserver: %" PRIu64 " messages: %" PRIu64 " lent, %" PRIu64
	       " copied, %" PRIu64 " inline, %" PRIu64 " without buffers; %"
	       PRIu64 " bytes read\n", all, classes[PHX_CLASS_LEND],
	       classes[PHX_CLASS_COPY], classes[PHX_CLASS_INLINE],
	       classes[PHX_CLASS_NONE], bytes);
}

/* Signals are for main() alone: they are blocked before there are threads. */
static int serve_until_signal(void)
{
	struct worker workers[MAX_THREADS] = { 0 };
	sigset_t signals;
	bool failed = false;
	int err = 0, n = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);

	for (; n < config.threads && !err; n += !err)
		err = -pthread_create(&workers[n].thread, NULL, serve, &workers[n]);
	if (!err)
		wait_for_signal(&signals);

	phx_name_unregister(phx, config.name);
	phx_port_destroy(phx, port);
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		failed |= workers[i].failed;
	}
	print_totals(workers, n);
	return failed ? -EIO : err;
}

static int create_port(void)
{
	struct phx_oid oid = { .id = FSTREE_ROOT };
	int err = phx_port_create(phx, &port);

	if (err) {
		fprintf(stderr, "fileserver: no port: %s\n", strerror(-err));
		return err;
	}
	oid.port = port;
	err = phx_name_register(phx, config.name, &oid);
	if (err)
		fprintf(stderr, "fileserver: name %s: %s\n", config.name,
			err == -EEXIST ? "another server has it" : strerror(-err));
	return err;
}

/* Every file that a client has open is open here. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int usage(FILE *f)
{
	fputs("usage: fileserver [OPTIONS] DIR\n"
	      "Serve a directory, read-only, to Phoenix-RTOS file messages.\n\n"
	      "  -n, --name NAME    name to register, default /\n"
	      "  -t, --threads N    threads that serve, default 4\n"
	      "  -v, --verbose      print every message\n"
	      "  -h, --help         print this\n", f);
	return f == stdout ? 0 : 2;
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "threads", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "n:t:vh", options, NULL)) != -1) {
		if (opt == 'n')
			config.name = optarg;
		else if (opt == 't')
			config.threads = strtol(optarg, NULL, 10);
		else if (opt == 'v')
			config.verbose = true;
		else if (opt == 'h')
			exit(usage(stdout));
		else
			return false;
	}
	if (optind != argc - 1)
		return false;
	config.dir = argv[optind];
	return config.threads >= 1 && config.threads <= MAX_THREADS;
}

int main(int argc, char **argv)
{
	int err;

	if (!parse(argc, argv))
		return usage(stderr);
	raise_file_limit();
	err = fstree_start(config.dir);
	if (err) {
		fprintf(stderr, "fileserver: %s: %s\n", config.dir, strerror(-err));
		return 1;
	}
	err = phx_open(&phx, 0);
	if (err) {
		fprintf(stderr, "fileserver: %s\n", phx_explain());
		return 1;
	}
	err = create_port();
	if (!err)
		err = serve_until_signal();
	phx_close(phx);
	return err != 0;
}
