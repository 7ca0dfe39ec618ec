// SPDX-License-Identifier: GPL-2.0-only
#include "servers.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "param.h"

/* Those that run, for the handler too. */
static struct server running[PEERS_MAX];
static volatile sig_atomic_t n_running;

static int ready_pipe[2];

static int tell_ready(void)
{
	return write(ready_pipe[1], "", 1) == 1 ? 0 : -errno;
}

/* It ends with its parent, not before: the keyboard's signals are not for it. */
static _Noreturn void be_server(const struct peer *peer, struct job *job, pid_t parent)
{
	static const int not_ours[] = { SIGINT, SIGQUIT, SIGHUP };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (size_t i = 0; i < sizeof(not_ours) / sizeof(*not_ours); i++)
		signal(not_ours[i], SIG_IGN);
	job->note = -peer->serve(job, tell_ready);
	_exit(1);
}

/* Returns when it can be called; 0 or what went wrong. */
static int fork_server(struct server *server)
{
	pid_t parent = getpid();
	char byte;
	bool is_ready;

	if (pipe(ready_pipe))
		return errno;
	fflush(NULL);
	server->pid = fork();
	if (server->pid < 0)
		return errno;
	if (!server->pid)
		be_server(server->peer, server->job, parent);
	close(ready_pipe[1]);
	is_ready = read(ready_pipe[0], &byte, 1) == 1;
	close(ready_pipe[0]);
	if (is_ready)
		return 0;
	waitpid(server->pid, NULL, 0);
	return server->job->note ?: ECHILD;
}

static void forget(const struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

/* Says why not if it can't be started. */
static bool start(const struct peer *peer, struct server *server, left_out_t left_out)
{
	const char *why = peer->obstacle ? peer->obstacle() : NULL;
	int error = 0;

	*server = (struct server){ .peer = peer };
	if (!why) {
		server->job = mmap(NULL, sizeof(*server->job), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		error = server->job == MAP_FAILED ? errno : 0;
	}
	if (!why && !error)
		error = peer->prepare ? -peer->prepare() : 0;
	if (!why && !error)
		error = fork_server(server);
	if (error)
		why = peer_explain(peer, error);
	if (why)
		left_out(peer, why);
	return !why;
}

/* What is written must need no lock: this runs in a signal handler. */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void say_end(int status)
{
	int n = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	const char digits[] = { '0' + n / 100, '0' + n / 10 % 10, '0' + n % 10, '\0' };

	say(WIFSIGNALED(status) ? " was killed by signal " : " ended with status ");
	say(digits + (n < 10 ? 2 : n < 100 ? 1 : 0));
}

/* Wherever the client waits: there will be no answer. */
static void server_ended(int sig)
{
	int status;
	pid_t pid;

	(void)sig;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < n_running; i++) {
			if (running[i].pid != pid)
				continue;
			say("\nphxbench: the server of ");
			say(running[i].peer->name);
			say_end(status);
			say(" during the run, so nothing is left to measure;"
			    " start again, if need be without it (--peers)\n");
			param_restore();
			_exit(1);
		}
}

static void watch(void)
{
	const struct sigaction action = {
		.sa_handler = server_ended,
		.sa_flags = SA_RESTART | SA_NOCLDSTOP,
	};

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGCHLD, &action, NULL);
	/* Who ended before that. */
	raise(SIGCHLD);
}

/*
 * Starts those of @wanted that can be used here; gives their number. All of them
 * are forked before the client opens anything, which they would inherit.
 */
size_t servers_start(const struct peer *const *wanted, size_t n, left_out_t left_out,
		     struct server servers[PEERS_MAX])
{
	size_t started = 0;
	int error;

	for (size_t i = 0; i < n; i++)
		if (start(wanted[i], &servers[started], left_out))
			started++;
	for (size_t i = 0; i < started; i++) {
		struct server *server = &servers[i];

		error = server->peer->connect ?
			server->peer->connect(server->job, server->pid) : 0;
		if (error) {
			left_out(server->peer, peer_explain(server->peer, -error));
			forget(server);
			continue;
		}
		running[n_running++] = *server;
	}
	memcpy(servers, running, sizeof(running));
	watch();
	return n_running;
}

void servers_stop(void)
{
	signal(SIGCHLD, SIG_DFL);
	while (n_running > 0)
		forget(&running[--n_running]);
}

void server_place(const struct server *server, const cpu_set_t *cpus)
{
	if (sched_setaffinity(server->pid, sizeof(*cpus), cpus))
		err(1, "the server of %s can't be put on its CPU", server->peer->name);
}

/* Before it is called, and after, for those that spin. */
void server_wake(const struct server *server)
{
	__atomic_store_n(&server->job->awake, 1, __ATOMIC_RELEASE);
	if (server->peer->spin == SPIN_ALWAYS)
		futex_wake(&server->job->awake);
}

void server_rest(const struct server *server)
{
	__atomic_store_n(&server->job->awake, 0, __ATOMIC_RELEASE);
}
