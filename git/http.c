#include "git/http.h"

#include <stdlib.h>

#include "git/internal.h"

/* *value is NULL when nothing is set. */
static int setting(TALLOC_CTX *mem, struct repo *repo, const char *type,
		   const char *key, const char *url, char **value,
		   struct error *err)
{
	char *out, *complaint;
	int status = git_run(
		mem, repo, GIT_ARGS("config", type, "--get-urlmatch", key, url),
		NULL, 0, &out, NULL, &complaint, err);

	*value = status ? NULL : chomp(out);
	if (*value && !**value)
		*value = NULL;
	return status < 0 ? -1 : 0;
}

int repo_http_settings(TALLOC_CTX *mem, struct repo *repo, const char *url,
		       struct http_settings *settings, struct error *err)
{
	const char *ca_info = getenv("GIT_SSL_CAINFO");

	if (setting(mem, repo, "--no-type", "http.proxy", url, &settings->proxy,
		    err) < 0 ||
	    setting(mem, repo, "--type=path", "http.sslCAInfo", url,
		    &settings->ca_info, err) < 0)
		return -1;
	if (ca_info && *ca_info)
		settings->ca_info = talloc_strdup(mem, ca_info);
	return 0;
}
