#ifndef CORE_THREAD_REST_H
#define CORE_THREAD_REST_H

#include <jansson.h>

#include "core/thread/tracker.h"

/*
 * What trackers with a JSON API over HTTP share: one call with the token, the
 * retries that are safe, and errors that say what the tracker said.
 */

/* Private to the files of this folder. */
struct thread {
	struct thread_options options;
	struct tracker_place *place;
	struct http *http;
	struct token *token;
	char *login; /* of the token's user; NULL: not asked yet */
	int64_t user_id;
	int64_t changed_us; /* clock_mono_us() after the last change, or 0 */
	int status;	    /* of the last answer; 0: there was none */
};

struct rest_call {
	const char *method;
	const char *url;   /* whole */
	const char *doing; /* for errors: "unable to read the thread" */
	json_t *body;	   /* borrowed; NULL: none */
	int success;	   /* the one status that means that it worked */
	bool array;	   /* the answer is a JSON array, else an object */
	size_t limit;	   /* of the answer; 0: the default */
};

struct rest_answer {
	json_t *json; /* freed with the answer */
	struct http_response *response;
};

/*
 * One call. GET and PATCH are repeated after a failure that may pass; a POST
 * only when the tracker said that it did not carry it out (a rate limit).
 * *doubt and *again (both may be NULL) as in struct tracker's create.
 */
int rest_call(TALLOC_CTX *mem, struct thread *thread,
	      const struct rest_call *call, struct rest_answer **answer,
	      bool *doubt, bool *again, struct error *err);

/* Waits, and says what for; ERROR_INTERRUPTED when the person ends it. */
int thread_wait(struct thread *thread, int64_t ms, const char *what,
		struct error *err);

/* --- comments of an issue (issue.c) -------------------------------------- */

/*
 * As GitHub's API and those modelled on it have them: /user,
 * /repos/OWNER/REPO/issues/NUMBER/comments and issues/comments/ID. They fit
 * into struct tracker.
 */
int issue_whoami(struct thread *thread, struct error *err);
int issue_create(TALLOC_CTX *mem, struct thread *thread, const char *body,
		 struct tracker_comment **comment, bool *doubt, bool *again,
		 struct error *err);
int issue_edit(TALLOC_CTX *mem, struct thread *thread, const char *id,
	       const char *body, struct tracker_comment **comment,
	       struct error *err);

/* The address of the issue's comments, owned by mem. */
char *issue_comments(TALLOC_CTX *mem, const struct thread *thread);

/* Reads one page of them: the call for it, and then each comment. */
int issue_page(TALLOC_CTX *mem, struct thread *thread, const char *url,
	       size_t limit, struct rest_answer **page, struct error *err);
int issue_each(const struct rest_answer *page, tracker_comment_fn fn,
	       void *data);

/* --- addresses (place.c) ------------------------------------------------- */

/*
 * Takes "/OWNER/REPO/issues/NUMBER" (also pull and pulls) apart; with_prefix
 * lets folders stand before the owner. -1 for any other path.
 */
int place_take_issue(struct tracker_place *place, const char *path,
		     bool with_prefix);

/* --- tokens (token.c) ---------------------------------------------------- */

struct token {
	char *value;	      /* printable ASCII without spaces */
	const char *source;   /* "GH_TOKEN", "git credential": for messages */
	const char *username; /* of a stored credential, or NULL */
	bool stored;	      /* from git credential */
};

/* The token for this place; freeing it wipes it. */
int token_find(TALLOC_CTX *mem, const struct tracker_place *place,
	       const struct thread_options *options, struct token **token,
	       struct error *err);

/* Whether the address in an environment variable names the place's host. */
bool token_names_host(const char *variable, const struct tracker_place *place);

/* An environment variable that is set and not empty, or NULL. */
const char *token_variable(const char *name);

#endif
