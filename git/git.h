#ifndef GIT_GIT_H
#define GIT_GIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/config.h"
#include "core/migration.h"

/*
 * What the program asks of git. All of it is answered by git's own plumbing
 * commands, because only they see a repository as git does: `git -c` and
 * GIT_CONFIG_*, worktree configuration, SHA-256 names, reftable, split and
 * sparse indexes, shallow and partial clones, clean filters, quarantine. A
 * plumbing command starts in about 2 ms. Object ids are hexadecimal strings of
 * any length. Errors carry git's own complaint as the detail.
 */

struct repo {
	const char *top;	/* of the work tree, absolute; NULL when bare */
	const char *git_dir;	/* absolute */
	const char *common_dir; /* absolute */
	const char *head;	/* HEAD's commit, NULL before the first one */
	const char *branch;	/* short name, NULL when detached */
	const char *prefix;	/* where we are below top, "" at the top */
	bool bare, shallow;
	size_t hex_length; /* of an object id: 40 or 64 */
};

/* ERROR_FAILED with git's words when there is no repository here. */
int repo_open(TALLOC_CTX *mem, struct repo **repo, struct error *err);

/*
 * Every scope of git config as it was when the repository was opened, and
 * .gitmigrate as it is now (from the work tree, else the
 * index, else HEAD; only HEAD in a bare repository).
 */
int repo_config(struct repo *repo, struct config *config, struct error *err);
/* The same after a switch to that commit: with its .gitmigrate, unless HEAD has
   the same one, of which the work tree's is kept then. */
int repo_config_at(struct repo *repo, const char *commit, struct config *config,
		   struct error *err);

/* The commit a revision names, or an error. */
int repo_resolve(TALLOC_CTX *mem, struct repo *repo, const char *revision,
		 char **commit, struct error *err);

/*
 * What "A..B" means for a branch: B's commit, and the merge base that it has
 * with A. In a shallow clone the error says what is to be fetched.
 */
int repo_range(TALLOC_CTX *mem, struct repo *repo, const char *range,
	       char **base, char **tip, struct error *err);

/*
 * Where a commit leaves those refs of a folder ("refs/heads/") that are wanted,
 * by the rest of their name: the best common ancestor. NULL: there is none.
 */
typedef bool (*repo_wants_fn)(const char *name, const void *data);
int repo_fork(TALLOC_CTX *mem, struct repo *repo, const char *tip,
	      const char *folder, repo_wants_fn wants, const void *data,
	      char **base, struct error *err);
/* Whether the object is here. */
bool repo_has(struct repo *repo, const char *commit);

/*
 * Sets, sorted. `dir` is relative to the top. A malformed script name is an
 * error at its path. From the work tree: a file whose text differs from the
 * index, or that the index does not know, gets the id of its text after the
 * clean filter; `keep` also writes that text as a blob, so that blobs_read()
 * finds it.
 */
int repo_set_commit(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		    const char *dir, struct set **set, struct error *err);
/* The same, where what cannot be a migration is a problem of the set. */
int repo_set_commit_lenient(TALLOC_CTX *mem, struct repo *repo,
			    const char *commit, const char *dir,
			    struct set **set, struct error *err);
int repo_set_index(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		   struct set **set, struct error *err);
int repo_set_worktree(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		      bool keep, struct set **set, struct error *err);

/*
 * The same in two steps: git looks at the work tree while the caller does
 * something else. worktree_end() frees w in any case.
 */
struct worktree;
int worktree_begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		   struct worktree **w, struct error *err);
/* What cannot be a migration is then a problem of the set, and no error. */
void worktree_be_lenient(struct worktree *w);
/*
 * The set that it nearly always is, while the look goes on; NULL where that
 * cannot be told. worktree_end() gives this one when it was right, and another
 * one otherwise.
 */
struct set *worktree_expect(TALLOC_CTX *mem, struct worktree *w);
int worktree_end(TALLOC_CTX *mem, struct worktree *w, bool keep,
		 struct set **set, struct error *err);

/*
 * Whether git would add this file (relative to the top) when a person says
 * `git add -A`: it is not ignored, and not tracked already.
 */
int repo_would_add(struct repo *repo, const char *path, bool *would,
		   struct error *err);

/* Reads many blobs through one process; answers come in the order asked. */
struct blobs;
int blobs_open(TALLOC_CTX *mem, struct repo *repo, struct blobs **blobs,
	       struct error *err);
/* Says that this one will be read in its turn: git looks for it meanwhile. */
void blobs_expect(struct blobs *blobs, const char *id);
/* The text, NUL-terminated, owned by mem; ERROR_NOT_FOUND when missing. */
int blobs_read(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
	       char **text, size_t *length, struct error *err);

/*
 * Where each pair came from: the nearest commit from `tip` back whose tree
 * has both blobs at their paths and none of whose parents does. One walk over
 * the folder for all of them, ended as soon as all are found. commit is NULL
 * when the pair, as it is, is in no commit.
 */
struct origin {
	const char *commit;
	bool inexact; /* the boundary of a shallow clone */
};
int repo_origins(TALLOC_CTX *mem, struct repo *repo, const char *tip,
		 const char *dir, const struct migration *const *migrations,
		 size_t count, struct origin **origins, struct error *err);

/* The same in two steps: git walks while the caller does something else.
   origins_end() frees the search in any case; migrations live until then. */
struct search;
int origins_begin(TALLOC_CTX *mem, struct repo *repo, const char *tip,
		  const char *dir, const struct migration *const *migrations,
		  size_t count, struct search **search, struct error *err);
int origins_end(TALLOC_CTX *mem, struct search *search, struct origin **origins,
		struct error *err);

/* Branches (local and remote) that contain a commit; none is no error. */
int repo_branches_with(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       char ***branches, size_t *count, struct error *err);

/*
 * Keeps a commit, with all that led to it, from gc for as long as a target may
 * have migrations of it: refs/migrate/applied/TARGET/COMMIT. Those that it
 * contains go once there are many. A repository that cannot be written to is no
 * error.
 */
int repo_keep_commit(struct repo *repo, const char *target, const char *commit,
		     struct error *err);

/*
 * Notes under a ref such as "refs/notes/migrate". Writing is atomic: when
 * another process moved the ref meanwhile, the change is made again on top of
 * its state (notes_edit_fn is called again with the newer text).
 */
typedef int (*note_fn)(const char *object, const char *text, size_t length,
		       void *data);
int notes_each(struct repo *repo, const char *ref, note_fn fn, void *data,
	       struct error *err);
/* *text is NULL when the object has no note. */
int notes_read(TALLOC_CTX *mem, struct repo *repo, const char *ref,
	       const char *object, char **text, struct error *err);
/* Gets the note as it is (NULL: none) and returns the new one, on mem. */
typedef char *(*notes_edit_fn)(TALLOC_CTX *mem, const char *old, void *data);
int notes_edit(struct repo *repo, const char *ref, const char *object,
	       const char *message, notes_edit_fn edit, void *data,
	       struct error *err);
/* Several notes in one commit; an object may be there twice. */
struct note_edit {
	const char *object;
	void *data;
};
int notes_edit_all(struct repo *repo, const char *ref,
		   const struct note_edit *edits, size_t count,
		   const char *message, notes_edit_fn edit, struct error *err);

/*
 * Notes that travel: those of ours (see core/thread/notes.h) are fetched into
 * refs/migrate/notes/REMOTE/ and merged from there into refs/notes/, so that
 * nothing that is here is written over.
 */
enum notes_outcome {
	NOTES_SAME,
	NOTES_TAKEN, /* there were none here, or only older ones */
	NOTES_AHEAD, /* the other side has nothing new */
	NOTES_MERGED,
};
struct notes_report {
	const char *ref; /* refs/notes/... */
	enum notes_outcome outcome;
	size_t changed; /* notes that are new or another text here */
	bool pushed;
	char **joined; /* comments that both had changed, as labels */
	size_t joined_count;
};
struct notes_share {
	TALLOC_CTX *mem; /* owns the list and its strings */
	struct notes_report *list;
	size_t count;
};
int notes_fetch(struct repo *repo, const char *remote, struct error *err);
/* Of a remote; or with `ref` of one that was fetched otherwise. */
int notes_merge_fetched(struct repo *repo, const char *remote, const char *ref,
			struct notes_share *share, struct error *err);
/* Fetches and merges first, and again when somebody else was faster. */
int notes_push(struct repo *repo, const char *remote, struct notes_share *share,
	       struct error *err);

/*
 * Settings of this repository: what is fetched (remote may be NULL), rewritten
 * with commits and shown in logs. *done names those that were set, ended by
 * NULL; *clobbers the first refspec of the remote that writes over local notes,
 * or NULL.
 */
int notes_share_settings(TALLOC_CTX *mem, struct repo *repo, const char *remote,
			 char ***done, char **clobbers, struct error *err);

/* "Name <mail>" as git would write it, without asking. */
char *repo_identity(TALLOC_CTX *mem, struct repo *repo);

/* URLs of the remotes, insteadOf applied: the current branch's remote first. */
int repo_remotes(TALLOC_CTX *mem, struct repo *repo, char ***urls,
		 size_t *count, struct error *err);

/* The remote that the current branch goes to, else the one to push to, else
   "origin", else the only one there is; NULL: none. */
int repo_remote_name(TALLOC_CTX *mem, struct repo *repo, char **name,
		     struct error *err);

/* Subject line of a commit, for headlines; "" when there is none. */
char *repo_subject(TALLOC_CTX *mem, struct repo *repo, const char *commit);

/*
 * `git credential`: never asks on a terminal. *password is NULL when nothing
 * is stored. approve/reject tell the helper how it went.
 */
struct credential {
	const char *protocol, *host, *path; /* in */
	char *username, *password;	    /* out */
};
int credential_fill(TALLOC_CTX *mem, struct repo *repo, struct credential *c,
		    struct error *err);
void credential_report(struct repo *repo, const struct credential *c,
		       bool worked);

/* Opens git's editor on a file; an error when it exits with another than 0. */
int repo_edit_file(struct repo *repo, const char *path, struct error *err);

/*
 * `git switch`. The destination is found out before anything is done: a local
 * branch, one that git would make for the remote's branch of that name, or,
 * detached, a commit. "-" is the branch before this one.
 */
struct destination {
	const char *name; /* as git switch takes it */
	const char *commit;
	const char *branch; /* NULL: detached */
};
int repo_destination(TALLOC_CTX *mem, struct repo *repo, const char *name,
		     bool detach, struct destination *to, struct error *err);
/*
 * Whether git would switch there, as far as that can be told without doing it:
 * local changes in the way, a merge that is not finished, a branch that is
 * checked out elsewhere. ERROR_REFUSED when not.
 */
int repo_would_switch(struct repo *repo, const struct destination *to,
		      struct error *err);
/*
 * Runs `git switch`, with the person's own environment for its hooks. *said is
 * what it says. A hook that fails is no error when HEAD is where it should be.
 * The repository is to be opened again after that.
 */
int repo_switch(TALLOC_CTX *mem, struct repo *repo,
		const struct destination *to, char **said, struct error *err);
/* Whether HEAD is there already. */
bool repo_is_at(const struct repo *repo, const struct destination *to);
/*
 * After one to there that was killed, and no longer runs: puts files back that
 * it had written or removed already. What somebody else has written since
 * stays. A lock of the index goes when it is certain that the killed one has
 * left it, which takes that it is known to be `over`; any other that git would
 * stop at is ERROR_BUSY, and nothing is done.
 */
int repo_mend_switch(struct repo *repo, const struct destination *to, bool over,
		     struct error *err);
/* The same where HEAD stays, for which no lock is in the way. */
int repo_undo_switch(struct repo *repo, const struct destination *to, bool over,
		     struct error *err);

/*
 * Renames a file, both paths relative to the top, in the index too when that
 * knows it. What is at `to` is not written over.
 */
int repo_move(struct repo *repo, const char *from, const char *to, bool tracked,
	      struct error *err);
/* Completes one that may have been cut off at any moment, or not begun. */
int repo_finish_move(struct repo *repo, const char *from, const char *to,
		     bool tracked, struct error *err);

/*
 * The refs whose commits others have: the upstream of the current branch and
 * the default branch of its remote, as people call them; each once, those that
 * there are.
 */
int repo_upstreams(TALLOC_CTX *mem, struct repo *repo, char ***names,
		   size_t *count, struct error *err);

/* The newest version below that one which is seen in HEAD, the index, the work
   tree and the upstream branch; 0: there is none. */
int repo_newest_version(struct repo *repo, const char *dir, int64_t below,
			int64_t *newest, struct error *err);

#endif
