#include "core/db/postgres/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/postgres/modes.h"

/*
 * Which relations a transaction has locked. pg_locks tells it exactly, as the
 * locks of DDL are kept to the end of the transaction; but it knows relations
 * by number, and one that was just dropped has no name any more. So names are
 * learned as they are seen, and all of them once before the first script that
 * could drop something.
 */

struct pg_held {
	unsigned oid;
	unsigned modes; /* bits, by enum pg_mode: those that were told */
	unsigned seen;	/* all of the last look */
	UT_hash_handle hh;
};

#define BIT(mode) (1u << (mode))

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

struct pg_relation *pg_held_find(struct pg *pg, unsigned oid)
{
	struct pg_relation *relation;

	HASH_FIND(hh, pg->relations, &oid, sizeof(oid), relation);
	return relation;
}

static struct pg_relation *learn(struct pg *pg, unsigned oid,
				 const char *schema, const char *name,
				 char kind)
{
	bool plain = !strcmp(schema, "public") ||
		     (pg->schema && !strcmp(schema, pg->schema));
	struct pg_relation *relation = pg_held_find(pg, oid);

	if (!relation) {
		relation = talloc_zero(pg, struct pg_relation);
		relation->oid = oid;
		HASH_ADD(hh, pg->relations, oid, sizeof(oid), relation);
	}
	talloc_free(relation->name);
	relation->name = plain ? talloc_strdup(relation, name)
			       : talloc_asprintf(relation, "%s.%s", schema,
						 name);
	relation->kind = kind;
	relation->own = db_is_own_table(name) ||
			starts_with(schema, "pg_temp_");
	return relation;
}

void pg_held_meet(struct pg *pg, unsigned oid, const char *schema,
		  const char *name, char kind)
{
	if (!pg_held_find(pg, oid))
		learn(pg, oid, schema, name, kind)->met = true;
}

static unsigned oid_from(const char *value)
{
	return value ? (unsigned)strtoul(value, NULL, 10) : 0;
}

static int take_relation(const char *const *values, int count, void *data)
{
	struct pg_relation *relation = learn(data, oid_from(values[0]),
					     values[1], values[2], *values[3]);

	(void)count;
	relation->file = oid_from(values[4]);
	relation->table = oid_from(values[5]);
	return 0;
}

/* What cannot drop, rename, rewrite or index anything that was there. */
bool pg_held_is_harmless(const struct statement *s)
{
	static const char *const kinds[] = {
		"CREATE ", "INSERT", "UPDATE", "DELETE",  "MERGE",
		"COMMENT", "GRANT",  "REVOKE", "SET",	  "RESET",
		"LOCK ",   "BEGIN",  "COMMIT", "ANALYZE",
	};

	if (starts_with(s->kind, "CREATE INDEX") ||
	    starts_with(s->kind, "CREATE UNIQUE INDEX"))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (starts_with(s->kind, kinds[i]))
			return s->analysed;
	return false;
}

/* What it drops is called as it was; nothing else is to be known of it. */
static bool only_drops_tables(const struct statement *s)
{
	return s->analysed && !strcmp(s->kind, "DROP TABLE");
}

/* An index of a new table is that one's. */
static bool is_of_its_own(const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];

	return s->analysed && s->relation_count == 1 &&
	       (!strcmp(s->kind, "CREATE INDEX") ||
		!strcmp(s->kind, "CREATE UNIQUE INDEX")) &&
	       script_makes_table(script, n, s->relations[0]);
}

bool pg_held_is_prepared(const struct pg *pg, const struct script *script)
{
	for (size_t n = 0; !pg->relations_known && n < script->statement_count;
	     n++) {
		const struct statement *s = &script->statements[n];

		if (!pg_held_is_harmless(s) && !is_of_its_own(script, n) &&
		    !(pg->tables_known && only_drops_tables(s)))
			return false;
	}
	return true;
}

#define TABLES "'r', 'p', 'v', 'm', 'S', 'f', 'c'"
#define RELATIONS_SQL(file, kinds, joined)                                     \
	"SELECT c.oid, n.nspname, c.relname, c.relkind, " file " "             \
	"FROM pg_catalog.pg_class c "                                          \
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " joined     \
	"WHERE c.oid >= " PG_FIRST_NORMAL_OID " AND c.relkind IN (" kinds ")"
#define ALL_TABLES RELATIONS_SQL("NULL, NULL", TABLES, "")
#define ALL_RELATIONS                                                          \
	RELATIONS_SQL("c.relfilenode, i.indrelid", TABLES ", 'i', 'I'",        \
		      "LEFT JOIN pg_catalog.pg_index i "                       \
		      "ON i.indexrelid = c.oid ")

static int read_relations(struct pg *pg, const char *sql, db_row_fn row,
			  void *data, struct error *err)
{
	const struct pg_statement all = {
		.sql = sql,
		.row = row,
		.data = data,
	};

	return pg_run(pg, &all, err);
}

/* In a database of many tables it matters how much is asked. */
int pg_held_prepare(struct pg *pg, const struct script *script,
		    struct error *err)
{
	bool tables = true;

	if (pg_held_is_prepared(pg, script))
		return 0;
	for (size_t n = 0; n < script->statement_count; n++)
		tables &= pg_held_is_harmless(&script->statements[n]) ||
			  only_drops_tables(&script->statements[n]);
	pg->tables_known = true;
	pg->relations_known = !tables;
	return read_relations(pg, tables ? ALL_TABLES : ALL_RELATIONS,
			      take_relation, pg, err);
}

static int compare_relation(const char *const *values, int count, void *data)
{
	struct pg_look *look = data;
	const char *seen[LOOK_COLUMNS] = {
		[LOOK_RELATION] = values[0], [LOOK_NAME] = values[2],
		[LOOK_KIND] = values[3],     [LOOK_FILE] = values[4],
		[LOOK_TABLE] = values[5],
	};

	const struct pg_relation *known = pg_held_find(look->pg,
						       oid_from(values[0]));

	(void)count;
	if (known && !known->met && known->file == oid_from(values[4]))
		return 0;
	pg_effects_note(look, seen);
	if (!known)
		learn(look->pg, oid_from(values[0]), values[1], values[2],
		      *values[3]);
	return 0;
}

int pg_held_compare(struct pg *pg, struct facts *facts,
		    struct fact_statement *statement, struct error *err)
{
	struct pg_look look = {
		.pg = pg,
		.facts = facts,
		.fact = statement,
		.all_ours = true,
	};
	int result;

	if (!pg->relations_known)
		return 0;
	result = read_relations(pg, ALL_RELATIONS, compare_relation, &look,
				err);
	pg_effects_tell(&look);
	return result;
}

static bool is_repeated(const struct statement *a, const struct statement *b)
{
	if (strcmp(a->kind, b->kind) != 0 ||
	    a->relation_count != b->relation_count)
		return false;
	for (size_t i = 0; i < a->relation_count; i++)
		if (strcmp(a->relations[i], b->relations[i]) != 0)
			return false;
	return true;
}

static bool changes_rows(const struct statement *s)
{
	return s->analysed &&
	       (!strcmp(s->kind, "INSERT") || !strcmp(s->kind, "UPDATE") ||
		!strcmp(s->kind, "DELETE") || !strcmp(s->kind, "MERGE"));
}

/*
 * A thousand INSERTs into one table take the lock that the first one took. A
 * trigger may do otherwise, which the look after the last statement shows.
 */
static bool is_repetition(struct pg *pg, const struct statement *s)
{
	size_t room = sizeof(pg->looked) / sizeof(*pg->looked);

	if (!changes_rows(s))
		return false;
	for (size_t i = 0; i < pg->looked_count && i < room; i++)
		if (is_repeated(s, pg->looked[i]))
			return true;
	pg->looked[pg->looked_count++ % room] = s;
	return false;
}

/*
 * pg_locks is a copy of all that the server has locked, and takes the longer
 * the more that is. A look may cost so much after each statement, or so much of
 * the time since the last one; otherwise it is put off.
 */
#define CHEAP_US 5000
#define PART_OF_THE_TIME 50

static bool is_too_dear(const struct pg *pg, int64_t lasted_us)
{
	return pg->look_cost_us > CHEAP_US &&
	       lasted_us / PART_OF_THE_TIME < pg->look_cost_us;
}

/*
 * A look takes a snapshot, which SET TRANSACTION must come before, and by which
 * a transaction in REPEATABLE READ would then read; so not before the script
 * itself has taken one. LOCK takes none.
 */
static bool is_before_any_query(const struct script *script, size_t n)
{
	for (size_t i = 0; i <= n; i++) {
		const char *kind = script->statements[i].kind;

		if (strcmp(kind, "SET") != 0 && strcmp(kind, "RESET") != 0 &&
		    !starts_with(kind, "SET ") && !starts_with(kind, "LOCK"))
			return false;
	}
	return true;
}

bool pg_held_wanted(struct pg *pg, const struct script *script, size_t n,
		    int64_t *since_us)
{
	const struct statement *s = &script->statements[n];
	int64_t now = clock_mono_us();
	bool last = n + 1 == script->statement_count;
	bool repeated, wanted;

	if (pg->db.options.unobserved)
		return false;
	repeated = is_repetition(pg, s);
	wanted = last || !(repeated || is_before_any_query(script, n) ||
			   is_too_dear(pg, now - pg->looked_us));
	if (!wanted && !pg->unlooked_us)
		pg->unlooked_us = now;
	if (!wanted && !repeated)
		pg->put_off = true;
	/* what is new may be of any of those that were passed over */
	if (wanted && pg->unlooked_us && (repeated || pg->put_off))
		*since_us = pg->unlooked_us;
	return wanted;
}

/* It was there at the look before this one, and is not any more. */
static void close_lock(struct pg_look *look, const char *relation,
		       const char *mode)
{
	struct facts *facts = look->facts;
	int64_t at = look->outcome.arrived_us;

	for (size_t i = 0; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];

		if (l->held_ms >= 0 || strcmp(l->relation, relation) != 0 ||
		    strcmp(l->mode, mode) != 0)
			continue;
		facts_release_lock(facts, l, at);
		l->bound_ms += (double)(at - look->before_us) / 1000;
		if (l->bound_ms > l->held_ms)
			l->bound_ms = l->held_ms;
	}
}

/* ROLLBACK TO SAVEPOINT and the exception of a block let locks go. */
static void let_go(struct pg_look *look, struct pg_held *held, unsigned modes)
{
	const struct pg_relation *relation = pg_held_find(look->pg, held->oid);

	modes &= held->modes;
	held->modes &= ~modes;
	for (int mode = 0; mode < PG_MODE_COUNT; mode++)
		if (relation && modes & BIT(mode))
			close_lock(look, relation->name, pg_mode_name(mode));
}

static void let_go_unseen(struct pg_look *look)
{
	struct pg_held *held, *next;

	HASH_ITER (hh, look->pg->held, held, next)
		let_go(look, held, ~held->seen);
}

/*
 * Whether the lock tells something new in this transaction: not when one that
 * keeps out all the same others is held already. A relation's strongest comes
 * first: what is stronger is not held any more.
 */
static bool is_news(struct pg_look *look, unsigned oid, int mode)
{
	struct pg *pg = look->pg;
	struct pg_held *held;

	HASH_FIND(hh, pg->held, &oid, sizeof(oid), held);
	if (!held) {
		held = talloc_zero(pg, struct pg_held);
		held->oid = oid;
		HASH_ADD(hh, pg->held, oid, sizeof(oid), held);
	}
	if (!held->seen)
		let_go(look, held, ~(BIT(mode + 1) - 1));
	held->seen |= BIT(mode);
	for (int other = 0; other < PG_MODE_COUNT; other++)
		if (held->modes & BIT(other) &&
		    !(pg_mode_conflicts(mode) & ~pg_mode_conflicts(other)))
			return false;
	held->modes |= BIT(mode);
	return true;
}

static bool is_held_exclusively(struct pg *pg, unsigned oid)
{
	struct pg_held *held;

	HASH_FIND(hh, pg->held, &oid, sizeof(oid), held);
	return held && held->modes & BIT(PG_AE);
}

/*
 * An index is locked along with its table, whose lock says it all, unless that
 * one lets pass who then waits for the index; so is a sequence that is used.
 */
static bool is_worth_telling(struct pg *pg, const struct pg_relation *relation,
			     bool is_new, int mode)
{
	if (relation->own)
		return false;
	switch (relation->kind) {
	case 'i':
	case 'I':
		return mode == PG_AE && !is_new &&
		       !is_held_exclusively(pg, relation->table);
	case 'S':
		return mode > PG_RX;
	case 't':
		return false;
	default:
		return true;
	}
}

/* A statement like DO does not say what it touches; its locks do. */
static void add_relation(struct pg_look *look, const char *name)
{
	struct facts *facts = look->facts;
	struct fact_statement *fact = look->fact;

	if (!look->names)
		return;
	for (size_t i = 0; i < fact->relation_count; i++)
		if (!strcmp(fact->relations[i], name))
			return;
	fact->relations = talloc_realloc(facts, fact->relations, const char *,
					 (unsigned)fact->relation_count + 1);
	fact->relations[fact->relation_count++] = talloc_strdup(facts, name);
}

static bool is_called(const struct pg_relation *relation, const char *name)
{
	if (starts_with(name, "public.") && !strchr(relation->name, '.'))
		name += strlen("public.");
	return !strcmp(relation->name, name);
}

/* A new table without inserted rows needs no counting. */
static void note_fresh(const struct pg_look *look, struct pg_relation *relation,
		       int mode, const char *const *values)
{
	const struct statement *s = look->statement;

	if (mode == PG_AE && starts_with(s->kind, "CREATE TABLE") &&
	    s->relation_count && is_called(relation, s->relations[0]))
		relation->fresh = relation->kind == 'r';
	relation->empty = look->tracks && values[LOOK_EMPTY] &&
			  *values[LOOK_EMPTY] == 't';
}

static void tell_lock(struct pg_look *look, const struct pg_relation *relation,
		      bool is_new, int mode)
{
	struct fact_lock *lock;

	if (!is_worth_telling(look->pg, relation, is_new, mode))
		return;
	lock = facts_add_lock(look->facts, relation->name, pg_mode_name(mode),
			      look->since_us ? look->since_us
					     : look->outcome.started_us);
	if (lock)
		lock->statement = look->fact->index;
	if (relation->kind != 'S')
		add_relation(look, relation->name);
}

static void take_lock(struct pg_look *look, const char *const *values)
{
	struct pg *pg = look->pg;
	unsigned oid = oid_from(values[LOOK_RELATION]);
	int mode = pg_mode_number(values[LOOK_MODE]);
	const char *schema = values[LOOK_SCHEMA], *name = values[LOOK_NAME];
	struct pg_relation *relation = pg_held_find(pg, oid);
	bool is_new = !relation;

	if (!relation && name)
		relation = learn(pg, oid, schema, name, *values[LOOK_KIND]);
	if (schema && starts_with(schema, "pg_temp_"))
		pg->temporary = true;
	if (relation && relation->fresh)
		note_fresh(look, relation, -1, values);
	if (!is_news(look, oid, mode) || !relation)
		return;
	tell_lock(look, relation, is_new, mode);
	if (!name)
		return;
	note_fresh(look, relation, mode, values);
	/* the lock was on what had this name; from now on it has another */
	learn(pg, oid, schema, name, *values[LOOK_KIND]);
}

void pg_held_tell(struct pg_look *look, const char **const *rows, size_t count)
{
	struct pg_held *held, *next;

	HASH_ITER (hh, look->pg->held, held, next)
		held->seen = 0;
	for (size_t i = 0; i < count; i++) {
		pg_effects_note(look, rows[i]);
		take_lock(look, rows[i]);
	}
	let_go_unseen(look);
	pg_effects_tell(look);
	pg_waits_tell_locks(look);
}

/* A script may have given its statements a millisecond, or speak LATIN1; what
   it has deallocated, it has not told. */
void pg_held_note_settings(struct pg *pg, const struct script *script,
			   const struct statement *s)
{
	static const char *const kinds[] = { "SET", "SELECT", "DO", "CALL" };
	static const char *const words[] = { "statement_timeout",
					     "client_encoding", "NAMES" };
	bool may = !s->analysed;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		may |= !strcmp(s->kind, kinds[i]);
	for (size_t i = 0; may && i < sizeof(words) / sizeof(*words); i++)
		pg->own_settings |= statement_mentions(script, s, words[i]);
	if (may && (statement_mentions(script, s, "DEALLOCATE") ||
		    statement_mentions(script, s, "DISCARD")))
		pg_forget_kept(pg);
}

static int take_start(const char *const *values, int count, void *data)
{
	struct pg *pg = data;

	(void)count;
	pg->counts = true;
	pg->wal = values[0] ? pg_wal_position(values[0]) : -1;
	pg->untriggered = values[1] && *values[1] == 'f';
	return 0;
}

/* In a transaction of its own: a script may begin with what has to come before
   any query. */
int pg_held_start(struct pg *pg, struct error *err)
{
	const struct pg_statement start = {
		.sql = "SELECT " PG_WAL ", EXISTS (SELECT "
		       "FROM pg_catalog.pg_event_trigger "
		       "WHERE evtenabled <> 'D'::pg_catalog.\"char\") "
		       "FROM pg_catalog.pg_stat_force_next_flush()",
		.keep = true,
		.minor = true,
		.row = take_start,
		.data = pg,
	};

	pg->wal = -1;
	if (pg->db.major < 15 || pg->db.options.unobserved)
		return 0;
	if (pg->counts_tried && !pg->counts)
		return 0;
	pg->epoch++;
	pg->made_more = false;
	if (pg_send(pg, &start, err) < 0 || pg_mark(pg, err) < 0)
		return -1;
	if (pg->counts_tried)
		return 0;
	/* what does not work here must not be tried in a transaction */
	pg->counts_tried = true;
	return pg_sync(pg, err);
}

bool pg_held_is_new_and_empty(const struct pg *pg, const char *table)
{
	struct pg_held *held, *next;

	HASH_ITER (hh, pg->held, held, next) {
		struct pg_relation *relation;

		HASH_FIND(hh, pg->relations, &held->oid, sizeof(held->oid),
			  relation);
		if (relation && relation->fresh && is_called(relation, table))
			return relation->empty;
	}
	return false;
}

void pg_held_release(struct pg *pg)
{
	struct pg_held *held, *next;

	HASH_ITER (hh, pg->held, held, next) {
		struct pg_relation *relation = pg_held_find(pg, held->oid);

		if (relation)
			relation->fresh = relation->empty = false;
		HASH_DELETE(hh, pg->held, held);
		talloc_free(held);
	}
	pg->looked_count = 0;
	pg_look_drop(&pg->look);
	pg->put_off = false;
	pg->unlooked_us = 0;
}

void pg_held_forget(struct pg *pg)
{
	struct pg_relation *relation, *next;

	HASH_ITER (hh, pg->relations, relation, next) {
		HASH_DELETE(hh, pg->relations, relation);
		talloc_free(relation);
	}
	pg->relations_known = pg->tables_known = false;
}
