// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is pure arithmetic and text in phxbench: no device needed. Prints TAP.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "records.h"
#include "run.h"
#include "stats.h"
#include "table.h"
#include "work.h"

static unsigned int count, failed;

static void check(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
	if (!good)
		failed++;
}

static bool near(double a, double b)
{
	return fabs(a - b) <= fmax(1, fabs(b)) / 1000000000;
}

static void test_stats(void)
{
	double thousand[1000], few[] = { 4, 1, 3, 2 }, one[] = { 7 };
	struct stats stats;

	/* 1 to 1000, in another order. */
	for (int i = 0; i < 1000; i++)
		thousand[i] = i * 7919 % 1000 + 1;
	stats_of(thousand, 1000, &stats);
	check(stats.n == 1000 && near(stats.mean, 500.5), "mean");
	check(near(stats.stddev, sqrt(1000 * 1001 / 12.0)), "standard deviation");
	check(stats.p50 == 500 && stats.p90 == 900 && stats.p99 == 990 &&
	      stats.p999 == 999 && stats.max == 1000, "quantiles of a thousand");
	stats_of(few, 4, &stats);
	check(stats.p50 == 2 && stats.p90 == 4 && stats.p999 == 4 && stats.max == 4,
	      "quantiles of a few are samples");
	stats_of(one, 1, &stats);
	check(stats.mean == 7 && stats.stddev == 0 && stats.p50 == 7 && stats.max == 7,
	      "a single sample");
}

static void test_histogram(void)
{
	double samples[] = { 0, 1, 100, 100, 101, 5000 }, last = -1, total = 0;
	json_t *bins = stats_histogram(samples, 6), *bin;
	bool rises = true, holds = true;
	size_t i, seen = 0;

	json_array_foreach(bins, i, bin) {
		double upper = json_number_value(json_array_get(bin, 0));
		double n = json_number_value(json_array_get(bin, 1));

		rises &= upper > last;
		last = upper;
		total += n;
		for (; seen < total && seen < 6; seen++)
			holds &= samples[seen] <= upper * 1.000000001;
	}
	check(total == 6 && rises, "histogram: all samples, by rising bins");
	check(holds, "histogram: none is above its bin");
	check(near(last, exp2(ceil(log2(5000) * 16) / 16)), "histogram: bins of 1/16 octave");
	json_decref(bins);
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		size_t size;
	} sizes[] = {
		{ "0", 0 }, { "64", 64 }, { "1023", 1023 }, { "1K", 1 << 10 },
		{ "3K", 3 << 10 }, { "1M", 1 << 20 }, { "16M", 16 << 20 },
	};
	bool parsed = true, written = true;
	size_t list[4];
	char text[24];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		parsed &= parse_size(sizes[i].text) == sizes[i].size;
		written &= !strcmp(size_text(sizes[i].size, text), sizes[i].text);
	}
	check(parsed, "sizes are parsed");
	check(written, "sizes are written as they are parsed");
	check(parse_sizes("sizes", "64,4K,1M", list, 4) == 3 && list[0] == 64 &&
	      list[1] == 4096 && list[2] == 1 << 20, "lists of sizes");
}

/* Does parsing end the program as wrong usage? */
static bool refused(const char *text)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		parse_size(text);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

static void test_bad_sizes(void)
{
	static const char *const bad[] = { "", "K", "-1", "4Q", "4KB", "1.5K", "64 ",
					   "99999999999999999999", "99999999999G" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char what[60];

		snprintf(what, sizeof(what), "no size: '%s'", bad[i]);
		check(refused(bad[i]), what);
	}
}

/* As slow as can be: what work.h must agree with. */
static uint64_t simple_sum(const unsigned char *data, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += (uint64_t)data[i] << i % WORD * 8;
	return sum;
}

static void test_work(void)
{
	unsigned char data[300];
	bool sums = true, fills = true, exact = true;

	for (size_t size = WORD; size < 200; size++) {
		memset(data, 0xa5, sizeof(data));
		work_fill(data + 3, size, 0xfffffffffffffff0 + size);
		sums &= work_sum(data + 3, size) == simple_sum(data + 3, size);
		fills &= work_filled_sum(size, 0xfffffffffffffff0 + size) ==
			 simple_sum(data + 3, size);
		exact &= data[2] == 0xa5 && data[3 + size] == 0xa5;
	}
	check(sums, "work: the sum of any size, at any address");
	check(fills, "work: what was filled has the sum that it should have");
	check(exact, "work: no byte is written beside");
}

/* Any byte that did not arrive, or is of another call, must be seen. */
static void test_verify(void)
{
	struct job job = { .in_size = 100, .out_size = 77, .touch = true };
	unsigned char in[100], out[80];
	uint64_t word = 0x1122334455667788, sum = work_filled_sum(100, word);
	bool seen = true;

	work_fill(in, sizeof(in), word);
	work_serve(&job, in, out);
	check(work_is_right(&job, out, sum, word), "verify: a good answer");
	for (size_t i = 0; i < job.out_size; i++) {
		out[i] ^= 1;
		seen &= !work_is_right(&job, out, sum, word);
		out[i] ^= 1;
	}
	check(seen, "verify: any byte of the output");
	seen = true;
	for (size_t i = 0; i < job.in_size; i++) {
		in[i] ^= 1;
		work_serve(&job, in, out);
		seen &= !work_is_right(&job, out, sum, word);
		in[i] ^= 1;
	}
	check(seen, "verify: any byte of the input");
	job.touch = false;
	work_serve(&job, in, out);
	check(work_is_right(&job, out, sum, word) && !work_is_right(&job, out, sum, word + 1),
	      "verify: without touch, the call");
}

static void test_channel(void)
{
	struct channel channel = { CHANNEL_EMPTY };
	uint32_t awake = 0;

	check(!channel_try(&channel), "channel: nothing to take");
	check(!channel_take_spinning(&channel, &awake), "channel: spinning ends on demand");
	channel_post(&channel);
	check(channel_try(&channel) && !channel_try(&channel), "channel: taken once");
	channel_post(&channel);
	channel_take(&channel);
	check(channel.state == CHANNEL_EMPTY, "channel: no sleep if there is something");
}

/* What is written must be what the readers of such files take. */
static void test_csv(void)
{
	static const char *const fields[] = {
		"peer", "size", "direction", "touch", "placement", "spin", "rounds",
		"messages", "unit", "mean", "p50", "p90", "p99", "p999", "max",
	};
	char text[] = RECORD_CSV_HEADER "\nshm-spin,64,both,1,cross,1,5,10,ns,1.5,1,2,3,4,5\n";
	char header[200] = "";
	json_t *records = records_of_csv("test", text), *record = json_array_get(records, 0);

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		strcat(strcat(header, i ? "," : ""), fields[i]);
	check(!strcmp(RECORD_CSV_HEADER, header), "csv: the header");
	check(json_array_size(records) == 1 && record_is(record, "peer", "shm-spin") &&
	      record_is(record, "size", "64") && record_number(record, "mean") == 1.5 &&
	      record_number(record, "max") == 5, "csv: a line");
	json_decref(records);
}

int main(void)
{
	test_stats();
	test_histogram();
	test_sizes();
	test_bad_sizes();
	test_work();
	test_verify();
	test_channel();
	test_csv();
	printf("1..%u\n", count);
	return failed != 0;
}
