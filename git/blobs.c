#include "git/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct blobs {
	struct repo *repo;
	struct process *process;
	FILE *answers;
	/* those that will be read, and how many of them git was asked for */
	char **expected;
	size_t count, asked, read;
};

/* So many at a time fit into a pipe, whatever git does meanwhile. */
#define MOST_AHEAD 64

static int close_answers(struct blobs *blobs)
{
	if (blobs->answers)
		fclose(blobs->answers);
	return 0;
}

static int start(struct blobs *blobs, struct error *err)
{
	if (git_start(blobs, blobs->repo, GIT_ARGS("cat-file", "--batch"),
		      PROCESS_IN | PROCESS_OUT | PROCESS_QUIET, &blobs->process,
		      err) < 0)
		return -1;
	blobs->answers = fdopen(blobs->process->out, "r");
	blobs->process->out = -1;
	return 0;
}

int blobs_open(TALLOC_CTX *mem, struct repo *repo, struct blobs **out,
	       struct error *err)
{
	struct blobs *blobs = talloc_zero(mem, struct blobs);

	blobs->repo = repo;
	if (start(blobs, err) < 0) {
		talloc_free(blobs);
		return -1;
	}
	talloc_set_destructor(blobs, close_answers);
	*out = blobs;
	return 0;
}

static int lost(struct error *err)
{
	return error_set(err, ERROR_FAILED,
			 "unable to read a blob: 'git cat-file' ended");
}

/*
 * Ctrl-C at a terminal ends it, too, while we may go on: what it was asked and
 * has not answered is asked again.
 */
static int start_again(struct blobs *blobs, struct error *err)
{
	close_answers(blobs);
	blobs->answers = NULL;
	TALLOC_FREE(blobs->process);
	blobs->asked = blobs->read;
	return start(blobs, err);
}

/* A child that is gone must be an error here, not the end of us. */
static int ask(struct blobs *blobs, char *const *ids, size_t count)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	char *lines = talloc_strdup(NULL, "");
	size_t length;
	ssize_t n;

	for (size_t i = 0; i < count; i++)
		lines = talloc_asprintf_append_buffer(lines, "%s\n", ids[i]);
	length = strlen(lines);
	sigaction(SIGPIPE, &ignore, &before);
	do
		n = write(blobs->process->in, lines, length);
	while (n < 0 && errno == EINTR);
	sigaction(SIGPIPE, &before, NULL);
	talloc_free(lines);
	return n == (ssize_t)length ? 0 : -1;
}

void blobs_expect(struct blobs *blobs, const char *id)
{
	if (!(blobs->count & (blobs->count - 1)))
		blobs->expected = talloc_realloc(
			blobs, blobs->expected, char *,
			(unsigned)(blobs->count ? 2 * blobs->count : 1));
	blobs->expected[blobs->count++] = talloc_strdup(blobs, id);
}

/* Asks for more when half of what was asked for is read. */
static int ask_ahead(struct blobs *blobs)
{
	size_t ahead = blobs->asked - blobs->read;
	size_t more = blobs->count - blobs->asked;

	if (ahead > MOST_AHEAD / 2)
		return 0;
	if (more > MOST_AHEAD - ahead)
		more = MOST_AHEAD - ahead;
	if (more && ask(blobs, blobs->expected + blobs->asked, more) < 0)
		return -1;
	blobs->asked += more;
	return 0;
}

/*
 * The answer to the oldest question; NULL in *text when there is no blob.
 * GONE without an error when there is nobody to answer.
 */
#define GONE 1
static int take(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
		char **text, size_t *length, struct error *err)
{
	char header[256], *size;

	*text = NULL;
	if (!blobs->answers || !fgets(header, sizeof(header), blobs->answers) ||
	    !strchr(header, '\n'))
		return GONE;
	size = strrchr(header, ' ');
	if (!size || !strstr(header, " blob "))
		return 0;
	*length = strtoull(size, NULL, 10);
	*text = talloc_size(mem, *length + 1);
	if (!*text)
		return error_set(err, ERROR_FAILED,
				 "the blob '%s' is too large: %zu bytes", id,
				 *length);
	if (fread(*text, 1, *length, blobs->answers) != *length ||
	    getc(blobs->answers) != '\n') {
		TALLOC_FREE(*text);
		return GONE;
	}
	(*text)[*length] = '\0';
	return 0;
}

/* Another one is read than what was said: the answers come all the same. */
static int forget_expected(struct blobs *blobs, struct error *err)
{
	int result = 0;

	while (result == 0 && blobs->read < blobs->asked) {
		char *text;
		size_t length;

		result = take(blobs, blobs, blobs->expected[blobs->read++],
			      &text, &length, err);
		talloc_free(text);
	}
	talloc_free(blobs->expected);
	blobs->expected = NULL;
	blobs->count = blobs->asked = blobs->read = 0;
	return result == GONE ? start_again(blobs, err) : result;
}

static int ask_and_take(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
			char **text, size_t *length, struct error *err)
{
	if (!blobs->answers || ask_ahead(blobs) < 0)
		return GONE;
	return take(mem, blobs, id, text, length, err);
}

int blobs_read(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
	       char **text, size_t *length, struct error *err)
{
	int result;

	if (blobs->read < blobs->count &&
	    strcmp(blobs->expected[blobs->read], id) != 0 &&
	    forget_expected(blobs, err) < 0)
		return -1;
	if (blobs->read == blobs->count)
		blobs_expect(blobs, id);
	result = ask_and_take(mem, blobs, id, text, length, err);
	if (result == GONE) {
		if (start_again(blobs, err) < 0)
			return -1;
		result = ask_and_take(mem, blobs, id, text, length, err);
	}
	if (result == GONE)
		return lost(err);
	blobs->read++;
	if (result < 0)
		return -1;
	if (*text)
		return 0;
	error_set(err, ERROR_NOT_FOUND, "the repository has no blob '%s'", id);
	return error_hint(err, "look for it: git cat-file -t %s", id);
}
