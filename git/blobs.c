#include "git/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct blobs {
	struct process *process;
	FILE *answers;
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
static int ask(struct blobs *blobs, const char *id)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	char *line = talloc_asprintf(NULL, "%s\n", id);
	size_t length = strlen(line);
	ssize_t n;

	sigaction(SIGPIPE, &ignore, &before);
	do
		n = write(blobs->process->in, line, length);
	while (n < 0 && errno == EINTR);
	sigaction(SIGPIPE, &before, NULL);
	talloc_free(line);
	return n == (ssize_t)length ? 0 : -1;
}

int blobs_read(TALLOC_CTX *mem, struct blobs *blobs, const char *id,
	       char **text, size_t *length, struct error *err)
{
	char header[256], *size;

	if (ask(blobs, id) < 0 ||
	    !fgets(header, sizeof(header), blobs->answers))
		return lost(err);
	size = strrchr(header, ' ');
	if (!size || !strstr(header, " blob ")) {
		error_set(err, ERROR_NOT_FOUND,
			  "the repository has no blob '%s'", id);
		return error_hint(err, "look for it: git cat-file -t %s", id);
	}
	*length = strtoull(size, NULL, 10);
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
