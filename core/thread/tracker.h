#ifndef CORE_THREAD_TRACKER_H
#define CORE_THREAD_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/base/http.h"
#include "core/config.h"

/*
 * Issue trackers over HTTP. A tracker is a table of functions in a file of its
 * own; to add one, write that file and put its table into the list in
 * tracker.c. What they share is in rest.h (requests) and post.c (that a
 * comment stands once).
 */

struct tracker;
struct thread;

/* An issue: what its address says. Strings belong to the struct. */
struct tracker_place {
	const struct tracker *tracker;
	const char *url;    /* of the issue, without query and fragment */
	const char *origin; /* "https://git.example:8443" */
	const char *host;   /* "git.example:8443": lower case, with the port
			       where it is not the scheme's own */
	const char *api;    /* base of all requests, without closing slash */
	bool own_api;	    /* the person's own configuration names api */
	const char *prefix; /* "" or "/sub/path" before the owner */
	const char *owner, *repo, *number;
};

struct tracker_comment {
	const char *id;
	const char *url;
	const char *author; /* login; "" when the account is gone */
	int64_t author_id;  /* 0: unknown */
	const char *body;
	const char *created; /* RFC 3339 */
};

/* The comment is valid during the call only; nonzero ends the reading. */
typedef int (*tracker_comment_fn)(const struct tracker_comment *comment,
				  void *data);

struct tracker {
	const char *kind; /* in migrate-tracker.HOST.kind; also an alias */
	const char *alias;
	const char *name;	    /* for messages */
	size_t limit;		    /* of a comment in bytes; 0: none known */
	const char *scheme;	    /* of the Authorization header */
	const char *const *headers; /* of every request */

	/* Whether the host is known to be of this kind. */
	bool (*is_home)(const char *host);
	/*
	 * Takes the path of an issue's address apart into prefix, owner, repo
	 * and number, and sets api unless it is set. -1: not an issue's path.
	 */
	int (*locate)(struct tracker_place *place, const char *path);
	/* A token that the environment has for this host, or NULL; `source`
	   is the variable's name. */
	const char *(*environment)(const struct tracker_place *place,
				   const char **source);

	/* Fills the thread's login and user id: those of the token's user. */
	int (*whoami)(struct thread *thread, struct error *err);
	/* All comments, or those changed since a time (RFC 3339). */
	int (*each)(struct thread *thread, const char *since,
		    tracker_comment_fn fn, void *data, struct error *err);
	/*
	 * *doubt is set when the call failed but the comment may be there;
	 * *again also when it makes sense to try once more.
	 */
	int (*create)(TALLOC_CTX *mem, struct thread *thread, const char *body,
		      struct tracker_comment **comment, bool *doubt,
		      bool *again, struct error *err);
	int (*edit)(TALLOC_CTX *mem, struct thread *thread, const char *id,
		    const char *body, struct tracker_comment **comment,
		    struct error *err);
};

extern const struct tracker tracker_github, tracker_gitea;

/* NULL when there is no such kind. */
const struct tracker *tracker_named(const char *kind);
/* The tracker that is known to run at a host, or NULL. */
const struct tracker *tracker_at_home(const char *host);
/* "github, gitea, forgejo" */
char *tracker_kinds(TALLOC_CTX *mem);

/*
 * Where an issue's address points to. The kind of tracker comes from
 * migrate-tracker.HOST.kind in the person's own configuration, or is known for
 * the host; the API's base from migrate-tracker.HOST.api, or follows from
 * both. Needs no network.
 */
int tracker_locate(TALLOC_CTX *mem, const struct config *config,
		   const char *url, struct tracker_place **place,
		   struct error *err);

/*
 * Whether a secret may go to that host: the person's own configuration names
 * it (migrate-tracker.HOST.kind or .api), or it is the host of a git remote.
 * Otherwise ERROR_REFUSED names the line of configuration to add.
 */
int tracker_check_trust(const struct config *config,
			const struct tracker_place *place,
			const char *const *remotes, size_t remote_count,
			struct error *err);

/* The host of a git remote's URL, as in tracker_place; NULL: none. */
char *tracker_remote_host(TALLOC_CTX *mem, const char *url);

/* A stored secret, from `git credential`. */
struct thread_credential {
	/* *password is NULL when nothing is stored for https://host */
	int (*fill)(TALLOC_CTX *mem, const char *protocol, const char *host,
		    char **username, char **password, void *data,
		    struct error *err);
	void (*report)(const char *protocol, const char *host,
		       const char *username, const char *password, bool worked,
		       void *data);
	void *data;
};

struct thread_options {
	const struct config *config;
	const char *const *remotes; /* URLs of the git remotes */
	size_t remote_count;
	struct thread_credential credential; /* fill may be NULL */
	struct http_options http;
	int patience_s; /* what a tracker may make us wait; 0: 60 */
	int pause_ms;	/* between changes; 0: 1000, -1: none (for tests) */
	/* What is waited for, while it is; may be NULL. */
	void (*say)(const char *what, void *data);
	void *say_data;
};

/* An open thread; freeing it wipes the token. */
int thread_open(TALLOC_CTX *mem, const char *url,
		const struct thread_options *options, struct thread **thread,
		struct error *err);

enum thread_action { THREAD_CREATED, THREAD_EDITED, THREAD_UNCHANGED };

struct thread_posted {
	enum thread_action action;
	const char *url;     /* of the comment */
	const char *foreign; /* another author's comment with this marker,
				or NULL: it is left alone */
	int merged;	     /* of ours that were there twice */
};

/*
 * Makes the comment, which ends with its marker. `existing` is our comment as
 * it stands in the thread, or NULL: a person's texts in it are not to be lost
 * because they are not known here.
 */
typedef int (*thread_compose_fn)(TALLOC_CTX *mem, const char *existing,
				 char **body, void *data, struct error *err);

/*
 * Posts a comment, or edits the one of ours that is there: with this marker,
 * and its author is the token's user. It is looked for on all pages before,
 * after a reply that was lost, and again after posting, because another
 * machine may have posted at the same moment; of several the oldest stays, and
 * the others are made to point at it.
 */
int thread_post(TALLOC_CTX *mem, struct thread *thread, const char *marker,
		thread_compose_fn compose, void *data,
		struct thread_posted *posted, struct error *err);

#endif
