// SPDX-License-Identifier: GPL-2.0-only
/*
 * From which size on is lending cheaper than copying? Requests of rising sizes are
 * made with lend_min above and below all of them, in turns, and the server reads
 * every byte. The buffer is not aligned to a page, as malloc's are not. A third
 * curve, of lent buffers that nobody looks at, tells what lending costs a page.
 */
#include "calibrate.h"

#include <err.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phxport.h>

#include "cpus.h"
#include "param.h"
#include "run.h"
#include "stats.h"
#include "work.h"

#define OFFSET		16	/* within a page, as malloc's large blocks have */
#define ROUNDS		5
#define CALLS_MAX	2000	/* of a case in a round */
#define CALLS_MIN	10
#define WARM_UP		5
#define PAGE		4096

static const size_t sizes[] = {
	1 << 12, 1 << 13, 3 << 12, 1 << 14, 3 << 13, 1 << 15, 3 << 14, 1 << 16, 3 << 15,
	1 << 17, 1 << 18, 1 << 20,
};

#define N_SIZES		(sizeof(sizes) / sizeof(*sizes))
#define LARGEST		(1 << 20)

enum way { COPY, LEND, UNTOUCHED, N_WAYS };

static const char *const way_names[N_WAYS] = { "copy", "lend", "untouched" };

static struct samples {
	double *ns;
	size_t n;
	struct stats stats;
} samples[N_SIZES][N_WAYS];

static struct phx *phx;
static uint32_t port;
static char *buffer;

/* The server's own buffer has room for all of it, or it would be lent anyway. */
static void serve(int ready)
{
	PHX_OPTS(phx_recv_opts, opts, .buf_size = LARGEST + PAGE);
	int error, rid = PHX_RID_NONE;
	struct phx_msg msg;
	uint64_t total = 0;

	opts.buf = malloc(opts.buf_size);
	if (!opts.buf || phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	memset(opts.buf, 0, opts.buf_size);
	error = phx_port_create(phx, &port);
	if (write(ready, &port, sizeof(port)) != sizeof(port))
		err(1, "pipe");
	while (!error) {
		error = phx_respond_recv_with(phx, port, &msg, &rid, &opts);
		if (msg.type != UNTOUCHED)
			total = work_sum((void *)(uintptr_t)msg.i.data, msg.i.size);
		memcpy(msg.o.raw, &total, sizeof(total));
		memcpy(msg.o.raw + sizeof(total), &opts.i_class, sizeof(opts.i_class));
	}
	errx(1, "phxport: the server ended: %s", strerror(-error));
}

static pid_t start_server(int cpu)
{
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		err(1, "pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		use_cpu(cpu);
		serve(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &port, sizeof(port)) != sizeof(port))
		errx(1, "phxport: the server did not start");
	close(ready[0]);
	return pid;
}

/* The server must have seen every byte, and in the way that is measured. */
static double call(size_t size, enum way way)
{
	struct phx_msg msg = {
		.type = way, .i.data = (uintptr_t)buffer, .i.size = size,
	};
	uint64_t begin, end, total, wanted = 1;
	uint16_t class;
	int error;

	(*(uint64_t *)buffer)++;
	wanted = *(uint64_t *)buffer;
	begin = now_ns();
	error = phx_send(phx, port, &msg);
	end = now_ns();
	memcpy(&total, msg.o.raw, sizeof(total));
	memcpy(&class, msg.o.raw + sizeof(total), sizeof(class));
	if (error)
		errx(1, "phxport: a call of %zu bytes: %s", size, strerror(-error));
	if (way != UNTOUCHED && total != wanted)
		errx(1, "phxport: the server saw other bytes");
	if (class != (way == COPY ? PHX_CLASS_COPY : PHX_CLASS_LEND))
		errx(1, "phxport: a buffer was not %s; has someone else changed lend_min?",
		     way == COPY ? "copied" : "lent");
	return end - begin;
}

static void add_calls(struct samples *to, size_t size, enum way way, uint64_t time_ns)
{
	uint64_t start = now_ns();

	to->ns = reallocarray(to->ns, to->n + CALLS_MAX, sizeof(double));
	if (!to->ns)
		err(1, "samples");
	for (int i = 0; i < WARM_UP; i++)
		call(size, way);
	for (int i = 0; i < CALLS_MAX && (i < CALLS_MIN || now_ns() - start < time_ns); i++)
		to->ns[to->n++] = call(size, way);
}

static void measure(uint64_t time_ns)
{
	for (int round = 0; round < ROUNDS; round++)
		for (enum way way = 0; way < N_WAYS; way++) {
			progress("%s, round %d of %d", way_names[way], round + 1, ROUNDS);
			param_set_number("lend_min", way == COPY ? UINT32_MAX : 1);
			for (size_t i = 0; i < N_SIZES; i++)
				add_calls(&samples[i][way], sizes[i], way, time_ns / ROUNDS);
		}
	progress_end();
	param_restore();
}

static void report(json_t *results)
{
	json_t *record;

	printf("%10s %12s %12s %12s\n", "bytes", "copied", "lent", "untouched");
	for (size_t i = 0; i < N_SIZES; i++) {
		printf("%10zu", sizes[i]);
		for (enum way way = 0; way < N_WAYS; way++) {
			struct samples *of = &samples[i][way];

			stats_of(of->ns, of->n, &of->stats);
			printf(" %12.1f", of->stats.p50 / 1e3);
			record = json_pack("{s:s,s:s,s:s,s:I,s:s}", "test", "lend",
					   "peer", "phxport", "object", way_names[way],
					   "size", (json_int_t)sizes[i], "unit", "ns");
			stats_put(record, &of->stats);
			json_array_append_new(results, record);
			free(of->ns);
		}
		putchar('\n');
	}
}

static double median(size_t i, enum way way)
{
	return samples[i][way].stats.p50;
}

/* What each page more costs, in ns. */
static double per_page(enum way way)
{
	size_t small = N_SIZES - 3, large = N_SIZES - 1;

	return (median(large, way) - median(small, way)) * PAGE / (sizes[large] - sizes[small]);
}

/*
 * Where the curves cross for the last time, as all sizes above are then better off
 * lent; between two sizes that is where straight lines would meet. Whole pages: a
 * finer number would promise what no measurement can hold.
 */
static unsigned long crossing(void)
{
	double before, after, at;
	size_t i = N_SIZES;

	while (i > 0 && median(i - 1, LEND) < median(i - 1, COPY))
		i--;
	if (!i)
		return sizes[0];
	if (i == N_SIZES)
		return 0;
	before = median(i - 1, LEND) - median(i - 1, COPY);
	after = median(i, COPY) - median(i, LEND);
	at = sizes[i - 1] + (sizes[i] - sizes[i - 1]) * before / (before + after);
	return lround(at / PAGE) * PAGE;
}

/* If lending never pays here, nothing is found. */
void calibrate_lend(json_t *results, bool cross, uint64_t time_ns,
		    struct calibrated *lend_min)
{
	struct cpus cpus;
	pid_t server;

	cpus_choose(&cpus, NULL);
	if (cross && cpus.client == cpus.server)
		errx(2, "there is one CPU only; leave out --placement cross");
	printf("\nA request that is copied, and lent, on %s; median of a round trip in us\n\n",
	       cross ? "two CPUs" : "one CPU");
	server = start_server(cross ? cpus.server : cpus.client);
	use_cpu(cpus.client);
	buffer = (char *)aligned_alloc(PAGE, LARGEST + PAGE) + OFFSET;
	memset(buffer, 0, LARGEST);
	if (phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	measure(time_ns);
	phx_close(phx);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	sched_setaffinity(0, sizeof(cpus.all), &cpus.all);
	report(results);
	printf("\nA page more costs %.0f ns copied and read, %.0f ns lent and read, %.0f ns lent alone.\n",
	       per_page(COPY), per_page(LEND), per_page(UNTOUCHED));
	lend_min->value = crossing();
	lend_min->found = lend_min->value;
	if (lend_min->found)
		printf("Lending pays from %lu bytes on.\n", lend_min->value);
	else
		printf("Lending does not pay up to %d bytes here; lend_min is left alone.\n",
		       LARGEST);
}
