// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"
#include "output.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct sender - who sent a message
 * @nr: number of the thread, or of the process
 * @age: of the message
 * @i: its index
 */
struct sender {
	long long nr;
	long long age;
	int i;
};

/**
 * struct graph - messages, and where each leads
 * @list: the messages
 * @nr: how many
 * @by_tid: their senders, sorted by thread, of each the oldest first
 * @by_pid: the same by process
 * @next: index of the message that each waits for, -1 if for none
 * @mark: number of the chain that last came here, 0 for none
 * @certain: whether that is so whatever other threads do
 * @led: whether some message leads there
 * @pid: the process whose threads were counted last
 * @threads: how many it has
 */
struct graph {
	const json_t *list;
	int nr;
	struct sender *by_tid;
	struct sender *by_pid;
	int *next;
	int *mark;
	bool *certain;
	bool *led;
	long long pid;
	int threads;
};

static long long member(const struct graph *graph, int i, const char *key)
{
	return member_int(json_array_get(graph->list, i), key, 0);
}

static int compare_senders(const void *a, const void *b)
{
	const struct sender *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (x->age != y->age)
		return x->age > y->age ? -1 : 1;
	return x->i - y->i;
}

static struct sender *senders(const struct graph *graph, const char *key)
{
	struct sender *by = calloc(graph->nr + 1, sizeof(*by));
	int i;

	for (i = 0; i < graph->nr; i++)
		by[i] = (struct sender) {
			member(graph, i, key), member(graph, i, "age"), i
		};
	qsort(by, graph->nr, sizeof(*by), compare_senders);
	return by;
}

/* Index of the first sender that is not below. */
static int first_of(const struct graph *graph, const struct sender *by, long long nr)
{
	int low = 0, high = graph->nr;

	while (low < high) {
		int mid = low + (high - low) / 2;

		if (by[mid].nr < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The oldest message whose sender has this number; how many there are. */
static int sent_by(const struct graph *graph, const struct sender *by, long long nr, int *count)
{
	int first = first_of(graph, by, nr);

	*count = nr ? first_of(graph, by, nr + 1) - first : 0;
	return *count ? by[first].i : -1;
}

/* 0 if it can't be told. */
static int nr_threads(long long pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%lld/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static bool all_wait(struct graph *graph, long long pid, int n)
{
	if (pid != graph->pid) {
		graph->pid = pid;
		graph->threads = nr_threads(pid);
	}
	return n && n == graph->threads;
}

static void find_next(struct graph *graph, int i)
{
	long long tid = member(graph, i, "tid"), pid = member(graph, i, "pid");
	int n;

	graph->certain[i] = true;
	if (tid) {
		graph->next[i] = sent_by(graph, graph->by_tid, tid, &n);
	} else {
		graph->next[i] = sent_by(graph, graph->by_pid, pid, &n);
		graph->certain[i] = all_wait(graph, pid, n);
	}
	if (graph->next[i] >= 0)
		graph->led[graph->next[i]] = true;
}

/* Follows one chain from its beginning to its end, or until it comes back to itself. */
static json_t *follow(struct graph *graph, int first)
{
	json_t *chain = json_object(), *steps = json_array();
	bool cycle = false, certain = true;
	int i, from, nr = first + 1;

	for (i = first; i >= 0 && graph->mark[i] != nr; i = graph->next[i]) {
		graph->mark[i] = nr;
		json_array_append(steps, json_array_get(graph->list, i));
	}
	cycle = i >= 0;
	/* Only the steps of the cycle count, not those that lead into it. */
	for (from = i; cycle; from = graph->next[from]) {
		certain = certain && graph->certain[from];
		if (graph->next[from] == i)
			break;
	}
	json_object_set_new(chain, "cycle", json_boolean(cycle));
	json_object_set_new(chain, "certain", json_boolean(cycle && certain));
	json_object_set_new(chain, "messages", steps);
	return chain;
}

json_t *chains_of(const json_t *messages)
{
	int nr = json_array_size(messages), i;
	struct graph graph = {
		.list = messages, .nr = nr,
		.next = calloc(nr + 1, sizeof(int)), .mark = calloc(nr + 1, sizeof(int)),
		.certain = calloc(nr + 1, 1), .led = calloc(nr + 1, 1),
	};
	json_t *chains = json_array();

	graph.by_tid = senders(&graph, "sender_tid");
	graph.by_pid = senders(&graph, "sender_pid");
	for (i = 0; i < nr; i++)
		find_next(&graph, i);
	/* From where nobody leads; what is left then is cycles. */
	for (i = 0; i < nr; i++) {
		if (!graph.led[i])
			json_array_append_new(chains, follow(&graph, i));
	}
	for (i = 0; i < nr; i++) {
		if (!graph.mark[i])
			json_array_append_new(chains, follow(&graph, i));
	}
	free(graph.by_tid);
	free(graph.by_pid);
	free(graph.next);
	free(graph.mark);
	free(graph.certain);
	free(graph.led);
	return chains;
}

static void who(const json_t *step, const char *comm, const char *pid, const char *tid)
{
	long long p = member_int(step, pid, 0), t = member_int(step, tid, 0);
	const char *name = member_string(step, comm);

	printf("%s[", name ? name : "gone");
	if (p)
		printf("%lld", p);
	if (t && t != p)
		printf("/%lld", t);
	putchar(']');
}

static void print_step(const json_t *step, int depth)
{
	const char *state = member_string(step, "state");
	char since[32];

	format_ms(member_int(step, "age", -1), since, sizeof(since));
	printf("%*s", 2 * depth, "");
	who(step, "sender_comm", "sender_pid", "sender_tid");
	printf(" waits %s for ", since);
	who(step, "comm", "pid", "tid");
	printf(", port %lld, message %lld %s\n", member_int(step, "port", 0),
	       member_int(step, "id", 0), state ? state : "");
}

void chains_print(const json_t *chains)
{
	const json_t *chain, *step, *steps;
	size_t i, n;

	json_array_foreach(chains, i, chain) {
		steps = json_object_get(chain, "messages");
		json_array_foreach(steps, n, step)
			print_step(step, n);
		if (!json_is_true(json_object_get(chain, "cycle")))
			continue;
		printf("%*s", 2 * (int)json_array_size(steps), "");
		if (json_is_true(json_object_get(chain, "certain")))
			puts("CYCLE: none of them goes on by itself; abort one of the messages");
		else
			puts("CYCLE, unless another thread of a process above receives");
	}
}
