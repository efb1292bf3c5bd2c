#include "git/internal.h"

#include <string.h>

/* A value of the protocol is one line. */
static bool is_clean(const char *text)
{
	return !text || !strpbrk(text, "\n\r");
}

static char *describe(TALLOC_CTX *mem, const struct credential *c)
{
	char *text;

	if (!is_clean(c->protocol) || !is_clean(c->host) ||
	    !is_clean(c->path) || !is_clean(c->username) ||
	    !is_clean(c->password))
		return NULL;
	text = talloc_asprintf(mem, "protocol=%s\nhost=%s\n", c->protocol,
			       c->host);
	if (c->path)
		text = talloc_asprintf_append(text, "path=%s\n", c->path);
	if (c->username)
		text = talloc_asprintf_append(text, "username=%s\n",
					      c->username);
	if (c->password)
		text = talloc_asprintf_append(text, "password=%s\n",
					      c->password);
	return talloc_strdup_append(text, "\n");
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
}

/* Helpers may ask with a window of their own, but nobody asks on a terminal. */
static int run_credential(TALLOC_CTX *mem, struct repo *repo, const char *verb,
			  const struct credential *c, char **out,
			  struct error *err)
{
	/* without LC_ALL: a helper speaks the person's language */
	const char *const env[] = {
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=",
		talloc_asprintf(mem, "GIT_DIR=%s", repo->git_dir), NULL
	};
	char *input = describe(mem, c), *complaint;
	int status;

	if (!input)
		return error_set(err, ERROR_FAILED,
				 "the address '%s' has a line break", c->host);
	status = process_run(mem,
			     GIT_ARGS("-c", "core.askPass=", "-c",
				      "credential.interactive=false",
				      "credential", verb),
			     private_of(repo)->cwd, env, input, strlen(input),
			     out, NULL, &complaint, err);
	wipe(input);
	return status;
}

int credential_fill(TALLOC_CTX *mem, struct repo *repo, struct credential *c,
		    struct error *err)
{
	char *out = NULL, *rest, *line;
	int status = run_credential(mem, repo, "fill", c, &out, err);

	if (status)
		return status < 0 ? -1 : 0; /* nothing is stored */
	rest = out;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!strncmp(line, "username=", 9))
			c->username = talloc_strdup(mem, line + 9);
		else if (!strncmp(line, "password=", 9))
			c->password = talloc_strdup(mem, line + 9);
		wipe(line);
	}
	return 0;
}

void credential_report(struct repo *repo, const struct credential *c,
		       bool worked)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	char *out;

	if (c->password)
		run_credential(mem, repo, worked ? "approve" : "reject", c,
			       &out, &ignored);
	error_release(&ignored);
	talloc_free(mem);
}
