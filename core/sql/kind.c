#include "core/sql/script.h"

#include <string.h>

#include "core/sql/reader.h"

static void add_word(char *buffer, const char *word, size_t length)
{
	size_t used = strlen(buffer);

	if (used && used < SQL_KIND_SIZE - 1)
		buffer[used++] = ' ';
	for (size_t i = 0; i < length && used < SQL_KIND_SIZE - 1; i++) {
		char c = word[i];

		buffer[used++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
	}
	buffer[used] = '\0';
}

/* The next word belongs to the tag; what is no word adds nothing. */
static void take(struct reader *r, char *buffer)
{
	if (r->token.kind == SQL_WORD && strlen(buffer) < SQL_KIND_SIZE / 2) {
		size_t length = r->token.length < 24 ? r->token.length : 24;

		add_word(buffer, r->text + r->token.offset, length);
	}
	reader_advance(r);
}

/* Kinds of objects whose name has more than one word. */
static bool take_long_object(struct reader *r, char *buffer)
{
	static const char *const objects[][3] = {
		{ "ACCESS", "METHOD", NULL },
		{ "DEFAULT", "PRIVILEGES", NULL },
		{ "EVENT", "TRIGGER", NULL },
		{ "FOREIGN", "DATA", "WRAPPER" },
		{ "FOREIGN", "TABLE", NULL },
		{ "LARGE", "OBJECT", NULL },
		{ "MATERIALIZED", "VIEW", NULL },
		{ "OPERATOR", "CLASS", NULL },
		{ "OPERATOR", "FAMILY", NULL },
		{ "TEXT", "SEARCH", "CONFIGURATION" },
		{ "TEXT", "SEARCH", "DICTIONARY" },
		{ "TEXT", "SEARCH", "PARSER" },
		{ "TEXT", "SEARCH", "TEMPLATE" },
		{ "USER", "MAPPING", NULL },
		{ "VIRTUAL", "TABLE", NULL },
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		struct reader ahead = *r;
		size_t n = 0;

		while (n < 3 && objects[i][n] &&
		       reader_accept(&ahead, objects[i][n]))
			n++;
		if (n < 2 || (n < 3 && objects[i][n]))
			continue;
		while (n--)
			take(r, buffer);
		return true;
	}
	return false;
}

/* CREATE TABLE name [(columns)] AS SELECT */
static bool creates_from_query(struct reader *r)
{
	while (!reader_at_end(r)) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else if (reader_accept(r, "AS"))
			return true;
		else
			reader_advance(r);
	}
	return false;
}

/* MySQL: ALGORITHM = x DEFINER = user@host SQL SECURITY x */
static void skip_definer(struct reader *r)
{
	for (;;) {
		struct reader ahead = *r;

		if (reader_accept(&ahead, "SQL") &&
		    reader_accept(&ahead, "SECURITY")) {
			reader_advance(&ahead);
		} else if (reader_accept(r, "DEFINER") ||
			   reader_accept(r, "ALGORITHM")) {
			reader_accept_character(r, '=');
			reader_advance(r);
			if (reader_is_character(r, '('))
				reader_skip_group(r);
			if (reader_accept_character(r, '@'))
				reader_advance(r);
			continue;
		} else if (!reader_accept(&ahead, "AGGREGATE")) {
			return;
		}
		*r = ahead;
	}
}

static void kind_of_object(struct reader *r, char *buffer)
{
	static const char *const noise[] = {
		"OR",	   "REPLACE",	 "TEMP",     "TEMPORARY", "GLOBAL",
		"LOCAL",   "UNLOGGED",	 "UNIQUE",   "RECURSIVE", "CONSTRAINT",
		"TRUSTED", "PROCEDURAL", "FULLTEXT", "SPATIAL",	  "ONLINE",
		"OFFLINE", "IGNORE",	 NULL,
	};
	bool create = reader_is(r, "CREATE");
	bool table;

	take(r, buffer);
	while (reader_accept_any(r, noise))
		;
	if (r->dialect == SQL_MYSQL)
		skip_definer(r);
	if (take_long_object(r, buffer))
		return;
	reader_accept(r, "DEFAULT"); /* CONVERSION */
	table = reader_is(r, "TABLE");
	take(r, buffer);
	if (create && table && creates_from_query(r))
		add_word(buffer, "AS", 2);
}

/* WITH a AS (...), b AS (...) and then the verb. */
static void kind_of_with(struct reader *r, char *buffer)
{
	static const char *const verbs[] = {
		"SELECT", "INSERT", "UPDATE",  "DELETE",
		"MERGE",  "VALUES", "REPLACE", NULL,
	};

	while (!reader_at_end(r)) {
		struct reader verb = *r;

		if (reader_is_character(r, '(')) {
			reader_skip_group(r);
		} else if (reader_accept_any(r, verbs)) {
			take(&verb, buffer);
			return;
		} else {
			reader_advance(r);
		}
	}
	add_word(buffer, "WITH", 4);
}

struct long_kind {
	const char *first, *second, *kind;
};

/* What is tagged by more than its first word, or by another one. */
static bool kind_of_pair(struct reader *r, char *buffer)
{
	static const struct long_kind kinds[] = {
		{ "START", "TRANSACTION", "START TRANSACTION" },
		{ "PREPARE", "TRANSACTION", "PREPARE TRANSACTION" },
		{ "COMMIT", "PREPARED", "COMMIT PREPARED" },
		{ "ROLLBACK", "PREPARED", "ROLLBACK PREPARED" },
		{ "REFRESH", NULL, "REFRESH MATERIALIZED VIEW" },
		{ "IMPORT", "FOREIGN", "IMPORT FOREIGN SCHEMA" },
		{ "REASSIGN", "OWNED", "REASSIGN OWNED" },
		{ "SECURITY", "LABEL", "SECURITY LABEL" },
		{ "SET", "CONSTRAINTS", "SET CONSTRAINTS" },
		{ "RENAME", "TABLE", "RENAME TABLE" },
		{ "LOCK", NULL, "LOCK TABLE" },
		{ "UNLOCK", NULL, "UNLOCK TABLES" },
		{ "TRUNCATE", NULL, "TRUNCATE TABLE" },
		{ "END", NULL, "COMMIT" },
		{ "ABORT", NULL, "ROLLBACK" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct reader ahead = *r;

		if (!reader_accept(&ahead, kinds[i].first) ||
		    (kinds[i].second && !reader_is(&ahead, kinds[i].second)))
			continue;
		add_word(buffer, kinds[i].kind, strlen(kinds[i].kind));
		return true;
	}
	return false;
}

/* The most frequent ones, which are tagged by their first word. */
static bool is_plain(const struct reader *r)
{
	return reader_is(r, "INSERT") || reader_is(r, "UPDATE") ||
	       reader_is(r, "DELETE") || reader_is(r, "SELECT");
}

const char *sql_kind_into(char buffer[SQL_KIND_SIZE], const char *text,
			  size_t length, enum sql_dialect dialect)
{
	struct reader r;

	buffer[0] = '\0';
	reader_start(&r, text, length, dialect);
	while (reader_is_character(&r, '('))
		reader_advance(&r);
	if (reader_is(&r, "CREATE") || reader_is(&r, "ALTER") ||
	    reader_is(&r, "DROP"))
		kind_of_object(&r, buffer);
	else if (reader_accept(&r, "WITH"))
		kind_of_with(&r, buffer);
	else if (is_plain(&r) || !kind_of_pair(&r, buffer))
		take(&r, buffer);
	if (!*buffer)
		add_word(buffer, "SQL", 3);
	return buffer;
}

const char *sql_kind(TALLOC_CTX *mem, const char *text, size_t length,
		     enum sql_dialect dialect)
{
	char buffer[SQL_KIND_SIZE];

	return talloc_strdup(mem, sql_kind_into(buffer, text, length, dialect));
}

void sql_control(struct statement *s, const char *text,
		 enum sql_dialect dialect)
{
	static const char *const words[] = {
		"COMMIT",    "END",	"ROLLBACK", "ABORT",
		"SAVEPOINT", "RELEASE", NULL,
	};
	static const char *const modes[] = { "DEFERRED", "IMMEDIATE",
					     "EXCLUSIVE", NULL };
	struct reader r, all;
	bool begin, commit;

	s->control = s->begins = s->commits = false;
	reader_start(&r, text, s->length, dialect);
	all = r;
	commit = reader_is(&r, "COMMIT") || reader_is(&r, "END");
	begin = (reader_accept(&r, "BEGIN") &&
		 /* MariaDB's BEGIN NOT ATOMIC is a block */
		 !(dialect == SQL_MYSQL && reader_is(&r, "NOT"))) ||
		(reader_accept(&r, "START") && reader_is(&r, "TRANSACTION"));
	s->control = begin || reader_accept_any(&all, words) ||
		     (reader_accept(&all, "PREPARE") &&
		      reader_is(&all, "TRANSACTION"));
	if (commit)
		r = all;
	if (begin && dialect == SQL_SQLITE)
		reader_accept_any(&r, modes);
	if (!reader_accept(&r, "TRANSACTION"))
		reader_accept(&r, "WORK");
	s->begins = begin && reader_at_end(&r);
	s->commits = commit && reader_at_end(&r);
}
