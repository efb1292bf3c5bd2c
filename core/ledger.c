#include "core/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/text.h"
#include "core/progress.h"

#define LEDGER_VERSION 1
#define LEDGER_VERSION_TEXT "1"

/* What a list of applied migrations needs; each more takes its time. */
#define BRIEF                                                                  \
	"version, name, up_blob, down_blob, commit_id, applied_at, "           \
	"applied_by, state"

#define COLUMNS                                                                \
	BRIEF ", source, branch, duration_ms, direction, statements_done, "    \
	      "statements_total, tool"

/* What somebody has written into the table is shown to people in many places:
   here it is made safe for all of them. */
static char *copy_visible(struct arena *strings, const char *text)
{
	char *shown, *copy;

	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	if (text_is_plain(text, length))
		return arena_copy_n(strings, text, length);
	shown = text_visible(NULL, text, false);
	copy = arena_copy(strings, shown);
	talloc_free(shown);
	return copy;
}

/* What many rows have in common is there once; `before` is the last row's. */
static const char *copy_shared(struct arena *strings, const char *before,
			       const char *text)
{
	return before && text && !strcmp(before, text)
		       ? before
		       : copy_visible(strings, text);
}

static struct ledger_row *add_row(struct ledger *ledger)
{
	if (ledger->count == ledger->room) {
		ledger->room = ledger->room ? 2 * ledger->room : 64;
		ledger->rows = talloc_realloc(ledger, ledger->rows,
					      struct ledger_row,
					      (unsigned)ledger->room);
	}
	return &ledger->rows[ledger->count++];
}

static int take_brief(const char *const *v, int count, void *data)
{
	static const struct ledger_row none;
	struct ledger *ledger = data;
	struct arena *strings = ledger->strings;
	struct ledger_row *row = add_row(ledger);
	const struct ledger_row *before = ledger->count > 1 ? row - 1 : &none;

	(void)count;
	*row = none;
	if (version_parse(v[0], &row->version) < 0)
		row->version = strtoll(v[0], NULL, 10);
	row->name = copy_visible(strings, v[1]);
	row->up_blob = copy_visible(strings, v[2]);
	row->down_blob = copy_visible(strings, v[3]);
	row->commit = copy_shared(strings, before->commit, v[4]);
	row->applied_at = copy_visible(strings, v[5]);
	row->applied_by = copy_shared(strings, before->applied_by, v[6]);
	row->state = strcmp(v[7], "applied") ? UNFINISHED : APPLIED;
	ledger->unfinished |= row->state == UNFINISHED;
	return 0;
}

static int take_row(const char *const *v, int count, void *data)
{
	struct ledger *ledger = data;
	struct arena *strings = ledger->strings;
	struct ledger_row *row;

	take_brief(v, count, data);
	row = &ledger->rows[ledger->count - 1];
	row->source = copy_visible(strings, v[8]);
	row->branch = copy_visible(strings, v[9]);
	row->duration_ms = v[10] ? strtod(v[10], NULL) : 0;
	row->direction = v[11] && !strcmp(v[11], "down") ? DIRECTION_DOWN
							 : DIRECTION_UP;
	row->done = v[12] ? atoi(v[12]) : 0;
	row->total = v[13] ? atoi(v[13]) : 0;
	row->tool = copy_visible(strings, v[14]);
	return 0;
}

static int take_version(const char *const *values, int count, void *data)
{
	(void)count;
	*(int *)data = atoi(values[0]);
	return 0;
}

/* After a query failed: is it that there is no ledger yet? One that may not be
   read is there, and is not to be taken for empty. */
static bool is_absent(struct db *db, const struct error *why)
{
	const char *state = db->engine->no_table_state;
	struct error ignored = { 0 };
	bool estimated;
	int64_t rows = 0;
	int result;

	if (state)
		return !strcmp(why->sqlstate, state);
	result = db->engine->count_rows(db, "git_migrate_meta", 1, &rows,
					&estimated, &ignored);
	error_release(&ignored);
	return result == 0 && rows < 0;
}

static bool is_denied(const struct db *db, const struct error *err)
{
	return db->engine->no_right_state &&
	       !strcmp(err->sqlstate, db->engine->no_right_state);
}

static int unreadable(const struct db *db, struct error *err)
{
	/* of a connection it says itself what is wrong with it, and our own
	   words name the ledger */
	if (err->code == ERROR_CONNECTION ||
	    (!*err->sqlstate && err->code != ERROR_BUSY))
		return -1;
	error_prefix(err, "unable to read the ledger of '%s'", db->label);
	if (!is_denied(db, err))
		return -1;
	return error_hint(err,
			  "let this role read it, or connect as another one: "
			  "GRANT SELECT ON each of git_migrate_meta, "
			  "git_migrations, git_migrate_runs, "
			  "git_migrate_progress");
}

static int by_version(const void *a, const void *b)
{
	int64_t x = ((const struct ledger_row *)a)->version;
	int64_t y = ((const struct ledger_row *)b)->version;

	return (x > y) - (x < y);
}

/* They come in the order they were written, which is nearly always this one. */
static void sort_rows(struct ledger *ledger)
{
	for (size_t i = 1; i < ledger->count; i++)
		if (ledger->rows[i - 1].version > ledger->rows[i].version) {
			qsort(ledger->rows, ledger->count,
			      sizeof(*ledger->rows), by_version);
			return;
		}
}

/* Between the failure and the look, another run may create the ledger. */
static int read_version(struct db *db, int *version, bool *absent,
			struct error *err)
{
	for (int tries = 0; tries < 2; tries++) {
		*absent = false;
		error_release(err);
		if (db->engine->query(db,
				      "SELECT value FROM git_migrate_meta "
				      "WHERE name = 'ledger_version'",
				      NULL, 0, take_version, version, err) == 0)
			return 0;
		if (err->code != ERROR_SQL)
			return -1;
		*absent = is_absent(db, err);
		if (!*absent)
			continue;
		error_release(err);
		return 0;
	}
	return -1;
}

/* How far unfinished ones are stands beside them, and is written first. */
static void count_done(struct ledger *ledger, struct db *db)
{
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_row *row = &ledger->rows[i];
		struct error ignored = { 0 };
		struct progress *at;

		if (row->state != UNFINISHED)
			continue;
		if (progress_read(ledger, db, row->version, &at, &ignored) < 0)
			error_release(&ignored);
		else if (at)
			row->done = at->done;
	}
}

/* How far an unfinished one is needs the other columns, too. There hardly ever
   is one: then all is read again, as of one moment. */
static int read_rows(struct ledger *ledger, struct db *db, struct error *err)
{
	if (db->engine->query(db, "SELECT " BRIEF " FROM git_migrations", NULL,
			      0, take_brief, ledger, err) < 0)
		return -1;
	if (!ledger->unfinished)
		return 0;
	ledger->count = 0;
	return db->engine->query(db, "SELECT " COLUMNS " FROM git_migrations",
				 NULL, 0, take_row, ledger, err);
}

int ledger_read(TALLOC_CTX *mem, struct db *db, struct ledger **out,
		struct error *err)
{
	struct ledger *ledger = talloc_zero(mem, struct ledger);
	int version = 0;
	bool absent;

	ledger->strings = arena_new(ledger);
	*out = ledger;
	if (read_version(db, &version, &absent, err) < 0)
		return unreadable(db, err);
	if (absent)
		return 0;
	if (version > LEDGER_VERSION) {
		error_set(err, ERROR_FAILED,
			  "the ledger of '%s' has version %d, this program "
			  "knows up to %d",
			  db->label, version, LEDGER_VERSION);
		return error_hint(err, "install a newer git-migrate");
	}
	ledger->exists = true;
	if (read_rows(ledger, db, err) < 0)
		return unreadable(db, err);
	sort_rows(ledger);
	if (ledger->unfinished)
		count_done(ledger, db);
	return 0;
}

struct ledger_row *ledger_find(const struct ledger *ledger, int64_t version)
{
	size_t low = 0, high = ledger->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ledger->rows[middle].version < version)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ledger->count && ledger->rows[low].version == version)
		return &ledger->rows[low];
	return NULL;
}

int ledger_read_one(TALLOC_CTX *mem, struct db *db, int64_t version,
		    struct ledger_row **row, struct error *err)
{
	struct ledger *one = talloc_zero(mem, struct ledger);
	char number[24];
	const char *params[] = { number };

	one->strings = arena_new(one);
	snprintf(number, sizeof(number), "%" PRId64, version);
	*row = NULL;
	if (db->engine->query(db,
			      "SELECT " COLUMNS
			      " FROM git_migrations WHERE version = $1",
			      params, 1, take_row, one, err) < 0)
		return -1;
	if (one->count)
		*row = one->rows;
	return 0;
}

struct text_result {
	TALLOC_CTX *mem;
	char *text;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct text_result *result = data;

	(void)count;
	result->text = talloc_strdup(result->mem, values[0] ? values[0] : "");
	return 0;
}

int ledger_down_script(TALLOC_CTX *mem, struct db *db, int64_t version,
		       char **text, struct error *err)
{
	struct text_result result = { mem, NULL };
	char number[24];
	const char *params[] = { number };

	snprintf(number, sizeof(number), "%" PRId64, version);
	if (db->engine->query(db,
			      "SELECT down_script FROM git_migrations "
			      "WHERE version = $1",
			      params, 1, take_text, &result, err) < 0)
		return -1;
	*text = result.text;
	if (!result.text)
		return error_set(err, ERROR_NOT_FOUND,
				 "migration %014" PRId64
				 " is not in the ledger of '%s'",
				 version, db->label);
	return 0;
}

int ledger_run_file(struct db *db, const char *file, struct error *err)
{
	char *text = talloc_strdup(NULL, embed_text(file));
	char *rest = text, *statement;
	int result;

	if (db->engine->begin(db, NULL, err) < 0) {
		talloc_free(text);
		return -1;
	}
	result = 0;
	while (!result && (statement = strsep(&rest, ";")) != NULL)
		if (strspn(statement, " \t\n") < strlen(statement))
			result = db->engine->query(db, statement, NULL, 0, NULL,
						   NULL, err);
	talloc_free(text);
	if (!result)
		result = db->engine->commit(db, err);
	if (result < 0) {
		db->engine->rollback(db);
		error_prefix(err, "unable to create the ledger in '%s'",
			     db->label);
		if (is_denied(db, err))
			error_hint(err, "let this role create tables there, or "
					"connect as another one");
	}
	return result;
}

int ledger_create(struct db *db, struct error *err)
{
	const char *file = db->engine->ledger_sql;

	return ledger_run_file(db, file ? file : "core/ledger.sql", err);
}

/* One that is not known yet is what the database makes of it. */
static const char *duration_value(const struct db *db, double ms, char *text,
				  size_t size, const char *param)
{
	if (ms < 0)
		return db->engine->elapsed_ms;
	snprintf(text, size, "%.3f", ms);
	return param;
}

int ledger_insert(struct db *db, const struct ledger_row *row,
		  const char *down_script, struct error *err)
{
	char version[24], duration[40], done[16], total[16];
	const char *params[] = {
		version,
		row->name,
		row->up_blob,
		row->down_blob,
		row->commit,
		row->source,
		row->branch,
		row->applied_at,
		row->applied_by,
		row->state == APPLIED ? "applied" : "unfinished",
		direction_name(row->direction),
		done,
		total,
		row->tool,
		down_script,
		duration,
	};
	const char *value = duration_value(db, row->duration_ms, duration,
					   sizeof(duration), "$16");
	char *sql = talloc_asprintf(
		NULL,
		"INSERT INTO git_migrations (version, name, up_blob, "
		"down_blob, commit_id, source, branch, applied_at, applied_by, "
		"state, direction, statements_done, statements_total, tool, "
		"down_script, duration_ms) VALUES ($1, $2, $3, $4, $5, $6, "
		"$7, $8, $9, $10, $11, $12, $13, $14, $15, %s)",
		value);
	int result;

	snprintf(version, sizeof(version), "%" PRId64, row->version);
	snprintf(done, sizeof(done), "%d", row->done);
	snprintf(total, sizeof(total), "%d", row->total);
	result = db->engine->queue(db, sql, params,
				   row->duration_ms < 0 ? 15 : 16, err);
	talloc_free(sql);
	return result;
}

int ledger_replace(struct db *db, const struct ledger_row *row,
		   const char *down_script, struct error *err)
{
	char number[24], total[16];
	const char *params[] = {
		row->name,   row->up_blob, row->down_blob, down_script,
		row->commit, row->source,  row->branch,	   total,
		row->tool,   number,
	};

	snprintf(number, sizeof(number), "%" PRId64, row->version);
	snprintf(total, sizeof(total), "%d", row->total);
	return db->engine->queue(
		db,
		"UPDATE git_migrations SET name = $1, up_blob = $2, "
		"down_blob = $3, down_script = $4, commit_id = $5, "
		"source = $6, branch = $7, statements_total = $8, tool = $9 "
		"WHERE version = $10",
		params, 10, err);
}

int ledger_change_one(struct db *db, const char *sql, const char *const *params,
		      int param_count, struct error *err)
{
	int64_t rows;

	if (db->engine->queue_one)
		return db->engine->queue_one(db, sql, params, param_count, err);
	if (db->engine->change(db, sql, params, param_count, &rows, err) < 0)
		return -1;
	return rows == 1 ? 0 : db_changed_by_others(db, err);
}

int ledger_remove(struct db *db, int64_t version, struct error *err)
{
	char number[24];
	const char *params[] = { number };

	snprintf(number, sizeof(number), "%" PRId64, version);
	return ledger_change_one(
		db, "DELETE FROM git_migrations WHERE version = $1", params, 1,
		err);
}

int ledger_progress(struct db *db, int64_t version,
		    const struct ledger_row *row, struct error *err)
{
	char number[24], done[16], total[16], duration[40];
	const char *params[] = {
		row->state == APPLIED ? "applied" : "unfinished",
		direction_name(row->direction),
		done,
		total,
		row->duration_ms < 0 ? NULL : duration,
		number,
	};

	snprintf(number, sizeof(number), "%" PRId64, version);
	snprintf(done, sizeof(done), "%d", row->done);
	snprintf(total, sizeof(total), "%d", row->total);
	snprintf(duration, sizeof(duration), "%.3f", row->duration_ms);
	return db->engine->queue(
		db,
		"UPDATE git_migrations SET state = $1, direction = $2, "
		"statements_done = $3, statements_total = $4, "
		"duration_ms = coalesce($5, duration_ms) WHERE version = $6",
		params, 6, err);
}

int ledger_insert_run(struct db *db, int64_t id, const struct facts *facts,
		      struct error *err)
{
	char *text = facts_text(NULL, facts);
	char *started = text_time(text, facts->started_us);
	char number[24], version[24], duration[40];
	const char *params[] = {
		number,
		version,
		direction_name(facts->direction),
		facts->ok ? "ok" : "failed",
		started,
		text,
		duration,
	};
	const char *value = duration_value(db, facts->duration_ms, duration,
					   sizeof(duration), "$7");
	char *sql = talloc_asprintf(
		text,
		"INSERT INTO git_migrate_runs (id, version, direction, "
		"outcome, started_at, facts, duration_ms) "
		"VALUES ($1, $2, $3, $4, $5, $6, %s)",
		value);
	int result;

	snprintf(number, sizeof(number), "%" PRId64, id);
	snprintf(version, sizeof(version), "%" PRId64, facts->version);
	result = db->engine->queue(db, sql, params,
				   facts->duration_ms < 0 ? 6 : 7, err);
	talloc_free(text);
	return result;
}

int ledger_update_run(struct db *db, int64_t id, const struct facts *facts,
		      struct error *err)
{
	char *text = facts_text(NULL, facts);
	char number[24], duration[40];
	const char *params[] = { text, duration, number };
	int result;

	snprintf(number, sizeof(number), "%" PRId64, id);
	snprintf(duration, sizeof(duration), "%.3f", facts->duration_ms);
	result = db->engine->queue(db,
				   "UPDATE git_migrate_runs SET facts = $1, "
				   "duration_ms = $2 WHERE id = $3",
				   params, 3, err);
	talloc_free(text);
	return result;
}

struct run_list {
	TALLOC_CTX *mem;
	struct facts **runs;
	size_t count;
	struct error *err;
};

static int take_run(const char *const *values, int count, void *data)
{
	struct run_list *list = data;
	json_t *json = json_loads(values[0] ? values[0] : "", 0, NULL);
	struct facts *facts = facts_from_json(list->mem, json, list->err);

	(void)count;
	json_decref(json);
	if (!facts)
		return -1;
	if (facts->duration_ms < 0) /* the database has filled it in */
		facts->duration_ms = strtod(values[1], NULL);
	list->runs = talloc_realloc(list->mem, list->runs, struct facts *,
				    (unsigned)list->count + 1);
	list->runs[list->count++] = facts;
	return 0;
}

int ledger_runs(TALLOC_CTX *mem, struct db *db, int64_t version, int limit,
		struct facts ***runs, size_t *count, struct error *err)
{
	struct run_list list = { mem, NULL, 0, err };
	char number[24], most[24];
	const char *params[] = { number, most };
	int result;

	snprintf(number, sizeof(number), "%" PRId64, version);
	snprintf(most, sizeof(most), "%d", limit > 0 ? limit : INT32_MAX);
	if (version)
		result = db->engine->query(
			db,
			"SELECT facts, duration_ms FROM git_migrate_runs "
			"WHERE version = $1 ORDER BY id DESC LIMIT $2",
			params, 2, take_run, &list, err);
	else
		result = db->engine->query(db,
					   "SELECT facts, duration_ms "
					   "FROM git_migrate_runs "
					   "ORDER BY id DESC LIMIT $1",
					   params + 1, 1, take_run, &list, err);
	if (result < 0)
		unreadable(db, err);
	*runs = list.runs;
	*count = list.count;
	return result;
}
