#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/sql/reader.h"

/*
 * What became of a statement that refuses a transaction and whose end nobody
 * saw. The catalog tells: an index that was not there before is there now, and
 * valid or not; a database is there or gone. What changes neither rows nor
 * definitions may simply be said again.
 */

enum about {
	ABOUT_UNKNOWN,
	ABOUT_HARMLESS,	  /* once more does no harm */
	ABOUT_CREATED,	  /* an index of a table comes */
	ABOUT_REBUILT,	  /* indexes are exchanged for new ones */
	ABOUT_INDEX_GOES, /* one index goes */
	ABOUT_DATABASE,	  /* a database comes or goes */
};

static enum about about(const struct statement *s)
{
	static const struct {
		const char *kind;
		enum about about;
	} kinds[] = {
		{ "VACUUM", ABOUT_HARMLESS },
		{ "ANALYZE", ABOUT_HARMLESS },
		{ "CLUSTER", ABOUT_HARMLESS },
		{ "DISCARD", ABOUT_HARMLESS },
		{ "ALTER SYSTEM", ABOUT_HARMLESS },
		{ "CREATE INDEX", ABOUT_CREATED },
		{ "REINDEX", ABOUT_REBUILT },
		{ "DROP INDEX", ABOUT_INDEX_GOES },
		{ "CREATE DATABASE", ABOUT_DATABASE },
		{ "DROP DATABASE", ABOUT_DATABASE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i].kind))
			return kinds[i].about;
	return ABOUT_UNKNOWN;
}

/* The name after DROP INDEX CONCURRENTLY IF EXISTS and the like, as written. */
static char *written_name(TALLOC_CTX *mem, const struct script *script,
			  const struct statement *s)
{
	static const char *const before[] = { "CREATE",	      "DROP",
					      "INDEX",	      "DATABASE",
					      "CONCURRENTLY", NULL };
	struct reader r;
	size_t from;

	reader_start(&r, script->text + s->offset, s->length, SQL_POSTGRESQL);
	while (reader_accept_any(&r, before))
		;
	if (reader_accept(&r, "IF")) {
		reader_accept(&r, "NOT");
		reader_accept(&r, "EXISTS");
	}
	from = r.token.offset;
	do
		reader_advance(&r);
	while (reader_accept_character(&r, '.'));
	return talloc_strndup(mem, r.text + from, r.end - from);
}

static char *folded_name(TALLOC_CTX *mem, const struct script *script,
			 const struct statement *s)
{
	return pg_fold_name(mem, written_name(mem, script, s));
}

struct text_row {
	TALLOC_CTX *mem;
	char *text;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct text_row *row = data;

	(void)count;
	row->text = values[0] ? talloc_strdup(row->mem, values[0]) : NULL;
	return 0;
}

static int ask(TALLOC_CTX *mem, struct db *db, const char *sql,
	       const char *param, char **text, struct error *err)
{
	struct text_row row = { mem, NULL };

	if (pg_session_query(db, sql, &param, param ? 1 : 0, take_text, &row,
			     err) < 0)
		return -1;
	*text = row.text;
	return 0;
}

/* "16405,16407": the indexes that were there, or those that were invalid. */
#define INDEXES_OF_TABLE                                                       \
	"SELECT coalesce(pg_catalog.string_agg(indexrelid::text, ','), '') "   \
	"FROM pg_catalog.pg_index "                                            \
	"WHERE indrelid = pg_catalog.to_regclass($1)"
#define INVALID_INDEXES                                                        \
	"SELECT coalesce(pg_catalog.string_agg(indexrelid::text, ','), '') "   \
	"FROM pg_catalog.pg_index WHERE NOT indisvalid"

static char *table_of(TALLOC_CTX *mem, const struct statement *s)
{
	return s->relation_count ? pg_quote_relation(mem, s->relations[0])
				 : NULL;
}

int pg_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **text, struct error *err)
{
	const struct statement *s = &script->statements[n];

	*text = NULL;
	switch (about(s)) {
	case ABOUT_CREATED:
		if (!s->relation_count)
			return 0;
		return ask(mem, db, INDEXES_OF_TABLE, table_of(mem, s), text,
			   err);
	case ABOUT_REBUILT:
		return ask(mem, db, INVALID_INDEXES, NULL, text, err);
	case ABOUT_DATABASE:
		return ask(mem, db,
			   "SELECT pg_catalog.count(*) FROM "
			   "pg_catalog.pg_database WHERE datname = $1",
			   folded_name(mem, script, s), text, err);
	default:
		return 0;
	}
}

/* Indexes that were not in the witness, what is still being built left out. */
#define NOT_BEFORE                                                             \
	"i.indexrelid::text <> ALL (pg_catalog.string_to_array($2, ',')) "     \
	"AND NOT EXISTS (SELECT FROM "                                         \
	"pg_catalog.pg_stat_progress_create_index p "                          \
	"WHERE p.index_relid = i.indexrelid)"
#define NEW_OF_TABLE                                                           \
	"SELECT i.indexrelid::regclass::text, i.indisvalid "                   \
	"FROM pg_catalog.pg_index i "                                          \
	"WHERE i.indrelid = pg_catalog.to_regclass($1) AND " NOT_BEFORE
#define NEW_INVALID                                                            \
	"SELECT i.indexrelid::regclass::text, i.indisvalid "                   \
	"FROM pg_catalog.pg_index i "                                          \
	"JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "                  \
	"WHERE NOT i.indisvalid AND c.relname ~ $1 AND " NOT_BEFORE
#define REBUILD_NAMES "_cc(new|old)[0-9]*$"

/* Names of indexes as the server quotes them. */
struct new_indexes {
	TALLOC_CTX *mem;
	char **invalid;
	size_t invalid_count;
	bool valid; /* there is a valid one, too */
};

static int take_index(const char *const *values, int count, void *data)
{
	struct new_indexes *new = data;

	(void)count;
	if (*values[1] == 't') {
		new->valid = true;
		return 0;
	}
	new->invalid = talloc_realloc(new->mem, new->invalid, char *,
				      (unsigned)new->invalid_count + 1);
	new->invalid[new->invalid_count++] = talloc_strdup(new->mem, values[0]);
	return 0;
}

static int find_new(TALLOC_CTX *mem, struct db *db, const struct statement *s,
		    const char *witness, struct new_indexes *new,
		    struct error *err)
{
	bool rebuilt = about(s) == ABOUT_REBUILT;
	const char *params[] = { rebuilt ? REBUILD_NAMES : table_of(mem, s),
				 witness };

	*new = (struct new_indexes){ .mem = mem };
	return pg_session_query(db, rebuilt ? NEW_INVALID : NEW_OF_TABLE,
				params, 2, take_index, new, err);
}

static int judge_indexes(TALLOC_CTX *mem, struct db *db,
			 const struct statement *s, const char *witness,
			 enum db_verdict *verdict, char **what,
			 struct error *err)
{
	struct new_indexes new;

	if (!witness) {
		*verdict = DB_UNKNOWN;
		return 0;
	}
	if (find_new(mem, db, s, witness, &new, err) < 0)
		return -1;
	*verdict = new.invalid_count ? DB_REMAINS
		   : new.valid	     ? DB_DONE
				     : DB_UNDONE;
	if (!new.invalid_count)
		return 0;
	*what = talloc_strdup(mem, new.invalid_count > 1 ? "invalid indexes"
							 : "invalid index");
	for (size_t i = 0; i < new.invalid_count; i++)
		*what = talloc_asprintf_append(*what, "%s %s", i ? "," : "",
					       new.invalid[i]);
	return 0;
}

static int judge_gone(TALLOC_CTX *mem, struct db *db,
		      const struct script *script, const struct statement *s,
		      enum db_verdict *verdict, struct error *err)
{
	char *oid;

	if (ask(mem, db, "SELECT pg_catalog.to_regclass($1)::oid",
		written_name(mem, script, s), &oid, err) < 0)
		return -1;
	*verdict = oid ? DB_UNDONE : DB_DONE;
	return 0;
}

int pg_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err)
{
	const struct statement *s = &script->statements[n];
	char *now;

	*what = NULL;
	*verdict = DB_UNKNOWN;
	/* whatever transaction it ended is over */
	if (s->control) {
		*verdict = DB_DONE;
		return 0;
	}
	switch (about(s)) {
	case ABOUT_HARMLESS:
		*verdict = DB_UNDONE;
		return 0;
	case ABOUT_CREATED:
	case ABOUT_REBUILT:
		return judge_indexes(mem, db, s, witness, verdict, what, err);
	case ABOUT_INDEX_GOES:
		return judge_gone(mem, db, script, s, verdict, err);
	case ABOUT_DATABASE:
		if (pg_witness(mem, db, script, n, &now, err) < 0)
			return -1;
		if (witness && now)
			*verdict = strcmp(witness, now) ? DB_DONE : DB_UNDONE;
		return 0;
	default:
		return 0;
	}
}

/* Patient, but not for ever: a transaction of long ago may be in the way. */
#define LEAST_WAIT_MS 1000

static int drop_all(struct pg *pg, const struct new_indexes *new,
		    struct error *err)
{
	int wait = pg->db.wait_limit_ms;
	int result;

	result = pg_run_sql(
		pg,
		talloc_asprintf(new->mem, "SET lock_timeout = %d",
				wait > LEAST_WAIT_MS ? wait : LEAST_WAIT_MS),
		err);
	for (size_t i = 0; result == 0 && i < new->invalid_count; i++)
		result = pg_run_sql(
			pg,
			talloc_asprintf(new->mem, "DROP INDEX CONCURRENTLY %s",
					new->invalid[i]),
			err);
	pg_limits_forget(pg);
	if (result == 0)
		result = pg_run_sql(pg, "RESET lock_timeout", err);
	return result;
}

int pg_clean(struct db *db, const struct script *script, size_t n,
	     const char *witness, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct new_indexes new;
	int result = find_new(mem, db, &script->statements[n], witness, &new,
			      err);

	if (result == 0 && new.invalid_count)
		result = drop_all(pg_of(db), &new, err);
	talloc_free(mem);
	return result;
}
