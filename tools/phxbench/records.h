/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record: what was measured in one case. It is a JSON object, flat but for its
 * histogram: words and numbers that name the case (RECORD_KEYS; "test" says which
 * subcommand it is of), and the numbers that were measured. The array "results"
 * of a JSON output holds them; a line of a CSV output is one of test "latency".
 *
 * Pictures are drawn from records and bars are held against them, so that a run
 * and its files can't tell different things.
 */
#ifndef PHXBENCH_RECORDS_H
#define PHXBENCH_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define RECORD_CSV_HEADER						\
	"peer,size,direction,touch,placement,spin,rounds,messages,unit,"\
	"mean,p50,p90,p99,p999,max"

/* What names a case, with the peer. Not every test has all of them. */
extern const char *const record_keys[];
extern const size_t record_n_keys;

const char *record_word(const json_t *record, const char *key);
double record_number(const json_t *record, const char *key);
bool record_is(const json_t *record, const char *key, const char *value);
bool record_same(const json_t *a, const json_t *b, const char *key);

json_t *records_load(const char *path);
json_t *records_of_csv(const char *path, char *text);

#endif
