// SPDX-License-Identifier: GPL-2.0-only
/*
 * The corpus: programs that reached what none before did. They come from files and
 * from earlier rounds, and are what new programs are made from.
 */
#include "fuzz.h"

#include <dirent.h>

static struct fz_program **programs;
static unsigned int nr, next;

static void add(const struct fz_program *p)
{
	programs = realloc(programs, (nr + 1) * sizeof(*programs));
	programs[nr] = malloc(sizeof(*p));
	*programs[nr++] = *p;
}

/* Programs are the files whose names end in .fz. */
static int is_program(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".fz");
}

static void load_one(const char *dir, const char *name)
{
	struct fz_program p;
	char path[PATH_MAX];
	FILE *f;
	int line;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f) {
		fprintf(stderr, "phxfuzz: %s can't be read: %m\n", path);
		exit(2);
	}
	line = fz_parse(f, &p);
	fclose(f);
	if (line) {
		fprintf(stderr, "phxfuzz: %s: line %d is no call; see fuzz/text.c\n", path, line);
		exit(2);
	}
	add(&p);
}

/**
 * fz_corpus_load() - read the programs of a directory, in the order of their names
 * @dir: its path
 */
void fz_corpus_load(const char *dir)
{
	struct dirent **names;
	int i, n = scandir(dir, &names, is_program, alphasort);

	if (n < 0) {
		fprintf(stderr, "phxfuzz: %s can't be read: %m\n", dir);
		exit(2);
	}
	for (i = 0; i < n; i++) {
		load_one(dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

/**
 * fz_corpus_next() - one after the other, the programs that were loaded
 *
 * Return: a program, NULL after the last.
 */
const struct fz_program *fz_corpus_next(void)
{
	return next < nr ? programs[next++] : NULL;
}

/**
 * fz_corpus_keep() - have a program for later
 * @p: the program
 */
void fz_corpus_keep(const struct fz_program *p)
{
	add(p);
}

/**
 * fz_corpus_choose() - the program of the next round
 * @p: out: the program
 * @rand: where chance comes from
 */
void fz_corpus_choose(struct fz_program *p, unsigned int *rand)
{
	if (!nr || fz_one_in(rand, 5)) {
		fz_generate(p, rand);
		return;
	}
	/* Most of the time one of the newest: those are on the way to more. */
	if (nr > 32 && fz_one_in(rand, 2))
		*p = *programs[nr - 1 - fz_below(rand, 32)];
	else
		*p = *programs[fz_below(rand, nr)];
	fz_mutate(p, programs[fz_below(rand, nr)], rand);
}

/**
 * fz_corpus_size() - how many programs there are
 *
 * Return: the number.
 */
unsigned int fz_corpus_size(void)
{
	return nr;
}
