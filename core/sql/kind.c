#include "core/sql/script.h"

#include <string.h>

/* Goes over the words of one statement. */
struct reader {
	const char *text;
	size_t length;
	enum sql_dialect dialect;
	struct sql_token token;
};

static void advance(struct reader *r)
{
	r->token = sql_next_code(r->text, r->length,
				 r->token.offset + r->token.length, r->dialect);
}

static void start(struct reader *r, const char *text, size_t length,
		  enum sql_dialect dialect)
{
	*r = (struct reader){ text, length, dialect, { SQL_END, 0, 0 } };
	advance(r);
}

static bool is(const struct reader *r, const char *word)
{
	return sql_is_word(r->text, r->token, word);
}

static bool is_character(const struct reader *r, char c)
{
	return r->token.kind == SQL_OTHER && r->text[r->token.offset] == c;
}

static bool accept(struct reader *r, const char *word)
{
	if (!is(r, word))
		return false;
	advance(r);
	return true;
}

static bool accept_any(struct reader *r, const char *const *words)
{
	for (; *words; words++)
		if (accept(r, *words))
			return true;
	return false;
}

/* From an opening parenthesis to what follows its closing one. */
static void skip_group(struct reader *r)
{
	int depth = 0;

	do {
		depth += is_character(r, '(') - is_character(r, ')');
		advance(r);
	} while (depth > 0 && r->token.kind != SQL_END);
}

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
	advance(r);
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

		while (n < 3 && objects[i][n] && accept(&ahead, objects[i][n]))
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
	while (r->token.kind != SQL_END) {
		if (is_character(r, '('))
			skip_group(r);
		else if (accept(r, "AS"))
			return true;
		else
			advance(r);
	}
	return false;
}

static void kind_of_object(struct reader *r, char *buffer)
{
	static const char *const noise[] = {
		"OR",	   "REPLACE",	 "TEMP",     "TEMPORARY", "GLOBAL",
		"LOCAL",   "UNLOGGED",	 "UNIQUE",   "RECURSIVE", "CONSTRAINT",
		"TRUSTED", "PROCEDURAL", "FULLTEXT", "SPATIAL",	  "ONLINE",
		"OFFLINE", "IGNORE",	 NULL,
	};
	bool create = is(r, "CREATE");
	bool table;

	take(r, buffer);
	while (accept_any(r, noise))
		;
	if (take_long_object(r, buffer))
		return;
	accept(r, "DEFAULT"); /* CONVERSION */
	table = is(r, "TABLE");
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

	while (r->token.kind != SQL_END) {
		struct reader verb = *r;

		if (is_character(r, '(')) {
			skip_group(r);
		} else if (accept_any(r, verbs)) {
			take(&verb, buffer);
			return;
		} else {
			advance(r);
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
		{ "TRUNCATE", NULL, "TRUNCATE TABLE" },
		{ "END", NULL, "COMMIT" },
		{ "ABORT", NULL, "ROLLBACK" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct reader ahead = *r;

		if (!accept(&ahead, kinds[i].first) ||
		    (kinds[i].second && !is(&ahead, kinds[i].second)))
			continue;
		add_word(buffer, kinds[i].kind, strlen(kinds[i].kind));
		return true;
	}
	return false;
}

const char *sql_kind_into(char buffer[SQL_KIND_SIZE], const char *text,
			  size_t length, enum sql_dialect dialect)
{
	struct reader r;

	buffer[0] = '\0';
	start(&r, text, length, dialect);
	while (is_character(&r, '('))
		advance(&r);
	if (is(&r, "CREATE") || is(&r, "ALTER") || is(&r, "DROP"))
		kind_of_object(&r, buffer);
	else if (accept(&r, "WITH"))
		kind_of_with(&r, buffer);
	else if (!kind_of_pair(&r, buffer))
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
	start(&r, text, s->length, dialect);
	all = r;
	commit = is(&r, "COMMIT") || is(&r, "END");
	begin = accept(&r, "BEGIN") ||
		(accept(&r, "START") && is(&r, "TRANSACTION"));
	s->control = begin || accept_any(&all, words) ||
		     (accept(&all, "PREPARE") && is(&all, "TRANSACTION"));
	if (commit)
		r = all;
	if (begin && dialect == SQL_SQLITE)
		accept_any(&r, modes);
	if (!accept(&r, "TRANSACTION"))
		accept(&r, "WORK");
	s->begins = begin && r.token.kind == SQL_END;
	s->commits = commit && r.token.kind == SQL_END;
}
