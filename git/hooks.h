#ifndef GIT_HOOKS_H
#define GIT_HOOKS_H

#include "git/git.h"

/*
 * The git hooks that call us: files where git looks for them (core.hooksPath,
 * the common directory of linked work trees), or entries of git's
 * configuration where git runs those (2.54 and later). Nothing of somebody
 * else's is ever written over.
 */

enum hook_state {
	HOOK_MISSING,
	HOOK_INSTALLED, /* the file as we write it */
	HOOK_CHAINED,	/* the same, and it runs the one that was there first */
	HOOK_CONFIGURED, /* git's configuration calls us */
	HOOK_CALLS_US,	 /* a person's own, which has our line */
	HOOK_OLD,	 /* as an earlier version of ours wrote it */
	HOOK_IDLE,	 /* the file as we write it, which git passes over: it
			    is not executable */
	HOOK_CHANGED,	 /* ours once, changed since */
	HOOK_FOREIGN,
	HOOK_ELSEWHERE, /* not there, and not this repository's to write: other
			   repositories use the folder, too */
};

/* What writes the hook's file itself, and would do so again. */
enum hook_manager {
	MANAGER_NONE,
	MANAGER_HUSKY,
	MANAGER_LEFTHOOK,
	MANAGER_PRE_COMMIT,
};

struct hook {
	const char *name;
	enum hook_state state;
	enum hook_manager manager;
	const char *path;   /* absolute */
	const char *shown;  /* as people say it */
	const char *config; /* the scope of its entry, "local", "global" ... */
};

/* Names that this kind of repository wants, or all; each list ends in NULL. */
const char *const *hook_names(const struct repo *repo);
const char *const *hook_all_names(void);
bool hook_name_is_known(const char *name);
/* Whether git gives it words to pass on, and lines to read. */
bool hook_takes_arguments(const char *name);
bool hook_reads_input(const char *name);
/* Whether it may say no. */
bool hook_refuses(const char *name);

const char *hook_state_name(enum hook_state state);
const char *hook_manager_name(enum hook_manager manager);

/* All of these names (see above) as they are. */
int hooks_look(TALLOC_CTX *mem, struct repo *repo, const char *const *names,
	       struct hook **hooks, size_t *count, struct error *err);

/* Writes the file; with `chain` the one that is there is moved aside, and run
   by ours. */
int hook_write(struct hook *hook, bool chain, struct error *err);

/* Takes away what is as we wrote it, and puts back what was moved aside; all
   else stays. *gone says whether anything was done. `global`: also its entry
   in the person's global configuration. */
int hook_remove(struct repo *repo, struct hook *hook, bool global, bool *gone,
		struct error *err);

/* Whether this git runs hooks that its configuration names; its version. */
int hooks_in_config(TALLOC_CTX *mem, struct repo *repo, bool *can,
		    char **version, struct error *err);
int hook_configure(struct repo *repo, struct hook *hook, bool global,
		   struct error *err);

#endif
