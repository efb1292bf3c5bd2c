#ifndef GIT_MESSAGE_H
#define GIT_MESSAGE_H

#include "git/git.h"

/* Messages of commits and their trailers, as git reads and writes them. */

struct trailer {
	const char *key, *value;
};

struct trailers {
	struct trailer *list;
	size_t count;
};

/* Adds "Key: value" lines that are not in the message, which is in a file. */
int message_add_trailers(struct repo *repo, const char *file,
			 const char *const *trailers, size_t count,
			 struct error *err);
int message_trailers(TALLOC_CTX *mem, struct repo *repo, const char *file,
		     struct trailers *trailers, struct error *err);
/* Those of a commit; none where there is no such commit. */
void message_trailers_of(TALLOC_CTX *mem, struct repo *repo,
			 const char *revision, struct trailers *trailers);

#endif
