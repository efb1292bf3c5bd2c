#include "core/db/mysql/internal.h"

#include <string.h>

#include "core/db/mysql/need.h"
#include "core/sql/reader.h"

/*
 * What the words of a statement tell. A name counts as a table's where one has
 * to stand: behind the words of its kind at the statement's head, and further
 * on behind FROM, JOIN, REFERENCES and INTO.
 */

struct analysis {
	TALLOC_CTX *mem;
	struct statement *s;
	struct reader r;
};

static bool starts_with(const char *kind, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(kind, word, length) &&
	       (!kind[length] || kind[length] == ' ');
}

/* --- transactions --------------------------------------------------------- */

/*
 * All these commit first, or (CALL, EXECUTE, a block) may: what they run is
 * known to the server alone. A temporary table does not.
 */
static bool commits_by_itself(const struct analysis *a)
{
	static const char *const first[] = {
		"ALTER",  "ANALYZE", "BACKUP",	 "CACHE",     "CALL",
		"CHANGE", "CHECK",   "CREATE",	 "DROP",      "EXECUTE",
		"FLUSH",  "GRANT",   "INSTALL",	 "LOCK",      "OPTIMIZE",
		"PURGE",  "RENAME",  "REPAIR",	 "RESET",     "REVOKE",
		"STOP",	  "START",   "TRUNCATE", "UNINSTALL", "UNLOCK",
		"XA",	  "BEGIN",   "IF",	 "CASE",      "LOOP",
		"REPEAT", "WHILE",   "FOR",	 "SHUTDOWN",
	};
	struct reader r = a->r;

	if (reader_accept(&r, "SET"))
		return reader_is(&r, "PASSWORD") || reader_is(&r, "ROLE");
	if (reader_accept(&r, "LOAD"))
		return reader_is(&r, "INDEX");
	if (reader_accept(&r, "CREATE") || reader_accept(&r, "DROP")) {
		if (reader_accept(&r, "OR"))
			reader_accept(&r, "REPLACE");
		return !reader_is(&r, "TEMPORARY");
	}
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (starts_with(a->s->kind, first[i]))
			return true;
	return false;
}

/* SET autocommit = 0 begins what only the script can end. */
static bool sets_autocommit(const struct analysis *a)
{
	struct reader r = a->r;

	if (!reader_accept(&r, "SET"))
		return false;
	for (; !reader_at_end(&r); reader_advance(&r))
		if (reader_is(&r, "AUTOCOMMIT"))
			return true;
	return false;
}

/* --- relations ------------------------------------------------------------ */

static void add(struct analysis *a, char *name)
{
	struct statement *s = a->s;

	for (size_t i = 0; i < s->relation_count; i++)
		if (!strcmp(s->relations[i], name)) {
			talloc_free(name);
			return;
		}
	s->relations = talloc_realloc(a->mem, s->relations, const char *,
				      (unsigned)s->relation_count + 1);
	s->relations[s->relation_count++] = name;
}

static bool at_name(const struct analysis *a)
{
	return a->r.token.kind == SQL_QUOTED ||
	       (a->r.token.kind == SQL_WORD && !reader_is(&a->r, "SELECT") &&
		!reader_is(&a->r, "LATERAL") && !reader_is(&a->r, "DUAL"));
}

/* name or database.name; false when none stands here. */
static bool take_name(struct analysis *a)
{
	char *name, *second;

	if (!at_name(a))
		return false;
	name = reader_name(a->mem, &a->r);
	reader_advance(&a->r);
	if (reader_accept_character(&a->r, '.') &&
	    (a->r.token.kind == SQL_QUOTED || a->r.token.kind == SQL_WORD)) {
		second = reader_name(a->mem, &a->r);
		reader_advance(&a->r);
		name = talloc_asprintf_append_buffer(name, ".%s", second);
		talloc_free(second);
	}
	/* a function that gives rows */
	if (reader_is_character(&a->r, '(') &&
	    starts_with(a->s->kind, "SELECT"))
		talloc_free(name);
	else
		add(a, name);
	return true;
}

/* a, b AS c, d */
static void take_list(struct analysis *a)
{
	static const char *const ends[] = {
		"SET",	   "WHERE",   "ON",
		"USING",   "JOIN",    "LEFT",
		"RIGHT",   "INNER",   "CROSS",
		"VALUES",  "SELECT",  "READ",
		"WRITE",   "ORDER",   "GROUP",
		"LIMIT",   "NATURAL", "STRAIGHT_JOIN",
		"UNION",   "HAVING",  "FOR",
		"WAIT",	   "NOWAIT",  "RESTRICT",
		"CASCADE", NULL
	};

	while (take_name(a)) {
		struct reader ahead = a->r;

		reader_accept(&ahead, "AS");
		if ((ahead.token.kind == SQL_WORD ||
		     ahead.token.kind == SQL_QUOTED) &&
		    !reader_accept_any(&ahead, ends)) {
			reader_advance(&ahead);
			a->r = ahead;
		}
		if (!reader_accept_character(&a->r, ','))
			return;
	}
}

/* FROM a, b JOIN c ... REFERENCES d, wherever it stands. */
static void take_rest(struct analysis *a)
{
	static const char *const functions[] = { "EXTRACT", "TRIM", "SUBSTRING",
						 "SUBSTR",  "MID",  NULL };

	while (!reader_at_end(&a->r)) {
		if (reader_accept_any(&a->r, functions)) {
			if (reader_is_character(&a->r, '('))
				reader_skip_group(&a->r);
		} else if (reader_accept(&a->r, "FROM") ||
			   reader_accept(&a->r, "JOIN")) {
			take_list(a);
		} else if (reader_accept(&a->r, "REFERENCES")) {
			take_name(a);
		} else if (reader_accept(&a->r, "INTO")) {
			reader_accept(&a->r, "TABLE");
			if (!reader_is(&a->r, "OUTFILE") &&
			    !reader_is(&a->r, "DUMPFILE"))
				take_name(a);
		} else {
			reader_advance(&a->r);
		}
	}
}

static void accept_exists(struct analysis *a)
{
	if (reader_accept(&a->r, "IF")) {
		reader_accept(&a->r, "NOT");
		reader_accept(&a->r, "EXISTS");
	}
}

/* CREATE INDEX i ON t, CREATE TRIGGER g BEFORE INSERT ON t */
static void take_after_on(struct analysis *a)
{
	while (!reader_at_end(&a->r))
		if (reader_accept(&a->r, "ON")) {
			take_name(a);
			return;
		} else {
			reader_advance(&a->r);
		}
}

/* Past the words up to and with `word`. */
static void skip_to(struct analysis *a, const char *word)
{
	while (!reader_at_end(&a->r) && !reader_accept(&a->r, word))
		reader_advance(&a->r);
}

/* EXCHANGE PARTITION p WITH TABLE b */
static void take_exchanged(struct analysis *a)
{
	skip_to(a, "WITH");
	if (reader_accept(&a->r, "TABLE"))
		take_name(a);
}

static void take_altered(struct analysis *a)
{
	skip_to(a, "TABLE");
	accept_exists(a);
	take_name(a);
	while (!reader_at_end(&a->r))
		if (reader_accept(&a->r, "REFERENCES"))
			take_name(a);
		else if (!reader_accept(&a->r, "EXCHANGE"))
			reader_advance(&a->r);
		else
			take_exchanged(a);
}

/* RENAME TABLE a TO b, c TO d */
static void take_renamed(struct analysis *a)
{
	reader_advance(&a->r);
	reader_advance(&a->r);
	do {
		accept_exists(a);
		if (!take_name(a) || !reader_accept(&a->r, "TO"))
			return;
		take_name(a);
	} while (reader_accept_character(&a->r, ','));
}

/* LOCK TABLES a READ, b AS c WRITE */
static void take_locked(struct analysis *a)
{
	reader_advance(&a->r);
	reader_advance(&a->r);
	while (take_name(a))
		while (!reader_at_end(&a->r) &&
		       !reader_accept_character(&a->r, ','))
			reader_advance(&a->r);
}

static void take_written(struct analysis *a)
{
	static const char *const modifiers[] = {
		"INSERT",	 "REPLACE", "UPDATE", "LOW_PRIORITY", "DELAYED",
		"HIGH_PRIORITY", "IGNORE",  "INTO",   NULL,
	};

	while (reader_accept_any(&a->r, modifiers))
		;
	if (starts_with(a->s->kind, "UPDATE"))
		take_list(a);
	else
		take_name(a);
	take_rest(a);
}

static void take_relations(struct analysis *a)
{
	const char *kind = a->s->kind;

	if (starts_with(kind, "CREATE TABLE") ||
	    starts_with(kind, "DROP TABLE") ||
	    starts_with(kind, "CREATE SEQUENCE") ||
	    starts_with(kind, "CREATE VIEW")) {
		skip_to(a, strstr(kind, "SEQUENCE") ? "SEQUENCE"
			   : strstr(kind, "VIEW")   ? "VIEW"
						    : "TABLE");
		accept_exists(a);
		take_list(a);
		if (!starts_with(kind, "DROP TABLE"))
			take_rest(a);
	} else if (starts_with(kind, "ALTER TABLE")) {
		take_altered(a);
	} else if (starts_with(kind, "RENAME TABLE")) {
		take_renamed(a);
	} else if (starts_with(kind, "TRUNCATE TABLE")) {
		reader_advance(&a->r);
		reader_accept(&a->r, "TABLE");
		take_name(a);
	} else if (starts_with(kind, "OPTIMIZE")) {
		skip_to(a, "TABLE");
		take_list(a);
	} else if (starts_with(kind, "LOCK TABLE")) {
		take_locked(a);
	} else if (strstr(kind, " INDEX") || strstr(kind, " TRIGGER")) {
		take_after_on(a);
	} else if (starts_with(kind, "INSERT") ||
		   starts_with(kind, "REPLACE") ||
		   starts_with(kind, "UPDATE")) {
		take_written(a);
	} else if (starts_with(kind, "DELETE") || starts_with(kind, "SELECT") ||
		   starts_with(kind, "LOAD")) {
		take_rest(a);
	}
}

void my_analyse(TALLOC_CTX *mem, struct statement *s, const char *text)
{
	struct analysis a = { .mem = mem, .s = s };

	s->analysed = true;
	reader_start(&a.r, text, s->length, SQL_MYSQL);
	if (!s->control)
		s->no_transaction = commits_by_itself(&a) ||
				    sets_autocommit(&a);
	take_relations(&a);
	s->need = my_need(s, text);
}
