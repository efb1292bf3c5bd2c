#include <string.h>

#include "core/thread/rest.h"

/*
 * GitHub, also ghe.com and GitHub Enterprise Server:
 * https://docs.github.com/rest/issues/comments
 */
#define PER_PAGE 100
#define MAX_PAGES 1000
#define LIST_LIMIT ((size_t)32 << 20)

static const char *const headers[] = {
	"Accept: application/vnd.github+json",
	"X-GitHub-Api-Version: 2022-11-28",
	NULL,
};

/* --- places and tokens --------------------------------------------------- */

static bool is_home(const char *host)
{
	size_t n = strlen(host);

	if (!strcmp(host, "github.com"))
		return true;
	return n > 8 && !strcmp(host + n - 8, ".ghe.com") &&
	       strcspn(host, ".") == n - 8;
}

static int locate(struct tracker_place *p, const char *path)
{
	if (place_take_issue(p, path, false) < 0)
		return -1;
	if (!p->api && is_home(p->host))
		p->api = talloc_asprintf(p, "https://api.%s", p->host);
	else if (!p->api)
		p->api = talloc_asprintf(p, "%s/api/v3", p->origin);
	return 0;
}

static const char *environment(const struct tracker_place *p,
			       const char **source)
{
	static const char *const home[] = { "GH_TOKEN", "GITHUB_TOKEN" };
	static const char *const own[] = { "GH_ENTERPRISE_TOKEN",
					   "GITHUB_ENTERPRISE_TOKEN" };
	const char *const *names = is_home(p->host) ? home : own;

	for (int i = 0; i < 2; i++) {
		const char *value = token_variable(names[i]);

		/* Gitea's runners set GITHUB_TOKEN, too, for their own host */
		if (!value || (names == home && i == 1 &&
			       token_variable("GITHUB_SERVER_URL") &&
			       !token_names_host("GITHUB_SERVER_URL", p)))
			continue;
		*source = names[i];
		return value;
	}
	return NULL;
}

/* --- the thread ---------------------------------------------------------- */

/* The page after this one: NULL when it was the last. */
static char *next_page(TALLOC_CTX *mem, const struct thread *t,
		       const struct rest_answer *a, const char *first, int page)
{
	const char *link = http_header(a->response, "link");
	char *next = link ? http_link(mem, link, "next") : NULL;
	char *url;

	if (link && !next)
		return NULL;
	url = next ? http_resolve(mem, t->place->api, next) : NULL;
	if (url)
		return url;
	/* no links, or one to where no token is sent: count the pages */
	if (!next && json_array_size(a->json) < PER_PAGE)
		return NULL;
	return talloc_asprintf(mem, "%s&page=%d", first, page + 1);
}

static int each(struct thread *t, const char *since, tracker_comment_fn fn,
		void *data, struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL), *turn = talloc_new(scope);
	char *first = talloc_asprintf(
		scope, "%s?per_page=%d%s%s", issue_comments(scope, t), PER_PAGE,
		since ? "&since=" : "", since ? since : "");
	char *url = first;
	int rc = 0;

	for (int page = 1; url && !rc; page++) {
		TALLOC_CTX *old = turn;
		struct rest_answer *a;

		turn = talloc_new(scope);
		rc = issue_page(turn, t, url, LIST_LIMIT, &a, err);
		if (!rc)
			rc = issue_each(a, fn, data);
		if (!rc && page == MAX_PAGES)
			rc = error_set(err, ERROR_FAILED,
				       "the thread '%s' has more than %d pages",
				       t->place->url, MAX_PAGES);
		url = rc ? NULL : next_page(turn, t, a, first, page);
		talloc_free(old);
	}
	talloc_free(scope);
	return rc < 0 ? -1 : 0;
}

const struct tracker tracker_github = {
	.kind = "github",
	.name = "GitHub",
	/* 65,536 characters; bytes are never fewer */
	.limit = 65000,
	.scheme = "Bearer",
	.headers = headers,
	.is_home = is_home,
	.locate = locate,
	.environment = environment,
	.whoami = issue_whoami,
	.each = each,
	.create = issue_create,
	.edit = issue_edit,
};
