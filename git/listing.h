#ifndef GIT_LISTING_H
#define GIT_LISTING_H

#include <string.h>

#include "git/internal.h"

/* Scripts as one of git's listings has them; between set.c and worktree.c. */

struct listed {
	const char *path;
	char *blob;
	unsigned flags; /* enum half_flag */
	bool deleted;
};

struct listing {
	struct listed *list;
	size_t count, room;
	/* what cannot be in a set is noted here and left out; NULL: it is an
	   error */
	struct set *lenient;
};

/* A new entry, all zero. */
struct listed *listing_append(TALLOC_CTX *mem, struct listing *l);
/* A set of all that is not deleted. */
int listing_fill_set(TALLOC_CTX *mem, const struct listing *l, struct set **set,
		     struct error *err);
/* What `ls-files -s -z` prints, in place. */
int listing_read_index(TALLOC_CTX *mem, char *text, size_t length,
		       const char *dir, struct listing *l, struct error *err);

/* Whether the last look at the folder has shown that no SQL but scripts is in
   it; false also where that is not known. */
bool worktree_is_tidy(const struct repo *repo, const char *dir);

/* The work tree's index file, which takes the place of many questions; NULL as
   of index_read(). */
struct index *worktree_index(TALLOC_CTX *mem, struct repo *repo,
			     const char *dir);

/* repo_set_worktree() without index.c, which tests hold it against. */
int worktree_as_git_says(TALLOC_CTX *mem, struct repo *repo, const char *dir,
			 struct set **set, struct error *err);

/* Whether the name has a script's ending, or that of any SQL; whether the path
   is a script's, directly in the folder. */
static inline bool is_script_end(const char *name, size_t length)
{
	return (length > 7 && !memcmp(name + length - 7, ".up.sql", 7)) ||
	       (length > 9 && !memcmp(name + length - 9, ".down.sql", 9));
}
bool ends_as_script(const char *name);
bool ends_as_sql(const char *name);
bool is_script(const char *path, const char *dir);
/* The folder with a slash, which matches what is in it and nothing else. */
char *inside_folder(TALLOC_CTX *mem, const char *dir);
/* "a script must be a file, and this is WHAT" */
int odd_file(const char *path, const char *what, struct error *err);

#endif
