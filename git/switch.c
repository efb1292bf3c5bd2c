#include "git/switch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Once something is reverted, there is more to lose. */
#define LOCK_WAIT_BETWEEN_MS 10000

/* --- where to ------------------------------------------------------------- */

/* The commit of a ref's full name; *commit is NULL when there is none. */
static int commit_of(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		     char **commit, struct error *err)
{
	int result = repo_resolve(mem, repo, ref, commit, err);

	if (result < 0 && err->code == ERROR_NOT_FOUND) {
		error_release(err);
		*commit = NULL;
		return 0;
	}
	return result;
}

/* The only remote branch of that name, which git makes a local one of. */
static int guess(TALLOC_CTX *mem, struct repo *repo, const char *name,
		 char **commit, struct error *err)
{
	char *out, *line, *wanted = talloc_asprintf(mem, "/%s", name);
	size_t count = 0, length = strlen(wanted);

	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref",
			      "--format=%(objectname) %(refname)",
			      "refs/remotes/"),
		     NULL, 0, &out, NULL, "list the remote branches", err) < 0)
		return -1;
	*commit = NULL;
	while ((line = strsep(&out, "\n")) != NULL) {
		char *ref = strchr(line, ' '), *remote;

		if (!ref)
			continue;
		*ref++ = '\0';
		remote = strchr(ref + strlen("refs/remotes/"), '/');
		if (!remote || strlen(remote) != length ||
		    strcmp(remote, wanted) != 0)
			continue;
		*commit = line;
		count++;
	}
	if (count != 1)
		*commit = NULL;
	return 0;
}

/* "origin/topic" is no branch of one's own: the one that git would switch to,
   or NULL. */
static char *own_name(TALLOC_CTX *mem, struct repo *repo, const char *name)
{
	struct error ignored = { 0 };
	const char *slash = strchr(name, '/');
	char *commit = NULL, *own = NULL;

	if (slash &&
	    commit_of(mem, repo, talloc_asprintf(mem, "refs/remotes/%s", name),
		      &commit, &ignored) == 0 &&
	    commit) {
		own = talloc_strdup(mem, slash + 1);
		if (commit_of(mem, repo,
			      talloc_asprintf(mem, "refs/heads/%s", own),
			      &commit, &ignored) < 0 ||
		    (!commit && guess(mem, repo, own, &commit, &ignored) < 0) ||
		    !commit)
			own = NULL;
	}
	error_release(&ignored);
	return own;
}

static int no_branch(TALLOC_CTX *mem, struct repo *repo, const char *name,
		     struct error *err)
{
	struct error ignored = { 0 };
	char *commit, *own = own_name(mem, repo, name);
	int result = repo_resolve(mem, repo, name, &commit, &ignored);

	error_release(&ignored);
	error_set(err, ERROR_NOT_FOUND, "no branch '%s'%s", name,
		  own ? ": it is a remote's" : "");
	if (own)
		error_hint(err,
			   "to switch to your branch of that name: git migrate "
			   "switch '%s'",
			   own);
	if (result == 0)
		return error_hint(err,
				  "to check that commit out: git migrate "
				  "switch --detach %.10s",
				  commit);
	return error_hint(err, "see the branches: git branch -a");
}

static int previous(TALLOC_CTX *mem, struct repo *repo, const char **name,
		    struct error *err)
{
	char *out, *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("rev-parse", "-q", "--verify",
				      "--abbrev-ref", "@{-1}"),
			     NULL, 0, &out, NULL, &complaint, err);

	if (status < 0)
		return -1;
	if (status || !*chomp(out))
		return error_set(err, ERROR_NOT_FOUND,
				 "there is no branch before this one");
	*name = out;
	return 0;
}

int repo_destination(TALLOC_CTX *mem, struct repo *repo, const char *name,
		     bool detach, struct destination *to, struct error *err)
{
	char *commit;

	memset(to, 0, sizeof(*to));
	to->name = name;
	if (detach) {
		if (repo_resolve(mem, repo, name, &commit, err) < 0)
			return -1;
		to->name = to->commit = commit;
		return 0;
	}
	if (!strcmp(name, "-") && previous(mem, repo, &to->name, err) < 0)
		return -1;
	if (commit_of(mem, repo,
		      talloc_asprintf(mem, "refs/heads/%s", to->name), &commit,
		      err) < 0 ||
	    (!commit && guess(mem, repo, to->name, &commit, err) < 0))
		return -1;
	/* git takes a leading dash for an option, whatever comes before it */
	if (!commit || *to->name == '-')
		return no_branch(mem, repo, to->name, err);
	to->commit = commit;
	to->branch = to->name;
	return 0;
}

bool repo_is_at(const struct repo *repo, const struct destination *to)
{
	if (!repo->head || strcmp(repo->head, to->commit) != 0)
		return false;
	if (!to->branch || !repo->branch)
		return !to->branch && !repo->branch;
	return !strcmp(to->branch, repo->branch);
}

/* --- whether -------------------------------------------------------------- */

static int in_the_middle(struct repo *repo, struct error *err)
{
	static const struct {
		const char *file, *what;
	} kinds[] = {
		{ "MERGE_HEAD", "merge" },
		{ "CHERRY_PICK_HEAD", "cherry-pick" },
		{ "REVERT_HEAD", "revert" },
		{ "rebase-merge", "rebase" },
		{ "rebase-apply", "rebase or am" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char *path = talloc_asprintf(NULL, "%s/%s", repo->git_dir,
					     kinds[i].file);
		int there = access(path, F_OK);

		talloc_free(path);
		if (there < 0)
			continue;
		error_set(err, ERROR_REFUSED,
			  "git is in the middle of a %s, and would not switch",
			  kinds[i].what);
		return error_hint(err, "see what it waits for: git status");
	}
	return 0;
}

static int elsewhere(TALLOC_CTX *mem, struct repo *repo,
		     const struct destination *to, struct error *err)
{
	char *ref, *out;

	if (!to->branch || (repo->branch && !strcmp(repo->branch, to->branch)))
		return 0;
	ref = talloc_asprintf(mem, "refs/heads/%s", to->branch);
	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref", "--format=%(worktreepath)", ref),
		     NULL, 0, &out, NULL, "see where branches are checked out",
		     err) < 0)
		return -1;
	chomp(out);
	if (!*out || !strcmp(out, "\n"))
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "branch '%s' is checked out in another work tree: "
			 "'%s'",
			 to->branch, out);
}

static int unlocked(TALLOC_CTX *mem, struct repo *repo,
		    const struct destination *to, struct error *err)
{
	char *lock = switch_wait_for_locks(mem, repo, to, SWITCH_LOCK_WAIT_MS);

	return lock ? switch_refuse_lock(mem, lock, "switch", err) : 0;
}

static bool copy_file(const char *from, const char *to)
{
	struct error ignored = { 0 };
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	char *data = NULL;
	size_t length;
	bool well = in >= 0 && out >= 0 &&
		    process_read_all(NULL, in, &data, &length, &ignored) == 0 &&
		    write(out, data, length) == (ssize_t)length;

	error_release(&ignored);
	talloc_free(data);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return well;
}

/*
 * git's own index is left alone: a git that is killed while it refreshes that
 * would leave its lock behind.
 */
static const char *const *index_of_our_own(TALLOC_CTX *mem, struct repo *repo,
					   char **path)
{
	const char *const *env = private_of(repo)->env;
	const char **own;
	size_t n = 0;

	*path = talloc_asprintf(mem, "%s/migrate/index", repo->git_dir);
	unlink(talloc_asprintf(mem, "%s.lock", *path));
	if (!copy_file(switch_index_path(mem, repo), *path))
		return env;
	while (env[n])
		n++;
	own = talloc_zero_array(mem, const char *, (unsigned)n + 2);
	memcpy(own, env, n * sizeof(*own));
	own[n] = talloc_asprintf(mem, "GIT_INDEX_FILE=%s", *path);
	return own;
}

/* What only has another time stamp is no change. */
static int try_read_tree(TALLOC_CTX *mem, struct repo *repo, const char *commit,
			 char **complaint, struct error *err)
{
	char *path, *out;
	const char *const *env = index_of_our_own(mem, repo, &path);
	int status = process_run(mem,
				 GIT_ARGS("update-index", "-q", "--refresh"),
				 private_of(repo)->cwd, env, NULL, 0, &out,
				 NULL, complaint, err);

	if (status >= 0)
		status = process_run(
			mem,
			GIT_ARGS("read-tree", "-n", "-m", "-u", "HEAD", commit),
			private_of(repo)->cwd, env, NULL, 0, &out, NULL,
			complaint, err);
	unlink(path);
	return status;
}

int repo_would_switch(struct repo *repo, const struct destination *to,
		      struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *complaint;
	int status;

	if (in_the_middle(repo, err) < 0 || elsewhere(mem, repo, to, err) < 0 ||
	    unlocked(mem, repo, to, err) < 0) {
		talloc_free(mem);
		return -1;
	}
	status = try_read_tree(mem, repo, to->commit, &complaint, err);
	if (status > 0) {
		git_failed(err, "switch", complaint);
		err->code = ERROR_REFUSED;
		error_hint(err,
			   "commit or stash what is in the way: git stash%s",
			   strstr(complaint, "Untracked ") ? " -u" : "");
	}
	talloc_free(mem);
	return status ? -1 : 0;
}

/* --- doing it ------------------------------------------------------------- */

/* Hooks run in it: what plumbing needs is nothing to them. */
static const char *const *person_environment(TALLOC_CTX *mem, struct repo *repo)
{
	const char **env = talloc_zero_array(mem, const char *, 7);
	const char *trace = switch_trace_begin(mem, repo);
	char *usual = talloc_asprintf(mem, "%s/.git", repo->top);
	size_t n = 0;

	env[n++] = "GIT_PREFIX";
	/* our own hook has nothing to tell of a database that is half way */
	env[n++] = "GIT_MIGRATE_SWITCHING=1";
	if (trace) {
		env[n++] = trace;
		env[n++] = "GIT_TRACE2_PERF_BRIEF=1";
	}
	if (!getenv("GIT_DIR") && !getenv("GIT_WORK_TREE") &&
	    access(usual, F_OK) == 0)
		return env;
	env[n++] = talloc_asprintf(mem, "GIT_DIR=%s", repo->git_dir);
	env[n++] = talloc_asprintf(mem, "GIT_WORK_TREE=%s", repo->top);
	return env;
}

static bool arrived(struct repo *repo, const struct destination *to)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	char *commit = NULL, *out, *complaint;
	bool at = commit_of(mem, repo, "HEAD", &commit, &ignored) == 0 &&
		  commit && !strcmp(commit, to->commit);
	int status = git_run(mem, repo,
			     GIT_ARGS("symbolic-ref", "-q", "--short", "HEAD"),
			     NULL, 0, &out, NULL, &complaint, &ignored);

	if (to->branch)
		at = at && status == 0 && !strcmp(chomp(out), to->branch);
	else
		at = at && status == 1;
	error_release(&ignored);
	talloc_free(mem);
	return at;
}

int repo_switch(TALLOC_CTX *mem, struct repo *repo,
		const struct destination *to, char **said, struct error *err)
{
	char *out;
	int status;

	/* git says itself what is still locked */
	switch_wait_for_locks(mem, repo, to, LOCK_WAIT_BETWEEN_MS);
	status = process_run(
		mem,
		to->branch ? GIT_ARGS("switch", to->name)
			   : GIT_ARGS("switch", "--detach", to->commit),
		repo->top, person_environment(mem, repo), NULL, 0, &out, NULL,
		said, err);

	if (status <= 128)
		switch_trace_end(repo);
	if (status < 0)
		return -1;
	if (arrived(repo, to))
		return 0;
	if (status > 128 && !**said)
		return error_set(err, ERROR_FAILED,
				 "unable to switch: git ended by signal %d",
				 status - 128);
	if (status)
		return git_failed(err, "switch", *said);
	return error_set(err, ERROR_FAILED,
			 "git switch ended well, but '%s' is not checked out",
			 to->name);
}
