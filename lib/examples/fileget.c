// SPDX-License-Identifier: MIT
/*
 * fileget: copies a directory tree of a Phoenix file server.
 *
 * An example of a client: Phoenix' names are all it needs, lookup() and msgSend().
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "fileget.h"

#define MAX_CHUNK	(1UL << 30)

static struct copy config = { .jobs = 4, .chunk = 256 << 10 };
static const char *dest_path;

/* The server chose the name, and is not to command the terminal. */
static void make_printable(char *name)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n;

	for (; *name; name += n) {
		n = mbrtowc(&c, name, MB_CUR_MAX, &state);
		if (n > MB_CUR_MAX) {
			memset(&state, 0, sizeof(state));
			c = L'\0';
			n = 1;
		}
		if (!iswprint(c))
			memset(name, '?', n);
	}
}

/* Of the paths below the source the first is ".", all others begin with "./". */
void tell(const char *path, const char *what)
{
	char *shown;

	if (!strcmp(path, "."))
		path = config.source;
	else if (!strncmp(path, "./", 2))
		path += 2;
	shown = strdup(path);
	if (shown)
		make_printable(shown);
	fprintf(stderr, "fileget: %s: %s\n", shown ? shown : "?", what);
	free(shown);
}

int complain(const char *path, const char *what, int err)
{
	char text[128];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(err));
	tell(path, text);
	return -1;
}

double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static bool is_empty(int dirfd)
{
	DIR *dir = fdopendir(dup(dirfd));
	struct dirent *d;
	bool empty = true;

	while (dir && empty && (d = readdir(dir)))
		empty = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
	if (dir)
		closedir(dir);
	return dir && empty;
}

static int open_dest(const char *path)
{
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return complain(path, "make directory", errno);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return complain(path, "open", errno);
	if (!is_empty(fd)) {
		close(fd);
		return complain(path, "copy to it", ENOTEMPTY);
	}
	return fd;
}

static void print_totals(const struct tree *tree, double list, double copy)
{
	printf("fileget: %zu files, %zu directories, %zu symlinks, %" PRIu64
	       " bytes; listed in %.2f s, copied in %.2f s: %.1f MB/s, %d jobs\n",
	       tree->files.n, tree->dirs.n, tree->links, config.bytes, list,
	       copy, config.bytes / 1e6 / copy, config.jobs);
	if (tree->skipped)
		printf("fileget: %zu special files were skipped\n", tree->skipped);
}

static int get(void)
{
	struct tree tree = { 0 };
	double start = seconds_now(), listed;
	int err;

	config.files = &tree.files;
	err = walk_tree(&config, &tree);
	listed = seconds_now();
	if (!err)
		err = copy_files(&config);
	if (!err)
		err = finish_directories(config.dest, &tree.dirs);
	if (!err)
		print_totals(&tree, listed - start, seconds_now() - listed);
	free_list(&tree.files);
	free_list(&tree.dirs);
	return err;
}

/* A count with an optional K or M; 0 if it is none. */
static size_t parse_size(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 0;

	return end[shift != 0] || n > MAX_CHUNK >> shift ? 0 : n << shift;
}

static int usage(FILE *f)
{
	fputs("usage: fileget [OPTIONS] SOURCE DIR\n"
	      "Copy what a file server has at SOURCE to the new or empty DIR.\n\n"
	      "  -j, --jobs N       processes that copy, default 4\n"
	      "  -c, --chunk SIZE   bytes per read, such as 64K; default 256K\n"
	      "  -q, --quiet        show no progress\n"
	      "  -h, --help         print this\n", f);
	return f == stdout ? 0 : 2;
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "jobs", required_argument, NULL, 'j' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "j:c:qh", options, NULL)) != -1) {
		if (opt == 'j')
			config.jobs = atoi(optarg);
		else if (opt == 'c')
			config.chunk = parse_size(optarg);
		else if (opt == 'q')
			config.quiet = true;
		else if (opt == 'h')
			exit(usage(stdout));
		else
			return false;
	}
	if (optind != argc - 2 || !*argv[optind])
		return false;
	config.source = argv[optind];
	dest_path = argv[optind + 1];
	return config.jobs >= 1 && config.jobs <= MAX_JOBS && config.chunk;
}

int main(int argc, char **argv)
{
	int err;

	setlocale(LC_CTYPE, "");
	if (!parse(argc, argv))
		return usage(stderr);
	config.dest = open_dest(dest_path);
	if (config.dest < 0)
		return 1;
	err = get();
	if (err)
		fprintf(stderr, "fileget: the copy in %s is not complete\n",
			dest_path);
	close(config.dest);
	return err ? 1 : 0;
}
