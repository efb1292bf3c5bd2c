#include "git/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * That many are asked for ahead. Their names must fit into the smallest pipe:
 * git does not read on before its answers are taken.
 */
#define AHEAD 60

struct blobs {
	struct process *process;
	FILE *answers;
	const char **expected;
	size_t count, asked, taken; /* of expected */
};

static int close_answers(struct blobs *blobs)
{
	if (blobs->answers)
		fclose(blobs->answers);
	return 0;
}

int blobs_open(TALLOC_CTX *mem, struct repo *repo, struct blobs **out,
	       struct error *err)
{
	struct blobs *blobs = talloc_zero(mem, struct blobs);

	if (git_start(blobs, repo, GIT_ARGS("cat-file", "--batch"),
		      PROCESS_IN | PROCESS_OUT | PROCESS_QUIET, &blobs->process,
		      err) < 0) {
		talloc_free(blobs);
		return -1;
	}
	blobs->answers = fdopen(blobs->process->out, "r");
	blobs->process->out = -1;
	talloc_set_destructor(blobs, close_answers);
	*out = blobs;
	return 0;
}

static int lost(struct error *err)
{
	return error_set(err, ERROR_FAILED,
			 "unable to read a blob: 'git cat-file' ended");
}

/* A child that is gone must be an error here, not the end of us. */
static int ask(struct blobs *blobs, const char *const *ids, size_t count,
	       struct error *err)
{
	char *lines = talloc_strdup(NULL, "");
	int result;

	for (size_t i = 0; i < count; i++)
		lines = talloc_asprintf_append_buffer(lines, "%s\n", ids[i]);
	result = process_write(blobs->process, lines, strlen(lines));
	talloc_free(lines);
	return result < 0 ? lost(err) : 0;
}

/* Half of what may be asked ahead at a time, so that git is never idle. */
static int ask_ahead(struct blobs *blobs, struct error *err)
{
	size_t more = blobs->count - blobs->asked;
	size_t room = AHEAD - (blobs->asked - blobs->taken);

	if (!more || room < AHEAD / 2)
		return 0;
	if (more > room)
		more = room;
	if (ask(blobs, blobs->expected + blobs->asked, more, err) < 0)
		return -1;
	blobs->asked += more;
	return 0;
}

/* "ID blob SIZE", or "ID missing" */
static int take_header(struct blobs *blobs, const char *id, size_t *length,
		       struct error *err)
{
	char header[256], *size;

	if (!fgets(header, sizeof(header), blobs->answers))
		return lost(err);
	size = strrchr(header, ' ');
	if (!size || !strstr(header, " blob ")) {
		error_set(err, ERROR_NOT_FOUND,
			  "the repository has no blob '%s'", id);
		return error_hint(err, "look for it: git cat-file -t %s", id);
	}
	*length = strtoull(size, NULL, 10);
	return 0;
}

static int take_blob(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
		     char **text, size_t *length, struct error *err)
{
	if (take_header(blobs, id, length, err) < 0)
		return -1;
	*text = talloc_size(mem, *length + 1);
	if (!*text)
		return error_set(err, ERROR_FAILED,
				 "the blob '%s' is too large: %zu bytes", id,
				 *length);
	if (fread(*text, 1, *length, blobs->answers) != *length ||
	    getc(blobs->answers) != '\n')
		return lost(err);
	(*text)[*length] = '\0';
	return 0;
}

/* Something else is wanted: what was asked ahead is read and dropped. */
static int forget_expected(struct blobs *blobs, struct error *err)
{
	int result = 0;

	while (result == 0 && blobs->taken < blobs->asked) {
		char *text = NULL;
		size_t length;

		result = take_blob(NULL, blobs, blobs->expected[blobs->taken++],
				   &text, &length, err);
		talloc_free(text);
		if (result < 0 && err->code == ERROR_NOT_FOUND) {
			error_release(err);
			result = 0;
		}
	}
	talloc_free(blobs->expected);
	blobs->expected = NULL;
	blobs->count = blobs->asked = blobs->taken = 0;
	return result;
}

int blobs_expect(struct blobs *blobs, const char *const *ids, size_t count,
		 struct error *err)
{
	if (forget_expected(blobs, err) < 0)
		return -1;
	blobs->expected = talloc_array(blobs, const char *, (unsigned)count);
	for (size_t i = 0; i < count; i++)
		blobs->expected[i] = talloc_strdup(blobs->expected, ids[i]);
	blobs->count = count;
	return ask_ahead(blobs, err);
}

int blobs_read(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
	       char **text, size_t *length, struct error *err)
{
	if (blobs->taken < blobs->count &&
	    !strcmp(blobs->expected[blobs->taken], id)) {
		if (ask_ahead(blobs, err) < 0)
			return -1;
		blobs->taken++;
	} else if (forget_expected(blobs, err) < 0 ||
		   ask(blobs, &id, 1, err) < 0) {
		return -1;
	}
	return take_blob(mem, blobs, id, text, length, err);
}
