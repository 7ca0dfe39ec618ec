// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "output.h"
#include "phxctl.h"

static int doctor(int argc, char **argv)
{
	json_t *results;
	bool good;

	if (argc)
		return no_more(argc, argv);
	results = json_array();
	good = run_checks(results);
	if (options.json)
		output_json(results);
	else
		print_checks(results);
	json_decref(results);
	return good ? EXIT_OK : EXIT_FAILED;
}

static const struct command commands[] = {
	{ "show", doctor, "", "which step of the installation is missing, and what mends it" },
	{ }
};

const struct object object_doctor = { "doctor", "checks of the installation", commands };
