#include "core/sql/script.h"

#include <string.h>
#include <strings.h>

/*
 * Where the dialects differ:
 *	PostgreSQL  nested block comments, dollar quotes, E'' with backslashes
 *	SQLite      [name], `name`; a line comment ends at the line feed only
 *	MySQL       `name`, "string", backslashes, # comments, -- needs a blank
 */

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool starts_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c >= 0x80;
}

static bool is_word(unsigned char c)
{
	return starts_word(c) || is_digit(c) || c == '$';
}

/* The byte at i, or 0 past the end. */
static unsigned char at(const char *text, size_t length, size_t i)
{
	return i < length ? (unsigned char)text[i] : 0;
}

static size_t find(const char *text, size_t length, size_t i, char c)
{
	const char *found = i < length ? memchr(text + i, c, length - i) : NULL;

	return found ? (size_t)(found - text) : length;
}

/* Past the quote that closes; doubling it, or a backslash, keeps it open. */
static size_t skip_quoted(const char *text, size_t length, size_t i, char quote,
			  bool backslash)
{
	while (i < length) {
		if (backslash && text[i] == '\\') {
			i += 2;
			continue;
		}
		if (text[i++] != quote)
			continue;
		if (at(text, length, i) != (unsigned char)quote)
			return i;
		i++;
	}
	return length;
}

/*
 * E'one'
 *  'two' is one constant, and the backslashes still count in its second part.
 */
static size_t skip_escape_string(const char *text, size_t length, size_t i)
{
	for (;;) {
		size_t next = i = skip_quoted(text, length, i, '\'', true);
		bool newline = false;

		while (is_space(at(text, length, next)))
			newline |= text[next++] == '\n';
		if (!newline || at(text, length, next) != '\'')
			return i;
		i = next + 1;
	}
}

static size_t skip_line(const char *text, size_t length, size_t i,
			enum sql_dialect dialect)
{
	size_t end = find(text, length, i, '\n');

	return dialect == SQL_POSTGRESQL ? find(text, end, i, '\r') : end;
}

static size_t skip_block(const char *text, size_t length, size_t i, bool nested)
{
	int depth = 1;

	for (i += 2; i < length; i++) {
		if (text[i] == '*' && at(text, length, i + 1) == '/') {
			i++;
			if (!--depth)
				return i + 1;
		} else if (nested && text[i] == '/' &&
			   at(text, length, i + 1) == '*') {
			i++;
			depth++;
		}
	}
	return length;
}

/* Past $tag$ ... $tag$, or 0 when no dollar quote begins here. */
static size_t skip_dollar(const char *text, size_t length, size_t start)
{
	size_t i = start + 1, tag;

	if (starts_word(at(text, length, i)))
		while (is_word(at(text, length, i)) && text[i] != '$')
			i++;
	if (at(text, length, i) != '$')
		return 0;
	tag = ++i - start;
	while ((i = find(text, length, i, '$')) < length) {
		if (length - i >= tag && !memcmp(text + i, text + start, tag))
			return i + tag;
		i++;
	}
	return length;
}

static size_t skip_number(const char *text, size_t length, size_t i)
{
	unsigned char c;

	while (is_digit(at(text, length, i)))
		i++;
	if (at(text, length, i) == '.' && is_digit(at(text, length, i + 1)))
		for (i++; is_digit(at(text, length, i)); i++)
			;
	c = at(text, length, i);
	if (c == 'e' || c == 'E') {
		c = at(text, length, i + 1);
		if ((c == '+' || c == '-') && is_digit(at(text, length, i + 2)))
			i += 2;
	}
	while (is_word(at(text, length, i)))
		i++;
	return i;
}

/* Past a string that a letter introduces (E'', X'', U&""), or 0. */
static size_t skip_prefixed(const char *text, size_t length, size_t i,
			    enum sql_dialect dialect, enum sql_token_kind *kind)
{
	static const char *const letters[] = { "EBXNU", "X", "BXN" };
	unsigned char c = (unsigned char)text[i] & 0xdf;
	unsigned char quote = at(text, length, i + 1);

	if (!strchr(letters[dialect], c))
		return 0;
	*kind = SQL_STRING;
	if (c == 'U') {
		quote = at(text, length, i + 2);
		if (at(text, length, i + 1) != '&' ||
		    (quote != '\'' && quote != '"'))
			return 0;
		if (quote == '"')
			*kind = SQL_QUOTED;
		return skip_quoted(text, length, i + 3, (char)quote, false);
	}
	if (quote != '\'')
		return 0;
	if (c == 'E')
		return skip_escape_string(text, length, i + 2);
	return skip_quoted(text, length, i + 2, '\'', dialect == SQL_MYSQL);
}

static bool starts_line_comment(const char *text, size_t length, size_t i,
				enum sql_dialect dialect)
{
	if (dialect == SQL_MYSQL && text[i] == '#')
		return true;
	if (text[i] != '-' || at(text, length, i + 1) != '-')
		return false;
	return dialect != SQL_MYSQL || i + 2 == length ||
	       (unsigned char)text[i + 2] <= ' ';
}

/* The end of what begins with a letter, a digit or a dollar. */
static size_t scan_word(const char *text, size_t length, size_t i,
			enum sql_dialect dialect, enum sql_token_kind *kind)
{
	unsigned char c = (unsigned char)text[i];
	size_t end;

	*kind = SQL_WORD;
	if (is_digit(c))
		return skip_number(text, length, i);
	end = skip_prefixed(text, length, i, dialect, kind);
	if (end)
		return end;
	*kind = SQL_WORD;
	while (is_word(at(text, length, i)))
		i++;
	return i;
}

/* The end of what begins with a quote of any sort, or 0. */
static size_t scan_quote(const char *text, size_t length, size_t i,
			 enum sql_dialect dialect, enum sql_token_kind *kind)
{
	bool mysql = dialect == SQL_MYSQL;
	size_t end;

	switch (text[i]) {
	case '\'':
		*kind = SQL_STRING;
		return skip_quoted(text, length, i + 1, '\'', mysql);
	case '"':
		*kind = mysql ? SQL_STRING : SQL_QUOTED;
		return skip_quoted(text, length, i + 1, '"', mysql);
	case '`':
		*kind = SQL_QUOTED;
		return dialect == SQL_POSTGRESQL
			       ? 0
			       : skip_quoted(text, length, i + 1, '`', false);
	case '[':
		*kind = SQL_QUOTED;
		if (dialect != SQL_SQLITE)
			return 0;
		end = find(text, length, i, ']');
		return end < length ? end + 1 : length;
	case '$':
		*kind = SQL_STRING;
		return dialect == SQL_POSTGRESQL ? skip_dollar(text, length, i)
						 : 0;
	default:
		return 0;
	}
}

/* Behind the slash and star: ! for both servers, M! for MariaDB. */
static bool starts_executable(const char *text, size_t length, size_t i)
{
	if (at(text, length, i) == 'M')
		i++;
	return at(text, length, i) == '!';
}

static size_t scan(const char *text, size_t length, size_t i,
		   enum sql_dialect dialect, enum sql_token_kind *kind)
{
	unsigned char c = (unsigned char)text[i];
	size_t end;

	if (is_space(c)) {
		*kind = SQL_SPACE;
		while (is_space(at(text, length, i)))
			i++;
		return i;
	}
	if (starts_word(c) || is_digit(c))
		return scan_word(text, length, i, dialect, kind);
	if (starts_line_comment(text, length, i, dialect)) {
		*kind = SQL_COMMENT;
		return skip_line(text, length, i, dialect);
	}
	if (c == '/' && at(text, length, i + 1) == '*') {
		/* what stands in such a comment is carried out */
		*kind = dialect == SQL_MYSQL &&
					starts_executable(text, length, i + 2)
				? SQL_OTHER
				: SQL_COMMENT;
		return skip_block(text, length, i, dialect == SQL_POSTGRESQL);
	}
	end = scan_quote(text, length, i, dialect, kind);
	if (end)
		return end;
	*kind = c == ';' ? SQL_SEMICOLON : SQL_OTHER;
	return i + 1;
}

struct sql_token sql_next(const char *text, size_t length, size_t offset,
			  enum sql_dialect dialect)
{
	struct sql_token token = { SQL_END, length, 0 };
	size_t end;

	if (offset >= length)
		return token;
	token.offset = offset;
	end = scan(text, length, offset, dialect, &token.kind);
	/* a backslash as the very last byte would lead past the end */
	token.length = (end < length ? end : length) - offset;
	return token;
}

struct sql_token sql_next_code(const char *text, size_t length, size_t offset,
			       enum sql_dialect dialect)
{
	struct sql_token token = sql_next(text, length, offset, dialect);

	while (token.kind == SQL_SPACE || token.kind == SQL_COMMENT)
		token = sql_next(text, length, token.offset + token.length,
				 dialect);
	return token;
}

bool sql_is_word(const char *text, struct sql_token token, const char *word)
{
	return token.kind == SQL_WORD && strlen(word) == token.length &&
	       !strncasecmp(text + token.offset, word, token.length);
}

char *sql_unquote(TALLOC_CTX *mem, const char *written, size_t length)
{
	char quote = length >= 2 ? *written : 0;
	char *name;
	size_t used = 0;

	if (quote == '[')
		return talloc_strndup(mem, written + 1, length - 2);
	if (quote != '"' && quote != '`' && quote != '\'')
		return talloc_strndup(mem, written, length);
	name = talloc_strndup(mem, written + 1, length - 2);
	for (size_t i = 0; name[i]; i++) {
		name[used++] = name[i];
		i += name[i] == quote && name[i + 1] == quote;
	}
	name[used] = '\0';
	return name;
}
