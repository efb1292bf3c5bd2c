#include "core/db/postgres/internal.h"

#include <ctype.h>
#include <string.h>

#include "lazy/pgquery.h"

char *pg_quote(TALLOC_CTX *mem, const char *name)
{
	char *out = talloc_size(mem, 2 * strlen(name) + 3), *o = out;

	*o++ = '"';
	for (; *name; name++) {
		if (*name == '"')
			*o++ = '"';
		*o++ = *name;
	}
	*o++ = '"';
	*o = '\0';
	return out;
}

/* Whether the server's scanner takes the word for a keyword that cannot be a
   name everywhere. */
static bool is_keyword(const char *word)
{
	PgQueryScanResult result = pg_query_scan(word);
	PgQuery__ScanResult *tokens = NULL;
	bool keyword = true;

	if (!result.error)
		tokens = pg_query__scan_result__unpack(
			NULL, result.pbuf.len, (uint8_t *)result.pbuf.data);
	if (tokens && tokens->n_tokens == 1) {
		PgQuery__KeywordKind kind = tokens->tokens[0]->keyword_kind;

		keyword = kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD &&
			  kind != PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
	}
	if (tokens)
		pg_query__scan_result__free_unpacked(tokens, NULL);
	pg_query_free_scan_result(result);
	return keyword;
}

static bool is_plain(const char *name)
{
	if (!islower((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) &&
		    !isdigit((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

char *pg_quote_name(TALLOC_CTX *mem, const char *name)
{
	struct error ignored = { 0 };

	if (is_plain(name) && lazy_pgquery_load(&ignored) == 0 &&
	    !is_keyword(name))
		return talloc_strdup(mem, name);
	error_release(&ignored);
	return pg_quote(mem, name);
}

char *pg_fold_name(TALLOC_CTX *mem, const char *written)
{
	char *name;

	if (*written == '"')
		return sql_unquote(mem, written, strlen(written));
	/* as the server does for UTF-8: only ASCII letters */
	name = talloc_strdup(mem, written);
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return name;
}

char *pg_quote_relation(TALLOC_CTX *mem, const char *name)
{
	const char *dot = strchr(name, '.');
	char *schema, *quoted, *out;

	if (!dot || dot == name || !dot[1])
		return pg_quote(mem, name);
	schema = talloc_strndup(NULL, name, (size_t)(dot - name));
	quoted = pg_quote(schema, schema);
	out = talloc_asprintf(mem, "%s.%s", quoted, pg_quote(schema, dot + 1));
	talloc_free(schema);
	return out;
}

bool pg_names_ledger(const char *sql)
{
	struct sql_token token = { 0 };
	size_t length = strlen(sql), at = 0;
	bool found = false;

	while (!found &&
	       (token = sql_next_code(sql, length, at, SQL_POSTGRESQL)).kind !=
		       SQL_END) {
		char *word = talloc_strndup(NULL, sql + token.offset,
					    token.length);

		found = token.kind == SQL_WORD && db_is_own_table(word);
		talloc_free(word);
		at = token.offset + token.length;
	}
	return found;
}

char *pg_qualify(TALLOC_CTX *mem, const char *schema, const char *sql)
{
	size_t length = strlen(sql), at = 0;
	bool qualified = false;
	char *out, *quoted;
	struct sql_token token;

	if (!schema || !*schema)
		return talloc_strdup(mem, sql);
	out = talloc_strdup(mem, "");
	quoted = pg_quote(out, schema);
	while ((token = sql_next(sql, length, at, SQL_POSTGRESQL)).kind !=
	       SQL_END) {
		char *word = talloc_strndup(out, sql + token.offset,
					    token.length);

		if (token.kind == SQL_WORD && !qualified &&
		    db_is_own_table(word))
			out = talloc_asprintf_append_buffer(out, "%s.", quoted);
		out = talloc_strdup_append_buffer(out, word);
		qualified = !strcmp(word, ".");
		at = token.offset + token.length;
	}
	return out;
}
