#include "core/sql/session.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/sql/reader.h"

/* Something that was lost with the session. */
struct lost {
	const char *name; /* of a variable, with the @, or a temporary table */
	size_t by;	  /* the statement that made it */
	bool found;	  /* it has been made again since */
};

struct check {
	TALLOC_CTX *mem;
	const struct script *script;
	size_t done;
	struct lost *lost;
	size_t count;
	struct error *err;
};

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(word, *words))
			return true;
	return false;
}

static void start(struct reader *r, const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];

	reader_start(r, script->text + s->offset, s->length, script->dialect);
}

/* --- settings ------------------------------------------------------------- */

/* Whether it asks for what is another value another time. */
static bool is_volatile(const struct script *script, size_t n)
{
	static const char *const words[] = {
		"SELECT",
		"LAST_INSERT_ID",
		"ROW_COUNT",
		"FOUND_ROWS",
		"RAND",
		"UUID",
		"UUID_SHORT",
		"NOW",
		"SYSDATE",
		"CURRENT_TIMESTAMP",
		"CURRENT_DATE",
		"CURRENT_TIME",
		"LOCALTIME",
		"LOCALTIMESTAMP",
		"CURDATE",
		"CURTIME",
		"UTC_TIMESTAMP",
		"UNIX_TIMESTAMP",
		"CONNECTION_ID",
		"NEXTVAL",
		"LASTVAL",
		"PREVIOUS",
		NULL,
	};
	struct reader r;

	for (start(&r, script, n); !reader_at_end(&r); reader_advance(&r)) {
		char *word;
		bool found;

		if (r.token.kind != SQL_WORD)
			continue;
		word = reader_name(NULL, &r);
		found = is_one_of(word, words);
		talloc_free(word);
		if (found)
			return true;
	}
	return false;
}

/* SET LOCAL and the like last for a transaction, which is over. */
static bool is_of_transaction(const struct script *script, size_t n)
{
	struct reader r;

	start(&r, script, n);
	reader_advance(&r);
	return script->dialect == SQL_POSTGRESQL &&
	       (reader_is(&r, "LOCAL") || reader_is(&r, "TRANSACTION") ||
		reader_is(&r, "CONSTRAINTS"));
}

/* SELECT [pg_catalog.]set_config('name', 'value', false), as dumps have it */
static bool is_set_config(const struct script *script, size_t n)
{
	struct reader r;

	if (script->dialect != SQL_POSTGRESQL)
		return false;
	start(&r, script, n);
	if (!reader_accept(&r, "SELECT"))
		return false;
	if (reader_accept(&r, "pg_catalog") &&
	    !reader_accept_character(&r, '.'))
		return false;
	if (!reader_accept(&r, "set_config") ||
	    !reader_accept_character(&r, '('))
		return false;
	for (int i = 0; i < 2; i++) {
		if (r.token.kind != SQL_STRING)
			return false;
		reader_advance(&r);
		if (!reader_accept_character(&r, ','))
			return false;
	}
	return reader_accept(&r, "false") && reader_accept_character(&r, ')') &&
	       reader_at_end(&r);
}

bool session_repeats(const struct script *script, size_t n)
{
	static const char *const kinds[] = {
		"SET", "RESET",		"PRAGMA", "ATTACH",
		"USE", "UNLOCK TABLES", NULL,
	};
	const char *kind = script->statements[n].kind;

	/* what LOCK TABLE locks in PostgreSQL is let go with the transaction */
	if (!strcmp(kind, "LOCK TABLE") && script->dialect == SQL_MYSQL)
		return true;
	if (!is_one_of(kind, kinds))
		return is_set_config(script, n);
	return !is_volatile(script, n) && !is_of_transaction(script, n);
}

/* --- what is lost --------------------------------------------------------- */

/* `@name` under the eye and behind it, which it steps over; or NULL. `@@name`
   is a setting of the server. */
static char *take_variable(TALLOC_CTX *mem, struct reader *r)
{
	size_t end;
	char *name, *full;

	if (r->dialect != SQL_MYSQL || !reader_is_character(r, '@'))
		return NULL;
	end = r->token.offset + 1;
	reader_advance(r);
	if (reader_is_character(r, '@')) {
		reader_advance(r);
		return NULL;
	}
	if (reader_at_end(r) || r->token.offset != end ||
	    (r->token.kind != SQL_WORD && r->token.kind != SQL_QUOTED &&
	     r->token.kind != SQL_STRING))
		return NULL;
	name = reader_name(NULL, r);
	full = talloc_asprintf(mem, "@%s", name);
	talloc_free(name);
	reader_advance(r);
	return full;
}

static struct lost *find(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcasecmp(c->lost[i].name, name))
			return &c->lost[i];
	return NULL;
}

static void lose(struct check *c, const char *name, size_t by)
{
	struct lost *lost = find(c, name);

	if (!lost) {
		c->lost = talloc_realloc(c->mem, c->lost, struct lost,
					 (unsigned)c->count + 1);
		lost = &c->lost[c->count++];
	}
	lost->name = talloc_strdup(c->mem, name);
	lost->by = by;
	lost->found = false;
}

static void find_again(const struct check *c, const char *name)
{
	struct lost *lost = find(c, name);

	if (lost)
		lost->found = true;
}

/* "@a = ...", "@a := ..." */
static bool is_assigned(const struct reader *r)
{
	return reader_is_character(r, '=') || reader_is_character(r, ':');
}

/* CREATE ... TEMPORARY TABLE [IF NOT EXISTS] name, and its like, or NULL. */
static char *temporary_name(TALLOC_CTX *mem, const struct script *script,
			    size_t n)
{
	static const char *const before[] = { "OR", "REPLACE", "LOCAL",
					      "GLOBAL", NULL };
	static const char *const what[] = { "TABLE", "VIEW", "SEQUENCE",
					    "RECURSIVE", NULL };
	struct reader r;

	start(&r, script, n);
	if (!reader_accept(&r, "CREATE"))
		return NULL;
	while (reader_accept_any(&r, before))
		;
	if (!reader_accept(&r, "TEMPORARY") && !reader_accept(&r, "TEMP"))
		return NULL;
	while (reader_accept_any(&r, what))
		;
	if (reader_accept(&r, "IF")) {
		reader_accept(&r, "NOT");
		reader_accept(&r, "EXISTS");
	}
	return reader_at_end(&r) ? NULL : reader_name(mem, &r);
}

static char *dropped_name(TALLOC_CTX *mem, const struct script *script,
			  size_t n)
{
	static const char *const between[] = { "TEMPORARY", "TABLE", "VIEW",
					       "SEQUENCE",  "IF",    "EXISTS",
					       NULL };
	struct reader r;

	start(&r, script, n);
	if (!reader_accept(&r, "DROP"))
		return NULL;
	while (reader_accept_any(&r, between))
		;
	return reader_at_end(&r) ? NULL : reader_name(mem, &r);
}

/* Every variable that a statement gives a value that cannot be had again. */
static void note_variables(struct check *c, size_t n)
{
	const char *kind = c->script->statements[n].kind;
	bool sets = !strcmp(kind, "SET"), repeats, into = false;
	struct reader r;

	repeats = session_repeats(c->script, n);
	start(&r, c->script, n);
	while (!reader_at_end(&r)) {
		char *name = take_variable(c->mem, &r);

		if (name &&
		    (into || !strcmp(kind, "CALL") || is_assigned(&r))) {
			if (sets && repeats)
				find_again(c, name);
			else
				lose(c, name, n);
		}
		if (name)
			continue;
		into = reader_is(&r, "INTO") ||
		       (into && reader_is_character(&r, ','));
		reader_advance(&r);
	}
}

static void note_statement(struct check *c, size_t n)
{
	char *name = temporary_name(c->mem, c->script, n);

	if (name) {
		lose(c, name, n);
		return;
	}
	name = dropped_name(c->mem, c->script, n);
	if (name)
		find_again(c, name);
	if (c->script->dialect == SQL_MYSQL)
		note_variables(c, n);
}

/* --- what relies on it ---------------------------------------------------- */

static int refuse(const struct check *c, size_t n, size_t within,
		  const char *what, size_t by)
{
	const struct script *script = c->script;
	int line, column;

	text_position(script->text, script->length,
		      script->statements[n].offset + within, &line, &column);
	error_set(c->err, ERROR_REFUSED,
		  "the script relies on %s, which statement %zu made in a "
		  "session that is gone",
		  what, by + 1);
	error_at(c->err, script->path, line, column);
	return error_hint(c->err,
			  "write the value, or how to get it again, into the "
			  "rest of the script; what is done has to stay as it "
			  "is");
}

static bool inserts(const struct script *script, size_t n)
{
	const char *kind = script->statements[n].kind;

	return !strcmp(kind, "INSERT") || !strcmp(kind, "REPLACE");
}

/* The last of some statements that inserts; `from` when there is none. */
static size_t last_insert(const struct script *script, size_t from, size_t to)
{
	while (to > from)
		if (inserts(script, --to))
			return to + 1;
	return from;
}

/* What a session remembers of its last statements. */
static int check_function(const struct check *c, size_t n,
			  const struct reader *r, const char *word)
{
	static const char *const of_insert[] = { "LAST_INSERT_ID",
						 "last_insert_rowid", NULL };
	static const char *const of_last[] = { "ROW_COUNT", "FOUND_ROWS",
					       "changes", NULL };
	size_t by;

	if (c->script->dialect == SQL_POSTGRESQL || !c->done)
		return 0;
	if (is_one_of(word, of_last))
		return n > c->done ? 0
				   : refuse(c, n, r->token.offset, word,
					    c->done - 1);
	if (!is_one_of(word, of_insert) ||
	    last_insert(c->script, c->done, n) > c->done)
		return 0;
	by = last_insert(c->script, 0, c->done);
	return by ? refuse(c, n, r->token.offset, word, by - 1) : 0;
}

/* Steps over a name that something may be lost under. */
static int check_name(const struct check *c, size_t n, struct reader *r)
{
	size_t within = r->token.offset;
	bool is_variable = reader_is_character(r, '@');
	char *name = take_variable(c->mem, r);
	struct lost *lost;

	if (!name && is_variable)
		return 0;
	if (!name) {
		name = reader_name(c->mem, r);
		if (r->token.kind == SQL_WORD &&
		    check_function(c, n, r, name) < 0)
			return -1;
		reader_advance(r);
	}
	lost = find(c, name);
	if (!lost || lost->found || (is_variable && is_assigned(r)))
		return 0;
	return refuse(c, n, within, name, lost->by);
}

static int check_statement(struct check *c, size_t n)
{
	char *made = temporary_name(c->mem, c->script, n);
	struct reader r;

	if (made)
		find_again(c, made);
	start(&r, c->script, n);
	while (!reader_at_end(&r)) {
		bool is_name = r.token.kind == SQL_WORD ||
			       r.token.kind == SQL_QUOTED ||
			       (c->script->dialect == SQL_MYSQL &&
				reader_is_character(&r, '@'));

		if (!is_name)
			reader_advance(&r);
		else if (check_name(c, n, &r) < 0)
			return -1;
	}
	/* what it assigns is there for those after it */
	start(&r, c->script, n);
	while (!reader_at_end(&r)) {
		char *name = take_variable(c->mem, &r);

		if (name && is_assigned(&r))
			find_again(c, name);
		if (!name)
			reader_advance(&r);
	}
	return 0;
}

int session_check(const struct script *script, size_t done, struct error *err)
{
	struct check c = {
		.mem = talloc_new(NULL),
		.script = script,
		.done = done,
		.err = err,
	};
	int result = 0;

	for (size_t n = 0; n < done; n++)
		note_statement(&c, n);
	for (size_t n = done; result == 0 && n < script->statement_count; n++)
		result = check_statement(&c, n);
	talloc_free(c.mem);
	return result;
}
