#include "git/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TRIES 50

/* The object a note belongs to: its path without the fan-out's slashes. */
static bool note_object(const char *path, char *object, size_t hex_length)
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

/* The commit a notes ref points to; *tip is NULL when there is no such ref. */
static int read_tip(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		    char **tip, struct error *err)
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
	const char *known = repo_known(mem, repo, ref);
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
	if (read_tip(mem, repo, ref, &tip, err) < 0)
		return -1;
	if (!tip)
		return 0;
	if (find_place(mem, repo, tip, object, &place, err) < 0)
		return -1;
	return place.blob ? read_blob(mem, repo, place.blob, text, err) : 0;
}

/* "Name <mail>"; a machine without an identity may still keep notes. */
static char *note_author(TALLOC_CTX *mem, struct repo *repo)
{
	char *who = repo_identity(mem, repo);

	return strchr(who, '<')
		       ? who
		       : talloc_strdup(mem,
				       "git-migrate <git-migrate@localhost>");
}

/*
 * One commit on the ref with one file changed. fast-import moves the ref only
 * from the commit that the new one is based on.
 */
static char *import_stream(TALLOC_CTX *mem, struct repo *repo, const char *ref,
			   const char *tip, const char *path,
			   const char *message, const char *note)
{
	char *stream = talloc_asprintf(
		mem, "commit %s\ncommitter %s now\ndata %zu\n%s\n", ref,
		note_author(mem, repo), strlen(message), message);

	if (tip)
		stream = talloc_asprintf_append(stream, "from %s\n", tip);
	return talloc_asprintf_append(
		stream, "M 100644 inline %s\ndata %zu\n%s\ndone\n", path,
		strlen(note), note);
}

/* 0: written; 1: the ref moved meanwhile; -1: an error. */
static int try_edit(struct repo *repo, const char *ref, const char *object,
		    const char *message, notes_edit_fn edit, void *data,
		    struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct place place;
	char *tip, *after, *old = NULL, *new, *out, *complaint;
	int status = -1;

	if (read_tip(mem, repo, ref, &tip, err) < 0 ||
	    find_place(mem, repo, tip, object, &place, err) < 0 ||
	    (place.blob && read_blob(mem, repo, place.blob, &old, err) < 0))
		goto out;
	new = edit(mem, old, data);
	status = 0;
	if (!new || (old && !strcmp(old, new)))
		goto out;
	out = import_stream(mem, repo, ref, tip, place.path, message, new);
	status = git_run(mem, repo,
			 GIT_ARGS("fast-import", "--quiet", "--done",
				  "--date-format=now"),
			 out, strlen(out), &after, NULL, &complaint, err);
	if (status <= 0)
		goto out;
	/* its own word does not tell a lost race from a real failure */
	if (read_tip(mem, repo, ref, &after, err) < 0)
		status = -1;
	else if ((tip && after && !strcmp(tip, after)) || (!tip && !after))
		status = git_failed(err, "write a note", complaint);
	else
		status = 1;
out:
	talloc_free(mem);
	return status;
}

/* random() without a seed would keep those who wait in step. */
static useconds_t pause_us(void)
{
	unsigned short bits = 0;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) < 0)
		bits = (unsigned short)getpid();
	return 1000 + bits % 20000u;
}

int notes_edit(struct repo *repo, const char *ref, const char *object,
	       const char *message, notes_edit_fn edit, void *data,
	       struct error *err)
{
	for (int i = 0; i < TRIES; i++) {
		int status = try_edit(repo, ref, object, message, edit, data,
				      err);

		if (status <= 0)
			return status;
		usleep(pause_us());
	}
	error_set(err, ERROR_BUSY,
		  "unable to write a note: '%s' is changed by others all the "
		  "time",
		  ref);
	return error_hint(err, "try again");
}
