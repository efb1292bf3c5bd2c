#include "core/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/run/batch.h"

static const struct batch_limits usual_limits = BATCH_LIMITS_DEFAULT;

struct setting {
	enum config_scope scope;
	const char *key, *value, *origin;
};

struct config {
	struct setting *list;
	size_t count, room;
};

struct config *config_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct config);
}

static void add(struct config *config, enum config_scope scope, const char *key,
		const char *value, const char *origin)
{
	struct setting *s;

	if (config->count == config->room) {
		config->room = config->room ? 2 * config->room : 64;
		config->list = talloc_realloc(config, config->list,
					      struct setting,
					      (unsigned)config->room);
	}
	s = &config->list[config->count++];
	s->scope = scope;
	s->key = talloc_strdup(config, key);
	s->value = talloc_strdup(config, value ? value : "true");
	s->origin = talloc_strdup(config, origin ? origin : "");
}

/* Whether value is one that git reads as true. */
static bool is_true(const char *value)
{
	return !strcasecmp(value, "true") || !strcasecmp(value, "yes") ||
	       !strcasecmp(value, "on") || !strcmp(value, "1");
}

static const char *refuse_unless_true(const char *value)
{
	return is_true(value) ? NULL : "only 'true' may be set there";
}

static const char *refuse_weaker_backup(const char *value)
{
	return !strcmp(value, "destructive") || !strcmp(value, "always")
		       ? NULL
		       : "only 'destructive' or 'always' may be set there";
}

/* Only those that hold a run back more than without them. */
static const char *refuse_longer(const char *value, int most_ms)
{
	int ms = text_duration_parse(value);

	return ms > 0 && ms <= most_ms
		       ? NULL
		       : "only a shorter time than the default may be set "
			 "there";
}

static const char *refuse_longer_lock(const char *value)
{
	return refuse_longer(value, LOCK_TIMEOUT_MS);
}

static const char *refuse_longer_wait(const char *value)
{
	return refuse_longer(value, LOCK_WAIT_MS);
}

static const char *refuse_longer_age(const char *value)
{
	int64_t ms = text_span_parse(value);

	return ms > 0 && ms <= BACKUP_MAX_AGE_MS
		       ? NULL
		       : "only a shorter time than the default may be set "
			 "there";
}

static const char *refuse_no_time(const char *value)
{
	return text_duration_parse(value) > 0 ? NULL : "it is no duration";
}

static const char *refuse_odd_dir(const char *value)
{
	if (*value == '/' || !strcmp(value, "..") ||
	    !strncmp(value, "../", 3) || strstr(value, "/../") ||
	    (strlen(value) > 2 && !strcmp(value + strlen(value) - 3, "/..")))
		return "the folder lies outside the work tree";
	/* git's plumbing takes names by the line */
	for (const char *p = value; *p; p++)
		if (iscntrl((unsigned char)*p))
			return "the name has a control character";
	return NULL;
}

/* Whether a parameter begins so; *value is what follows its equals sign. */
static const char *find_parameter(const char *text, const char *word)
{
	while ((text = strcasestr(text, word)) != NULL) {
		const char *end = text + strlen(word);

		while (isalnum((unsigned char)*end) || *end == '_')
			end++;
		while (isspace((unsigned char)*end))
			end++;
		if (*end == '=')
			return end + 1;
		text += strlen(word);
	}
	return NULL;
}

/* Whether a `sslmode` asks for less than an encrypted connection. */
static bool is_lax_tls(const char *mode)
{
	while (isspace((unsigned char)*mode) || *mode == '\'')
		mode++;
	return strncmp(mode, "require", 7) != 0 &&
	       strncmp(mode, "verify-", 7) != 0 &&
	       strncmp(mode, "verify_", 7) != 0;
}

/*
 * Secrets, and parameters that make libpq read files of the person's choice
 * or lower its guard, have no place in a file that arrives with a clone.
 */
static const char *refuse_secret_url(const char *value)
{
	static const char *const words[] = {
		"password",
		"passfile",
		"service",
		"sslkey",
		"sslcert",
		"sslcrl",
		"passwd",
		"sslroot",
		"token",
		/* MariaDB and MySQL, in all the spellings that they have */
		"ssl-key",
		"ssl_key",
		"ssl-cert",
		"ssl_cert",
		"ssl-ca",
		"ssl_ca",
		"sslca",
		"default-file",
		"default_file",
		"defaultfile",
		"default-group",
		"default_group",
		"defaultgroup",
	};
	static const char *const modes[] = { "sslmode", "ssl-mode",
					     "ssl_mode" };
	const char *scheme = strstr(value, "://"), *mode;

	if (scheme) {
		const char *at = strrchr(scheme + 3, '@');
		const char *colon = strchr(scheme + 3, ':');

		if (at && colon && colon < at)
			return "it has a password";
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (find_parameter(value, words[i]))
			return "it has a password, a service, or a TLS or "
			       "password file";
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		for (mode = value;
		     (mode = find_parameter(mode, modes[i])) != NULL;)
			if (is_lax_tls(mode))
				return "its sslmode asks for no encryption";
	/* a percent sign can spell any of these words */
	if (strchr(value, '?') && strchr(strchr(value, '?'), '%'))
		return "it has parameters in percent encoding";
	return NULL;
}

static const char *refuse_longer_batch(const char *value)
{
	return refuse_longer(value, usual_limits.target_ms);
}

static const char *refuse_longer_lag(const char *value)
{
	return refuse_longer(value, usual_limits.max_lag_ms);
}

static const char *refuse_more_waiting(const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	return end != value && !*end && n >= 0 && n <= usual_limits.max_waiting
		       ? NULL
		       : "only less than the default may be set there";
}

static const char *refuse_more_rows(const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	return end != value && !*end && n >= 0 && n <= PROOF_ROWS
		       ? NULL
		       : "only less than the default may be set there";
}

static const char *accept_any(const char *value)
{
	(void)value;
	return NULL;
}

/* What .gitmigrate may set, and what is wrong with a value, if anything. */
static const struct shared_key {
	const char *key; /* "*" stands for the subsection */
	const char *(*refuse)(const char *value);
} shared_keys[] = {
	{ "migrate.dir", refuse_odd_dir },
	{ "migrate.target", refuse_secret_url }, /* it may be a URL */
	{ "migrate.thread", accept_any },
	{ "migrate.protectedbranch", accept_any },
	{ "migrate.requireproof", refuse_unless_true },
	{ "migrate.proofrows", refuse_more_rows },
	{ "migrate.requirebackup", refuse_weaker_backup },
	{ "migrate.backupmaxage", refuse_longer_age },
	{ "migrate.locktimeout", refuse_longer_lock },
	{ "migrate.lockwait", refuse_longer_wait },
	{ "migrate.statementtimeout", refuse_no_time },
	{ "migrate.batchtarget", refuse_longer_batch },
	{ "migrate.maxreplicalag", refuse_longer_lag },
	{ "migrate.maxwaiting", refuse_more_waiting },
	{ "migrate-target.*.url", refuse_secret_url },
	{ "migrate-target.*.directurl", refuse_secret_url },
	{ "migrate-target.*.protected", refuse_unless_true },
};

static bool key_matches(const char *pattern, const char *key)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, length = strlen(key);

	if (!star)
		return !strcmp(pattern, key);
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return length > head + tail && !strncmp(pattern, key, head) &&
	       !strcmp(star + 1, key + length - tail);
}

static int check_shared(const char *key, const char *value, const char *origin,
			int line, struct error *err)
{
	const char *why = NULL;
	char *shown;
	size_t i, n = sizeof(shared_keys) / sizeof(*shared_keys);

	for (i = 0; i < n; i++)
		if (key_matches(shared_keys[i].key, key))
			break;
	if (i < n) {
		why = shared_keys[i].refuse(value ? value : "true");
		if (!why)
			return 0;
	}
	shown = text_visible(NULL, key, false);
	error_set(err, ERROR_FAILED, "the key '%s' may not be set in '%s'%s%s",
		  shown, origin, why ? ": " : "", why ? why : "");
	error_at(err, origin, line, 0);
	error_hint(err,
		   "that file arrives with a clone; set it for yourself: "
		   "git config %s ...",
		   shown);
	talloc_free(shown);
	return -1;
}

int config_set(struct config *config, enum config_scope scope, const char *key,
	       const char *value, const char *origin, int line,
	       struct error *err)
{
	if (scope == CONFIG_SHARED &&
	    check_shared(key, value, origin, line, err) < 0)
		return -1;
	add(config, scope, key, value, origin);
	return 0;
}

void config_environment(struct config *config)
{
	static const struct {
		const char *variable, *key;
	} list[] = {
		{ "GIT_MIGRATE_DIR", "migrate.dir" },
		{ "GIT_MIGRATE_TARGET", "migrate.target" },
		{ "GIT_MIGRATE_THREAD", "migrate.thread" },
		{ "GIT_MIGRATE_SCRATCH_URL", "migrate.scratchurl" },
		{ "GIT_MIGRATE_COUNT_ROWS", "migrate.countrows" },
		{ "GIT_MIGRATE_WAIT", "migrate.wait" },
		{ "GIT_MIGRATE_LOCK_TIMEOUT", "migrate.locktimeout" },
		{ "GIT_MIGRATE_LOCK_WAIT", "migrate.lockwait" },
		{ "GIT_MIGRATE_STATEMENT_TIMEOUT", "migrate.statementtimeout" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		const char *value = getenv(list[i].variable);

		if (value && *value)
			add(config, CONFIG_ENVIRONMENT, list[i].key, value,
			    list[i].variable);
	}
}

static const struct setting *find(const struct config *config, const char *key)
{
	const struct setting *found = NULL;

	for (size_t i = 0; i < config->count; i++) {
		const struct setting *s = &config->list[i];

		if (!strcmp(s->key, key) &&
		    (!found || s->scope >= found->scope))
			found = s;
	}
	return found;
}

const char *config_get(const struct config *config, const char *key)
{
	const struct setting *s = find(config, key);

	return s ? s->value : NULL;
}

const char **config_own_values(TALLOC_CTX *mem, const struct config *config,
			       const char *key)
{
	const char **values = NULL;
	unsigned count = 0;

	for (size_t i = 0; i < config->count; i++) {
		const struct setting *s = &config->list[i];

		if (s->scope == CONFIG_SHARED || strcmp(s->key, key) != 0)
			continue;
		values = talloc_realloc(mem, values, const char *, count + 2);
		values[count++] = talloc_strdup(mem, s->value);
		values[count] = NULL;
	}
	return values;
}

bool config_is_own(const struct config *config, const char *key)
{
	const struct setting *s = find(config, key);

	return s && s->scope != CONFIG_SHARED;
}

static int value_error(const struct setting *s, const char *what,
		       struct error *err)
{
	char *shown = text_visible(NULL, s->value, false);

	error_set(err, ERROR_FAILED, "bad %s '%s' for '%s'%s%s", what, shown,
		  s->key, *s->origin ? " in " : "", s->origin);
	talloc_free(shown);
	return -1;
}

/* As git counts them. */
static int64_t unit_of(char letter)
{
	switch (letter) {
	case 'g':
	case 'G':
		return INT64_C(1024) * 1024 * 1024;
	case 'm':
	case 'M':
		return INT64_C(1024) * 1024;
	default:
		return 1024;
	}
}

int config_int(const struct config *config, const char *key, int64_t fallback,
	       int64_t *value, struct error *err)
{
	const struct setting *s = find(config, key);
	const char *unit;
	int64_t n;
	char *end;

	*value = fallback;
	if (!s)
		return 0;
	errno = 0;
	n = strtoll(s->value, &end, 10);
	if (errno || end == s->value || n < 0)
		return value_error(s, "number", err);
	unit = *end ? strchr("kKmMgG", *end) : NULL;
	if (unit)
		end++;
	if (*end || (unit && __builtin_mul_overflow(n, unit_of(*unit), &n)))
		return value_error(s, "number", err);
	*value = n;
	return 0;
}

int config_duration(const struct config *config, const char *key, int fallback,
		    int *ms, struct error *err)
{
	const struct setting *s = find(config, key);

	*ms = fallback;
	if (!s)
		return 0;
	*ms = text_duration_parse(s->value);
	return *ms < 0 ? value_error(s, "duration", err) : 0;
}

int config_span(const struct config *config, const char *key, int64_t fallback,
		int64_t *ms, struct error *err)
{
	const struct setting *s = find(config, key);

	*ms = fallback;
	if (!s)
		return 0;
	*ms = text_span_parse(s->value);
	return *ms < 0 ? value_error(s, "duration", err) : 0;
}

int config_bool(const struct config *config, const char *key, bool fallback,
		bool *value, struct error *err)
{
	const struct setting *s = find(config, key);

	*value = fallback;
	if (!s)
		return 0;
	*value = is_true(s->value);
	if (!*value && *s->value && strcasecmp(s->value, "false") &&
	    strcasecmp(s->value, "no") && strcasecmp(s->value, "off") &&
	    strcmp(s->value, "0") != 0)
		return value_error(s, "boolean", err);
	return 0;
}

int config_dir(const struct config *config, const char **dir, struct error *err)
{
	const struct setting *s = find(config, "migrate.dir");
	const char *why;
	size_t length;

	*dir = "migrations";
	if (!s)
		return 0;
	why = refuse_odd_dir(s->value);
	if (why || !*s->value || !strcmp(s->value, ".")) {
		char *shown = text_visible(NULL, s->value, false);

		error_set(err, ERROR_FAILED, "bad folder '%s' for '%s': %s",
			  shown, s->key,
			  why ? why : "a folder of its own is needed");
		talloc_free(shown);
		return -1;
	}
	length = strlen(s->value);
	while (length > 1 && s->value[length - 1] == '/')
		length--;
	*dir = talloc_strndup(config, s->value, length);
	while (!strncmp(*dir, "./", 2))
		*dir += 2;
	return 0;
}

const char **config_target_names(TALLOC_CTX *mem, const struct config *config)
{
	static const char head[] = "migrate-target.", tail[] = ".url";
	const char **names = talloc_zero_array(mem, const char *,
					       (unsigned)config->count + 1);
	size_t count = 0;

	for (size_t i = 0; i < config->count; i++) {
		const char *key = config->list[i].key;
		char *name;
		size_t k = 0;

		if (!key_matches("migrate-target.*.url", key))
			continue;
		name = talloc_strndup(names, key + strlen(head),
				      strlen(key) - strlen(head) -
					      strlen(tail));
		while (k < count && strcmp(names[k], name) != 0)
			k++;
		if (k == count)
			names[count++] = name;
	}
	return names;
}
