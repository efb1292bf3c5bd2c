#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/base/text.h"
#include "lazy/pgquery.h"

/*
 * What the parser could not read is wrong for certain where the server has the
 * same grammar. Another version may know more, or have known it once.
 */

#define MOST_LENGTH (1024 * 1024)

/* The byte where the character with that number is, from 1. */
static size_t byte_of(const char *text, size_t length, int character)
{
	size_t at = 0;

	while (at < length && character > 1) {
		for (at++; at < length && (text[at] & 0xc0) == 0x80;)
			at++;
		character--;
	}
	return at;
}

static int check(const struct script *script, const struct statement *s,
		 struct error *err)
{
	const char *text = script->text + s->offset;
	char *copy = talloc_strndup(NULL, text, s->length);
	PgQueryProtobufParseResult result = pg_query_parse_protobuf(copy);
	const PgQueryError *why = result.error;
	size_t offset;
	int line, column;

	if (why) {
		error_set(err, ERROR_SQL, "%s", why->message);
		offset = s->offset + byte_of(text, s->length, why->cursorpos);
		text_position(script->text, script->length, offset, &line,
			      &column);
		error_at(err, script->path, line, column);
	}
	pg_query_free_protobuf_parse_result(result);
	talloc_free(copy);
	return err->code ? -1 : 0;
}

/* Settings that the parser does not have read strings in another way. */
static bool is_read_as_usual(const struct db *db, const struct script *script)
{
	static const char *const settings[] = { "standard_conforming_strings",
						"backslash_quote" };
	const char *usual = PQparameterStatus(pg_of((struct db *)db)->conn,
					      settings[0]);

	for (size_t n = 0; n < script->statement_count; n++)
		for (int i = 0; i < 2; i++)
			if (statement_mentions(script, &script->statements[n],
					       settings[i]))
				return false;
	return usual && !strcmp(usual, "on");
}

int pg_check_syntax(const struct db *db, const struct script *script, size_t *n,
		    struct error *err)
{
	if (db->major != PG_VERSION_NUM / 10000 ||
	    !is_read_as_usual(db, script))
		return 0;
	for (*n = 0; *n < script->statement_count; ++*n) {
		const struct statement *s = &script->statements[*n];

		if (!s->analysed && s->length <= MOST_LENGTH &&
		    check(script, s, err) < 0)
			return -1;
	}
	return 0;
}
