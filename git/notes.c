#include "git/notes_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TRIES 50

bool note_object(const char *path, char *object, size_t hex_length)
{
	size_t n = 0;

	for (; *path; path++) {
		if (*path == '/')
			continue;
		if (n == hex_length || !strchr("0123456789abcdef", *path))
			return false;
		object[n++] = *path;
	}
	object[n] = '\0';
	return n == hex_length;
}

int notes_tip(TALLOC_CTX *mem, struct repo *repo, const char *ref, char **tip,
	      struct error *err)
{
	char *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("rev-parse", "-q", "--verify", ref), NULL,
			     0, tip, NULL, &complaint, err);

	if (status < 0)
		return -1;
	if (status)
		*tip = NULL;
	else
		chomp(*tip);
	return 0;
}

int notes_each(struct repo *repo, const char *ref, note_fn fn, void *data,
	       struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct blobs *blobs = NULL;
	char *text, *complaint, *end;
	size_t length;
	const char *known = strcmp(ref, KNOWN_PROOFS_NAME)
				    ? NULL
				    : repo_known(repo, KNOWN_PROOFS);
	int status = 1;

	if (!known || *known)
		status = git_run(mem, repo,
				 GIT_ARGS("ls-tree", "-r", "-z", ref), NULL, 0,
				 &text, &length, &complaint, err);

	/* no such ref: no notes */
	if (status) {
		talloc_free(mem);
		return status < 0 ? -1 : 0;
	}
	for (end = text + length; text < end && !status;
	     text += strlen(text) + 1) {
		char object[65], *tab = strchr(text, '\t'), *note;
		TALLOC_CTX *turn;

		if (!tab || !note_object(tab + 1, object, repo->hex_length))
			continue;
		*tab = '\0';
		turn = talloc_new(mem);
		if ((!blobs && blobs_open(mem, repo, &blobs, err) < 0) ||
		    blobs_read(turn, blobs, strrchr(text, ' ') + 1, &note,
			       &length, err) < 0)
			status = -1;
		else
			status = fn(object, note, length, data);
		talloc_free(turn);
		text = tab + 1;
	}
	talloc_free(mem);
	return status;
}

/* Where an object's note is kept, or would be, and the blob that is there. */
struct place {
	char *path;
	char *blob; /* NULL: none yet */
};

static bool is_fanned_out(char *text, size_t length)
{
	char *end = text + length;

	for (; text < end; text += strlen(text) + 1)
		if (!strncmp(text, "040000 tree", 11))
			return true;
	return false;
}

static int find_place(TALLOC_CTX *mem, struct repo *repo, const char *tip,
		      const char *object, struct place *place,
		      struct error *err)
{
	char *flat = talloc_strdup(mem, object);
	char *once = talloc_asprintf(mem, "%.2s/%s", object, object + 2);
	char *twice = talloc_asprintf(mem, "%.2s/%.2s/%s", object, object + 2,
				      object + 4);
	char *text, *tab;
	size_t length;

	place->path = flat;
	place->blob = NULL;
	if (!tip)
		return 0;
	if (git_must(mem, repo,
		     GIT_ARGS("ls-tree", "-r", "-z", tip, "--", flat, once,
			      twice),
		     NULL, 0, &text, &length, "read the notes", err) < 0)
		return -1;
	tab = length ? strchr(text, '\t') : NULL;
	if (tab) {
		place->path = tab + 1;
		*tab = '\0';
		place->blob = strrchr(text, ' ') + 1;
		return 0;
	}
	if (git_must(mem, repo, GIT_ARGS("ls-tree", "-z", tip), NULL, 0, &text,
		     &length, "read the notes", err) < 0)
		return -1;
	if (is_fanned_out(text, length))
		place->path = once;
	return 0;
}

static int read_blob(TALLOC_CTX *mem, struct repo *repo, const char *blob,
		     char **text, struct error *err)
{
	return git_must(mem, repo, GIT_ARGS("cat-file", "blob", blob), NULL, 0,
			text, NULL, "read a note", err);
}

int notes_read(TALLOC_CTX *mem, struct repo *repo, const char *ref,
	       const char *object, char **text, struct error *err)
{
	struct place place;
	char *tip;

	*text = NULL;
	if (notes_tip(mem, repo, ref, &tip, err) < 0)
		return -1;
	if (!tip)
		return 0;
	if (find_place(mem, repo, tip, object, &place, err) < 0)
		return -1;
	return place.blob ? read_blob(mem, repo, place.blob, text, err) : 0;
}

char *note_author(TALLOC_CTX *mem, struct repo *repo)
{
	char *who = repo_identity(mem, repo);

	return strchr(who, '<')
		       ? who
		       : talloc_strdup(mem,
				       "git-migrate <git-migrate@localhost>");
}

/* --- writing -------------------------------------------------------------- */

/* What one try to write takes along. */
struct writing {
	TALLOC_CTX *mem;
	struct repo *repo;
	const char *ref;
	char *tip; /* NULL: no such ref yet */
	const struct note_edit *edits;
	size_t count;
	struct place *places;
	char **texts; /* as they will be */
};

struct listed_note {
	char object[65];
	struct place place;
};

static int by_object(const void *a, const void *b)
{
	return strcmp(((const struct listed_note *)a)->object,
		      ((const struct listed_note *)b)->object);
}

/* Two questions to git for each of a few, one listing for many. */
#define FEW_NOTES 4

static int find_places(struct writing *w, struct error *err)
{
	struct listed_note *list = NULL, *found;
	size_t count = 0, length = 0;
	char *text = NULL, *end, *tab;
	bool fanned_out = false;

	for (size_t i = 0; w->count <= FEW_NOTES && i < w->count; i++)
		if (find_place(w->mem, w->repo, w->tip, w->edits[i].object,
			       &w->places[i], err) < 0)
			return -1;
	if (w->count <= FEW_NOTES)
		return 0;
	if (w->tip &&
	    git_must(w->mem, w->repo, GIT_ARGS("ls-tree", "-r", "-z", w->tip),
		     NULL, 0, &text, &length, "read the notes", err) < 0)
		return -1;
	for (end = text + length; text < end; text = tab + strlen(tab) + 1) {
		struct listed_note note;

		tab = strchr(text, '\t') + 1;
		if (!note_object(tab, note.object, w->repo->hex_length))
			continue;
		tab[-1] = '\0';
		note.place = (struct place){ tab, strrchr(text, ' ') + 1 };
		fanned_out |= strchr(tab, '/') != NULL;
		if (!(count & (count - 1)))
			list = talloc_realloc(w->mem, list, struct listed_note,
					      count ? 2 * (unsigned)count : 1);
		list[count++] = note;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_object);
	for (size_t i = 0; i < w->count; i++) {
		const char *object = w->edits[i].object;
		struct listed_note key;

		snprintf(key.object, sizeof(key.object), "%s", object);
		found = count ? bsearch(&key, list, count, sizeof(*list),
					by_object)
			      : NULL;
		w->places[i].path = fanned_out
					    ? talloc_asprintf(w->mem, "%.2s/%s",
							      object,
							      object + 2)
					    : talloc_strdup(w->mem, object);
		if (found)
			w->places[i] = found->place;
	}
	return 0;
}

/* What an edit before this one in the list has made of the same note. */
static char *text_so_far(const struct writing *w, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (w->texts[i] &&
		    !strcmp(w->edits[i].object, w->edits[n].object))
			return w->texts[i];
	return NULL;
}

static int edit_all(struct writing *w, notes_edit_fn edit, bool *changed,
		    struct error *err)
{
	struct blobs *blobs = NULL;
	size_t length;

	*changed = false;
	for (size_t i = 0; i < w->count; i++) {
		char *old = text_so_far(w, i);

		if (!old && w->places[i].blob &&
		    ((!blobs && blobs_open(w->mem, w->repo, &blobs, err) < 0) ||
		     blobs_read(w->mem, blobs, w->places[i].blob, &old, &length,
				err) < 0))
			return -1;
		w->texts[i] = edit(w->mem, old, w->edits[i].data);
		if (w->texts[i] && old && !strcmp(old, w->texts[i]))
			w->texts[i] = NULL;
		*changed |= w->texts[i] != NULL;
	}
	return 0;
}

/*
 * One commit on the ref with these files changed. fast-import moves the ref
 * only from the commit that the new one is based on.
 */
static char *import_stream(const struct writing *w, const char *message)
{
	char *stream = talloc_asprintf(
		w->mem, "commit %s\ncommitter %s now\ndata %zu\n%s\n", w->ref,
		note_author(w->mem, w->repo), strlen(message), message);

	if (w->tip)
		stream = talloc_asprintf_append(stream, "from %s\n", w->tip);
	for (size_t i = 0; i < w->count; i++)
		if (w->texts[i])
			stream = talloc_asprintf_append_buffer(
				stream, "M 100644 inline %s\ndata %zu\n%s\n",
				w->places[i].path, strlen(w->texts[i]),
				w->texts[i]);
	return talloc_strdup_append_buffer(stream, "done\n");
}

/* 0: written; 1: the ref moved meanwhile; -1: an error. */
static int try_edit(struct writing *w, const char *message, notes_edit_fn edit,
		    struct error *err)
{
	char *after, *out, *complaint;
	bool changed;
	int status;

	w->places = talloc_zero_array(w->mem, struct place, (unsigned)w->count);
	w->texts = talloc_zero_array(w->mem, char *, (unsigned)w->count);
	if (notes_tip(w->mem, w->repo, w->ref, &w->tip, err) < 0 ||
	    find_places(w, err) < 0 || edit_all(w, edit, &changed, err) < 0)
		return -1;
	if (!changed)
		return 0;
	out = import_stream(w, message);
	status = git_run(w->mem, w->repo,
			 GIT_ARGS("fast-import", "--quiet", "--done",
				  "--date-format=now"),
			 out, strlen(out), &after, NULL, &complaint, err);
	if (status <= 0)
		return status;
	/* its own word does not tell a lost race from a real failure */
	if (notes_tip(w->mem, w->repo, w->ref, &after, err) < 0)
		return -1;
	if ((w->tip && after && !strcmp(w->tip, after)) || (!w->tip && !after))
		return git_failed(err, "write a note", complaint);
	return 1;
}

useconds_t notes_pause_us(void)
{
	unsigned short bits = 0;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) < 0)
		bits = (unsigned short)getpid();
	return 1000 + bits % 20000u;
}

int notes_edit_all(struct repo *repo, const char *ref,
		   const struct note_edit *edits, size_t count,
		   const char *message, notes_edit_fn edit, struct error *err)
{
	for (int i = 0; count && i < TRIES; i++) {
		struct writing w = {
			.mem = talloc_new(NULL),
			.repo = repo,
			.ref = ref,
			.edits = edits,
			.count = count,
		};
		int status = try_edit(&w, message, edit, err);

		talloc_free(w.mem);
		if (status <= 0)
			return status;
		usleep(notes_pause_us());
	}
	if (!count)
		return 0;
	error_set(err, ERROR_BUSY,
		  "unable to write a note: '%s' is changed by others all the "
		  "time",
		  ref);
	return error_hint(err, "try again");
}

int notes_edit(struct repo *repo, const char *ref, const char *object,
	       const char *message, notes_edit_fn edit, void *data,
	       struct error *err)
{
	const struct note_edit one = { object, data };

	return notes_edit_all(repo, ref, &one, 1, message, edit, err);
}
