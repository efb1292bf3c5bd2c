#include "core/db/sqlite/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "core/sql/reader.h"

/*
 * While a script runs, foreign keys are off. Before it commits, the tables
 * that it could have made wrong are checked, and what was wrong already is
 * forgiven. To know that, they are checked before it begins, too, while
 * others can still write; only tables whose own name or whose parent's name
 * stands in the script, but all of them when a trigger could write elsewhere.
 */

/* Violations beyond that many are counted, but no longer told apart. */
#define REMEMBERED (4u << 20)
#define SHOWN_ROWS 5

/* A name that stands in the script, in lower case. */
struct mention {
	char *name;
	UT_hash_handle hh;
};

struct key_group {
	char *key;		    /* "child parent", lower case */
	const char *child, *parent; /* as written */
	int64_t before, after;	    /* violations */
	int64_t fresh;		    /* of after, those that are new */
	char *rows;		    /* the first of the fresh ones */
	UT_hash_handle hh;
};

/* One table and one that it refers to. */
struct key_pair {
	const char *child, *parent;
};

/* Those of a schema, each child's together. */
struct key_pairs {
	struct key_pair *list;
	size_t count;
	int64_t schema_version;
};

struct key_check {
	struct mention *mentions;
	bool all;	       /* mentioned or not */
	struct mention *sound; /* children that could be checked before */
	struct key_group *groups;
	uint64_t *rows; /* hashes of the violations before */
	size_t row_count, row_room;
	bool overflow;
	bool after; /* which of the two checks it is */
};

static int release(struct key_check *check)
{
	HASH_CLEAR(hh, check->mentions);
	HASH_CLEAR(hh, check->sound);
	HASH_CLEAR(hh, check->groups);
	free(check->rows);
	return 0;
}

/* --- which scripts -------------------------------------------------------- */

/* ADD COLUMN without a key of its own, or another name for something. */
static bool alters_safely(const char *text, size_t length)
{
	struct reader r;
	bool safe;

	reader_start(&r, text, length, SQL_SQLITE);
	reader_advance(&r); /* ALTER TABLE */
	do {
		reader_advance(&r);
		reader_advance(&r);
	} while (reader_is_character(&r, '.'));
	safe = reader_is(&r, "ADD") || reader_is(&r, "RENAME");
	while (safe && !reader_at_end(&r)) {
		safe = !reader_is(&r, "REFERENCES");
		reader_advance(&r);
	}
	return safe;
}

static bool may_break(const struct script *script)
{
	static const char *const safe[] = {
		"CREATE TABLE",
		"CREATE TABLE AS",
		"CREATE INDEX",
		"CREATE TRIGGER",
		"CREATE VIRTUAL TABLE",
		"CREATE VIEW",
		"DROP TRIGGER",
		"DROP VIEW",
		"SELECT",
		"PRAGMA",
		"ANALYZE",
		"REINDEX",
		"EXPLAIN",
		"VALUES",
	};

	for (size_t n = 0; n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];
		size_t i = 0, count = sizeof(safe) / sizeof(*safe);

		while (i < count && strcmp(s->kind, safe[i]) != 0)
			i++;
		if (i < count ||
		    (!strcmp(s->kind, "ALTER TABLE") &&
		     alters_safely(script->text + s->offset, s->length)))
			continue;
		return true;
	}
	return false;
}

/* --- which tables --------------------------------------------------------- */

static char *lower(TALLOC_CTX *mem, const char *name)
{
	char *out = talloc_strdup(mem, name);

	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return out;
}

static bool is_in(struct mention *set, const char *name)
{
	char *key = lower(NULL, name);
	struct mention *m;

	HASH_FIND_STR(set, key, m);
	talloc_free(key);
	return m != NULL;
}

/* Takes the name over. */
static void add_to(struct key_check *check, struct mention **set, char *name)
{
	struct mention *m = talloc(check, struct mention);

	m->name = lower(m, name);
	talloc_free(name);
	if (is_in(*set, m->name)) {
		talloc_free(m);
		return;
	}
	HASH_ADD_KEYPTR(hh, *set, m->name, strlen(m->name), m);
}

/*
 * SQLite takes even 'name' for a name where no string can stand; but it
 * follows a word then, and no values have to be looked at.
 */
static void find_mentions(struct key_check *check, const struct script *script)
{
	enum sql_token_kind before = SQL_END;
	struct reader r;

	reader_start(&r, script->text, script->length, SQL_SQLITE);
	for (; !reader_at_end(&r); reader_advance(&r)) {
		enum sql_token_kind kind = r.token.kind;
		bool is_number = kind == SQL_WORD &&
				 isdigit((unsigned char)r.text[r.token.offset]);

		if ((kind == SQL_WORD && !is_number) || kind == SQL_QUOTED ||
		    (kind == SQL_STRING && before == SQL_WORD))
			add_to(check, &check->mentions, reader_name(NULL, &r));
		before = kind;
	}
}

static bool is_relevant(const struct key_check *check,
			const struct key_pair *pair)
{
	return check->all || is_in(check->mentions, pair->child) ||
	       is_in(check->mentions, pair->parent);
}

/* A table and the text that made it, where the word REFERENCES can only be
   the keyword. Asking SQLite for each table's keys takes ten times longer. */
static int take_table(const char *const *values, int count, void *data)
{
	struct key_pairs *pairs = data;
	struct reader r;

	(void)count;
	reader_start(&r, values[1], strlen(values[1]), SQL_SQLITE);
	while (!reader_at_end(&r)) {
		if (!reader_accept(&r, "REFERENCES")) {
			reader_advance(&r);
			continue;
		}
		/* room doubles: it is full when the count is a power of two */
		if (!(pairs->count & (pairs->count - 1)))
			pairs->list = talloc_realloc(
				pairs, pairs->list, struct key_pair,
				pairs->count ? 2 * (unsigned)pairs->count : 1);
		pairs->list[pairs->count++] = (struct key_pair){
			talloc_strdup(pairs, values[0]),
			reader_name(pairs, &r),
		};
	}
	return 0;
}

/* Kept as long as the schema stays as it is. */
static int list_pairs(struct sqlite *s, const struct key_pairs **out,
		      struct error *err)
{
	struct key_pairs *pairs;
	int64_t version;
	int result;

	if (sqlite_number(s, "PRAGMA main.schema_version", NULL, 0, &version,
			  err) < 0)
		return -1;
	*out = s->pairs;
	if (s->pairs && s->pairs->schema_version == version)
		return 0;
	talloc_free(s->pairs);
	s->pairs = NULL;
	*out = pairs = talloc_zero(s, struct key_pairs);
	pairs->schema_version = version;
	result = sqlite_query(&s->db,
			      "SELECT name, sql FROM sqlite_schema "
			      "WHERE type = 'table' "
			      "AND instr(lower(sql), 'references')",
			      NULL, 0, take_table, pairs, err);
	if (result == 0)
		s->pairs = pairs;
	else
		talloc_free(pairs);
	return result;
}

/* --- violations ----------------------------------------------------------- */

static uint64_t hash_row(const char *group, const char *row)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const char *c = group; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	hash *= 0x100000001b3u;
	for (const char *c = row; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	return hash;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void remember(struct key_check *check, uint64_t hash)
{
	uint64_t *more;
	size_t room = check->row_room ? 2 * check->row_room : 64;

	if (check->row_count == check->row_room) {
		more = room > REMEMBERED
			       ? NULL
			       : realloc(check->rows, room * sizeof(*more));
		if (!more) {
			check->overflow = true;
			return;
		}
		check->rows = more;
		check->row_room = room;
	}
	check->rows[check->row_count++] = hash;
}

static bool is_remembered(const struct key_check *check, uint64_t hash)
{
	return check->row_count && bsearch(&hash, check->rows, check->row_count,
					   sizeof(hash), by_value);
}

static struct key_group *find_group(struct key_check *check, const char *child,
				    const char *parent)
{
	char *both = talloc_asprintf(NULL, "%s %s", child, parent);
	char *key = lower(check, both);
	struct key_group *g;

	talloc_free(both);
	HASH_FIND_STR(check->groups, key, g);
	if (g) {
		talloc_free(key);
		return g;
	}
	g = talloc_zero(check, struct key_group);
	g->key = talloc_steal(g, key);
	g->child = talloc_strdup(g, child);
	g->parent = talloc_strdup(g, parent);
	HASH_ADD_KEYPTR(hh, check->groups, g->key, strlen(g->key), g);
	return g;
}

static void add_fresh(struct key_group *g, const char *row)
{
	if (g->fresh++ >= SHOWN_ROWS)
		return;
	if (!g->rows)
		g->rows = talloc_strdup(g, "");
	g->rows = talloc_asprintf_append(g->rows, "%s%s", *g->rows ? ", " : "",
					 *row ? row : "without a number");
}

/* child, row number or NULL, parent */
static int take_violation(const char *const *values, int count, void *data)
{
	struct key_check *check = data;
	const char *row = values[1] ? values[1] : "";
	struct key_group *g = find_group(check, values[0], values[2]);
	uint64_t hash = hash_row(g->key, row);

	(void)count;
	if (!check->after) {
		g->before++;
		remember(check, hash);
		return 0;
	}
	g->after++;
	if (!is_remembered(check, hash))
		add_fresh(g, row);
	return 0;
}

/* 1 when the table's keys are such that SQLite cannot check them. */
static int check_table(struct sqlite *s, struct key_check *check,
		       const char *table, struct error *err)
{
	char *name = sqlite_quote(NULL, table);
	char *sql = talloc_asprintf(name, "PRAGMA main.foreign_key_check(%s)",
				    name);
	int result = sqlite_query(&s->db, sql, NULL, 0, take_violation, check,
				  err);

	talloc_free(name);
	if (result < 0 && err->code == ERROR_SQL &&
	    !strncmp(err->message, "foreign key mismatch", 20))
		return 1;
	return result;
}

/*
 * Each relevant table once. A table whose keys cannot be checked may wait for
 * its parent's index; but one that could be checked before must not lose it.
 */
static int check_tables(struct sqlite *s, struct key_check *check,
			const struct key_pairs *pairs, struct error *err)
{
	const char *done = NULL;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct key_pair *pair = &pairs->list[i];
		int result;

		if ((done && !strcmp(done, pair->child)) ||
		    !is_relevant(check, pair))
			continue;
		done = pair->child;
		result = check_table(s, check, done, err);
		if (result < 0 ||
		    (result > 0 && check->after && is_in(check->sound, done)))
			return -1;
		if (result > 0)
			error_release(err);
		else if (!check->after)
			add_to(check, &check->sound, talloc_strdup(NULL, done));
	}
	return 0;
}

static int look_before(struct sqlite *s, struct key_check *check,
		       const struct script *script, struct error *err)
{
	const struct key_pairs *pairs;
	int64_t triggers;

	if (list_pairs(s, &pairs, err) < 0 ||
	    sqlite_number(s,
			  "SELECT count(*) FROM sqlite_schema "
			  "WHERE type = 'trigger'",
			  NULL, 0, &triggers, err) < 0)
		return -1;
	check->all = triggers > 0;
	if (!check->all)
		find_mentions(check, script);
	if (check_tables(s, check, pairs, err) < 0)
		return -1;
	if (check->row_count)
		qsort(check->rows, check->row_count, sizeof(*check->rows),
		      by_value);
	return 0;
}

int keys_before(struct sqlite *s, const struct script *script,
		struct key_check **out, struct error *err)
{
	struct key_check *check;

	*out = NULL;
	if (!may_break(script))
		return 0;
	check = talloc_zero(s, struct key_check);
	talloc_set_destructor(check, release);
	if (look_before(s, check, script, err) < 0) {
		talloc_free(check);
		return -1;
	}
	*out = check;
	return 0;
}

/* Whether the table's rows keep their numbers when it is rebuilt. */
static int has_lasting_numbers(struct sqlite *s, const char *table,
			       bool *lasting, struct error *err)
{
	int64_t answer;

	if (sqlite_number(s,
			  "SELECT count(*) = 1 AND max(type) LIKE 'integer' "
			  "FROM pragma_table_info($1) WHERE pk > 0",
			  table, 0, &answer, err) < 0)
		return -1;
	*lasting = answer == 1;
	return 0;
}

/* The number of new violations; rows without lasting numbers can only be
   counted, and one may have come where another went. */
static int count_new(struct sqlite *s, const struct key_check *check,
		     const struct key_group *g, int64_t *n, struct error *err)
{
	bool lasting;

	*n = g->after > g->before ? g->after - g->before : 0;
	if (!g->fresh || check->overflow)
		return 0;
	if (has_lasting_numbers(s, g->child, &lasting, err) < 0)
		return -1;
	if (lasting)
		*n = g->fresh;
	return 0;
}

static void describe(const struct key_group *g, int64_t n, char **detail)
{
	*detail = talloc_asprintf_append(
		*detail, "%s%lld row%s of '%s' refer%s to no row of '%s'",
		**detail ? "\n" : "", (long long)n, n == 1 ? "" : "s", g->child,
		n == 1 ? "s" : "", g->parent);
	if (g->rows)
		*detail = talloc_asprintf_append(
			*detail, ": row%s %s%s", g->fresh == 1 ? "" : "s",
			g->rows, g->fresh > SHOWN_ROWS ? ", ..." : "");
}

static int judge(struct sqlite *s, struct key_check *check, struct error *err)
{
	struct key_group *g, *next;
	char *detail = talloc_strdup(NULL, "");
	int result = 0;

	HASH_ITER (hh, check->groups, g, next) {
		int64_t n;

		result = count_new(s, check, g, &n, err);
		if (result < 0)
			break;
		if (n)
			describe(g, n, &detail);
	}
	if (result == 0 && *detail) {
		result = error_set(err, ERROR_SQL,
				   "the script breaks foreign keys");
		error_detail(err, "%s", detail);
		error_hint(err, "foreign keys are off while a script runs, so "
				"that ON DELETE and ON UPDATE do nothing: "
				"change or delete those rows in the script");
	}
	talloc_free(detail);
	return result;
}

int keys_after(struct sqlite *s, struct key_check *check, struct error *err)
{
	const struct key_pairs *pairs;

	check->after = true;
	if (list_pairs(s, &pairs, err) < 0 ||
	    check_tables(s, check, pairs, err) < 0)
		return -1;
	return judge(s, check, err);
}
