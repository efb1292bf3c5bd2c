#include "core/thread/rest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/text.h"
#include "core/thread/markdown.h"

#define MAX_TRIES 4
#define MAX_SAID 400

static int free_answer(struct rest_answer *answer)
{
	json_decref(answer->json);
	return 0;
}

/* --- waiting ------------------------------------------------------------- */

int thread_wait(struct thread *thread, int64_t ms, const char *what,
		struct error *err)
{
	int64_t until = clock_mono_us() + ms * 1000, now;
	const struct thread_options *o = &thread->options;

	if (what && o->say && ms >= 1000)
		o->say(what, o->say_data);
	while ((now = clock_mono_us()) < until) {
		int64_t slice = until - now < 100000 ? until - now : 100000;
		struct timespec ts = { 0, (long)slice * 1000 };

		if (o->http.tick && o->http.tick(o->http.tick_data))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		nanosleep(&ts, NULL);
	}
	return 0;
}

static int64_t pause_ms(const struct thread *thread)
{
	int ms = thread->options.pause_ms;

	return ms < 0 ? 0 : ms ? ms : 1000;
}

/* Trackers ask for a second between changes. */
static int pace(struct thread *thread, const struct rest_call *call,
		struct error *err)
{
	int64_t since = (clock_mono_us() - thread->changed_us) / 1000;

	if (!strcmp(call->method, "GET") || !thread->changed_us ||
	    since >= pause_ms(thread))
		return 0;
	return thread_wait(thread, pause_ms(thread) - since, NULL, err);
}

/* --- what the tracker said ----------------------------------------------- */

/* Safe for a terminal, without secrets, and not endless. */
static char *shown(TALLOC_CTX *mem, const char *text)
{
	char *safe = markdown_redact(mem, text);
	char *visible = text_visible(mem, safe, false);
	size_t n = strlen(visible);

	if (n <= MAX_SAID)
		return visible;
	for (n = MAX_SAID; ((unsigned char)visible[n] & 0xc0) == 0x80; n--)
		;
	return talloc_asprintf(mem, "%.*s…", (int)n, visible);
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text && *text ? text : NULL;
}

/* One element of "errors": a text, or an object of a field and a code. */
static char *one_error(TALLOC_CTX *mem, const json_t *e)
{
	const char *message = text_of(e, "message");
	const char *field = text_of(e, "field"), *code = text_of(e, "code");

	if (json_is_string(e))
		return shown(mem, json_string_value(e));
	if (message && field)
		return shown(mem,
			     talloc_asprintf(mem, "%s: %s", field, message));
	if (message)
		return shown(mem, message);
	return field && code
		       ? shown(mem, talloc_asprintf(mem, "%s: %s", field, code))
		       : NULL;
}

static void add_details(TALLOC_CTX *scope, const json_t *json,
			struct error *err)
{
	const json_t *errors = json_object_get(json, "errors"), *e;
	char *lines = talloc_strdup(scope, "");
	size_t i;

	json_array_foreach (errors, i, e) {
		char *line = i < 10 ? one_error(scope, e) : NULL;

		if (line)
			lines = talloc_asprintf_append(
				lines, "%s%s", *lines ? "\n" : "", line);
	}
	if (*lines)
		error_detail(err, "%s", lines);
}

static void add_hints(const struct thread *t, const struct rest_answer *a,
		      struct error *err)
{
	const char *sso = http_header(a->response, "x-github-sso");
	const char *source = t->token->source, *url;
	TALLOC_CTX *scope = talloc_new(NULL);

	switch (a->response->status) {
	case 401:
		error_hint(err,
			   "the token from %s is wrong or has expired; "
			   "make a new one",
			   source);
		break;
	case 403:
		url = sso ? strstr(sso, "url=") : NULL;
		if (url)
			error_hint(err,
				   "authorise the token for single "
				   "sign-on: %s",
				   shown(scope, url + 4));
		else
			error_hint(err,
				   "the token from %s may not do that: "
				   "it must be allowed to write issues; "
				   "or the conversation is locked",
				   source);
		break;
	case 404:
		error_hint(err,
			   "there is no such issue, or the token from %s "
			   "may not see it: private repositories answer "
			   "404 too",
			   source);
		break;
	case 410:
		error_hint(err, "issues are switched off in that repository, "
				"or the issue was deleted");
		break;
	case 413:
	case 422:
		error_hint(err, "the comment may be too long; look at it: "
				"git migrate post --dry-run");
		break;
	case 423:
		error_hint(err, "the repository is archived");
		break;
	default:
		break;
	}
	talloc_free(scope);
}

/* The answer was no. */
static int refuse(const struct thread *t, const struct rest_call *call,
		  const struct rest_answer *a, struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	const char *said = text_of(a->json, "message");
	int status = a->response->status;

	error_set(err,
		  status == 401 || status == 403 ? ERROR_REFUSED
						 : ERROR_CONNECTION,
		  "%s '%s': %s answered %d%s%s", call->doing, t->place->url,
		  t->place->tracker->name, status, said ? ": " : "",
		  said ? shown(scope, said) : "");
	add_details(scope, a->json, err);
	add_hints(t, a, err);
	talloc_free(scope);
	return -1;
}

static bool is_json(const struct http_response *r)
{
	const char *type = http_header(r, "content-type");
	size_t n = type ? strcspn(type, "; ") : 0;

	return type &&
	       ((n == 16 && !strncasecmp(type, "application/json", n)) ||
		(n > 5 && !strncasecmp(type + n - 5, "+json", 5)));
}

/* 2xx, but not the answer that says that it worked. */
static int odd(const struct thread *t, const struct rest_call *call,
	       const struct rest_answer *a, const char *why, struct error *err)
{
	error_set(err, ERROR_CONNECTION, "%s '%s': %s answered %d, but %s",
		  call->doing, t->place->url, t->place->tracker->name,
		  a->response->status, why);
	return error_hint(err,
			  "is the API really at '%s'? otherwise: "
			  "git config migrate-tracker.%s.api URL",
			  t->place->api, t->place->host);
}

static int judge(const struct thread *t, const struct rest_call *call,
		 const struct rest_answer *a, struct error *err)
{
	int status = a->response->status;

	if (status < 200 || status > 299)
		return refuse(t, call, a, err);
	if (status != call->success)
		return odd(t, call, a,
			   talloc_asprintf(t->place, "%d was expected",
					   call->success),
			   err);
	if (!is_json(a->response))
		return odd(t, call, a, "with something else than JSON", err);
	if (call->array ? !json_is_array(a->json) : !json_is_object(a->json))
		return odd(t, call, a, "not with the JSON it should", err);
	return 0;
}

/* --- limits and retries -------------------------------------------------- */

static bool is_limited(const struct rest_answer *a)
{
	const struct http_response *r = a->response;
	const char *left = http_header(r, "x-ratelimit-remaining");
	const char *said = text_of(a->json, "message");

	if (r->status == 429)
		return true;
	if (r->status == 503)
		return http_header(r, "retry-after") != NULL;
	return r->status == 403 &&
	       (http_header(r, "retry-after") || (left && !strcmp(left, "0")) ||
		(said && strcasestr(said, "rate limit")));
}

/* Seconds that the tracker asks for; -1: it does not say. */
static int64_t asked_wait(const struct http_response *r)
{
	const char *after = http_header(r, "retry-after");
	const char *reset = http_header(r, "x-ratelimit-reset");
	int64_t now = (int64_t)time(NULL), seconds = -1, at;

	if (after)
		seconds = http_retry_after(after, now);
	if (seconds < 0 && reset) {
		at = strtoll(reset, NULL, 10);
		if (at > 100000000000) /* some count milliseconds */
			at /= 1000;
		if (at > 1000000000)
			seconds = at > now ? at - now : 0;
	}
	return seconds;
}

static int too_long_to_wait(const struct thread *t,
			    const struct rest_call *call,
			    const struct rest_answer *a, int64_t seconds,
			    struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	const char *said = text_of(a->json, "message");

	error_set(err, ERROR_BUSY,
		  "%s '%s': %s limits the rate of requests%s%s", call->doing,
		  t->place->url, t->place->tracker->name, said ? ": " : "",
		  said ? shown(scope, said) : "");
	error_hint(err, "again in %s: git migrate post",
		   text_duration(scope, (double)seconds * 1000));
	talloc_free(scope);
	return -1;
}

/* Waits as asked while `left` (ms) allows, and takes it off. */
static int wait_for_limit(struct thread *t, const struct rest_call *call,
			  const struct rest_answer *a, int tries, int64_t *left,
			  struct error *err)
{
	int64_t seconds = asked_wait(a->response);
	char what[160];

	if (seconds < 0)
		seconds = (int64_t)60 << tries;
	if (seconds * 1000 > *left)
		return too_long_to_wait(t, call, a, seconds, err);
	*left -= seconds * 1000;
	snprintf(what, sizeof(what),
		 "%s limits the rate of requests: waiting %lld s",
		 t->place->tracker->name, (long long)seconds);
	return thread_wait(t, seconds * 1000, what, err);
}

static bool may_pass(int status)
{
	return status == 500 || status == 502 || status == 503 || status == 504;
}

static bool repeatable(const struct rest_call *call)
{
	return strcmp(call->method, "POST") != 0;
}

/* --- one call ------------------------------------------------------------ */

static int send_once(TALLOC_CTX *mem, struct thread *t,
		     const struct rest_call *call, struct rest_answer **answer,
		     bool *sent, struct error *err)
{
	const struct tracker *tracker = t->place->tracker;
	const char *headers[12];
	size_t n = 0;
	char *body = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
	struct http_request request = {
		.method = call->method,
		.url = call->url,
		.headers = headers,
		.body = body,
		.body_length = body ? strlen(body) : 0,
		.limit = call->limit,
	};
	struct rest_answer *a = talloc_zero(mem, struct rest_answer);
	char *secret = talloc_asprintf(a, "Authorization: %s %s",
				       tracker->scheme, t->token->value);
	int rc;

	*sent = false;
	talloc_set_destructor(a, free_answer);
	for (; n < 10 && tracker->headers[n]; n++)
		headers[n] = tracker->headers[n];
	if (body)
		headers[n++] = "Content-Type: application/json";
	headers[n] = NULL;
	request.secret = secret;
	rc = pace(t, call, err);
	if (!rc)
		rc = http_send(a, t->http, &request, &a->response, sent, err);
	if (strcmp(call->method, "GET") != 0)
		t->changed_us = clock_mono_us();
	explicit_bzero(secret, strlen(secret));
	free(body);
	if (rc < 0) {
		talloc_free(a);
		return -1;
	}
	if (is_json(a->response))
		a->json = json_loadb(a->response->body, a->response->length,
				     JSON_REJECT_DUPLICATES, NULL);
	*answer = a;
	return 0;
}

/* What was tried so far, and whether to go on. */
struct course {
	int tries;
	int64_t left; /* ms that may still be waited */
};

/* 1: try again, 0: not, -1: error. */
static int after_failure(struct thread *t, const struct rest_call *call,
			 struct course *c, struct error *err)
{
	int64_t wait = pause_ms(t) << c->tries;

	if (!repeatable(call) || err->code == ERROR_INTERRUPTED ||
	    err->code == ERROR_FAILED || ++c->tries == MAX_TRIES ||
	    wait > c->left)
		return -1;
	error_release(err);
	c->left -= wait;
	return thread_wait(t, wait, NULL, err) < 0 ? -1 : 1;
}

static int after_answer(struct thread *t, const struct rest_call *call,
			const struct rest_answer *a, struct course *c,
			struct error *err)
{
	int64_t wait = pause_ms(t) << c->tries;
	int tries = c->tries++;

	if (is_limited(a) && c->tries < MAX_TRIES)
		return wait_for_limit(t, call, a, tries, &c->left, err) < 0 ? -1
									    : 1;
	if (!may_pass(a->response->status) || !repeatable(call) ||
	    c->tries >= MAX_TRIES || wait > c->left)
		return 0;
	c->left -= wait;
	return thread_wait(t, wait, NULL, err) < 0 ? -1 : 1;
}

static void tell_credential(const struct thread *t, int status)
{
	const struct thread_credential *c = &t->options.credential;

	if (!t->token->stored || !c->report || (status >= 300 && status != 401))
		return;
	c->report(strncmp(t->place->origin, "https:", 6) ? "http" : "https",
		  t->place->host, t->token->username, t->token->value,
		  status != 401, c->data);
	t->token->stored = false; /* once is enough */
}

int rest_call(TALLOC_CTX *mem, struct thread *t, const struct rest_call *call,
	      struct rest_answer **answer, bool *doubt, bool *again,
	      struct error *err)
{
	int patience = t->options.patience_s ? t->options.patience_s : 60;
	struct course course = { .left = (int64_t)patience * 1000 };
	struct rest_answer *a = NULL;
	bool sent, ignored;
	int go;

	t->status = 0;
	doubt = doubt ? doubt : &ignored;
	again = again ? again : &ignored;
	*doubt = *again = false;
	do {
		talloc_free(a);
		a = NULL;
		if (send_once(mem, t, call, &a, &sent, err) < 0) {
			go = after_failure(t, call, &course, err);
			*doubt = *again = sent;
			continue;
		}
		go = after_answer(t, call, a, &course, err);
	} while (go > 0);
	if (go < 0) {
		talloc_free(a);
		if (err->code == ERROR_CONNECTION && !a)
			error_prefix(err, "%s '%s'", call->doing,
				     t->place->url);
		return -1;
	}
	t->status = a->response->status;
	tell_credential(t, t->status);
	if (judge(t, call, a, err) < 0) {
		/* 2xx may have stored it, 5xx too; anything else has not */
		*again = a->response->status >= 500;
		*doubt = *again || a->response->status < 300;
		talloc_free(a);
		return -1;
	}
	*doubt = *again = false;
	*answer = a;
	return 0;
}
