#include "core/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ledger.h"

int progress_create(struct db *db, struct error *err)
{
	return ledger_run_file(db, "core/progress.sql", err);
}

/* The parameters of a row, in the order of its columns. */
struct row {
	char version[24], done[16], started[16];
	const char *params[6];
};

static void fill_row(struct row *row, const struct progress *p)
{
	snprintf(row->version, sizeof(row->version), "%" PRId64, p->version);
	snprintf(row->done, sizeof(row->done), "%d", p->done);
	snprintf(row->started, sizeof(row->started), "%d", p->started);
	row->params[0] = row->done;
	row->params[1] = p->digest;
	row->params[2] = row->started;
	row->params[3] = p->witness;
	row->params[4] = p->position;
	row->params[5] = row->version;
}

int progress_insert(struct db *db, const struct progress *progress,
		    struct error *err)
{
	struct row row;

	fill_row(&row, progress);
	return db->engine->queue(
		db,
		"INSERT INTO git_migrate_progress "
		"(done, digest, started, witness, position, version) "
		"VALUES ($1, $2, $3, $4, $5, $6)",
		row.params, 6, err);
}

int progress_update(struct db *db, const struct progress *progress,
		    struct error *err)
{
	struct row row;

	fill_row(&row, progress);
	return db->engine->queue(
		db,
		"UPDATE git_migrate_progress SET done = $1, digest = $2, "
		"started = $3, witness = $4, position = $5 WHERE version = $6",
		row.params, 6, err);
}

int progress_remove(struct db *db, int64_t version, struct error *err)
{
	char number[24];
	const char *params[] = { number };

	snprintf(number, sizeof(number), "%" PRId64, version);
	return db->engine->queue(
		db, "DELETE FROM git_migrate_progress WHERE version = $1",
		params, 1, err);
}

struct found {
	TALLOC_CTX *mem;
	struct progress *progress;
};

static int take_row(const char *const *values, int count, void *data)
{
	struct found *found = data;
	struct progress *p = talloc_zero(found->mem, struct progress);

	(void)count;
	p->done = atoi(values[0]);
	snprintf(p->digest, sizeof(p->digest), "%s", values[1]);
	p->started = atoi(values[2]);
	p->witness = talloc_strdup(p, values[3]);
	p->position = talloc_strdup(p, values[4]);
	found->progress = p;
	return 0;
}

int progress_read(TALLOC_CTX *mem, struct db *db, int64_t version,
		  struct progress **progress, struct error *err)
{
	struct found found = { mem, NULL };
	char number[24];
	const char *params[] = { number };
	bool estimated;
	int64_t rows;

	*progress = NULL;
	if (db->engine->count_rows(db, "git_migrate_progress", 1, &rows,
				   &estimated, err) < 0)
		return -1;
	if (rows < 0)
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, version);
	if (db->engine->query(db,
			      "SELECT done, digest, started, witness, position "
			      "FROM git_migrate_progress WHERE version = $1",
			      params, 1, take_row, &found, err) < 0)
		return -1;
	*progress = found.progress;
	if (found.progress)
		found.progress->version = version;
	return 0;
}
