#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * Settings, each with where it came from. Later scopes win. Keys are as `git
 * config --list` prints them: section and last part in lower case, the
 * subsection as it stands ("migrate-target.dev.url").
 */
enum config_scope {
	CONFIG_SHARED,	    /* .gitmigrate: arrives with a clone, not trusted */
	CONFIG_GIT,	    /* the person's own git config, any scope */
	CONFIG_ENVIRONMENT, /* GIT_MIGRATE_* and DATABASE_URL */
	CONFIG_OPTION,	    /* the command line */
};

/* When nothing else is configured. */
#define LOCK_TIMEOUT_MS 50
#define BACKUP_MAX_AGE_MS (INT64_C(24) * 60 * 60 * 1000)
/* Rows of a table from which on a proof should have run on data. */
#define PROOF_ROWS 10000
#define LOCK_WAIT_MS (5 * 60 * 1000)

struct config;

struct config *config_new(TALLOC_CTX *mem);

/*
 * Adds one setting (copied). In CONFIG_SHARED only the keys and values that a
 * file from a clone may set are taken; another one is an error at
 * `origin` (a file) and `line`. Other scopes take any key.
 */
int config_set(struct config *config, enum config_scope scope, const char *key,
	       const char *value, const char *origin, int line,
	       struct error *err);

/* Reads GIT_MIGRATE_TARGET, GIT_MIGRATE_DIR ... into CONFIG_ENVIRONMENT. */
void config_environment(struct config *config);

/* The value that wins, or NULL. */
const char *config_get(const struct config *config, const char *key);
/* The same, or fallback; bad values are an error that names the origin. */
int config_int(const struct config *config, const char *key, int64_t fallback,
	       int64_t *value, struct error *err);
/* Milliseconds; "50ms", "2m". */
int config_duration(const struct config *config, const char *key, int fallback,
		    int *ms, struct error *err);
/* The same for long ones, also in days. */
int config_span(const struct config *config, const char *key, int64_t fallback,
		int64_t *ms, struct error *err);
int config_bool(const struct config *config, const char *key, bool fallback,
		bool *value, struct error *err);
/* All that the person has set of a key, in order; ends with NULL. NULL when
   there is none. */
const char **config_own_values(TALLOC_CTX *mem, const struct config *config,
			       const char *key);
/* Whether the winning value is the person's own, not from a clone. */
bool config_is_own(const struct config *config, const char *key);

/* The names of all targets that have a URL, each once; ends with NULL. */
const char **config_target_names(TALLOC_CTX *mem, const struct config *config);

/* The migrations folder, relative to the top, without a closing slash. */
int config_dir(const struct config *config, const char **dir,
	       struct error *err);

struct target {
	const char *name; /* NULL when it was given as a URL */
	const char *url;
	const char *scratch_url; /* or NULL */
	/* the server itself where url is a pooler's, for commands that write;
	   or NULL */
	const char *direct_url;
	bool own_direct_url;
	/* to be asked how far they are behind, then NULL; or NULL */
	const char **replica_urls;
	bool pools_sessions; /* url is a pooler's that keeps whole sessions */
	bool protected_;
	bool disposable;
	bool own_url; /* the person's own configuration names its host */
};

/*
 * The target for `chosen` (--target: a name or a URL; NULL: the configured
 * one, DATABASE_URL as "env" when none is configured, else "dev" =
 * sqlite:dev.db). Strings belong to mem.
 */
int config_target(TALLOC_CTX *mem, const struct config *config,
		  const char *chosen, struct target *target, struct error *err);

#endif
