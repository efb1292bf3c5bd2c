#ifndef GIT_CHANGES_H
#define GIT_CHANGES_H

#include "git/index.h"
#include "git/internal.h"

/* Where the index and a commit differ in the scripts of one folder. */

/* An id is NULL where there is none. */
struct change {
	const char *path;
	const char *old_id, *new_id;
	bool odd; /* it becomes a link or a submodule */
};

struct changes {
	struct change *list; /* by path */
	size_t count;
};

const struct change *changes_find(const struct changes *changes,
				  const char *path);

/*
 * In two ways: git compares; or git reads the folder's tree, which takes half
 * as long, and we compare it with an index that we could read. A commit that
 * has no such folder is one with an empty one. Paths are from `dir` on.
 */
int changes_start_diff(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       const char *dir, struct process **process,
		       struct error *err);
int changes_read_diff(TALLOC_CTX *mem, const struct repo *repo,
		      struct process *process, const char *dir,
		      struct changes *changes, struct error *err);
int changes_start_tree(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       const char *dir, struct process **process,
		       struct error *err);
int changes_read_tree(TALLOC_CTX *mem, struct process *process,
		      const struct index *index, const char *dir,
		      struct changes *changes, struct error *err);

/* An id's 20 or 32 bytes in hexadecimal digits, and a NUL. */
void id_format(char *text, const unsigned char *id, size_t size);
char *id_text(TALLOC_CTX *mem, const unsigned char *id, size_t size);

#endif
