#include "git/notes_internal.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "core/thread/notes.h"

#define TRIES 50

/* One note as the two sides have it, and as both had it. */
struct entry {
	char object[65];
	const char *path;		  /* here, or as it would be */
	const char *ours, *theirs, *base; /* blobs, or NULL */
	UT_hash_handle hh;
};

struct merging {
	TALLOC_CTX *mem;
	struct repo *repo;
	const char *ref;
	char *ours, *theirs, *base; /* commits; base may be NULL */
	struct entry *entries;
	bool fanned_out;
	struct blobs *blobs;
	char *stream;
	size_t changed;
	struct note_joined joined;
};

enum side { SIDE_OURS, SIDE_THEIRS, SIDE_BASE };

/* --- reading -------------------------------------------------------------- */

static struct entry *entry_of(struct merging *m, const char *object)
{
	struct entry *e;

	HASH_FIND_STR(m->entries, object, e);
	if (e)
		return e;
	e = talloc_zero(m->mem, struct entry);
	snprintf(e->object, sizeof(e->object), "%s", object);
	HASH_ADD_STR(m->entries, object, e);
	return e;
}

static void take(struct merging *m, enum side side, const char *path,
		 const char *blob)
{
	char object[65];
	struct entry *e;

	if (!note_object(path, object, m->repo->hex_length))
		return;
	e = entry_of(m, object);
	if (side == SIDE_OURS) {
		e->path = path;
		e->ours = blob;
		m->fanned_out |= strchr(path, '/') != NULL;
	} else if (side == SIDE_THEIRS) {
		e->theirs = blob;
	} else {
		e->base = blob;
	}
}

/* "MODE TYPE OBJECT\tPATH\0" */
static int read_side(struct merging *m, enum side side, const char *commit,
		     struct error *err)
{
	char *text, *end;
	size_t length;

	if (!commit)
		return 0;
	if (git_must(m->mem, m->repo, GIT_ARGS("ls-tree", "-r", "-z", commit),
		     NULL, 0, &text, &length, "read the notes", err) < 0)
		return -1;
	for (end = text + length; text < end;) {
		char *tab = strchr(text, '\t');

		*tab = '\0';
		take(m, side, tab + 1, strrchr(text, ' ') + 1);
		text = tab + 1 + strlen(tab + 1) + 1;
	}
	return 0;
}

static int read_note(struct merging *m, TALLOC_CTX *turn, const char *blob,
		     char **text, struct error *err)
{
	size_t length;

	*text = NULL;
	if (!blob)
		return 0;
	if (!m->blobs && blobs_open(m->mem, m->repo, &m->blobs, err) < 0)
		return -1;
	return blobs_read(turn, m->blobs, blob, text, &length, err);
}

/* --- deciding ------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static const char *path_of(struct merging *m, const struct entry *e)
{
	if (e->path)
		return e->path;
	return m->fanned_out ? talloc_asprintf(m->mem, "%.2s/%s", e->object,
					       e->object + 2)
			     : e->object;
}

static void put_blob(struct merging *m, const struct entry *e, const char *blob)
{
	m->changed++;
	m->stream = blob ? talloc_asprintf_append_buffer(m->stream,
							 "M 100644 %s %s\n",
							 blob, path_of(m, e))
			 : talloc_asprintf_append_buffer(m->stream, "D %s\n",
							 path_of(m, e));
}

static int put_union(struct merging *m, const struct entry *e,
		     struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *base, *ours, *theirs, *text;
	int result = 0;

	if (read_note(m, turn, e->base, &base, err) < 0 ||
	    read_note(m, turn, e->ours, &ours, err) < 0 ||
	    read_note(m, turn, e->theirs, &theirs, err) < 0) {
		result = -1;
	} else {
		text = note_merge(turn, note_kind_of(m->ref), base, ours,
				  theirs, &m->joined);
		if (!same(text, ours)) {
			m->changed++;
			m->stream = talloc_asprintf_append_buffer(
				m->stream, "M 100644 inline %s\ndata %zu\n%s\n",
				path_of(m, e), strlen(text), text);
		}
	}
	talloc_free(turn);
	return result;
}

static int decide(struct merging *m, const struct entry *e, struct error *err)
{
	if (same(e->ours, e->theirs) || same(e->base, e->theirs))
		return 0;
	if (same(e->base, e->ours)) {
		put_blob(m, e, e->theirs);
		return 0;
	}
	return put_union(m, e, err);
}

/* --- writing -------------------------------------------------------------- */

static int is_ancestor(struct merging *m, const char *a, const char *b,
		       bool *is, struct error *err)
{
	char *out, *complaint;
	int status = git_run(m->mem, m->repo,
			     GIT_ARGS("merge-base", "--is-ancestor", a, b),
			     NULL, 0, &out, NULL, &complaint, err);

	*is = status == 0;
	if (status > 1)
		return git_failed(err, "compare notes", complaint);
	return status < 0 ? -1 : 0;
}

/* 1: somebody else has moved the ref meanwhile. */
static int move_ref(struct merging *m, const char *to, struct error *err)
{
	char *old = m->ours ? m->ours : talloc_strdup(m->mem, to);
	char *out, *complaint, *now;
	int status;

	if (!m->ours)
		memset(old, '0', strlen(old));
	status = git_run(m->mem, m->repo,
			 GIT_ARGS("update-ref", m->ref, to, old), NULL, 0, &out,
			 NULL, &complaint, err);
	if (status <= 0)
		return status;
	if (notes_tip(m->mem, m->repo, m->ref, &now, err) < 0)
		return -1;
	return same(now, m->ours) ? git_failed(err, "move the notes", complaint)
				  : 1;
}

static int commit(struct merging *m, struct error *err)
{
	const char *message = "Merge notes";
	char *stream = talloc_asprintf(
		m->mem,
		"commit %s\ncommitter %s now\ndata %zu\n%s\nfrom %s\n"
		"merge %s\n%sdone\n",
		m->ref, note_author(m->mem, m->repo), strlen(message), message,
		m->ours, m->theirs, m->stream);
	char *out, *complaint, *now;
	int status = git_run(m->mem, m->repo,
			     GIT_ARGS("fast-import", "--quiet", "--done",
				      "--date-format=now"),
			     stream, strlen(stream), &out, NULL, &complaint,
			     err);

	if (status <= 0)
		return status;
	if (notes_tip(m->mem, m->repo, m->ref, &now, err) < 0)
		return -1;
	return same(now, m->ours) ? git_failed(err, "merge notes", complaint)
				  : 1;
}

static int read_base(struct merging *m, struct error *err)
{
	char *complaint;
	int status = git_run(m->mem, m->repo,
			     GIT_ARGS("merge-base", m->ours, m->theirs), NULL,
			     0, &m->base, NULL, &complaint, err);

	/* two people may have begun at the same time */
	if (status)
		m->base = NULL;
	else
		chomp(m->base);
	return status < 0 ? -1 : 0;
}

static int count_changed(struct merging *m, struct error *err)
{
	if (read_side(m, SIDE_OURS, m->ours, err) < 0 ||
	    read_side(m, SIDE_THEIRS, m->theirs, err) < 0)
		return -1;
	for (struct entry *e = m->entries; e; e = e->hh.next)
		m->changed += !same(e->ours, e->theirs);
	return 0;
}

/* 0: done; 1: the ref has moved meanwhile. */
static int try_merge(struct merging *m, struct notes_report *report,
		     struct error *err)
{
	bool behind = false, ahead = false;

	if (notes_tip(m->mem, m->repo, m->ref, &m->ours, err) < 0 ||
	    (m->ours && (is_ancestor(m, m->theirs, m->ours, &ahead, err) < 0 ||
			 is_ancestor(m, m->ours, m->theirs, &behind, err) < 0)))
		return -1;
	if (ahead) {
		report->outcome = behind ? NOTES_SAME : NOTES_AHEAD;
		return 0;
	}
	if (!m->ours || behind) {
		report->outcome = NOTES_TAKEN;
		return count_changed(m, err) < 0 ? -1
						 : move_ref(m, m->theirs, err);
	}
	report->outcome = NOTES_MERGED;
	m->stream = talloc_strdup(m->mem, "");
	if (read_base(m, err) < 0 ||
	    read_side(m, SIDE_OURS, m->ours, err) < 0 ||
	    read_side(m, SIDE_THEIRS, m->theirs, err) < 0 ||
	    read_side(m, SIDE_BASE, m->base, err) < 0)
		return -1;
	for (struct entry *e = m->entries; e; e = e->hh.next)
		if (decide(m, e, err) < 0)
			return -1;
	return commit(m, err);
}

int notes_merge(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		const char *theirs, struct notes_report *report,
		struct error *err)
{
	for (int i = 0; i < TRIES; i++) {
		struct merging m = { .mem = talloc_new(NULL),
				     .repo = repo,
				     .ref = ref };
		int status;

		m.theirs = talloc_strdup(m.mem, theirs);
		m.joined.mem = mem;
		status = try_merge(&m, report, err);
		report->changed = m.changed;
		report->joined = m.joined.list;
		report->joined_count = m.joined.count;
		HASH_CLEAR(hh, m.entries);
		talloc_free(m.mem);
		if (status <= 0)
			return status;
		usleep(notes_pause_us());
	}
	error_set(err, ERROR_BUSY,
		  "unable to merge notes: '%s' is changed by others all the "
		  "time",
		  ref);
	return error_hint(err, "try again");
}
