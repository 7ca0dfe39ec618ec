/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands beside latency, plot and check.
 */
#ifndef PHXBENCH_LOAD_H
#define PHXBENCH_LOAD_H

int scale_main(int argc, char **argv);
int idle_main(int argc, char **argv);
int memory_main(int argc, char **argv);
int calibrate_main(int argc, char **argv);

#endif
