#include <string.h>

#include "core/thread/rest.h"

/* Gitea and Forgejo: https://docs.gitea.com/api */
#define LIST_LIMIT ((size_t)64 << 20) /* one answer has the whole thread */

static const char *const headers[] = { "Accept: application/json", NULL };

/* --- places and tokens --------------------------------------------------- */

static bool is_home(const char *host)
{
	return !strcmp(host, "gitea.com") || !strcmp(host, "codeberg.org");
}

static int locate(struct tracker_place *p, const char *path)
{
	if (place_take_issue(p, path, true) < 0)
		return -1;
	if (!p->api)
		p->api = talloc_asprintf(p, "%s%s/api/v1", p->origin,
					 p->prefix);
	return 0;
}

/* These say nothing about a host by themselves: another one names it. */
static const char *environment(const struct tracker_place *p,
			       const char **source)
{
	bool server = token_names_host("GITEA_SERVER_URL", p);
	const char *value = NULL;

	if (server || token_names_host("GITEA_INSTANCE_URL", p)) {
		*source = "GITEA_TOKEN";
		value = token_variable(*source);
	}
	if (!value && server) {
		*source = "GITEA_SERVER_TOKEN";
		value = token_variable(*source);
	}
	return value;
}

/* --- the thread ---------------------------------------------------------- */

/* There are no pages: one answer has all comments. */
static int each(struct thread *t, const char *since, tracker_comment_fn fn,
		void *data, struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	char *url = talloc_asprintf(scope, "%s%s%s", issue_comments(scope, t),
				    since ? "?since=" : "", since ? since : "");
	struct rest_answer *page;
	int rc = issue_page(scope, t, url, LIST_LIMIT, &page, err);

	if (!rc)
		issue_each(page, fn, data);
	talloc_free(scope);
	return rc;
}

const struct tracker tracker_gitea = {
	.kind = "gitea",
	.alias = "forgejo",
	.name = "Gitea",
	.limit = 1000000,
	.scheme = "token",
	.headers = headers,
	.is_home = is_home,
	.locate = locate,
	.environment = environment,
	.whoami = issue_whoami,
	.each = each,
	.create = issue_create,
	.edit = issue_edit,
};
