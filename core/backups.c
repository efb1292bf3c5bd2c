#include "core/backups.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ledger.h"

#define COLUMNS                                                                \
	"id, path, host, bytes, duration_ms, checksum, started_at, taken_by, " \
	"program, tool, moment, fingerprint, contents, verified_at, "          \
	"verified_by, verify_ms, failure"
#define COLUMN_COUNT 17

struct list {
	TALLOC_CTX *mem;
	struct backup **list;
	size_t count;
	struct error *err;
};

static int take_row(const char *const *values, int count, void *data)
{
	struct list *list = data;
	struct backup *b = talloc_zero(list->mem, struct backup);
	const struct {
		const char **text;
		int column;
	} texts[] = {
		{ &b->path, 1 },	 { &b->host, 2 },
		{ &b->checksum, 5 },	 { &b->started_at, 6 },
		{ &b->taken_by, 7 },	 { &b->program, 8 },
		{ &b->tool, 9 },	 { &b->fingerprint, 11 },
		{ &b->verified_at, 13 }, { &b->verified_by, 14 },
		{ &b->failure, 16 },
	};

	(void)count;
	b->id = strtoll(values[0], NULL, 10);
	b->bytes = strtoll(values[3], NULL, 10);
	b->duration_ms = strtod(values[4], NULL);
	b->exact = !strcmp(values[10], "exact");
	b->verify_ms = values[15] ? strtod(values[15], NULL) : -1;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i].text = talloc_strdup(b, values[texts[i].column]);
	if (contents_parse(b, values[12], &b->contents, list->err) < 0)
		return -1;
	list->list = talloc_realloc(list->mem, list->list, struct backup *,
				    (unsigned)list->count + 1);
	list->list[list->count++] = b;
	return 0;
}

/* Naming the ledger is what makes an engine find out in which schema ours is.
   That there is none is no failure. */
static int find_ledger(struct db *db, struct error *err)
{
	struct error why = { 0 };

	if (db->engine->query(db, "SELECT 1 FROM git_migrate_meta", NULL, 0,
			      NULL, NULL, &why) == 0)
		return 0;
	if (why.code == ERROR_SQL) {
		error_release(&why);
		return 0;
	}
	*err = why;
	return -1;
}

int backups_read(TALLOC_CTX *mem, struct db *db, struct backup ***list,
		 size_t *count, struct error *err)
{
	struct list found = { .mem = mem, .err = err };
	bool estimated;
	int64_t rows;

	*list = NULL;
	*count = 0;
	if (find_ledger(db, err) < 0 ||
	    db->engine->count_rows(db, "git_migrate_backups", 1, &rows,
				   &estimated, err) < 0)
		return -1;
	if (rows < 0)
		return 0;
	if (db->engine->query(db,
			      "SELECT " COLUMNS " FROM git_migrate_backups "
			      "ORDER BY id DESC",
			      NULL, 0, take_row, &found, err) < 0)
		return -1;
	*list = found.list;
	*count = found.count;
	return 0;
}

/* It is where the ledger is, which may be anybody's before there is one. */
int backups_create(struct db *db, struct error *err)
{
	const char *file = db->engine->backups_sql;
	struct ledger *ledger;
	int result = ledger_read(NULL, db, &ledger, err);
	bool exists = ledger->exists;

	talloc_free(ledger);
	if (result < 0 || (!exists && ledger_create(db, err) < 0))
		return -1;
	return ledger_run_file(db, file ? file : "core/backups.sql", err);
}

static int write_row(struct db *db, const char *sql, const char *const *params,
		     int count, struct error *err)
{
	if (db->engine->begin(db, NULL, err) < 0)
		return -1;
	if (db->engine->query(db, sql, params, count, NULL, NULL, err) == 0 &&
	    db->engine->commit(db, err) == 0)
		return 0;
	db->engine->rollback(db);
	return error_prefix(err, "unable to record the backup in '%s'",
			    db->label);
}

int backups_insert(struct db *db, const struct backup *b, struct error *err)
{
	char id[24], bytes[24], duration[40], verify[40];
	char *contents = contents_text(NULL, b->contents);
	const char *params[COLUMN_COUNT] = {
		id,
		b->path,
		b->host,
		bytes,
		duration,
		b->checksum,
		b->started_at,
		b->taken_by,
		b->program,
		b->tool,
		b->exact ? "exact" : "near",
		b->fingerprint,
		contents,
		b->verified_at,
		b->verified_by,
		b->verify_ms < 0 ? NULL : verify,
		b->failure,
	};
	int result;

	snprintf(id, sizeof(id), "%" PRId64, b->id);
	snprintf(bytes, sizeof(bytes), "%" PRId64, b->bytes);
	snprintf(duration, sizeof(duration), "%.3f", b->duration_ms);
	snprintf(verify, sizeof(verify), "%.3f", b->verify_ms);
	result = write_row(db,
			   "INSERT INTO git_migrate_backups (" COLUMNS ") "
			   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
			   "$11, $12, $13, $14, $15, $16, $17)",
			   params, COLUMN_COUNT, err);
	talloc_free(contents);
	return result;
}

int backups_update(struct db *db, const struct backup *b, struct error *err)
{
	char id[24], verify[40];
	const char *params[] = { b->verified_at, b->verified_by, verify,
				 b->failure, id };

	snprintf(id, sizeof(id), "%" PRId64, b->id);
	snprintf(verify, sizeof(verify), "%.3f", b->verify_ms);
	return write_row(db,
			 "UPDATE git_migrate_backups SET verified_at = $1, "
			 "verified_by = $2, verify_ms = $3, failure = $4 "
			 "WHERE id = $5",
			 params, 5, err);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *backup_json(const struct backup *b)
{
	char *text = contents_text(NULL, b->contents);
	json_t *json = json_pack(
		"{s:s, s:s, s:I, s:f, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, "
		"s:o, s:o, s:o, s:o, s:o}",
		"path", b->path, "host", b->host, "bytes", (json_int_t)b->bytes,
		"duration_ms", b->duration_ms, "checksum", b->checksum,
		"started_at", b->started_at, "taken_by", b->taken_by, "program",
		b->program, "tool", b->tool, "snapshot",
		b->exact ? "exact" : "near", "verified", b->verified_at != NULL,
		"schema", b->fingerprint, "tables", json_loads(text, 0, NULL),
		"verified_at", text_or_null(b->verified_at), "verified_by",
		text_or_null(b->verified_by), "verify_ms",
		b->verify_ms < 0 ? json_null() : json_real(b->verify_ms),
		"failure", text_or_null(b->failure));

	talloc_free(text);
	return json;
}
