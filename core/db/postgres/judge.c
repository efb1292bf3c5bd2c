#include "core/db/postgres/index.h"

#include <string.h>

#include "core/sql/reader.h"

/*
 * What became of a statement that refuses a transaction and whose end nobody
 * saw. The catalog tells: the index that it names was not there before and is
 * there now, and valid or not; a database is there or gone. What changes
 * neither rows nor definitions may simply be said again.
 */

enum about {
	ABOUT_UNKNOWN,
	ABOUT_HARMLESS, /* once more does no harm */
	ABOUT_INDEXES,	/* they come, or are exchanged for new ones */
	ABOUT_HALF,	/* it is finished */
	ABOUT_DATABASE, /* a database comes or goes */
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
		{ "CREATE INDEX", ABOUT_INDEXES },
		{ "REINDEX", ABOUT_INDEXES },
		{ "CREATE DATABASE", ABOUT_DATABASE },
		{ "DROP DATABASE", ABOUT_DATABASE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i].kind))
			return kinds[i].about;
	return pg_half_of(s) ? ABOUT_HALF : ABOUT_UNKNOWN;
}

/* The name after DROP DATABASE IF EXISTS and the like, as written. */
static char *written_name(TALLOC_CTX *mem, const struct script *script,
			  const struct statement *s)
{
	static const char *const before[] = { "CREATE", "DROP", "DATABASE",
					      NULL };
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

static int ask_index_before(TALLOC_CTX *mem, struct db *db,
			    const struct script *script,
			    const struct statement *s, char **text,
			    struct error *err)
{
	struct text_row row = { mem, NULL };
	struct pg_index_search search;
	struct pg_statement q;
	int result;

	if (!pg_index_search(mem, script, s, &search))
		return 0;
	q = pg_index_ask_before(&search);
	result = pg_session_query(db, q.sql, q.params, q.param_count, take_text,
				  &row, err);
	*text = row.text;
	return result;
}

int pg_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **text, struct error *err)
{
	const struct statement *s = &script->statements[n];

	*text = NULL;
	switch (about(s)) {
	case ABOUT_INDEXES:
		return ask_index_before(mem, db, script, s, text, err);
	case ABOUT_HALF:
		return pg_half_witness(mem, db, script, s, text, err);
	case ABOUT_DATABASE:
		return ask(mem, db,
			   "SELECT pg_catalog.count(*) FROM "
			   "pg_catalog.pg_database WHERE datname = $1",
			   folded_name(mem, script, s), text, err);
	default:
		return 0;
	}
}

static int find(TALLOC_CTX *mem, struct db *db, const struct script *script,
		const struct statement *s, const char *witness,
		struct pg_index_search *search, struct error *err)
{
	struct pg_statement q;

	if (!witness || !pg_index_search(mem, script, s, search)) {
		*search = (struct pg_index_search){ .unclear = true };
		return 0;
	}
	q = pg_index_find(search, pg_of(db), witness);
	return pg_session_query(db, q.sql, q.params, q.param_count, q.row,
				q.data, err);
}

static int judge_indexes(TALLOC_CTX *mem, struct db *db,
			 const struct script *script, const struct statement *s,
			 const char *witness, enum db_verdict *verdict,
			 char **what, struct error *err)
{
	struct pg_index_search found;

	if (find(mem, db, script, s, witness, &found, err) < 0)
		return -1;
	*verdict = found.unclear	 ? DB_UNKNOWN
		   : found.invalid_count ? DB_REMAINS
		   : found.valid_count	 ? DB_DONE
					 : DB_UNDONE;
	if (*verdict == DB_REMAINS)
		*what = talloc_asprintf(mem, "invalid index%s %s",
					found.invalid_count > 1 ? "es" : "",
					pg_index_names(mem, &found));
	return 0;
}

/* Nothing is known when it was there and should have been made. */
static int judge_database(TALLOC_CTX *mem, struct db *db,
			  const struct script *script, size_t n,
			  const char *witness, enum db_verdict *verdict,
			  struct error *err)
{
	bool create = !strncmp(script->statements[n].kind, "CREATE", 6);
	char *now;

	if (pg_witness(mem, db, script, n, &now, err) < 0)
		return -1;
	if (!witness || !now)
		return 0;
	if (!strcmp(witness, now))
		*verdict = DB_UNDONE;
	else if (!strcmp(now, create ? "1" : "0"))
		*verdict = DB_DONE;
	return 0;
}

int pg_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err)
{
	const struct statement *s = &script->statements[n];

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
	case ABOUT_INDEXES:
		return judge_indexes(mem, db, script, s, witness, verdict, what,
				     err);
	case ABOUT_HALF:
		return pg_half_judge(mem, db, pg_half_of(s), witness, verdict,
				     what, err);
	case ABOUT_DATABASE:
		return judge_database(mem, db, script, n, witness, verdict,
				      err);
	default:
		return 0;
	}
}

static int drop_invalid(TALLOC_CTX *mem, struct db *db,
			const struct script *script, const struct statement *s,
			const char *witness, struct error *err)
{
	struct pg_index_search found;

	if (find(mem, db, script, s, witness, &found, err) < 0)
		return -1;
	if (found.unclear || !found.invalid_count)
		return 0;
	if (pg_index_drop(pg_of(db), &found, pg_run_patiently, err) == 0)
		return 0;
	return error_prefix(err, "unable to drop the invalid index%s %s",
			    found.invalid_count > 1 ? "es" : "",
			    pg_index_names(mem, &found));
}

int pg_clean(struct db *db, const struct script *script, size_t n,
	     const char *witness, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const struct statement *s = &script->statements[n];
	int result = pg_half_of(s)
			     ? pg_half_finish(db, pg_half_of(s), witness, err)
			     : drop_invalid(mem, db, script, s, witness, err);

	talloc_free(mem);
	return result;
}
