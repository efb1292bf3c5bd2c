#include "core/db/sqlite/internal.h"

#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "core/sql/reader.h"

struct known_name {
	char *name;
	UT_hash_handle hh;
};

struct known_names {
	struct known_name *table;
	bool all; /* whatever it is called */
};

const struct known_names *names_all(void)
{
	static const struct known_names all = { .all = true };

	return &all;
}

static int release(struct known_names *names)
{
	HASH_CLEAR(hh, names->table);
	return 0;
}

struct known_names *names_new(TALLOC_CTX *mem)
{
	struct known_names *names = talloc_zero(mem, struct known_names);

	talloc_set_destructor(names, release);
	return names;
}

static char *lower(char *text)
{
	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return text;
}

static bool is_known(const struct known_names *names, const char *name)
{
	struct known_name *n;

	if (!names || names->all)
		return names != NULL;
	HASH_FIND_STR(names->table, name, n);
	return n != NULL;
}

void names_add(struct known_names *names, const char *name)
{
	struct known_name *n = talloc(names, struct known_name);

	n->name = lower(talloc_strdup(n, name));
	if (is_known(names, n->name)) {
		talloc_free(n);
		return;
	}
	HASH_ADD_KEYPTR(hh, names->table, n->name, strlen(n->name), n);
}

/* Keywords that SQLite takes as names without quotes where they stand for
   nothing else, and that people do give to columns. */
static bool is_soft_keyword(const char *name)
{
	static const char *const words[] = {
		"action",  "after",   "asc",	 "before",   "by",
		"cascade", "column",  "current", "database", "desc",
		"each",	   "end",     "fail",	 "first",    "generated",
		"groups",  "if",      "key",	 "last",     "match",
		"no",	   "of",      "offset",	 "plan",     "query",
		"range",   "replace", "row",	 "rows",     "temp",
		"trigger", "view",    NULL,
	};

	for (size_t i = 0; words[i]; i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

/* "true" in quotes is a name, without them a number. */
static char *shortest(TALLOC_CTX *mem, char *name)
{
	if (is_soft_keyword(name))
		return name;
	if (!strcmp(name, "true") || !strcmp(name, "false"))
		return sqlite_quote(mem, name);
	return sqlite_quote_name(mem, name);
}

static char *normal_token(TALLOC_CTX *mem, const struct known_names *names,
			  const struct reader *r)
{
	const char *text = r->text + r->token.offset;
	char *name;

	switch (r->token.kind) {
	case SQL_WORD:
		return lower(talloc_strndup(mem, text, r->token.length));
	case SQL_STRING:
		name = talloc_strndup(mem, text, r->token.length);
		return *text == '\'' ? name : lower(name); /* X'AB' */
	case SQL_QUOTED:
		name = lower(reader_name(mem, r));
		/* only double quotes may be meant for a string */
		if (*text == '"' && !is_known(names, name))
			return talloc_strndup(mem, text, r->token.length);
		return shortest(mem, name);
	default:
		return talloc_strndup(mem, text, r->token.length);
	}
}

/* ASC is what an order is anyhow. */
static bool is_default_order(const struct reader *r)
{
	struct reader ahead = *r;

	return reader_accept(&ahead, "ASC") &&
	       (reader_is_character(&ahead, ',') ||
		reader_is_character(&ahead, ')'));
}

static bool is_operator(char c)
{
	return strchr("<>=!|&+-*/%~", c) != NULL;
}

/* `glued`: no space or comment stood between the two. */
static bool wants_space(const struct reader *r, enum sql_token_kind before,
			char last, bool glued)
{
	char c = r->text[r->token.offset];
	bool other = r->token.kind == SQL_OTHER;

	if (!last || last == '(' || last == '.' || c == ';')
		return false;
	if (other && strchr(",).", c))
		return false;
	if (other && c == '(')
		return before == SQL_OTHER && last != ')';
	/* two characters of one operator */
	return !(other && before == SQL_OTHER && glued && is_operator(c) &&
		 is_operator(last));
}

char *sqlite_normal(TALLOC_CTX *mem, const struct known_names *names,
		    const char *text, size_t length)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *out = talloc_strdup(turn, "");
	enum sql_token_kind before = SQL_END;
	char last = '\0';
	struct reader r;

	for (reader_start(&r, text, length, SQL_SQLITE); !reader_at_end(&r);
	     reader_advance(&r)) {
		char *token;

		if (is_default_order(&r))
			continue;
		token = normal_token(turn, names, &r);
		if (wants_space(&r, before, last, r.end == r.token.offset))
			out = talloc_strdup_append_buffer(out, " ");
		out = talloc_strdup_append_buffer(out, token);
		before = r.token.kind;
		last = token[strlen(token) - 1];
		talloc_free(token);
	}
	talloc_steal(mem, out);
	talloc_free(turn);
	return out;
}
