#include "core/restamp.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Versions are the ledger's key, and may be swapped: all of them first go
 * where no version is, below zero.
 */
#define ASIDE "-1 - version"

struct stored_run {
	char id[24];
	json_t *facts;
};

/* The runs of what is restamped, as they will be. */
struct runs {
	TALLOC_CTX *mem;
	const struct restamp *of;
	struct stored_run *list;
	size_t count;
};

static int free_runs(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		json_decref(runs->list[i].facts);
	return 0;
}

/* What is no JSON of ours stays as it is. */
static int take_run(const char *const *values, int count, void *data)
{
	struct runs *runs = data;
	char version[VERSION_LENGTH + 1];
	json_t *facts = json_loads(values[1] ? values[1] : "", 0, NULL);
	struct stored_run *run;

	(void)count;
	if (!json_is_object(facts)) {
		json_decref(facts);
		return 0;
	}
	json_object_set_new(facts, "version",
			    json_string(version_format(runs->of->to, version)));
	json_object_set_new(facts, "name", json_string(runs->of->name));
	runs->list = talloc_realloc(runs->mem, runs->list, struct stored_run,
				    (unsigned)runs->count + 1);
	run = &runs->list[runs->count++];
	snprintf(run->id, sizeof(run->id), "%s", values[0]);
	run->facts = facts;
	return 0;
}

static int read_runs(struct db *db, const struct restamp *list, size_t count,
		     struct runs *runs, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		char from[24];
		const char *params[] = { from };

		snprintf(from, sizeof(from), "%" PRId64, list[i].from);
		runs->of = &list[i];
		if (db->engine->query(db,
				      "SELECT id, facts FROM git_migrate_runs "
				      "WHERE version = $1",
				      params, 1, take_run, runs, err) < 0)
			return -1;
	}
	return 0;
}

static int put_aside(struct db *db, const struct restamp *r, struct error *err)
{
	char from[24], to[24];
	const char *params[] = { to,	    r->name,   r->commit,
				 r->source, r->branch, from };

	snprintf(from, sizeof(from), "%" PRId64, r->from);
	snprintf(to, sizeof(to), "%" PRId64, -1 - r->to);
	if (ledger_change_one(db,
			      "UPDATE git_migrations SET version = $1, "
			      "name = $2, commit_id = $3, source = $4, "
			      "branch = $5 WHERE version = $6",
			      params, 6, err) < 0)
		return -1;
	params[1] = from;
	return db->engine->query(db,
				 "UPDATE git_migrate_runs SET version = $1 "
				 "WHERE version = $2",
				 params, 2, NULL, NULL, err);
}

static int bring_back(struct db *db, struct error *err)
{
	if (db->engine->query(db,
			      "UPDATE git_migrations SET version = " ASIDE
			      " WHERE version < 0",
			      NULL, 0, NULL, NULL, err) < 0)
		return -1;
	return db->engine->query(db,
				 "UPDATE git_migrate_runs SET version = " ASIDE
				 " WHERE version < 0",
				 NULL, 0, NULL, NULL, err);
}

static int write_runs(struct db *db, const struct runs *runs, struct error *err)
{
	for (size_t i = 0; i < runs->count; i++) {
		char *text = json_dumps(runs->list[i].facts, JSON_COMPACT);
		const char *params[] = { text, runs->list[i].id };
		int result = db->engine->query(
			db,
			"UPDATE git_migrate_runs SET facts = $1 WHERE id = $2",
			params, 2, NULL, NULL, err);

		free(text);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int change_all(struct db *db, const struct restamp *list, size_t count,
		      const struct runs *runs, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (put_aside(db, &list[i], err) < 0)
			return -1;
	return bring_back(db, err) < 0 ? -1 : write_runs(db, runs, err);
}

int ledger_restamp(struct db *db, const struct restamp *list, size_t count,
		   struct error *err)
{
	struct runs *runs;
	int result;

	if (!count)
		return 0;
	runs = talloc_zero(NULL, struct runs);
	runs->mem = runs;
	talloc_set_destructor(runs, free_runs);
	result = read_runs(db, list, count, runs, err);
	if (result == 0)
		result = db->engine->begin(db, NULL, err);
	if (result == 0) {
		result = change_all(db, list, count, runs, err);
		if (result == 0)
			result = db->engine->commit(db, err);
		if (result < 0)
			db->engine->rollback(db);
	}
	talloc_free(runs);
	if (result < 0)
		error_prefix(err, "unable to restamp in the ledger of '%s'",
			     db->label);
	return result;
}
