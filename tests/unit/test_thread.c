#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/base/text.h"
#include "core/thread/marker.h"
#include "core/thread/tracker.h"

/* Posting to the checking tracker of tests/lib/tracker.py, on loopback. */

#define MARKER                                                                 \
	"<!-- git-migrate:v1 version=20260213120000 name=add_email "           \
	"target=dev -->"
#define BODY "✅ **Add email**\n**Commit**: `7a3f9e2`\n\n" MARKER
#define NEWER "✅ **Add email**\n**Commit**: `8b4f9e2`\n\n" MARKER

struct server {
	TALLOC_CTX *mem; /* of one test */
	bool plain;
	char *dir;
	int port;
	struct process *process;
	char said[200]; /* the last thing that was waited for */
};

/* --- the server ---------------------------------------------------------- */

/* Servers without arguments that wait for the next test. */
static struct server *spare[2];

static struct server *start(const char *const *more)
{
	struct server *s;
	const char *argv[12] = { "python3", "tests/lib/tracker.py", NULL };
	struct error err = { 0 };
	char line[20] = "";
	int n = 3;

	for (int i = 0; i < 2 && !more; i++) {
		if (!spare[i])
			continue;
		s = spare[i];
		spare[i] = NULL;
		return s;
	}
	s = talloc_zero(NULL, struct server);
	s->mem = talloc_new(s);
	s->plain = !more;
	s->dir = talloc_strdup(s, "/tmp/test_thread.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	argv[2] = s->dir;
	while (more && *more)
		argv[n++] = *more++;
	argv[n] = NULL;
	assert_int_equal(process_start(s, argv, NULL, NULL, PROCESS_OUT,
				       &s->process, &err),
			 0);
	for (size_t at = 0; at < sizeof(line) - 1; at++)
		if (read(s->process->out, line + at, 1) < 1 || line[at] == '\n')
			break;
	s->port = atoi(line);
	assert_true(s->port > 0);
	return s;
}

static char *contents(struct server *s, const char *name)
{
	char *path = talloc_asprintf(s->mem, "%s/%s", s->dir, name);
	FILE *file = fopen(path, "r");
	char *text = talloc_zero_size(s->mem, 4 << 20);

	if (file) {
		text[fread(text, 1, (4 << 20) - 1, file)] = '\0';
		fclose(file);
	}
	return text;
}

static void end(struct server *s)
{
	process_stop(s->process);
	unlink(talloc_asprintf(s->mem, "%s/port", s->dir));
	unlink(talloc_asprintf(s->mem, "%s/reset", s->dir));
	rmdir(s->dir);
	talloc_free(s);
}

/* The end of a test: the server must have had nothing to complain about. */
static void stop(struct server *s)
{
	static const char *const files[] = { "violations", "log",  "comments",
					     "faults",	   "cert", "key" };
	FILE *reset;

	assert_string_equal(contents(s, "violations"), "");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(talloc_asprintf(s->mem, "%s/%s", s->dir, files[i]));
	reset = fopen(talloc_asprintf(s->mem, "%s/reset", s->dir), "w");
	assert_non_null(reset);
	fclose(reset);
	*s->said = '\0';
	for (int i = 0; i < 2 && s->plain; i++) {
		if (spare[i])
			continue;
		talloc_free(s->mem);
		s->mem = talloc_new(s);
		spare[i] = s;
		return;
	}
	end(s);
}

static int end_spare(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (spare[i])
			end(spare[i]);
	return 0;
}

static void fault(struct server *s, const char *lines)
{
	FILE *file = fopen(talloc_asprintf(s->mem, "%s/faults", s->dir), "w");

	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
}

/* How many comments have the marker, of a user or (NULL) of anybody. */
static size_t marked(struct server *s, const char *user)
{
	char *text = contents(s, "comments");
	size_t n = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *c = json_loads(line, 0, NULL);

		n += marker_in(json_string_value(json_object_get(c, "body")),
			       MARKER) &&
		     (!user || !strcmp(user, json_string_value(json_object_get(
						     c, "user"))));
		json_decref(c);
	}
	return n;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static size_t requests(struct server *s, const char *method)
{
	char *what = talloc_asprintf(s->mem, "\"method\": \"%s\"", method);

	return count(contents(s, "log"), what);
}

/* --- posting ------------------------------------------------------------- */

struct attempt {
	const char *kind, *token, *body, *user, *issue, *ca_info;
	int pause_ms, patience_s;
	long total_ms;
	/* what came of it */
	int rc;
	struct error err;
	struct thread_posted posted;
};

static void on_say(const char *what, void *data)
{
	struct server *s = data;

	snprintf(s->said, sizeof(s->said), "%s", what);
}

static int compose(TALLOC_CTX *mem, const char *existing, char **body,
		   void *data, struct error *err)
{
	(void)existing;
	(void)err;
	*body = talloc_strdup(mem, data);
	return 0;
}

static void set(struct config *config, int port, const char *what,
		const char *value)
{
	struct error err = { 0 };
	char *key = talloc_asprintf(config, "migrate-tracker.127.0.0.1:%d.%s",
				    port, what);

	if (value)
		assert_int_equal(config_set(config, CONFIG_GIT, key, value,
					    "test", 0, &err),
				 0);
}

static void post(struct server *s, struct attempt *a)
{
	const char *scheme = a->ca_info ? "https" : "http";
	bool github = !strcmp(a->kind, "github");
	struct thread_options o = {
		.config = config_new(s->mem),
		.http = { .total_ms = a->total_ms, .ca_info = a->ca_info },
		.pause_ms = a->pause_ms ? a->pause_ms : -1,
		.patience_s = a->patience_s,
		.say = on_say,
		.say_data = s,
	};
	char *origin = talloc_asprintf(s->mem, "%s://127.0.0.1:%d", scheme,
				       s->port);
	struct config *config = config_new(s->mem);
	struct thread *thread;

	if (a->ca_info && !*a->ca_info)
		o.http.ca_info = NULL;
	o.config = config;
	set(config, s->port, "kind", a->kind);
	set(config, s->port, "api", github ? origin : NULL);
	set(config, s->port, "user", a->user);
	setenv("GIT_MIGRATE_TOKEN", a->token ? a->token : "alice-token", 1);
	a->rc = thread_open(
		s->mem,
		talloc_asprintf(s->mem, "%s/acme/%s", origin,
				a->issue ? a->issue : "shop/issues/42"),
		&o, &thread, &a->err);
	if (!a->rc)
		a->rc = thread_post(
			s->mem, thread, MARKER, compose,
			talloc_strdup(s->mem, a->body ? a->body : BODY),
			&a->posted, &a->err);
	unsetenv("GIT_MIGRATE_TOKEN");
}

/* A post that must work. */
static struct attempt posted(struct server *s, const char *kind,
			     const char *body)
{
	struct attempt a = { .kind = kind, .body = body };

	post(s, &a);
	if (a.rc < 0)
		fail_msg("%s", a.err.message);
	return a;
}

/* --- tests --------------------------------------------------------------- */

static const char *const kinds[] = { "github", "gitea" };

static void stands_once_over_many_pages(void **state)
{
	static const char *const more[] = { "--comments", "250", "--plant",
					    MARKER, NULL };
	struct attempt a;

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct server *s = start(more);

		a = posted(s, kinds[k], BODY);
		assert_int_equal(a.posted.action, THREAD_CREATED);
		assert_non_null(strstr(a.posted.url, "#issuecomment-1251"));
		assert_non_null(strstr(a.posted.foreign, "#issuecomment-1008"));
		a = posted(s, kinds[k], NEWER);
		assert_int_equal(a.posted.action, THREAD_EDITED);
		assert_non_null(strstr(a.posted.url, "#issuecomment-1251"));
		a = posted(s, kinds[k], NEWER);
		assert_int_equal(a.posted.action, THREAD_UNCHANGED);
		assert_int_equal(marked(s, "alice"), 1);
		assert_int_equal(marked(s, "mallory"), 2);
		assert_int_equal(requests(s, "POST"), 1);
		assert_int_equal(requests(s, "PATCH"), 1);
		assert_non_null(strstr(contents(s, "comments"), "8b4f9e2"));
		stop(s);
	}
}

static void a_lost_reply_posts_nothing_twice(void **state)
{
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct server *s = start(NULL);
		struct attempt a;

		fault(s, "{\"method\": \"POST\", \"do\": \"store-reset\"}\n");
		a = posted(s, kinds[k], BODY);
		assert_int_equal(a.posted.action, THREAD_CREATED);
		assert_int_equal(marked(s, NULL), 1);
		assert_int_equal(requests(s, "POST"), 1);
		stop(s);
	}
}

static void a_request_that_was_lost_is_sent_again(void **state)
{
	struct server *s = start(NULL);

	(void)state;
	fault(s, "{\"method\": \"POST\", \"do\": \"reset\"}\n");
	posted(s, "github", BODY);
	assert_int_equal(marked(s, NULL), 1);
	assert_int_equal(requests(s, "POST"), 2);
	stop(s);
}

static void a_post_that_arrives_late_is_found(void **state)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = "github", .pause_ms = 1000 };

	(void)state;
	fault(s, "{\"method\": \"POST\", \"do\": \"late\"}\n");
	post(s, &a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(marked(s, NULL), 1);
	assert_int_equal(requests(s, "POST"), 1);
	stop(s);
}

static void a_reply_that_takes_too_long_is_looked_for(void **state)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = "gitea",
			     .pause_ms = 1000,
			     .total_ms = 300 };

	(void)state;
	fault(s, "{\"method\": \"POST\", \"do\": \"slow\", \"seconds\": 1}\n");
	post(s, &a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(marked(s, NULL), 1);
	assert_int_equal(requests(s, "POST"), 1);
	stop(s);
}

static void two_machines_at_once_leave_one_comment(void **state)
{
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct server *s = start(NULL);
		struct attempt a;

		fault(s, "{\"method\": \"POST\", \"do\": \"twin\"}\n");
		a = posted(s, kinds[k], BODY);
		assert_int_equal(a.posted.merged, 1);
		assert_int_equal(marked(s, NULL), 1);
		assert_non_null(strstr(a.posted.url, "#issuecomment-1001"));
		assert_non_null(strstr(contents(s, "comments"),
				       "This was posted twice; the comment is "
				       "[here]"));
		a = posted(s, kinds[k], BODY);
		assert_int_equal(a.posted.action, THREAD_UNCHANGED);
		stop(s);
	}
}

static void redirects_keep_the_method_within_an_origin(void **state)
{
	static const int statuses[] = { 301, 302, 307, 308 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct server *s = start(NULL);

		fault(s, talloc_asprintf(
				 s->mem,
				 "{\"method\": \"POST\", \"path\": "
				 "\"^/repos\", \"do\": \"redirect\", "
				 "\"status\": %d, \"to\": \"/moved{path}\"}"
				 "\n",
				 statuses[i]));
		posted(s, "github", BODY);
		assert_int_equal(marked(s, "alice"), 1);
		assert_int_equal(requests(s, "POST"), 2);
		stop(s);
	}
}

static void a_redirect_to_another_origin_gets_no_token(void **state)
{
	static const char *const methods[] = { "GET", "POST" };
	struct server *other = start(NULL);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct server *s = start(NULL);
		struct attempt a = { .kind = "github" };

		fault(s,
		      talloc_asprintf(s->mem,
				      "{\"method\": \"%s\", \"path\": "
				      "\"comments\", \"times\": 9, \"do\": "
				      "\"redirect\", \"status\": 307, \"to\": "
				      "\"http://127.0.0.1:%d{path}\"}\n",
				      methods[i], other->port));
		post(s, &a);
		assert_int_equal(a.rc, -1);
		assert_int_equal(a.err.code, ERROR_CONNECTION);
		assert_non_null(
			strstr(a.err.message,
			       "to another origin: 'http://127.0.0.1:"));
		error_release(&a.err);
		stop(s);
	}
	assert_string_equal(contents(other, "log"), "");
	stop(other);
}

static void pages_at_another_host_are_counted_instead(void **state)
{
	static const char *const more[] = { "--comments", "250", NULL };
	static const char *const faults[] = {
		"{\"method\": \"GET\", \"times\": 99, \"do\": \"bad-links\", "
		"\"host\": \"127.0.0.1:%d\"}\n",
		"{\"method\": \"GET\", \"times\": 99, \"do\": \"no-links\", "
		"\"host\": \"%d\"}\n",
	};
	struct server *other = start(NULL);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct server *s = start(more);
		char *line = talloc_strdup(s->mem, faults[i]);
		char *at = strstr(line, "%d");

		posted(s, "github", BODY);
		fault(s, talloc_asprintf(s->mem, "%.*s%d%s", (int)(at - line),
					 line, other->port, at + 2));
		posted(s, "github", NEWER);
		assert_int_equal(marked(s, NULL), 1);
		stop(s);
	}
	assert_string_equal(contents(other, "log"), "");
	stop(other);
}

/* Each line is a fault; what it says must be the error. */
static void refused(const char *kind, const char *line, const char *message,
		    const char *hint)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = kind, .patience_s = 2 };
	char *expected = talloc_asprintf(s->mem, "%s", message);
	char *at = strstr(expected, "PORT");

	if (at)
		expected = talloc_asprintf(s->mem, "%.*s%d%s",
					   (int)(at - expected), expected,
					   s->port, at + 4);
	fault(s, line);
	post(s, &a);
	assert_int_equal(a.rc, -1);
	assert_string_equal(a.err.message, expected);
	if (hint && !(a.err.hint && strstr(a.err.hint, hint)))
		fail_msg("no '%s' in: %s", hint, a.err.hint);
	assert_int_equal(marked(s, NULL), 0);
	error_release(&a.err);
	stop(s);
}

#define POST_TO "unable to post to 'http://127.0.0.1:PORT/acme/shop/issues/42'"
#define READ                                                                   \
	"unable to read the thread "                                           \
	"'http://127.0.0.1:PORT/acme/shop/issues/42'"

static void odd_successes_are_none(void **state)
{
	(void)state;
	refused("github",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 200, "
		"\"type\": \"text/html\", \"text\": \"<html>Sign in\"}\n",
		POST_TO ": GitHub answered 200, but 201 was expected",
		"is the API really at");
	refused("github",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 201, "
		"\"type\": \"text/html\", \"text\": \"<html>Sign in\"}\n",
		POST_TO ": GitHub answered 201, but with something else than "
			"JSON",
		NULL);
	refused("gitea",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 204}\n",
		POST_TO ": Gitea answered 204, but 201 was expected", NULL);
	refused("gitea",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 201, "
		"\"text\": \"{\\\"id\\\": 5, \"}\n",
		POST_TO ": Gitea answered 201, but not with the JSON it "
			"should",
		NULL);
	refused("gitea",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 201, "
		"\"text\": \"{\\\"id\\\": \\\"\xc3\xbf\\\"}\"}\n",
		POST_TO ": Gitea answered 201, but not with the JSON it "
			"should",
		NULL);
	refused("github",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 201, "
		"\"json\": {\"message\": \"Accepted\"}}\n",
		POST_TO ": GitHub answered 201, but without a comment's id",
		NULL);
	refused("github",
		"{\"method\": \"GET\", \"path\": \"comments\", \"do\": "
		"\"status\", \"status\": 200, \"json\": {\"a\": 1}}\n",
		READ ": GitHub answered 200, but not with the JSON it should",
		NULL);
}

static void says_what_the_tracker_said(void **state)
{
	(void)state;
	refused("github",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 422, "
		"\"json\": {\"message\": \"Validation Failed\", \"errors\": "
		"[{\"field\": \"data\", \"message\": \"Body is too "
		"long\"}]}}\n",
		POST_TO ": GitHub answered 422: Validation Failed",
		"git migrate post --dry-run");
	refused("github",
		"{\"method\": \"GET\", \"path\": \"comments\", \"do\": "
		"\"status\", \"status\": 403, \"headers\": {\"X-GitHub-SSO\": "
		"\"required; url=https://github.com/orgs/acme/sso\"}, "
		"\"json\": "
		"{\"message\": \"Resource protected\\u001b[31m\"}}\n",
		READ ": GitHub answered 403: Resource protected^[[31m",
		"single sign-on: https://github.com/orgs/acme/sso");
	refused("gitea",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 423, "
		"\"json\": {\"message\": \"repo is archived\"}}\n",
		POST_TO ": Gitea answered 423: repo is archived",
		"the repository is archived");
}

static void refuses_issue(const char *kind, const char *token,
			  const char *issue, const char *message,
			  const char *hint)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = kind, .token = token, .issue = issue };

	post(s, &a);
	assert_int_equal(a.rc, -1);
	if (!strstr(a.err.message, message))
		fail_msg("no '%s' in: %s", message, a.err.message);
	if (!strstr(a.err.hint, hint))
		fail_msg("no '%s' in: %s", hint, a.err.hint);
	error_release(&a.err);
	stop(s);
}

static void says_what_may_be_wrong(void **state)
{
	(void)state;
	refuses_issue("github", "wrong-token", NULL,
		      "answered 401: Bad "
		      "credentials",
		      "the token from GIT_MIGRATE_TOKEN is "
		      "wrong or has expired");
	refuses_issue("gitea", NULL, "shop/issues/7", "answered 404: Not Found",
		      "private repositories answer 404 too");
	refuses_issue("github", NULL, "silent/issues/1",
		      "answered 410: Issues "
		      "are disabled",
		      "issues are switched off");
	refuses_issue("github", NULL, "shop/issues/43",
		      "answered 403: Unable "
		      "to create comment because issue is locked",
		      "or the conversation is locked");
	refuses_issue("gitea", "reader-token", NULL, "answered 403",
		      "must be allowed to write issues");
}

static void waits_as_the_tracker_asks(void **state)
{
	static const char *const answers[] = {
		"\"status\": 429, \"headers\": {\"Retry-After\": \"1\"}",
		"\"status\": 403, \"headers\": {\"Retry-After\": \"1\"}",
		"\"status\": 503, \"headers\": {\"Retry-After\": \"Thu, 01 Jan "
		"1970 00:00:00 GMT\"}",
		"\"status\": 403, \"headers\": {\"X-RateLimit-Remaining\": "
		"\"0\", \"X-RateLimit-Reset\": \"1700000000\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct server *s = start(NULL);

		fault(s, talloc_asprintf(s->mem,
					 "{\"method\": \"POST\", \"do\": "
					 "\"status\", %s, \"json\": {}}\n",
					 answers[i]));
		posted(s, "github", BODY);
		assert_int_equal(marked(s, NULL), 1);
		assert_int_equal(requests(s, "POST"), 2);
		if (i < 2)
			assert_string_equal(s->said,
					    "GitHub limits the rate of "
					    "requests: waiting 1 s");
		stop(s);
	}
}

static void does_not_wait_for_ever(void **state)
{
	(void)state;
	refused("github",
		"{\"method\": \"POST\", \"do\": \"status\", \"status\": 403, "
		"\"headers\": {\"Retry-After\": \"720\"}, \"json\": "
		"{\"message\": \"You have exceeded a secondary rate "
		"limit\"}}\n",
		POST_TO ": GitHub limits the rate of requests: You have "
			"exceeded a secondary rate limit",
		"again in 12 min 00 s: git migrate post");
	refused("gitea",
		"{\"method\": \"GET\", \"do\": \"status\", \"status\": 429, "
		"\"json\": {}}\n",
		"unable to learn whose token it is, for "
		"'http://127.0.0.1:PORT/acme/shop/issues/42': Gitea limits the "
		"rate of requests",
		"again in 1 min 00 s");
}

static void what_only_reads_is_tried_again(void **state)
{
	struct server *s = start(NULL);

	(void)state;
	fault(s, "{\"method\": \"GET\", \"path\": \"user$\", \"do\": "
		 "\"status\", \"status\": 502, \"json\": {}}\n"
		 "{\"method\": \"GET\", \"path\": \"comments\", \"times\": 2, "
		 "\"do\": \"reset\"}\n"
		 "{\"method\": \"GET\", \"path\": \"comments\", \"do\": "
		 "\"truncated\"}\n"
		 "{\"method\": \"PATCH\", \"do\": \"store-reset\"}\n");
	posted(s, "github", BODY);
	posted(s, "github", NEWER);
	assert_int_equal(marked(s, NULL), 1);
	assert_int_equal(requests(s, "POST"), 1);
	assert_int_equal(requests(s, "PATCH"), 2);
	stop(s);
}

static void an_endless_answer_is_cut(void **state)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = "github" };

	(void)state;
	fault(s, "{\"method\": \"GET\", \"path\": \"user$\", \"times\": 9, "
		 "\"do\": \"endless\"}\n");
	post(s, &a);
	assert_int_equal(a.rc, -1);
	assert_non_null(strstr(a.err.message, "is longer than 8 MiB"));
	error_release(&a.err);
	stop(s);
}

static void a_token_that_may_not_say_whose_it_is(void **state)
{
	struct server *s = start(NULL);
	struct attempt a = { .kind = "github", .token = "runner-token" };

	(void)state;
	unsetenv("GITHUB_ACTIONS");
	post(s, &a);
	assert_int_equal(a.rc, -1);
	assert_non_null(strstr(a.err.hint, "git config migrate-tracker.127.0"));
	error_release(&a.err);
	a.user = "nobody";
	post(s, &a);
	assert_int_equal(a.rc, -1);
	assert_non_null(strstr(a.err.message, "was made by "
					      "'github-actions[bot]', not by "
					      "'nobody'"));
	error_release(&a.err);
	a.user = "GitHub-Actions[bot]";
	a.body = NEWER;
	post(s, &a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.posted.action, THREAD_EDITED);
	assert_int_equal(marked(s, NULL), 1);
	stop(s);
}

static void a_long_comment_is_cut_and_found_again(void **state)
{
	struct server *s = start(NULL);
	char *body = talloc_strdup(s->mem, "");
	struct attempt a;

	(void)state;
	for (int i = 0; i < 9000; i++)
		body = talloc_strdup_append_buffer(body, "ünd so weiter\n");
	body = talloc_asprintf(s->mem, "%s\n%s", body, MARKER);
	posted(s, "github", body);
	a = posted(s, "github", body);
	assert_int_equal(a.posted.action, THREAD_UNCHANGED);
	assert_int_equal(marked(s, NULL), 1);
	stop(s);
}

static void certificates_are_verified(void **state)
{
	struct server *s = start(NULL), *tls;
	char *cert = talloc_asprintf(s->mem, "%s/cert", s->dir);
	char *key = talloc_asprintf(s->mem, "%s/key", s->dir);
	const char *const argv[] = { "openssl",	 "req",
				     "-x509",	 "-newkey",
				     "rsa:2048", "-nodes",
				     "-days",	 "2",
				     "-subj",	 "/CN=127.0.0.1",
				     "-addext",	 "subjectAltName=IP:127.0.0.1",
				     "-keyout",	 key,
				     "-out",	 cert,
				     NULL };
	const char *more[] = { "--tls", cert, key, NULL };
	struct attempt a = { .kind = "github", .ca_info = "" };
	struct error err = { 0 };
	char *out, *complaint;
	size_t length;

	(void)state;
	if (process_run(s->mem, argv, NULL, NULL, NULL, 0, &out, &length,
			&complaint, &err) != 0) {
		error_release(&err);
		stop(s);
		skip();
	}
	tls = start(more);
	post(tls, &a);
	assert_int_equal(a.rc, -1);
	assert_non_null(strstr(a.err.message, "certificate"));
	assert_non_null(strstr(a.err.hint, "git config http.sslCAInfo FILE"));
	error_release(&a.err);
	assert_string_equal(contents(tls, "log"), "");
	a.ca_info = cert;
	post(tls, &a);
	assert_int_equal(a.rc, 0);
	assert_int_equal(marked(tls, NULL), 1);
	stop(tls);
	stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stands_once_over_many_pages),
		cmocka_unit_test(a_lost_reply_posts_nothing_twice),
		cmocka_unit_test(a_request_that_was_lost_is_sent_again),
		cmocka_unit_test(a_post_that_arrives_late_is_found),
		cmocka_unit_test(a_reply_that_takes_too_long_is_looked_for),
		cmocka_unit_test(two_machines_at_once_leave_one_comment),
		cmocka_unit_test(redirects_keep_the_method_within_an_origin),
		cmocka_unit_test(a_redirect_to_another_origin_gets_no_token),
		cmocka_unit_test(pages_at_another_host_are_counted_instead),
		cmocka_unit_test(odd_successes_are_none),
		cmocka_unit_test(says_what_the_tracker_said),
		cmocka_unit_test(says_what_may_be_wrong),
		cmocka_unit_test(waits_as_the_tracker_asks),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(what_only_reads_is_tried_again),
		cmocka_unit_test(an_endless_answer_is_cut),
		cmocka_unit_test(a_token_that_may_not_say_whose_it_is),
		cmocka_unit_test(a_long_comment_is_cut_and_found_again),
		cmocka_unit_test(certificates_are_verified),
	};

	return cmocka_run_group_tests(tests, NULL, end_spare);
}
