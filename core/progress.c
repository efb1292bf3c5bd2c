#include "core/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/ledger.h"

int progress_create(struct db *db, struct error *err)
{
	return ledger_run_file(db, "core/progress.sql", err);
}

void progress_own(struct progress *progress)
{
	unsigned char bytes[PROGRESS_OWNER_LENGTH / 2];
	int64_t now = clock_wall_us();

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		memset(bytes, getpid() & 0xff, sizeof(bytes));
		memcpy(bytes, &now, sizeof(now));
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(progress->owner + 2 * i, 3, "%02x", bytes[i]);
}

/* The parameters of a row, in the order in which they are written. */
struct row {
	char version[24], done[16], started[16];
	const char *params[7];
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
	row->params[6] = p->owner;
}

int progress_insert(struct db *db, const struct progress *progress,
		    struct error *err)
{
	struct row row;

	fill_row(&row, progress);
	return db->engine->queue(
		db,
		"INSERT INTO git_migrate_progress (done, digest, started, "
		"witness, position, version, owner, turn) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
		row.params, 7, err);
}

/* A turn more makes a change of what is written as it was. */
int progress_update(struct db *db, const struct progress *progress,
		    struct error *err)
{
	struct row row;

	fill_row(&row, progress);
	return ledger_change_one(
		db,
		"UPDATE git_migrate_progress SET done = $1, digest = $2, "
		"started = $3, witness = $4, position = $5, turn = turn + 1 "
		"WHERE version = $6 AND owner = $7",
		row.params, 7, err);
}

int progress_take_over(struct db *db, struct progress *progress,
		       struct error *err)
{
	struct progress ours = *progress;
	struct row row;
	const char *params[5];

	progress_own(&ours);
	fill_row(&row, progress);
	params[0] = ours.owner;
	params[1] = row.version;
	params[2] = progress->owner;
	params[3] = row.done;
	params[4] = progress->digest;
	if (ledger_change_one(
		    db,
		    "UPDATE git_migrate_progress SET owner = $1, "
		    "turn = turn + 1 WHERE version = $2 AND owner = $3 "
		    "AND done = $4 AND digest = $5",
		    params, 5, err) < 0)
		return -1;
	*progress = ours;
	return 0;
}

int progress_remove(struct db *db, const struct progress *progress,
		    struct error *err)
{
	struct row row;

	fill_row(&row, progress);
	return ledger_change_one(db,
				 "DELETE FROM git_migrate_progress "
				 "WHERE version = $1 AND owner = $2",
				 row.params + 5, 2, err);
}

int progress_pass_on(struct db *db, const struct progress *progress,
		     const struct progress *next, struct error *err)
{
	struct row row, before;
	const char *params[9];

	fill_row(&row, next);
	fill_row(&before, progress);
	memcpy(params, row.params, sizeof(row.params));
	params[7] = before.version;
	params[8] = progress->owner;
	return ledger_change_one(
		db,
		"UPDATE git_migrate_progress SET done = $1, digest = $2, "
		"started = $3, witness = $4, position = $5, version = $6, "
		"owner = $7, turn = 0 WHERE version = $8 AND owner = $9",
		params, 9, err);
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
	snprintf(p->owner, sizeof(p->owner), "%s", values[5]);
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
			      "SELECT done, digest, started, witness, "
			      "position, owner FROM git_migrate_progress WHERE "
			      "version = $1",
			      params, 1, take_row, &found, err) < 0)
		return -1;
	*progress = found.progress;
	if (found.progress)
		found.progress->version = version;
	return 0;
}
