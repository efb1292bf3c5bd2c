#include "core/db/mysql/internal.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"

static bool is_one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (!strcmp(kind, *kinds))
			return true;
	return false;
}

/* A script in no transaction of ours has no begin() before it. */
int my_start_script(struct my *my, const struct script *script, size_t n,
		    struct error *err)
{
	if (my->transaction != MY_IDLE)
		return 0;
	if (n > 0 && my->script == script)
		return my_lock_check_lately(my, err);
	if (my_in_transaction(&my->main))
		return error_set(err, ERROR_SQL,
				 "a transaction of another script is open");
	if (my_reset(my, err) < 0)
		return -1;
	return my_lock_check_lately(my, err);
}

/*
 * What changes nothing of the session: most of what scripts do. A variable of
 * the person's may be set in any statement, and a temporary table stays.
 */
static bool leaves_session_alone(const struct statement *s, const char *text)
{
	static const char *const kinds[] = {
		"ALTER TABLE",	    "CREATE INDEX",    "CREATE TABLE",
		"CREATE TRIGGER",   "CREATE VIEW",     "DELETE",
		"DROP INDEX",	    "DROP TABLE",      "DROP TRIGGER",
		"DROP VIEW",	    "INSERT",	       "RENAME TABLE",
		"REPLACE",	    "TRUNCATE TABLE",  "UPDATE",
		"CREATE PROCEDURE", "CREATE FUNCTION", NULL,
	};

	return is_one_of(s->kind, kinds) && !memchr(text, '@', s->length) &&
	       (strcmp(s->kind, "CREATE TABLE") != 0 ||
		!memmem(text, s->length < 32 ? s->length : 32, " TEMP", 5));
}

static void note_session(struct my *my, const struct statement *s,
			 const char *text)
{
	if (!leaves_session_alone(s, text))
		my->tainted = true;
	if (!strcmp(s->kind, "LOCK TABLE"))
		my->tables_locked = true;
	else if (!strcmp(s->kind, "UNLOCK TABLES"))
		my->tables_locked = false;
}

/* --- what a scratch database must not reach ------------------------------- */

static int refuse_reach(const struct my *my, const char *what,
			struct error *err)
{
	error_set(err, ERROR_SQL, "%s, which a scratch database must not reach",
		  what);
	error_hint(err,
		   "leave the database's name out of the script: the "
		   "connection is to '%s' already",
		   my->not_to_touch);
	return -1;
}

/* database.name with the name of the database that it stands in for */
static bool names_target(const struct my *my, const struct statement *s,
			 const char *text)
{
	struct sql_token token = { SQL_END, 0, 0 }, dot;
	size_t at = 0;

	while ((token = sql_next_code(text, s->length, at, SQL_MYSQL)).kind !=
	       SQL_END) {
		char *name;
		bool same;

		at = token.offset + token.length;
		if (token.kind != SQL_WORD && token.kind != SQL_QUOTED)
			continue;
		dot = sql_next_code(text, s->length, at, SQL_MYSQL);
		if (dot.kind != SQL_OTHER || text[dot.offset] != '.')
			continue;
		name = sql_unquote(NULL, text + token.offset, token.length);
		same = !strcasecmp(name, my->not_to_touch);
		talloc_free(name);
		if (same)
			return true;
	}
	return false;
}

static int check_reach(const struct my *my, const struct statement *s,
		       const char *text, struct error *err)
{
	static const char *const kinds[] = {
		"USE",		 "CREATE DATABASE",
		"DROP DATABASE", "ALTER DATABASE",
		"CREATE SCHEMA", "DROP SCHEMA",
		"ALTER SCHEMA",	 NULL,
	};

	if (!my->not_to_touch)
		return 0;
	if (is_one_of(s->kind, kinds))
		return refuse_reach(my, "the statement is about a database",
				    err);
	if (names_target(my, s, text))
		return refuse_reach(my, "the statement names the target", err);
	return 0;
}

/* --- running -------------------------------------------------------------- */

static void fill_fact(struct facts *facts, struct fact_statement *fact,
		      const struct statement *s, size_t n)
{
	fact->index = (int)n + 1;
	fact->kind = talloc_strdup(facts, s->kind);
	fact->relation_count = s->relation_count;
	if (!s->relation_count)
		return;
	fact->relations = talloc_array(facts, const char *,
				       (unsigned)s->relation_count);
	for (size_t i = 0; i < s->relation_count; i++)
		fact->relations[i] = talloc_strdup(facts, s->relations[i]);
}

static bool counts_rows(const char *kind)
{
	static const char *const kinds[] = {
		"INSERT",	   "UPDATE", "DELETE", "REPLACE",
		"CREATE TABLE AS", "LOAD",   NULL
	};

	return is_one_of(kind, kinds);
}

static void place(const struct my *my, const struct script *script,
		  const struct statement *s, const struct batch_part *part,
		  struct error *err)
{
	const char *text = part ? part->text : script->text + s->offset;
	size_t length = part ? strlen(text) : s->length;
	size_t offset = 0;
	int line, column;

	if (my->main.failed)
		offset = my_failure_offset(my->main.failed, err->message, text,
					   length);
	if (part)
		offset = batch_part_origin(part, offset);
	offset += s->offset;
	text_position(script->text, script->length, offset, &line, &column);
	error_at(err, script->path, line, column);
}

/* SLEEP() and the like end early when they are stopped, without an error. What
   has committed by itself is done all the same. */
static bool is_cut_short(const struct my *my, const struct statement *s)
{
	return my->cancelled_us &&
	       (my->transaction != MY_IDLE || !strcmp(s->kind, "SELECT") ||
		!strcmp(s->kind, "DO"));
}

/* What a procedure has committed before it failed must not be done again. */
static bool may_have_done_half(const struct my *my, const struct statement *s)
{
	return my->transaction == MY_IDLE && !s->need.queues &&
	       strncmp(s->kind, "CREATE ", 7) != 0;
}

static int take_answer(const char *const *values, int count, void *data)
{
	struct my *my = data;

	db_answer_add(&my->db, values, count);
	return 0;
}

/* OPTIMIZE TABLE says in a row that it did not get its table. */
static int take_report(const char *const *values, int count, void *data)
{
	struct my *my = data;

	if (count == 4 && values[2] && !strcasecmp(values[2], "error") &&
	    values[3] && !strncmp(values[3], "Lock wait timeout", 17))
		my->refused = true;
	return 0;
}

static db_row_fn reader_of(const struct statement *s)
{
	if (s->verify)
		return take_answer;
	return strcmp(s->kind, "OPTIMIZE") != 0 ? NULL : take_report;
}

/* What ended early without an error. */
static int check_done(struct my *my, const struct statement *s,
		      const struct fact_statement *fact, struct error *err)
{
	int limit = my->told.statement_ms;

	if (is_cut_short(my, s))
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (my->refused || (my->watch.ended && !strcmp(s->kind, "OPTIMIZE")))
		return error_set(err, ERROR_LOCK_TIMEOUT,
				 "Lock wait timeout exceeded");
	if (limit && fact->duration_ms >= limit && !strcmp(s->kind, "DO")) {
		error_set(err, ERROR_SQL, "the statement was ended early");
		return error_hint(err, "give it more time: --statement-timeout "
				       "DURATION");
	}
	return 0;
}

static void prepare(struct my *my, int64_t started)
{
	my->cancelled_us = 0;
	my->refused = false;
	my->main.failed = 0;
	if (!my->db.began_us)
		my->db.began_us = started;
	my->db.answer.rows = 0;
}

/* What commits by itself has let go of its locks, unless LOCK TABLES keeps
   them. */
static bool is_outside(const struct my *my)
{
	return !my_in_transaction(&my->main) && !my->tables_locked;
}

static int run(struct my *my, const struct script *script, size_t n,
	       const char *text, size_t length, struct facts *facts,
	       struct fact_statement *fact, struct error *err)
{
	const struct statement *s = &script->statements[n];
	struct my_outcome outcome;
	int64_t started;
	bool outside;
	int result;

	my_observe_begin(my, script, n, facts);
	started = clock_mono_us();
	prepare(my, started);
	my->checked_us = 0;
	fact->from_ms = facts_since(facts, started);
	result = my_run(&my->main, text, length, reader_of(s), my, &outcome,
			err);
	fact->duration_ms = (double)(clock_mono_us() - started) / 1000;
	if (result == 0 && counts_rows(s->kind))
		fact->rows = outcome.rows;
	started = clock_mono_us();
	outside = is_outside(my);
	my_observe_statement(my, script, n, fact, outside);
	if (result == 0 && outside)
		facts_release_locks(facts, started);
	return result == 0 ? check_done(my, s, fact, err) : result;
}

/* The statement within its limits. */
static int run_limited(struct my *my, const struct script *script, size_t n,
		       const struct batch_part *part, struct facts *facts,
		       struct fact_statement *fact, struct error *err)
{
	const struct statement *s = &script->statements[n];
	const char *text = part ? part->text : script->text + s->offset;
	size_t length = part ? strlen(text) : s->length;
	int result;

	if (my->db.lock_timeout_ms || n == 0)
		my_forget_row_blockers(my);
	my_watch_begin(my, script, n);
	result = my_limits_set(my, script, s, err);
	if (result == 0)
		result = run(my, script, n, text, length, facts, fact, err);
	my_watch_end(my);
	my->timed_out = result < 0 && err->code == ERROR_LOCK_TIMEOUT;
	if (result < 0 && may_have_done_half(my, s) &&
	    (my->timed_out || err->code == ERROR_DEADLOCK))
		err->code = ERROR_SQL;
	return result;
}

int my_execute_part(struct db *db, const struct script *script, size_t n,
		    const struct batch_part *part, struct facts *facts,
		    struct error *err)
{
	struct my *my = my_of(db);
	const struct statement *s = &script->statements[n];
	const char *text = script->text + s->offset;
	struct fact_statement *fact = facts_add_statement(facts);
	int result = 0;

	fill_fact(facts, fact, s, n);
	if (my_tick(my))
		result = error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (result == 0)
		result = check_reach(my, s, text, err);
	if (result == 0)
		result = my_start_script(my, script, n, err);
	if (result == 0) {
		my->script = script;
		note_session(my, s, text);
		result = run_limited(my, script, n, part, facts, fact, err);
	}
	if (result == 0 && my->transaction != MY_IDLE &&
	    !my_in_transaction(&my->main))
		result = error_set(err, ERROR_SQL,
				   "the statement ended the transaction it "
				   "was in");
	if (result < 0)
		place(my, script, s, part, err);
	return result;
}

int my_execute(struct db *db, const struct script *script, size_t n,
	       struct facts *facts, struct error *err)
{
	return my_execute_part(db, script, n, NULL, facts, err);
}
