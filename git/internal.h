#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include "core/base/process.h"
#include "git/git.h"

/* What the files of this room share. */

struct repo_private {
	struct repo repo; /* first: a struct repo * is this */
	const char *cwd;  /* where plumbing runs */
	const char **env;
	/* started, and read later */
	struct process *config, *names;
	char *settings; /* what `config` printed */
	size_t settings_length;
	char *known; /* what `names` answered, a line each */
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

/* What a team shares of the configuration. */
#define SHARED_FILE ".gitmigrate"

/*
 * The ids of a few names that nearly every command asks for, all asked for at
 * once: "" when there is no such object, NULL when it is not one of them. Who
 * has other work to do before says repo_ask_known() first.
 */
#define KNOWN_FOLDER "migrations"
#define KNOWN_TREE "HEAD:" KNOWN_FOLDER
#define KNOWN_PROOFS "refs/notes/migrate-proofs"
#define KNOWN_SHARED "HEAD:" SHARED_FILE
void repo_ask_known(struct repo *repo);
char *repo_known(TALLOC_CTX *mem, struct repo *repo, const char *name);

/* "unable to WHAT", with git's own words. */
int git_failed(struct error *err, const char *what, const char *complaint);

/* The text without its last newline, in place. */
char *chomp(char *text);

#endif
