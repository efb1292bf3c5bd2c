#include "core/thread/rest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define MAX_TOKEN 4096

static int wipe(struct token *token)
{
	explicit_bzero(token->value, strlen(token->value));
	return 0;
}

const char *token_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

bool token_names_host(const char *variable, const struct tracker_place *place)
{
	const char *value = token_variable(variable);
	char *host = value ? tracker_remote_host(NULL, value) : NULL;
	bool same = host && !strcmp(host, place->host);

	talloc_free(host);
	return same;
}

/* Anything else could end the header and begin another one. */
static int check(const char *value, const char *source, struct error *err)
{
	size_t n = strlen(value);

	if (!n || n > MAX_TOKEN)
		return error_set(err, ERROR_FAILED, "the token from %s is %s",
				 source, n ? "too long" : "empty");
	for (const char *s = value; *s; s++)
		if (*s <= ' ' || *s > '~')
			return error_set(err, ERROR_FAILED,
					 "the token from %s has a character "
					 "in it that no token has",
					 source);
	return 0;
}

static int make(TALLOC_CTX *mem, const char *value, const char *source,
		struct token **token, struct error *err)
{
	struct token *t;

	if (check(value, source, err) < 0)
		return -1;
	t = talloc_zero(mem, struct token);
	t->value = talloc_strdup(t, value);
	t->source = talloc_strdup(t, source);
	talloc_set_destructor(t, wipe);
	*token = t;
	return 0;
}

/* The first line of the file that GIT_MIGRATE_TOKEN_FILE names. */
static int from_file(TALLOC_CTX *mem, const char *path, struct token **token,
		     struct error *err)
{
	char line[MAX_TOKEN + 2] = "";
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return error_set(err, ERROR_FAILED,
				 "unable to read GIT_MIGRATE_TOKEN_FILE: %s",
				 strerror(errno));
	setvbuf(file, NULL, _IONBF, 0);
	if (!fgets(line, sizeof(line), file))
		*line = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	rc = make(mem, line, "GIT_MIGRATE_TOKEN_FILE", token, err);
	explicit_bzero(line, sizeof(line));
	return rc;
}

static int from_credential(TALLOC_CTX *mem, const struct tracker_place *place,
			   const struct thread_options *options,
			   struct token **token, struct error *err)
{
	const struct thread_credential *c = &options->credential;
	TALLOC_CTX *scope = talloc_new(mem);
	char *username = NULL, *password = NULL, *protocol;
	int rc;

	protocol = talloc_strndup(scope, place->origin,
				  strcspn(place->origin, ":"));
	rc = c->fill(scope, protocol, place->host, &username, &password,
		     c->data, err);
	if (!rc && password) {
		rc = make(mem, password, "git credential", token, err);
		explicit_bzero(password, strlen(password));
		if (!rc) {
			(*token)->stored = true;
			(*token)->username =
				talloc_strdup(*token, username ? username : "");
		}
	}
	talloc_free(scope);
	return rc;
}

static int none(const struct tracker_place *place, struct error *err)
{
	error_set(err, ERROR_FAILED, "there is no token for '%s'", place->host);
	error_hint(err, "put one into GIT_MIGRATE_TOKEN, or store it: "
			"git credential approve");
	return error_hint(err, "keep the thread in git notes instead: "
			       "git migrate post --thread notes");
}

int token_find(TALLOC_CTX *mem, const struct tracker_place *place,
	       const struct thread_options *options, struct token **token,
	       struct error *err)
{
	const char *value = token_variable("GIT_MIGRATE_TOKEN"), *source;

	if (tracker_check_trust(options->config, place, options->remotes,
				options->remote_count, err) < 0)
		return -1;
	if (value)
		return make(mem, value, "GIT_MIGRATE_TOKEN", token, err);
	value = token_variable("GIT_MIGRATE_TOKEN_FILE");
	if (value)
		return from_file(mem, value, token, err);
	value = place->tracker->environment(place, &source);
	if (value)
		return make(mem, value, source, token, err);
	*token = NULL;
	if (options->credential.fill &&
	    from_credential(mem, place, options, token, err) < 0)
		return -1;
	return *token ? 0 : none(place, err);
}
