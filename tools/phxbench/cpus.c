// SPDX-License-Identifier: GPL-2.0-only
#include "cpus.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#define SIBLINGS_FILE	"/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list"

/* Do two CPUs share a core? The file lists them as 0,4 or 0-1. */
static bool are_siblings(int a, int b)
{
	char path[100];
	bool found = false;
	int from, to, n;
	FILE *file;

	snprintf(path, sizeof(path), SIBLINGS_FILE, a);
	file = fopen(path, "re");
	while (file && !found && (n = fscanf(file, "%d-%d", &from, &to)) > 0) {
		found = from <= b && b <= (n == 1 ? from : to);
		fgetc(file);
	}
	if (file)
		fclose(file);
	return found;
}

static void parse(struct cpus *cpus, const char *wanted)
{
	char end;
	int n = sscanf(wanted, "%d,%d%c", &cpus->client, &cpus->server, &end);

	if (n != 2 || cpus->client < 0 || cpus->server < 0 || cpus->client == cpus->server)
		errx(2, "--cpus wants two different CPUs, the client's and the server's, such as 0,1; not '%s'",
		     wanted);
	for (int i = 0; i < 2; i++) {
		int cpu = i ? cpus->server : cpus->client;

		if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &cpus->all))
			errx(2, "--cpus: this process has no CPU %d; nproc tells how many there are",
			     cpu);
	}
}

/*
 * @wanted is A,B or NULL. Otherwise the client gets the first CPU and the server
 * the next that is not its sibling, if there is one.
 */
void cpus_choose(struct cpus *cpus, const char *wanted)
{
	if (sched_getaffinity(0, sizeof(cpus->all), &cpus->all))
		err(1, "sched_getaffinity");
	cpus->client = -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus->all))
			continue;
		if (cpus->client < 0) {
			cpus->client = cpu;
			cpus->server = cpu;
		} else if (!are_siblings(cpus->client, cpu)) {
			cpus->server = cpu;
			break;
		} else if (cpus->server == cpus->client) {
			cpus->server = cpu;
		}
	}
	if (wanted)
		parse(cpus, wanted);
	cpus->siblings = cpus->client != cpus->server &&
			 are_siblings(cpus->client, cpus->server);
}

void cpus_of(const struct cpus *cpus, enum placement placement, cpu_set_t *client,
	     cpu_set_t *server)
{
	int on = placement == PLACEMENT_SAME ? cpus->client : cpus->server;

	*client = cpus->all;
	*server = cpus->all;
	if (placement == PLACEMENT_FREE)
		return;
	CPU_ZERO(client);
	CPU_ZERO(server);
	CPU_SET(cpus->client, client);
	CPU_SET(on, server);
}
