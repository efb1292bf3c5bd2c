#include "core/db/postgres/internal.h"

#include <string.h>

/*
 * Whole transactions on their way. What follows a COMMIT in the pipeline
 * without a pg_mark() between them is executed only when that has succeeded:
 * so a script that needs nothing from us in the middle is sent with all that
 * belongs to its transaction, while the one before it is at work, and the
 * server never stands idle until we have taken note of that.
 */

#define MOST_STATEMENTS 16

bool pg_ahead_only_makes(const struct script *script, const struct statement *s)
{
	static const char *const kinds[] = {
		"CREATE TABLE",	   "CREATE INDEX", "CREATE UNIQUE INDEX",
		"CREATE SEQUENCE", "CREATE TYPE",  "CREATE DOMAIN",
		"COMMENT",
	};
	static const char *const words[] = { "SELECT",	  "VALUES", "EXECUTE",
					     "TEMPORARY", "TEMP",   "pg_temp" };
	bool does = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		does |= !strcmp(s->kind, kinds[i]);
	for (size_t i = 0; does && i < sizeof(words) / sizeof(*words); i++)
		does = !statement_mentions(script, s, words[i]);
	return does;
}

/* What it locks nobody can have. */
static bool asks_nobody(const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];

	return !s->need.others &&
	       (!s->need.first ||
		(s->relation_count == 1 &&
		 script_makes_table(script, n, s->relations[0])));
}

/* Nobody has to be waited for, so that nobody has to be looked for first; and
   nothing has to be asked, counted or put right before it, within or after. */
static bool may_go(const struct pg *pg, const struct script *script)
{
	if (script->no_transaction || !script->statement_count ||
	    script->statement_count > MOST_STATEMENTS || !pg->direct ||
	    pg->temporary || pg->deep || !pg_count_is_needless(script) ||
	    !pg_held_is_prepared(pg, script))
		return false;
	for (size_t i = 0; i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];

		if (!s->analysed || s->control || s->verify || s->batch ||
		    s->data_offset || !asks_nobody(script, i) ||
		    !pg_ahead_only_makes(script, s))
			return false;
	}
	return true;
}

/*
 * A COMMIT is the last that was sent, and its failure is that of what comes. It
 * is not answered with ROLLBACK: what would have made it so has failed in the
 * pipeline, and the COMMIT was passed over.
 */
static bool can_follow(const struct pg *pg)
{
	return pg->unit_count < PG_MOST_UNITS && !pg->composed &&
	       pg->db.ended == DB_COMMIT_SENT && !pg->committing.marked &&
	       !pg->lock_missed;
}

/* Only an event trigger could do what such a script does not say; and time-outs
   that were set for it are not to be those of the ledger's statements. */
bool pg_ahead_leaves_session(const struct pg *pg)
{
	return pg->untriggered && !pg->made_more && !pg->db.lock_timeout_ms &&
	       !pg->db.statement_timeout_ms;
}

int pg_ahead_lock_again(struct pg *pg, struct error *err)
{
	if (!pg->lock_missed)
		return 0;
	pg->lock_missed = false;
	return pg_lock_check(pg, err);
}

static int send_statements(struct pg *pg, struct pg_unit *unit,
			   struct error *err)
{
	if (pg_send_sql(pg, "BEGIN", err) < 0 || pg_limits_send(pg, err) < 0)
		return -1;
	for (size_t n = 0; n < unit->script->statement_count; n++)
		if (pg_execute_send(pg, unit->script, n, &unit->looks[n], err) <
		    0)
			return -1;
	return pg->transaction == PG_SCRIPT ? pg_close_script(pg, err) : 0;
}

static void free_unit(struct pg_unit *unit)
{
	for (size_t n = 0; n < unit->script->statement_count; n++)
		pg_look_drop(&unit->looks[n]);
	talloc_free(unit);
}

static void end_composing(struct pg *pg)
{
	pg->transaction = pg->composed->before;
	pg->own_settings = false;
	pg->composed = NULL;
}

int pg_transaction_send(struct db *db, const struct script *script, bool *sent,
			struct error *err)
{
	struct pg *pg = pg_of(db);
	struct pg_unit *unit;

	*sent = false;
	if (!can_follow(pg) || !may_go(pg, script))
		return 0;
	unit = talloc_zero(pg, struct pg_unit);
	unit->script = script;
	unit->before = pg->transaction;
	unit->looks = talloc_zero_array(unit, struct pg_look,
					(unsigned)script->statement_count);
	pg->composed = unit;
	pg->transaction = PG_SCRIPT;
	pg->own_settings = false;
	if (send_statements(pg, unit, err) < 0) {
		/* what went of it may still be answered: it is not freed */
		end_composing(pg);
		return -1;
	}
	*sent = true;
	return 0;
}

int pg_ahead_commit(struct pg *pg, struct error *err)
{
	struct pg_unit *unit = pg->composed;
	const struct pg_statement commit = {
		.sql = "COMMIT",
		.keep = true,
		.outcome = &unit->commit,
	};
	int result = pg_send(pg, &commit, err);

	end_composing(pg);
	if (result < 0)
		return -1;
	pg->units[pg->unit_count++] = unit;
	return pg_flush(pg, err);
}

static struct pg_unit *first_unit(struct pg *pg)
{
	struct pg_unit *unit = pg->units[0];

	pg->unit_count--;
	memmove(pg->units, pg->units + 1,
		pg->unit_count * sizeof(struct pg_unit *));
	return unit;
}

void pg_ahead_forget(struct pg *pg)
{
	struct pg_unit *unit = pg->composed;

	if (unit) {
		end_composing(pg);
		free_unit(unit);
	}
	while (pg->unit_count)
		free_unit(first_unit(pg));
}

/* When it began: with the answer to the one before it, unless we were late to
   see that, and had both at once. */
static void find_begin(struct pg *pg, struct pg_unit *unit)
{
	int64_t least_us = 0, latest_us;

	for (size_t n = 0; n < unit->script->statement_count; n++) {
		struct pg_look *look = &unit->looks[n];

		pg_look_read(look);
		if (look->at_us + (int64_t)look->cost_us > least_us)
			least_us = look->at_us + (int64_t)look->cost_us;
	}
	latest_us = unit->commit.arrived_us - least_us;
	if (unit->commit.done && latest_us < pg->db.began_us)
		pg->db.began_us = latest_us;
}

/*
 * The server answers all of it at once, and tells itself how far it was when.
 * What failed it tells at once.
 */
static void tell_statements(struct pg *pg, struct pg_unit *unit,
			    struct facts *facts)
{
	const struct script *script = unit->script;
	int64_t from_us = pg->db.began_us;

	for (size_t n = 0; n < script->statement_count; n++) {
		struct pg_look *look = &unit->looks[n];
		bool failed = !look->outcome.done;

		if (failed && !pg->script_failed)
			return;
		pg->lock_missed |= look->pending && pg->locked &&
				   look->looked.done && !look->lock_seen;
		pg_execute_tell(pg, script, n, look, from_us, facts);
		if (failed)
			return;
		from_us = look->outcome.arrived_us;
	}
}

static int take(struct pg *pg, struct pg_unit *unit, struct facts *facts,
		struct error *err)
{
	int result;

	pg_observe_begin(pg, facts);
	pg_observe_ending(pg);
	result = pg_await(pg, &unit->commit, err);
	if (result < 0 && unit->commit.done) {
		error_release(err);
		result = 0;
	}
	find_begin(pg, unit);
	tell_statements(pg, unit, facts);
	if (result < 0 && facts->statement_count && pg->script_failed)
		pg_execute_place(pg, unit->script, facts->statement_count - 1,
				 err);
	if (result < 0)
		return -1;
	pg_count_known_after(pg);
	return pg_check_committed(pg, &unit->commit, err);
}

int pg_transaction_take(struct db *db, const struct script *script,
			struct facts *facts, struct error *err)
{
	struct pg *pg = pg_of(db);
	struct pg_unit *unit;
	int result;

	if (!pg->unit_count || pg->units[0]->script != script)
		return error_set(err, ERROR_FAILED,
				 "no transaction of this script is on its way");
	unit = first_unit(pg);
	pg_held_release(pg);
	pg->script = script;
	pg->db.answer.rows = 0;
	pg->db.began_us = pg->db.committed_us;
	pg->db.committed_us = 0;
	pg->transaction = PG_CLOSING;
	pg->wal = -1;
	result = take(pg, unit, facts, err);
	if (result == 0)
		pg_session_committed(pg, unit->commit.arrived_us);
	free_unit(unit);
	return result;
}
