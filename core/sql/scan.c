#include "core/sql/scan.h"

#include <string.h>

void sql_scan_init(struct sql_scan *scan, enum sql_dialect dialect)
{
	memset(scan, 0, sizeof(*scan));
	scan->dialect = dialect;
}

static bool is_one_of(const char *text, struct sql_token token,
		      const char *const *words)
{
	for (; *words; words++)
		if (sql_is_word(text, token, *words))
			return true;
	return false;
}

/* The words before the one that says what is created. */
static void scan_head(struct sql_scan *scan, const char *text,
		      struct sql_token token)
{
	static const char *const sqlite[] = { "TEMP", "TEMPORARY", NULL };
	static const char *const postgresql[] = { "OR", "REPLACE", NULL };
	static const char *const routine[] = { "FUNCTION", "PROCEDURE", NULL };
	bool lite = scan->dialect == SQL_SQLITE;

	if (scan->state == SCAN_FIRST) {
		if (sql_is_word(text, token, "CREATE"))
			scan->state = SCAN_CREATE;
		else if (lite && sql_is_word(text, token, "EXPLAIN"))
			scan->explain = true;
		else if (!scan->explain)
			scan->state = SCAN_OTHER;
	} else if (!is_one_of(text, token, lite ? sqlite : postgresql)) {
		if (lite && sql_is_word(text, token, "TRIGGER"))
			scan->state = SCAN_TRIGGER;
		else if (!lite && is_one_of(text, token, routine))
			scan->state = SCAN_ROUTINE;
		else
			scan->state = SCAN_OTHER;
	}
}

/* In a trigger: true for the semicolon after `; END`. */
static bool scan_trigger(struct sql_scan *scan, const char *text,
			 struct sql_token token)
{
	if (token.kind == SQL_SEMICOLON) {
		if (scan->state == SCAN_END)
			return true;
		scan->state = SCAN_SEMI;
	} else if (scan->state == SCAN_SEMI &&
		   sql_is_word(text, token, "END")) {
		scan->state = SCAN_END;
	} else {
		scan->state = SCAN_TRIGGER;
	}
	return false;
}

static void scan_depth(struct sql_scan *scan, const char *text,
		       struct sql_token token)
{
	if (token.kind == SQL_OTHER && text[token.offset] == '(')
		scan->depth++;
	else if (token.kind == SQL_OTHER && text[token.offset] == ')')
		scan->depth -= scan->depth > 0;
	else if (token.kind != SQL_WORD)
		return;
	else if (scan->state == SCAN_BEGIN &&
		 sql_is_word(text, token, "ATOMIC"))
		scan->depth++;
	else if (scan->depth > 0 && sql_is_word(text, token, "CASE"))
		scan->depth++;
	else if (scan->depth > 0 && sql_is_word(text, token, "END"))
		scan->depth--;
}

/* COPY table (columns) FROM STDIN ..., but no word in parentheses. */
static void scan_copy(struct sql_scan *scan, const char *text,
		      struct sql_token token)
{
	if (!scan->inside)
		scan->copy = sql_is_word(text, token, "COPY") ? COPY_HEAD
							      : COPY_NOT;
	else if (scan->copy == COPY_HEAD && !scan->depth &&
		 sql_is_word(text, token, "FROM"))
		scan->copy = COPY_FROM;
	else if (scan->copy == COPY_FROM)
		scan->copy = sql_is_word(text, token, "STDIN") ? COPY_STDIN
							       : COPY_NOT;
}

static bool scan_postgresql(struct sql_scan *scan, const char *text,
			    struct sql_token token)
{
	if (!scan->inside || scan->copy)
		scan_copy(scan, text, token);
	if (token.kind == SQL_SEMICOLON)
		return scan->depth == 0;
	if (scan->state == SCAN_ROUTINE || scan->state == SCAN_BEGIN) {
		scan_depth(scan, text, token);
		scan->state = sql_is_word(text, token, "BEGIN") ? SCAN_BEGIN
								: SCAN_ROUTINE;
	} else if (token.kind == SQL_OTHER) {
		scan_depth(scan, text, token);
	}
	return false;
}

/* What ends statements stays. */
static void restart(struct sql_scan *scan)
{
	struct sql_scan old = *scan;

	sql_scan_init(scan, old.dialect);
	memcpy(scan->delimiter, old.delimiter, sizeof(scan->delimiter));
}

bool sql_scan_token(struct sql_scan *scan, const char *text,
		    struct sql_token token)
{
	bool ends;

	if (token.kind == SQL_SPACE || token.kind == SQL_COMMENT ||
	    token.kind == SQL_END)
		return false;
	if (scan->state == SCAN_TRIGGER || scan->state == SCAN_SEMI ||
	    scan->state == SCAN_END)
		ends = scan_trigger(scan, text, token);
	else if (scan->dialect == SQL_POSTGRESQL)
		ends = scan_postgresql(scan, text, token);
	else if (scan->dialect == SQL_MYSQL)
		ends = sql_scan_mysql(scan, text, token);
	else
		ends = token.kind == SQL_SEMICOLON;
	if (ends) {
		bool copied = scan->copy == COPY_STDIN;

		restart(scan);
		scan->copied = copied;
		return true;
	}
	scan->copied = false;
	scan->inside = true;
	if (scan->dialect != SQL_MYSQL &&
	    (scan->state == SCAN_FIRST || scan->state == SCAN_CREATE))
		scan_head(scan, text, token);
	return false;
}

/* Where a line that says nothing but \. begins, or length. */
static size_t find_end_of_data(const char *text, size_t length, size_t at)
{
	while (at < length) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t n = end ? (size_t)(end - text) - at : length - at;

		if (n && text[at + n - 1] == '\r')
			n--;
		if (n == 2 && !memcmp(text + at, "\\.", 2))
			return at;
		if (!end)
			break;
		at = (size_t)(end - text) + 1;
	}
	return length;
}

bool sql_copy_data(const char *text, size_t length, size_t offset,
		   struct sql_copy_data *data)
{
	const char *line = memchr(text + offset, '\n', length - offset);
	size_t end;

	if (!line)
		return false;
	data->offset = (size_t)(line - text) + 1;
	end = find_end_of_data(text, length, data->offset);
	if (end == length)
		return false;
	data->length = end - data->offset;
	line = memchr(text + end, '\n', length - end);
	data->next = line ? (size_t)(line - text) + 1 : length;
	return true;
}

bool sql_next_statement(const char *text, size_t length, size_t offset,
			enum sql_dialect dialect, struct sql_extent *extent)
{
	struct sql_scan scan;
	struct sql_token token = sql_next_code(text, length, offset, dialect);
	size_t end;

	while (token.kind == SQL_SEMICOLON)
		token = sql_next_code(text, length, token.offset + token.length,
				      dialect);
	if (token.kind == SQL_END)
		return false;
	sql_scan_init(&scan, dialect);
	extent->offset = end = token.offset;
	while (token.kind != SQL_END && !sql_scan_token(&scan, text, token)) {
		end = token.offset + token.length;
		token = sql_next_code(text, length, end, dialect);
	}
	extent->length = end - extent->offset;
	extent->next = token.offset + token.length;
	extent->data = (struct sql_copy_data){ 0 };
	if (scan.copied &&
	    sql_copy_data(text, length, extent->next, &extent->data))
		extent->next = extent->data.next;
	return true;
}
