#ifndef GIT_INDEX_H
#define GIT_INDEX_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * The files of one folder in git's index,
 * https://git-scm.com/docs/index-format, and a look at whether they are still
 * as git saw them. This is for speed alone: it answers only where it is certain
 * to say what git would, and otherwise git is asked. Nothing but set.c and
 * worktree.c knows.
 */

struct index_entry {
	const char *path;	    /* from the top of the work tree */
	const unsigned char *stats; /* see index.c */
	const unsigned char *id;
	bool is_script;
};

struct index {
	struct index_entry *entries; /* directly in the folder, by path */
	size_t count;
	size_t id_size;	 /* bytes */
	int64_t written; /* seconds since 1970 */
	const unsigned char
		*tree,	/* id of the folder's tree; NULL: not known */
		*top;	/* of the tree of all that is in the index */
	bool has_other; /* the other file that was asked for is in it */
	bool has_odd;	/* below the folder is SQL that is no script in it */
};

/*
 * NULL where only git can tell: the file is not there or of another form than
 * the plain ones (split, sparse), or one of the entries is more than a file as
 * it is (a conflict, a symbolic link, a submodule, one that git was told to
 * pass over). `other` is the path of one file more to look for.
 */
struct index *index_read(TALLOC_CTX *mem, const char *file, const char *dir,
			 const char *other, size_t id_size);

/* Sums tell whether two lists hold the same names. */
struct names_sum {
	uint64_t sum;
	size_t count;
	size_t others; /* SQL that is no script; in no sum */
};
void names_sum_take(struct names_sum *names, const char *name);
/* Of the scripts that are in a folder. */
struct names_sum names_sum_folder(DIR *folder);

enum look { LOOK_SAME, LOOK_CHANGED, LOOK_GONE };

/* CHANGED only means that the times or the like differ, or do not prove
   anything. */
struct looked {
	/* of each entry; NULL: without an index, or some file could not be
	   looked at */
	const unsigned char *answers;
	struct names_sum names; /* that are in the folder */
	bool same; /* the index has just these scripts, each as it is */
};

/*
 * Looks at what is in the folder, and then at the files that the index has
 * there, in a thread of its own, which allocates nothing and alone uses
 * `folder` until its end. looking_at() tells which files; the index lives until
 * the end, and may be NULL. Freeing `looking` waits.
 */
struct looking;
struct looking *looking_begin(TALLOC_CTX *mem, DIR *folder);
void looking_at(struct looking *looking, const struct index *index);
/* Waits. The answers live as long as `looking`. */
struct looked looking_end(struct looking *looking);

#endif
