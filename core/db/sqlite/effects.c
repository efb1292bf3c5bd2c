#include "core/db/sqlite/effects.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/sql/reader.h"

/*
 * What a statement did to which table. Where it can only have changed rows of
 * one, SQLite's own count says how many; otherwise a hook counts them row by
 * row. Rows that were read from start to end SQLite counts itself, and its plan
 * says of which table.
 */

static struct fact_statement *fact_of(const struct effects *e)
{
	return &e->facts->statements[e->index];
}

static struct fact_effect *effect_on(const struct effects *e, const char *table)
{
	return facts_add_effect(e->facts, fact_of(e), table);
}

/* --- names that come and go in a script ----------------------------------- */

static bool is_in(const struct sqlite *s, enum table_story what,
		  const char *table)
{
	for (size_t i = 0; i < s->story_count; i++)
		if (s->story[i].what == what &&
		    !strcasecmp(s->story[i].name, table))
			return true;
	return false;
}

static void note(struct sqlite *s, enum table_story what, const char *table)
{
	s->story = talloc_realloc(s, s->story, struct table_note,
				  (unsigned)s->story_count + 1);
	s->story[s->story_count].what = what;
	s->story[s->story_count++].name = talloc_strdup(s->story, table);
}

void effects_forget(struct sqlite *s)
{
	talloc_free(s->story);
	s->story = NULL;
	s->story_count = 0;
}

static bool is_new(const struct effects *e, const char *table)
{
	return is_in(e->s, TABLE_MADE, table);
}

/* A table under the name of one that is gone: that one was built anew. */
static void note_renamed(struct effects *e)
{
	const char *from = e->touched->altered, *to = e->touched->renamed;
	bool was_made = is_new(e, from);

	if (is_in(e->s, TABLE_GONE, to) && was_made) {
		effect_on(e, to)->rewritten = true;
		e->s->rewrote = true;
	} else if (was_made) {
		note(e->s, TABLE_MADE, to);
	}
	if (!was_made)
		note(e->s, TABLE_GONE, from);
}

static void note_names(struct effects *e)
{
	const struct touched *t = e->touched;

	if (t->made)
		note(e->s, TABLE_MADE, t->made);
	if (t->dropped && !is_new(e, t->dropped))
		note(e->s, TABLE_GONE, t->dropped);
	if (t->renamed && t->altered)
		note_renamed(e);
}

/* --- rows that it changed ------------------------------------------------- */

static void count_row(struct fact_effect *f, int action, int64_t rows)
{
	if (action == SQLITE_INSERT)
		f->inserted += rows;
	else if (action == SQLITE_UPDATE)
		f->updated += rows;
	else
		f->deleted += rows;
}

/* SQLite gives the same texts for all rows of a table. */
static void on_row(void *data, int action, const char *schema,
		   const char *table, sqlite3_int64 rowid)
{
	struct effects *e = data;
	const struct touched_write *w = NULL;

	(void)rowid;
	for (size_t i = 0; i < e->touched->write_count && !w; i++) {
		const struct touched_write *one = &e->touched->writes[i];
		const char *name = one->name;

		if (one->action != action)
			continue;
		if (strcmp(schema, "main") != 0) {
			size_t length = strlen(schema);

			if (strncmp(name, schema, length) != 0 ||
			    name[length] != '.')
				continue;
			name += length + 1;
		}
		if (!strcmp(name, table))
			w = one;
	}
	if (!w)
		return;
	e->rows[w - e->touched->writes]++;
	e->hooked++;
}

static bool changes_rows(const struct effects *e)
{
	const char *kind = e->kind;

	return !strcmp(kind, "INSERT") || !strcmp(kind, "UPDATE") ||
	       !strcmp(kind, "DELETE") || !strcmp(kind, "REPLACE");
}

static void tell_rows(const struct effects *e, const struct touched_write *w,
		      int64_t rows)
{
	if (rows > 0)
		count_row(effect_on(e, w->name), w->action, rows);
}

/*
 * The hook is not told of tables without rowid, and not of a table that is
 * emptied as a whole; SQLite counts their rows all the same.
 */
static void share_out(const struct effects *e, int64_t changed)
{
	const struct touched *t = e->touched;
	const struct touched_write *silent = NULL;
	int64_t left = changed - e->hooked;
	int silent_count = 0;

	for (size_t i = 0; i < t->write_count; i++) {
		tell_rows(e, &t->writes[i], e->rows[i]);
		if (e->rows[i])
			continue;
		silent = &t->writes[i];
		silent_count++;
	}
	if (left > 0 && silent_count == 1)
		tell_rows(e, silent, left);
	else if (left > 0)
		facts_add_gap(e->facts,
			      "which tables without rowid a statement changed");
}

static void tell_changes(const struct effects *e)
{
	int64_t changed = sqlite3_total_changes64(e->s->handle) - e->changed;

	if (!changes_rows(e) || changed <= 0)
		return;
	if (e->touched->write_count == 1)
		tell_rows(e, e->touched->writes, changed);
	else if (e->hooks)
		share_out(e, changed);
}

/* --- tables that it read from start to end -------------------------------- */

/* Whether rows of it came or went in this script, as far as that is known. */
static bool has_changed(const struct effects *e, const char *table)
{
	for (size_t i = 0; i < e->index; i++) {
		const struct fact_statement *f = &e->facts->statements[i];

		for (size_t k = 0; k < f->effect_count; k++)
			if (!strcmp(f->effects[k].relation, table) &&
			    (f->effects[k].inserted || f->effects[k].deleted))
				return true;
	}
	return is_in(e->s, TABLE_GONE, table);
}

/* How many it has, where that was counted; otherwise 0. */
static int64_t rows_of(const struct effects *e, const char *table)
{
	for (size_t i = 0; i < e->facts->table_count; i++) {
		const struct fact_table *t = &e->facts->tables[i];

		if (!strcmp(t->name, table) && !t->estimated &&
		    t->rows_before > 0 && !has_changed(e, table))
			return t->rows_before;
	}
	return 0;
}

static void tell_scan(const struct effects *e, const char *table, int64_t rows)
{
	struct fact_effect *f;

	if (is_new(e, table))
		return;
	f = effect_on(e, table);
	f->scans++;
	f->rows_scanned += rows;
	e->s->scanned = true;
}

/* The plan has one line that scans, and none that would repeat it. */
static bool scans_once(const struct effects *e)
{
	char *sql = talloc_asprintf(NULL, "EXPLAIN QUERY PLAN %.*s",
				    (int)e->length, e->text);
	sqlite3_stmt *plan = NULL;
	int scans = 0, others = 0;

	sqlite3_prepare_v3(e->s->handle, sql, -1, 0, &plan, NULL);
	while (plan && sqlite3_step(plan) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(plan, 3);

		if (line && !strncmp(line, "SCAN ", 5))
			scans++;
		else if (line && strncmp(line, "USE TEMP B-TREE", 15) != 0)
			others++;
	}
	sqlite3_finalize(plan);
	talloc_free(sql);
	return scans == 1 && !others;
}

/*
 * A table that is read, when it is the only one; or NULL. What a trigger or a
 * view reads is in no line of its own in the plan.
 */
static const char *only_source(const struct effects *e)
{
	const struct touched *t = e->touched;
	const char *found = NULL;

	if (t->indirect)
		return NULL;
	if (t->count == 1 &&
	    (!strcmp(e->kind, "UPDATE") || !strcmp(e->kind, "DELETE")))
		return t->names[0].name;
	for (size_t i = 0; i < t->count; i++) {
		if (!t->names[i].read)
			continue;
		if (found)
			return NULL;
		found = t->names[i].name;
	}
	return found;
}

/* LIMIT and EXISTS end a scan before its end. */
static bool may_end_early(const struct effects *e)
{
	struct reader r;

	reader_start(&r, e->text, e->length, SQL_SQLITE);
	while (!reader_at_end(&r)) {
		if (reader_is(&r, "LIMIT") || reader_is(&r, "EXISTS"))
			return true;
		reader_advance(&r);
	}
	return false;
}

static void tell_reads(const struct effects *e, sqlite3_stmt *prepared)
{
	int steps = sqlite3_stmt_status(prepared,
					SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
	const char *table = steps ? only_source(e) : NULL;

	/* the first row is no step */
	if (table && !may_end_early(e) && scans_once(e))
		tell_scan(e, table, (int64_t)steps + 1);
}

/* --- tables and indexes that are built anew ------------------------------- */

static bool drops_column(const struct effects *e)
{
	struct reader r;

	reader_start(&r, e->text, e->length, SQL_SQLITE);
	if (!reader_accept(&r, "ALTER") || !reader_accept(&r, "TABLE"))
		return false;
	do
		reader_advance(&r);
	while (reader_accept_character(&r, '.'));
	return reader_is(&r, "DROP");
}

/* Of a generated column nothing is stored. */
static int64_t stored_columns(const struct effects *e)
{
	struct error ignored = { 0 };
	int64_t count = 0;

	if (sqlite_number(e->s,
			  "SELECT count(*) FROM pragma_table_xinfo($1) "
			  "WHERE hidden <> 2",
			  e->touched->altered, 0, &count, &ignored) < 0)
		error_release(&ignored);
	return count;
}

static int take_name(const char *const *values, int count, void *data)
{
	struct fact_effect *f;

	(void)count;
	if (!values[0] || db_is_own_table(values[0]))
		return 0;
	f = effect_on(data, values[0]);
	f->indexes_rewritten++;
	return 0;
}

static void tell_reindexed(struct effects *e)
{
	struct error ignored = { 0 };

	for (size_t i = 0;
	     !strcmp(e->kind, "REINDEX") && i < e->touched->reindexed_count;
	     i++) {
		const char *params[] = { e->touched->reindexed[i] };

		if (sqlite_query(&e->s->db,
				 "SELECT tbl_name FROM sqlite_schema "
				 "WHERE type = 'index' AND name = $1",
				 params, 1, take_name, e, &ignored) < 0)
			error_release(&ignored);
	}
}

static void tell_built(struct effects *e)
{
	const struct touched *t = e->touched;

	if (!strcmp(e->kind, "VACUUM")) {
		effect_on(e, e->s->db.database)->rewritten = true;
		e->s->rewrote = true;
	}
	if (t->indexed && !strcmp(e->kind, "CREATE INDEX") &&
	    !is_new(e, t->indexed)) {
		effect_on(e, t->indexed)->indexes_built++;
		tell_scan(e, t->indexed, rows_of(e, t->indexed));
	}
	if (e->columns && t->altered && stored_columns(e) < e->columns) {
		effect_on(e, t->altered)->rewritten = true;
		tell_scan(e, t->altered, rows_of(e, t->altered));
		e->s->rewrote = true;
	}
	tell_reindexed(e);
}

/* --- what it wrote -------------------------------------------------------- */

/* A frame's header in the write-ahead log,
   https://www.sqlite.org/fileformat2.html#wal_file_format */
#define FRAME_HEADER 24

static int64_t pages_written(struct sqlite *s)
{
	int now = 0, most = 0;

	sqlite3_db_status(s->handle, SQLITE_DBSTATUS_CACHE_WRITE, &now, &most,
			  0);
	return now;
}

void effects_begin(struct sqlite *s)
{
	if (!s->facts || s->seen_before >= 0)
		return;
	s->seen_before = s->facts->statements_seen - 1;
	s->written_before = pages_written(s);
}

/* Most is written by the commit: which statement's it is can only be told of
   one that has the transaction to itself. */
void effects_end(struct sqlite *s)
{
	struct facts *facts = s->facts;
	struct error ignored = { 0 };
	int64_t pages, page_size = 0;

	if (!facts || !s->clock.wal || !facts->statement_count ||
	    s->seen_before != facts->statements_seen - 1)
		return;
	pages = pages_written(s) - s->written_before;
	if (sqlite_number(s, "PRAGMA main.page_size", NULL, 0, &page_size,
			  &ignored) == 0)
		facts->statements[facts->statement_count - 1].wal_bytes =
			pages * (page_size + FRAME_HEADER);
	error_release(&ignored);
}

/* --- around a statement --------------------------------------------------- */

void effects_before(struct effects *e)
{
	const struct touched *t = e->touched;

	e->changed = sqlite3_total_changes64(e->s->handle);
	if (changes_rows(e) && t->write_count > 1) {
		e->hooks = true;
		sqlite3_update_hook(e->s->handle, on_row, e);
	}
	if (t->altered && !t->renamed && drops_column(e) &&
	    !is_new(e, t->altered))
		e->columns = stored_columns(e);
}

void effects_after(struct effects *e, sqlite3_stmt *prepared, bool done)
{
	if (e->hooks)
		sqlite3_update_hook(e->s->handle, NULL, NULL);
	if (!done)
		return;
	tell_changes(e);
	tell_reads(e, prepared);
	tell_built(e);
	note_names(e);
}
