#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* renameat2() may be missing in the file system; a link never writes over. */
static int rename_file(const char *from, const char *to)
{
	if (link(from, to) == 0)
		return unlink(from);
	if (errno == EEXIST || access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int repo_move(struct repo *repo, const char *from, const char *to, bool tracked,
	      struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	int result = 0;

	if (tracked) {
		char *out;

		result = git_must(mem, repo, GIT_ARGS("mv", "--", from, to),
				  NULL, 0, &out, NULL, "rename a script", err);
	} else if (rename_file(talloc_asprintf(mem, "%s/%s", repo->top, from),
			       talloc_asprintf(mem, "%s/%s", repo->top, to)) <
		   0) {
		result = error_set(err, ERROR_FAILED,
				   "unable to rename '%s' to '%s': %s", from,
				   to, strerror(errno));
	}
	talloc_free(mem);
	return result;
}

/* *name is NULL when the revision names nothing. */
static int short_name(TALLOC_CTX *mem, struct repo *repo, const char *revision,
		      char **name, struct error *err)
{
	char *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("rev-parse", "-q", "--verify",
				      "--abbrev-ref", revision),
			     NULL, 0, name, NULL, &complaint, err);

	if (status < 0)
		return -1;
	if (status || !**name || !strcmp(chomp(*name), revision))
		*name = NULL;
	return 0;
}

int repo_upstreams(TALLOC_CTX *mem, struct repo *repo, char ***names,
		   size_t *count, struct error *err)
{
	char *remote, *upstream, *fallback;

	*names = talloc_zero_array(mem, char *, 3);
	*count = 0;
	if (short_name(mem, repo, "@{upstream}", &upstream, err) < 0 ||
	    repo_remote_name(mem, repo, &remote, err) < 0)
		return -1;
	if (upstream)
		(*names)[(*count)++] = upstream;
	if (!remote)
		return 0;
	if (short_name(mem, repo,
		       talloc_asprintf(mem, "refs/remotes/%s/HEAD", remote),
		       &fallback, err) < 0)
		return -1;
	if (fallback && (!upstream || strcmp(upstream, fallback) != 0))
		(*names)[(*count)++] = fallback;
	return 0;
}
