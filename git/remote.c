#include "git/internal.h"

#include <string.h>

/* The settings that say where remotes are, in the order of git config. */
struct remote_settings {
	char *text;
	size_t length;
};

static const char *setting(const struct remote_settings *s, const char *key)
{
	const char *found = NULL, *end = s->text + s->length;
	size_t length = strlen(key);

	for (const char *t = s->text; t < end; t += strlen(t) + 1)
		if (!strncmp(t, key, length) && t[length] == '\n')
			found = t + length + 1;
	return found;
}

/* url.BASE.insteadof: the longest beginning that fits is replaced. */
static char *apply_instead_of(TALLOC_CTX *mem, const struct remote_settings *s,
			      const char *url)
{
	const char *end = s->text + s->length, *base = NULL;
	size_t longest = 0, base_length = 0;

	for (const char *t = s->text; t < end; t += strlen(t) + 1) {
		const char *value = strchr(t, '\n');
		const char *tail = value ? value - 9 : NULL;

		if (!value || strncmp(t, "url.", 4) != 0 || tail < t + 4 ||
		    strncmp(tail, "insteadof", 9) != 0)
			continue;
		value++;
		if (strlen(value) > longest &&
		    !strncmp(url, value, strlen(value))) {
			longest = strlen(value);
			base = t + 4;
			base_length = (size_t)(tail - 1 - base);
		}
	}
	return talloc_asprintf(mem, "%.*s%s", (int)base_length,
			       base ? base : "", url + longest);
}

static void add_url(TALLOC_CTX *mem, const struct remote_settings *s,
		    const char *url, char ***urls, size_t *count)
{
	char *full = apply_instead_of(mem, s, url);

	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*urls)[i], full))
			return;
	*urls = talloc_realloc(mem, *urls, char *, (unsigned)*count + 1);
	(*urls)[(*count)++] = full;
}

static bool is_remote_url(const char *t, const char *value)
{
	return !strncmp(t, "remote.", 7) && value - t > 11 &&
	       !strncmp(value - 4, ".url", 4);
}

/* "remote.NAME.url" of the setting at t, or NULL; on mem. */
static char *remote_of(TALLOC_CTX *mem, const char *t)
{
	const char *value = strchr(t, '\n');

	if (!value || !is_remote_url(t, value))
		return NULL;
	return talloc_strndup(mem, t + 7, (size_t)(value - 4 - (t + 7)));
}

static char *only_remote(TALLOC_CTX *mem, const struct remote_settings *s)
{
	char *found = NULL;

	for (const char *t = s->text; t < s->text + s->length;
	     t += strlen(t) + 1) {
		char *name = remote_of(mem, t);

		if (name && !strcmp(name, "origin"))
			return name;
		if (name && found && strcmp(name, found) != 0)
			return NULL;
		found = name ? name : found;
	}
	return found;
}

int repo_remote_name(TALLOC_CTX *mem, struct repo *repo, char **name,
		     struct error *err)
{
	struct remote_settings s;
	const char *found = NULL;
	char *complaint;
	int status = git_run(
		mem, repo,
		GIT_ARGS("config", "-z", "--get-regexp", "^(remote|branch)\\."),
		NULL, 0, &s.text, &s.length, &complaint, err);

	*name = NULL;
	if (status)
		return status < 0 ? -1 : 0;
	if (repo->branch)
		found = setting(&s, talloc_asprintf(mem, "branch.%s.remote",
						    repo->branch));
	/* a branch that follows one of this repository goes to "." */
	if (!found || !strcmp(found, "."))
		found = setting(&s, "remote.pushdefault");
	*name = found ? talloc_strdup(mem, found) : only_remote(mem, &s);
	return 0;
}

static void add_remote(TALLOC_CTX *mem, const struct remote_settings *s,
		       const char *name, char ***urls, size_t *count)
{
	char *key = name ? talloc_asprintf(NULL, "remote.%s.url", name) : NULL;
	const char *url = key ? setting(s, key) : NULL;

	if (url)
		add_url(mem, s, url, urls, count);
	talloc_free(key);
}

int repo_remotes(TALLOC_CTX *mem, struct repo *repo, char ***urls,
		 size_t *count, struct error *err)
{
	struct remote_settings s;
	char *complaint, *branch;
	int status = git_run(mem, repo,
			     GIT_ARGS("config", "-z", "--get-regexp",
				      "^(remote|url|branch)\\."),
			     NULL, 0, &s.text, &s.length, &complaint, err);

	*urls = NULL;
	*count = 0;
	if (status)
		return status < 0 ? -1 : 0;
	if (repo->branch) {
		branch = talloc_asprintf(mem, "branch.%s.remote", repo->branch);
		add_remote(mem, &s, setting(&s, branch), urls, count);
	}
	add_remote(mem, &s, setting(&s, "remote.pushdefault"), urls, count);
	add_remote(mem, &s, "origin", urls, count);
	for (const char *t = s.text; t < s.text + s.length;
	     t += strlen(t) + 1) {
		const char *value = strchr(t, '\n');

		if (value && is_remote_url(t, value))
			add_url(mem, &s, value + 1, urls, count);
	}
	return 0;
}
