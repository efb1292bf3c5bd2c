#include "core/thread/kind.h"

#include <ctype.h>
#include <string.h>

#include "core/thread/markdown.h"

enum change { SCHEMA, DATA, INDEX, CONSTRAINT, CHANGES };

static const char *const change_names[CHANGES] = {
	"schema change",
	"data migration",
	"index creation",
	"constraint addition",
};

#define MAX_ACTIONS 8

struct kinds {
	TALLOC_CTX *mem;
	const char *actions[CHANGES][MAX_ACTIONS];
	int counts[CHANGES];
	bool seen[CHANGES];
};

/* The action may be NULL. Only the first of many are named. */
static void see(struct kinds *k, enum change change, const char *action)
{
	int *n = &k->counts[change];

	k->seen[change] = true;
	for (int i = 0; action && i < *n; i++)
		if (!strcmp(k->actions[change][i], action))
			return;
	if (action && *n < MAX_ACTIONS)
		k->actions[change][(*n)++] = action;
}

/* --- the actions of an ALTER TABLE --------------------------------------- */

struct reader {
	const char *text;
	size_t end, at;
	enum sql_dialect dialect;
	struct sql_token token;
};

static void advance(struct reader *r)
{
	r->token = sql_next_code(r->text, r->end, r->at, r->dialect);
	r->at = r->token.offset + r->token.length;
}

static bool at_word(const struct reader *r, const char *word)
{
	return r->token.kind == SQL_WORD &&
	       sql_is_word(r->text, r->token, word);
}

static bool skip_word(struct reader *r, const char *word)
{
	if (!at_word(r, word))
		return false;
	advance(r);
	return true;
}

static bool at_char(const struct reader *r, char c)
{
	return r->token.kind == SQL_OTHER && r->text[r->token.offset] == c;
}

/* To the comma that ends an action, or to the end. */
static void skip_action(struct reader *r)
{
	int depth = 0;

	for (; r->token.kind != SQL_END; advance(r)) {
		if (at_char(r, '('))
			depth++;
		else if (at_char(r, ')'))
			depth--;
		else if (at_char(r, ',') && depth <= 0)
			break;
	}
	if (r->token.kind != SQL_END)
		advance(r);
}

static void see_add(struct kinds *k, struct reader *r)
{
	static const char *const words[] = {
		"CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "EXCLUDE"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (at_word(r, words[i])) {
			see(k, CONSTRAINT, NULL);
			return;
		}
	}
	see(k, SCHEMA, "add column");
}

static void see_alter_column(struct kinds *k, struct reader *r)
{
	skip_word(r, "COLUMN");
	advance(r); /* its name */
	if (skip_word(r, "TYPE"))
		see(k, SCHEMA, "change type");
	else if (skip_word(r, "DROP"))
		see(k, SCHEMA,
		    at_word(r, "NOT")	    ? "drop not null"
		    : at_word(r, "DEFAULT") ? "drop default"
					    : "alter column");
	else if (skip_word(r, "SET"))
		see(k, SCHEMA,
		    at_word(r, "NOT")	    ? "set not null"
		    : at_word(r, "DEFAULT") ? "set default"
		    : at_word(r, "DATA")    ? "change type"
					    : "alter column");
	else
		see(k, SCHEMA, "alter column");
}

static void see_action(struct kinds *k, struct reader *r)
{
	if (skip_word(r, "ADD"))
		see_add(k, r);
	else if (skip_word(r, "DROP"))
		see(k, SCHEMA,
		    at_word(r, "CONSTRAINT") ? "drop constraint"
					     : "drop column");
	else if (skip_word(r, "RENAME"))
		see(k, SCHEMA,
		    at_word(r, "TO")	       ? "rename table"
		    : at_word(r, "CONSTRAINT") ? "rename constraint"
					       : "rename column");
	else if (skip_word(r, "VALIDATE"))
		see(k, CONSTRAINT, "validate");
	else if (skip_word(r, "ALTER"))
		see_alter_column(k, r);
	else
		see(k, SCHEMA, "alter table");
}

static void see_alter_table(struct kinds *k, const struct script *script,
			    const struct statement *s)
{
	struct reader r = {
		.text = script->text,
		.end = s->offset + s->length,
		.at = s->offset,
		.dialect = script->dialect,
	};

	advance(&r);
	skip_word(&r, "ALTER");
	skip_word(&r, "TABLE");
	if (skip_word(&r, "IF"))
		skip_word(&r, "EXISTS");
	skip_word(&r, "ONLY");
	for (advance(&r); at_char(&r, '.'); advance(&r))
		advance(&r);
	if (at_char(&r, '*'))
		advance(&r);
	while (r.token.kind != SQL_END) {
		see_action(k, &r);
		skip_action(&r);
	}
}

/* --- statements ---------------------------------------------------------- */

static bool among(const char *kind, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(kind, *list))
			return true;
	return false;
}

static const char *lower(TALLOC_CTX *mem, const char *kind)
{
	char *copy = talloc_strdup(mem, kind);

	for (char *s = copy; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	return copy;
}

/* What only looks, or sets up the session, is no change. */
static void see_kind(struct kinds *k, const char *kind)
{
	static const char *const data[] = { "INSERT", "UPDATE",	 "DELETE",
					    "MERGE",  "REPLACE", "COPY",
					    NULL };
	static const char *const silent[] = {
		"SELECT",  "VALUES",  "SHOW",	      "SET",
		"PRAGMA",  "EXPLAIN", "BEGIN",	      "COMMIT",
		"ANALYZE", "RESET",   "VARIABLE SET", NULL
	};

	if (among(kind, data))
		see(k, DATA, lower(k->mem, kind));
	else if (!strcmp(kind, "CREATE INDEX"))
		see(k, INDEX, NULL);
	else if (!strcmp(kind, "DO"))
		see(k, SCHEMA, "procedural block");
	else if (!among(kind, silent))
		see(k, SCHEMA, lower(k->mem, kind));
}

static char *say(TALLOC_CTX *mem, const struct kinds *k)
{
	char *out = talloc_strdup(mem, "");

	for (int c = 0; c < CHANGES; c++) {
		if (!k->seen[c])
			continue;
		out = talloc_asprintf_append_buffer(
			out, "%s%s", *out ? ", " : "", change_names[c]);
		for (int i = 0; i < k->counts[c]; i++)
			out = talloc_asprintf_append_buffer(
				out, "%s%s", i ? ", " : " (",
				markdown_line(k->mem, k->actions[c][i]));
		if (k->counts[c])
			out = talloc_strdup_append_buffer(out, ")");
	}
	return *out ? out : talloc_strdup(mem, "no change");
}

char *kind_of_change(TALLOC_CTX *mem, const struct script *script,
		     const struct facts *facts)
{
	struct kinds k = { .mem = talloc_new(NULL) };
	size_t count = script  ? script->statement_count
		       : facts ? facts->statement_count
			       : 0;
	char *out;

	for (size_t i = 0; i < count; i++) {
		const char *kind = script ? script->statements[i].kind
					  : facts->statements[i].kind;

		if (!kind)
			continue;
		if (script && !strcmp(kind, "ALTER TABLE"))
			see_alter_table(&k, script, &script->statements[i]);
		else
			see_kind(&k, kind);
	}
	out = script || facts ? say(mem, &k) : NULL;
	talloc_free(k.mem);
	return out;
}
