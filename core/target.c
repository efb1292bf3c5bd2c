#include "core/config.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* A URL or connection string rather than the name of a target. */
static bool looks_like_url(const char *text)
{
	return strstr(text, "://") || strchr(text, '=') ||
	       !strncmp(text, "sqlite:", 7);
}

static const char *target_setting(const struct config *config, const char *name,
				  const char *last, bool *own)
{
	char *key = talloc_asprintf(NULL, "migrate-target.%s.%s", name, last);
	const char *value = config_get(config, key);

	if (own)
		*own = config_is_own(config, key);
	talloc_free(key);
	return value;
}

static int target_bool(const struct config *config, const char *name,
		       const char *last, bool fallback, bool *value,
		       struct error *err)
{
	char *key = talloc_asprintf(NULL, "migrate-target.%s.%s", name, last);
	int result = config_bool(config, key, fallback, value, err);

	talloc_free(key);
	return result;
}

/* A SQLite file inside the work tree: sqlite:PATH with a relative path that
   does not climb out. */
static bool is_local_file(const char *url)
{
	const char *path = url + 7;

	if (strncmp(url, "sqlite:", 7) != 0)
		return false;
	if (!strncmp(path, "//", 2))
		path += 2;
	return *path && *path != '/' && strncmp(path, "../", 3) != 0 &&
	       !strstr(path, "/../");
}

static int unknown_target(const char *name, struct error *err)
{
	/* it may be a URL that is mistyped */
	char *shown = url_redact(NULL, name);
	bool is_name = !strpbrk(name, ":/@");

	error_set(err, ERROR_FAILED, "no target '%s' is configured", shown);
	if (!strcmp(name, "env"))
		error_hint(err, "set DATABASE_URL");
	else if (is_name)
		error_hint(err, "add it: git config migrate-target.%s.url URL",
			   shown);
	error_hint(err,
		   "%sname the database itself: --target sqlite:PATH, "
		   "--target postgresql://...",
		   is_name ? "or " : "");
	talloc_free(shown);
	return -1;
}

/* Whether a pooler keeps sessions is the person's to say. */
static int direct_connection(TALLOC_CTX *mem, const struct config *config,
			     const char *name, struct target *t,
			     struct error *err)
{
	const char *direct = target_setting(config, name, "directurl",
					    &t->own_direct_url);
	const char *pooler = target_setting(config, name, "pooler", NULL);
	char *shown;

	if (direct)
		t->direct_url = talloc_strdup(mem, direct);
	t->pools_sessions = pooler && !strcmp(pooler, "session");
	if (!pooler || t->pools_sessions || !strcmp(pooler, "transaction"))
		return 0;
	shown = text_visible(NULL, pooler, false);
	error_set(err, ERROR_FAILED,
		  "bad value '%s' for 'migrate-target.%s.pooler'", shown, name);
	talloc_free(shown);
	return error_hint(err, "say what it hands out: session or transaction");
}

static const char **replica_urls(TALLOC_CTX *mem, const struct config *config,
				 const char *name)
{
	char *key = talloc_asprintf(NULL, "migrate-target.%s.replicaurl", name);
	const char **urls = config_own_values(mem, config, key);

	talloc_free(key);
	return urls;
}

static int named_target(TALLOC_CTX *mem, const struct config *config,
			const char *name, struct target *t, struct error *err)
{
	const char *url = target_setting(config, name, "url", &t->own_url);
	const char *database_url = getenv("DATABASE_URL");
	const char *scratch = target_setting(config, name, "scratchurl", NULL);

	if (!url && !strcmp(name, "env") && database_url && *database_url) {
		url = database_url;
		t->own_url = true;
	}
	if (!url && !strcmp(name, "dev")) {
		url = "sqlite:dev.db";
		t->own_url = true;
	}
	if (!url)
		return unknown_target(name, err);
	t->name = talloc_strdup(mem, name);
	t->url = talloc_strdup(mem, url);
	if (scratch)
		t->scratch_url = talloc_strdup(mem, scratch);
	t->replica_urls = replica_urls(mem, config, name);
	if (direct_connection(mem, config, name, t, err) < 0)
		return -1;
	if (target_bool(config, name, "protected", false, &t->protected_, err) <
	    0)
		return -1;
	return target_bool(config, name, "disposable", is_local_file(url),
			   &t->disposable, err);
}

int config_target(TALLOC_CTX *mem, const struct config *config,
		  const char *chosen, struct target *target, struct error *err)
{
	const char *scratch = config_get(config, "migrate.scratchurl");
	const char *database_url = getenv("DATABASE_URL");
	const char *name = chosen;

	memset(target, 0, sizeof(*target));
	if (!name)
		name = config_get(config, "migrate.target");
	if (!name)
		name = database_url && *database_url ? "env" : "dev";
	if (scratch)
		target->scratch_url = talloc_strdup(mem, scratch);
	if (!looks_like_url(name))
		return named_target(mem, config, name, target, err);
	target->url = talloc_strdup(mem, name);
	target->own_url = chosen || config_is_own(config, "migrate.target");
	target->disposable = is_local_file(name);
	return 0;
}
