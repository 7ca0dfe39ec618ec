/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bars: what must be reached, a line each of a text file:
 *
 *	phxport/pipe size=4K placement=cross spin=1/0 stat=p50 max=0.06 margin=5%
 *	phxport test=memory object=port stat=bytes max=512
 *
 * The first word names a peer, or ours and the other. Then come, in any order,
 * keys of the case (RECORD_KEYS), as A for both or A/B for ours and the other's;
 * A may be * for any. The other's * is what ours has; so are keys that are not
 * named. stat= is the number that is looked at. If there is an other, the ratio
 * of both counts, otherwise the number itself; max= and min= bound it, stretched
 * by margin=. If a line is met by several cases, the worst counts.
 */
#ifndef PHXBENCH_CHECK_H
#define PHXBENCH_CHECK_H

#include <jansson.h>

int check_records(const char *bars_path, const json_t *runs);
int check_main(int argc, char **argv);

#endif
