#ifndef CORE_MIGRATION_H
#define CORE_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/arena.h"
#include "core/base/error.h"

/*
 * What a migration is, and sets of them: names, paths and blob ids only. No
 * script is opened here.
 */

enum direction { DIRECTION_UP, DIRECTION_DOWN };

const char *direction_name(enum direction direction); /* "up", "down" */

/* One half of a pair. A half that is missing has no path. */
struct half {
	const char *path; /* from the top of the work tree, or NULL */
	const char *blob; /* hexadecimal id after git's clean filter, or NULL */
	unsigned flags;
};

enum half_flag {
	HALF_UNTRACKED = 1 << 0, /* the index does not know the path */
	HALF_MODIFIED = 1 << 1,	 /* the work tree's text is not the index's */
	HALF_STAGED = 1 << 2,	 /* the index's text is not HEAD's */
	HALF_NEW = 1 << 3,	 /* HEAD has no such path */
};

struct migration {
	int64_t version; /* 14 digits, leading zeros allowed */
	const char *name;
	struct half half[2]; /* by enum direction */
};

/* A migration's version as its 14 digits; the buffer is the caller's. */
#define VERSION_LENGTH 14
char *version_format(int64_t version, char buffer[VERSION_LENGTH + 1]);

/* 0, or -1 when text is not exactly 14 digits. */
int version_parse(const char *text, int64_t *version);

/* "20260213120000_add_email", owned by mem */
char *migration_label(TALLOC_CTX *mem, const struct migration *m);

/*
 * Takes a file name (no folder) apart. Returns 1 for a script, 0 for a file
 * that is none of ours (its name does not end in .up.sql or .down.sql), and -1
 * for one that ends so but whose version or name is malformed: not 14 digits
 * and an underscore, an empty name, control characters, invalid UTF-8. *name
 * points into file.
 */
int script_name_parse(const char *file, int64_t *version, const char **name,
		      size_t *name_length, enum direction *direction,
		      struct error *err);

/* All migrations seen in one place, ordered by version. */
struct set {
	struct migration *list;
	size_t count, room;
	struct arena *strings; /* owns all text; a child of the set */
	/* where a set may lack what cannot be one: "path: why" */
	char **problems;
	size_t problem_count;
};

struct set *set_new(TALLOC_CTX *mem);
/* Makes room for that many more migrations at once. */
void set_reserve(struct set *set, size_t count);

/*
 * Adds a file of the migrations folder; others than scripts are passed over.
 * The same version under two names makes two migrations, which set_check()
 * names. path and blob are copied.
 */
int set_add(struct set *set, const char *path, const char *blob, unsigned flags,
	    struct error *err);

/* Keeps the error as a problem of the set instead, and releases it. */
void set_note_problem(struct set *set, struct error *err);

/* Sorts by version, then name. To be called once, after the last set_add(). */
void set_sort(struct set *set);

/* The first migration of that version, or NULL. The set is sorted. */
struct migration *set_find(const struct set *set, int64_t version);

/*
 * Half a pair and duplicate versions: the first of them in the whole set, or
 * that of the migration at one place.
 */
int set_check(const struct set *set, struct error *err);
int set_check_at(const struct set *set, size_t i, struct error *err);

/* True when the pair is whole and both halves are the same in both. */
bool migration_same(const struct migration *a, const struct migration *b);

#endif
