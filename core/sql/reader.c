#include "core/sql/reader.h"

void reader_start(struct reader *r, const char *text, size_t length,
		  enum sql_dialect dialect)
{
	*r = (struct reader){ .text = text,
			      .length = length,
			      .dialect = dialect };
	reader_advance(r);
}

void reader_advance(struct reader *r)
{
	r->end = r->token.offset + r->token.length;
	r->token = sql_next_code(r->text, r->length, r->end, r->dialect);
}

bool reader_at_end(const struct reader *r)
{
	return r->token.kind == SQL_END;
}

bool reader_is(const struct reader *r, const char *word)
{
	return sql_is_word(r->text, r->token, word);
}

bool reader_is_character(const struct reader *r, char c)
{
	return r->token.kind == SQL_OTHER && r->text[r->token.offset] == c;
}

bool reader_is_any(const struct reader *r, const char *const *words)
{
	for (; *words; words++)
		if (reader_is(r, *words))
			return true;
	return false;
}

bool reader_begins_query(const struct reader *r)
{
	static const char *const words[] = { "SELECT", "WITH", "VALUES",
					     "TABLE", NULL };
	struct reader here = *r;

	while (reader_is_character(&here, '('))
		reader_advance(&here);
	return reader_is_any(&here, words);
}

bool reader_accept(struct reader *r, const char *word)
{
	if (!reader_is(r, word))
		return false;
	reader_advance(r);
	return true;
}

bool reader_accept_character(struct reader *r, char c)
{
	if (!reader_is_character(r, c))
		return false;
	reader_advance(r);
	return true;
}

bool reader_accept_any(struct reader *r, const char *const *words)
{
	for (; *words; words++)
		if (reader_accept(r, *words))
			return true;
	return false;
}

void reader_skip_group(struct reader *r)
{
	int depth = 0;

	do {
		depth += reader_is_character(r, '(') -
			 reader_is_character(r, ')');
		reader_advance(r);
	} while (depth > 0 && !reader_at_end(r));
}

char *reader_name(TALLOC_CTX *mem, const struct reader *r)
{
	return sql_unquote(mem, r->text + r->token.offset, r->token.length);
}
