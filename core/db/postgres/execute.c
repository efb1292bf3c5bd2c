#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/base/text.h"

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* A script in no transaction of ours has no begin() before it. */
int pg_start_script(struct pg *pg, const struct script *script, size_t n,
		    struct error *err)
{
	if (pg->transaction != PG_IDLE || (n > 0 && pg->script == script))
		return 0;
	if (pg->inside)
		return error_set(err, ERROR_SQL,
				 "a transaction of another script is open");
	if (pg_reset(pg, err) < 0 || pg_find_schema(pg, err) < 0)
		return -1;
	pg->own_settings = false;
	return pg_held_prepare(pg, script, err);
}

/* What the next reset has to take away. */
static void note_leftovers(struct pg *pg, const struct statement *s)
{
	static const char *const kinds[] = { "PREPARE", "DEALLOCATE", "DISCARD",
					     "DECLARE", "LISTEN" };

	/* ours are among those that these may take away */
	if (!strcmp(s->kind, "DEALLOCATE") || !strcmp(s->kind, "DISCARD"))
		pg_forget_kept(pg);
	pg->tainted = true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i]))
			pg->deep = true;
	if (pg->transaction == PG_IDLE)
		pg->temporary = true;
}

/* Facts of a million statements share what is the same in most of them. */
static void fill_fact(struct facts *facts, struct fact_statement *fact,
		      const struct statement *s, size_t n)
{
	const struct fact_statement *last = fact - 1;
	bool same = facts->statement_count > 1;

	fact->index = (int)n + 1;
	fact->kind = same && !strcmp(last->kind, s->kind)
			     ? last->kind
			     : talloc_strdup(facts, s->kind);
	same = same && last->relation_count == s->relation_count;
	for (size_t i = 0; same && i < s->relation_count; i++)
		same = !strcmp(last->relations[i], s->relations[i]);
	fact->relation_count = s->relation_count;
	fact->relations = same ? last->relations : NULL;
	if (same || !s->relation_count)
		return;
	fact->relations = talloc_array(facts, const char *,
				       (unsigned)s->relation_count);
	for (size_t i = 0; i < s->relation_count; i++)
		fact->relations[i] = talloc_strdup(facts, s->relations[i]);
}

static bool counts_rows(const char *kind, const char *tag)
{
	static const char *const tags[] = { "INSERT", "UPDATE", "DELETE",
					    "MERGE",  "COPY",	"MOVE" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (starts_with(tag, tags[i]))
			return true;
	/* what makes a table from a query has the tag of the query */
	return starts_with(tag, "SELECT") &&
	       (starts_with(kind, "CREATE") || !strcmp(kind, "SELECT INTO"));
}

/* Where in the text that was sent it went wrong: the server counts characters.
 */
static size_t failed_byte(const struct pg *pg, const char *text, size_t length)
{
	size_t offset = 0;

	for (int at = 1; pg->script_failed && at < pg->failed_at; at++) {
		do
			offset++;
		while (offset < length &&
		       ((unsigned char)text[offset] & 0xc0) == 0x80);
		if (offset >= length)
			break;
	}
	return offset;
}

static void place(const struct pg *pg, const struct script *script,
		  const struct statement *s, const struct batch_part *part,
		  struct error *err)
{
	size_t offset = s->offset;
	int line, column;

	if (part)
		offset += batch_part_origin(
			part, failed_byte(pg, part->text, strlen(part->text)));
	else if (s->data_offset && pg->script_failed && !pg->failed_at)
		offset = s->data_offset + pg->failed_row;
	else
		offset += failed_byte(pg, script->text + s->offset, s->length);
	text_position(script->text, script->length, offset, &line, &column);
	error_at(err, script->path, line, column);
}

/* What the end of a script needs in any case goes along with its last one, and
   before the look, which so sees what its deferred constraints do, too. */
static int send_look(struct pg *pg, const struct script *script, size_t n,
		     struct pg_look *look, struct error *err)
{
	bool last = n + 1 == script->statement_count;

	/* the statement's result shall not wait for that of the look */
	if (pg_flush(pg, err) < 0)
		return -1;
	if (last && pg->transaction == PG_SCRIPT &&
	    script->statements[n].analysed && pg_close_script(pg, err) < 0)
		return -1;
	return pg_look_send(pg, look, err);
}

/*
 * In a transaction of ours the look's answer is waited for only by the next
 * call: the server works on it while we are busy with what comes next.
 */
static int await(struct pg *pg, const struct script *script, size_t n,
		 bool looks, struct error *err)
{
	if (!looks || !script->statements[n].analysed ||
	    (pg->transaction != PG_SCRIPT && pg->transaction != PG_CLOSING)) {
		if (pg_sync(pg, err) < 0)
			return -1;
		return pg_look_settle(pg, err);
	}
	if (pg_await(pg, &pg->look.outcome, err) == 0)
		return 0;
	pg_look_drop(&pg->look);
	return -1;
}

static int take_answer(const char *const *values, int count, void *data)
{
	struct pg *pg = data;

	db_answer_add(&pg->db, values, count);
	return 0;
}

static int send_script(struct pg *pg, const struct script *script, size_t n,
		       const struct batch_part *part, struct pg_look *look,
		       bool *looks, struct error *err)
{
	const struct statement *s = &script->statements[n];
	char *text = part ? talloc_strdup(NULL, part->text)
			  : talloc_strndup(NULL, script->text + s->offset,
					   s->length);
	const struct pg_statement statement = {
		.sql = text,
		.of_script = true,
		.row = s->verify ? take_answer : NULL,
		.data = pg,
		.outcome = &look->outcome,
	};
	int result;

	pg_look_drop(look);
	*look = (struct pg_look){
		.pg = pg,
		.statement = s,
		.names = !s->relation_count && !starts_with(s->kind, "CREATE"),
	};
	/* what goes back to a savepoint lets locks go */
	*looks = (!s->control || starts_with(s->kind, "ROLLBACK")) &&
		 (pg->transaction == PG_SCRIPT || pg->inside) &&
		 pg_held_wanted(pg, script, n, &look->since_us);
	if (s->data_offset)
		result = pg_copy_in(pg, &statement,
				    script->text + s->data_offset,
				    s->data_length, err);
	else
		result = pg_send(pg, &statement, err);
	pg_held_note_settings(pg, script, s);
	if (result == 0 && *looks)
		result = send_look(pg, script, n, look, err);
	talloc_free(text);
	return result;
}

/* The server wants nobody else in a database that it copies, moves or drops. */
static bool is_about_databases(const struct statement *s)
{
	return s->no_transaction && (strstr(s->kind, " DATABASE") != NULL);
}

/* The facts of a statement that is on its way. */
static void add_fact(struct pg_look *look, const struct statement *s, size_t n,
		     struct facts *facts)
{
	struct fact_statement *fact = facts_add_statement(facts);

	fill_fact(facts, fact, s, n);
	look->facts = facts;
	look->fact = fact;
	look->first_lock = facts->lock_count;
}

/* It is over, or never ran. */
static void fill_times(struct pg *pg, const struct statement *s,
		       struct pg_look *look)
{
	struct pg_outcome *outcome = &look->outcome;
	struct fact_statement *fact = look->fact;

	if (!outcome->arrived_us)
		outcome->arrived_us = outcome->started_us = clock_mono_us();
	if (!pg->db.began_us)
		pg->db.began_us = outcome->started_us;
	fact->from_ms = facts_since(look->facts, outcome->started_us);
	fact->duration_ms =
		(double)(outcome->arrived_us - outcome->started_us) / 1000;
	if (counts_rows(s->kind, outcome->tag))
		fact->rows = outcome->rows;
	if (pg->observed) {
		pg_waits_tell(look);
		pg_observe_phases(pg, fact);
	}
}

/* Sends statement n and, in a transaction, the look at its locks. */
static int run(struct pg *pg, const struct script *script, size_t n,
	       const struct batch_part *part, struct facts *facts,
	       struct error *err)
{
	const struct statement *s = &script->statements[n];
	bool looks;
	int result;

	pg->db.answer.rows = 0;
	result = send_script(pg, script, n, part, &pg->look, &looks, err);
	if (result == 0 && looks)
		result = pg_flush(pg, err);
	add_fact(&pg->look, s, n, facts);
	if (!is_about_databases(s))
		pg_observe_begin(pg, facts);
	if (result == 0)
		result = await(pg, script, n, looks, err);
	fill_times(pg, s, &pg->look);
	return result;
}

int pg_execute_send(struct pg *pg, const struct script *script, size_t n,
		    struct pg_look *look, struct error *err)
{
	bool looks;

	return send_script(pg, script, n, NULL, look, &looks, err);
}

void pg_execute_tell(struct pg *pg, const struct script *script, size_t n,
		     struct pg_look *look, int64_t started_us,
		     struct facts *facts)
{
	const struct statement *s = &script->statements[n];
	struct pg_outcome *outcome = &look->outcome;

	note_leftovers(pg, s);
	add_fact(look, s, n, facts);
	outcome->started_us = started_us;
	if (look->at_us)
		outcome->arrived_us = pg->db.began_us + look->at_us;
	fill_times(pg, s, look);
	if (look->pending)
		pg_look_tell(pg, look);
}

void pg_execute_place(const struct pg *pg, const struct script *script,
		      size_t n, struct error *err)
{
	place(pg, script, &script->statements[n], NULL, err);
}

/* In no transaction: what it took it has let go already. */
static int look_back(struct pg *pg, const struct statement *s,
		     struct facts *facts, struct error *err)
{
	struct fact_statement *fact =
		&facts->statements[facts->statement_count - 1];

	if (pg->transaction != PG_IDLE || pg->inside || !pg->observed)
		return 0;
	pg_observe_outside(pg, facts, fact);
	pg_observe_end(pg, clock_mono_us());
	if (!pg_held_is_harmless(s) &&
	    pg_held_compare(pg, facts, fact, err) < 0) {
		/* the statement is done whatever is known of it */
		if (pg->lost || err->code == ERROR_INTERRUPTED)
			return -1;
		facts_add_gap(facts, "what it rewrote or built: the catalog "
				     "could not be read");
		error_release(err);
	}
	facts_mark_locks(facts, pg->look.first_lock);
	return 0;
}

/* Where a script begins a transaction of its own, what it did before that is no
   part of what is told of it. */
static int start_own(struct pg *pg, const struct statement *s,
		     struct error *err)
{
	if (pg->transaction != PG_IDLE || pg->inside || !s->control)
		return 0;
	return pg_held_start(pg, err);
}

/* Outside of a transaction there is no look that would tell. */
static bool may_unlock(const struct pg *pg, const struct statement *s)
{
	static const char *const kinds[] = { "SELECT", "DO", "CALL", "DISCARD",
					     "EXECUTE" };

	if (pg->transaction != PG_IDLE && !pg->db.options.unobserved)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i]))
			return true;
	return !s->analysed;
}

static int check_transaction(struct pg *pg, const struct statement *s,
			     struct facts *facts, struct error *err)
{
	if (pg->inside || pg->look.pending)
		return 0;
	if (pg->transaction == PG_SCRIPT || pg->transaction == PG_STEP)
		return error_set(err, ERROR_SQL,
				 "the statement ended the transaction");
	if (s->control) {
		facts_release_locks(facts, clock_mono_us());
		pg_held_release(pg);
	}
	return 0;
}

int pg_execute_part(struct db *db, const struct script *script, size_t n,
		    const struct batch_part *part, struct facts *facts,
		    struct error *err)
{
	struct pg *pg = pg_of(db);
	const struct statement *s = &script->statements[n];
	int result;

	if (pg_tick(pg)) {
		error_set(err, ERROR_INTERRUPTED, "interrupted");
		place(pg, script, s, part, err);
		return -1;
	}
	if (pg_look_settle(pg, err) < 0 ||
	    pg_start_script(pg, script, n, err) < 0)
		return -1;
	pg->script = script;
	pg->made_more |= !pg_ahead_only_makes(script, s);
	note_leftovers(pg, s);
	if (is_about_databases(s))
		pg_leave_alone(pg);
	if (start_own(pg, s, err) < 0 || pg_watch_begin(pg, s, err) < 0 ||
	    pg_limits_send_outside(pg, script, s, err) < 0)
		return pg_watch_end(pg, -1, err);
	pg_row_wait_begin(pg, script, s);
	result = run(pg, script, n, part, facts, err);
	result = pg_row_wait_end(pg, pg_watch_end(pg, result, err), err);
	if (result == 0)
		result = check_transaction(pg, s, facts, err);
	if (result == 0 && may_unlock(pg, s))
		result = pg_lock_check(pg, err);
	if (result == 0)
		result = look_back(pg, s, facts, err);
	if (result < 0)
		place(pg, script, s, part, err);
	return result;
}

int pg_execute(struct db *db, const struct script *script, size_t n,
	       struct facts *facts, struct error *err)
{
	return pg_execute_part(db, script, n, NULL, facts, err);
}
