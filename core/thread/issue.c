#include "core/thread/rest.h"

#include <string.h>

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* False without an id; strings belong to mem. */
static bool read_comment(TALLOC_CTX *mem, const json_t *json,
			 struct tracker_comment *c)
{
	json_int_t id = json_integer_value(json_object_get(json, "id"));
	const json_t *user = json_object_get(json, "user");

	if (id <= 0)
		return false;
	c->id = talloc_asprintf(mem, "%lld", (long long)id);
	c->url = talloc_strdup(mem, text_of(json, "html_url"));
	c->author = talloc_strdup(mem, text_of(user, "login"));
	c->author_id = json_integer_value(json_object_get(user, "id"));
	c->body = talloc_strdup(mem, text_of(json, "body"));
	c->created = talloc_strdup(mem, text_of(json, "created_at"));
	return true;
}

/* --- the user ------------------------------------------------------------ */

/*
 * Tokens of an application may not ask whose they are; GitHub's runners hand
 * out such tokens, and their user is known.
 */
static int unnamed(struct thread *t, struct error *err)
{
	const char *runner = token_variable("GITHUB_ACTIONS");

	if (t->status != 403)
		return -1;
	if (runner && !strcmp(runner, "true") &&
	    t->place->tracker == &tracker_github &&
	    (!strcmp(t->token->source, "GITHUB_TOKEN") ||
	     !strcmp(t->token->source, "GH_TOKEN"))) {
		error_release(err);
		t->login = talloc_strdup(t, "github-actions[bot]");
		return 0;
	}
	return error_hint(err,
			  "or say whose token it is: "
			  "git config migrate-tracker.%s.user LOGIN",
			  t->place->host);
}

int issue_whoami(struct thread *t, struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	struct rest_call call = {
		.method = "GET",
		.url = talloc_asprintf(scope, "%s/user", t->place->api),
		.doing = "unable to learn whose token it is, for",
		.success = 200,
	};
	struct rest_answer *a;
	int rc = rest_call(scope, t, &call, &a, NULL, NULL, err);

	if (rc < 0) {
		rc = unnamed(t, err);
	} else {
		t->login = talloc_strdup(t, text_of(a->json, "login"));
		t->user_id = json_integer_value(json_object_get(a->json, "id"));
		if (!*t->login)
			rc = error_set(err, ERROR_CONNECTION,
				       "'%s' does not say whose token it is",
				       call.url);
	}
	talloc_free(scope);
	return rc;
}

/* --- reading ------------------------------------------------------------- */

char *issue_comments(TALLOC_CTX *mem, const struct thread *t)
{
	const struct tracker_place *p = t->place;

	return talloc_asprintf(mem, "%s/repos/%s/%s/issues/%s/comments", p->api,
			       p->owner, p->repo, p->number);
}

int issue_page(TALLOC_CTX *mem, struct thread *t, const char *url, size_t limit,
	       struct rest_answer **page, struct error *err)
{
	struct rest_call call = {
		.method = "GET",
		.url = url,
		.doing = "unable to read the thread",
		.success = 200,
		.array = true,
		.limit = limit,
	};

	return rest_call(mem, t, &call, page, NULL, NULL, err);
}

int issue_each(const struct rest_answer *page, tracker_comment_fn fn,
	       void *data)
{
	const json_t *json;
	size_t i;
	int rc = 0;

	json_array_foreach (page->json, i, json) {
		TALLOC_CTX *turn = talloc_new(NULL);
		struct tracker_comment c;

		if (read_comment(turn, json, &c))
			rc = fn(&c, data);
		talloc_free(turn);
		if (rc)
			break;
	}
	return rc;
}

/* --- changing ------------------------------------------------------------ */

/* The call with a body; done only when the answer is a comment with an id. */
static int change(TALLOC_CTX *mem, struct thread *t, struct rest_call *call,
		  const char *body, struct tracker_comment **comment,
		  bool *doubt, bool *again, struct error *err)
{
	struct tracker_comment *c = talloc_zero(mem, struct tracker_comment);
	struct rest_answer *a;
	int rc;

	call->body = json_pack("{s:s}", "body", body);
	rc = rest_call(c, t, call, &a, doubt, again, err);
	json_decref(call->body);
	if (!rc && !read_comment(c, a->json, c)) {
		if (doubt)
			*doubt = true;
		rc = error_set(err, ERROR_CONNECTION,
			       "%s '%s': %s answered %d, but without a "
			       "comment's id",
			       call->doing, t->place->url,
			       t->place->tracker->name, t->status);
	}
	if (rc < 0)
		talloc_free(c);
	else
		*comment = c;
	return rc;
}

int issue_create(TALLOC_CTX *mem, struct thread *t, const char *body,
		 struct tracker_comment **comment, bool *doubt, bool *again,
		 struct error *err)
{
	char *url = issue_comments(NULL, t);
	struct rest_call call = {
		.method = "POST",
		.url = url,
		.doing = "unable to post to",
		.success = 201,
	};
	int rc = change(mem, t, &call, body, comment, doubt, again, err);

	talloc_free(url);
	return rc;
}

int issue_edit(TALLOC_CTX *mem, struct thread *t, const char *id,
	       const char *body, struct tracker_comment **comment,
	       struct error *err)
{
	const struct tracker_place *p = t->place;
	char *url = talloc_asprintf(NULL, "%s/repos/%s/%s/issues/comments/%s",
				    p->api, p->owner, p->repo, id);
	struct rest_call call = {
		.method = "PATCH",
		.url = url,
		.doing = "unable to edit the comment in",
		.success = 200,
	};
	int rc = change(mem, t, &call, body, comment, NULL, NULL, err);

	talloc_free(url);
	return rc;
}
