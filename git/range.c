#include "git/internal.h"

#include <string.h>

static int not_a_range(const char *range, struct error *err)
{
	error_set(err, ERROR_FAILED, "'%s' is not a range", range);
	return error_hint(err, "write it as A..B, such as origin/main..HEAD");
}

/* One end; nothing stands for HEAD, as everywhere in git. */
static int resolve_end(TALLOC_CTX *mem, struct repo *repo, char *name,
		       char **commit, struct error *err)
{
	if (repo_resolve(mem, repo, *name ? name : "HEAD", commit, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND || !repo->shallow)
		return -1;
	/* a remote knows branches, and nothing of where they come from */
	if (!*name || !strcmp(name, "HEAD") || strpbrk(name, "~^@:"))
		return error_hint(err, "this clone is shallow; fetch the rest: "
				       "git fetch --unshallow");
	if (!strncmp(name, "origin/", 7))
		return error_hint(err,
				  "this clone is shallow; fetch what is "
				  "missing: git fetch --unshallow origin "
				  "%s:refs/remotes/%s",
				  name + 7, name);
	return error_hint(err,
			  "this clone is shallow; fetch what is missing: git "
			  "fetch --unshallow origin %s",
			  name);
}

static int no_base(const struct repo *repo, const char *range,
		   struct error *err)
{
	error_set(err, ERROR_FAILED,
		  repo->shallow
			  ? "the history that is here does not reach back to "
			    "where '%s' begins"
			  : "the two ends of '%s' have no commit in common",
		  range);
	if (!repo->shallow)
		return -1;
	error_hint(err, "this clone is shallow; fetch the rest: git fetch "
			"--unshallow");
	return error_hint(err, "in CI, check out with the whole history "
			       "(fetch-depth: 0), or deepen until it is there: "
			       "git fetch --deepen=100");
}

int repo_range(TALLOC_CTX *mem, struct repo *repo, const char *range,
	       char **base, char **tip, struct error *err)
{
	const char *dots = strstr(range, "..");
	char *from, *to, *other, *complaint;
	int status;

	if (!dots || dots[2] == '.' || strstr(dots + 2, ".."))
		return not_a_range(range, err);
	from = talloc_strndup(mem, range, (size_t)(dots - range));
	to = talloc_strdup(mem, dots + 2);
	if (resolve_end(mem, repo, from, &other, err) < 0 ||
	    resolve_end(mem, repo, to, tip, err) < 0)
		return -1;
	status = git_run(mem, repo, GIT_ARGS("merge-base", other, *tip), NULL,
			 0, base, NULL, &complaint, err);
	if (status < 0)
		return -1;
	if (status == 1)
		return no_base(repo, range, err);
	if (status)
		return git_failed(err, "find where the range begins",
				  complaint);
	chomp(*base);
	return 0;
}

/* Refs may be thousands; their commits are fewer, and a command line holds
   these. */
#define MOST_REFS 1000

int repo_fork(TALLOC_CTX *mem, struct repo *repo, const char *tip,
	      const char *folder, repo_wants_fn wants, const void *data,
	      char **base, struct error *err)
{
	const char **argv = talloc_zero_array(mem, const char *, MOST_REFS + 4);
	char *text, *line, *complaint;
	size_t n = 0;
	int status;

	*base = NULL;
	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref", "--sort=-committerdate",
			      "--format=%(objectname) %(refname)", folder),
		     NULL, 0, &text, NULL, "list the refs", err) < 0)
		return -1;
	argv[n++] = "git";
	argv[n++] = "merge-base";
	argv[n++] = tip;
	while ((line = strsep(&text, "\n")) != NULL && n < MOST_REFS + 3) {
		char *id = strsep(&line, " ");

		if (line && wants(line + strlen(folder), data))
			argv[n++] = id;
	}
	if (n == 3)
		return 0;
	status = git_run(mem, repo, argv, NULL, 0, base, NULL, &complaint, err);
	if (status < 0)
		return -1;
	*base = status ? NULL : chomp(*base);
	return 0;
}

bool repo_has(struct repo *repo, const char *commit)
{
	struct error ignored = { 0 };
	TALLOC_CTX *mem = talloc_new(NULL);
	char *found;
	bool has = repo_resolve(mem, repo, commit, &found, &ignored) == 0;

	error_release(&ignored);
	talloc_free(mem);
	return has;
}
