#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include "core/base/process.h"
#include "git/git.h"

/* What the files of this room share. */

/* What a team shares of the configuration. */
#define SHARED_FILE ".gitmigrate"

/* Objects that nearly every command wants to know of. */
enum known { KNOWN_TREE, KNOWN_PROOFS, KNOWN_SHARED, KNOWN_COUNT };
#define KNOWN_FOLDER "migrations"
#define KNOWN_TREE_NAME "HEAD:" KNOWN_FOLDER
#define KNOWN_PROOFS_NAME "refs/notes/migrate-proofs"
#define KNOWN_SHARED_NAME "HEAD:" SHARED_FILE

struct repo_private {
	struct repo repo; /* first: a struct repo * is this */
	const char *cwd;  /* where plumbing runs */
	const char **env;
	/* started, and read later */
	struct process *config, *names;
	char *settings; /* what `config` printed */
	size_t settings_length;
	const char *head_tree; /* the id of all of HEAD's tree, or NULL */
	const char *known[KNOWN_COUNT]; /* NULL: not known yet */
	/* the folder with no SQL but scripts in it, as the last look found, and
	   below it, as the index has it; NULL: not known */
	char *tidy, *tidy_index;
	bool unshared; /* the index has no .gitmigrate */
};

static inline struct repo_private *private_of(struct repo *repo)
{
	return (struct repo_private *)repo;
}

/* An argument list for git_run(), ended by NULL. */
#define GIT_ARGS(...)                                                          \
	(const char *const[])                                                  \
	{                                                                      \
		"git", __VA_ARGS__, NULL                                       \
	}

/*
 * Runs a plumbing command to its end. The exit status, or -1 with err. What
 * git complains about becomes err's detail only through git_failed().
 */
int git_run(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	    const char *input, size_t input_length, char **out,
	    size_t *out_length, char **complaint, struct error *err);

/* The same, where another status than 0 is an error about `what`. */
int git_must(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	     const char *input, size_t input_length, char **out,
	     size_t *out_length, const char *what, struct error *err);

/* Starts one whose output is read meanwhile. */
int git_start(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	      unsigned flags, struct process **process, struct error *err);

/*
 * The id of such an object, for the proofs perhaps only the name; "" when there
 * is none, NULL when git did not answer. What opening the repository and its
 * index have not told is asked for, all at once: who has other work to do
 * before says repo_ask_known() first.
 */
const char *repo_known(struct repo *repo, enum known which);
void repo_ask_known(struct repo *repo, enum known which);

/* "unable to WHAT", with git's own words. */
int git_failed(struct error *err, const char *what, const char *complaint);

/* The text without its last newline, in place. */
char *chomp(char *text);

#endif
