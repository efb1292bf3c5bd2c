#ifndef GIT_SEEN_H
#define GIT_SEEN_H

#include "core/ledger.h"
#include "git/git.h"

/*
 * What targets had when their ledger was last read: for hooks, which open no
 * database. A file a target below the git directory, written by every command
 * that reads a ledger. It only ever helps: what cannot be read or written is
 * done without.
 */
struct seen {
	const char *target; /* its name */
	const char *id;	    /* made of its name and place */
	bool protected_;
	const char *place; /* of a database that is a file, "" otherwise */
	int64_t at_us;	   /* when, since 1970 */
	const char *rows;  /* "VERSION UP DOWN NAME\n", by version */
	size_t length;
};

/* `place` tells targets of one name apart: a path, or an address without its
   secrets; `is_file` says which. */
void seen_write(struct repo *repo, const char *target, const char *place,
		bool is_file, bool protected_, const struct ledger *ledger);
/* NULL: it was never seen. */
struct seen *seen_read(TALLOC_CTX *mem, struct repo *repo, const char *target,
		       const char *place);
/* All, but for files that are gone. */
size_t seen_read_all(TALLOC_CTX *mem, struct repo *repo, struct seen ***list);

/* Whether that is what the target has at a place, as seen_write() took it. */
bool seen_is_at(const struct seen *seen, const char *place);

/* The next row; false at the end. *at starts as 0. Strings are on mem. */
struct seen_row {
	int64_t version;
	const char *up_blob, *down_blob, *name;
};
bool seen_next(TALLOC_CTX *mem, const struct seen *seen, size_t *at,
	       struct seen_row *row);
/* Those of these versions (sorted; count 0: all) as a set, with the paths that
   their scripts would have in a folder. */
struct set *seen_set(TALLOC_CTX *mem, const struct seen *seen, const char *dir,
		     const int64_t *versions, size_t count);

#endif
