#include "core/db/db.h"

#include <stdlib.h>
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

bool db_same_place(const char *url, const char *other, const char *top)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	const struct db_engine *engine = db_engine_for(url, &ignored);
	const char *a, *b;
	bool same = false;

	if (engine && engine->accepts(other)) {
		a = engine->place(mem, url, top);
		b = engine->place(mem, other, top);
		same = a && b && !strcmp(a, b);
	}
	error_release(&ignored);
	talloc_free(mem);
	return same;
}

int db_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err)
{
	const struct db_engine *engine = db_engine_for(url, err);

	return engine ? engine->open(mem, url, options, db, err) : -1;
}

int db_changed_by_others(const struct db *db, struct error *err)
{
	error_set(err, ERROR_BUSY,
		  "another run has gone on with it meanwhile: the ledger of "
		  "'%s' is not as this one left it",
		  db->label);
	return error_hint(err, "what the other one makes of it: "
			       "git migrate status");
}

void db_answer_add(struct db *db, const char *const *values, int count)
{
	struct db_answer *answer = &db->answer;

	answer->columns = count;
	if (answer->rows++)
		return;
	talloc_free(answer->value);
	talloc_free(answer->row);
	answer->value = count ? talloc_strdup(db, values[0]) : NULL;
	answer->row = talloc_strdup(db, "");
	for (int i = 0; i < count; i++)
		answer->row = talloc_asprintf_append(
			answer->row, "%s%s", i ? ", " : "",
			values[i] ? values[i] : "NULL");
}

bool db_answer_is_true(const struct db_answer *answer)
{
	const char *value = answer->value;
	char *end;

	if (answer->rows != 1 || answer->columns != 1 || !value)
		return false;
	if (!strcmp(value, "t") || !strcmp(value, "true"))
		return true;
	return strtod(value, &end) != 0 && !*end;
}

int db_kept_locked(const struct db *db, double waited_ms,
		   const struct fact_blocker *seen, size_t count,
		   struct error *err)
{
	const char *right = db->engine->sessions_right;
	char *text = talloc_strdup(NULL, "");

	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s", i ? "\n" : "",
			fact_blocker_line(text, &seen[i]));
	error_set(err, ERROR_BUSY, "others kept it locked for %s",
		  text_duration(text, waited_ms));
	if (count)
		error_detail(err, "%s", text);
	talloc_free(text);
	if (!count)
		return error_hint(err, "run it again when they are done");
	if (seen[0].remedy)
		error_hint(err, "to end what is in the way: %s",
			   seen[0].remedy);
	if (right && (!seen[0].state || !seen[0].user))
		error_hint(err,
			   "to see what it does, let somebody who may say: %s",
			   right);
	return -1;
}

bool db_is_own_table(const char *name)
{
	return !strcmp(name, "git_migrations") ||
	       !strcmp(name, "git_migrate_runs") ||
	       !strcmp(name, "git_migrate_meta") ||
	       !strcmp(name, "git_migrate_progress") ||
	       !strcmp(name, "git_migrate_backups");
}

int db_deadline_tick(const char *waiting_for, void *data)
{
	(void)waiting_for;
	return clock_mono_us() >= *(const int64_t *)data;
}
