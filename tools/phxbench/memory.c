// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxbench memory: what a port and a message cost the kernel. Each figure is the
 * difference that many objects make, divided by their number; kmem.h tells how.
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <phxport.h>

#include "holder.h"
#include "kmem.h"
#include "load.h"
#include "run.h"

#define GROWTH_TRIES	3

static struct phx *open_device(void)
{
	struct phx *phx;

	if (phx_open(&phx, 0))
		errx(1, "%s", phx_explain());
	return phx;
}

static void create_ports(struct phx *phx, unsigned int n)
{
	uint32_t port;
	int error;

	for (unsigned int i = 0; i < n; i++) {
		error = phx_port_create(phx, &port);
		if (error)
			errx(1, "port %u: %s; see the module's parameter max_ports",
			     i, strerror(-error));
	}
}

static void add_record(json_t *results, const char *object, size_t size,
		       unsigned int count, const struct kmem *used)
{
	unsigned int pages = (size + 4095) / 4096;
	double each = used->objects / count;
	json_t *record;

	printf("%-10s %9zu %8u %8u %10.1f %10.1f %12.1f\n", object, size, pages, count,
	       each, each - 8 * pages, used->page_tables / count);
	fflush(stdout);
	record = json_pack("{s:s,s:s,s:s,s:I,s:i,s:i,s:f,s:f,s:f}", "test", "memory",
			   "peer", "phxport", "object", object,
			   "size", (json_int_t)size, "pages", pages, "count", count,
			   "bytes", each, "overhead", each - 8 * pages,
			   "page_tables", used->page_tables / count);
	json_array_append_new(results, record);
}

/* The first port also makes the windows, which all ports of a handle share. */
static void measure_ports(json_t *results, unsigned int n)
{
	struct phx *phx = open_device();
	struct kmem before, used;

	create_ports(phx, 1);
	before = kmem_now();
	create_ports(phx, n);
	used = kmem_since(&before);
	add_record(results, "port", 0, n, &used);
	phx_close(phx);
}

/*
 * The threads that send exist before and sleep, so that they are not counted; the
 * table of held messages belongs to a new server each time and so is. All messages
 * have the same buffer, whose pages are pinned once for each of them.
 */
static void measure_messages(json_t *results, unsigned int n, size_t size)
{
	struct kmem before, used;
	struct holder holder;

	holder_start(&holder, -1);
	holder_prepare(&holder, n, size);
	holder_call(&holder);
	before = kmem_now();
	holder_hold(&holder);
	used = kmem_since(&before);
	holder_release(&holder);
	holder_stop(&holder);
	add_record(results, "message", size, n, &used);
}

static void use_everything(unsigned int rounds)
{
	struct holder holder;
	struct phx *phx;

	for (unsigned int i = 0; i < rounds; i += 100) {
		phx = open_device();
		create_ports(phx, 100);
		phx_close(phx);
		holder_start(&holder, -1);
		holder_prepare(&holder, 20, 1 << 16);
		holder_hold(&holder);
		for (int n = 0; n < 100; n++)
			holder_call(&holder);
		holder_release(&holder);
		holder_stop(&holder);
	}
}

/*
 * What stays when all is over must not grow with use. Other caches of the kernel do
 * now and then; what is ours would grow each time, so the least of several tries is
 * taken.
 */
static void measure_growth(json_t *results, unsigned int rounds)
{
	struct kmem before, used, least = { .objects = INFINITY };

	use_everything(rounds / 10);
	for (int i = 0; i < GROWTH_TRIES; i++) {
		progress("growth, try %d of %d", i + 1, GROWTH_TRIES);
		before = kmem_now();
		use_everything(rounds);
		used = kmem_since(&before);
		if (used.objects < least.objects)
			least = used;
	}
	progress_end();
	add_record(results, "growth", 0, rounds, &least);
}

static const char usage[] =
	"usage: phxbench memory [OPTION...]\n"
	"\n"
	"Measures how much memory the kernel takes for a port and for a message that a\n"
	"server holds, and what is left of it when all is over. It takes root and a\n"
	"machine that does little else.\n"
	"\n"
	"  --ports N         so many are created; 20000\n"
	"  --messages N      so many are held at once; 1000\n"
	"  --sizes LIST      of the messages' input; 0,64,4K,64K,1M\n"
	RUN_USAGE
	"\n"
	"What is counted are slabs, vmalloc and per-CPU memory of /proc/meminfo, as the\n"
	"difference that many objects make. Page tables are shown apart: they belong to\n"
	"the window of a server, which keeps them for the next message.\n";

enum { PORTS = RUN_OWN, MESSAGES, SIZES };

static const struct option options[] = {
	RUN_OPTIONS,
	{ "ports", required_argument, NULL, PORTS },
	{ "messages", required_argument, NULL, MESSAGES },
	{ "sizes", required_argument, NULL, SIZES },
	{ 0 }
};

static unsigned int ports, messages;
static const char *sizes = "0,64,4K,64K,1M";

static void own_option(int option, const char *value)
{
	if (option == PORTS)
		ports = parse_number("ports", value, 1, 1000000);
	else if (option == MESSAGES)
		messages = parse_number("messages", value, 1, 10000);
	else
		sizes = value;
}

static const struct run_command command = {
	.name = "memory", .usage = usage, .options = options, .own_option = own_option,
};

int memory_main(int argc, char **argv)
{
	struct run_options opts = { 0 };
	size_t n_bytes, bytes[16];
	json_t *run;

	run_parse(&command, &opts, argc, argv);
	n_bytes = parse_sizes("sizes", sizes, bytes, 16);
	run = run_new("memory", &opts, argc, argv);
	if (kmem_obstacle())
		errx(1, "%s", kmem_obstacle());
	printf("\nKernel memory of each object, in bytes; overhead: without 8 bytes a page\n\n"
	       "%-10s %9s %8s %8s %10s %10s %12s\n", "object", "size", "pages", "count",
	       "bytes", "overhead", "page tables");
	measure_ports(run_results(run), ports ?: opts.quick ? 2000 : 20000);
	for (size_t i = 0; i < n_bytes; i++)
		measure_messages(run_results(run), messages ?: opts.quick ? 200 : 1000, bytes[i]);
	measure_growth(run_results(run), opts.quick ? 200 : 2000);
	return run_finish(run, &opts);
}
