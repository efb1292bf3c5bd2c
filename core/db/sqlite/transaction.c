#include "core/db/sqlite/internal.h"

#include "core/base/text.h"
#include "core/db/sqlite/effects.h"

static void forget(struct sqlite *s)
{
	if (s->enforced && s->handle)
		sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0,
				  NULL);
	s->enforced = false;
	s->open = false;
	s->script = NULL;
	talloc_free(s->keys);
	s->keys = NULL;
	s->along = NULL;
	s->facts = NULL;
	sqlite_grip_forget(s);
}

/*
 * Settings, attached databases, temporary tables, another busy timeout: none
 * of it can be undone one by one, and opening a file is cheap.
 */
int sqlite_restore(struct sqlite *s, struct error *err)
{
	s->read_script = NULL;
	if (!s->changed)
		return 0;
	sqlite_disconnect(s);
	if (sqlite_connect(s, err) < 0)
		return -1;
	s->changed = false;
	if (s->keeps_journal)
		sqlite_keep_journal(s);
	return 0;
}

static int open_transaction(struct sqlite *s, const struct script *script,
			    struct error *err)
{
	if (sqlite_keep_pages(s, err) < 0 ||
	    sqlite_run(s, "BEGIN IMMEDIATE", err) < 0) {
		forget(s);
		return -1;
	}
	s->script = script;
	s->open = true;
	return 0;
}

int sqlite_begin(struct db *db, const struct script *script, struct error *err)
{
	struct sqlite *s = sqlite_of(db);

	db->ended = DB_OPEN;
	if (sqlite_make(s, err) < 0)
		return -1;
	if (!sqlite3_get_autocommit(s->handle)) {
		sqlite_rollback(db);
		error_set(err, ERROR_SQL,
			  "the script left a transaction open, it is rolled "
			  "back");
		return error_hint(err, "add the COMMIT");
	}
	forget(s);
	if (script)
		effects_forget(s);
	if (script && (sqlite_restore(s, err) < 0 ||
		       keys_before(s, script, &s->keys, err) < 0))
		return -1;
	/* inside the transaction the pragma would be ignored, and DROP TABLE
	   would delete the rows that refer to the table */
	if (script)
		sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0,
				  NULL);
	return open_transaction(s, script, err);
}

int sqlite_commit(struct db *db, struct error *err)
{
	struct sqlite *s = sqlite_of(db);

	if (sqlite3_get_autocommit(s->handle)) {
		forget(s);
		return error_set(err, ERROR_SQL,
				 "the transaction is over before its commit");
	}
	if (s->keys && keys_after(s, s->keys, err) < 0) {
		if (err->code == ERROR_SQL && s->script)
			error_at(err, s->script->path, 0, 0);
		sqlite_rollback(db);
		return -1;
	}
	if (sqlite_run(s, "COMMIT", err) < 0)
		return -1;
	db->ended = DB_COMMITTED;
	db->committed_us = clock_mono_us();
	sqlite_grip_tell(s, db->committed_us, 0);
	effects_end(s);
	sqlite_count_along_end(s);
	forget(s);
	return 0;
}

/*
 * What a batch has committed cannot be taken back when a check at the end finds
 * rows that refer to nothing: so SQLite itself watches over foreign keys
 * meanwhile. It takes that setting only outside of a transaction.
 */
static void enforce_keys(struct sqlite *s)
{
	int before = 0;

	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &before);
	if (before)
		return;
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	s->enforced = true;
}

/* What one statement leaves wrong, it would leave for good. */
static int keys_before_step(struct sqlite *s, const struct script *script,
			    size_t n, struct error *err)
{
	struct statement statement = script->statements[n];
	struct script alone = *script;

	alone.text += statement.offset;
	alone.length = statement.length;
	alone.statements = &statement;
	alone.statement_count = 1;
	statement.offset = 0;
	return keys_before(s, &alone, &s->keys, err);
}

int sqlite_begin_step(struct db *db, const struct script *script, size_t n,
		      struct error *err)
{
	struct sqlite *s = sqlite_of(db);

	if (sqlite_make(s, err) < 0 || (n == 0 && sqlite_restore(s, err) < 0))
		return -1;
	if (n == 0)
		effects_forget(s);
	forget(s);
	if (script->statements[n].batch)
		enforce_keys(s);
	else if (keys_before_step(s, script, n, err) < 0)
		return -1;
	return open_transaction(s, script, err);
}

bool sqlite_inside(struct db *db)
{
	return !sqlite3_get_autocommit(sqlite_of(db)->handle);
}

void sqlite_rollback(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	if (s->handle && !sqlite3_get_autocommit(s->handle))
		sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
	sqlite_grip_tell(s, clock_mono_us(), 0);
	/* some failures have rolled it back already */
	if (s->open && s->handle && sqlite3_get_autocommit(s->handle))
		db->ended = DB_ROLLED_BACK;
	s->interrupted = false;
	forget(s);
}
