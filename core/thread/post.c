#include "core/thread/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/text.h"
#include "core/thread/markdown.h"
#include "core/thread/marker.h"

int thread_open(TALLOC_CTX *mem, const char *url,
		const struct thread_options *options, struct thread **thread,
		struct error *err)
{
	struct thread *t = talloc_zero(mem, struct thread);

	t->options = *options;
	if (tracker_locate(t, options->config, url, &t->place, err) < 0 ||
	    token_find(t, t->place, options, &t->token, err) < 0 ||
	    http_open(t, &options->http, &t->http, err) < 0) {
		talloc_free(t);
		return -1;
	}
	*thread = t;
	return 0;
}

/* --- whose comments are ours --------------------------------------------- */

/* The user as the configuration has it, or as the tracker says. */
static int learn_user(struct thread *t, struct error *err)
{
	const struct config *config = t->options.config;
	const char *user;
	char *key;

	if (t->login)
		return 0;
	key = talloc_asprintf(NULL, "migrate-tracker.%s.user", t->place->host);
	user = config_get(config, key);
	if (user && config_is_own(config, key))
		t->login = talloc_strdup(t, user);
	talloc_free(key);
	return t->login ? 0 : t->place->tracker->whoami(t, err);
}

static bool is_ours(const struct thread *t, const struct tracker_comment *c)
{
	if (t->user_id && c->author_id)
		return t->user_id == c->author_id;
	return *c->author && !strcasecmp(t->login, c->author);
}

/* --- finding ------------------------------------------------------------- */

struct found {
	char *id, *url, *body;
};

/* One comment to be posted. */
struct job {
	TALLOC_CTX *mem;
	struct thread *thread;
	const char *marker;
	thread_compose_fn compose;
	void *data;
	struct thread_posted *posted;
};

struct search {
	struct thread *thread;
	const char *marker;
	struct found *list; /* ours, oldest first */
	size_t count;
	char *foreign; /* another author's, the first */
};

static int take(const struct tracker_comment *c, void *data)
{
	struct search *s = data;
	struct found *f;

	if (!marker_in(c->body, s->marker))
		return 0;
	if (!is_ours(s->thread, c)) {
		if (!s->foreign)
			s->foreign = text_visible(s, c->url, false);
		return 0;
	}
	s->list = talloc_realloc(s, s->list, struct found,
				 (unsigned)s->count + 1);
	f = &s->list[s->count++];
	f->id = talloc_strdup(s, c->id);
	f->url = text_visible(s, c->url, false);
	f->body = talloc_strdup(s, c->body);
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const char *one = ((const struct found *)a)->id;
	const char *two = ((const struct found *)b)->id;
	size_t n = strlen(one), m = strlen(two);

	return n != m ? (n > m ? 1 : -1) : strcmp(one, two);
}

static int find(const struct job *job, const char *since,
		struct search **search, struct error *err)
{
	struct search *s = talloc_zero(job->mem, struct search);
	struct thread *t = job->thread;

	s->thread = t;
	s->marker = job->marker;
	if (t->place->tracker->each(t, since, take, s, err) < 0) {
		talloc_free(s);
		return -1;
	}
	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), by_age);
	*search = s;
	return 0;
}

/* The text for the thread, within the tracker's limit. */
static int make_body(const struct job *job, const char *existing, char **body,
		     struct error *err)
{
	char *whole;

	if (job->compose(job->mem, existing, &whole, job->data, err) < 0)
		return -1;
	*body = markdown_limit(job->mem, whole, job->marker,
			       job->thread->place->tracker->limit);
	return 0;
}

/* --- what is there already ----------------------------------------------- */

/* Trackers may give line ends and the end of the text back otherwise. */
static bool same_text(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == '\r')
			a++;
		while (*b == '\r')
			b++;
		if (*a != *b || !*a)
			break;
	}
	return a[strspn(a, "\r\n \t")] == '\0' &&
	       b[strspn(b, "\r\n \t")] == '\0';
}

/* One of several that machines posted at the same moment. */
static int point_at(struct thread *t, const struct found *extra,
		    const char *url, struct error *err)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	struct tracker_comment *changed;
	char *body = talloc_asprintf(scope,
				     "*This was posted twice; the comment is "
				     "[here](<%s>).*",
				     url);
	int rc = t->place->tracker->edit(scope, t, extra->id, body, &changed,
					 err);

	talloc_free(scope);
	return rc;
}

/* Makes the oldest say what it should, and the others point at it. */
static int settle(const struct job *job, const struct search *s,
		  struct error *err)
{
	struct thread *t = job->thread;
	struct tracker_comment *changed;
	char *body;

	if (make_body(job, s->list[0].body, &body, err) < 0)
		return -1;
	job->posted->url = s->list[0].url;
	job->posted->action = THREAD_UNCHANGED;
	if (!same_text(s->list[0].body, body)) {
		job->posted->action = THREAD_EDITED;
		if (t->place->tracker->edit(job->mem, t, s->list[0].id, body,
					    &changed, err) < 0)
			return -1;
	}
	for (size_t i = 1; i < s->count; i++, job->posted->merged++)
		if (point_at(t, &s->list[i], s->list[0].url, err) < 0)
			return -1;
	return 0;
}

/* --- posting ------------------------------------------------------------- */

/* One hour before a time as trackers write it; NULL when it is none. */
static char *hour_before(TALLOC_CTX *mem, const char *time)
{
	struct tm tm = { 0 };
	int hours = 0, minutes = 0, used = 0;
	char sign = '+', *text;
	time_t at;

	if (sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) < 6)
		return NULL;
	time += used;
	if (*time == '.')
		time += 1 + strspn(time + 1, "0123456789");
	if (*time != 'Z' &&
	    sscanf(time, "%c%2d:%2d", &sign, &hours, &minutes) < 3)
		return NULL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at = timegm(&tm) - 3600;
	at -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	gmtime_r(&at, &tm);
	text = talloc_zero_size(mem, 32);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

/*
 * The reply was lost or odd, and the comment may be there all the same, even a
 * moment later. *s is the search that found it, or one without.
 */
static int look_again(const struct job *job, struct search **s,
		      struct error *err)
{
	for (int turn = 0; turn < 3; turn++) {
		int64_t ms = job->thread->options.pause_ms < 0 ? 0
							       : 1000 << turn;

		if (turn && thread_wait(job->thread, ms, NULL, err) < 0)
			return -1;
		if (find(job, NULL, s, err) < 0)
			return -1;
		if ((*s)->count)
			break;
	}
	return 0;
}

/* *s is NULL, or the search that found it after a lost reply: then no *c. */
static int create(const struct job *job, const char *body,
		  struct tracker_comment **c, struct search **s,
		  struct error *err)
{
	struct thread *t = job->thread;
	struct error lost = { 0 };
	bool doubt, again;
	int rc;

	for (int turn = 0; turn < 2; turn++) {
		*s = NULL;
		error_release(&lost);
		if (!t->place->tracker->create(job->mem, t, body, c, &doubt,
					       &again, &lost))
			return 0;
		if (!doubt || lost.code == ERROR_INTERRUPTED)
			break;
		rc = look_again(job, s, err);
		if (rc < 0 || (*s)->count) {
			error_release(&lost);
			return rc;
		}
		if (!again)
			break;
	}
	*err = lost;
	if (doubt)
		error_hint(err, "it may still arrive; this is safe to repeat: "
				"git migrate post");
	return -1;
}

/* A comment that is not found by its author next time would stand twice. */
static int check_author(const struct job *job, const struct tracker_comment *c,
			struct error *err)
{
	const char *author = text_visible(job->mem, c->author, false);

	if (is_ours(job->thread, c))
		return 0;
	error_set(err, ERROR_FAILED,
		  "the comment %s was made by '%s', not by '%s'",
		  job->posted->url, author, job->thread->login);
	return error_hint(err,
			  "so that it is found next time: "
			  "git config migrate-tracker.%s.user '%s'",
			  job->thread->place->host, author);
}

static int post_new(const struct job *job, struct error *err)
{
	struct tracker_comment *c;
	struct search *s;
	char *body;
	int rc;

	if (make_body(job, NULL, &body, err) < 0 ||
	    create(job, body, &c, &s, err) < 0)
		return -1;
	if (s) {
		rc = settle(job, s, err);
	} else {
		job->posted->url = text_visible(job->mem, c->url, false);
		/* another machine may have posted since we looked */
		if (check_author(job, c, err) < 0 ||
		    find(job, hour_before(job->mem, c->created), &s, err) < 0)
			return -1;
		rc = s->count > 1 ? settle(job, s, err) : 0;
	}
	job->posted->action = THREAD_CREATED;
	return rc;
}

int thread_post(TALLOC_CTX *mem, struct thread *t, const char *marker,
		thread_compose_fn compose, void *data,
		struct thread_posted *posted, struct error *err)
{
	struct job job = {
		.mem = talloc_new(mem),
		.thread = t,
		.marker = marker,
		.compose = compose,
		.data = data,
		.posted = posted,
	};
	struct search *s;
	int rc = learn_user(t, err);

	memset(posted, 0, sizeof(*posted));
	if (!rc)
		rc = find(&job, NULL, &s, err);
	if (!rc) {
		posted->foreign = s->foreign;
		rc = s->count ? settle(&job, s, err) : post_new(&job, err);
	}
	if (rc < 0) {
		talloc_free(job.mem);
		return -1;
	}
	posted->url = talloc_strdup(mem, posted->url);
	if (posted->foreign)
		posted->foreign = talloc_strdup(mem, posted->foreign);
	talloc_free(job.mem);
	return 0;
}
