#include "git/internal.h"

#include <string.h>

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
