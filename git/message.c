#include "git/message.h"

#include <string.h>

#include "git/internal.h"

int message_add_trailers(struct repo *repo, const char *file,
			 const char *const *trailers, size_t count,
			 struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const char **argv = talloc_zero_array(mem, const char *,
					      (unsigned)(2 * count + 9));
	size_t n = 0;
	char *out;
	int result;

	argv[n++] = "git";
	argv[n++] = "interpret-trailers";
	argv[n++] = "--in-place";
	/* whatever the person's own trailer.* settings are */
	argv[n++] = "--if-exists=addIfDifferent";
	argv[n++] = "--if-missing=add";
	argv[n++] = "--where=end";
	for (size_t i = 0; i < count; i++) {
		argv[n++] = "--trailer";
		argv[n++] = trailers[i];
	}
	argv[n] = file;
	result = git_must(mem, repo, argv, NULL, 0, &out, NULL,
			  "add trailers to the commit's message", err);
	talloc_free(mem);
	return result;
}

static void take_lines(TALLOC_CTX *mem, char *text, struct trailers *trailers)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		trailers->list = talloc_realloc(mem, trailers->list,
						struct trailer,
						(unsigned)trailers->count + 1);
		trailers->list[trailers->count++] = (struct trailer){
			line, colon + 1 + strspn(colon + 1, " ")
		};
	}
}

int message_trailers(TALLOC_CTX *mem, struct repo *repo, const char *file,
		     struct trailers *trailers, struct error *err)
{
	char *text;

	*trailers = (struct trailers){ 0 };
	if (git_must(mem, repo, GIT_ARGS("interpret-trailers", "--parse", file),
		     NULL, 0, &text, NULL, "read the commit's message",
		     err) < 0)
		return -1;
	take_lines(mem, text, trailers);
	return 0;
}

void message_trailers_of(TALLOC_CTX *mem, struct repo *repo,
			 const char *revision, struct trailers *trailers)
{
	struct error ignored = { 0 };
	char *text = NULL, *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("log", "-1", "--no-show-signature",
				      "--format=%(trailers:only,unfold)",
				      revision, "--"),
			     NULL, 0, &text, NULL, &complaint, &ignored);

	*trailers = (struct trailers){ 0 };
	if (status == 0)
		take_lines(mem, text, trailers);
	error_release(&ignored);
}
