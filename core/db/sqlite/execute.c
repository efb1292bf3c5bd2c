#include "core/db/sqlite/internal.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/db/sqlite/effects.h"
#include "core/sql/reader.h"

/* One statement of a script while it runs. */
struct execution {
	struct sqlite *s;
	const struct script *script;
	const struct statement *statement;
	const struct batch_part *part; /* instead of all of it, or NULL */
	const char *text;	       /* what offsets are in */
	size_t end;		       /* of the statement in it */
	struct facts *facts;
	size_t index; /* of its entry in facts->statements */
	int64_t started_us;
	int64_t counting_us; /* of its time, with looking on */
};

/* --- where it went wrong -------------------------------------------------- */

/* The name in "no such table: x", "table x already exists" and the like. */
static char *named_in(TALLOC_CTX *mem, const char *message)
{
	static const char *const before[] = { "no such ", "duplicate column ",
					      "there is already another ",
					      "unknown column " };
	const char *exists = strstr(message, " already exists");
	const char *named = strstr(message, " named ");
	const char *name = NULL;
	size_t length;

	if (named)
		name = named + strlen(" named ");
	else if (exists)
		name = memchr(message, ' ', (size_t)(exists - message));
	for (size_t i = 0; !name && i < sizeof(before) / sizeof(*before); i++)
		if (!strncmp(message, before[i], strlen(before[i])))
			name = strchr(message, ':');
	if (!name)
		return NULL;
	name += strspn(name, ": ");
	length = exists && !named ? (size_t)(exists - name) : strlen(name);
	for (size_t i = 0; i < length; i++)
		if (name[i] == '.') { /* the schema is not always written */
			name += i + 1;
			length -= i + 1;
			i = 0;
		}
	return sql_unquote(mem, name, length);
}

static bool is_name(const struct reader *r, const char *name)
{
	char *here;
	bool result;

	if ((r->token.kind != SQL_WORD && r->token.kind != SQL_QUOTED) ||
	    r->token.length < strlen(name))
		return false;
	here = reader_name(NULL, r);
	result = !strcasecmp(here, name);
	talloc_free(here);
	return result;
}

/*
 * SQLite gives the place of most errors it finds in the text; of a name that
 * is not there, or is there already, it only gives the name.
 */
static size_t find_name(const char *text, size_t length, const char *message)
{
	char *name = named_in(NULL, message);
	size_t found = 0;
	struct reader r;

	reader_start(&r, text, length, SQL_SQLITE);
	while (name && !found && !reader_at_end(&r)) {
		reader_advance(&r); /* the first word is no name */
		if (is_name(&r, name))
			found = r.token.offset;
	}
	talloc_free(name);
	return found;
}

static int fail_at(struct execution *e, size_t offset, struct error *err)
{
	const struct script *script = e->script;
	int within = sqlite3_error_offset(e->s->handle);
	int line, column;

	sqlite_fail(e->s, err);
	if (within >= 0)
		offset += (size_t)within;
	else if (!strcmp(err->message, "incomplete input"))
		offset = e->end;
	else if (offset < e->end)
		offset += find_name(e->text + offset, e->end - offset,
				    err->message);
	if (e->part)
		offset = e->statement->offset +
			 batch_part_origin(e->part, offset);
	text_position(script->text, script->length, offset, &line, &column);
	return error_at(err, script->path, line, column);
}

/* --- what it touches ------------------------------------------------------ */

/* Whether the entry before has the same relations: then it shares them, which
   matters to a script of a million statements. */
static bool share_relations(struct facts *facts, size_t index,
			    const struct touched *t)
{
	struct fact_statement *f = &facts->statements[index];
	const struct fact_statement *before = f - 1;

	if (!index || before->relation_count != t->count || f->relations)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(before->relations[i], t->names[i].name) != 0)
			return false;
	f->relations = before->relations;
	f->relation_count = before->relation_count;
	return true;
}

static void add_relations(struct execution *e, const struct touched *t)
{
	struct fact_statement *f = &e->facts->statements[e->index];
	const char **list;

	if (!t->count || share_relations(e->facts, e->index, t))
		return;
	list = talloc_array(e->facts, const char *,
			    (unsigned)(f->relation_count + t->count));
	for (size_t i = 0; i < f->relation_count; i++)
		list[i] = f->relations[i];
	f->relations = list;
	for (size_t i = 0; i < t->count; i++)
		list[f->relation_count++] = talloc_strdup(e->facts,
							  t->names[i].name);
}

static const char *keep_kind(const struct facts *facts, size_t index,
			     const char *kind)
{
	const struct fact_statement *before = facts->statements + index - 1;

	if (index && !strcmp(before->kind, kind))
		return before->kind;
	return talloc_strdup(facts, kind);
}

static bool has_entry(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, name))
			return true;
	return false;
}

/* The rows that are there before the first statement that changes a table. */
static int count_before(struct execution *e, const struct touched *t,
			struct error *err)
{
	struct db *db = &e->s->db;
	int64_t started = clock_mono_us();

	if (db->options.count_limit < 0)
		return 0;
	for (size_t i = 0; i < t->count; i++) {
		struct fact_table *table;

		if (t->names[i].touch != TOUCH_WRITTEN ||
		    has_entry(e->facts, t->names[i].name))
			continue;
		table = facts_table(e->facts, t->names[i].name);
		if (sqlite_count_rows(db, table->name, db->options.count_limit,
				      &table->rows_before, &table->estimated,
				      err) < 0)
			return -1;
	}
	e->counting_us += clock_mono_us() - started;
	return 0;
}

static int note_touched(struct execution *e, struct touched *t,
			const char *text, size_t length, struct error *err)
{
	struct sqlite *s = e->s;

	touched_finish(s, t, text, length);
	s->changed |= t->changes_connection;
	if (t->changes_connection) /* what a commit is worth may be among it */
		sqlite_system_empties(NULL);
	add_relations(e, t);
	return count_before(e, t, err);
}

/* --- running -------------------------------------------------------------- */

static bool counts_rows(const char *kind)
{
	return !strcmp(kind, "INSERT") || !strcmp(kind, "UPDATE") ||
	       !strcmp(kind, "DELETE") || !strcmp(kind, "REPLACE");
}

static void take_answer(struct sqlite *s, sqlite3_stmt *prepared)
{
	int count = sqlite3_column_count(prepared);
	const char **values = talloc_array(NULL, const char *, (unsigned)count);

	for (int i = 0; i < count; i++)
		values[i] = (const char *)sqlite3_column_text(prepared, i);
	db_answer_add(&s->db, values, count);
	talloc_free(values);
}

static int step_all(struct execution *e, sqlite3_stmt *prepared, size_t offset,
		    struct error *err)
{
	struct fact_statement *f = &e->facts->statements[e->index];
	int code;

	while ((code = sqlite3_step(prepared)) == SQLITE_ROW)
		if (e->statement->verify)
			take_answer(e->s, prepared);
	if (code != SQLITE_DONE)
		return fail_at(e, offset, err);
	if (counts_rows(e->statement->kind))
		f->rows = (f->rows < 0 ? 0 : f->rows) +
			  sqlite3_changes64(e->s->handle);
	return 0;
}

/* What looking on takes is not the statement's time. */
static void look_on(struct execution *e, struct effects *effects,
		    sqlite3_stmt *prepared, bool after, bool done)
{
	int64_t started = clock_mono_us(), spent;

	if (after)
		effects_after(effects, prepared, done);
	else
		effects_before(effects);
	spent = clock_mono_us() - started;
	e->counting_us += spent;
	e->facts->observed_ms += (double)spent / 1000;
}

static int run_prepared(struct execution *e, struct touched *t,
			sqlite3_stmt *prepared, size_t offset, size_t length,
			struct error *err)
{
	struct effects effects = {
		.s = e->s,
		.facts = e->facts,
		.index = e->index,
		.kind = e->statement->kind,
		.text = e->text + offset,
		.length = length,
		.touched = t,
	};
	bool looks = !e->s->db.options.unobserved;
	int result;

	if (note_touched(e, t, e->text + offset, length, err) < 0)
		return -1;
	if (looks)
		look_on(e, &effects, prepared, false, false);
	result = step_all(e, prepared, offset, err);
	if (looks)
		look_on(e, &effects, prepared, true, result == 0);
	return result;
}

/* Runs what the server takes for one statement; *next is what follows it. */
static int run_piece(struct execution *e, size_t offset, size_t *next,
		     struct error *err)
{
	struct sqlite *s = e->s;
	const char *text = e->text + offset, *tail = NULL;
	struct touched *touched = talloc_zero(NULL, struct touched);
	sqlite3_stmt *prepared = NULL;
	int code, result = 0;

	s->touched = touched;
	/* with a length SQLite would copy all of it before it looks */
	code = sqlite3_prepare_v3(s->handle, text, -1, 0, &prepared, &tail);
	s->touched = NULL;
	if (code != SQLITE_OK)
		result = fail_at(e, offset, err);
	else
		*next = (size_t)(tail - e->text);
	if (result == 0 && prepared)
		result = run_prepared(e, touched, prepared, offset,
				      *next - offset, err);
	sqlite3_finalize(prepared);
	talloc_free(touched);
	return result;
}

/*
 * A statement ends where the server says. When it ends before the end that
 * the split found, the rest is run too; when it goes on, the statements that
 * it took are passed over.
 */
static int run_statement(struct execution *e, struct error *err)
{
	struct sqlite *s = e->s;
	size_t offset = e->statement->offset;

	if (s->read_script == e->script && s->read_up_to > offset)
		offset = s->read_up_to;
	while (offset < e->end)
		if (run_piece(e, offset, &offset, err) < 0)
			return -1;
	s->read_script = e->script;
	s->read_up_to = offset;
	return 0;
}

static int run_part(struct execution *e, struct error *err)
{
	size_t offset = 0;

	while (offset < e->end)
		if (run_piece(e, offset, &offset, err) < 0)
			return -1;
	return 0;
}

/* A transaction that a failed statement belongs to can only be undone: ours
   by rollback(), the script's own one here. */
static int check_transaction(struct execution *e, int result, struct error *err)
{
	struct sqlite *s = e->s;

	if (result < 0 && !s->open)
		sqlite_rollback(&s->db);
	if (result == 0 && s->open && sqlite3_get_autocommit(s->handle))
		return error_set(err, ERROR_SQL,
				 "the statement ended the transaction it was "
				 "in");
	return result;
}

/* What is outside of our transactions begins anew with each of its own. */
static int get_ready(struct execution *e, size_t n, struct error *err)
{
	struct sqlite *s = e->s;
	bool outside = !s->open && sqlite3_get_autocommit(s->handle);

	if (outside)
		sqlite_grip_forget(s);
	if (outside && n == 0) {
		effects_forget(s);
		if (sqlite_restore(s, err) < 0)
			return -1;
	}
	s->facts = s->db.options.unobserved ? NULL : e->facts;
	if (!e->part)
		effects_begin(s);
	return 0;
}

static void measure(struct execution *e, int64_t napped_us)
{
	struct sqlite *s = e->s;
	struct fact_statement *f = &e->facts->statements[e->index];
	int64_t us = clock_mono_us() - e->started_us - e->counting_us;

	f->duration_ms = (double)us / 1000;
	f->waited_ms = (double)(s->clock.napped_us - napped_us) / 1000;
	sqlite_grip_tell(s, e->started_us, f->index);
	if (s->open || !sqlite3_get_autocommit(s->handle))
		return;
	effects_end(s);
	s->facts = NULL;
}

int sqlite_execute_part(struct db *db, const struct script *script, size_t n,
			const struct batch_part *part, struct facts *facts,
			struct error *err)
{
	const struct statement *statement = &script->statements[n];
	struct execution e = {
		.s = sqlite_of(db),
		.script = script,
		.statement = statement,
		.part = part,
		.text = part ? part->text : script->text,
		.end = part ? strlen(part->text)
			    : statement->offset + statement->length,
		.facts = facts,
	};
	int64_t napped;
	int result;

	e.s->db.answer.rows = 0;
	facts_add_statement(facts);
	e.index = facts->statement_count - 1;
	facts->statements[e.index].kind = keep_kind(facts, e.index,
						    e.statement->kind);
	result = sqlite_make(e.s, err) < 0 ? -1 : get_ready(&e, n, err);
	napped = e.s->clock.napped_us;
	e.started_us = clock_mono_us();
	facts->statements[e.index].from_ms = facts_since(facts, e.started_us);
	if (result == 0)
		result = part ? run_part(&e, err) : run_statement(&e, err);
	measure(&e, napped);
	return check_transaction(&e, result, err);
}

int sqlite_execute(struct db *db, const struct script *script, size_t n,
		   struct facts *facts, struct error *err)
{
	return sqlite_execute_part(db, script, n, NULL, facts, err);
}
