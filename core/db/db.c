#include "core/db/db.h"

#include <string.h>

#include "core/base/text.h"

static const struct db_engine *const engines[] = {
	&db_engine_sqlite,
	&db_engine_postgres,
	&db_engine_mariadb,
	&db_engine_mysql,
};

#define ENGINE_COUNT (sizeof(engines) / sizeof(*engines))

const struct db_engine *db_engine_for(const char *url, struct error *err)
{
	char *shown;

	for (size_t i = 0; i < ENGINE_COUNT; i++)
		if (engines[i]->accepts(url))
			return engines[i];
	shown = url_redact(NULL, url);
	error_set(err, ERROR_FAILED, "unable to tell the database from '%s'",
		  shown);
	error_hint(err, "write it as sqlite:PATH, postgresql://USER@HOST/NAME, "
			"\"host=... dbname=...\", mariadb://USER@HOST/NAME or "
			"mysql://USER@HOST/NAME");
	talloc_free(shown);
	return NULL;
}

const struct db_engine *db_engine_named(const char *name)
{
	for (size_t i = 0; i < ENGINE_COUNT; i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	return NULL;
}

int db_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err)
{
	const struct db_engine *engine = db_engine_for(url, err);

	return engine ? engine->open(mem, url, options, db, err) : -1;
}

bool db_is_own_table(const char *name)
{
	return !strcmp(name, "git_migrations") ||
	       !strcmp(name, "git_migrate_runs") ||
	       !strcmp(name, "git_migrate_meta");
}
