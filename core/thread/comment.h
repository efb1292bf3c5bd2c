#ifndef CORE_THREAD_COMMENT_H
#define CORE_THREAD_COMMENT_H

#include <jansson.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/run/facts.h"
#include "core/run/proof.h"
#include "core/sql/script.h"
#include "core/state.h"

/*
 * The write-up of one migration for the thread, in Markdown. What was measured
 * is filled in from the facts and the proof; what was not says so. The same
 * input always gives the same text.
 */

/* What a person adds, in Markdown. */
struct comment_texts {
	const char *task; /* the task's id, or NULL */
	const char **notes, **patterns, **gotchas, **next;
	size_t note_count, pattern_count, gotcha_count, next_count;
};

enum comment_outcome {
	COMMENT_APPLIED,
	COMMENT_FAILED,	     /* the last run up failed */
	COMMENT_REVERTED,    /* the last run took it down */
	COMMENT_UNFINISHED,  /* it stopped half way */
	COMMENT_NOT_APPLIED, /* there was no run */
};

struct comment_input {
	int64_t version;
	const char *name;
	const char *title; /* NULL: made of the name */
	/* a target's name, or engine:database when it was given as a URL */
	const char *target;
	const char *engine; /* "sqlite", "postgresql" */
	const char *server_version;

	enum comment_outcome outcome;
	int done, total;       /* statements of an unfinished one */
	const char *commit;    /* introducing commit, or NULL */
	const char *source;    /* see struct ledger_row; NULL: "commit" */
	const char *down_path; /* NULL: there is none here */
	bool down_recorded;    /* the ledger has the down script's text */

	/* Newest runs; NULL: none. A script is split, if it is there at all. */
	const struct facts *up, *down;
	const struct script *up_script, *down_script;
	const char *up_blob, *down_blob; /* what they are; or NULL */

	enum proof_state proof_state;
	const struct proof *proof; /* that decided; NULL: none */
	const char *backup;	   /* how it was verified; NULL: not measured */

	struct comment_texts texts;
};

/* The template that is compiled in. */
#define COMMENT_TEMPLATE "templates/comment.md"

/*
 * Fills the template: text with {{words}}, each of them one of those in
 * templates/comment.md; a line that has nothing but an empty one goes. The
 * marker is put under it, without a line end. An unknown word, and a template
 * that brings a marker of its own, are errors at a line of `path`.
 */
int comment_compose(TALLOC_CTX *mem, const struct comment_input *input,
		    const char *template_text, const char *path, char **body,
		    char **marker, struct error *err);

/* An element of "comments" in the JSON of comment; new reference. */
json_t *comment_json(int64_t version, const char *target, const char *marker,
		     const char *body);

/* "Add email verified to users" for "add_email_verified_to_users" */
char *comment_title(TALLOC_CTX *mem, const char *name);

#endif
