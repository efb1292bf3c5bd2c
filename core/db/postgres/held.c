#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/base/text.h"
#include "core/db/postgres/modes.h"

/*
 * Which relations a transaction has locked. pg_locks tells it exactly, as the
 * locks of DDL are kept to the end of the transaction; but it knows relations
 * by number, and one that was just dropped has no name any more. So names are
 * learned as they are seen, and all of them once before the first script that
 * could drop something.
 */

#define FIRST_NORMAL_OID "16384"

struct pg_relation {
	unsigned oid;
	char kind;  /* pg_class.relkind */
	bool own;   /* a table of the ledger */
	bool fresh; /* made in this transaction */
	bool empty; /* and there is no row in it */
	char *name; /* as people write it */
	UT_hash_handle hh;
};

struct pg_held {
	unsigned oid;
	unsigned modes; /* bits, by enum pg_mode */
	UT_hash_handle hh;
};

#define BIT(mode) (1u << (mode))

static void learn(struct pg *pg, unsigned oid, const char *schema,
		  const char *name, char kind)
{
	bool plain = !strcmp(schema, "public") ||
		     (pg->schema && !strcmp(schema, pg->schema));
	struct pg_relation *relation;

	HASH_FIND(hh, pg->relations, &oid, sizeof(oid), relation);
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
	relation->own = db_is_own_table(name);
}

static int take_relation(const char *const *values, int count, void *data)
{
	(void)count;
	learn(data, (unsigned)strtoul(values[0], NULL, 10), values[1],
	      values[2], *values[3]);
	return 0;
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool mentions(const struct script *script, const struct statement *s,
		     const char *word)
{
	const char *text = script->text + s->offset;
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= s->length; i++)
		if (!strncasecmp(text + i, word, length))
			return true;
	return false;
}

/* What cannot drop or rename anything that was there before. */
static bool is_harmless(const struct script *script, const struct statement *s)
{
	static const char *const kinds[] = {
		"CREATE ", "INSERT", "UPDATE", "DELETE",  "MERGE",
		"COMMENT", "GRANT",  "REVOKE", "SET",	  "RESET",
		"LOCK ",   "BEGIN",  "COMMIT", "ANALYZE", "REFRESH",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (starts_with(s->kind, kinds[i]))
			return s->analysed;
	return s->analysed && s->length < 10000 &&
	       starts_with(s->kind, "ALTER TABLE") &&
	       !mentions(script, s, "CASCADE") &&
	       !mentions(script, s, "RENAME");
}

bool pg_held_is_prepared(const struct pg *pg, const struct script *script)
{
	for (size_t n = 0; !pg->relations_known && n < script->statement_count;
	     n++)
		if (!is_harmless(script, &script->statements[n]))
			return false;
	return true;
}

int pg_held_prepare(struct pg *pg, const struct script *script,
		    struct error *err)
{
	const struct pg_statement all = {
		.sql = "SELECT c.oid, n.nspname, c.relname, c.relkind "
		       "FROM pg_catalog.pg_class c "
		       "JOIN pg_catalog.pg_namespace n "
		       "ON n.oid = c.relnamespace "
		       "WHERE c.oid >= " FIRST_NORMAL_OID " "
		       "AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')",
		.row = take_relation,
		.data = pg,
	};

	if (pg_held_is_prepared(pg, script))
		return 0;
	pg->relations_known = true;
	return pg_run(pg, &all, err);
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
bool pg_held_wanted(struct pg *pg, const struct script *script, size_t n,
		    int64_t *since_us)
{
	const struct statement *s = &script->statements[n];
	int64_t now = clock_mono_us();
	size_t room = sizeof(pg->looked) / sizeof(*pg->looked);
	bool last = n + 1 == script->statement_count;

	if (!changes_rows(s))
		return true;
	for (size_t i = 0; i < pg->looked_count && i < room; i++) {
		if (!is_repeated(s, pg->looked[i]))
			continue;
		if (!pg->unlooked)
			pg->unlooked_us = now;
		pg->unlooked = true;
		if (last)
			*since_us = pg->unlooked_us;
		return last;
	}
	pg->looked[pg->looked_count++ % room] = s;
	return true;
}

/*
 * Whether the lock tells something new in this transaction: not when one that
 * keeps out all the same others is held already.
 */
static bool is_news(struct pg *pg, unsigned oid, int mode)
{
	struct pg_held *held;

	HASH_FIND(hh, pg->held, &oid, sizeof(oid), held);
	if (!held) {
		held = talloc_zero(pg, struct pg_held);
		held->oid = oid;
		HASH_ADD(hh, pg->held, oid, sizeof(oid), held);
	}
	for (int other = 0; other < PG_MODE_COUNT; other++)
		if (held->modes & BIT(other) &&
		    !(pg_mode_conflicts(mode) & ~pg_mode_conflicts(other)))
			return false;
	held->modes |= BIT(mode);
	return true;
}

/*
 * An index is locked along with its table, whose lock says it all, but for
 * statements that are about the index alone; so is a sequence that is used.
 */
static bool is_worth_telling(const struct pg_look *look,
			     const struct pg_relation *relation, int mode)
{
	const char *kind = look->statement->kind;

	if (relation->own)
		return false;
	switch (relation->kind) {
	case 'i':
	case 'I':
		return mode == PG_AE && (starts_with(kind, "REINDEX") ||
					 starts_with(kind, "ALTER INDEX"));
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
	relation->empty = values[6] && *values[6] == 't';
}

static void take_lock(struct pg_look *look, const char *const *values)
{
	struct pg *pg = look->pg;
	unsigned oid = (unsigned)strtoul(values[1], NULL, 10);
	int mode = pg_mode_number(values[2]);
	struct pg_relation *relation;

	HASH_FIND(hh, pg->relations, &oid, sizeof(oid), relation);
	if (!relation && values[4]) {
		learn(pg, oid, values[3], values[4], *values[5]);
		HASH_FIND(hh, pg->relations, &oid, sizeof(oid), relation);
	}
	if (values[3] && starts_with(values[3], "pg_temp_"))
		pg->temporary = true;
	if (relation && relation->fresh)
		note_fresh(look, relation, -1, values);
	if (!is_news(pg, oid, mode) || !relation)
		return;
	if (is_worth_telling(look, relation, mode)) {
		facts_add_lock(look->facts, relation->name, pg_mode_name(mode),
			       look->since_us ? look->since_us
					      : look->outcome.started_us);
		if (relation->kind != 'S')
			add_relation(look, relation->name);
	}
	if (!values[4])
		return;
	note_fresh(look, relation, mode, values);
	/* the lock was on what had this name; from now on it has another */
	learn(pg, oid, values[3], values[4], *values[5]);
}

static int take_row(const char *const *values, int count, void *data)
{
	struct pg_look *look = data;

	(void)count;
	if (!strcmp(values[0], "advisory"))
		look->lock_seen = true;
	else if (look->facts)
		take_lock(look, values);
	return 0;
}

int pg_held_send(struct pg *pg, struct error *err)
{
	/* no parameters: so one plan serves from the first time on; the
	   strongest lock of a relation comes first */
	const struct pg_statement statement = {
		.sql = "SELECT l.locktype, l.relation, l.mode, n.nspname, "
		       "c.relname, c.relkind, NOT c.relhassubclass "
		       "AND pg_catalog.current_setting('track_counts') = 'on' "
		       "AND pg_catalog.pg_stat_get_xact_tuples_inserted("
		       "c.oid) = 0 "
		       "FROM pg_catalog.pg_locks l "
		       "LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation "
		       "LEFT JOIN pg_catalog.pg_namespace n "
		       "ON n.oid = c.relnamespace "
		       "WHERE l.pid = pg_catalog.pg_backend_pid() "
		       "AND l.granted AND (l.locktype = 'relation' "
		       "AND l.relation >= " FIRST_NORMAL_OID " "
		       "OR l.locktype = 'advisory' AND l.classid = 1734964333 "
		       "AND l.objsubid = 2) "
		       "ORDER BY pg_catalog.strpos('/AccessExclusiveLock/"
		       "ExclusiveLock/ShareRowExclusiveLock/ShareLock/"
		       "ShareUpdateExclusiveLock/RowExclusiveLock/"
		       "RowShareLock/AccessShareLock/', '/' || l.mode || '/'), "
		       "l.relation",
		.keep = true,
		.row = take_row,
		.data = &pg->look,
		.outcome = &pg->look.looked,
	};

	pg->unlooked = false;
	pg->look.pending = true;
	return pg_send(pg, &statement, err) < 0 ? -1 : pg_flush(pg, err);
}

int pg_held_settle(struct pg *pg, struct error *err)
{
	if (!pg->look.pending)
		return 0;
	pg->look.pending = false;
	if (!pg->look.looked.done && pg_await(pg, &pg->look.looked, err) < 0)
		return -1;
	return pg->locked && !pg->look.lock_seen ? pg_lock_again(pg, err) : 0;
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
		HASH_DELETE(hh, pg->held, held);
		talloc_free(held);
	}
	pg->looked_count = 0;
	pg->unlooked = pg->look.pending = false;
}

void pg_held_forget(struct pg *pg)
{
	struct pg_relation *relation, *next;

	HASH_ITER (hh, pg->relations, relation, next) {
		HASH_DELETE(hh, pg->relations, relation);
		talloc_free(relation);
	}
	pg->relations_known = false;
}
