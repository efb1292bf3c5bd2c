#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/hook.h"
#include "git/seen.h"

/*
 * What the database and the branch differ in, from what was last seen of the
 * database. These hooks run after the fact, often and unasked: they ask
 * nobody, open no database, and their failure is nobody's concern.
 */
struct drift {
	size_t missing; /* in the database, and not here */
	size_t changed; /* in both, and not the same */
	size_t pending; /* here, and not in the database */
};

static bool is_there(struct cmd *cmd, const char *name)
{
	char *path = talloc_asprintf(cmd->mem, "%s/%s", cmd->repo->git_dir,
				     name);

	return access(path, F_OK) == 0;
}

static bool is_bisect(struct cmd *cmd)
{
	return is_there(cmd, "BISECT_LOG");
}

static bool is_rebase(struct cmd *cmd)
{
	return is_there(cmd, "rebase-merge") || is_there(cmd, "rebase-apply");
}

/* Whether the commands of the hook have come to an end that a person looks at.
   A rebase is over when it rewrites, though what it keeps is still there. */
static bool is_quiet(struct cmd *cmd, const char *name, int argc, char **argv)
{
	if (is_bisect(cmd))
		return true;
	if (!strcmp(name, "post-rewrite") && argc && !strcmp(argv[0], "rebase"))
		return false;
	return is_rebase(cmd);
}

/* Whether HEAD is where it was: a file's checkout, a new branch, a squash. */
static bool stays(const char *name, int argc, char **argv)
{
	if (!strcmp(name, "post-checkout"))
		return argc >= 3 &&
		       (!strcmp(argv[2], "0") || !strcmp(argv[0], argv[1]));
	return !strcmp(name, "post-merge") && argc && !strcmp(argv[0], "1");
}

/* pre-commit, the program, says in its environment what git says in words. */
static bool stays_by_environment(void)
{
	const char *type = getenv("PRE_COMMIT_CHECKOUT_TYPE");
	const char *squash = getenv("PRE_COMMIT_IS_SQUASH_MERGE");

	return (type && !strcmp(type, "0")) || (squash && !strcmp(squash, "1"));
}

static struct migration *find_named(const struct set *set,
				    const struct seen_row *row)
{
	struct migration *m = set_find(set, row->version);

	for (; m && m < set->list + set->count && m->version == row->version;
	     m++)
		if (!strcmp(m->name, row->name))
			return m;
	return NULL;
}

/* What is not committed yet stays in the work tree. */
static bool is_in_worktree(TALLOC_CTX *mem, struct cmd *cmd,
			   const struct seen_row *row)
{
	char version[VERSION_LENGTH + 1];
	char *path = talloc_asprintf(
		mem, "%s/%s/%s_%s.up.sql", cmd->repo->top, cmd->dir,
		version_format(row->version, version), row->name);

	return cmd->repo->top && access(path, F_OK) == 0;
}

static bool is_other(const struct migration *m, const struct seen_row *row)
{
	const char *const blobs[] = { row->up_blob, row->down_blob };

	for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++)
		if (m->half[d].blob && *blobs[d] != '-' &&
		    strcmp(m->half[d].blob, blobs[d]) != 0)
			return true;
	return false;
}

static struct drift compare(struct cmd *cmd, const struct seen *seen,
			    const struct set *here)
{
	struct drift drift = { 0 };
	struct seen_row row;
	size_t at = 0, both = 0;
	TALLOC_CTX *turn = talloc_new(NULL);

	while (seen_next(turn, seen, &at, &row)) {
		const struct migration *m = find_named(here, &row);

		both += m != NULL;
		if (m)
			drift.changed += is_other(m, &row);
		else
			drift.missing += !is_in_worktree(turn, cmd, &row);
		talloc_free_children(turn);
	}
	talloc_free(turn);
	drift.pending = here->count > both ? here->count - both : 0;
	return drift;
}

/* One line: sync does all of it. */
static void report(struct cmd *cmd, const struct drift *d)
{
	if (d->missing)
		cmd_say(cmd,
			"%zu migration%s in the database %s not on this "
			"branch; run 'git migrate sync'",
			d->missing, d->missing == 1 ? "" : "s",
			d->missing == 1 ? "is" : "are");
	else if (d->changed)
		cmd_say(cmd,
			"%zu migration%s in the database %s not as on this "
			"branch; run 'git migrate sync'",
			d->changed, d->changed == 1 ? "" : "s",
			d->changed == 1 ? "is" : "are");
	else if (d->pending)
		cmd_say(cmd,
			"%zu migration%s of this branch %s not in the "
			"database; run 'git migrate up'",
			d->pending, d->pending == 1 ? "" : "s",
			d->pending == 1 ? "is" : "are");
}

static int look(struct cmd *cmd, const char *name, int argc, char **argv)
{
	const struct seen *seen;
	struct drift drift;
	struct set *here;

	if (cmd_open_repo(cmd) < 0)
		return -1;
	if (is_quiet(cmd, name, argc, argv))
		return 0;
	seen = cmd_seen(cmd);
	if (!seen || (*seen->place && access(seen->place, F_OK) < 0))
		return 0;
	if (!cmd->repo->head)
		return 0;
	if (repo_set_commit_lenient(cmd->mem, cmd->repo, cmd->repo->head,
				    cmd->dir, &here, &cmd->err) < 0)
		return -1;
	drift = compare(cmd, seen, here);
	report(cmd, &drift);
	return 0;
}

int hook_post(struct cmd *cmd, const char *name, int argc, char **argv)
{
	/* `git migrate switch` tells itself what became of the database */
	if (!getenv("GIT_MIGRATE_SWITCHING") && !stays(name, argc, argv) &&
	    !stays_by_environment() && look(cmd, name, argc, argv) < 0)
		error_release(&cmd->err);
	return 0;
}
